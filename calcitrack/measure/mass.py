"""Hydroxyapatite mass from attenuation contrast, with its uncertainty.

On a film that an aluminium step wedge calibrates, contrast becomes aluminium first, and hydroxyapatite follows from the aluminium: the wedge's
own unit needs little knowledge of the beam (from 45 to 80 kV it changes by a tenth, the contrast itself by a factor of 2.3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from calcitrack.calibrate.scatter import primary_contrast, scatter_to_primary
from calcitrack.calibrate.spectrum import (
    DEFAULT_FILTER_MM_AL,
    DENSITY_G_CM3,
    TABULATED_KVP,
    AluminiumScale,
    ContrastCurve,
    aluminium_filter,
    aluminium_scale,
    beam,
    contrast_curve,
    mass_attenuation,
)
from calcitrack.measure.background import Neighbourhood
from calcitrack.measure.magnification import magnification
from calcitrack.measure.options import MeasureOptions
from calcitrack.measure.size import delineation_relative_sd, outline_relative_sd
from calcitrack.model.calibration import Calibration, Tier
from calcitrack.model.image import Radiograph

FloatArray = NDArray[np.float64]

SCATTER_RELATIVE_SD = 0.3
"""Relative standard uncertainty of the scatter-to-primary ratio: the table is for one geometry and one field size."""
BEAM_RELATIVE_SD = 0.05
"""Relative standard uncertainty of the beam's curve: 5 kV or 1 mm Al off change it by 12 % at most; typical errors are less than half that."""
BONE_RELATIVE_SD = 0.07
"""Relative standard uncertainty of the mass of what lies over bone: bone under a deposit is weighed as the tissue that attenuates as much, whose
scatter and hardening differ. 100 mg/cm2 over 0.15 to 0.35 g/cm2 of bone in 1 to 2 cm of tissue read 2 to 13 % too low at 50 to 65 kV (computed with
`calcitrack.calibrate.spectrum` and `calcitrack.calibrate.scatter`); the bone's texture is in the background's uncertainty."""
TRUNK = frozenset(
    {"CHEST", "THORAX", "RIB", "RIBS", "STERNUM", "CLAVICLE", "SCAPULA", "SHOULDER", "BREAST", "ABDOMEN", "ABDOMENPELVIS", "CHESTABDOMEN"}
    | {"CHESTABDPELVIS", "PELVIS", "HIP", "HIPS", "SIJOINT", "SPINE", "CSPINE", "CTSPINE", "TSPINE", "TLSPINE", "LSPINE", "LSSPINE", "SSPINE"}
    | {"SACRUM", "COCCYX", "HEAD", "SKULL", "NECK"}
)
"""Words of Body Part Examined (DICOM PS3.16, annex L) for trunk, shoulder and hip girdle, and head: area and score only, no absolute mass. Scatter
there is as large as the primary beam or larger and depends on the size of field and patient; a deposit's height may be 10 cm off."""
THICKNESS_STEP_CM = 0.25
"""Beam curves are computed for thicknesses on this grid."""


@dataclass(frozen=True, slots=True)
class MassModel:
    """Data that convert a film's contrast into mass: beam, scatter, magnification.

    Parameters
    ----------
    kvp, filter_mm_al
        The beam.
    grid
        An anti-scatter grid was used.
    air
        Log attenuation of the open field.
    pixel_area_mm2
        In the plane of the film's spacing.
    magnification, magnification_sd
        Still to be divided out of that plane, and its standard uncertainty.
    curve_relative_sd
        Relative standard uncertainty of the film's nepers.
    assumptions
        Assumptions for facts that the header does not state, in words.
    by_wedge
        An aluminium step wedge calibrates the film: contrast is aluminium first.
    """

    kvp: float
    filter_mm_al: float
    grid: bool
    air: float
    pixel_area_mm2: float
    magnification: float
    magnification_sd: float
    curve_relative_sd: float
    assumptions: tuple[str, ...]
    by_wedge: bool


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount with its own uncertainty and the one shared with the film's other deposits; all in one unit."""

    value: float
    own_sd: float
    shared_sd: float

    @property
    def sd(self) -> float:
        """Combined standard uncertainty (root sum of squares; JCGM 100:2008, 5.1.2)."""
        return float(np.hypot(self.own_sd, self.shared_sd))


def total_amount(amounts: Sequence[Amount]) -> Amount:
    """Sum over the deposits of a film: own uncertainties add in squares, shared ones in full."""
    own = float(np.sqrt(sum(a.own_sd**2 for a in amounts)))
    return Amount(sum(a.value for a in amounts), own, sum(a.shared_sd for a in amounts))


@dataclass(frozen=True, slots=True)
class Mass:
    """Mass of one deposit: hydroxyapatite in mg, and on films with a step wedge the aluminium in mm3 that it follows from."""

    ha_mg: Amount
    al_mm3: Amount | None


def mass_model(radiograph: Radiograph, air: float, flesh: float, options: MeasureOptions) -> MassModel | str:
    """Collect the header's facts for mass, or return one sentence with the reason why mass is not measurable.

    Parameters
    ----------
    air, flesh
        Median attenuation of the open field and of the limb's soft tissue.
    """
    calibration, acquisition, spacing = radiograph.calibration, radiograph.acquisition, radiograph.spacing
    reason = _obstacle(radiograph) or _beyond_the_wedge(calibration, flesh)
    if reason:
        return reason
    assert acquisition.kvp is not None and spacing.pixel_area_mm2 is not None  # noqa: PT018, S101 - _obstacle has seen both
    assumptions = [f"{calibration.relationship} values" if calibration.tier is Tier.A else "values through the film's own curve"]
    if calibration.curve_source:
        assumptions.append(calibration.curve_source)
    filter_mm = aluminium_filter(acquisition.filter_material, acquisition.filter_thickness_mm)
    if filter_mm is None:
        filter_mm = DEFAULT_FILTER_MM_AL
        assumptions.append(f"filtration of {DEFAULT_FILTER_MM_AL} mm Al assumed")
    enlarged = magnification(acquisition, spacing, options)
    assumptions += enlarged.assumptions
    grid = acquisition.grid.strip().upper() not in ("", "NONE")
    return MassModel(
        kvp=acquisition.kvp,
        filter_mm_al=filter_mm,
        grid=grid,
        air=air,
        pixel_area_mm2=spacing.pixel_area_mm2,
        magnification=enlarged.value,
        magnification_sd=enlarged.sd,
        curve_relative_sd=calibration.curve_relative_sd,
        assumptions=tuple(assumptions),
        by_wedge=calibration.tier is Tier.B,
    )


def _obstacle(radiograph: Radiograph) -> str:
    """Reason why the film gives no absolute mass; empty when it does."""
    calibration, kvp = radiograph.calibration, radiograph.acquisition.kvp
    if not calibration.in_nepers:
        return _no_nepers(calibration)
    if radiograph.spacing.pixel_area_mm2 is None:
        return "no pixel size is stated"
    if kvp is None:
        return "KVP (0018,0060) is not stated: the beam is unknown"
    low, high = TABULATED_KVP
    if not low <= kvp <= high:
        return f"KVP {kvp:g} lies outside the tabulated beams, {low:g} to {high:g} kV"
    part = radiograph.acquisition.body_part_examined
    words = re.findall("[A-Z]+", part.upper())
    if TRUNK & {*words, "".join(words)}:
        return f"body part {part}: behind so much tissue scatter is as large as the primary beam and not known well enough for an absolute mass"
    return ""


def _beyond_the_wedge(calibration: Calibration, flesh: float) -> str:
    """Reason why the wedge says nothing of this limb; empty when it does."""
    if calibration.tier is not Tier.B or calibration.curve is None or not flesh > calibration.curve[-1][1]:
        return ""
    return (
        f"the limb's soft tissue attenuates {flesh:.2g} nepers, the step wedge's curve ends at {calibration.curve[-1][1]:.2g}: what its values mean "
        "so far beyond the thickest step is not known; expose a thicker wedge with the limb"
    )


def _no_nepers(calibration: Calibration) -> str:
    """Reason why values are not nepers."""
    if calibration.tier is not Tier.A:
        why = f"; {calibration.curve_source}" if calibration.curve_source else ""
        return f"calibration tier {calibration.tier}: {calibration.reason}{why}"
    why = f", and {calibration.curve_source}" if calibration.curve_source else ""
    return f"logarithmic values: the header does not state how many stored values a factor of e takes{why}"


def deposit_mass(place: Neighbourhood, model: MassModel, over_bone: float, widening: float = 1.0) -> Mass:
    """Mass of one deposit from its contrast; `over_bone` is its share over bone, `widening` the ratio of its largest plausible to its drawn area.

    Scatter is removed, the beam's curve for the tissue in place inverted (through aluminium on a film with a step wedge), and the areal
    densities added up over the deposit and its blurred rim. Uncertainties: background, outline and delineation (own to each deposit); nepers,
    scatter, magnification, beam hardening by bone, and for hydroxyapatite also the beam itself (shared by all deposits of a film).
    """
    contrast = place.contrast[place.reach]
    background = float(np.median(place.background[place.reach])) - model.air
    tissue_cm = tissue_thickness_cm(background, model)
    ratio = scatter_to_primary(tissue_cm, grid=model.grid)
    curve = beam_curve(model.kvp, model.filter_mm_al, round(tissue_cm / THICKNESS_STEP_CM) * THICKNESS_STEP_CM)
    scale = _aluminium(model.kvp, model.filter_mm_al) if model.by_wedge else None

    def sums(values: NDArray[np.floating], s: float) -> FloatArray:
        """(mg of hydroxyapatite, mm3 of aluminium or 0) in the deposit's own plane."""
        aluminium_mm, areal_mg_cm2 = _densities(primary_contrast(values, s), background + float(np.log1p(s)), scale, curve)
        mm2 = model.pixel_area_mm2 / model.magnification**2
        return np.array([areal_mg_cm2.sum() * mm2 / 100, aluminium_mm.sum() * mm2])  # mg/cm2 times mm2 is 1/100 mg

    value = sums(contrast, ratio)
    background_sd = np.abs(sums(contrast + place.background_sd, ratio) - value)
    outline = outline_relative_sd(place.inside, float(np.sqrt(model.pixel_area_mm2))) * np.abs(value)
    delineation = delineation_relative_sd(widening, over_bone) * np.abs(value)
    own = np.sqrt(background_sd**2 + outline**2 + delineation**2)
    scatter = np.abs(sums(contrast, ratio * (1 + SCATTER_RELATIVE_SD)) - value)
    plane = 2 * model.magnification_sd / model.magnification * np.abs(value)
    nepers = np.abs(sums(contrast * (1 + model.curve_relative_sd), ratio) - value)
    beam_sd = np.array([BEAM_RELATIVE_SD, 0.0]) * value  # aluminium is read from the wedge; the beam turns it into hydroxyapatite
    bone = BONE_RELATIVE_SD * over_bone * np.abs(value)
    shared = np.sqrt(scatter**2 + beam_sd**2 + plane**2 + nepers**2 + bone**2)
    ha, al = (Amount(float(v), float(o), float(h)) for v, o, h in zip(value, own, shared, strict=True))
    return Mass(ha, al if model.by_wedge else None)


def _densities(contrast: FloatArray, below: float, scale: AluminiumScale | None, curve: ContrastCurve) -> tuple[FloatArray, FloatArray]:
    """Aluminium (mm; zeros without a wedge) and areal density of hydroxyapatite (mg/cm2) of a primary contrast on a background."""
    if scale is None:
        return np.zeros_like(contrast), curve.to_areal(contrast)
    aluminium_mm = scale.added_mm(contrast, below)
    return aluminium_mm, curve.to_areal(scale.to_contrast(aluminium_mm, below))


def tissue_thickness_cm(log_attenuation: float, model: MassModel) -> float:
    """Thickness of soft tissue with this attenuation, cm."""
    return float(np.clip(log_attenuation / _tissue_per_cm(model.kvp, model.filter_mm_al), 0, 30))


@lru_cache(maxsize=64)
def _tissue_per_cm(kvp: float, filter_mm_al: float) -> float:
    """Log attenuation of the first 2 cm of soft tissue, per cm."""
    incoming = beam(kvp, filter_mm_al)
    thickness_cm = 2.0
    through = incoming.weights * np.exp(-mass_attenuation("soft_tissue") * DENSITY_G_CM3["soft_tissue"] * thickness_cm)
    return float(-np.log(through.sum()) / thickness_cm)


@lru_cache(maxsize=64)
def beam_curve(kvp: float, filter_mm_al: float, tissue_cm: float) -> ContrastCurve:
    """Contrast of hydroxyapatite behind this much soft tissue, cm, for a beam; kept, as it is asked for again and again."""
    return contrast_curve(kvp, filter_mm_al, tissue_cm)


@lru_cache(maxsize=64)
def _aluminium(kvp: float, filter_mm_al: float) -> AluminiumScale:
    return aluminium_scale(kvp, filter_mm_al)
