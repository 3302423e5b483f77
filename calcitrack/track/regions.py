"""One region for a deposit at all visits: what the registered outlines of its images agree on, on the baseline's grid.

A film by itself decides anew where a deposit ends. Over several films of one place the outlines are repeated statements about one body: in soft
tissue each of them may see a part that others miss, over bone only what two of them say is believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calcitrack.model.alignment import Alignment
from calcitrack.model.image import Mask
from calcitrack.track.match import Track

LATTICE_MM = 0.2
"""Step of the lattice on which a region is drawn, at least: one pixel of the search."""
MARGIN_MM = 5.0
"""Surroundings of a region that are cut out with it: the ring that its background is taken from, and its rims."""
LEAST_OVER_BONE = 2
"""Images that must outline a place over bone before it belongs to the region, where as many outline the deposit at all: the outline of one visit that
runs into bone would spread to all visits."""


@dataclass(frozen=True, eq=False, slots=True)
class Lattice:
    """Places on the baseline image, (row, column) = `first` + `step` times (i, j), in pixels of the baseline.

    Parameters
    ----------
    first
        Place of the first point.
    step
        Pixels between points along rows and columns.
    shape
        Points along rows and columns.
    """

    first: tuple[float, float]
    step: tuple[float, float]
    shape: tuple[int, int]

    def places(self) -> NDArray[np.float64]:
        """Shape (rows, columns, 2)."""
        axes = [f + s * np.arange(n) for f, s, n in zip(self.first, self.step, self.shape, strict=True)]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


@dataclass(frozen=True, eq=False, slots=True)
class Family:
    """Tracks that are measured as one deposit, because they merged or split at some visit, and where their images outline them.

    Parameters
    ----------
    tracks
        Numbers of the tracks.
    lattice
        The places around them.
    outlined
        Index of an image -> mask of the lattice's shape; images that show none of the tracks have none.
    """

    tracks: tuple[int, ...]
    lattice: Lattice
    outlined: Mapping[int, Mask]

    def region(self, bone: Mask) -> Mask:
        """What belongs to the deposit: every outlined place in soft tissue, and over bone what several images outline.

        Parameters
        ----------
        bone
            Bone of all visits, on the lattice.
        """
        votes = sum((m.astype(np.int16) for m in self.outlined.values()), np.zeros(self.lattice.shape, np.int16))
        needed = min(LEAST_OVER_BONE, len(self.outlined))
        agreed = np.asarray(np.where(bone, votes >= needed, votes > 0))
        return agreed if agreed.any() else np.asarray(votes > 0)


def families(tracks: Sequence[Track]) -> tuple[tuple[Track, ...], ...]:
    """Tracks in groups: those that merged with or split from each other are together.

    Examples
    --------
    >>> from calcitrack.model.assessment import Fate
    >>> from calcitrack.track.match import Join
    >>> first, second = Track(1, {}), Track(2, {}, (Join(Fate.MERGED, 1, 2, partner=1),))
    >>> [[t.number for t in group] for group in families((first, second, Track(3, {})))]
    [[1, 2], [3]]
    """
    group = {t.number: t.number for t in tracks}

    def root(number: int) -> int:
        while group[number] != number:
            number = group[number]
        return number

    for track in tracks:
        for join in track.joins:
            if join.partner in group:
                low, high = sorted((root(track.number), root(join.partner)))
                group[high] = low
    together: dict[int, list[Track]] = {}
    for track in tracks:
        together.setdefault(root(track.number), []).append(track)
    return tuple(tuple(members) for _, members in sorted(together.items()))


def family(
    tracks: Sequence[Track],
    labels: Sequence[NDArray[np.integer]],
    alignments: Sequence[Alignment | None],
    pixel_mm: tuple[float, float],
) -> Family:
    """Outlines of a family on the baseline's grid.

    Parameters
    ----------
    tracks
        Of one family.
    labels
        Label map of every image of the timeline, shape (rows, columns) each.
    alignments
        Baseline onto every image; ``None`` for the baseline itself.
    pixel_mm
        Sides of a pixel of the baseline along rows and columns, mm.
    """
    seen: dict[int, list[int]] = {}
    for track in tracks:
        for image, detection in track.detections.items():
            seen.setdefault(image, []).append(detection.label)
    corners = np.concatenate([_corners(labels[k], found, alignments[k]) for k, found in seen.items()])
    step = tuple(max(1.0, LATTICE_MM / side) for side in pixel_mm)
    margin = np.array([MARGIN_MM / side for side in pixel_mm])
    low, high = corners.min(axis=0) - margin, corners.max(axis=0) + margin
    rows, columns = (max(3, int(np.ceil((h - lo) / s)) + 1) for lo, h, s in zip(low, high, step, strict=True))
    lattice = Lattice((float(low[0]), float(low[1])), (step[0], step[1]), (rows, columns))
    places = lattice.places()
    outlined = {k: np.isin(sampled(labels[k], on_image(places, alignments[k]), nearest=True), found) for k, found in seen.items()}
    return Family(tuple(t.number for t in tracks), lattice, outlined)


def _corners(labels: NDArray[np.integer], found: Sequence[int], alignment: Alignment | None) -> NDArray[np.float64]:
    """Corners of the box around labels of an image, on the baseline."""
    inside = np.isin(labels, found)
    (top, bottom), (left, right) = ((int(at[0]), int(at[-1])) for at in (np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))))
    corners = np.array([[top, left], [top, right], [bottom, left], [bottom, right]], float)
    return corners if alignment is None else alignment.to_baseline(corners)


def on_image(places: NDArray[np.float64], alignment: Alignment | None) -> NDArray[np.float64]:
    """Places of the baseline on an image, shape (..., 2)."""
    return places if alignment is None else alignment.to_image(places)


def sampled(picture: NDArray[np.generic], places: NDArray[np.float64], *, nearest: bool = False) -> NDArray[np.float32]:
    """Values of a picture at places of it, shape (rows, columns); 0 beyond its edge."""
    at = places.astype(np.float32)
    method = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    values = cv2.remap(picture.astype(np.float32), at[..., 1], at[..., 0], method, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(values, np.float32)
