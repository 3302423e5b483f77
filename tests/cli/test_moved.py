"""What moved when a visit was added, from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from calcitrack import AssessOptions, SegmentOptions
from calcitrack.assess import assess
from calcitrack.batch import one, run
from calcitrack.cli import app
from calcitrack.io.results.export import read_results
from calcitrack.io.results.table_files import read_table
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.model.timeline import Timeline
from calcitrack.tables.moved import MOVED


def call(*arguments: object) -> tuple[str, str]:
    """Standard output and standard error of one command that does not fail."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "300", "NO_COLOR": "1", "TERM": "dumb"})
    assert done.exit_code == 0, done.output
    return done.stdout, done.stderr


@pytest.fixture
def films(reviews: ModuleType, drawn: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three visits of a drawn forearm, which are measured in this process with the deposits outlined as they were drawn."""

    def assessing(timeline: Timeline, **_others: object) -> Assessment:
        return assess(timeline, options=AssessOptions(segment=SegmentOptions(method=drawn.find)))

    monkeypatch.setattr(run, "in_processes", lambda timelines, options, _workers, _limit_s, tally: run._in_this_process(timelines, options, tally))
    monkeypatch.setattr(one, "assess", assessing)
    for constant, small in (("overlay.LONG_SIDE", 150), ("pair.LONG_SIDE", 150), ("page.DPI", 30)):
        monkeypatch.setattr(f"calcitrack.figures.{constant}", small)
    (tmp_path / "all").mkdir()
    return Path(reviews.write_films(tmp_path / "all", drawn))


def test_a_visit_that_is_added_says_what_moved(films: Path, tmp_path: Path) -> None:
    """On the console, in JSON, in moved.csv, and the same in an export; the first run says nothing of it, and the workspace keeps both versions."""
    here = tmp_path / "films"
    here.mkdir()
    for k in (0, 1):
        shutil.copy(films / f"film{k}.dcm", here)
    measuring = ("measure", here, "--out", tmp_path / "R", "--workspace", tmp_path / "W", "-j", 1)
    assert "moved" not in call(*measuring)[0]
    assert not (tmp_path / "R" / "moved.csv").exists()
    was = read_results(tmp_path / "R").timeline.set_index("time_point").ha_mass_joint_mg
    with Workspace.open(tmp_path / "W") as workspace:
        (first,) = workspace.assessments()
    shutil.copy(films / "film2.dcm", here)
    said = call(*measuring)[0]
    reason = "visit 3 (2022-04-05) was added"
    assert f"DRAWN / FOREARM / L / AP: {reason}, and earlier values moved: hydroxyapatite mass on all images together at visit 1: " in said
    moved = read_table(MOVED, tmp_path / "R" / "moved.csv")
    assert set(moved.reason) == {reason}
    assert set(moved.time_point) <= {1, 2}
    assert set(moved.before_assessment_id) == {first.assessment_id}
    mass = moved[moved.measurand == "ha_mass_joint_mg"].set_index("time_point")
    now = read_results(tmp_path / "R").timeline.set_index("time_point").ha_mass_joint_mg
    assert mass.before.to_dict() == pytest.approx(was.loc[mass.index].to_dict(), abs=1e-3)
    assert mass.after.to_dict() == pytest.approx(now.loc[mass.index].to_dict(), abs=1e-3)
    told = json.loads(call(*measuring, "--json")[0])["moved"]
    assert [(m["before"], m["reason"], len(m["values"])) for m in told] == [(first.assessment_id, reason, len(moved))]
    _, exported = call("workspace", "export", tmp_path / "W", "--out", tmp_path / "E")
    assert reason in exported
    assert (tmp_path / "E" / "moved.csv").read_bytes() == (tmp_path / "R" / "moved.csv").read_bytes()
    with Workspace.open(tmp_path / "W") as workspace:
        held = workspace.assessment(first.assessment_id).joint
        assert held is not None
        assert list(held.totals["ha_mass_joint_mg"].values) == pytest.approx(was.to_list(), abs=1e-3)
