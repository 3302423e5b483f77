"""The network of the search with one level more, which sees the whole limb: a bone is told by its form and place, not by its brightness."""

from __future__ import annotations

from benchmarks.segmenter.network import Network

ANSWERS = 4
"""Channels out: deposit, bone, limb, foreign; in, those of `benchmarks.anatomy.scene.as_input`."""
WIDTHS = (24, 40, 64, 96, 128, 160)
"""Channels at 0.8, 1.6, 3.2, 6.4, 12.8 and 25.6 mm a pixel. Sides of a picture are multiples of 64."""


class AnatomyNetwork(Network):
    """Pictures (batch, 5, rows, columns) -> logits (batch, 4, rows, columns)."""

    def __init__(self) -> None:
        super().__init__(WIDTHS, ANSWERS)
