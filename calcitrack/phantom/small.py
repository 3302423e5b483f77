"""A small film whose values follow from a formula, for the examples of docstrings and pages; measured within hundredths of a second."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint

ROWS, COLUMNS, PITCH_MM = 160, 120, 0.3
"""A film of 48 x 36 mm."""
OPEN_FIELD = 12000.0
"""Stored value where nothing is in the beam."""
LIMB_NEPERS, BONE_NEPERS, DEPOSIT_NEPERS = 0.6, 0.8, 0.35
"""Largest attenuation of the limb, and what bone and a deposit add to it at most: of the size that a finger has at 50 kV."""
NOISE_NEPERS = 0.006
"""Standard deviation of the noise, as 28,000 quanta in a pixel leave it."""
LIMB_RADIUS_MM, BONE_RADIUS_MM = 12.0, 3.2
CENTRE_MM, BONE_MM, DEPOSIT_MM = 18.0, 13.0, 22.5
"""Distance of the axes of limb and bone, and of the deposit's centre, from the left edge."""
BASELINE, INTERVAL = dt.date(2021, 3, 8), dt.timedelta(days=182)
"""Day of the first film, and the time to each further one."""


def _depth(distance_mm: NDArray[np.float64], radius_mm: float) -> NDArray[np.float64]:
    """Share of the diameter that a ray at this distance from the centre crosses: that of a circle or sphere."""
    return np.sqrt(np.clip(1 - (distance_mm / radius_mm) ** 2, 0, None)) if radius_mm else np.zeros_like(distance_mm)


def _depths(radius_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Relative depths of limb, bone and deposit."""
    row, column = np.mgrid[:ROWS, :COLUMNS] * PITCH_MM
    from_deposit = np.hypot(row - ROWS * PITCH_MM / 2, column - DEPOSIT_MM)
    return _depth(column - CENTRE_MM, LIMB_RADIUS_MM), _depth(column - BONE_MM, BONE_RADIUS_MM), _depth(from_deposit, radius_mm)


def small_segmentation(radius_mm: float = 2.0) -> Segmentation:
    """The true outlines of `small_radiograph`: a limb, a bone in it, and one round deposit beside the bone.

    Parameters
    ----------
    radius_mm
        Radius of the deposit, mm; 0 for none.

    Examples
    --------
    >>> small_segmentation()
    Segmentation(1 deposit, 160 x 120 pixels)
      label  pixels  confidence  evidence
      1      137     1.00        own
    """
    limb, bone, deposit = (depth > 0 for depth in _depths(radius_mm))
    return Segmentation(labels=deposit.astype(np.uint16), limb=limb, bone=bone)


def small_radiograph(radius_mm: float = 2.0, *, day: dt.date = BASELINE) -> Radiograph:
    """A limb with a bone and one deposit, FOR PROCESSING with linear values (calibration tier A); the same on every call.

    Parameters
    ----------
    radius_mm
        Radius of the deposit, mm; 0 for none.
    day
        Day of the exposure.

    Examples
    --------
    >>> small_radiograph()
    Radiograph(in memory: 160 x 120 pixels, 0.3 x 0.3 mm (detector), tier A)
    """
    limb, bone, deposit = _depths(radius_mm)
    noise = np.random.default_rng(day.toordinal()).normal(0, NOISE_NEPERS, limb.shape)
    nepers = LIMB_NEPERS * limb + BONE_NEPERS * bone + DEPOSIT_NEPERS * deposit + noise
    acquisition = Acquisition(
        patient_id="small",
        modality="DX",
        body_part_examined="HAND",
        laterality="L",
        view_position="PA",
        study_date=day,
        acquisition_time=dt.datetime.combine(day, dt.time(10)),
        sop_instance_uid=f"2.25.{day:%Y%m%d}",
        rows=ROWS,
        columns=COLUMNS,
        kvp=50.0,
    )
    calibration = Calibration(Tier.A, Relationship.LIN, -1, "FOR PROCESSING with LIN stated")
    spacing = Spacing(PITCH_MM, PITCH_MM, SpacingBasis.DETECTOR, "ImagerPixelSpacing")
    return Radiograph(pixels=(-OPEN_FIELD * np.exp(-nepers)).astype(np.float32), spacing=spacing, acquisition=acquisition, calibration=calibration)


def small_timeline(radii_mm: tuple[float, ...] = (1.5, 2.0, 2.5)) -> Timeline:
    """Films of one limb, half a year apart, whose deposit has these radii.

    Examples
    --------
    >>> small_timeline()
    Timeline(small / HAND / L / PA: 3 time points, 3 exposures)
      time point  date        exposures
      1           2021-03-08  1
      2           2021-09-06  1
      3           2022-03-07  1
    """
    days = [BASELINE + k * INTERVAL for k in range(len(radii_mm))]
    films = [small_radiograph(radius, day=day) for radius, day in zip(radii_mm, days, strict=True)]
    points = tuple(TimePoint(k, day, (Exposure.of(film),)) for k, (day, film) in enumerate(zip(days, films, strict=True), start=1))
    return Timeline(TimelineKey("small", "HAND", "L", "PA", "DX"), points)
