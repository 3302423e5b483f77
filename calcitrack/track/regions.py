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
from scipy import ndimage

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
HALF = 1e-6
"""Distance from the middle between two pixels, in pixels, that rounding leaves."""
Corners = Mapping[int, NDArray[np.float64]]
"""Label -> corners of the box around it, shape (4, 2), pixels."""


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

    @classmethod
    def around(cls, centre: NDArray[np.float64], reach: NDArray[np.float64], step: Sequence[float]) -> Lattice:
        """The lattice that reaches this far from a centre, all in pixels.

        It is symmetric, so that it has the same places on a film and on the same film turned. Where its step is a pixel, no point of it lies between
        two of them.

        Examples
        --------
        >>> import numpy as np
        >>> lattice = Lattice.around(np.array([5.0, 7.5]), np.array([1.6, 1.4]), (1.0, 1.0))
        >>> lattice.places()[:, 0, 0].tolist(), lattice.places()[0, :, 1].tolist()
        ([3.0, 4.0, 5.0, 6.0, 7.0], [6.0, 7.0, 8.0, 9.0])
        """
        first, shape = [], []
        for middle, far, s in zip(centre, reach, step, strict=True):
            between = abs(middle % 1 - 0.5) < HALF
            steps = int(np.ceil(far / s + (0.5 if between else 0.0) - HALF))
            n = 2 * max(1, steps) + (0 if between else 1)
            first.append(float(middle - s * (n - 1) / 2))
            shape.append(n)
        return cls((first[0], first[1]), (float(step[0]), float(step[1])), (shape[0], shape[1]))

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
    corners: Sequence[Corners] | None = None,
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
    corners
        Of every image, as `corners_on_baseline` gives them, where they are known already.
    """
    seen: dict[int, list[int]] = {}
    for track in tracks:
        for image, detection in track.detections.items():
            seen.setdefault(image, []).append(detection.label)
    corners = corners or [corners_on_baseline(*one) for one in zip(labels, alignments, strict=True)]
    all_corners = np.concatenate([corners[k][label] for k, found in seen.items() for label in found])
    step = tuple(max(1.0, LATTICE_MM / side) for side in pixel_mm)
    margin = np.array([MARGIN_MM / side for side in pixel_mm])
    low, high = all_corners.min(axis=0) - margin, all_corners.max(axis=0) + margin
    lattice = Lattice.around((low + high) / 2, (high - low) / 2, step)
    places = lattice.places()
    outlined = {k: _outlined(labels[k], found, on_image(places, alignments[k])) for k, found in seen.items()}
    return Family(tuple(t.number for t in tracks), lattice, outlined)


def corners_on_baseline(labels: NDArray[np.integer], alignment: Alignment | None) -> Corners:
    """Label -> corners of the box around it on the baseline, shape (4, 2)."""
    boxes = [(label, box) for label, box in enumerate(ndimage.find_objects(labels.astype(np.int32)), start=1) if box is not None]
    ends = np.array([[[side.start, side.stop - 1] for side in box] for _, box in boxes], float).reshape(-1, 2, 2)
    corners = np.stack([ends[:, (0, 1), at] for at in ((0, 0), (0, 1), (1, 0), (1, 1))], axis=1)
    on_baseline = corners if alignment is None or not len(corners) else alignment.to_baseline(corners)
    return {label: corner for (label, _), corner in zip(boxes, on_baseline, strict=True)}


def _outlined(labels: NDArray[np.integer], found: Sequence[int], places: NDArray[np.float64]) -> Mask:
    window, inside = _window(labels.shape, places)
    return sampled_mask(np.isin(labels[window], found), inside)


def on_image(places: NDArray[np.float64], alignment: Alignment | None) -> NDArray[np.float64]:
    """Places of the baseline on an image, shape (..., 2)."""
    return places if alignment is None else alignment.to_image(places)


def sampled(picture: NDArray[np.generic], places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Values of a picture at places of it, between its pixels in proportion, shape (rows, columns); 0 beyond its edge."""
    window, inside = _window(picture.shape, places)
    at = inside.astype(np.float32)
    part = np.ascontiguousarray(picture[window], np.float32)
    return np.asarray(cv2.remap(part, at[..., 1], at[..., 0], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0), np.float32)


def sampled_mask(mask: Mask, places: NDArray[np.float64]) -> Mask:
    """Whether a mask holds places of its picture, shape (rows, columns): more than half of what surrounds each. A mask turned gives the same."""
    return np.asarray(sampled(mask, places) > 0.5)


def _window(shape: tuple[int, ...], places: NDArray[np.float64]) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
    """The part of a picture that holds the places, with a pixel around them, and the places within it."""
    flat = places.reshape(-1, 2)
    low = np.clip(np.floor(flat.min(axis=0)).astype(int) - 1, 0, np.array(shape) - 1)
    high = np.clip(np.ceil(flat.max(axis=0)).astype(int) + 2, low + 1, np.array(shape))
    return (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))), places - low
