"""What lies in the beam's way on simulated films, layer by layer, at the pitch of the anatomy network; kept as files in a cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.calibrate.spectrum import beam, mass_attenuation
from calcitrack.phantom.population import ANYBODY, Exposures, Population, random_patient, random_visits
from calcitrack.phantom.simulate import BONE_PATH_MM, LIMB_PATH_MM, project
from calcitrack.phantom.specs import BodyPart

PIXEL_MM = 0.8
"""Pitch of the anatomy network, mm: a knee is 300 pixels long, and a child's phalanx still 7 wide."""
FINE = 2
"""Films are simulated at this many times finer a pitch and averaged: thin cortex is not stepped over."""
PARTS = (BodyPart.HAND, BodyPart.ELBOW, BodyPart.KNEE, BodyPart.FOOT)
SMALL_CHILDREN = (0.6, 6.5)
"""Years; every fifth person is this young: their bones end in cartilage with small nuclei."""
BURDENS = ("none", "none", "mild", "moderate")
"""Half of the people have no deposit of the phantom's own: others are drawn into the scenes."""
OBJECT_KV = 60.0
"""Tube voltage at which objects are turned into attenuation; scenes vary it."""
FOREIGN_NEPERS = 0.04
"""Attenuation from which a pixel belongs to an object."""
SOFT, FAT, BONE, DEPOSIT, OBJECTS = range(5)
"""Layers: g/cm2 of soft tissue, fat, hydroxyapatite of bone, hydroxyapatite of deposits; nepers of objects."""
IS_LIMB, IS_BONE, IS_DEPOSIT, IS_FOREIGN = 1, 2, 4, 8
"""Bits of the truth map."""
FAINT_MG_CM2 = 15.0
"""Less hydroxyapatite than this in a deposit's shadow is not seen at this pitch."""


@dataclass(frozen=True, eq=False)
class Layers:
    """Layers of one simulated film, shape (5, rows, columns), float16, and its truth bits, shape (rows, columns)."""

    areal: NDArray[np.float16]
    truth: NDArray[np.uint8]


def layers(seed: int) -> Layers:
    """Simulate what lies in the beam's way; equal seeds give equal layers."""
    rng = np.random.default_rng([seed, 71])
    part = PARTS[seed % len(PARTS)]
    ages = SMALL_CHILDREN if seed % 5 == 0 else ANYBODY.age_years
    population = Population(body_part=part, age_years=ages, burden=BURDENS[int(rng.integers(len(BURDENS)))])
    patient = random_patient(rng, population, f"AN{seed:06d}")
    exposures = Exposures(pitch_mm=(PIXEL_MM / FINE, PIXEL_MM / FINE), rotation_deg=60.0, cut=0.3)
    shown = project(patient, random_visits(rng, patient, 1, exposures)[0])
    objects = np.zeros(shown.tissue_mm.shape, np.float32)
    spectrum = beam(OBJECT_KV)
    for thing in shown.load.objects:
        mass_cm2_g = float(np.average(mass_attenuation(thing.material), weights=spectrum.weights))
        objects[thing.window.slices] += mass_cm2_g * thing.areal_g_cm2
    areal = np.stack([shown.load.soft, shown.load.fat, shown.bone_g_cm2, shown.deposit_mg_cm2 / 1000, np.minimum(objects, 6)])
    masks = (
        (shown.tissue_mm > LIMB_PATH_MM, IS_LIMB),
        (shown.bone_path_mm > BONE_PATH_MM, IS_BONE),
        (shown.deposit_mg_cm2 > FAINT_MG_CM2, IS_DEPOSIT),
        (objects > FOREIGN_NEPERS, IS_FOREIGN),
    )
    truth = sum((mask.astype(np.uint8) * np.uint8(bit) for mask, bit in masks), np.zeros(objects.shape, np.uint8))
    return Layers(_coarse(areal).astype(np.float16), _coarse_bits(truth))


def _coarse(areal: NDArray[np.floating]) -> NDArray[np.floating]:
    """Means over squares of ``FINE`` pixels a side."""
    rows, columns = (n // FINE for n in areal.shape[-2:])
    squares = areal[..., : rows * FINE, : columns * FINE].reshape(*areal.shape[:-2], rows, FINE, columns, FINE)
    return np.asarray(squares.mean(axis=(-3, -1)))


def _coarse_bits(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bits that half of a square or more carries."""
    bits = np.array([IS_LIMB, IS_BONE, IS_DEPOSIT, IS_FOREIGN], np.uint8)
    share = _coarse((truth[None] & bits[:, None, None]) > 0)
    return np.asarray(((share >= 0.5) * bits[:, None, None]).sum(axis=0), np.uint8)


def _make(job: tuple[int, Path]) -> None:
    cv2.setNumThreads(1)
    seed, folder = job
    done = folder / f"{seed}.truth.npy"
    if not done.exists():
        made = layers(seed)
        np.save(folder / f"{seed}.areal.npy", made.areal)
        unfinished = folder / f"{seed}.part.npy"
        np.save(unfinished, made.truth)
        unfinished.rename(done)


def load(path: Path) -> Layers:
    """Layers of one film of the cache, left on the disk until they are looked at."""
    return Layers(np.load(f"{path}.areal.npy", mmap_mode="r"), np.load(f"{path}.truth.npy"))


def make(seeds: Sequence[int], folder: Path, workers: int) -> list[Path]:
    """Simulate the seeds that are not in the folder yet; the paths of all, without suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    with get_context("spawn").Pool(workers) as pool:
        for done, _ in enumerate(pool.imap_unordered(_make, [(s, folder) for s in seeds]), start=1):
            if done % 50 == 0:
                print(f"{done} of {len(seeds)} films", flush=True)
    return [folder / f"{s}" for s in seeds]
