"""Segmenters and measurands of the user's own, from options to tables, provenance and worker processes."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import calcitrack
from calcitrack import AssessOptions, Exposure, MeasureOptions, SegmentOptions, Timeline, TimelineKey, TimePoint, assess, assess_cohort
from calcitrack.assess.options import flat, unflat
from calcitrack.calibrate import CalibrateOptions
from calcitrack.cli.own_segmenter import chosen_method, own_segmenter
from calcitrack.errors import InvalidValueError, OwnCodeError
from calcitrack.io.results.export import write_results
from calcitrack.io.workspace.codec import encode
from calcitrack.measure.live import LiveFilm
from calcitrack.measure.own import OwnMeasurand
from calcitrack.model.cohort import Cohort
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import Measurand, Measurement, NotMeasurable, Result
from calcitrack.model.segmentation import Outlined, Segmentation
from calcitrack.segment import Method
from calcitrack.segment.recipe import recipe
from calcitrack.tables import own_measurands_table

HEIGHT = Measurand("height_px", "{pixels}", "Rows that the deposit spans", "these tests")
LARGEST = Measurand("largest", "1", "Nothing, here", "these tests")


def marked(radiograph: Radiograph) -> Segmentation:
    """Two deposits at places of its own choice, the left half limb."""
    labels = np.zeros(radiograph.shape, np.uint16)
    labels[100:110, 60:70], labels[200:205, 60:80] = 1, 2
    limb = np.zeros(radiograph.shape, bool)
    limb[:, : radiograph.shape[1] // 2] = True
    return Segmentation(labels=labels, limb=limb, bone=np.zeros(radiograph.shape, bool), confidence={1: 0.4})


@dataclass(frozen=True)
class Marked:
    """The same as an object with a setting."""

    first: int = 100
    version = "2.1"

    def __call__(self, radiograph: Radiograph) -> Segmentation:
        """As `marked`."""
        return marked(radiograph)


def height(radiograph: Radiograph, segmentation: Outlined, label: int) -> Result:  # noqa: ARG001
    """Rows of the label."""
    return Measurement(HEIGHT, float((segmentation.labels == label).any(axis=1).sum()), 0.5)


def largest(radiograph: Radiograph, segmentation: Outlined, label: int) -> Result:  # noqa: ARG001
    """Never measurable."""
    return NotMeasurable(LARGEST, "nobody asked for it")


OWN = (OwnMeasurand(HEIGHT, height, total=True), OwnMeasurand(LARGEST, largest))
OPTIONS = AssessOptions(segment=SegmentOptions(method=marked), measure=MeasureOptions(own=OWN))


@pytest.fixture(scope="module")
def timeline(drawn: ModuleType) -> Timeline:
    """Two visits of a drawn limb."""
    points = []
    for k in (1, 2):
        date = dt.date(2021, 3, k)
        film = drawn.draw([drawn.Disc(40, 22, 2.0, 150.0)], seed=k, date=date, uid=f"2.25.{k}")
        points.append(TimePoint(k, date, (Exposure.of(film),)))
    return Timeline(TimelineKey("DRAWN", "FOREARM", "L", "AP", "DX"), tuple(points))


def test_an_own_segmenter_finds_the_deposits(timeline: Timeline) -> None:
    """What it marks is measured and followed, whatever its confidence; the provenance names it."""
    result = assess(timeline, options=OPTIONS)
    assert [len(i.deposits) for i in result.images] == [2, 2]
    assert [d.deposit.confidence for d in result.images[0].deposits] == [0.4, 1.0]
    (step,) = [s for s in result.images[0].steps if s.name == "segment"]
    assert step.parameters["segmenter"] == f"{__name__}:marked"
    assert len(str(step.parameters["segmenter_source_sha256"])) == 64
    assert result.provenance.steps[0].parameters["segment.method"] == f"{__name__}:marked"


def test_each_code_is_another_assessment(timeline: Timeline) -> None:
    """The id differs by the segmenter, its settings and version, and by the measurands; the same code gives the same id."""

    class Later(Marked):
        version = "2.2"

    alone = replace(timeline, time_points=timeline.time_points[:1])
    segmenters = [marked, Marked(), Marked(200), Later()]
    every = [AssessOptions(segment=SegmentOptions(method=s)) for s in segmenters] + [OPTIONS]
    ids = [assess(alone, options=o).assessment_id for o in every]
    assert len(set(ids)) == len(every)
    assert assess(alone, options=AssessOptions(segment=SegmentOptions(method=Marked()))).assessment_id == ids[1]
    assert len({str(encode(o)) for o in every}) == len(every)
    assert len({str(recipe(o.segment)) for o in every[:4]}) == 4


def test_without_own_code_nothing_is_recorded_of_it() -> None:
    """Ids, digests and provenance are made of the options' words and records: these are as they were before there was own code."""
    assert "own" not in repr(AssessOptions())
    assert "own" not in encode(AssessOptions())["measure"]
    assert not any("own" in name for name in flat(AssessOptions()))
    assert encode(SegmentOptions())["method"] == "network"


def test_an_own_measurand_is_measured_totalled_and_tabled(timeline: Timeline, tmp_path: Path) -> None:
    """It stands in deposits and totals and changes, in a table of its own with its reasons, and in no other table's columns."""
    result = assess(timeline, options=OPTIONS)
    deposit = result.images[0].deposits[0].deposit
    assert list(deposit.measurements)[-2:] == ["height_px", "largest"]
    assert deposit.measurements["height_px"].value == 10
    assert result.images[0].totals["height_px"].value == 15
    assert result.images[0].totals["height_px"].sd == pytest.approx(0.5 * 2**0.5)
    assert "largest" not in result.images[0].totals
    assert result.time_points[1].from_baseline["height_px"].absolute.value == 0
    assert result.provenance.steps[0].parameters["measure.own"] == f"height_px={__name__}:height largest={__name__}:largest"
    table = own_measurands_table([result])
    assert list(table.value_counts("table").sort_index().items()) == [("deposits", 8), ("images", 2), ("timeline", 2)]
    assert set(table.reason) == {"", "nobody asked for it"}
    write_results(replace_cohort(result), tmp_path / "out")
    header, first, *_ = (tmp_path / "out" / "own_measurands.csv").read_text().splitlines()
    assert header.startswith("patient_id,body_part,laterality,view,table,time_point,repeat")
    assert "height_px,{pixels},10.0,0.5" in first
    plain = assess(timeline, options=AssessOptions(segment=SegmentOptions(method=marked)))
    write_results(replace_cohort(plain), tmp_path / "plain")
    assert not (tmp_path / "plain" / "own_measurands.csv").exists()


def replace_cohort(*assessments: calcitrack.Assessment) -> calcitrack.CohortAssessment:
    """A cohort of these."""
    return calcitrack.CohortAssessment(assessments, (), ())


def test_editing_measures_own_measurands_too(timeline: Timeline) -> None:
    """Law: a film that is edited live gives what `measure` gives."""
    film = timeline.time_points[0].exposures[0].radiograph()
    found = marked(film)
    live = LiveFilm(film, found, OPTIONS.measure).measurements()
    whole = calcitrack.measure(film, found, OPTIONS.measure)
    assert live.totals["height_px"] == whole.totals["height_px"]
    assert live.deposits[1].measurements["height_px"] == whole.deposits[1].measurements["height_px"]


def _array(radiograph: Radiograph) -> object:
    return np.zeros(radiograph.shape, np.uint16)


def _small(radiograph: Radiograph) -> Segmentation:  # noqa: ARG001
    mask = np.zeros((3, 4), bool)
    return Segmentation(labels=mask.astype(np.uint16), limb=mask, bone=mask)


def _floats(radiograph: Radiograph) -> Segmentation:
    mask = np.zeros(radiograph.shape, bool)
    return Segmentation(labels=mask.astype(float), limb=mask, bone=mask)  # type: ignore[arg-type]


def _ends(radiograph: Radiograph) -> Segmentation:  # noqa: ARG001
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("segmenter", "words"),
    [
        (_ends, r"raised SystemExit \(3\); expected a Segmentation"),
        (_array, "gave ndarray; expected a Segmentation; return calcitrack.Segmentation"),
        (_small, r"gave labels of the shape \(3, 4\); expected the radiograph's"),
        (_floats, "raised InvalidValueError .labels are integers"),
    ],
)
def test_what_is_no_segmentation_is_said(timeline: Timeline, segmenter: object, words: str) -> None:
    """The error names the film, the segmenter and what to do; a batch has it as that timeline's reason, without a request to report it."""
    options = AssessOptions(segment=SegmentOptions(method=segmenter))  # type: ignore[arg-type]
    with pytest.raises(OwnCodeError, match=words):
        assess(timeline, options=options)
    (failure,) = assess_cohort(Cohort((timeline,), ()), options=options).failures
    assert "report it" not in failure.reason


def test_what_is_no_result_of_a_measurand_is_said(timeline: Timeline) -> None:
    """A bare number, another measurand's value, an exception."""
    wrong = {
        "gave float": lambda *_: 3.0,
        "gave a value of height_px": lambda *_: Measurement(HEIGHT, 1.0),
        "raised ZeroDivisionError": lambda *_: 1 / 0,
    }
    for words, function in wrong.items():
        own = OwnMeasurand(LARGEST, function)
        with pytest.raises(OwnCodeError, match=words):
            assess(timeline, options=replace(OPTIONS, measure=MeasureOptions(own=(own,))))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SegmentOptions(method="magic"), "method is network, or a segmenter.*found 'magic'$"),
        (
            lambda: SegmentOptions(method="transparent"),
            "found 'transparent', which is retired: it told bone.*leave the method out, or use a segmenter",
        ),
        (lambda: SegmentOptions(method=3), "found 3"),
        (lambda: SegmentOptions(method=None), "found None"),
        (lambda: MeasureOptions(own=[OWN[0]]), "own is a tuple of OwnMeasurand"),
        (lambda: MeasureOptions(own=(height,)), "own is a tuple of OwnMeasurand"),
        (lambda: MeasureOptions(own=(OWN[0], OWN[0])), "found height_px, which another one has"),
        (lambda: MeasureOptions(own=(OwnMeasurand(Measurand("area_mm2", "mm2", "x", "x"), height),)), "found area_mm2"),
        (lambda: OwnMeasurand(Measurand("Height px", "mm", "x", "x"), height), "lower-case Python name"),
        (lambda: OwnMeasurand(Measurand("height", "", "x", "x"), height), "has a UCUM unit"),
        (lambda: OwnMeasurand(HEIGHT, 3), r"takes \(radiograph, segmentation, label\)"),
        (lambda: OwnMeasurand("height", height), "as a Measurand; found str"),
        (lambda: AssessOptions(segment=marked), "segment is settings of the type SegmentOptions"),
        (lambda: AssessOptions(calibrate=MeasureOptions()), "calibrate is settings of the type CalibrateOptions"),
    ],
)
def test_options_are_checked_at_the_gate(make, words: str) -> None:
    """What would fail later as a KeyError or an AttributeError is refused when the options are made."""
    with pytest.raises(InvalidValueError, match=words):
        make()


def test_a_name_of_a_method_is_the_method() -> None:
    """Text is as good as the enum, and gives the same options."""
    assert SegmentOptions(method="network") == SegmentOptions(method=Method.NETWORK)  # type: ignore[arg-type]
    assert repr(SegmentOptions(method="network")) == repr(SegmentOptions())  # type: ignore[arg-type]
    assert CalibrateOptions() == AssessOptions().calibrate


def test_code_that_cannot_be_told_apart_is_refused() -> None:
    """A closure and an object with attributes need a version: two of them would have one name."""

    def made(row: int):
        def find(radiograph: Radiograph) -> Segmentation:
            return replace(marked(radiograph), findings=(str(row),))

        return find

    class Model:
        def __init__(self) -> None:
            self.weights = [1.0]

        def __call__(self, radiograph: Radiograph) -> Segmentation:
            return marked(radiograph)

    for segmenter in (made(1), Model()):
        with pytest.raises(InvalidValueError, match="give it an attribute `version`"):
            SegmentOptions(method=segmenter)
        segmenter.version = "1"  # type: ignore[union-attr]
        assert SegmentOptions(method=segmenter).segmenter.identity.version == "1"  # type: ignore[union-attr]
    one, other = (SegmentOptions(method=functools.partial(_shifted, rows=k)) for k in (1, 2))
    assert one != other


def _shifted(radiograph: Radiograph, rows: int) -> Segmentation:  # noqa: ARG001
    return marked(radiograph)


def test_settings_with_own_code_cannot_be_read_back() -> None:
    """A record names the code and does not hold it: measuring again asks for it."""
    with pytest.raises(InvalidValueError, match=f"code of one's own, {__name__}:marked, which is not on record"):
        unflat(flat(AssessOptions(segment=SegmentOptions(method=marked))))
    with pytest.raises(InvalidValueError, match="height_px="):
        unflat(flat(AssessOptions(measure=MeasureOptions(own=OWN))))


def test_code_that_does_not_travel_is_refused_before_any_process_starts(timeline: Timeline) -> None:
    """A function inside another one does not pickle: with workers that is an error at once, in this process it is measured."""

    def local(radiograph: Radiograph) -> Segmentation:
        return marked(radiograph)

    options = AssessOptions(segment=SegmentOptions(method=local))
    cohort = Cohort((timeline,), ())
    with pytest.raises(InvalidValueError, match=r"cannot be sent to worker processes.*top level of a module"):
        assess_cohort(cohort, options=options, workers=2)
    assert len(assess_cohort(cohort, options=options).assessments) == 1


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of a segmenter, as the current folder."""
    (tmp_path / "their_segmenter.py").write_text(
        "import numpy as np\nfrom calcitrack import Segmentation\n\n\n"
        "def find(radiograph):\n    labels = np.zeros(radiograph.shape, np.uint16)\n    labels[30:40, 30:40] = 1\n"
        "    return Segmentation(labels=labels, limb=labels >= 0, bone=labels > 1)\n\n\nclass Model:\n    pass\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_the_command_line_finds_a_segmenter_in_the_current_folder(module: Path) -> None:
    """MODULE:FUNCTION; each way in which that fails is said."""
    found = own_segmenter("their_segmenter:find")
    assert found.identity.address == "their_segmenter:find"
    assert chosen_method(None, None) is chosen_method("network", None) is Method.NETWORK
    for address, words in {
        "their_segmenter": "is MODULE:FUNCTION",
        "nowhere_at_all:find": "cannot be imported .ModuleNotFoundError",
        "their_segmenter:lost": "found no lost in",
        "their_segmenter:Model": "found a class",
        "their_segmenter:np": "a segmenter is a function",
    }.items():
        with pytest.raises(InvalidValueError, match=words):
            own_segmenter(address)
    with pytest.raises(InvalidValueError, match="one of --method and --segmenter"):
        chosen_method("network", "their_segmenter:find")
    assert module.is_dir()
