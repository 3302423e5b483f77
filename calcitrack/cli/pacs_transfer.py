"""The commands `pacs find`, `get` and `send`: run them and print the outcome. Patients appear by ID, never by name."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from calcitrack.cli.choices import Level
from calcitrack.cli.console import progress_bar, tell
from calcitrack.cli.exits import ExitCode
from calcitrack.cli.resume import same_command
from calcitrack.io.pacs import Confirmation, Fetched, PacsOptions, Query, Sent, Series, Study, WebAddress, fetch, find_series, find_studies
from calcitrack.io.pacs import parse_address as parse
from calcitrack.io.pacs import send as send_to
from calcitrack.model.display import counted

MOST_SHOWN = 10
"""Objects shown for each kind of failure; the JSON summary has all of them."""
STUDY_COLUMNS = ("patient", "day", "accession", "modalities", "series", "objects", "study")
SERIES_COLUMNS = ("patient", "day", "accession", "modality", "body part", "side", "objects", "series")


def found(address: str, query: Query, options: PacsOptions, level: Level, *, as_json: bool) -> ExitCode:
    """List studies or series of a PACS; return the exit code.

    Raises
    ------
    PacsError
        As `find_studies`.
    """
    warn_of_listeners(address)
    warnings.simplefilter("ignore")  # libraries' warnings would quote what shall not be seen
    notes: list[str] = []
    studies = find_studies(address, query, options, tell=notes.append) if level is Level.STUDY else ()
    series = find_series(address, query, options, tell=notes.append) if level is not Level.STUDY else ()
    if as_json:
        rows = [_study_json(s) for s in studies] or [_series_json(s) for s in series]
        sys.stdout.write(json.dumps({str(level): rows, "notes": notes}, indent=1) + "\n")
    elif studies or series:
        sys.stdout.write(_table(STUDY_COLUMNS, map(_study_cells, studies)) if studies else _table(SERIES_COLUMNS, map(_series_cells, series)))
    else:
        tell(f"{parse(address)[0]}: no {level.value} is what was asked")
    for note in () if as_json else notes:
        tell(f"{parse(address)[0]}: {note}")
    return ExitCode.DONE if studies or series else ExitCode.NOTHING


def got(address: str, out: Path, query: Query, options: PacsOptions, *, move: bool, as_json: bool, quiet: bool) -> ExitCode:
    """Fetch objects into a folder and print the outcome; return the exit code.

    Raises
    ------
    PacsError
        As `fetch`.
    """
    fetched = fetched_with_bar(address, out, query, options, move=move, quiet=quiet or as_json)
    if as_json:
        sys.stdout.write(json.dumps({**asdict(fetched), "folder": str(fetched.folder)}, indent=1) + "\n")
    elif not quiet and fetched.n_series:
        sys.stdout.write(f"{fetched_sentence(fetched)}\n")
    if not fetched.n_series:
        tell(f"{parse(address)[0]}: no series is what was asked")
        return ExitCode.NOTHING
    _complain((f"{uid}: {reason}" for uid, reason in fetched.missing.items()), len(fetched.missing))
    for note in fetched.notes:
        tell(note)
    if fetched.gone:
        tell(fetched.gone)
        tell(f"{counted(fetched.n_left, 'object')} left to fetch; to go on there: {same_command()}")
    if not fetched.n_kept:
        return ExitCode.NOTHING
    return ExitCode.PARTLY if fetched.missing or fetched.gone else ExitCode.DONE


def fetched_with_bar(address: str, folder: Path, query: Query | None, options: PacsOptions | None, *, move: bool = False, quiet: bool) -> Fetched:
    """Fetch with a progress bar.

    Raises
    ------
    PacsError
        As `fetch`.
    """
    warn_of_listeners(address)
    warnings.simplefilter("ignore")  # as above
    with progress_bar(hidden=quiet) as bar:
        task = bar.add_task("Fetching from the PACS", total=None)
        return fetch(address, folder, query, options, move=move, progress=lambda done, total: bar.update(task, completed=done, total=total))


def fetched_sentence(fetched: Fetched) -> str:
    """How many objects the folder holds now, and how many of them it held before."""
    there = f", {fetched.n_there} of them from before" if fetched.n_there else ""
    return f"{counted(fetched.n_kept, 'object')} of {fetched.n_series} series in {fetched.folder}{there}"


def sent(address: str, inputs: Sequence[Path], options: PacsOptions, *, confirm: bool, as_json: bool, quiet: bool) -> ExitCode:
    """Send files and print the outcome; return the exit code.

    Raises
    ------
    PacsError
        As `send`.
    """
    warn_of_listeners(address)
    warnings.simplefilter("ignore")  # as above
    with progress_bar(hidden=quiet or as_json) as bar:
        task = bar.add_task("Sending to the PACS", total=None)
        outcome = send_to(address, inputs, options, confirm=confirm, progress=lambda done, total: bar.update(task, completed=done, total=total))
    if as_json:
        sys.stdout.write(_sent_json(outcome))
    elif not quiet:
        sys.stdout.write("\n".join(_sent_lines(outcome, str(parse(address)[0]))) + "\n")
    _complain((f"{path}: {reason}" for path, reason in outcome.failed.items()), len(outcome.failed))
    _complain((f"{uid}: the server does not say that it keeps it" for uid in outcome.unconfirmed), len(outcome.unconfirmed))
    if outcome.gone:
        tell(outcome.gone)
        if outcome.n_left:
            tell(f"{counted(outcome.n_left, 'file')} left to send; sending all again does no harm: {same_command()}")
    if not outcome.stored:
        return ExitCode.NOTHING
    return ExitCode.PARTLY if outcome.failed or outcome.unconfirmed or outcome.gone else ExitCode.DONE


def warn_of_listeners(address: str) -> None:
    """Warn where the connection is not encrypted, so that anybody on the network can read what is sent.

    Raises
    ------
    PacsError
        The address cannot be used.
    """
    server, _ = parse(address)
    if isinstance(server, WebAddress) and server.is_open_to_listeners:
        tell(f"{server} is not encrypted: films and passwords can be read on their way; use https:// where the server offers it")


def _sent_lines(outcome: Sent, server: str) -> list[str]:
    lines = [f"{counted(len(outcome.stored), 'object')} stored by {server}"]
    if outcome.n_others:
        lines.append(f"Not DICOM objects, not sent: {counted(outcome.n_others, 'file')}")
    confirmed = len(outcome.stored) - len(outcome.unconfirmed)
    if outcome.confirmation is Confirmation.COMMITMENT:
        lines.append(f"Confirmed by storage commitment: {confirmed} of {len(outcome.stored)}")
    elif outcome.confirmation is Confirmation.LISTING:
        lines.append(f"In the server's list afterwards: {confirmed} of {len(outcome.stored)} (it offers no storage commitment)")
    return lines


def _sent_json(outcome: Sent) -> str:
    content = {
        "stored": [str(p) for p in outcome.stored],
        "failed": {str(p): reason for p, reason in outcome.failed.items()},
        "n_others": outcome.n_others,
        "confirmation": str(outcome.confirmation),
        "unconfirmed": list(outcome.unconfirmed),
        "gone": outcome.gone,
        "n_left": outcome.n_left,
    }
    return json.dumps(content, indent=1) + "\n"


def _study_cells(s: Study) -> tuple[str, ...]:
    return (s.patient_id, str(s.day or "-"), s.accession_number, ",".join(s.modalities), _number(s.n_series), _number(s.n_objects), s.study_uid)


def _series_cells(s: Series) -> tuple[str, ...]:
    study = s.study
    facts = (study.patient_id, str(study.day or "-"), study.accession_number, s.modality, s.body_part or "", s.laterality)
    return (*facts, _number(s.n_objects), s.series_uid)


def _study_json(study: Study) -> dict[str, Any]:
    return {**asdict(study), "day": None if study.day is None else str(study.day)}


def _series_json(series: Series) -> dict[str, Any]:
    return {**asdict(series), "study": _study_json(series.study)}


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Text table. Each column is as wide as its widest cell; an empty cell is a dash."""
    lines = [tuple(columns), *(tuple(cell or "-" for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines)


def _complain(lines: Iterable[str], number: int) -> None:
    for line, _ in zip(lines, range(MOST_SHOWN), strict=False):
        tell(line)
    if number > MOST_SHOWN:
        tell(f"{number - MOST_SHOWN} more; all of them with --json")


def _number(count: int | None) -> str:
    return "?" if count is None else str(count)
