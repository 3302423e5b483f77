"""The seam between the spine of `assess`, which knows images of a timeline, and what is particular to one kind of image.

The spine (`calcitrack.assess.images`, `identity`, `compose`, `revise`) puts images in order, reads each once while memory allows, chooses
the baseline, gives deposits their identity and sums up the change. A `Pipeline` reads, searches, aligns and measures: films have one
(`calcitrack.assess.film`), and scans get one of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from calcitrack.assess.options import AssessOptions
from calcitrack.model.alignment import Alignment
from calcitrack.model.calibration import Calibration
from calcitrack.model.film_quality import FilmDoubt
from calcitrack.model.image import Image, Volume
from calcitrack.model.joint import Joint
from calcitrack.model.measurement import ImageMeasurements
from calcitrack.model.progress import Observer
from calcitrack.model.provenance import Parameter
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import ASSUMED_PIXEL_MM, Spacing
from calcitrack.model.timeline import Exposure
from calcitrack.track import Track

ReadT = TypeVar("ReadT")
"""An image as its pipeline reads and calibrates it."""
SceneT = TypeVar("SceneT")
"""What its registration sees of an image."""


@dataclass(frozen=True, eq=False, slots=True)
class Grid:
    """Steps between the pixels or voxels of an image, by which identities are found in mm.

    Parameters
    ----------
    to_mm
        Shape (2, 2) for (row, column), (3, 3) for (slice, row, column): column k is the step along axis k in mm.
    pixel_mm
        Mean side of a pixel or voxel, mm.
    """

    to_mm: NDArray[np.float64]
    pixel_mm: float

    @classmethod
    def of(cls, image: Image) -> Grid:
        """The grid of an image: of a film as `of_film` has it, of a volume at the mean distance of its slices."""
        if isinstance(image, Volume):
            return cls(image.affine[:3, :3], float(np.cbrt(image.voxel_volume_mm3)))
        return cls.of_film(image.spacing)

    @classmethod
    def of_film(cls, spacing: Spacing) -> Grid:
        """The grid of a film with pixels of this size; of `ASSUMED_PIXEL_MM` where none is stated."""
        sides = [spacing.row_mm or ASSUMED_PIXEL_MM, spacing.column_mm or ASSUMED_PIXEL_MM]
        return cls(np.diag(sides), spacing.mean_mm or ASSUMED_PIXEL_MM)


@dataclass(frozen=True, eq=False, slots=True)
class Found(Generic[SceneT]):
    """What the search makes of one image.

    Parameters
    ----------
    spacing, calibration
        Of the image.
    findings
        Sentences for the reader, about the image and the search.
    candidates
        Deposits that the image shows, and less likely ones that another image of the timeline may confirm; labels of the image's shape.
    scene
        What registration sees of the image; kept for all images of a timeline at a time.
    grid
        The image's grid.
    doubts
        What may be wrong with the image as such, most serious first.
    """

    spacing: Spacing
    calibration: Calibration
    findings: tuple[str, ...]
    candidates: Segmentation
    scene: SceneT
    grid: Grid
    doubts: tuple[FilmDoubt, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Searched(Generic[ReadT, SceneT]):
    """One image of a timeline after the search for deposits.

    Parameters
    ----------
    exposure, time_point, repeat
        Which image it is.
    found
        What the search made of it.
    held
        The image itself; ``None`` where a timeline has too many to hold, and the pipeline reads it again to measure it.
    digest
        What `Pipeline.digest` says of it.
    """

    exposure: Exposure
    time_point: int
    repeat: int
    found: Found[SceneT]
    held: ReadT | None
    digest: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Settled(Generic[ReadT]):
    """One image of a timeline after it was measured by itself.

    Parameters
    ----------
    exposure, spacing, calibration
        The image, and what its pixels stand for.
    segmentation, measurements
        Its deposits.
    alignment
        ``None`` for the baseline.
    held
        The image itself; ``None`` where it is to be read again.
    """

    exposure: Exposure
    spacing: Spacing
    calibration: Calibration
    segmentation: Segmentation
    measurements: ImageMeasurements
    alignment: Alignment | None
    held: ReadT | None = None


@dataclass(frozen=True, slots=True)
class Unlike:
    """Images that do not go with the others of their timeline.

    Parameters
    ----------
    doubts
        Position of an image -> why it does not; empty where all go together.
    like
        Positions of the images that go together, the largest such group; empty where no two do.
    """

    doubts: Mapping[int, tuple[FilmDoubt, ...]] = field(default_factory=dict)
    like: tuple[int, ...] = ()


class Pipeline(Protocol[ReadT, SceneT]):
    """How images of one kind are measured. It holds no state: every method gets what it works on, and the same input gives the same answer.

    The spine calls the methods in this order: `read` and `search` for each image, `align` for each but the baseline, `unlike` and `settle` once,
    `measure` for each image, `together` once.
    """

    name: str
    """One word that goes into the id of an assessment, where the pipeline is not one of the program's own."""
    images: str
    """What it measures, in words: ``radiographs``."""

    def handles(self, modality: str) -> bool:
        """Whether it measures timelines of this modality, a DICOM Modality (0008,0060) or an empty text."""

    def recipe(self, options: AssessOptions) -> Mapping[str, Parameter]:
        """What decides a segmentation beside the image, for its provenance."""

    def read(self, exposure: Exposure, options: AssessOptions, tell: Observer) -> ReadT:
        """Read and calibrate an image; tells of the stages `READ` and `CALIBRATE`.

        Raises
        ------
        ReadError
            The image cannot be read; it becomes a failure, and the timeline goes on.
        """

    def digest(self, image: ReadT) -> str:
        """A digest of the image's pixels as they were decoded, by which copies are told; empty where there is none."""

    def size(self, image: ReadT) -> int:
        """Values of the image that lie in memory while it is held."""

    def search(self, exposure: Exposure, image: ReadT, options: AssessOptions) -> Found[SceneT]:
        """Find deposits on one image by itself.

        Raises
        ------
        ReadError
            The image is not what it says it is, and is not measured; it becomes a failure, and the timeline goes on.
        """

    def align(self, baseline: SceneT, scene: SceneT, options: AssessOptions) -> Alignment:
        """Lay the baseline onto another image; a failure is an `Alignment` that is not ok."""

    def unlike(self, searched: Sequence[Searched[ReadT, SceneT]], alignments: Sequence[Alignment | None]) -> Unlike:
        """Images that lie on the others and are another kind of picture, or of another limb: they are not compared with them."""

    def settle(
        self, searched: Sequence[Searched[ReadT, SceneT]], alignments: Sequence[Alignment | None], options: AssessOptions
    ) -> Sequence[Segmentation]:
        """The deposits of each image, now that all images are known: labels 1 ... n; what is possible and not counted beside them."""

    def measure(self, searched: Searched[ReadT, SceneT], segmentation: Segmentation, options: AssessOptions) -> ImageMeasurements:
        """Measure every deposit of one image.

        Raises
        ------
        ReadError
            The image is not held, and cannot be read again.
        """

    def together(self, settled: Sequence[Settled[ReadT]], tracks: Sequence[Track], options: AssessOptions) -> Joint | None:
        """Measure every deposit on all images together, now that identities are known; ``None`` where images of this kind are not."""


AnyPipeline = Pipeline[Any, Any]
"""A pipeline to the spine, which hands on what it makes without a look into it."""
