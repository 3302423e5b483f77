"""The command `deidentify`: de-identify files, with a progress bar, a summary and an exit code."""

from __future__ import annotations

import json
import shlex
import sys
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from calcitrack.cli.console import progress_bar
from calcitrack.cli.exits import ExitCode
from calcitrack.io.cohort.pseudonyms import nobody_sentence, read_pseudonyms
from calcitrack.io.deidentify import (
    SUMMARY,
    TABLE,
    BurnedIn,
    DeidentifyOptions,
    DeidentifyReport,
    FileOutcome,
    Status,
    deidentify,
    is_open_to_others,
)
from calcitrack.model.display import counted

MOST_SHOWN = 10
"""Files shown for each kind of problem; the table has all of them."""


def run(source: Path, out: Path, *, key: Path | None, pseudonyms: Path | None, mask_text: bool, as_json: bool, quiet: bool) -> ExitCode:
    """De-identify a folder, say what was done, and give the exit code.

    Raises
    ------
    DeidentifyError, PseudonymError
        The output folder, the key or the map cannot be used. Nothing has been written then.
    """
    warnings.simplefilter("ignore")  # what matters is in the report; libraries' warnings would quote what shall not be seen
    chosen = None if pseudonyms is None else read_pseudonyms(pseudonyms)
    if key is not None and is_open_to_others(key):
        _warn(f"{key} can be read by others; make it yours alone: chmod 600 {shlex.quote(str(key))}")
    options = DeidentifyOptions(key, chosen, mask_text)
    with progress_bar(hidden=quiet or as_json) as bar:
        task = bar.add_task("De-identifying files", total=None)
        report = deidentify([source], out, options, progress=lambda done, total: bar.update(task, completed=done, total=total))
    code = _exit_code(report)
    if as_json:
        sys.stdout.write(_json(report, out, code))
        return code
    if not quiet:
        sys.stdout.write("\n".join(_lines(report, out, key)) + "\n")
    for file in report.of(Status.WITHHELD):
        _warn(f"{file.source}: its copy still held {file.reason}; it was not kept")
    return code


def _exit_code(report: DeidentifyReport) -> ExitCode:
    if not report.counts[Status.WRITTEN]:
        return ExitCode.NOTHING
    return ExitCode.PARTLY if report.counts[Status.REFUSED] or report.counts[Status.WITHHELD] else ExitCode.DONE


def _lines(report: DeidentifyReport, out: Path, key: Path | None) -> list[str]:
    written = report.of(Status.WRITTEN)
    people = len({f.pseudonym for f in written})
    lines = [f"{counted(len(written), 'file')} of {counted(people, 'patient')} de-identified: {out}"]
    if written:
        strings = counted(sum(f.searched for f in written), "string that identified them was", "strings that identified them were")
        lines.append(f"Checked: {strings} searched for in every byte of their copies")
    if report.rows_of_nobody:
        lines.append(f"Pseudonyms: {nobody_sentence(report.rows_of_nobody)}")
    lines += _skipped(report) + _refused(report) + _pictures(report)
    if key is not None:
        lines.append(f"Key: {key} says who is who and undoes everything; keep it apart from the files, and safe")
    elif written:
        lines.append("No key was kept: files that come later get other pseudonyms and other dates (--key FILE keeps one)")
    return [*lines, f"What was done with each file: {out / TABLE}, {out / SUMMARY}. This is no guarantee: look before you hand files on."]


def _skipped(report: DeidentifyReport) -> list[str]:
    reasons = Counter(f.reason for f in report.of(Status.SKIPPED))
    return [f"Skipped: {counted(n, 'file')}: {reason}" for reason, n in reasons.most_common()]


def _refused(report: DeidentifyReport) -> list[str]:
    return _listed("Refused", ((f, f.reason) for f in report.of(Status.REFUSED)))


def _pictures(report: DeidentifyReport) -> list[str]:
    found = report.with_text(BurnedIn.FOUND)
    lines = _listed("Text in the picture", ((f, f"{f.written_as}; look at it, or use --mask-text") for f in found))
    covered = report.with_text(BurnedIn.COVERED)
    lines += _listed("Text covered", ((f, f"{f.written_as}; look at it") for f in covered))
    unseen = len(report.with_text(BurnedIn.NOT_SEARCHED))
    if unseen:
        lines.append(f"Not searched for text in the picture (several frames, colour, or no radiograph): {counted(unseen, 'file')}")
    return lines


def _listed(title: str, files: Iterable[tuple[FileOutcome, str]]) -> list[str]:
    several = list(files)
    lines = [f"{title}: {file.source}: {reason}" for file, reason in several[:MOST_SHOWN]]
    return [*lines, f"{title}: {len(several) - MOST_SHOWN} more, in {TABLE}"] if len(several) > MOST_SHOWN else lines


def _json(report: DeidentifyReport, out: Path, code: ExitCode) -> str:
    content = {
        "out": str(out),
        "exit_code": int(code),
        "patients": len({f.pseudonym for f in report.of(Status.WRITTEN)}),
        "files": {str(s): report.counts[s] for s in Status},
        "rows_of_nobody": list(report.rows_of_nobody),
        "pictures_with_text": {str(s): len(report.with_text(s)) for s in BurnedIn},
        "not_written": [
            {"file": f.source, "status": str(f.status), "reason": f.reason} for f in report.files if f.status in (Status.REFUSED, Status.WITHHELD)
        ],
    }
    return json.dumps(content, indent=1) + "\n"


def _warn(text: str) -> None:
    Console(stderr=True).print(f"calcitrack: {text}", markup=False, emoji=False, highlight=False, soft_wrap=True)
