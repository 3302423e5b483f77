"""Images: a radiograph or a volume, and what the files say about how they were made."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calcitrack.errors import InvalidValueError
from calcitrack.model.calibration import Calibration
from calcitrack.model.display import Card, Displayed, counted
from calcitrack.model.film_quality import FilmDoubt, FilmProblem
from calcitrack.model.provenance import STORED_WHEN_STATED
from calcitrack.model.read_only import restore
from calcitrack.model.spacing import Spacing, SpacingBasis

FloatImage = NDArray[np.float32]
"""Shape (rows, columns)."""
Mask = NDArray[np.bool_]
"""Shape (rows, columns)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """Header facts of one image, named by their DICOM keywords in snake case; ``None`` or an empty text where nothing is stated.

    Examples
    --------
    >>> Acquisition(modality="DX", laterality="L").kvp is None
    True
    """

    patient_id: str = ""
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    sop_instance_uid: str = ""
    sop_class_uid: str = ""
    modality: str = ""
    body_part_examined: str = ""
    laterality: str = ""
    """``L``, ``R``, ``B`` (both) or empty."""
    view_position: str = ""
    study_date: dt.date | None = None
    acquisition_time: dt.datetime | None = None
    """Date and time of the exposure: acquisition, else content, else study; used for order and intervals."""
    time_of_day_known: bool = field(default=True, metadata=STORED_WHEN_STATED)
    """False where only the date of ``acquisition_time`` is known: its midnight orders nothing."""
    patient_birth_date: dt.date | None = None
    image_type: tuple[str, ...] = ()
    presentation_intent_type: str = ""
    photometric_interpretation: str = ""
    pixel_intensity_relationship: str = ""
    pixel_intensity_relationship_sign: int | None = None
    bits_stored: int | None = None
    rows: int = 0
    columns: int = 0
    manufacturer: str = ""
    manufacturer_model_name: str = ""
    kvp: float | None = None
    exposure_uas: float | None = None
    filter_material: str = ""
    filter_thickness_mm: float | None = None
    grid: str = ""
    distance_source_to_detector_mm: float | None = None
    distance_source_to_patient_mm: float | None = None
    estimated_magnification: float | None = None
    limb: int | None = field(default=None, metadata=STORED_WHEN_STATED)
    """Which limb of a picture of two this image is: 1 at the left of the picture, or above; 2 the other. ``None`` for the picture as a whole."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, repr=False)
class Radiograph(Displayed):
    """One projection image, ready to be measured.

    Parameters
    ----------
    pixels
        Shape (rows, columns), float32, ordered so that **larger is denser** whatever the photometric interpretation:
        ``calibration.polarity`` times the value after the modality LUT. Copied in; read-only.
    valid
        Shape (rows, columns): True where the beam reached the detector: inside shutters and collimation, not padding.
    spacing
        Size of a pixel and its basis.
    acquisition
        What the header states.
    calibration
        What the values mean.
    source
        The file, as the user knows it.
    findings
        Sentences for the reader: what was missing, assumed, repaired or ignored on reading.
    doubts
        What may be wrong with the film as such.
    measure_anyway
        Refusals by the film-quality gate that a person overrules (`calcitrack.model.film_quality.OVERRULABLE`): the film is tier C, and measured.

    Examples
    --------
    >>> import numpy as np
    >>> from calcitrack import Radiograph
    >>> from calcitrack.model.calibration import Calibration, Relationship, Tier
    >>> calibration = Calibration(Tier.C, Relationship.UNKNOWN, 1, "a picture without a header")
    >>> film = Radiograph(pixels=np.ones((4, 5)), spacing=Spacing.uncalibrated(), acquisition=Acquisition(), calibration=calibration)
    >>> film
    Radiograph(in memory: 4 x 5 pixels, size of a pixel not stated, tier C)
    >>> film.pixels.flags.writeable, bool(film.valid_mask.all())
    (False, True)
    """

    pixels: FloatImage
    spacing: Spacing
    acquisition: Acquisition
    calibration: Calibration
    valid: Mask | None = None
    source: str = ""
    findings: tuple[str, ...] = field(default=())
    doubts: tuple[FilmDoubt, ...] = ()
    measure_anyway: frozenset[FilmProblem] = frozenset()

    def __post_init__(self) -> None:
        pixels = np.array(self.pixels, dtype=np.float32, copy=True)
        if pixels.ndim != 2 or min(pixels.shape) < 1:
            raise InvalidValueError(f"a radiograph's pixels have the shape (rows, columns); found {pixels.shape}")
        if not np.isfinite(pixels).all():
            raise InvalidValueError("a radiograph's pixels are finite numbers; found NaN or infinity: mask such pixels in `valid` and fill them")
        valid = np.ones(pixels.shape, bool) if self.valid is None else np.array(self.valid, dtype=bool, copy=True)
        if valid.shape != pixels.shape:
            raise InvalidValueError(f"`valid` has the shape of the pixels, {pixels.shape}; found {valid.shape}")
        pixels.setflags(write=False)
        valid.setflags(write=False)
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "valid", valid)

    def __setstate__(self, state: list[object]) -> None:
        restore(self, state)

    def _card(self) -> Card:
        rows, columns = self.shape
        facts = [f"{rows} x {columns} pixels", str(self.spacing), f"tier {self.calibration.tier.value}"]
        if self.findings:
            facts.append(counted(len(self.findings), "finding"))
        return Card("Radiograph", self.source or "in memory", tuple(facts), ("finding",), tuple((f,) for f in self.findings))

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        rows, columns = self.pixels.shape
        return rows, columns

    @property
    def valid_mask(self) -> Mask:
        """`valid`, never ``None``."""
        assert self.valid is not None  # set in __post_init__
        return self.valid


Affine = NDArray[np.float64]
"""Shape (4, 4), last row 0 0 0 1: (slice, row, column, 1) to (x, y, z, 1) in mm of the patient, LPS: to the left, to the back, to the head
(DICOM PS3.3, C.7.6.2.1.1)."""
STEP_TOLERANCE = 1e-3
"""By how much the mean distance of slices may differ from the affine's, as a share of it: DICOM's decimal texts hold six digits or more, and a
thousandth of the 5 mm of a thick slice is below any motion of the patient."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, repr=False)
class Volume(Displayed):
    """One scan of a series of slices, ready to be measured. Positions are (slice, row, column), centres of voxels at whole numbers.

    Parameters
    ----------
    values
        Shape (slices, rows, columns), int16: Hounsfield units (HU). Copied in; read-only.
    affine
        Shape (4, 4), last row 0 0 0 1: (slice, row, column, 1) to (x, y, z, 1) in mm of the patient, LPS, at the mean distance of the slices. It may
        shear: a tilted gantry shifts each slice within its plane. Copied in; read-only.
    acquisition
        What the headers state.
    calibration
        What the values mean.
    slice_positions_mm
        Shape (slices,), ascending: where each slice lies along the normal of the slices, from the first one, in mm. ``None`` where they lie at equal
        distances. Copied in; read-only.
    valid
        Shape (slices, rows, columns): True where the scan holds tissue or air, not padding; ``None`` where it does everywhere. Copied in; read-only.
    source
        The series, as the user knows it.
    findings
        Sentences for the reader: what was missing, assumed, repaired or ignored on reading.

    Raises
    ------
    InvalidValueError
        Values that are no int16 numbers or have another shape; an affine that is not finite, singular or no affine; positions that do not ascend
        or do not fit the affine; a mask of another shape.

    Examples
    --------
    >>> from typing import Any

    import numpy as np
    >>> from calcitrack.model.calibration import Calibration, Relationship, Tier
    >>> scan = Volume(
    ...     values=np.zeros((10, 64, 48), np.int16),
    ...     affine=np.array([[0, 0, 0.5, 0], [0, 0.5, 0, 0], [2.0, 0, 0, 0], [0, 0, 0, 1]]),
    ...     acquisition=Acquisition(modality="CT"),
    ...     calibration=Calibration(Tier.C, Relationship.UNKNOWN, 1, "Hounsfield units without a rod in the scan"),
    ... )
    >>> scan.shape, scan.spacing_mm, scan.voxel_volume_mm3
    ((10, 64, 48), (2.0, 0.5, 0.5), 0.5)
    >>> scan.to_patient([1, 0, 0])
    array([0., 0., 2.])
    """

    values: NDArray[np.int16]
    affine: Affine
    acquisition: Acquisition
    calibration: Calibration
    slice_positions_mm: NDArray[np.float64] | None = None
    valid: NDArray[np.bool_] | None = None
    source: str = ""
    findings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        values, affine = _checked_values(self.values), _checked_affine(self.affine)
        positions = _checked_positions(self.slice_positions_mm, len(values), _step_mm(affine))
        valid = None if self.valid is None else np.array(self.valid, dtype=bool, copy=True)
        if valid is not None and valid.shape != values.shape:
            raise InvalidValueError(f"`valid` has the shape of the values, {values.shape}; found {valid.shape}")
        arrays: dict[str, NDArray[Any] | None] = {"values": values, "affine": affine, "slice_positions_mm": positions, "valid": valid}
        for name, array in arrays.items():
            if array is not None:
                array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __setstate__(self, state: list[object]) -> None:
        restore(self, state)

    def _card(self) -> Card:
        slices, rows, columns = self.shape
        sizes = " x ".join(f"{size:.3g}" for size in self.spacing_mm)
        facts = [f"{counted(slices, 'slice')} of {rows} x {columns} voxels", f"{sizes} mm", f"tier {self.calibration.tier.value}"]
        if self.findings:
            facts.append(counted(len(self.findings), "finding"))
        return Card("Volume", self.source or "in memory", tuple(facts), ("finding",), tuple((f,) for f in self.findings))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns)."""
        slices, rows, columns = self.values.shape
        return slices, rows, columns

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector across the slices, towards later ones, LPS."""
        return _normal(self.affine)

    @property
    def slice_step_mm(self) -> float:
        """Mean distance between the planes of neighbouring slices, mm."""
        return _step_mm(self.affine)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring slices (along their normal), rows and columns, mm."""
        row, column = (float(np.linalg.norm(self.affine[:3, k])) for k in (1, 2))
        return self.slice_step_mm, row, column

    @property
    def spacing(self) -> Spacing:
        """Size of a pixel of a slice."""
        _, row, column = self.spacing_mm
        return Spacing(row, column, SpacingBasis.PATIENT, "the positions and the spacing of the slices")

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of a voxel at the mean distance of the slices, mm3; a shear changes nothing in it."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def sheared(self) -> bool:
        """Whether slices are shifted within their plane from one to the next, as with a tilted gantry, or rows are not at right angles to columns."""
        steps = self.affine[:3, :3] / np.linalg.norm(self.affine[:3, :3], axis=0)
        return bool(np.abs(steps.T @ steps - np.eye(3)).max() > STEP_TOLERANCE)

    @property
    def positions_mm(self) -> NDArray[np.float64]:
        """Where each slice lies along the normal, from the first one, mm, shape (slices,)."""
        if self.slice_positions_mm is not None:
            return self.slice_positions_mm
        return np.arange(self.shape[0], dtype=np.float64) * np.float64(self.slice_step_mm)

    @property
    def slice_widths_mm(self) -> NDArray[np.float64]:
        """What each slice stands for along the normal, mm, shape (slices,): half the way to each neighbour; at both ends, twice the half way."""
        at = self.positions_mm
        if len(at) == 1:
            return np.array([self.slice_step_mm])
        gaps = np.diff(at)
        return np.asarray((np.concatenate([gaps[:1], gaps]) + np.concatenate([gaps, gaps[-1:]])) / 2, np.float64)

    def to_patient(self, positions: ArrayLike) -> NDArray[np.float64]:
        """Where voxel positions, shape (..., 3), lie in the patient, mm, LPS; a slice lies where its position says."""
        at = np.array(positions, float)
        if self.slice_positions_mm is not None and self.shape[0] > 1:
            at[..., 0] = _along(at[..., 0], self.slice_positions_mm) / self.slice_step_mm
        return np.asarray(at @ self.affine[:3, :3].T + self.affine[:3, 3])


def _along(slices: NDArray[Any], positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions of slice numbers that need not be whole: linear between two slices, and beyond the ends with the distance there."""
    lower = np.clip(np.floor(slices).astype(int), 0, len(positions) - 2)
    return np.asarray(positions[lower] + (slices - lower) * (positions[lower + 1] - positions[lower]))


def _normal(affine: Affine) -> NDArray[np.float64]:
    across = np.cross(affine[:3, 1], affine[:3, 2])
    across /= np.linalg.norm(across)
    return np.asarray(across if across @ affine[:3, 0] > 0 else -across)


def _step_mm(affine: Affine) -> float:
    return float(_normal(affine) @ affine[:3, 0])


def _checked_values(given: NDArray[np.int16]) -> NDArray[np.int16]:
    values = np.asarray(given)
    if values.ndim != 3 or min(values.shape) < 1:
        raise InvalidValueError(f"a volume's values have the shape (slices, rows, columns); found {values.shape}")
    if values.dtype != np.int16:
        raise InvalidValueError(f"a volume's values are int16 numbers, in HU; found {values.dtype}: apply the rescale, and round")
    return np.array(values, dtype=np.int16, copy=True, order="C")


def _checked_affine(given: ArrayLike) -> Affine:
    if not np.issubdtype(np.asarray(given).dtype, np.number) or np.iscomplexobj(given):
        raise InvalidValueError(f"an affine is made of real numbers; found {given!r}")
    affine = np.array(given, dtype=np.float64, copy=True)
    if affine.shape == (4, 4) and not np.isfinite(affine).all():
        raise InvalidValueError(f"an affine is made of finite numbers; found {affine.tolist()}")
    if affine.shape != (4, 4) or not np.array_equal(affine[3], (0, 0, 0, 1)):
        raise InvalidValueError(f"an affine has the shape (4, 4) and the last row 0 0 0 1; found {affine.tolist()}")
    sides = np.linalg.norm(affine[:3, :3], axis=0)
    if not (sides > 0).all() or abs(np.linalg.det(affine[:3, :3] / sides)) < STEP_TOLERANCE:
        raise InvalidValueError(f"an affine has an inverse: slices, rows and columns run in three directions; found {affine[:3, :3].tolist()}")
    return affine


def _checked_positions(given: ArrayLike | None, slices: int, step_mm: float) -> NDArray[np.float64] | None:
    if given is None:
        return None
    positions = np.array(given, dtype=np.float64, copy=True)
    if positions.shape != (slices,):
        raise InvalidValueError(f"there is one position for each of {counted(slices, 'slice')}; found the shape {positions.shape}")
    if not np.isfinite(positions).all() or positions[0] != 0 or not (np.diff(positions) > 0).all():
        raise InvalidValueError(f"positions of slices are finite, begin with 0 and ascend; found {positions.tolist()}")
    if slices > 1 and abs(positions[-1] / (slices - 1) / step_mm - 1) > STEP_TOLERANCE:
        raise InvalidValueError(
            f"the affine's distance between slices is the mean of their positions, {positions[-1] / (slices - 1):.6g} mm; found {step_mm:.6g} mm"
        )
    return positions


Image = Radiograph | Volume
"""What a timeline is made of: projections, or scans."""
