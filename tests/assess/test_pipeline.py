"""The seam for other kinds of images: a toy pipeline of volumes runs through the same composition as films."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from scipy import ndimage

from calcitrack import AssessOptions, Exposure, Timeline, TimelineKey, TimePoint, assess
from calcitrack.assess.film import FilmPipeline
from calcitrack.assess.pipeline import Found, Grid, Searched, Settled, Unlike
from calcitrack.assess.pipelines import PIPELINES, pipeline_for
from calcitrack.batch import assess_cohort
from calcitrack.errors import DamagedFileError, InvalidValueError, NotARadiographError, UnsupportedModalityError
from calcitrack.io.workspace import Workspace
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Fate
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.cohort import Cohort
from calcitrack.model.corrections import FilmCorrection
from calcitrack.model.image import Acquisition, Volume
from calcitrack.model.measurement import Deposit, ImageMeasurements, Measurand, Measurement
from calcitrack.model.progress import Observer, Stage
from calcitrack.model.provenance import Parameter
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import SpacingBasis
from calcitrack.tables import deposits_table, events_table, timeline_table
from calcitrack.tables.images import image_rows
from calcitrack.track import Track

FIRST = dt.date(2022, 5, 1)
THRESHOLD_HU = 130
"""What the toy calls calcium."""
VOLUME_MM3 = Measurand("volume_mm3", "mm3", "Number of voxels times the volume of one", "these tests")
COUNT = Measurand("deposit_count", "{deposits}", "Number of deposits", "these tests")
IDENTITY = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))
KEY = TimelineKey("P1", "KNEE", "L", "", "CT")
Box = tuple[slice, slice, slice]


class ToyPipeline:
    """Threshold, count voxels; every scan lies as the first one does."""

    name = "toy"
    images = "toy scans"

    def handles(self, modality: str) -> bool:
        """Scans alone."""
        return modality == "CT"

    def recipe(self, options: AssessOptions) -> Mapping[str, Parameter]:  # noqa: ARG002 the same with any options
        """The threshold."""
        return {"method": "threshold", "threshold_hu": THRESHOLD_HU}

    def read(self, exposure: Exposure, options: AssessOptions, tell: Observer) -> Volume:  # noqa: ARG002
        """The scan, whose values have their meaning already."""
        tell(Stage.READ, exposure.source)
        scan = exposure.load()
        assert isinstance(scan, Volume)
        return scan

    def digest(self, image: Volume) -> str:
        """Of the voxels."""
        return str(hash(image.values.tobytes()))

    def size(self, image: Volume) -> int:
        """Its voxels."""
        return image.values.size

    def search(self, exposure: Exposure, image: Volume, options: AssessOptions) -> Found[None]:  # noqa: ARG002
        """What is dense."""
        labels = ndimage.label(image.values > THRESHOLD_HU)[0].astype(np.uint16)
        found = Segmentation(labels=labels, limb=image.values > -500, bone=np.zeros(image.shape, bool))
        return Found(image.spacing, image.calibration, exposure.findings, found, None, Grid.of(image))

    def align(self, baseline: None, scene: None, options: AssessOptions) -> Alignment:  # noqa: ARG002
        """All scans lie alike."""
        return Alignment(IDENTITY, 0.0)

    def settle(
        self,
        searched: Sequence[Searched[Volume, None]],
        alignments: Sequence[Alignment | None],  # noqa: ARG002
        options: AssessOptions,  # noqa: ARG002
    ) -> Sequence[Segmentation]:
        """What each scan shows."""
        return [s.found.candidates for s in searched]

    def measure(self, searched: Searched[Volume, None], segmentation: Segmentation, options: AssessOptions) -> ImageMeasurements:  # noqa: ARG002
        """Volume of each, and the total."""
        scan = searched.held
        assert scan is not None
        deposits = []
        for label in segmentation.label_values:
            voxels = np.argwhere(segmentation.labels == label)
            volume = Measurement(VOLUME_MM3, len(voxels) * scan.voxel_volume_mm3)
            deposits.append(Deposit(label, 1.0, tuple(map(float, voxels.mean(axis=0))), {"volume_mm3": volume}))
        total = sum(d.measurements["volume_mm3"].value for d in deposits)
        return ImageMeasurements(tuple(deposits), {"deposit_count": Measurement(COUNT, len(deposits)), "volume_mm3": Measurement(VOLUME_MM3, total)})

    def unlike(self, searched: Sequence[Searched[Volume, None]], alignments: Sequence[Alignment | None]) -> Unlike:  # noqa: ARG002
        """Scans are not held against each other."""
        return Unlike()

    def together(self, settled: Sequence[Settled[Volume]], tracks: Sequence[Track], options: AssessOptions) -> None:
        """Scans are measured one by one."""


def scan(*boxes: Box, uid: str = "") -> Volume:
    """A limb in air, sheared as by a tilted gantry, with cubes of calcium."""
    values = np.full((20, 40, 40), -1000, np.int16)
    values[:, 5:35, 5:35] = 40
    for box in boxes:
        values[box] = 400
    affine = np.array([[0, 0, 0.5, 0], [0.4, 0.5, 0, 0], [2.0, 0, 0, 0], [0, 0, 0, 1.0]])
    calibration = Calibration(Tier.C, Relationship.UNKNOWN, 1, "Hounsfield units")
    facts = Acquisition(patient_id="P1", modality="CT", sop_instance_uid=uid)
    return Volume(values=values, affine=affine, acquisition=facts, calibration=calibration, source=f"scan {uid}")


def cube(slices: int, row: int, column: int, side: int = 4) -> Box:
    """A cube's slices, rows and columns."""
    return slice(slices, slices + side), slice(row, row + side), slice(column, column + side)


@pytest.fixture
def course() -> Timeline:
    """One deposit grows, another lies above it in the same rows and columns and vanishes, a third appears."""
    visits = [[cube(2, 10, 10), cube(12, 10, 10)], [cube(2, 10, 10, 5)], [cube(2, 10, 10, 6), cube(8, 25, 25)]]
    points = []
    for k, boxes in enumerate(visits, start=1):
        points.append(TimePoint(k, FIRST + dt.timedelta(days=100 * (k - 1)), (Exposure.of(scan(*boxes, uid=f"2.25.{k}")),)))
    return Timeline(KEY, tuple(points))


def test_volumes_get_identities_and_totals(course: Timeline) -> None:
    """The spine follows deposits through three dimensions, and sums up their volume and its change."""
    told: list[str] = []
    result = assess(course, pipelines=(ToyPipeline(), *PIPELINES), observe=lambda stage, _source: told.append(stage))
    assert [dict(t.fates) for t in result.tracks] == [
        {1: Fate.BASELINE, 2: Fate.PERSISTENT, 3: Fate.PERSISTENT},
        {1: Fate.BASELINE, 2: Fate.RESOLVED},
        {3: Fate.NEW},
    ]
    volumes = [p.totals["volume_mm3"].value for p in result.time_points]
    assert volumes == pytest.approx([2 * 64 * 0.5, 125 * 0.5, (216 + 64) * 0.5])
    assert result.time_points[2].from_baseline["volume_mm3"].absolute.value == pytest.approx(140 - 64)
    assert [len(d.deposit.centroid) for i in result.images for d in i.deposits] == [3] * 5
    assert {i.spacing.basis for i in result.images} == {SpacingBasis.PATIENT}
    steps = {s.name: s for s in result.images[0].steps}
    assert steps["segment"].parameters["threshold_hu"] == THRESHOLD_HU
    assert told == ["read", "segment"] * 3 + ["align"] * 2 + ["measure"] * 3


def test_tables_take_volumes(course: Timeline) -> None:
    """Deposits, events and totals have their rows; what a film has and the toy does not measure is empty."""
    result = assess(course, pipelines=(ToyPipeline(),))
    deposits = deposits_table([result])
    assert list(deposits.volume_mm3) == pytest.approx([32, 32, 62.5, 108, 32])
    assert deposits.area_mm2.isna().all()
    assert deposits.centroid_row.iloc[0] == 11.5
    assert len(events_table([result])) == 6
    assert list(timeline_table([result]).n_new) == [0, 0, 1]


def test_a_workspace_refuses_volumes(course: Timeline, tmp_path) -> None:
    """Its tables hold centroids of two coordinates: the error says so, and nothing is kept."""
    result = assess(course, pipelines=(ToyPipeline(),))
    with Workspace.create(tmp_path / "workspace") as workspace:
        with pytest.raises(InvalidValueError, match=r"keeps films.*found a volume's, \(20, 40, 40\)"):
            workspace.record(result)
        assert workspace.assessments() == ()


def test_every_file_of_a_scan_has_its_row(course: Timeline) -> None:
    """A scan of two files has two rows of ``images.csv``, each with its own path and the same totals."""
    first = course.time_points[0]
    exposure = Exposure(first.exposures[0].acquisition, first.exposures[0].load, "series 1", parts=("a.dcm", "b.dcm"))
    timeline = Timeline(KEY, (TimePoint(1, first.date, (exposure,)),))
    rows = list(image_rows((), [assess(timeline, pipelines=(ToyPipeline(),))], ()))
    assert [(r["path"], r["deposit_count"]) for r in rows] == [("a.dcm", 2), ("b.dcm", 2)]
    assert timeline.files == exposure.files == ("a.dcm", "b.dcm")


def test_an_unreadable_scan_does_not_stop_the_timeline(course: Timeline) -> None:
    """As on films: a failure of its own, and the others are measured."""

    def broken() -> Volume:
        raise DamagedFileError("scan", "half the slices", "all of them", "copy it again")

    first, second, third = course.time_points
    damaged = TimePoint(2, second.date, (Exposure(second.exposures[0].acquisition, broken, "scan"),))
    result = assess(Timeline(KEY, (first, damaged, third)), pipelines=(ToyPipeline(),))
    assert [f.error.found for f in result.failures] == ["half the slices"]
    assert result.time_points[2].from_previous["volume_mm3"].interval_days == 200


def test_another_pipeline_is_another_assessment(course: Timeline) -> None:
    """The id tells by which pipeline of one's own a timeline was measured."""

    class Renamed(ToyPipeline):
        name = "other"

    assert assess(course, pipelines=(ToyPipeline(),)).assessment_id != assess(course, pipelines=(Renamed(),)).assessment_id


def test_a_modality_without_a_pipeline_is_said(course: Timeline) -> None:
    """The error names what was found and what is measured; in a batch it is that timeline's failure, without a request to report it."""
    with pytest.raises(UnsupportedModalityError, match="images of modality CT; expected radiographs: no pipeline of this run measures others"):
        assess(course)
    result = assess_cohort(Cohort((course,), ()))
    assert [f.reason.split(";")[0] for f in result.failures] == [f"{KEY}: found images of modality CT"]
    assert "report" not in result.failures[0].reason


def test_every_projection_is_measured_as_a_film() -> None:
    """DX, CR, digitised film, pictures that state nothing: all of them are films; scans are not."""
    for modality in ("DX", "CR", "MG", "RG", "XA", "OT", ""):
        assert isinstance(pipeline_for(TimelineKey("P1", modality=modality)), FilmPipeline)
    with pytest.raises(UnsupportedModalityError, match="modality MR"):
        pipeline_for(TimelineKey("P1", modality="MR"))


def test_what_works_on_films_refuses_volumes() -> None:
    """Asking a volume for its radiograph, or stating a film's facts about it, is an error that says so."""
    exposure = Exposure.of(scan(uid="2.25.1"))
    with pytest.raises(NotARadiographError, match="a volume of 20 slices"):
        exposure.radiograph()
    with pytest.raises(InvalidValueError, match="corrections state facts of a film"):
        Exposure.of(scan(), FilmCorrection(laterality="L"))
