"""Live measurements of a film during editing: after each edit only the touched deposits are measured again.

The data that deposits share (reference cortex, open field) depend on which pixels are deposits. They are computed again
after each edit from values that were sorted once, so that they are exact and take milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.calibrate.intensity import attenuation
from calcitrack.errors import InvalidValueError
from calcitrack.measure.deposits import CORTEX_PERCENTILE, Film, measure_deposit, sum_up
from calcitrack.measure.limb_axis import limb_axis
from calcitrack.measure.mass import Mass, mass_model
from calcitrack.measure.options import MeasureOptions
from calcitrack.model.image import FloatImage, Mask, Radiograph
from calcitrack.model.measurement import Deposit, ImageMeasurements, Result
from calcitrack.model.pose import canonical_pose
from calcitrack.model.segmentation import Labels, Segmentation

Window = tuple[slice, slice]
"""Rows and columns of a part of the film."""


class _Sorted:
    """Values of the film within a tissue, sorted once; pixels of deposits are left out of rank queries."""

    def __init__(self, image: FloatImage, tissue: Mask) -> None:
        self._tissue = tissue
        self._values = np.sort(image[tissue])

    def without(self, image: FloatImage, covered: tuple[NDArray[np.intp], NDArray[np.intp]]) -> _Rest:
        inside = self._tissue[covered]
        removed = np.sort(image[covered][inside])
        first = np.searchsorted(self._values, removed, "left")
        copy_number = np.arange(len(removed)) - np.searchsorted(removed, removed, "left")  # equal values are counted separately
        return _Rest(self._values, first + copy_number)


class _Rest:
    """Sorted values less those at the removed places."""

    def __init__(self, values: NDArray[np.float32], removed: NDArray[np.intp]) -> None:
        self._values = values
        self._shift = removed - np.arange(len(removed))
        self.size = len(values) - len(removed)

    def rank(self, k: int) -> np.float32:
        """The value of rank k, from 0."""
        return np.float32(self._values[k + int(np.searchsorted(self._shift, k, "right"))])

    def median(self) -> np.float32:
        """As `numpy.median` of these values."""
        return np.float32(np.median(np.array([self.rank((self.size - 1) // 2), self.rank(self.size // 2)], np.float32)))

    def percentile(self, q: float) -> np.float32:
        """As `numpy.percentile` of these values: linear between two ranks, from the nearer one."""
        at = q / 100 * (self.size - 1)
        low = int(np.floor(at))
        a, b = self.rank(low), self.rank(min(low + 1, self.size - 1))
        share = at - low
        return np.float32(a + (b - a) * share if share < 0.5 else b - (b - a) * (1 - share))


class _Edited:
    """Labels that are being edited, with the anatomy around them."""

    def __init__(self, segmentation: Segmentation) -> None:
        self.labels: Labels = segmentation.labels.copy()
        self.limb = segmentation.limb
        self.bone = segmentation.bone
        self.confidence: Mapping[int, float] = dict(segmentation.confidence)
        self.widening: dict[int, float] = dict(segmentation.widening)


class LiveFilm:
    """A film and its deposits while they are edited.

    Parameters
    ----------
    radiograph
        The image, calibrated as it was measured.
    segmentation
        Initial state of the editing.
    options
        Settings; defaults when ``None``.

    Raises
    ------
    InvalidValueError
        The segmentation has another shape than the image.
    """

    def __init__(self, radiograph: Radiograph, segmentation: Segmentation, options: MeasureOptions | None = None) -> None:
        if segmentation.labels.shape != radiograph.shape:
            raise InvalidValueError(f"a segmentation has the shape of its image, {radiograph.shape}; found {segmentation.labels.shape}")
        self.radiograph, self._given = radiograph, segmentation
        self._options = options or MeasureOptions()
        self.image = attenuation(radiograph)
        self._pose = canonical_pose(radiograph)
        self._edited = _Edited(segmentation)
        limb, bone = segmentation.limb, segmentation.bone
        self._soft, self._bone = _Sorted(self.image, limb & ~bone), _Sorted(self.image, bone)
        self._open = np.sort(self.image[~limb & radiograph.valid_mask])
        self._lowest = float(self.image.min())
        boxes = ndimage.find_objects(segmentation.labels.astype(np.int32))
        self._boxes: dict[int, Window] = {k: box for k, box in enumerate(boxes, start=1) if box is not None}
        self._given_boxes = dict(self._boxes)
        self._measured: dict[int, tuple[Deposit, Mass | None]] = {}

    @property
    def labels(self) -> Labels:
        """Current labels, shape (rows, columns): a view that must not be written to."""
        view = self._edited.labels.view()
        view.setflags(write=False)
        return view

    @property
    def label_values(self) -> tuple[int, ...]:
        """Labels that hold at least one pixel, ascending."""
        return tuple(sorted(self._boxes))

    def box(self, label: int) -> Window | None:
        """Smallest window around a deposit; ``None`` where it has no pixel."""
        return self._boxes.get(label)

    def put(self, window: Window, labels: Labels) -> frozenset[int]:
        """Write labels into a window; return the labels that it held before or holds now."""
        place = self._edited.labels[window]
        touched = {int(v) for v in np.union1d(place, labels) if v}
        place[...] = labels
        for label in touched:
            self._find(label, window)
            self._trust(label)
            self._measured.pop(label, None)
        return frozenset(touched)

    def _find(self, label: int, window: Window) -> None:
        """The deposit's box after a change within the window."""
        old = self._boxes.pop(label, window)
        rows, columns = (slice(min(o.start, w.start), max(o.stop, w.stop)) for o, w in zip(old, window, strict=True))
        inside = self._edited.labels[rows, columns] == label
        down, across = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        if down.size:
            self._boxes[label] = (
                slice(rows.start + int(down[0]), rows.start + int(down[-1]) + 1),
                slice(columns.start + int(across[0]), columns.start + int(across[-1]) + 1),
            )

    def _trust(self, label: int) -> None:
        """Keep the program's uncertainty of an outline as long as the outline is the program's."""
        widening, box = self._given.widening.get(label), self._boxes.get(label)
        self._edited.widening.pop(label, None)
        if widening is None or box is None or box != self._given_boxes.get(label):
            return
        if np.array_equal(self._edited.labels[box] == label, self._given.labels[box] == label):
            self._edited.widening[label] = widening

    def deposits(self, labels: Iterable[int]) -> dict[int, Deposit]:
        """Deposits of these labels, measured again where they were touched; those without a pixel are left out."""
        film: Film | None = None
        for label in labels:
            if label in self._boxes and label not in self._measured:
                film = film or self._film()
                self._measured[label] = measure_deposit(film, label, self._boxes[label])
        return {label: self._measured[label][0] for label in labels if label in self._measured}

    def totals(self, kept: Iterable[int] | None = None) -> Mapping[str, Result]:
        """Sums over all or selected deposits, from their latest measurements."""
        known = self.label_values if kept is None else tuple(sorted(set(kept) & set(self._boxes)))
        self.deposits(known)
        return sum_up(self._film(), [self._measured[k] for k in known])

    def segmentation(self, kept: Iterable[int] | None = None) -> Segmentation:
        """The current segmentation, of all or selected labels. Labels keep their numbers; a possible deposit that one of them touches is gone."""
        known = set(self.label_values if kept is None else kept) & set(self._boxes)
        labels = self._edited.labels
        if known != set(self._boxes):
            labels = np.where(np.isin(labels, sorted(known)), labels, np.uint16(0))
        return replace(
            self._given.with_possible(self._given.undecided(self.labels)),
            labels=labels,
            confidence={k: c for k, c in self._edited.confidence.items() if k in known},
            widening={k: w for k, w in self._edited.widening.items() if k in known},
            supported=frozenset(self._given.supported & known),
        )

    def measurements(self) -> ImageMeasurements:
        """Measure the whole film again: equals `calcitrack.measure` of `segmentation` to the last digit."""
        self._measured.clear()
        totals = self.totals()
        film = self._film()
        nepers = film.image - np.float32(film.air) if film.linear else None
        axis = limb_axis(self._edited.limb, self.radiograph.spacing, nepers)
        return ImageMeasurements(tuple(self._measured[k][0] for k in self.label_values), totals, axis)

    def _covered(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of every pixel of a deposit."""
        rows, columns = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
        for label, (down, across) in self._boxes.items():
            r, c = np.nonzero(self._edited.labels[down, across] == label)
            rows.append(r + down.start)
            columns.append(c + across.start)
        return np.concatenate(rows), np.concatenate(columns)

    def _film(self) -> Film:
        covered = self._covered()
        soft, bone = (tissue.without(self.image, covered) for tissue in (self._soft, self._bone))
        middle = soft.median() if soft.size else np.float32(np.inf)
        step = bone.percentile(CORTEX_PERCENTILE) - middle if soft.size and bone.size else 0.0
        bright = _Rest(self._open[: int(np.searchsorted(self._open, middle, "left"))], np.zeros(0, np.intp))
        air = float(bright.median()) if bright.size else self._lowest
        masses = mass_model(self.radiograph, air, float(middle) if soft.size else -np.inf, self._options)
        return Film(self.radiograph, self._pose, self._edited, self.image, float(step), air, masses, self._options)
