"""The network of the search, asked on a coarse grid, where it sees the whole limb: a bone is told by its form and place, not by its brightness."""

from __future__ import annotations

from benchmarks.segmenter.network import WIDTHS, Network

ANSWERS = 4
"""Channels out: deposit, bone, limb, foreign; in, those of `benchmarks.anatomy.scene.as_input`."""


class AnatomyNetwork(Network):
    """Pictures (batch, 5, rows, columns), sides multiples of 32 -> logits (batch, 4, rows, columns)."""

    def __init__(self) -> None:
        super().__init__(WIDTHS, ANSWERS)
