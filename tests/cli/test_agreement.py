from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from calcitrack.cli import app
from calcitrack.cli.exits import ExitCode
from calcitrack.io.results.table_files import read_table
from calcitrack.io.workspace import Workspace
from calcitrack.model.measurement import Measurement
from calcitrack.model.reading import READ_MEASURANDS, FilmReading
from calcitrack.reading import plan_reading
from calcitrack.tables.read_cases import READINGS


def call(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    done = CliRunner().invoke(app, ["agreement", *(str(a) for a in arguments)], env={"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def folder(made: ModuleType, tmp_path: Path) -> Path:
    """Anna reads four patients and two of them again, 5 % larger; Ben reads each 0.1 mm2 smaller than Anna."""
    with Workspace.create(tmp_path / "W") as workspace:
        for patient in ("P1", "P2", "P3", "P4"):
            workspace.record(made.assessment(patient))
        for reader, repeated in (("anna", 0.5), ("ben", 0.0)):
            plan = plan_reading(workspace.sessions.cases(), reader, seed=1, blinded=True, repeated=repeated)
            session = workspace.sessions.start(reader, plan)
            for case in plan.cases:
                films = []
                for image in workspace.assessment(case.assessment_id, digest=case.digest).images:
                    factor = 1.0 if case.repeat_of is None else 1.05
                    area = image.totals["area_mm2"]
                    totals = {n: r for n, r in image.totals.items() if n in READ_MEASURANDS}
                    totals["area_mm2"] = Measurement(area.measurand, factor * area.value - (0.1 if reader == "ben" else 0.0))
                    films.append(FilmReading(image.exposure.image_id, image.time_point, image.repeat, totals))
                workspace.sessions.finish(session, case, films)
    return tmp_path / "W"


def test_agreement_is_printed_and_written(folder: Path, tmp_path: Path) -> None:
    """A table for the eye; the tables name patients and days; the same as JSON."""
    code, out, said = call(folder, "--out", tmp_path / "study")
    assert code == ExitCode.DONE
    lines = out.splitlines()
    assert lines[0].strip() == "blinded, outlines of the program shown"
    assert max(len(line.rstrip()) for line in lines if not line.startswith("note")) <= 80
    again, both = (lines.index(next(x for x in lines if x.startswith(who))) for who in ("anna, again", "anna, ben"))
    assert lines[again + 2].split()[:4] == ["area,", "mm²", "8", "1.48"]
    assert "-0.10 (-0.10, -0.10)" in lines[both + 2]
    assert "note: anna, deposits: 8 films left out" in out
    assert "readings.csv and agreement.csv are in" in said
    table = read_table(READINGS, tmp_path / "study" / "readings.csv")
    assert len(table) == (6 + 4) * 4
    assert set(table.patient_id) == {"P1", "P2", "P3", "P4"}
    code, out, _ = call(folder, "--json")
    rows = json.loads(out)
    (inter,) = [r for r in rows if r["kind"] == "inter-reader" and r["measurand"] == "area_mm2"]
    assert (inter["readers"], inter["films"], round(inter["bias"], 9)) == ("anna; ben", 16, -0.1)


def test_nothing_to_compare_is_said(made: ModuleType, tmp_path: Path) -> None:
    """Without a session, and with another exit code."""
    with Workspace.create(tmp_path / "W") as workspace:
        workspace.record(made.assessment("P1"))
    code, out, _ = call(tmp_path / "W")
    assert (code, out) == (ExitCode.NOTHING, "nothing to compare: no case of a session is done yet\n")
