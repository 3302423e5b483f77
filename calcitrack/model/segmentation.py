"""Deposits as labels on an image's grid, with limb and bone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from calcitrack.errors import InvalidValueError
from calcitrack.model.display import Card, Displayed, counted
from calcitrack.model.film_quality import FilmDoubt
from calcitrack.model.image import Mask
from calcitrack.model.read_only import FrozenMapping, restore

Labels = NDArray[np.uint16]
"""Shape of the image, (rows, columns) or (slices, rows, columns): 0 is no deposit, 1 ... n name the deposits of this image."""


class Evidence(StrEnum):
    """Evidence for a deposit on an image."""

    OWN = "own"
    """The image itself."""
    OTHER_EXPOSURES = "other_exposures"
    """The image shows it too weakly; another exposure of the timeline surely shows a deposit at its place."""


class Outlined(Protocol):
    """Deposits on an image's grid with its anatomy, however they are kept: a `Segmentation`, or labels that are being edited."""

    @property
    def labels(self) -> Labels:
        """Shape (rows, columns), 0 = no deposit."""

    @property
    def limb(self) -> Mask:
        """Shape (rows, columns)."""

    @property
    def bone(self) -> Mask:
        """Shape (rows, columns)."""

    @property
    def confidence(self) -> Mapping[int, float]:
        """Label -> estimated probability that the deposit is real; 1 where there is no entry."""

    @property
    def widening(self) -> Mapping[int, float]:
        """Label -> how many times larger it might be; 1 where there is no entry."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True, repr=False)
class Segmentation(Displayed):
    """Deposits, limb and bone of one image.

    Parameters
    ----------
    labels
        Shape of the image, (rows, columns) or (slices, rows, columns): 0 = no deposit, else the label of a deposit. Copied in; read-only.
    limb
        The same shape: the body part, skin included.
    bone
        The same shape: bone.
    confidence
        Label -> estimated probability in [0, 1] that the deposit is real. A label without an entry was drawn by a reader: 1.
    widening
        Label -> how many times its area the deposit would have with the widest outline that the search thinks possible, at least 1: how far
        to trust the outline. A label without an entry has an outline that somebody drew: 1.
    supported
        Labels that this image alone would not have shown: another exposure surely shows a deposit at their place.
    masses
        Labels of the candidates that are masses: an image alone shows them from a lower confidence on (`SegmentOptions.min_mass_confidence`).
    findings
        Sentences for the reader.
    doubts
        What the search makes of the film as such. A workspace keeps them with the image (`ImageAssessment.doubts`), not with its outlines.
    possible
        The same shape: 0, or the number of a possible deposit, which is too unsure to be counted and is shown to the reader. None of its pixels is
        a deposit's. It is measured and followed nowhere. ``None`` where there is none; a picture of zeros becomes ``None``.
    possible_confidence
        Number of a possible deposit -> estimated probability in [0, 1] that it is real.

    Examples
    --------
    >>> import numpy as np
    >>> from calcitrack import Segmentation
    >>> labels = np.array([[0, 1, 1], [0, 0, 2]])
    >>> found = Segmentation(labels=labels, limb=np.ones((2, 3), bool), bone=np.zeros((2, 3), bool), confidence={2: 0.6})
    >>> found
    Segmentation(2 deposits, 2 x 3 pixels)
      label  pixels  confidence  evidence
      1      2       1.00        own
      2      1       0.60        own
    """

    labels: Labels
    limb: Mask
    bone: Mask
    confidence: Mapping[int, float] = field(default_factory=dict)
    widening: Mapping[int, float] = field(default_factory=dict)
    supported: frozenset[int] = frozenset()
    masses: frozenset[int] = frozenset()
    findings: tuple[str, ...] = ()
    possible: Labels | None = None
    possible_confidence: Mapping[int, float] = field(default_factory=dict)
    doubts: tuple[FilmDoubt, ...] = ()

    def __post_init__(self) -> None:
        labels = np.asarray(self.labels)
        if labels.ndim not in (2, 3) or not np.issubdtype(labels.dtype, np.integer):
            raise InvalidValueError(
                f"labels are integers of the shape (rows, columns) or (slices, rows, columns); found {labels.dtype} {labels.shape}"
            )
        arrays = {"labels": _numbers("labels", labels), "limb": np.array(self.limb, bool), "bone": np.array(self.bone, bool)}
        if self.possible is not None and np.any(self.possible):
            arrays["possible"] = _numbers("possible deposits", np.asarray(self.possible))
        for name, array in arrays.items():
            if array.shape != labels.shape:
                raise InvalidValueError(f"`{name}` has the shape of the labels, {labels.shape}; found {array.shape}")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if "possible" not in arrays:
            object.__setattr__(self, "possible", None)
        elif np.any(arrays["possible"][arrays["labels"] > 0]):
            raise InvalidValueError("a pixel belongs to a deposit or to a possible one; found pixels of both: leave the possible ones out there")
        if any(not 0 <= c <= 1 for c in (*self.confidence.values(), *self.possible_confidence.values())):
            found = {**self.confidence, **self.possible_confidence}
            raise InvalidValueError(f"a confidence is a probability between 0 and 1; found {found}")
        if any(not w >= 1 for w in self.widening.values()):
            raise InvalidValueError(f"a widening is a ratio of areas of at least 1; found {dict(self.widening)}")
        for name in ("confidence", "widening", "possible_confidence"):
            object.__setattr__(self, name, FrozenMapping(getattr(self, name)))

    def __setstate__(self, state: list[object]) -> None:
        restore(self, state)

    def _card(self) -> Card:
        pixels = np.bincount(self.labels.ravel())
        rows = tuple((str(k), str(pixels[k]), f"{self.confidence.get(k, 1.0):.2f}", self.evidence(k).value) for k in self.label_values)
        size = f"{' x '.join(map(str, self.labels.shape))} {'pixels' if self.labels.ndim == 2 else 'voxels'}"
        possible = len(self.possible_values)
        facts = (counted(len(rows), "deposit"), *((counted(possible, "possible one"),) if possible else ()), size)
        return Card("Segmentation", "", facts, ("label", "pixels", "confidence", "evidence"), rows)

    def keeping(self, kept: Collection[int], supported: Collection[int] = (), possible: Collection[int] = ()) -> Segmentation:
        """The same with these deposits only, numbered anew in their order.

        Parameters
        ----------
        kept
            Labels of the deposits that stay.
        supported
            Those of them that another exposure gave support.
        possible
            Labels that become possible deposits, numbered after those that are there already. The others are gone.

        Examples
        --------
        >>> from calcitrack.phantom.small import small_segmentation
        >>> small_segmentation().keeping([]).label_values
        ()
        >>> small_segmentation().keeping([], possible=[1])
        Segmentation(0 deposits, 1 possible one, 160 x 120 pixels)
        """
        order = [label for label in self.label_values if label in kept]
        rename = self._renaming(order, 0)
        demoted = [label for label in self.label_values if label in possible and label not in kept]
        return replace(
            self,
            labels=rename[self.labels],
            confidence={int(rename[k]): c for k, c in self.confidence.items() if k in kept},
            widening={int(rename[k]): w for k, w in self.widening.items() if k in kept},
            supported=frozenset(int(rename[k]) for k in supported),
            masses=frozenset(int(rename[k]) for k in self.masses if rename[k]),
            **(self._joined_by(demoted) if demoted else {}),
        )

    def _joined_by(self, demoted: Sequence[int]) -> dict[str, Any]:
        """The possible deposits with these labels as further ones."""
        there = max(self.possible_values, default=0)
        number = self._renaming(demoted, there)
        joined = number[self.labels]
        return {
            "possible": joined if self.possible is None else np.where(joined > 0, joined, self.possible),
            "possible_confidence": {**self.possible_confidence, **{int(number[k]): self.confidence.get(k, 1.0) for k in demoted}},
        }

    def _renaming(self, order: Sequence[int], after: int) -> Labels:
        """Label -> its place in the order, counted from the number after this one; 0 for a label that is not in it."""
        rename = np.zeros(int(self.labels.max(initial=0)) + 1, np.uint16)
        rename[order] = np.arange(after + 1, after + 1 + len(order))
        return rename

    def with_possible(self, kept: Collection[int]) -> Segmentation:
        """The same with these possible deposits only; they keep their numbers.

        Examples
        --------
        >>> from calcitrack.phantom.small import small_segmentation
        >>> small_segmentation().keeping([], possible=[1]).with_possible([]).possible_values
        ()
        """
        if self.possible is None or {*self.possible_values, *self.possible_confidence} <= set(kept):
            return self
        left = np.where(np.isin(self.possible, list(kept)), self.possible, 0)
        return replace(self, possible=left, possible_confidence={k: c for k, c in self.possible_confidence.items() if k in kept})

    def undecided(self, labels: Labels) -> tuple[int, ...]:
        """Numbers of the possible deposits that none of these labels, drawn anew, touches: one that is touched was decided by who drew them.

        Parameters
        ----------
        labels
            The shape of the image: 0 = no deposit.

        Examples
        --------
        >>> from calcitrack.phantom.small import small_segmentation
        >>> drawn = small_segmentation()
        >>> drawn.keeping([], possible=[1]).undecided(drawn.labels)
        ()
        """
        if self.possible is None:
            return ()
        touched = set(np.unique(self.possible[labels > 0]).tolist())
        return tuple(k for k in self.possible_values if k not in touched)

    def evidence(self, label: int) -> Evidence:
        """Evidence for the deposit of this label.

        Examples
        --------
        >>> from calcitrack.phantom.small import small_segmentation
        >>> small_segmentation().evidence(1).value
        'own'
        """
        return Evidence.OTHER_EXPOSURES if label in self.supported else Evidence.OWN

    @property
    def label_values(self) -> tuple[int, ...]:
        """Labels that hold at least one pixel, ascending."""
        return tuple(int(v) for v in np.unique(self.labels[self.labels > 0]))

    @property
    def possible_values(self) -> tuple[int, ...]:
        """Numbers of the possible deposits, ascending."""
        return () if self.possible is None else tuple(int(v) for v in np.unique(self.possible[self.possible > 0]))


def _numbers(name: str, array: NDArray[np.integer]) -> Labels:
    if not np.issubdtype(array.dtype, np.integer):
        raise InvalidValueError(f"{name} are integers; found {array.dtype}")
    if array.size and (array.min() < 0 or array.max() > np.iinfo(np.uint16).max):
        raise InvalidValueError(f"{name} are between 0 and {np.iinfo(np.uint16).max}; found {array.min()} to {array.max()}")
    return array.astype(np.uint16)
