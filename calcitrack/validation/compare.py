"""Compare the results of one film with its truth. The definitions are on the page ``docs/explanation/accuracy.md``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from calcitrack.model.assessment import ImageAssessment
from calcitrack.model.image import Mask
from calcitrack.model.measurement import Measurement, Result
from calcitrack.model.segmentation import Labels
from calcitrack.phantom.simulate import DepositTruth, SimulatedFilm
from calcitrack.phantom.specs import BodyPart, FieldSpec, Style
from calcitrack.validation.overlap import Overlap, overlap

VISIBLE_PEAK_MG_CM2 = 40.0
"""A true deposit counts where a careful reader could see it: from this areal density at its peak, as in the external phantom set's scoring."""
VISIBLE_AREA_MM2 = 1.5
"""And from this area in its own plane."""
SOFT_TISSUE_SHARE = 0.3
"""It lies in soft tissue when at most this share of its shadow is over bone."""
HIT_COVER = 0.3
"""It is found when this share of it is covered by found deposits,"""
HIT_IOU = 0.1
"""or when one of them has this intersection over union with it."""
FALSE_AREA_MM2 = 0.5
"""Smaller found deposits count neither as real nor as false."""
FALSE_SHARE = 0.1
"""A found deposit is false when less than this share of it is a true one."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FilmTruth:
    """Truth of a simulated film, kept after it was assessed.

    Parameters
    ----------
    labels
        Shape (rows, columns): 0 or the id of the true deposit.
    cut
        Ids of deposits that reach beyond the film or under the collimator's blades: their mass and area on the film are not those of the
        whole deposit, so they count neither as found nor as missed.
    """

    patient_id: str
    body_part: BodyPart
    style: Style
    visit: int
    repeat: int
    pitch_mm: float
    labels: Labels
    deposits: tuple[DepositTruth, ...]
    cut: frozenset[int] = frozenset()

    @classmethod
    def of(cls, film: SimulatedFilm) -> FilmTruth:
        """The truth of a film, without its pixels."""
        field = film.visit.field
        outside = np.unique(film.labels[~_open_field(field)]).tolist()
        return cls(
            patient_id=film.patient.patient_id,
            body_part=film.patient.body_part,
            style=film.visit.detector.style,
            visit=film.visit.index,
            repeat=film.visit.repeat,
            pitch_mm=field.pitch_mm,
            labels=film.labels,
            deposits=film.deposits,
            cut=frozenset(outside) - {0},
        )


def _open_field(field: FieldSpec) -> Mask:
    """Pixels that the beam reaches, less the outermost row and column."""
    left, right, top, bottom = (max(m / field.pitch_mm, 1.0) for m in field.margin_mm)
    row, column = np.arange(field.rows) + 0.5, np.arange(field.columns) + 0.5
    rows = (row > top) & (row < field.rows - bottom)
    columns = (column > left) & (column < field.columns - right)
    return np.asarray(rows[:, None] & columns[None, :])


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositComparison:
    """One true deposit, and the found one that overlaps most with it.

    Parameters
    ----------
    visible
        True when it is large and dense enough to count, and not cut off.
    soft
        True in soft tissue, False over bone.
    hit
        True when it was found.
    true_mass_mg, true_area_mm2
        In the deposit's own plane.
    outlined_mass_mg
        True mass of all deposits whose best match is the found one: larger than this deposit's where neighbours were joined.
    outlined_volume_mm3
        True volume of the same deposits.
    shadow_area_mm2
        True area at the detector, where a film's area is measured.
    mass, area, volume
        Measurements of the found deposit; ``None`` when nothing overlaps.
    identity
        Its id over time; empty when the deposit was not found.
    """

    deposit_id: int
    visible: bool
    soft: bool
    hit: bool
    true_mass_mg: float
    true_area_mm2: float
    shadow_area_mm2: float
    outlined_mass_mg: float
    outlined_volume_mm3: float
    mass: Result | None = None
    area: Result | None = None
    volume: Result | None = None
    identity: str = ""


@dataclass(frozen=True, slots=True)
class FoundDeposit:
    """A found deposit of at least `FALSE_AREA_MM2`: its confidence, and whether it is real."""

    confidence: float
    real: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmComparison:
    """Comparison of one film: the data of the scores.

    Parameters
    ----------
    n_true, n_cut
        Number of true deposits on the film, and of those cut off.
    dice
        Overlap of found with true deposits in soft tissue; ``None`` on a film without any.
    mass_mg, area_mm2
        Totals of the found deposits; ``None`` when not measurable.
    seconds
        Time it took to assess the film.
    """

    patient_id: str
    body_part: BodyPart
    style: Style
    visit: int
    repeat: int
    n_true: int
    n_cut: int
    deposits: tuple[DepositComparison, ...]
    found: tuple[FoundDeposit, ...]
    dice: float | None
    mass_mg: float | None
    area_mm2: float | None
    seconds: float

    @property
    def n_false(self) -> int:
        """Number of false detections."""
        return sum(not f.real for f in self.found)


def compare(truth: FilmTruth, image: ImageAssessment, seconds: float = 0.0) -> FilmComparison:
    """Compare one film's truth with its assessment.

    Parameters
    ----------
    truth
        Truth of the film.
    image
        Measured deposits of the film; its labels have the shape of the truth's.
    seconds
        Time the assessment took.

    Raises
    ------
    InvalidValueError
        The label maps differ in shape.
    """
    shared = overlap(image.segmentation.labels, truth.labels)
    pixel_mm2 = truth.pitch_mm**2
    sized = [d.deposit for d in image.deposits if shared.found.get(d.deposit.label, 0) * pixel_mm2 >= FALSE_AREA_MM2]
    return FilmComparison(
        patient_id=truth.patient_id,
        body_part=truth.body_part,
        style=truth.style,
        visit=truth.visit,
        repeat=truth.repeat,
        n_true=len(truth.deposits),
        n_cut=len(truth.cut),
        deposits=tuple(_deposit(d, truth, shared, image) for d in truth.deposits),
        found=tuple(FoundDeposit(d.confidence, shared.true_share(d.label) >= FALSE_SHARE) for d in sized),
        dice=_dice(truth, image.segmentation.labels),
        mass_mg=_total(d.deposit.measurements["ha_mass_mg"] for d in image.deposits),
        area_mm2=_total(d.deposit.measurements["area_mm2"] for d in image.deposits),
        seconds=seconds,
    )


def _best(truth: DepositTruth, shared: Overlap) -> int:
    """The found deposit that overlaps most with a true one; 0 for none."""
    overlaps = shared.of_true(truth.deposit_id)
    return max(overlaps, key=lambda label: (overlaps[label], -label), default=0)


def _deposit(truth: DepositTruth, film: FilmTruth, shared: Overlap, image: ImageAssessment) -> DepositComparison:
    pixels = shared.true.get(truth.deposit_id, 0)
    overlaps = shared.of_true(truth.deposit_id)
    best = _best(truth, shared)
    hit = bool(best) and _is_hit(pixels, overlaps, best, shared)
    tracked = next((d for d in image.deposits if d.deposit.label == best), None)
    outlined = [t for t in film.deposits if t is truth or (best and _best(t, shared) == best)]
    measured = tracked.deposit.measurements if tracked else {}
    return DepositComparison(
        deposit_id=truth.deposit_id,
        visible=_visible(truth) and truth.area_object_mm2 >= VISIBLE_AREA_MM2 and truth.deposit_id not in film.cut,
        soft=truth.over_bone <= SOFT_TISSUE_SHARE,
        hit=hit,
        true_mass_mg=truth.ha_mg,
        true_area_mm2=truth.area_object_mm2,
        shadow_area_mm2=truth.area_detector_mm2,
        outlined_mass_mg=sum(t.ha_mg for t in outlined),
        outlined_volume_mm3=sum(t.volume_mm3 for t in outlined),
        mass=measured.get("ha_mass_mg"),
        area=measured.get("area_mm2"),
        volume=measured.get("volume_mm3"),
        identity=tracked.deposit_id if tracked and hit else "",
    )


def _is_hit(pixels: int, overlaps: dict[int, int], best: int, shared: Overlap) -> bool:
    cover = sum(overlaps.values()) / pixels
    iou = overlaps[best] / (shared.found[best] + pixels - overlaps[best])
    return cover >= HIT_COVER or iou >= HIT_IOU


def _visible(truth: DepositTruth) -> bool:
    return truth.peak_mg_cm2 >= VISIBLE_PEAK_MG_CM2


def _dice(truth: FilmTruth, found: Labels) -> float | None:
    """Dice coefficient with the dense deposits in soft tissue; pixels of other true deposits are ignored."""
    ids: Sequence[int] = [d.deposit_id for d in truth.deposits if d.over_bone <= SOFT_TISSUE_SHARE and _visible(d)]
    wanted = np.isin(truth.labels, ids)
    if not wanted.any():
        return None
    claimed = (found > 0) & (wanted | (truth.labels == 0))
    return float(2 * (wanted & claimed).sum() / (wanted.sum() + claimed.sum()))


def _total(results: Iterable[Result]) -> float | None:
    """Sum of results: 0 when nothing was found, ``None`` when nothing found is measurable."""
    listed = list(results)
    values = [r.value for r in listed if isinstance(r, Measurement)]
    return None if listed and not values else sum(values)
