"""Training films: pictures the network sees, what is true of each pixel, and how visible each deposit is; kept as files in a cache."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.calibrate.intensity import attenuation
from calcitrack.phantom.film import film
from calcitrack.phantom.population import ANYBODY, Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import SimulatedFilm
from calcitrack.phantom.specs import BodyPart
from calcitrack.segment.grid import Grid
from calcitrack.segment.network_input import network_input

DEPOSIT, BONE, LIMB, UNJUDGED = 1, 2, 4, 8
"""Bits of the truth map; what is unjudged takes no part in the loss."""
FAINT_PEAK_MG_CM2, FAINT_MG_CM2 = 25.0, 6.0
"""Deposits of a lower peak, and pixels of a lower areal density, are not judged: nobody could see them."""
PART_OF = (BodyPart.HAND,) * 5 + (BodyPart.FOOT, BodyPart.KNEE, BodyPart.ELBOW)
"""Five films of eight are hands."""


SMALL_CHILDREN = (0.6, 6.5)
"""Years; their bones end in cartilage with small nuclei, which look like deposits to who has not seen them."""


@dataclass(frozen=True, eq=False)
class Example:
    """One film on the search grid.

    ``rank`` and ``linear`` as the network sees them; ``truth`` bits and ``labels`` of the deposits; all (rows, columns), read from the disk
    where they are looked at. ``visibility`` of each label in spreads of its surroundings.
    """

    rank: NDArray[np.float16]
    linear: NDArray[np.float16]
    truth: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    visibility: dict[int, float]


def body_part(seed: int) -> BodyPart:
    """The body part of a seed's film."""
    return PART_OF[seed % len(PART_OF)]


def simulated(seed: int) -> SimulatedFilm:
    """The film of a seed: every sixth is of a small child."""
    ages = SMALL_CHILDREN if seed % 6 == 0 else ANYBODY.age_years
    return film(seed, Population(body_part=body_part(seed), age_years=ages))


def example(seed: int) -> Example:
    """Simulate a film and describe it."""
    simulation = simulated(seed)
    radiograph = as_radiograph(simulation)
    pitch = simulation.visit.field.pitch_mm
    grid = Grid(radiograph.shape, pitch, pitch)
    shape = grid.working_shape
    pictures = network_input(grid.down(attenuation(radiograph)), np.ones(shape, bool))
    labels = cv2.resize(simulation.labels, shape[::-1], interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    masks = ((simulation.labels > 0, DEPOSIT), (simulation.bone, BONE), (simulation.limb, LIMB))
    truth = sum((grid.down_mask(mask).astype(np.uint8) * bit for mask, bit in masks), np.zeros(shape, np.uint8))
    faint = np.isin(labels, [d.deposit_id for d in simulation.deposits if d.peak_mg_cm2 < FAINT_PEAK_MG_CM2])
    faint |= (labels > 0) & (grid.down(simulation.deposit_mg_cm2) < FAINT_MG_CM2)
    truth[faint] |= UNJUDGED
    return Example(pictures[0].astype(np.float16), pictures[2].astype(np.float16), truth, labels, visibility(pictures[2], truth, labels))


def visibility(linear: NDArray[np.float32], truth: NDArray[np.uint8], labels: NDArray[np.uint8]) -> dict[int, float]:
    """Contrast of each deposit with like tissue around it, in spreads of that tissue: bone against bone, soft tissue against soft."""
    bone, limb = (truth & BONE) > 0, (truth & LIMB) > 0
    found: dict[int, float] = {}
    for label, box in enumerate(ndimage.find_objects(labels.astype(np.int32)), start=1):
        if box is None:
            continue
        window = tuple(slice(max(0, s.start - 9), s.stop + 9) for s in box)
        inside, picture = labels[window] == label, linear[window].astype(np.float32)
        rim = cv2.dilate(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        total = weight = 0.0
        for tissue in (~bone[window], bone[window]):
            part = inside & tissue
            near = cv2.dilate(part.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
            ring = near & ~rim & tissue & limb[window] & (labels[window] == 0)
            if part.sum() < 8 or ring.sum() < 15:
                continue
            middle = float(np.median(picture[ring]))
            spread = 1.4826 * float(np.median(np.abs(picture[ring] - middle))) + 0.004
            total += float(part.sum()) * (float(np.median(picture[part])) - middle) / spread
            weight += float(part.sum())
        found[label] = total / weight if weight else 0.0
    return found


def save(item: Example, path: Path) -> None:
    """Write one example; the description last, so that a half-written one is not read."""
    np.save(path.with_suffix(".pictures.npy"), np.stack([item.rank, item.linear]))
    np.save(path.with_suffix(".truth.npy"), np.stack([item.truth, item.labels]))
    path.with_suffix(".json").write_text(json.dumps(item.visibility), encoding="utf-8")


def load(path: Path) -> Example:
    """One example, left on the disk until its pixels are asked for."""
    seen = {int(k): float(v) for k, v in json.loads(path.with_suffix(".json").read_text(encoding="utf-8")).items()}
    seen_of, true_of = (np.load(path.with_suffix(end), mmap_mode="r") for end in (".pictures.npy", ".truth.npy"))
    return Example(*seen_of, *true_of, seen)


def _make(job: tuple[int, Path]) -> None:
    cv2.setNumThreads(1)
    seed, folder = job
    if not (folder / f"{seed}.json").exists():
        save(example(seed), folder / f"{seed}")


def make(seeds: Sequence[int], folder: Path, workers: int) -> list[Path]:
    """Simulate the films of these seeds that are not in the folder yet; all their paths, without suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    with get_context("spawn").Pool(workers) as pool:
        for done, _ in enumerate(pool.imap_unordered(_make, [(s, folder) for s in seeds]), start=1):
            if done % 50 == 0:
                print(f"{done} of {len(seeds)} films", flush=True)
    return [folder / f"{s}" for s in seeds]
