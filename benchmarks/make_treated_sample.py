"""Make the sample patient ``TREATED01``: films, truth, treatments, laboratory values, and the entries of the manifest.

    python -m benchmarks.make_treated_sample
    python -m benchmarks.make_treated_sample --into FOLDER

Without ``--into`` the files in `sample_data` are replaced; equal versions of numpy and OpenCV give equal films. A child's hand whose disease grows
over three visits. Then methotrexate and a tapering steroid halt it, and after the fourth visit abatacept is added, under which it regresses. Every
visit is exposed twice: a cohort with so many repeats is judged by its own repeatability. Person, deposits and poses are those of one seed, chosen
among others for deposits that are large, mostly clear of bone, and not alike in form; visits, drugs and rates are written down here.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import hashlib
import math
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from calcitrack.io.cohort.course_files import LABS, TREATMENTS, write_labs, write_treatments
from calcitrack.io.phantom.files import write_phantom_film
from calcitrack.phantom.course import CoursePlan, Therapy
from calcitrack.phantom.planned_patient import planned_person
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.simulate import simulate
from calcitrack.phantom.specs import DistractorSpec, PatientSpec, Style, VisitSpec

SAMPLES = Path(__file__).parents[1] / "sample_data"
PATIENT = "TREATED01"
SEED = (29, 71)
_DAY = dt.date

DATES = (_DAY(2020, 9, 14), _DAY(2021, 3, 22), _DAY(2021, 8, 5), _DAY(2022, 1, 20), _DAY(2022, 6, 13), _DAY(2023, 1, 30), _DAY(2023, 5, 22))
"""Half-yearly controls as clinics manage to hold them: 112 to 231 days apart."""

PLAN = CoursePlan(
    dates=DATES,
    rate_a_year=math.log(1.6),
    therapies=(
        Therapy(name="methotrexate", start=_DAY(2021, 8, 19), doses=((None, 12.5),), unit="mg/week", route="sc", rate_a_year=0.0, lag_days=60),
        Therapy(name="prednisolone", start=_DAY(2021, 8, 19), doses=((70, 20.0), (84, 10.0), (None, 5.0)), unit="mg/d", route="oral"),
        Therapy(
            name="abatacept", start=_DAY(2022, 2, 3), doses=((None, 250.0),), unit="mg/4 weeks", route="iv", rate_a_year=math.log(0.6), lag_days=45
        ),
    ),
)
"""+60 % a year untreated, halted two months after the first drugs, -40 % a year six weeks after the last. Doses for a child of about 25 kg."""

CHILD = Population(burden="moderate", age_years=(7.0, 9.0))
PITCH_MM = 0.3
"""Coarser than detectors are, so that 14 films take 2.7 MB; the smallest deposits are 3 pixels wide."""
CLINIC = Exposures(
    style=Style.LIN, pitch_mm=(PITCH_MM, PITCH_MM), kvp=(50.0, 52.0), rotation_deg=6.0, distractors=0.0, cut=0.0, repeat_each=True, steady=True
)
"""A clinic that exposes alike each time and lays the hand down with care."""
ROWS, COLUMNS = 640, 480
"""A field that just holds the hand."""
BITS, OPEN_LEVEL = 10, 0.8
"""Stored values; a pixel's quantum noise is two steps of them and more."""
CENTRING = 0.4
"""Displacement of the hand against that of a random population."""


def treated_patient(rng: np.random.Generator) -> tuple[PatientSpec, tuple[VisitSpec, ...]]:
    """The patient and all exposures."""
    patient, visits = planned_person(rng, PLAN, CHILD, CLINIC, PATIENT)
    return patient, tuple(_at_the_clinic(v) for v in visits)


def _at_the_clinic(visit: VisitSpec) -> VisitSpec:
    """The exposure on the clinic's one field and detector, with nothing but the side marker on it."""
    right, up = (CENTRING * c for c in visit.field.centre_mm)
    field = replace(visit.field, rows=ROWS, columns=COLUMNS, centre_mm=(right, up), margin_mm=(0.0, 0.0, 0.0, 0.0))
    return replace(visit, field=field, detector=replace(visit.detector, bits=BITS, open_level=OPEN_LEVEL), distractors=DistractorSpec(marker=True))


def write_sample(folder: Path, visits: int | None = None) -> None:
    """Write films, truth, treatments and laboratory values in the arrangement of `sample_data`; only the first so many exposures if stated."""
    rng = np.random.default_rng(SEED)
    patient, exposures = treated_patient(rng)
    films = folder / "radiographs"
    index = []
    for visit in exposures[:visits]:
        film = write_phantom_film(films, simulate(patient, visit), folder / "truth")
        index.append((film.patient, film.stem, film.sop_instance_uid, film.path.relative_to(films).as_posix()))
    write_treatments(films / TREATMENTS, PLAN.treatments(PATIENT))
    write_labs(films / LABS, PLAN.labs(rng, PATIENT))
    _write_index(folder / "truth" / "index.csv", index)


def _write_index(path: Path, mine: Iterable[tuple[str, ...]]) -> None:
    """The index with the rows of this patient replaced."""
    lines = [("patient", "stem", "sop_instance_uid", "path")]
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as stream:
            lines = [tuple(row) for row in csv.reader(stream) if row[0] != PATIENT]
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([*lines, *mine])


def write_manifest(folder: Path) -> None:
    """Replace the manifest's list of files; what stands above it is written by hand and stays."""
    path = folder / "manifest.toml"
    text = path.read_text(encoding="utf-8")
    former = {entry["path"]: entry for entry in tomllib.loads(text)["file"]}
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    entries = [_entry(folder, name, former.get(name, {})) for name in names if name not in ("manifest.toml", "README.md")]
    head = text[: text.index("\n[[file]]\n") + 1]
    path.write_text(head + "\n".join(entries), encoding="utf-8")


def _entry(folder: Path, name: str, former: dict[str, object]) -> str:
    """One ``[[file]]`` table."""
    data = (folder / name).read_bytes()
    known = former if PATIENT not in name else _film_facts(name)
    lines = ["[[file]]", f'path = "{name}"', f'role = "{known.get("role") or _ROLES[Path(name).name]}"']
    lines += [f'sha256 = "{hashlib.sha256(data).hexdigest()}"', f"bytes = {len(data)}"]
    if "patient" in known:
        lines.append(f'patient = "{known["patient"]}"')
        lines += [f"visit = {known['visit']}", f"repeat = {str(known['repeat']).lower()}", f"date = {known['date']}"]
    return "\n".join(lines) + "\n"


_ROLES = {TREATMENTS: "treatments", LABS: "laboratory results"}
_FILM_ROLES = {
    ".dcm": "radiograph",
    ".json": "truth",
    ".label.png": "truth label map (16-bit PNG, pixel = deposit id)",
    ".bone.png": "truth bone mask",
}


def _film_facts(name: str) -> dict[str, object]:
    """What the manifest says about a file of one of this patient's films, by its name."""
    file = Path(name).name
    stem, ending = file.split(".", 1)
    number = int(stem.removeprefix("visit").removesuffix("-retest"))
    return {
        "role": _FILM_ROLES["." + ending],
        "patient": PATIENT,
        "visit": number,
        "repeat": stem.endswith("-retest"),
        "date": DATES[number - 1],
    }


def main() -> None:
    """Write the files, and the manifest where they are those of the package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=SAMPLES, help="folder in the arrangement of sample_data; sample_data itself by default")
    folder = parser.parse_args().into
    write_sample(folder)
    if (folder / "manifest.toml").is_file():
        write_manifest(folder)
    size = sum(p.stat().st_size for p in folder.rglob("*") if PATIENT in p.parts or p.name in (TREATMENTS, LABS))
    print(f"{folder}: {PATIENT} written, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
