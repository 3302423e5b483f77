"""Traces of heavy lossy compression in the picture itself, whatever the file says: a JPEG saved as PNG or as DICOM keeps its blocks.

JPEG works on blocks of 8 x 8 pixels (ISO/IEC 10918-1, A.1.1), and values jump where blocks meet. On a film without such a past, jumps are the same
between all columns, whatever its noise.
"""

from __future__ import annotations

import numpy as np

from calcitrack.model.image import FloatImage

BLOCK_PX = 8
"""Side of JPEG's blocks."""
LEAST_LINES = 64
"""Pictures of fewer rows or columns say nothing: each position within the blocks is then the mean of few jumps."""
LOOKED_AT = 500
"""Rows and columns that are looked at, evenly over the picture."""
LARGEST_JUMP = 99.0
"""Percentile at which jumps are cut: edges of bones and letters."""
VISIBLE_BLOCKS = 1.25
"""Ratio of jumps at the borders of blocks to others, in both directions, from which a picture counts as heavily compressed. `python -m
benchmarks.film_gate` measures it: simulated films and pictures without blocks reach 1.13, JPEG of quality 90 and less 1.47 or more."""


def blockiness(stored: FloatImage) -> float:
    """How many times larger jumps are between the blocks of a JPEG than within them: the lesser ratio of the two directions, about 1 without blocks.

    Parameters
    ----------
    stored
        Values as they lie in the file, shape (rows, columns): not turned, not resampled.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> noise = rng.normal(size=(256, 256)).astype(np.float32)
    >>> blocks = noise + 3 * np.kron(rng.normal(size=(32, 32)), np.ones((8, 8))).astype(np.float32)
    >>> blockiness(noise) < 1.1, blockiness(blocks) > 1.3
    (True, True)
    """
    if min(stored.shape) < LEAST_LINES:
        return 1.0
    return min(_ratio(stored), _ratio(stored.T))


def _ratio(image: FloatImage) -> float:
    """Jumps between columns at the place within blocks where they are largest, over the median of the other places."""
    rows = image[:: max(1, image.shape[0] // LOOKED_AT)].astype(np.float32)
    steps = np.diff(rows, axis=1)
    jumps = np.abs(steps[:, 1:-1] - 0.5 * (steps[:, :-2] + steps[:, 2:]))  # what a smooth slope across the border does not explain
    jumps = jumps[:, : jumps.shape[1] // BLOCK_PX * BLOCK_PX]
    by_place = np.minimum(jumps, np.percentile(jumps[::4], LARGEST_JUMP)).mean(axis=0).reshape(-1, BLOCK_PX).mean(axis=0)
    at = int(by_place.argmax())
    others = float(np.median(np.delete(by_place, at)))
    return float(by_place[at]) / others if others > 0 else 1.0
