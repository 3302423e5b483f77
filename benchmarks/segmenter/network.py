"""A small U-Net (Ronneberger et al., 2015, MICCAI) behind a stem that takes 2 x 2 pixels at once."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

PICTURES, ANSWERS = 5, 3
"""Channels in (`network_input`) and out (deposit, bone, limb)."""
WIDTHS = (32, 48, 80, 112, 144)
"""Channels at 0.4, 0.8, 1.6, 3.2 and 6.4 mm a pixel; multiples of 16, by which processors count."""


def _block(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class Network(nn.Module):
    """Pictures (batch, 5, rows, columns), sides multiples of 2 to the number of levels -> logits (batch, answers, rows, columns)."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, answers: int = ANSWERS) -> None:
        super().__init__()
        inputs = (PICTURES * 4, *widths[:-1])
        self.enc = nn.ModuleList(_block(a, b) for a, b in zip(inputs, widths, strict=True))
        self.dec = nn.ModuleList(_block(widths[k] + widths[k + 1], widths[k]) for k in reversed(range(len(widths) - 1)))
        self.out = nn.Conv2d(widths[0], answers * 4, 3, padding=1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits of each answer."""
        x = functional.pixel_unshuffle(pictures, 2)
        kept: list[torch.Tensor] = []
        for level, encode in enumerate(self.enc):
            x = encode(x if level == 0 else functional.max_pool2d(x, 2))
            kept.append(x)
        for decode, skip in zip(self.dec, kept[-2::-1], strict=True):
            x = decode(torch.cat([functional.interpolate(x, scale_factor=2.0, mode="nearest"), skip], dim=1))
        return functional.pixel_shuffle(self.out(x), 2)
