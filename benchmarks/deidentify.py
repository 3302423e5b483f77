"""De-identify folders and say how that went: ``python benchmarks/deidentify.py [--measure] FOLDER...``.

For each folder: files written, skipped, refused and withheld (an identifier was found in the copy), pictures with text, whether the pixel data
stayed as they were, whether the days between a patient's images stayed the same, and seconds.
With ``--measure`` the radiographs are measured before and after, and every number of every timeline is compared; with dciodvfy installed,
the errors that it finds are counted before and after.
Copies go into a temporary folder, which is removed.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import pydicom
from pydicom.encaps import generate_fragments

from calcitrack.batch import iter_assessments
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.deidentify import BurnedIn, DeidentifyReport, Status, deidentify
from calcitrack.io.dicom.header import Header
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.limits import DEFAULT_LIMITS
from calcitrack.io.files.sources import FileSource
from calcitrack.model.assessment import Assessment
from calcitrack.tables.results import timeline_rows

SMALL = 1e-300
"""Keeps two zeros from being divided."""
ROUNDING = 1e-6
"""Relative difference up to which numbers are the same; measuring one unchanged film twice already differs by about 1e-9."""


def main(folders: list[str]) -> int:
    """Print a line for each figure of each folder."""
    measure = "--measure" in folders
    for folder in [f for f in folders if f != "--measure"]:
        with tempfile.TemporaryDirectory() as place, collected_warnings():
            out, start = Path(place) / "out", time.monotonic()
            report = deidentify([Path(folder)], out)
            seconds = time.monotonic() - start
            print(f"{folder}: {len(report.files)} files in {seconds:.0f} s; {report.patients} patients")
            print("  " + ", ".join(f"{report.counts[s]} {s}" for s in Status))
            print("  text in pictures: " + ", ".join(f"{len(report.with_text(s))} {s}" for s in BurnedIn))
            for reason, count in Counter(f.reason for f in report.files if f.status in (Status.REFUSED, Status.WITHHELD)).most_common():
                print(f"  {count} x {reason}")
            _print_comparison(report, out)
            if shutil.which("dciodvfy"):
                _print_validity(report, out)
            if measure:
                _print_measured(Path(folder), report, out)
    return 0


def _print_comparison(report: DeidentifyReport, out: Path) -> None:
    same, dates = Counter[str](), defaultdict(set)
    for file in report.of(Status.WRITTEN):
        before = _read(FileSource(*_split(file.source)))
        after = pydicom.dcmread(out / file.written_as)
        pixels = [_pixels(d) for d in (before, after)]
        same["no pixel data" if pixels[0] is None else "pixel data as they were" if pixels[0] == pixels[1] else "pixel data changed"] += 1
        days = [Header(d).date("StudyDate") for d in (before, after)]
        if isinstance(days[0], dt.date) and isinstance(days[1], dt.date):
            dates[file.pseudonym].add((days[1] - days[0]).days)
    print("  " + ", ".join(f"{n} {what}" for what, n in same.items()))
    print(f"  {sum(len(d) == 1 for d in dates.values())} of {len(dates)} dated patients with one offset for all their files")


def _pixels(dataset: pydicom.Dataset) -> list[bytes] | None:
    """Pixel data, or its fragments; with an odd number of bytes, which the standard does not allow, the one that makes it even is added."""
    if "PixelData" not in dataset:
        return None
    compressed = dataset.file_meta.TransferSyntaxUID.is_compressed if "TransferSyntaxUID" in getattr(dataset, "file_meta", {}) else False
    parts = list(generate_fragments(dataset.PixelData)) if compressed else [bytes(dataset.PixelData)]
    return [part + b"\0" * (len(part) % 2) for part in parts]


def _print_validity(report: DeidentifyReport, out: Path) -> None:
    """Count files in which dciodvfy finds an error of a kind that it did not find before."""
    worse = Counter[str]()
    written = [f for f in report.of(Status.WRITTEN) if "!" not in f.source]
    for file in written:
        worse.update(_errors(out / file.written_as) - _errors(Path(file.source)))
    print(f"  dciodvfy: {sum(worse.values())} new errors in {len(written)} files")
    for error, count in worse.most_common(20):
        print(f"    {count} x {error}")


def _errors(path: Path) -> set[str]:
    """Errors without the values that they quote."""
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, check=False)  # noqa: S603, S607  # the validator, without a shell
    lines = (done.stdout + done.stderr).decode("latin-1").splitlines()
    return {re.sub(r"<[^>]*>|= .*|\d+(\.\d+){2,}", "", line) for line in lines if line.startswith("Error")}


def _print_measured(folder: Path, report: DeidentifyReport, out: Path) -> None:
    """Measure both folders and compare every number but those of the calendar."""
    patients = {f.source: f.pseudonym for f in report.of(Status.WRITTEN)}
    before, after = _measured(folder, patients), _measured(out, {})
    alone = before.keys() ^ after.keys()
    apart = {p: abs(before[p] - after[p]) / max(abs(before[p]), abs(after[p]), SMALL) for p in before.keys() & after.keys()}
    print(f"  measured: {len(before)} numbers before, {len(after)} after, {len(alone)} in one only")
    print(f"  largest relative difference of a number: {max(apart.values(), default=0.0):.1e}")
    for place in sorted((p for p in apart if apart[p] > ROUNDING), key=str)[:10]:
        print(f"    {place}: {before[place]} before, {after[place]} after")


def _measured(folder: Path, patients: dict[str, str]) -> dict[tuple[object, ...], float]:
    numbers: dict[tuple[object, ...], float] = {}
    for outcome in iter_assessments(read_cohort(folder), workers=1):
        if isinstance(outcome, Assessment):
            who = patients.get(outcome.images[0].exposure.source, outcome.key.patient_id)
            key = (who, outcome.key.body_part, outcome.key.laterality, outcome.key.view)
            rows = [row for row, _ in timeline_rows(outcome)]
            for point, row in enumerate(rows):
                numbers |= {(*key, point, name): value for name, value in row.items() if isinstance(value, int | float)}
            days = [p.date for p in outcome.time_points]
            numbers |= {(*key, point, "days"): (day - days[0]).days for point, day in enumerate(days) if day is not None and days[0] is not None}
    return numbers


def _split(name: str) -> tuple[Path, str]:
    path, _, member = name.partition("!")
    return Path(path), member


def _read(source: FileSource) -> pydicom.Dataset:
    with source.open(DEFAULT_LIMITS) as stream:
        return pydicom.dcmread(stream, force=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
