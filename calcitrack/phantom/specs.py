"""Specifications of a simulated patient, a visit and a film: everything that is decided before the simulation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from calcitrack.errors import InvalidValueError
from calcitrack.model.display import counted


class BodyPart(StrEnum):
    """Body parts that can be simulated, by their DICOM defined term in lower case."""

    HAND = "hand"
    ELBOW = "elbow"
    KNEE = "knee"
    FOOT = "foot"


class Form(StrEnum):
    """Forms of calcinosis on radiographs (Bartoli et al., 2016)."""

    STONE = "stone"
    TUMORAL = "tumoral"
    SHEET = "sheet"
    NET = "net"
    PUNCTATE = "punctate"


class Course(StrEnum):
    """Course of a deposit over the visits."""

    GROWING = "growing"
    REGRESSING = "regressing"
    STABLE = "stable"
    NEW = "new"
    RESOLVED = "resolved"


class Style(StrEnum):
    """Kinds of image file that detectors and workstations write."""

    LIN = "lin"
    """DX FOR PROCESSING, proportional to the signal."""
    LOG = "log"
    """DX FOR PROCESSING, proportional to the logarithm of the signal."""
    PRESENTATION = "pres"
    """DX FOR PRESENTATION: a vendor's curve and edge enhancement."""
    CR = "cr"
    """CR with a curve and no statement about linearity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositSpec:
    """One deposit of a patient.

    Parameters
    ----------
    deposit_id
        From 1, stable over the visits.
    seed
        Seed of its shape.
    segment
        The bone it moves with.
    position_mm
        (across, along, towards the back) in that bone's frame; along is counted from the bone's near end.
    size_mm
        Extent along its longest axis at volume factor 1.
    conc_mg_cm3
        Mean HA concentration inside it.
    volume_factors
        Volume relative to the reference at each visit, 0 where it does not exist.
    """

    deposit_id: int
    form: Form
    course: Course
    seed: int
    segment: str
    position_mm: tuple[float, float, float]
    size_mm: float
    conc_mg_cm3: float
    volume_factors: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.size_mm <= 0 or self.conc_mg_cm3 <= 0 or not self.volume_factors or min(self.volume_factors) < 0:
            raise InvalidValueError(f"deposit {self.deposit_id} needs a positive size and concentration and a volume factor >= 0 for each visit")


EPIPHYSES_APPEAR_YEARS, EPIPHYSES_FULL_YEARS = 1.2, 7.0
"""Ages between which the nuclei of phalanges and metacarpals appear and grow as wide as the shaft: medians of Greulich and Pyle's atlas, rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientSpec:
    """A person: the properties that stay the same over the visits.

    Parameters
    ----------
    seed
        Seed of the shapes of bones and soft tissue and of their texture.
    scale
        Length of this body part relative to an adult's mean.
    mineral
        Bone mineral relative to a healthy adult's: below 1 is osteopenic.
    cortex
        Cortical thickness relative to a healthy adult's.
    flesh
        Thickness of the soft tissue relative to the mean.
    fat_mm
        Thickness of the subcutaneous fat.
    growth_plate
        1 at three years, 0 when all growth plates have closed.
    """

    patient_id: str
    seed: int
    body_part: BodyPart
    age_years: float
    birth_date: dt.date
    sex: str
    laterality: str
    scale: float
    mineral: float
    cortex: float
    flesh: float
    fat_mm: float
    growth_plate: float
    deposits: tuple[DepositSpec, ...] = ()

    @property
    def ossified(self) -> float:
        """Size of the nuclei of the epiphyses relative to grown ones: they appear in the second year and fill their cartilage by seven."""
        return min(1.0, max(0.0, (self.age_years - EPIPHYSES_APPEAR_YEARS) / (EPIPHYSES_FULL_YEARS - EPIPHYSES_APPEAR_YEARS)))

    def __post_init__(self) -> None:
        if self.laterality not in ("L", "R"):
            raise InvalidValueError(f"a simulated limb is L or R; found {self.laterality!r}")
        if not 0.3 <= self.scale <= 1.5:
            raise InvalidValueError(f"a body part's scale lies between 0.3 and 1.5; found {self.scale}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """The detector's field and the geometry.

    Parameters
    ----------
    rows, columns
        Pixels of the film.
    pitch_mm
        Distance between pixel centres at the detector.
    sid_mm
        Source to detector distance.
    centre_mm
        Position of the middle of the body part, (right, up) of the film's centre.
    rotation_deg
        The part's turn in the plane of the film.
    roll_deg
        Its turn about its own long axis.
    margin_mm
        (left, right, top, bottom) collimated edges: outside, the beam is blocked.
    """

    rows: int
    columns: int
    pitch_mm: float
    sid_mm: float = 1050.0
    centre_mm: tuple[float, float] = (0.0, 0.0)
    rotation_deg: float = 0.0
    roll_deg: float = 0.0
    margin_mm: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if min(self.rows, self.columns) < 16 or self.pitch_mm <= 0 or self.sid_mm <= 300:
            raise InvalidValueError("a field has at least 16 x 16 pixels, a positive pitch and more than 300 mm from source to detector")


@dataclass(frozen=True, slots=True, kw_only=True)
class BeamSpec:
    """The exposure.

    Parameters
    ----------
    kvp, filter_mm_al
        As the header states them.
    kvp_error, filter_error_mm
        True value less the stated one.
    quanta_per_mm2
        Detected photons in the open field.
    scatter
        Scatter relative to the mean table (1 is the table).
    heel
        Change of the beam over 400 mm along the anode axis, a fraction.
    heel_angle_deg
        Direction of that axis on the film.
    """

    kvp: float
    filter_mm_al: float = 2.5
    kvp_error: float = 0.0
    filter_error_mm: float = 0.0
    quanta_per_mm2: float = 250_000.0
    scatter: float = 1.0
    heel: float = 0.1
    heel_angle_deg: float = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSpec:
    """Conversion of the signal to stored values.

    Parameters
    ----------
    blur_mm
        Standard deviation of the detector's point spread.
    electronic
        Read-out noise, a fraction of the open field's signal.
    bits
        Bits stored.
    open_level
        Stored open-field value as a fraction of full scale (LIN) or of the LOG offset.
    log_gain
        Stored units per decade of signal as a fraction of full scale (LOG).
    inverted
        LOG: higher stored values are less beam; CR: MONOCHROME1.
    curve_centre, curve_slope
        Position and steepness of the vendor's sigmoid over log attenuation.
    edge_gain, edge_mm
        Unsharp masking of the presentation picture.
    """

    style: Style
    blur_mm: float = 0.11
    electronic: float = 0.0006
    bits: int = 14
    open_level: float = 0.82
    log_gain: float = 0.25
    inverted: bool = False
    curve_centre: float = 1.0
    curve_slope: float = 2.2
    edge_gain: float = 0.6
    edge_mm: float = 1.2

    def __post_init__(self) -> None:
        if not 8 <= self.bits <= 16:
            raise InvalidValueError(f"stored values have 8 to 16 bits; found {self.bits}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DistractorSpec:
    """Objects on the film that are not deposits.

    Parameters
    ----------
    marker
        A lead letter for the side.
    wedge_mm_al
        Steps of an aluminium wedge, mm, in order; empty without one.
    wedge_runs
        Length of each step relative to the mean; empty for equal ones.
    wedge_turn_deg
        The wedge's turn in the plane of the film.
    rings, cannulas, splints, clips
        Number of each.
    """

    marker: bool = False
    wedge_mm_al: tuple[float, ...] = ()
    wedge_runs: tuple[float, ...] = ()
    wedge_turn_deg: float = 0.0
    rings: int = 0
    cannulas: int = 0
    splints: int = 0
    clips: int = 0

    def __post_init__(self) -> None:
        if self.wedge_runs and (len(self.wedge_runs) != len(self.wedge_mm_al) or min(self.wedge_runs) <= 0):
            raise InvalidValueError(f"a wedge has one positive run a step; found {self.wedge_runs} for {counted(len(self.wedge_mm_al), 'step')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitSpec:
    """One exposure.

    Parameters
    ----------
    index
        1 is the baseline.
    repeat
        0 for the first exposure of the visit, 1 for the repeat.
    seed
        Seed of the pose, the placement of objects and the noise.
    """

    index: int
    repeat: int
    date: dt.date
    seed: int
    field: FieldSpec
    beam: BeamSpec
    detector: DetectorSpec
    distractors: DistractorSpec = DistractorSpec()

    @property
    def stem(self) -> str:
        """File name without ending."""
        return f"visit{self.index}" + ("-retest" if self.repeat == 1 else f"-retest{self.repeat}" if self.repeat else "")
