"""Simulate a film of a patient, with its exact truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.calibrate.spectrum import DENSITY_G_CM3
from calcitrack.model.image import Mask
from calcitrack.phantom import beamline
from calcitrack.phantom.bones import bone_chords
from calcitrack.phantom.deposits import cloud
from calcitrack.phantom.distractors import WedgeStep, place_objects
from calcitrack.phantom.encode import Encoded, encode
from calcitrack.phantom.flesh import flesh_thickness
from calcitrack.phantom.foot import foot
from calcitrack.phantom.hand import hand
from calcitrack.phantom.joints import elbow, knee
from calcitrack.phantom.neighbours import Shadow, touching
from calcitrack.phantom.projection import FloatImage, Grid
from calcitrack.phantom.shapes import Anatomy, Vector
from calcitrack.phantom.specs import BodyPart, Course, DepositSpec, Form, PatientSpec, VisitSpec

Labels = NDArray[np.uint16]

SHADOW_PATH_MM = 0.15
"""A pixel belongs to a deposit's shadow when the rays through half of it run at least this far through the deposit, mm."""

_SHADOW_PITCH_MM = 0.05
"""Pitch near which that is decided: on parts of a coarser film's pixels."""

BONE_PATH_MM = 0.15
"""A pixel belongs to bone when the ray runs at least this far through bone, mm."""

LIMB_PATH_MM = 0.5
"""A pixel belongs to the limb when the ray runs more than this far through skin and what lies within, mm."""

_RESTS_MM = 2.0
"""Skin above the detector's plane: the cover of the detector, mm."""

_HA_G_CM3, _SOFT_G_CM3, _FAT_G_CM3 = (DENSITY_G_CM3[tissue] for tissue in ("hydroxyapatite", "soft_tissue", "adipose"))

_ANATOMY: dict[BodyPart, Callable[[PatientSpec, VisitSpec], Anatomy]] = {
    BodyPart.HAND: hand,
    BodyPart.ELBOW: elbow,
    BodyPart.KNEE: knee,
    BodyPart.FOOT: foot,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositTruth:
    """Truth of one deposit on one film.

    Parameters
    ----------
    deposit_id
        Stable over the visits, and its label.
    size_mm, conc_mg_cm3, volume_mm3, ha_mg
        Longest extent, HA concentration, volume and HA mass of the whole deposit, inside the field or not.
    area_detector_mm2, area_object_mm2
        Area of its shadow on the film, and the same divided by the squared magnification.
    over_bone
        Share of its shadow that lies over bone.
    peak_mg_cm2
        Greatest areal density of HA in its shadow.
    segment, height_mm
        The bone it moves with, and its height above the detector.
    touches
        Other deposits whose shadows touch this one on the film: together they look like one.
    """

    deposit_id: int
    form: Form
    course: Course
    size_mm: float
    conc_mg_cm3: float
    volume_mm3: float
    ha_mg: float
    area_detector_mm2: float
    magnification: float
    area_object_mm2: float
    over_bone: float
    peak_mg_cm2: float
    segment: str
    height_mm: float
    touches: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SimulatedFilm:
    """A film and its truth.

    Parameters
    ----------
    encoded
        Stored values and what the header says about them.
    signal
        The detector's signal before encoding, 1 in the open field; what a perfect calibration would recover.
    labels
        Shape (rows, columns): 0, or the id of the deposit whose shadow it is (the denser one where two overlap).
    bone, limb
        Shape (rows, columns): bone; skin and all within.
    deposit_mg_cm2
        Areal density of HA in deposits at the object.
    bone_g_cm2
        Areal density of HA in bone.
    wedge
        Steps of the aluminium wedge.
    """

    patient: PatientSpec
    visit: VisitSpec
    encoded: Encoded
    signal: FloatImage
    labels: Labels
    bone: Mask
    limb: Mask
    deposit_mg_cm2: FloatImage
    bone_g_cm2: FloatImage
    deposits: tuple[DepositTruth, ...]
    wedge: tuple[WedgeStep, ...] = ()


def anatomy_of(patient: PatientSpec, visit: VisitSpec) -> Anatomy:
    """The posed body part of a patient at a visit."""
    return _ANATOMY[patient.body_part](patient, visit)


@dataclass(frozen=True, eq=False, slots=True)
class Projection:
    """What the beam passes through on its way to each pixel, before any photon: a film without exposure.

    Parameters
    ----------
    load
        Areal densities of soft tissue, fat, hydroxyapatite and objects, g/cm2, shape (rows, columns) each.
    tissue_mm
        Path through skin and all within, mm.
    bone_path_mm
        Path through bone as a body, mm.
    bone_g_cm2
        Areal density of HA in bone.
    deposit_mg_cm2
        Areal density of HA in deposits.
    labels
        0, or the id of the deposit whose shadow it is.
    deposits, wedge
        As in `SimulatedFilm`.
    """

    load: beamline.Load
    tissue_mm: FloatImage
    bone_path_mm: FloatImage
    bone_g_cm2: FloatImage
    deposit_mg_cm2: FloatImage
    labels: Labels
    deposits: tuple[DepositTruth, ...]
    wedge: tuple[WedgeStep, ...]


def simulate(patient: PatientSpec, visit: VisitSpec) -> SimulatedFilm:
    """Simulate the exposure of a film.

    The same specifications give the same film, bit by bit, on the same versions of numpy and OpenCV.

    Parameters
    ----------
    patient
        The person, with the deposits of all visits.
    visit
        The exposure.

    Returns
    -------
    SimulatedFilm
        Stored values and truth.
    """
    anatomy = anatomy_of(patient, visit)
    grid = _grid(patient, visit, anatomy)
    rng = np.random.default_rng([visit.seed, 32])
    projection = _projected(patient, visit, anatomy, grid, rng)
    signal = _expose(grid, projection.load, projection.tissue_mm, visit, rng)
    return SimulatedFilm(
        patient=patient,
        visit=visit,
        encoded=encode(signal, visit.detector, grid.pitch_mm),
        signal=signal,
        labels=projection.labels,
        bone=projection.bone_path_mm > BONE_PATH_MM,
        limb=projection.tissue_mm > LIMB_PATH_MM,
        deposit_mg_cm2=projection.deposit_mg_cm2,
        bone_g_cm2=projection.bone_g_cm2,
        deposits=projection.deposits,
        wedge=projection.wedge,
    )


def project(patient: PatientSpec, visit: VisitSpec) -> Projection:
    """What lies in the beam's way on the film that `simulate` exposes."""
    anatomy = anatomy_of(patient, visit)
    return _projected(patient, visit, anatomy, _grid(patient, visit, anatomy), np.random.default_rng([visit.seed, 32]))


def _grid(patient: PatientSpec, visit: VisitSpec, anatomy: Anatomy) -> Grid:
    return Grid.of(visit.field, 1 if patient.laterality == "R" else -1, _RESTS_MM - anatomy.lowest_mm)


def _projected(patient: PatientSpec, visit: VisitSpec, anatomy: Anatomy, grid: Grid, rng: np.random.Generator) -> Projection:
    person = np.random.default_rng([patient.seed, 31])
    tile = _noise_tile(person, 512, 0.15, low_per_mm=0.15, high_per_mm=2.2, slope=1.3)
    uneven = _noise_tile(person, 128, 2.0, low_per_mm=0.01, high_per_mm=0.12, slope=1.5)
    bone_ha, bone_path = _bones(grid, anatomy, tile)
    stamps = [_stamp(grid, anatomy, d, visit.index) for d in patient.deposits if d.segment in anatomy.sites and _exists(d, visit)]
    truth, labels, areal, path = _deposits(grid, [s for s in stamps if s is not None], bone_path > BONE_PATH_MM)
    total, fat = flesh_thickness(grid, anatomy, uneven, 0.02, patient.fat_mm * patient.scale * anatomy.fat)
    total = np.maximum(total, bone_path * 1.02)
    if truth:
        total = np.maximum(total, _bulge(grid, path))
    solid = (bone_ha + areal / 1000) / _HA_G_CM3
    fat = np.minimum(fat, np.maximum(total - 10 * solid, 0))
    soft = np.maximum(total / 10 - fat / 10 - solid, 0) * np.float32(_SOFT_G_CM3)
    objects, wedge = place_objects(grid, anatomy, patient, visit, total > LIMB_PATH_MM, rng)
    load = beamline.Load(soft=soft, fat=fat / 10 * np.float32(_FAT_G_CM3), ha=np.asarray(bone_ha + areal / 1000, np.float32), objects=objects)
    return Projection(load, total, bone_path, bone_ha, areal, labels, truth, wedge)


def _exists(deposit: DepositSpec, visit: VisitSpec) -> bool:
    return visit.index <= len(deposit.volume_factors) and deposit.volume_factors[visit.index - 1] > 0


def _expose(grid: Grid, load: beamline.Load, tissue_mm: FloatImage, visit: VisitSpec, rng: np.random.Generator) -> FloatImage:
    """Primary, heel effect, scatter, collimation, noise."""
    signal = beamline.primary(load, visit.beam) * beamline.heel(grid, visit.beam)
    signal *= _collimation(grid, visit)
    signal += beamline.scatter(signal, tissue_mm, grid.pitch_mm, visit.beam.scatter)
    return beamline.detect(signal, visit.beam, visit.detector, grid.pitch_mm, rng)


def _noise_tile(rng: np.random.Generator, size: int, pitch_mm: float, *, low_per_mm: float, high_per_mm: float, slope: float) -> FloatImage:
    """A periodic, band-limited random field (trabeculae, muscle, uneven skin) with mean 0 and standard deviation 1, shape (size, size).

    Amplitude falls with frequency as ``f ** -slope`` between the two limits (cycles/mm) and vanishes outside, softly.
    """
    f = np.fft.rfftfreq(size, pitch_mm)
    radius = np.hypot(np.fft.fftfreq(size, pitch_mm)[:, None], f[None, :])
    radius[0, 0] = np.inf
    band = radius**-slope / (1 + (low_per_mm / radius) ** 4) / (1 + (radius / high_per_mm) ** 4)
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) * band
    tile = np.fft.irfft2(spectrum, s=(size, size))
    return np.asarray((tile - tile.mean()) / tile.std(), np.float32)


def _collimation(grid: Grid, visit: VisitSpec) -> FloatImage:
    """1 in the open field, 0.004 behind the collimator's blades, with a penumbra of about 1 mm."""
    left, right, top, bottom = visit.field.margin_mm
    width, height = grid.columns * grid.pitch_mm, grid.rows * grid.pitch_mm

    def edge(n: int, low: float, high: float, span: float) -> FloatImage:
        x = (np.arange(n) + 0.5) * grid.pitch_mm
        ramp = np.ones(n)
        if low > 0:
            ramp *= np.clip((x - low) / 0.8 + 0.5, 0, 1)
        if high > 0:
            ramp *= np.clip((span - high - x) / 0.8 + 0.5, 0, 1)
        return ramp.astype(np.float32)

    return np.asarray(np.maximum(edge(grid.rows, top, bottom, height)[:, None] * edge(grid.columns, left, right, width)[None, :], 0.004), np.float32)


def _bones(grid: Grid, anatomy: Anatomy, tile: FloatImage) -> tuple[FloatImage, FloatImage]:
    """(HA g/cm2, path through bone mm) of all bones; shadows that cross add up."""
    mineral = np.zeros((grid.rows, grid.columns), np.float32)
    path = np.zeros_like(mineral)
    for k, bone in enumerate(anatomy.bones):
        window, ha, chord = bone_chords(grid, bone, tile, 1.0 + 3.7 * k)
        if not window.empty:
            mineral[window.slices] += ha
            path[window.slices] += chord
    return mineral, path


@dataclass(frozen=True, eq=False, slots=True)
class _Stamp:
    """One deposit's shadow in a window of the film."""

    spec: DepositSpec
    top: int
    left: int
    areal: FloatImage
    path_mm: FloatImage
    shadow: Mask
    volume_mm3: float
    mass_mg: float
    magnification: float
    height_mm: float
    extent_mm: float


def _stamp(grid: Grid, anatomy: Anatomy, spec: DepositSpec, index: int) -> _Stamp | None:
    """Project a deposit: every point's mass is shared between the four nearest pixels."""
    substance = cloud(spec, spec.volume_factors[index - 1])
    if not len(substance.points_mm):
        return None
    frame = anatomy.sites[spec.segment].frame
    points = frame.place(substance.points_mm + np.array(spec.position_mm))
    row, column = grid.project(points)
    height_mm = grid.above_detector(points[:, 2])
    magnification = grid.sid_mm / (grid.sid_mm - height_mm)
    top, left = int(np.floor(row.min())) - 2, int(np.floor(column.min())) - 2
    shape = (int(np.ceil(row.max())) + 4 - top, int(np.ceil(column.max())) + 4 - left)
    cell = (grid.pitch_mm / magnification) ** 2
    fine = max(1, round(grid.pitch_mm / _SHADOW_PITCH_MM))
    sigma = max(0.5, 0.45 * substance.grain_mm * fine / grid.pitch_mm)
    areal = _blocks(_splat(row - top, column - left, substance.mass_mg / cell * 100, shape, fine, sigma), fine)
    path = _splat(row - top, column - left, substance.volume_mm3 / cell, shape, fine, sigma)
    shadow = _blocks((path >= SHADOW_PATH_MM).astype(np.float32), fine) >= 0.5
    mean = float(np.average(magnification, weights=substance.mass_mg))
    height = float(np.average(height_mm, weights=substance.mass_mg))
    extent = float(np.ptp(substance.points_mm, axis=0).max())
    return _Stamp(
        spec, top, left, areal, _blocks(path, fine), shadow, float(substance.volume_mm3.sum()), float(substance.mass_mg.sum()), mean, height, extent
    )


def _splat(row: Vector, column: Vector, value: Vector, shape: tuple[int, int], fine: int, sigma: float) -> FloatImage:
    """Mean of values over parts of pixels, `fine` by `fine` to a pixel.

    Each value is shared bilinearly between four parts, and the whole smoothed so that the lattice does not show; the sum stays.
    """
    rows, columns = shape[0] * fine, shape[1] * fine
    row, column = (row + 0.5) * fine - 0.5, (column + 0.5) * fine - 0.5
    r, c = np.floor(row).astype(int), np.floor(column).astype(int)
    fr, fc = row - r, column - c
    flat = np.zeros(rows * columns)
    for dr, dc in ((0, 0), (0, 1), (1, 0), (1, 1)):
        share = (fr if dr else 1 - fr) * (fc if dc else 1 - fc)
        flat += np.bincount((r + dr) * columns + c + dc, weights=value * share, minlength=flat.size)
    padded = np.pad(flat.reshape(rows, columns) * fine**2, 2).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(padded, (0, 0), sigma)[2:-2, 2:-2], np.float32)


def _blocks(parts: FloatImage, fine: int) -> FloatImage:
    """Means over pixels of a field on parts of pixels."""
    rows, columns = parts.shape
    return np.asarray(parts.reshape(rows // fine, fine, columns // fine, fine).mean(axis=(1, 3)), np.float32)


def _bulge(grid: Grid, path_mm: FloatImage) -> FloatImage:
    """Skin over deposits that reach out of the flesh: at least the path through them and about 2 mm more, mm."""
    near = cv2.GaussianBlur((path_mm >= SHADOW_PATH_MM).astype(np.float32), (0, 0), 1.0 / grid.pitch_mm)
    return np.asarray(path_mm + 2 * np.clip(2 * near, 0, 1), np.float32)


def _deposits(grid: Grid, stamps: list[_Stamp], bone: Mask) -> tuple[tuple[DepositTruth, ...], Labels, FloatImage, FloatImage]:
    """Add all shadows to the film and record the truth of each deposit; deposits wholly outside the field are left out.

    Returns
    -------
    tuple
        Truth, labels, areal density mg/cm2, path through deposits mm.
    """
    labels = np.zeros((grid.rows, grid.columns), np.uint16)
    areal = np.zeros(labels.shape, np.float32)
    owner = np.zeros(labels.shape, np.float32)
    path = np.zeros(labels.shape, np.float32)
    truth, shadows = [], []
    for stamp in stamps:
        rows = slice(max(0, stamp.top), min(grid.rows, stamp.top + stamp.areal.shape[0]))
        columns = slice(max(0, stamp.left), min(grid.columns, stamp.left + stamp.areal.shape[1]))
        if rows.stop <= rows.start or columns.stop <= columns.start:
            continue
        inside = (slice(rows.start - stamp.top, rows.stop - stamp.top), slice(columns.start - stamp.left, columns.stop - stamp.left))
        mine, shadow = stamp.areal[inside], stamp.shadow[inside]
        if not shadow.any():
            continue
        areal[rows, columns] += mine
        path[rows, columns] += stamp.path_mm[inside]
        front = shadow & (mine > owner[rows, columns])
        labels[rows, columns][front] = stamp.spec.deposit_id
        owner[rows, columns][front] = mine[front]
        truth.append(_truth(stamp, shadow, mine, bone[rows, columns], grid.pitch_mm))
        shadows.append(Shadow(stamp.spec.deposit_id, rows.start, columns.start, shadow))
    met = touching(shadows)
    return tuple(replace(t, touches=met[t.deposit_id]) for t in truth), labels, areal, path


def _truth(stamp: _Stamp, shadow: Mask, areal: FloatImage, bone: Mask, pitch_mm: float) -> DepositTruth:
    area = float(shadow.sum()) * pitch_mm**2
    return DepositTruth(
        deposit_id=stamp.spec.deposit_id,
        form=stamp.spec.form,
        course=stamp.spec.course,
        size_mm=stamp.extent_mm,
        conc_mg_cm3=stamp.spec.conc_mg_cm3,
        volume_mm3=stamp.volume_mm3,
        ha_mg=stamp.mass_mg,
        area_detector_mm2=area,
        magnification=stamp.magnification,
        area_object_mm2=area / stamp.magnification**2,
        over_bone=float(bone[shadow].mean()),
        peak_mg_cm2=float(areal.max()),
        segment=stamp.spec.segment,
        height_mm=stamp.height_mm,
    )
