"""Overlap of two label maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcitrack.errors import InvalidValueError
from calcitrack.model.segmentation import Labels


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pixel counts of each found deposit, of each true one, and of each pair; background is left out.

    Parameters
    ----------
    found, true
        Label -> pixels.
    common
        (found label, true label) -> pixels of both.
    """

    found: Mapping[int, int]
    true: Mapping[int, int]
    common: Mapping[tuple[int, int], int]

    def of_true(self, label: int) -> dict[int, int]:
        """Found label -> number of pixels in common with a true deposit."""
        return {f: n for (f, t), n in self.common.items() if t == label}

    def true_share(self, label: int) -> float:
        """Share of a found deposit's pixels that belong to any true one."""
        return sum(n for (f, _), n in self.common.items() if f == label) / self.found[label]


def overlap(found: Labels, true: Labels) -> Overlap:
    """Count the pixels of two label maps of the same shape (rows, columns)."""
    if found.shape != true.shape:
        raise InvalidValueError(f"the label maps of what was found and what is true have one shape; found {found.shape} and {true.shape}")
    both = (found > 0) & (true > 0)
    pairs = found[both].astype(np.int64) << 16 | true[both].astype(np.int64)
    common = {(k >> 16, k & 0xFFFF): n for k, n in _counts(pairs).items()}
    return Overlap(_counts(found[found > 0]), _counts(true[true > 0]), common)


def _counts(labels: NDArray[np.integer]) -> dict[int, int]:
    values, counts = np.unique(labels, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))
