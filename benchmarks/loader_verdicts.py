"""What the loader makes of every file of a folder, as a Markdown table.

Run as ``python benchmarks/loader_verdicts.py CORPUS --out docs/reference/loader-verdicts.md``.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from calcitrack.errors import CalcitrackError, ReadError
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.dicom.pixel_data import decode_frame, transfer_syntax
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.files.sources import source_of
from calcitrack.io.images.read import read_radiograph

INTRODUCTION = """# Verdicts of the loader

What `read_radiograph` makes of every file of the real robustness corpus (not shipped): an image with its size, calibration
tier and spacing basis, or a typed error with its message. "Pixels" says whether the first frame decodes, whatever the modality
(`calcitrack.io.dicom.pixel_data.decode_frame`): objects of another kind are refused, but their transfer syntaxes are read all the same.

Made by `python benchmarks/loader_verdicts.py CORPUS --out docs/reference/loader-verdicts.md`.
"""


@dataclass(frozen=True, slots=True)
class ReaderVerdict:
    """One row of the table."""

    file: str
    kind: str
    text: str
    pixels: str
    seconds: float


def verdict_on(path: Path, corpus: Path) -> ReaderVerdict:
    """Read one file both ways."""
    file = path.relative_to(corpus).as_posix()
    start = time.perf_counter()
    try:
        image = read_radiograph(path)
        size = f"{image.shape[0]} x {image.shape[1]}"
        kind, text = "image", f"{size}, tier {image.calibration.tier}, spacing: {image.spacing.basis}; {len(image.findings)} findings"
    except ReadError as error:
        kind, text = type(error).__name__, f"found {error.found}; expected {error.expected}; {error.action}"
    pixels = pixels_of(path)
    return ReaderVerdict(file, kind, text, pixels, time.perf_counter() - start)


def pixels_of(path: Path) -> str:
    """Transfer syntax and size of the first frame, or why there is none."""
    limits = ReadLimits()
    try:
        dataset = open_dataset(source_of(path), limits, pixels=True).dataset
        values = decode_frame(dataset, path.name, limits).values
    except CalcitrackError as error:
        return f"no: {getattr(error, 'found', error)}"
    return f"{values.shape[0]} x {values.shape[1]}, {transfer_syntax(dataset) or 'syntax inferred'}"


def table(verdicts: list[ReaderVerdict]) -> str:
    """The page."""
    counts = Counter(v.kind for v in verdicts)
    summary = ["| verdict | files |", "|---|---|", *(f"| {kind} | {n} |" for kind, n in counts.most_common())]
    rows = ["| file | verdict | what | pixels | seconds |", "|---|---|---|---|---|"]
    rows += [f"| {_cell(v.file)} | {v.kind} | {_cell(v.text)} | {_cell(v.pixels)} | {v.seconds:.2f} |" for v in verdicts]
    total = f"{len(verdicts)} files in {sum(v.seconds for v in verdicts):.1f} s; the slowest took {max(v.seconds for v in verdicts):.2f} s."
    return "\n".join([INTRODUCTION, *summary, "", total, "", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def main(arguments: list[str] | None = None) -> int:
    """Write the table; the exit status is 1 when anything but an image or a typed error came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    warnings.simplefilter("error")
    files = sorted(p for p in options.corpus.rglob("*") if p.is_file())
    verdicts, broken = [], []
    for path in files:
        try:
            verdicts.append(verdict_on(path, options.corpus))
        except Exception as error:
            broken.append(f"{path}: {type(error).__name__}: {error}")
    options.out.write_text(table(verdicts), encoding="utf-8")
    print(f"{len(verdicts)} verdicts, {len(broken)} escaped errors -> {options.out}")
    print("\n".join(broken), file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
