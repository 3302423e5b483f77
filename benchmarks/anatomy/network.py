"""A U-Net (Ronneberger et al., 2015, MICCAI) whose lowest level sees the whole limb: a bone is told by its form and place, not by its brightness."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

PICTURES, ANSWERS = 5, 4
"""Channels in (`benchmarks.anatomy.scene.as_input`) and out: deposit, bone, limb, foreign."""
WIDTHS = (24, 40, 64, 96, 128, 160)
"""Channels at 0.8, 1.6, 3.2, 6.4, 12.8 and 25.6 mm a pixel."""
MULTIPLE = 64
"""Sides of a picture are multiples of this."""


def _block(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class AnatomyNetwork(nn.Module):
    """Pictures (batch, 5, rows, columns), sides multiples of 64 -> logits (batch, 4, rows, columns)."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (PICTURES * 4, *WIDTHS[:-1])
        self.enc = nn.ModuleList(_block(a, b) for a, b in zip(inputs, WIDTHS, strict=True))
        self.dec = nn.ModuleList(_block(WIDTHS[k] + WIDTHS[k + 1], WIDTHS[k]) for k in reversed(range(len(WIDTHS) - 1)))
        self.out = nn.Conv2d(WIDTHS[0], ANSWERS * 4, 3, padding=1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits of deposit, bone, limb and foreign."""
        x = functional.pixel_unshuffle(pictures, 2)
        kept: list[torch.Tensor] = []
        for level, encode in enumerate(self.enc):
            x = encode(x if level == 0 else functional.max_pool2d(x, 2))
            kept.append(x)
        for decode, skip in zip(self.dec, kept[-2::-1], strict=True):
            x = decode(torch.cat([functional.interpolate(x, scale_factor=2.0, mode="nearest"), skip], dim=1))
        return functional.pixel_shuffle(self.out(x), 2)
