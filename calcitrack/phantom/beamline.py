"""Material in the beam -> noisy detector signal: attenuation, heel effect, scatter, blur, quanta."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from calcitrack.calibrate.spectrum import beam, mass_attenuation
from calcitrack.phantom.projection import FilmWindow, FloatImage, Grid
from calcitrack.phantom.specs import BeamSpec, DetectorSpec

_GROUPS = 14
"""Energy groups of the polychromatic sum; 14 reproduce the full sum within 0.1 % behind bone (tests)."""

_SCATTER_PER_MM = 0.0068
"""Scatter-to-primary ratio for each mm of tissue without grid: a straight line near the ratios of `calcitrack.calibrate.scatter` (0.10 at a finger's
15 mm, 0.20 at a palm's 30). The program thus removes nearly the scatter that is added here: simulated films cannot show the error on real scatter."""

_SCATTER_SPREAD = ((7.0, 0.4), (24.0, 0.6))
"""(standard deviation mm, share) of the scatter kernel; a narrow and a wide part, after Sun and Star-Lack, Phys Med Biol 55:6695 (2010)."""

_ROWS_AT_ONCE = 48
"""Rows of one block of the energy sum: it stays in the processor's cache."""

_QUANTA_BLUR = 0.55
"""The share of the point spread that quantum noise passes through: depth of interaction leaves the finest noise sharper than the picture."""


@dataclass(frozen=True, eq=False, slots=True)
class Object:
    """An object on the film that is not part of the patient.

    Parameters
    ----------
    material
        A material of `calcitrack.calibrate.spectrum.mass_attenuation`.
    window
        Place on the film.
    areal_g_cm2
        Areal density in the beam, shape of the window.
    """

    material: str
    window: FilmWindow
    areal_g_cm2: FloatImage


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Load:
    """All material in the beam, g/cm2, shape (rows, columns)."""

    soft: FloatImage
    fat: FloatImage
    ha: FloatImage
    objects: tuple[Object, ...] = field(default=())


@dataclass(frozen=True, eq=False, slots=True)
class _Groups:
    weights: FloatImage
    members: tuple[np.ndarray, ...]
    shares: tuple[np.ndarray, ...]

    def coefficient(self, material: str) -> FloatImage:
        mu = mass_attenuation(material)
        return np.array([(mu[m] * s).sum() for m, s in zip(self.members, self.shares, strict=True)], np.float32)


def _groups(spec: BeamSpec) -> _Groups:
    """Groups of neighbouring energies with about equal signal behind a finger."""
    incoming = beam(spec.kvp + spec.kvp_error, max(0.5, spec.filter_mm_al + spec.filter_error_mm))
    behind = incoming.weights * np.exp(-mass_attenuation("soft_tissue") * 2.0)
    order = np.minimum((np.cumsum(behind) / behind.sum() * _GROUPS).astype(int), _GROUPS - 1)
    members = tuple(np.flatnonzero(order == g) for g in range(_GROUPS) if (order == g).any())
    weights = np.array([incoming.weights[m].sum() for m in members], np.float32)
    shares = tuple(behind[m] / max(behind[m].sum(), 1e-300) for m in members)
    return _Groups(weights, members, shares)


def primary(load: Load, spec: BeamSpec) -> FloatImage:
    """Signal of the primary beam, 1 in the open field."""
    groups = _groups(spec)
    mu_soft, mu_fat, mu_ha = (groups.coefficient(m) for m in ("soft_tissue", "adipose", "hydroxyapatite"))
    signal = np.empty_like(load.soft)
    for top in range(0, len(signal), _ROWS_AT_ONCE):
        rows = slice(top, top + _ROWS_AT_ONCE)
        signal[rows] = _sum(groups.weights, ((load.soft[rows], mu_soft), (load.fat[rows], mu_fat), (load.ha[rows], mu_ha)))
    touched = np.zeros(signal.shape, bool)
    for thing in load.objects:
        touched[thing.window.slices] |= thing.areal_g_cm2 > 0
    if touched.any():
        paths = [(load.soft[touched], mu_soft), (load.fat[touched], mu_fat), (load.ha[touched], mu_ha)]
        for thing in load.objects:
            canvas = np.zeros(signal.shape, np.float32)
            canvas[thing.window.slices] = thing.areal_g_cm2
            paths.append((canvas[touched], groups.coefficient(thing.material)))
        signal[touched] = _sum(groups.weights, tuple(paths))
    return signal


def _sum(weights: FloatImage, paths: tuple[tuple[FloatImage, FloatImage], ...]) -> FloatImage:
    """Weighted sum over the energy groups of the exponentials of all paths."""
    total = np.zeros_like(paths[0][0])
    work, term = np.empty_like(total), np.empty_like(total)
    for g, weight in enumerate(weights):
        np.multiply(paths[0][0], -paths[0][1][g], out=work)
        for areal, mu in paths[1:]:
            np.multiply(areal, -mu[g], out=term)
            work += term
        np.exp(work, out=work)
        work *= weight
        total += work
    return total


def _smoothed(image: FloatImage, sigma_px: float) -> FloatImage:
    """Gaussian blur, on a coarser grid where it is wide."""
    factor = max(1, int(sigma_px / 5))
    if factor == 1:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.float32)
    rows, columns = image.shape
    small = cv2.resize(image, (max(4, columns // factor), max(4, rows // factor)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / factor, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(small, (columns, rows), interpolation=cv2.INTER_CUBIC), np.float32)


def scatter(signal: FloatImage, tissue_mm: FloatImage, pitch_mm: float, strength: float) -> FloatImage:
    """Scattered signal: proportional to the thickness of tissue, and spread out."""
    source = signal * tissue_mm * np.float32(_SCATTER_PER_MM * strength)
    return sum((share * _smoothed(source, sigma / pitch_mm) for sigma, share in _SCATTER_SPREAD), start=np.zeros_like(source))


def heel(grid: Grid, spec: BeamSpec) -> FloatImage:
    """The beam falls off towards the anode: a smooth slope over the field, 1 on the central ray."""
    angle = np.deg2rad(spec.heel_angle_deg)
    x = ((np.arange(grid.columns) - grid.columns / 2) * grid.pitch_mm / 400)[None, :]
    y = ((grid.rows / 2 - np.arange(grid.rows)) * grid.pitch_mm / 400)[:, None]
    along = x * np.cos(angle) + y * np.sin(angle)
    return np.asarray(1 + spec.heel * along - 0.35 * spec.heel * along**2, np.float32)


def detect(signal: FloatImage, beam_spec: BeamSpec, detector: DetectorSpec, pitch_mm: float, rng: np.random.Generator) -> FloatImage:
    """Add blur and noise: quantum noise in each pixel, light spread, electronic noise."""
    sigma = detector.blur_mm / pitch_mm
    blurred = cv2.GaussianBlur(signal, (0, 0), sigma)
    quanta = np.float32(beam_spec.quanta_per_mm2 * pitch_mm**2)
    white = rng.standard_normal(signal.shape, dtype=np.float32)
    fine = sigma * _QUANTA_BLUR
    if fine > 0.25:
        white = np.asarray(cv2.GaussianBlur(white, (0, 0), fine), np.float32)
    noise = white * np.sqrt(np.maximum(blurred, 1e-6) / quanta)
    noise += np.float32(detector.electronic) * rng.standard_normal(signal.shape, dtype=np.float32)
    return np.asarray(np.maximum(blurred + noise, 1e-5), np.float32)
