"""A radiograph, and what its file says about how it was made."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calcitrack.errors import InvalidValueError
from calcitrack.model.calibration import Calibration
from calcitrack.model.display import Card, Displayed, counted
from calcitrack.model.read_only import restore
from calcitrack.model.spacing import Spacing

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
