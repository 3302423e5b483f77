from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from calcitrack.cli import app
from calcitrack.cli import measure as measure_command
from calcitrack.cli.exits import ExitCode
from calcitrack.cli.summary import _events
from calcitrack.cli.timeline_line import TimelineLine
from calcitrack.io.results.export import read_results
from calcitrack.tables import SCHEMAS, TIMELINE


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of a size that is written quickly."""
    monkeypatch.setattr("calcitrack.figures.overlay.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.pair.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.page.DPI", 30)


@pytest.fixture
def films(made: ModuleType, tmp_path: Path) -> Path:
    """One patient with two visits, as pictures with sidecars, and a file that is no image."""
    folder = made.write_pictures(tmp_path / "films")
    (folder / "notes.txt").write_text("no image", encoding="utf-8")
    return folder


def call(*arguments: object, width: int = 100) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    done = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": str(width), "NO_COLOR": "1", "TERM": "dumb"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def test_measure_writes_results_and_says_what_it_found(films: Path, tmp_path: Path) -> None:
    """The main job: results on the disk, a line for each time point, and the files that were left out with the reason."""
    code, out, _ = call("measure", films, "--out", tmp_path / "R", "--workers", 1)
    assert code == ExitCode.DONE
    assert "A / HAND / R / PA" in out
    assert "2021-03-08" in out
    assert "2021-09-01" in out
    assert "HA mass is not measurable" in out
    assert "2 images measured, 3 files skipped, 0 failed" in " ".join(out.split())
    results = read_results(tmp_path / "R")
    assert len(results.timeline) == 2
    assert len(results.images) == 5
    steps = {s["name"]: s["parameters"] for s in results.provenance["timelines"][0]["images"][0]["steps"]}
    assert (steps["segment"]["method"], len(steps["segment"]["weights_sha256"])) == ("network", 64)
    assert steps["segment"]["onnxruntime"] == results.provenance["libraries"]["onnxruntime"]


def test_the_change_is_judged_in_words_and_for_machines(films: Path, tmp_path: Path) -> None:
    """First to last with its 95 % interval, and whether it is detectable; JSON holds the same numbers."""
    _, out, _ = call("measure", films, "--out", tmp_path / "R", "--workers", 1, width=200)
    assert "Visit 1 to 2 in 177 days: deposit area" in out
    assert "95 % interval" in out
    assert "smallest detectable change" in out
    changes = json.loads(call("measure", films, "--out", tmp_path / "R", "--workers", 1, "--json")[1])["changes"]
    (area,) = [c for c in changes if c["measurand"] == "area_mm2"]
    assert (area["patient_id"], area["time_point"], area["exceeds_sdc"]) == ("A", 2, False)
    assert area["change_low"] <= area["change"] < area["change_high"], "where nothing was, nothing can go"


def test_measuring_again_into_the_same_folder_is_safe(films: Path, tmp_path: Path) -> None:
    """A second run replaces the first, also with one visit less."""
    call("measure", films, "--out", tmp_path / "R", "-j", 1, "-q")
    for suffix in (".png", ".json"):
        (films / "A" / "visit2").with_suffix(suffix).unlink()
    assert call("measure", films, "--out", tmp_path / "R", "-j", 1)[0] == ExitCode.DONE
    assert read_results(tmp_path / "R").timeline.time_point.tolist() == [1]


def test_json_is_all_there_is_on_standard_output(films: Path, tmp_path: Path) -> None:
    """With --json standard output is one JSON value, whose timeline rows have the columns of timeline.csv."""
    code, out, _ = call("measure", films, "--out", tmp_path / "R", "--workers", 1, "--json")
    said = json.loads(out)
    assert (code, said["exit_code"]) == (0, 0)
    assert said["files"] == {"measured": 2, "skipped": 3, "failed": 0}
    assert [list(row) for row in said["timelines"]] == [list(TIMELINE.names)] * 2
    assert said["timelines"][1]["date"] == "2021-09-01"
    assert Path(said["results"]) == tmp_path / "R"


def test_quiet_says_nothing(films: Path, tmp_path: Path) -> None:
    """With --quiet both streams stay empty when all is well."""
    assert call("measure", films, "--out", tmp_path / "R", "--workers", 1, "--quiet") == (0, "", "")


def test_parquet_on_request(films: Path, tmp_path: Path) -> None:
    """--parquet adds one Parquet file a table."""
    call("measure", films, "--out", tmp_path / "R", "--workers", 1, "--parquet", "-q")
    assert len(list((tmp_path / "R").glob("*.parquet"))) == len(SCHEMAS)


def test_a_broken_film_costs_itself_only(films: Path, tmp_path: Path) -> None:
    """A damaged file gives exit code 3, its reason is printed, and the others are measured."""
    path = films / "A" / "visit2.png"
    path.write_bytes(path.read_bytes()[:300])
    code, out, _ = call("measure", films, "--out", tmp_path / "R", "--workers", 1)
    assert code == ExitCode.PARTLY
    assert "1 image measured" in out
    assert "visit2.png" in out
    assert set(read_results(tmp_path / "R").images.status) == {"read", "skipped", "failed"}


def test_nothing_to_measure_is_its_own_exit_code(tmp_path: Path) -> None:
    """A folder without any radiograph gives exit code 4, and images.csv still says why."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("no image", encoding="utf-8")
    code, out, _ = call("measure", tmp_path / "in", "--out", tmp_path / "R")
    assert code == ExitCode.NOTHING
    assert "0 images measured" in out
    assert read_results(tmp_path / "R").images.status.tolist() == ["skipped"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("measure", "nowhere", "--out", "R"), "does not exist"),
        (("measure",), "Missing"),
        (("measure", ".", "--out", "R", "--workers", "0"), "Invalid value for '--workers'"),
        (("frobnicate",), "No such command"),
        (("info", "nowhere"), "found nothing that can be opened"),
    ],
)
def test_wrong_use_gives_one_message_and_exit_code_2(arguments: tuple[str, ...], words: str) -> None:
    """Usage errors go to standard error and leave standard output empty."""
    code, out, err = call(*arguments)
    assert code == ExitCode.USAGE
    assert words in " ".join(err.replace("│", " ").split())
    assert out == ""


def test_a_folder_of_others_is_refused_before_measuring(films: Path) -> None:
    """Results are never mixed into a folder that calcitrack did not write; the message is one sentence without a trace."""
    code, out, err = call("measure", films, "--out", films, "--workers", 1)
    assert (code, out) == (ExitCode.USAGE, "")
    assert "calcitrack did not write" in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_info_says_what_was_understood(films: Path) -> None:
    """Patient, size of a pixel with its basis, and the calibration tier with its reason, as lines and as JSON."""
    code, out, _ = call("info", films / "A" / "visit1.png")
    assert code == 0
    assert "0.2 x 0.2 mm (row x column)" in out
    assert "calibration tier     C" in out
    said = json.loads(call("info", films / "A" / "visit1.png", "--json")[1])
    assert (said["patient_id"], said["spacing_basis"], said["calibration_tier"]) == ("A", "detector", "C")
    code, out, err = call("info", films / "notes.txt")
    assert (code, out) == (ExitCode.NOTHING, "")
    assert "notes.txt: found" in err


def test_names_are_printed_as_they_are(tmp_path: Path) -> None:
    """What looks like the name of an emoji or like markup in a file's name stays text."""
    name = tmp_path / "x:warning:[bold].dcm"
    name.write_bytes(b"no image")
    assert ":warning:[bold].dcm" in call("info", name)[2]


def test_info_on_a_folder_says_which_command_takes_folders(films: Path) -> None:
    """A folder is refused with the command that measures folders."""
    code, out, err = call("info", films)
    assert (code, out) == (ExitCode.NOTHING, "")
    assert "hand folders to calcitrack measure" in err


def test_the_summary_points_at_the_pictures(films: Path, tmp_path: Path) -> None:
    """The folder that the summary sends the reader to, before it gives its verdict, holds an overlay of each image."""
    _, out, _ = call("measure", films, "--out", tmp_path / "R", "-j", 1, width=300)
    said = next(line for line in out.splitlines() if line.startswith("Look at the overlays first"))
    assert len(list(Path(said.split(": ", 1)[1]).glob("*/*_overlay.png"))) == 2


def test_a_visit_that_could_not_be_read_has_no_counts(films: Path, tmp_path: Path) -> None:
    """Nothing is said to be new or resolved at a visit whose only film is broken."""
    path = films / "A" / "visit2.png"
    path.write_bytes(path.read_bytes()[:300])
    _, out, _ = call("measure", films, "--out", tmp_path / "R", "-j", 1)
    (line,) = (line for line in out.splitlines() if "2021-09-01" in line)
    assert line.split() == ["2021-09-01", "no", "value", "-", "-", "-", "-", "-", "-"]
    assert "no image of this time point could be read" in out
    assert "this version of the program does not measure it" not in out


def test_stated_wedge_steps_enter_the_measurement(films: Path, tmp_path: Path) -> None:
    """The options of the step wedge are among the parameters of the run, and impossible ones are refused in one sentence."""
    call("measure", films, "--out", tmp_path / "R", "-j", 1, "-q", "--wedge-first-mm", 0.5, "--wedge-step-mm", 0.25, "--wedge-box", 3, 40, 5, 20)
    (timeline,) = json.loads((tmp_path / "R" / "provenance.json").read_text(encoding="utf-8"))["timelines"]
    said = {name: value for step in timeline["steps"] for name, value in step["parameters"].items() if "wedge_" in name}
    assert said["calibrate.wedge_first_mm"] == 0.5
    assert said["calibrate.wedge_step_mm"] == 0.25
    assert said["calibrate.wedge_box"] == "3 40 5 20"
    assert read_results(tmp_path / "R").images.findings.str.contains("between rows 3 and 40 and columns 5 and 20").sum() == 2
    code, _, err = call("info", films, "--wedge-box", 40, 3, 5, 20)
    assert code == ExitCode.USAGE
    assert "ascending" in err
    code, _, err = call("measure", films, "--out", tmp_path / "S", "--wedge-step-mm", 0)
    assert code == ExitCode.USAGE
    assert "wedge_step_mm lies between 0 and" in err


def test_stated_concentration_enters_the_measurement(films: Path, tmp_path: Path) -> None:
    """Concentration and its uncertainty are among the parameters of the run, each alone as well; impossible ones are refused in one sentence."""
    for number, (arguments, expected) in enumerate(
        (
            (("--ha-concentration", 650, "--ha-concentration-sd", 80), (650, 80)),
            (("--ha-concentration-sd", 90), (400, 90)),
            ((), (400, None)),
        )
    ):
        folder = tmp_path / f"R{number}"
        call("measure", films, "--out", folder, "-j", 1, "-q", *arguments)
        (timeline,) = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["timelines"]
        said = {name: value for step in timeline["steps"] for name, value in step["parameters"].items()}
        assert (said["measure.ha_concentration_mg_cm3"], said["measure.ha_concentration_sd_mg_cm3"]) == expected
    code, _, err = call("measure", films, "--out", tmp_path / "S", "--ha-concentration", 5000)
    assert code == ExitCode.USAGE
    assert "solid hydroxyapatite" in err


def test_two_views_of_one_day_are_laid_beside_each_other(films: Path, tmp_path: Path) -> None:
    """The same limb from the side: each film says what became of the comparison, and both timelines are written in the usual order."""
    for sidecar in sorted((films / "A").glob("*.json")):
        stem = sidecar.with_name(f"side-{sidecar.name}")
        stem.write_text(sidecar.read_text(encoding="utf-8").replace('"PA"', '"LAT"'), encoding="utf-8")
        stem.with_suffix(".png").write_bytes(sidecar.with_suffix(".png").read_bytes() + b" ")
    call("measure", films, "--out", tmp_path / "R", "-j", 1, "-q")
    results = read_results(tmp_path / "R")
    assert results.timeline["view"].tolist() == ["LAT", "LAT", "PA", "PA"]
    assert results.images[results.images.status == "read"].findings.str.contains("no volume from shape together with").tolist() == [True] * 4


def test_narrow_terminals_lose_nothing(films: Path, tmp_path: Path) -> None:
    """On 40 characters the table becomes sentences: every date and count is still there."""
    _, out, _ = call("measure", films, "--out", tmp_path / "R", "--workers", 1, width=40)
    assert max(len(line) for line in out.splitlines()) <= 40
    assert "2021-09-01:" in out
    assert "resolved" in out


def test_reasons_are_counted_and_not_repeated(films: Path, tmp_path: Path) -> None:
    """Many files skipped for one reason are one line, though the reason names each file."""
    for n in range(12):
        (films / f"copy{n}.png").write_bytes((films / "A" / "visit1.png").read_bytes()[:-20] + bytes([n]))
    _, out, _ = call("measure", films, "--out", tmp_path / "R", "--workers", 1, width=200)
    assert "skipped 12: a picture without sidecar: write NAME.json" in out


def test_short_file_names_leave_the_reasons_readable(films: Path, tmp_path: Path) -> None:
    """A file called `a` does not take every "a" out of the sentence about it, and counts with `notes.txt`."""
    (films / "a.dcm").write_bytes(b"no image at all")
    _, out, _ = call("measure", films, "--out", tmp_path / "R", "--workers", 1, width=200)
    assert "skipped 2: found no image header; expected a DICOM file or a PNG, JPEG or TIFF picture" in out


def test_version_and_help_answer() -> None:
    """The version is the package's, and help names every command."""
    import calcitrack

    assert call("--version")[1] == f"calcitrack {calcitrack.__version__}\n"
    assert all(name in call("--help")[1] for name in ("measure", "info", "demo"))


ENDS_S = 60
"""A process that hangs never ends; how fast it does depends on the machine and is no test's business."""


def interrupt(inputs: list[Path], out: Path, begun: Callable[[], bool], pause_s: float) -> tuple[int, str, str]:
    """`measure` with two processes; Ctrl-C as a terminal sends it, to all its processes, a while after something has begun."""
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a shell lets its background jobs ignore it
    program = f"{heard}; from calcitrack.cli import app; app()"
    command = [sys.executable, "-c", program, "measure", *(str(i) for i in inputs), "--out", str(out), "--workers", "2"]
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([p for p in sys.path if p] + [str(root)])
    environment = {**os.environ, "PYTHONPATH": paths}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True) as running:  # noqa: S603 this program itself
        for _ in range(600):
            if begun():
                break
            time.sleep(0.1)
        time.sleep(pause_s)
        os.killpg(running.pid, signal.SIGINT)
        out_text, err = running.communicate(timeout=ENDS_S)  # until every process that writes there is gone
    assert "Traceback" not in err
    return running.returncode, out_text, err


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize("pause_s", [0.0, 0.5, 3.0], ids=["as processes start", "while they import", "while they measure"])
def test_ctrl_c_is_clean(sample_data: Path, tmp_path: Path, pause_s: float) -> None:
    """Interrupted before anything is finished: exit code 130, one line, no trace, no process and no folder left behind."""
    folder = tmp_path / "R"
    code, out, err = interrupt([sample_data], folder, folder.exists, pause_s)
    assert code == ExitCode.INTERRUPTED, err
    assert out == ""
    assert err.splitlines()[-1] == f"calcitrack: interrupted; nothing was written; {folder} is as it was before"
    assert not folder.exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_keeps_what_was_finished(films: Path, sample_data: Path, tmp_path: Path) -> None:
    """The small patient is done and the large ones are under way: its results are written, the others are failed files, and a line says both."""
    folder = tmp_path / "R"
    code, _, err = interrupt([films, sample_data], folder, lambda: len([*folder.glob(".*/seg/*.label.png")]) == 2, 0.5)
    assert code == ExitCode.INTERRUPTED, err
    assert f"interrupted; 1 of 4 timelines finished: their results are in {folder}" in err
    results = read_results(folder)
    assert set(results.timeline["patient_id"]) == {"A"}
    assert len([*folder.glob("seg/*")]) == 2
    failed = results.images[results.images["status"] == "failed"]
    assert len(failed) == len([*sample_data.glob("radiographs/*/*.dcm")])
    assert failed["reason"].str.startswith("its timeline was not assessed: the run was interrupted").all()
    assert [f["reason"].split(" before")[0] for f in results.provenance["failures"]] == ["the run was interrupted"] * 3


def test_ctrl_c_leaves_former_results_as_they_were(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted after one of two patients: the complete results of the run before are not replaced by half of them."""
    call("measure", films, "--out", tmp_path / "R", "-j", 1, "-q")
    before = (tmp_path / "R" / "provenance.json").read_bytes()
    shutil.copytree(films / "A", films / "B")
    for sidecar in (films / "B").glob("*.json"):
        sidecar.write_text(sidecar.read_text().replace('"A"', '"B"'))
    for picture in (films / "B").glob("*.png"):
        picture.write_bytes(picture.read_bytes() + b"\0")  # else it is a copy
    outcomes = measure_command.iter_assessments

    def interrupted(*arguments: Any, **options: Any) -> Generator[Any]:
        yield next(outcomes(*arguments, **options))
        raise KeyboardInterrupt

    monkeypatch.setattr(measure_command, "iter_assessments", interrupted)
    code, out, err = call("measure", films, "--out", tmp_path / "R", "-j", 1)
    assert (code, out) == (ExitCode.INTERRUPTED, "")
    assert "nothing was written" in err
    assert (tmp_path / "R" / "provenance.json").read_bytes() == before
    code, _, err = call("measure", films, "--out", tmp_path / "new", "-j", 1)
    assert "1 of 2 timelines finished" in err
    assert set(read_results(tmp_path / "new").timeline["patient_id"]) == {"A"}


TREATMENTS = "patient_id,name,start\nA,abatacept,2021-06-01\nB,abatacept,2021-06-01\n"


def test_the_summary_ends_with_the_verdict(films: Path, tmp_path: Path) -> None:
    """Treatments in the input folder are used and named, those of unknown patients too; two visits are no trend, and the last line says so."""
    (films / "treatments.csv").write_text(TREATMENTS, encoding="utf-8")
    (films / "labs.csv").write_text("patient_id,date,name,value\nA,2021-06-01,LDH,300\n", encoding="utf-8")
    code, out, _ = call("measure", films, "--out", tmp_path / "R", "-j", 1, width=300)
    assert code == ExitCode.DONE
    assert f"{films / 'treatments.csv'} was found in the input folder" in out
    assert "skipped 2: treatments or laboratory results, not an image" in out
    assert "no image of patient B; these rows are not used" in out
    assert "Used: 1 row of treatments, 1 row of laboratory results, 1 patient" in out
    assert out.splitlines()[-1] == "  Verdict: undetermined. No trend of the deposit area: a trend needs 3 time points; found 2."
    trends = read_results(tmp_path / "R").trends
    mine = trends[(trends.treatment == "abatacept") & (trends.measurand == "area_mm2")]
    assert mine.reason.tolist() == ["a trend needs 3 time points; found 2"]


def test_the_verdict_is_in_the_json(films: Path, tmp_path: Path) -> None:
    """For machines: whose, what of, and the sentences."""
    _, out, _ = call("measure", films, "--out", tmp_path / "R", "-j", 1, "--json")
    verdict = json.loads(out)["verdicts"][0]
    assert (verdict["patient_id"], verdict["measurand"], verdict["verdict"], verdict["probability"]) == ("A", "area_mm2", None, None)
    assert verdict["said"][0].startswith("Verdict: undetermined")


def test_bad_treatments_end_it_before_anything_is_measured(films: Path, tmp_path: Path) -> None:
    """All problems of the file, a line each, and nothing written."""
    bad = tmp_path / "t.csv"
    bad.write_text("patient_id,name,start\nA,,2021-06-01\nA,abatacept,soon\n", encoding="utf-8")
    code, _, err = call("measure", films, "--out", tmp_path / "R", "--treatments", bad)
    assert code == ExitCode.USAGE
    assert "2 problems:\n  line 2: no name\n  line 3: start 'soon' is not a date like 2024-05-31" in err
    assert not (tmp_path / "R").exists()


def test_merges_and_splits_are_told_only_where_there_are_any(courses: ModuleType) -> None:
    """One line with the counts of all visits; none where nothing merged, split or came back."""
    series = courses.timeline()
    counts = ({"n_merged": 0, "n_split": 1}, {"n_merged": 2, "n_split": None, "n_reappeared": 0})
    assert _events(TimelineLine(series.key, counts, (), (), series)) == ("  deposits over all visits: 2 merged, 1 split (events.csv says which)",)
    assert _events(TimelineLine(series.key, ({"n_merged": 0},), (), (), series)) == ()
