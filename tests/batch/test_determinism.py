"""The same films give the same bytes in tables, run after run, in one process or several."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from calcitrack.cli import app
from calcitrack.io.phantom.dicom import phantom_dataset
from calcitrack.phantom.population import Exposures, Population, random_patient, random_visits
from calcitrack.phantom.simulate import simulate
from calcitrack.phantom.specs import BodyPart, Style

pytestmark = pytest.mark.slow
PATIENTS, VISITS = 2, 2


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small hands of two patients at two visits."""
    folder = tmp_path_factory.mktemp("films")
    plain = Exposures(style=Style.LIN, pitch_mm=(0.3, 0.3), distractors=0.0, wedge=False)
    for number in range(PATIENTS):
        rng = np.random.default_rng([number, 7])
        patient = random_patient(rng, Population(body_part=BodyPart.HAND, burden="moderate", age_years=(4.0, 6.0)), f"SAME{number}")
        for k, visit in enumerate(random_visits(rng, patient, VISITS, plain)):
            phantom_dataset(simulate(patient, visit)).save_as(folder / f"{number}-{k}.dcm", enforce_file_format=True)
    return folder


def digests(films: Path, out: Path, *options: str) -> dict[str, str]:
    """Table -> digest of its bytes."""
    done = CliRunner().invoke(app, ["measure", str(films), "--out", str(out), *options])
    assert done.exit_code == 0, done.output
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(out.glob("*.csv"))}


@pytest.mark.parametrize("options", [("--workers", "1"), ("--workers", "2")], ids=["one process again", "two processes"])
def test_tables_of_two_runs_are_the_same_bytes(films: Path, tmp_path: Path, options: Sequence[str]) -> None:
    """Every table of a whole cohort, in the digits that are written."""
    once = digests(films, tmp_path / "once", "--workers", "1")
    assert len(once) > 8
    assert digests(films, tmp_path / "again", *options) == once
