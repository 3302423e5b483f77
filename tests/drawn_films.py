"""Films drawn from formulas, so that every value on them is known: a limb of elliptical section with one bone and chosen deposits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.calibrate.intensity import attenuation, classify
from calcitrack.calibrate.scatter import scatter_to_primary
from calcitrack.calibrate.spectrum import DENSITY_G_CM3, beam, contrast_curve, mass_attenuation
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import Spacing, SpacingBasis

OPEN_FIELD = 12000.0
"""Stored value without anything in the beam."""
KVP, FILTER_MM_AL = 55.0, 3.0
LIMB_WIDTH_MM, LIMB_THICK_MM = 60.0, 20.0
"""Width and greatest thickness of the limb's section."""
BONE_HALF_MM, BONE_G_CM2 = 6.0, 0.35
"""Half width of the bone in the middle of the limb, and its greatest areal density of hydroxyapatite."""
DEPOSIT_NEPERS = 0.03
"""What stands this far above its column is a deposit: 15 times the noise of `draw`, and less than half of 100 mg/cm2 beside the bone."""
SURE_MM2 = 10.0
"""Area at which `find` gives a confidence of 1 - 1/e."""


@dataclass(frozen=True)
class Disc:
    """A deposit of one areal density: centre from the film's upper left corner, radius (mm), density (mg HA/cm2)."""

    row_mm: float
    column_mm: float
    radius_mm: float
    mg_cm2: float

    @property
    def area_mm2(self) -> float:
        """Area of the disc."""
        return float(np.pi * self.radius_mm**2)

    @property
    def ha_mg(self) -> float:
        """Mass of the disc."""
        return self.area_mm2 / 100 * self.mg_cm2


def draw(
    discs: Sequence[Disc] = (),
    *,
    pitch_mm: float = 0.2,
    size_mm: tuple[float, float] = (110.0, 80.0),
    relationship: str = "LIN",
    gain: float = 1.0,
    noise: float = 0.002,
    seed: int = 1,
    date: dt.date | None = None,
    uid: str = "2.25.1",
) -> Radiograph:
    """A limb that runs down the film, with noise relative to the signal; LIN FOR PROCESSING, or CR without a statement."""
    rows, columns = round(size_mm[0] / pitch_mm), round(size_mm[1] / pitch_mm)
    y = ((np.arange(rows) + 0.5) * pitch_mm)[:, None] * np.ones((1, columns))
    x = ((np.arange(columns) + 0.5) * pitch_mm)[None, :] * np.ones((rows, 1))
    across = (x - size_mm[1] / 2) / (LIMB_WIDTH_MM / 2)
    tissue_cm = LIMB_THICK_MM / 10 * np.sqrt(np.clip(1 - across**2, 0, None))
    bone = BONE_G_CM2 * np.sqrt(np.clip(1 - ((x - size_mm[1] / 2) / BONE_HALF_MM) ** 2, 0, None))
    areal = np.zeros((rows, columns))
    for disc in discs:
        areal[(y - disc.row_mm) ** 2 + (x - disc.column_mm) ** 2 <= disc.radius_mm**2] += disc.mg_cm2
    signal = _signal(tissue_cm, bone, areal)
    rng = np.random.default_rng(seed)
    stored = gain * OPEN_FIELD * signal * (1 + noise * rng.standard_normal(signal.shape))
    lin = relationship == "LIN"
    acquisition = Acquisition(
        patient_id="DRAWN",
        sop_instance_uid=uid,
        modality="DX" if lin else "CR",
        presentation_intent_type="FOR PROCESSING" if lin else "",
        photometric_interpretation="MONOCHROME1",
        pixel_intensity_relationship="LIN" if lin else "",
        pixel_intensity_relationship_sign=1 if lin else None,
        kvp=KVP,
        filter_material="ALUMINUM",
        filter_thickness_mm=FILTER_MM_AL,
        study_date=date,
    )
    calibration = classify(acquisition)
    spacing = Spacing(pitch_mm, pitch_mm, SpacingBasis.MAGNIFICATION_CORRECTED, "drawn", 1.0)
    return Radiograph(
        pixels=calibration.polarity * stored.astype(np.float32),
        spacing=spacing,
        acquisition=acquisition,
        calibration=calibration,
        source=f"drawn {uid}",
    )


def segmented(film: Radiograph, discs: Sequence[Disc] = ()) -> Segmentation:
    """The drawn discs as labels, and the drawn limb and bone."""
    pitch = film.spacing.row_mm or 1.0
    y = (np.arange(film.shape[0])[:, None] + 0.5) * pitch
    x = (np.arange(film.shape[1])[None, :] + 0.5) * pitch
    labels = np.zeros(film.shape, np.uint16)
    for k, disc in enumerate(discs, start=1):
        labels[(y - disc.row_mm) ** 2 + (x - disc.column_mm) ** 2 <= disc.radius_mm**2] = k
    away = np.abs(x - film.shape[1] * pitch / 2) * np.ones_like(y)
    return Segmentation(labels=labels, limb=away < LIMB_WIDTH_MM / 2, bone=away < BONE_HALF_MM)


def find(film: Radiograph) -> Segmentation:
    """A segmenter for drawn films: the limb is the same in every row, so that a deposit stands above the median of its column.

    The larger, the surer; numbered from the largest on.
    """
    nepers = attenuation(film)
    parts, count = ndimage.label(nepers - np.median(nepers, axis=0) > DEPOSIT_NEPERS)
    pixels = np.bincount(parts.ravel(), minlength=count + 1)[1:]
    largest_first = np.argsort(-pixels, kind="stable")
    rename = np.zeros(count + 1, np.uint16)
    rename[1 + largest_first] = np.arange(1, count + 1)
    pixel_mm2 = (film.spacing.row_mm or 1.0) * (film.spacing.column_mm or 1.0)
    confidence = {k: 1 - float(np.exp(-n * pixel_mm2 / SURE_MM2)) for k, n in enumerate(pixels[largest_first], start=1)}
    anatomy = segmented(film)
    return Segmentation(labels=rename[parts], limb=anatomy.limb, bone=anatomy.bone, confidence=confidence)


def _signal(tissue_cm: NDArray[np.float64], bone: NDArray[np.float64], areal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Primary beam through tissue, bone and deposits, and the scatter of the tissue, on a table of tissue thickness."""
    incoming = beam(KVP, FILTER_MM_AL)
    mu_soft = mass_attenuation("soft_tissue") * DENSITY_G_CM3["soft_tissue"]
    mu_ha = mass_attenuation("hydroxyapatite") - mu_soft / DENSITY_G_CM3["hydroxyapatite"]
    table_cm = np.linspace(0, LIMB_THICK_MM / 10, 60)
    bare = np.array([(incoming.weights * np.exp(-mu_soft * t)).sum() for t in table_cm])
    primary = np.interp(tissue_cm, table_cm, bare)
    over = bone > 0
    levels = np.linspace(0, BONE_G_CM2, 40)
    middle = float(np.median(tissue_cm[over])) if over.any() else 0.0
    shade = np.array([(incoming.weights * np.exp(-mu_soft * middle - mu_ha * b)).sum() for b in levels])
    primary[over] *= np.interp(bone[over], levels, shade / shade[0])
    scattered = primary * np.array([scatter_to_primary(t) for t in table_cm])[np.clip(np.searchsorted(table_cm, tissue_cm), 0, 59)]
    for t in np.unique(np.round(tissue_cm[areal > 0], 2)):
        here = (areal > 0) & (np.round(tissue_cm, 2) == t)
        primary[here] *= np.exp(-contrast_curve(KVP, FILTER_MM_AL, float(t)).to_contrast(areal[here]))
    return np.asarray(primary + scattered)
