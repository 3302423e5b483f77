from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from calcitrack.cli import app
from calcitrack.cli.exit_codes import ExitCode
from calcitrack.io.exports import read_results
from calcitrack.io.workspace import Workspace
from calcitrack.tables import MEASURED


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of a size that is written quickly."""
    monkeypatch.setattr("calcitrack.figures.overlay.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.pair.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.page.DPI", 30)


def call(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def folder(made: ModuleType, tmp_path: Path) -> Path:
    """A workspace with one assessment."""
    with Workspace.create(tmp_path / "W", who="anna") as workspace:
        workspace.record(made.assessment("P1"))
    return tmp_path / "W"


def test_measure_keeps_each_assessment_and_export_gives_the_same_folder(made: ModuleType, tmp_path: Path) -> None:
    """What `measure` wrote, `export` writes again from the workspace: the same tables, segmentations and pictures, without measuring."""
    films = made.write_pictures(tmp_path / "films")
    assert call("measure", films, "--out", tmp_path / "R", "--workspace", tmp_path / "W", "-j", 1, "-q")[0] == ExitCode.DONE
    code, out, _ = call("workspace", "export", tmp_path / "W", "--out", tmp_path / "E")
    assert (code, out.split(" are in ")[0]) == (ExitCode.DONE, "1 timelines with 2 images")
    names = sorted(p.relative_to(tmp_path / "R") for p in (tmp_path / "R").rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(tmp_path / "E") for p in (tmp_path / "E").rglob("*") if p.is_file())
    for name in names:
        if name.suffix in (".csv", ".png"):
            assert (tmp_path / "E" / name).read_bytes() == (tmp_path / "R" / name).read_bytes(), name
    with Workspace.open(tmp_path / "W") as workspace:
        (run,) = workspace.runs()
        assert (run.assessed, run.failed, run.inputs) == (1, 0, (str(films),))
        assert run.finished_at is not None
        assert json.loads(run.options)["segment"]["method"] == "network"
        assert workspace.check().clean


def test_check_says_clean_or_what_is_wrong(folder: Path) -> None:
    """Exit code, sentence and JSON agree."""
    code, out, _ = call("workspace", "check", folder)
    assert code == ExitCode.DONE
    assert out == "checked 1 assessments, 4 segmentations, 0 reviews, 2 changes\nclean\n"
    sorted(folder.rglob("*.npz"))[0].unlink()
    code, out, _ = call("workspace", "check", folder)
    assert code == ExitCode.PARTLY
    assert "problem: version 1 of the segmentation of" in out
    assert "restore the file from a backup" in out
    told = json.loads(call("workspace", "check", folder, "--json")[1])
    assert (told["clean"], told["assessments"]) == (False, 1)


def test_history_shows_who_changed_what(folder: Path) -> None:
    """All of it, or that of one subject or person."""
    lines = call("workspace", "history", folder)[1].splitlines()
    assert [line.split("  anna  ")[1].split("  ")[0] for line in lines] == [
        "workspace created: workspace",
        "assessment recorded: timeline P1 / HAND / R / PA",
    ]
    assert call("workspace", "history", folder, "--who", "ben")[1] == ""
    (entry,) = json.loads(call("workspace", "history", folder, "--subject", "timeline P1 / HAND / R / PA", "--json")[1])
    assert (entry["who"], entry["detail"]["assessment_id"], len(entry["digest"])) == ("anna", "00000081", 64)


def test_export_names_pictures_that_cannot_be_made(folder: Path, tmp_path: Path) -> None:
    """The made films read from memory only when they are recorded; afterwards there is no file, and the tables are complete all the same."""
    code, _, said = call("workspace", "export", folder, "--out", tmp_path / "E")
    assert code == ExitCode.PARTLY
    assert "P1/visit1.dcm: no overlay.png was written: found no file" in said
    assert {s.name for s in MEASURED} <= {p.stem for p in (tmp_path / "E").glob("*.csv")}
    assert len(read_results(tmp_path / "E").timeline) == 3


def test_backup_is_checked_and_complete(folder: Path, tmp_path: Path) -> None:
    """A copy that is clean by itself; a second one into the same folder is refused."""
    assert call("workspace", "backup", folder, tmp_path / "B")[0] == ExitCode.DONE
    assert call("workspace", "check", tmp_path / "B")[0] == ExitCode.DONE
    code, _, said = call("workspace", "backup", folder, tmp_path / "B")
    assert code == ExitCode.USAGE
    assert "a new or empty one" in said


def test_a_folder_without_workspace_is_said(tmp_path: Path) -> None:
    """One sentence, no trace, nothing made."""
    for command in ("check", "history"):
        code, _, said = call("workspace", command, tmp_path)
        assert (code, said.startswith("calcitrack: "), "no workspace" in said) == (ExitCode.USAGE, True, True)
    assert list(tmp_path.iterdir()) == []
