"""What the viewer holds, against what our own reader reads from the same file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calcitrack.io.seg.read import read_segmentation


@dataclass(frozen=True, eq=False)
class Shown:
    """What the viewer holds of one Segmentation.

    Parameters
    ----------
    labels
        Number of the segment at each pixel, shape (rows, columns); ``None`` where it could not be loaded.
    names
        Number -> label.
    said
        The errors that the page wrote, each once.
    """

    labels: NDArray[np.uint16] | None
    names: dict[int, str]
    said: tuple[str, ...]


def expected(path: Path, image: str) -> tuple[NDArray[np.uint16], dict[int, str]]:
    """Label map and names of a Segmentation, as our own reader reads them."""
    file = read_segmentation(path)
    labels = np.zeros(file.shape, np.uint16)
    for number, mask in file.masks(image):
        labels[mask] = number
    return labels, {s.number: s.label for s in file.segments if s.number}


def difference(shown: Shown, labels: NDArray[np.uint16], names: dict[int, str]) -> str:
    """What the viewer holds otherwise; empty where it is the same."""
    if shown.labels is None:
        return "not loaded: " + "; ".join(s[:160] for s in shown.said[:3])
    if shown.names != names:
        return f"segments {shown.names}, expected {names}"
    if shown.labels.shape != labels.shape:
        return f"a grid of {shown.labels.shape}, expected {labels.shape}"
    others = int((shown.labels != labels).sum())
    return f"{others} pixels differ, of {int((labels > 0).sum())} inside deposits" if others else ""
