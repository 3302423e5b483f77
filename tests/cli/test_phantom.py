from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calcitrack import read_results
from calcitrack.cli import app
from calcitrack.cli.exits import ExitCode
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.phantom.files import PhantomSetOptions, write_phantom_set
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.specs import Style

SMALL = ("--patients", "1", "--body-part", "foot", "--seed", "5", "--style", "cr")


def call(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_the_set_is_what_was_asked_for(tmp_path: Path) -> None:
    """One foot on CR at two visits with a repeat is one timeline of two time points, three films, and truth for each."""
    folder = tmp_path / "S"
    code, out, _ = call("phantom", "--out", folder, *SMALL, "--visits", "2")
    assert code == ExitCode.DONE
    (timeline,) = read_cohort(folder).timelines
    assert [len(t.exposures) for t in timeline.time_points] == [1, 2]
    assert timeline.key.body_part == "FOOT"
    truths = [json.loads(p.read_text(encoding="utf-8")) for p in sorted((folder / "truth").glob("*/*.json"))]
    assert [(t["style"], t["body_part"], t["visit"], t["retest"]) for t in truths] == [
        ("cr", "foot", 1, False),
        ("cr", "foot", 2, True),
        ("cr", "foot", 2, False),
    ]
    assert "3 films of 1 simulated patient" in out


def test_a_treated_course_says_where_its_lists_are(tmp_path: Path) -> None:
    """Both files lie in the folder, and the ending names them; a course without treatments has no such line."""
    folder = tmp_path / "S"
    _, out, _ = call("phantom", "--out", folder, *SMALL, "--visits", "4", "--course", "treated", "--no-repeat")
    assert f"{folder / 'treatments.csv'}, {folder / 'labs.csv'}\n" in out
    assert (folder / "treatments.csv").is_file()
    assert (folder / "labs.csv").is_file()
    _, out, _ = call("phantom", "--out", tmp_path / "T", *SMALL, "--visits", "1", "--course", "stable", "--no-repeat")
    assert "Treatments" not in out


def test_a_course_is_what_was_asked_for(tmp_path: Path) -> None:
    """All deposits of a regressing foot that are there at both visits shrink, and its visits are not evenly spaced."""
    folder = tmp_path / "S"
    assert call("phantom", "--out", folder, *SMALL, "--visits", "3", "--course", "regressing", "--no-repeat")[0] == ExitCode.DONE
    (timeline,) = read_cohort(folder).timelines
    first, second, third = (p.date for p in timeline.time_points)
    assert (second - first) != (third - second)
    truth = [json.loads((folder / f"truth/PH5-001/visit{k}.json").read_text(encoding="utf-8")) for k in (1, 3)]
    before, after = ({d["id"]: d["volume_mm3"] for d in t["deposits"]} for t in truth)
    assert set(before) & set(after)
    assert all(after[k] < before[k] for k in set(before) & set(after))


def test_the_ending_says_where_and_how_to_go_on(tmp_path: Path) -> None:
    """The folder, the truth, and a command that can be copied even when the folder's name has a space; quiet says nothing."""
    folder = tmp_path / "my set"
    _, out, _ = call("phantom", "--out", folder, *SMALL, "--visits", "1", "--no-repeat")
    assert f"1 film of 1 simulated patient: {folder}\n" in out
    assert f"{folder / 'truth'}\n" in out
    assert f"calcitrack measure '{folder}' --out '{folder}-results'\n" in out
    assert call("phantom", "--out", tmp_path / "other", *SMALL, "--visits", "1", "--no-repeat", "-q")[1] == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--body-part", "ear"), "'ear'"),
        (("--style", "film"), "'film'"),
        (("--patients", "0"), "'--patients'"),
        (("--course", "cured"), "'cured'"),
        (("--course", "treated", "--visits", "3"), "at least 4 visits; found 3"),
    ],
)
def test_wrong_values_are_refused_with_what_is_allowed(tmp_path: Path, arguments: tuple[str, str], said: str) -> None:
    """Unknown body part, kind of file or course, no patients, too few visits for the course: exit code 2, and the message names the value."""
    code, _, err = call("phantom", "--out", tmp_path / "S", *arguments)
    assert code == ExitCode.USAGE
    assert said in " ".join(err.split())
    assert not (tmp_path / "S").exists()


def test_info_and_measure_agree_on_a_film_with_a_step_wedge(tmp_path: Path) -> None:
    """A wedge in a picture for presentation makes it tier B for both commands, and both say that its steps are assumed."""
    folder = tmp_path / "S"
    options = PhantomSetOptions(patients=1, seed=5, population=Population(visits=1), exposures=Exposures(style=Style.PRESENTATION, wedge=True))
    (film,) = write_phantom_set(folder, options)
    _, out, _ = call("info", film.path)
    assert "calibration tier     B" in out
    assert "assumed 1 mm Al" in out
    _, out, _ = call("measure", film.path, "--out", tmp_path / "R", "-j", 1)
    assert "HA mass rests on: an aluminium step wedge in the picture" in out
    assert "assumed 1 mm Al" in out
    (timeline,) = read_results(tmp_path / "R").timeline.to_dict("records")
    assert f"mm Al x mm² (95 %): {timeline['al_equivalent_mm3']:.1f} ± {1.96 * timeline['al_equivalent_mm3_sd']:.1f}" in out
    _, out, _ = call("info", film.path, "--wedge-first-mm", 0.3)
    assert "calibration tier     C" in out
    assert "expected 0.3 mm of aluminium and 1 mm more each" in out


def test_ctrl_c_says_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted while a set is made: exit code 130, and a line that says what lies in the folder."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("calcitrack.cli.phantom.write_phantom_set", interrupted)
    code, out, err = call("phantom", "--out", tmp_path / "S", *SMALL)
    assert (code, out) == (ExitCode.INTERRUPTED, "")
    assert f"interrupted; {tmp_path / 'S'} holds part of a set" in err


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    """Other files in the folder: exit code 2, the message names one of them, and it is still there."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    code, _, err = call("phantom", "--out", tmp_path, *SMALL)
    assert code == ExitCode.USAGE
    assert "found notes.txt in it" in err
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
