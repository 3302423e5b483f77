"""``calcitrack measure --segmenter``: worker processes, results, and a workspace that goes on."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from calcitrack.cli import app
from calcitrack.cli.exits import ExitCode
from calcitrack.io.results.export import read_results

CODE = """
import numpy as np
from calcitrack import Segmentation


def find(radiograph):
    labels = np.zeros(radiograph.shape, np.uint16)
    labels[{rows}, 100:120] = 1
    limb = np.zeros(radiograph.shape, bool)
    limb[:, 20:130] = True
    return Segmentation(labels=labels, limb=limb, bone=np.zeros(radiograph.shape, bool))
"""


def call(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, " ".join(done.stderr.split())


@pytest.fixture
def folder(made: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Films, and beside them the module of a segmenter, in the current folder."""
    monkeypatch.setattr("calcitrack.figures.overlay.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.pair.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.page.DPI", 30)
    monkeypatch.setattr(sys, "path", list(sys.path))  # what the command adds is gone after the test
    monkeypatch.chdir(tmp_path)
    made.write_pictures(tmp_path / "films")
    (tmp_path / "cli_segmenter.py").write_text(CODE.format(rows="50:60"), encoding="utf-8")
    return tmp_path


def test_worker_processes_use_the_segmenter_and_a_workspace_tells_it_from_another(folder: Path) -> None:
    """What it marks is measured by workers. The same command measures nothing again; after a change of its file everything is."""
    command = ("measure", "films", "--workspace", "W", "-j", 2, "--segmenter", "cli_segmenter:find", "--out")
    code, _, told = call(*command, "R1")
    assert code == ExitCode.DONE, told
    first = read_results(folder / "R1")
    assert list(first.deposits.area_px) == [200, 200]
    assert list(first.deposits.centroid_row) == [54.5, 54.5]
    step = next(s for s in first.provenance["timelines"][0]["images"][0]["steps"] if s["name"] == "segment")
    assert step["parameters"]["segmenter"] == "cli_segmenter:find"
    assert "nothing is measured again" in call(*command, "R2")[2]
    (folder / "cli_segmenter.py").write_text(CODE.format(rows="70:90"), encoding="utf-8")
    code, _, told = call(*command, "R3")
    assert code == ExitCode.DONE
    assert "1 timeline is measured again" in told
    assert "segmenter_source_sha256" in told
    third = read_results(folder / "R3")
    assert list(third.deposits.centroid_row) == [79.5, 79.5]
    assert third.timeline.assessment_id[0] != first.timeline.assessment_id[0]


def test_wrong_use_is_one_message(folder: Path) -> None:
    """A module that is not there, two ways to search, or a retired one, end the command before anything is measured."""
    (folder / "ends.py").write_text("raise SystemExit(7)", encoding="utf-8")
    for options, words in (
        (("--segmenter", "not_there:find"), "not_there cannot be imported"),
        (("--segmenter", "ends:find"), "ends cannot be imported (SystemExit: 7)"),
        (("--segmenter", "cli_segmenter:find", "--method", "network"), "one of --method and --segmenter"),
        (("--method", "transparent"), "found 'transparent', which is retired: it told bone by brightness alone"),
    ):
        code, _, told = call("measure", "films", "--out", "R", *options)
        assert code == ExitCode.USAGE
        assert words in told
    assert not (folder / "R").exists()


POSSIBLE = CODE.replace(
    "    return Segmentation(",
    "    possible = np.roll(labels, 30, axis=0)\n    return Segmentation(possible=possible, possible_confidence={{1: 0.6}}, ",
)


def test_the_summary_says_how_many_possible_deposits_are_not_counted(folder: Path) -> None:
    """One line in words, the same as JSON; their rows are in possible.csv, and the deposits are those without them."""
    (folder / "cli_possible.py").write_text(POSSIBLE.format(rows="50:60"), encoding="utf-8")
    command = ("measure", "films", "-j", 1, "--out", "R", "--segmenter")
    code, out, told = call(*command, "cli_possible:find")
    assert code == ExitCode.DONE, told
    assert "\n2 possible deposits on 2 films are not counted; look at them in napari or in possible.csv\n" in out
    results = read_results(folder / "R")
    assert results.possible.centroid_row.tolist() == [84.5, 84.5]
    assert results.possible.confidence.tolist() == [0.6, 0.6]
    read = results.images[results.images.status == "read"]
    assert (read.possible_count.tolist(), read.deposit_count.tolist()) == ([1, 1], [1, 1])
    assert json.loads(call(*command, "cli_possible:find", "--json")[1])["possible"] == {"deposits": 2, "films": 2}
    plain = call(*command, "cli_segmenter:find")[1]
    assert "possible" not in plain
    assert json.loads(call(*command, "cli_segmenter:find", "--json")[1])["possible"] == {"deposits": 0, "films": 0}
