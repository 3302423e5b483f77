"""X-ray spectra, attenuation coefficients, and areal density of hydroxyapatite (HA) against log contrast.

The tables in ``calibrate/data/beam_tables.npz`` were written by ``benchmarks/make_beam_tables.py`` from spekpy (spectra; Poludniowski et al.,
Med Phys 48:3630, 2021) and xraydb (coefficients; Elam, Ravel and Sieber, Radiat Phys Chem 63:121, 2002), both MIT-licensed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from calcitrack.errors import InvalidValueError

FloatArray = NDArray[np.float64]

DENSITY_G_CM3 = {
    "hydroxyapatite": 3.16,
    "soft_tissue": 1.06,
    "adipose": 0.95,
    "muscle": 1.05,
    "cortical_bone": 1.92,
    "aluminium": 2.699,
    "water": 1.0,
    "steel": 7.9,
    "titanium": 4.5,
    "gold": 15.6,
    "silver": 10.4,
    "lead": 11.35,
    "copper": 8.96,
    "gypsum": 0.9,
    "polyethylene": 0.94,
}
"""Mass densities, g/cm3: tissues of ICRU report 44; gold is a ring's 18-carat alloy; gypsum is a porous plaster splint."""

CSI_G_CM2 = 0.2
"""Areal density of a detector's caesium iodide, g/cm2: about 0.55 mm at the usual 80 % packing."""

DEFAULT_FILTER_MM_AL = 2.5
"""Total filtration where a header states none: the least that IEC 60601-1-3 allows for general radiography."""

TABULATED_KVP = (40.0, 100.0)
"""Tube voltages for which beam spectra are tabulated."""

_CURVE_MAX_MG_CM2 = 6000.0
"""Upper end of a contrast curve; 19 mm of solid HA, denser than any deposit."""


@dataclass(frozen=True, eq=False, slots=True)
class Beam:
    """A beam as its detector sees it.

    Parameters
    ----------
    energies_kev
        Bin centres, keV.
    weights
        Share of each bin in the detector's signal when nothing but the filter is in the beam; their sum is 1.
    """

    energies_kev: FloatArray
    weights: FloatArray


@dataclass(frozen=True, eq=False, slots=True)
class _Tables:
    kvp: FloatArray
    energies_kev: FloatArray
    fluence: FloatArray
    mu_cm2_g: dict[str, FloatArray]


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    """Package data, read once."""
    with resources.files("calcitrack.calibrate").joinpath("data/beam_tables.npz").open("rb") as stream, np.load(stream) as data:
        mu = {str(name): row.astype(float) for name, row in zip(data["materials"], data["mu_cm2_g"], strict=True)}
        return _Tables(data["kvp"].astype(float), data["energies_kev"].astype(float), data["fluence"].astype(float), mu)


def materials() -> tuple[str, ...]:
    """Names of materials that `mass_attenuation` accepts."""
    return tuple(sorted(_tables().mu_cm2_g))


def mass_attenuation(material: str) -> FloatArray:
    """Total mass attenuation coefficient at the energies of every `Beam`, cm2/g, shape (bins,).

    Raises
    ------
    InvalidValueError
        The material has no table.
    """
    table = _tables().mu_cm2_g
    if material not in table:
        raise InvalidValueError(f"no attenuation table for {material!r}; known materials: {', '.join(materials())}")
    return table[material]


def beam(kvp: float, filter_mm_al: float = DEFAULT_FILTER_MM_AL, csi_g_cm2: float = CSI_G_CM2) -> Beam:
    """The beam of a tungsten tube (12 degree anode) behind an aluminium filter, weighted by the energy that CsI absorbs.

    Parameters
    ----------
    kvp
        Tube voltage, kV; 40 to 100.
    filter_mm_al
        Total added filtration, mm Al.
    csi_g_cm2
        Areal density of the scintillator, g/cm2.

    Raises
    ------
    InvalidValueError
        The voltage lies outside the table, or a thickness is negative.
    """
    t = _tables()
    if not t.kvp[0] <= kvp <= t.kvp[-1]:
        raise InvalidValueError(f"beam spectra are tabulated from {t.kvp[0]:g} to {t.kvp[-1]:g} kV; found {kvp:g} kV")
    if filter_mm_al < 0 or csi_g_cm2 <= 0:
        raise InvalidValueError(f"a filter is not negative and a scintillator is positive; found {filter_mm_al} mm Al and {csi_g_cm2} g/cm2")
    low = min(int(kvp - t.kvp[0]), len(t.kvp) - 2)
    fraction = kvp - t.kvp[low]
    fluence = (1 - fraction) * t.fluence[low] + fraction * t.fluence[low + 1]
    through = np.exp(-t.mu_cm2_g["aluminium"] * DENSITY_G_CM3["aluminium"] * filter_mm_al / 10)
    absorbed = 1 - np.exp(-t.mu_cm2_g["caesium_iodide"] * csi_g_cm2)
    weights = fluence * through * absorbed * t.energies_kev
    keep = weights > 0
    full = np.where(keep, weights, 0.0)
    return Beam(t.energies_kev, full / full.sum())


@dataclass(frozen=True, eq=False, slots=True)
class ContrastCurve:
    """Areal density of HA against log contrast for one beam and one thickness of tissue.

    HA displaces tissue: the contrast is against the same place without the deposit.

    Parameters
    ----------
    areal_mg_cm2
        Ascending, mg/cm2, from 0.
    contrast
        ``-ln(I / I_without_deposit)`` at these densities, ascending from 0.
    """

    areal_mg_cm2: FloatArray
    contrast: FloatArray

    def to_contrast(self, areal_mg_cm2: NDArray[np.floating]) -> FloatArray:
        """Log contrast of an areal density; linear through zero for negative values (noise around an empty place)."""
        return _extended(np.asarray(areal_mg_cm2, float), self.areal_mg_cm2, self.contrast)

    def to_areal(self, contrast: NDArray[np.floating]) -> FloatArray:
        """Areal density, mg/cm2, of a log contrast: beam hardening inverted; linear through zero and beyond the end of the curve."""
        return _extended(np.asarray(contrast, float), self.contrast, self.areal_mg_cm2)


def _extended(x: FloatArray, xs: FloatArray, ys: FloatArray) -> FloatArray:
    inside = np.interp(x, xs, ys)
    below = x * (ys[1] - ys[0]) / (xs[1] - xs[0])
    above = ys[-1] + (x - xs[-1]) * (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
    result: FloatArray = np.where(x < xs[0], below, np.where(x > xs[-1], above, inside))
    return result


def contrast_curve(
    kvp: float, filter_mm_al: float = DEFAULT_FILTER_MM_AL, tissue_cm: float = 0.5, bone_g_cm2: float = 0.0, csi_g_cm2: float = CSI_G_CM2
) -> ContrastCurve:
    """Log contrast of HA from 0 to 6 g/cm2 behind a thickness of tissue.

    Parameters
    ----------
    kvp, filter_mm_al, csi_g_cm2
        As in `beam`.
    tissue_cm
        Soft tissue in the beam, cm.
    bone_g_cm2
        HA of bone already in the beam, g/cm2: it hardens the beam for a deposit over it.
    """
    incoming = beam(kvp, filter_mm_al, csi_g_cm2)
    ha, soft = mass_attenuation("hydroxyapatite"), mass_attenuation("soft_tissue")
    weights = incoming.weights * np.exp(-soft * DENSITY_G_CM3["soft_tissue"] * tissue_cm - ha * bone_g_cm2)
    displaced = ha - soft * DENSITY_G_CM3["soft_tissue"] / DENSITY_G_CM3["hydroxyapatite"]
    areal = np.concatenate([[0.0], np.geomspace(1.0, _CURVE_MAX_MG_CM2, 160)])
    signal = (weights * np.exp(-displaced * areal[:, None] / 1000)).sum(axis=1)
    return ContrastCurve(areal, -np.log(signal / weights.sum()))


def effective_coefficient(curve: ContrastCurve, areal_mg_cm2: float) -> float:
    """Contrast over areal density at one areal density, cm2/g: the mass attenuation of HA less that of the tissue it displaces."""
    if areal_mg_cm2 <= 0:
        raise InvalidValueError(f"an effective coefficient needs a positive areal density; found {areal_mg_cm2} mg/cm2")
    return float(curve.to_contrast(np.array(areal_mg_cm2))) / areal_mg_cm2 * 1000


def aluminium_curve(kvp: float, filter_mm_al: float = DEFAULT_FILTER_MM_AL, csi_g_cm2: float = CSI_G_CM2) -> tuple[FloatArray, FloatArray]:
    """Thickness of aluminium (mm, 0 to 30) and its log attenuation in the bare beam."""
    incoming = beam(kvp, filter_mm_al, csi_g_cm2)
    thickness = np.linspace(0, 30, 121)
    mu = mass_attenuation("aluminium") * DENSITY_G_CM3["aluminium"] / 10
    signal = (incoming.weights * np.exp(-mu * thickness[:, None])).sum(axis=1)
    return thickness, -np.log(signal)


@dataclass(frozen=True, eq=False, slots=True)
class AluminiumScale:
    """Thickness of aluminium against log attenuation in one bare beam, as a step wedge in the open field shows it.

    Parameters
    ----------
    thickness_mm
        Ascending, mm, from 0.
    attenuation
        ``-ln(I / I_open)`` at these thicknesses, ascending from 0.
    """

    thickness_mm: FloatArray
    attenuation: FloatArray

    def added_mm(self, contrast: NDArray[np.floating], below: float) -> FloatArray:
        """Aluminium that adds this log contrast to a background that attenuates by `below`: the difference of two readings of the wedge."""
        bed = _extended(np.array(below), self.attenuation, self.thickness_mm)
        return _extended(below + np.asarray(contrast, float), self.attenuation, self.thickness_mm) - bed

    def to_contrast(self, added_mm: NDArray[np.floating], below: float) -> FloatArray:
        """Log contrast of `added_mm` of aluminium on a background that attenuates by `below`; the inverse of the method `added_mm`."""
        bed = _extended(np.array(below), self.attenuation, self.thickness_mm)
        return _extended(bed + np.asarray(added_mm, float), self.thickness_mm, self.attenuation) - below


def aluminium_scale(kvp: float, filter_mm_al: float = DEFAULT_FILTER_MM_AL, csi_g_cm2: float = CSI_G_CM2) -> AluminiumScale:
    """`aluminium_curve` as a scale that converts both ways."""
    return AluminiumScale(*aluminium_curve(kvp, filter_mm_al, csi_g_cm2))


def aluminium_filter(material: str, thickness_mm: float | None) -> float | None:
    """Filter thickness, mm Al, when a header states an aluminium filter of plausible thickness; else ``None``."""
    if thickness_mm is None or not material.strip().upper().startswith("ALUMIN"):
        return None
    return thickness_mm if 0 < thickness_mm <= 20 else None
