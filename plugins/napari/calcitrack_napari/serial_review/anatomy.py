"""Limb and bone as thin contours, for readers who want to see what the program took for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from calcitrack.model.segmentation import Segmentation

LIMB, BONE = 1, 2
COLOURS = {LIMB: (0.75, 0.75, 0.75, 1.0), BONE: (0.55, 0.8, 1.0, 1.0)}
"""Grey for the skin line and pale blue for bone: neither is a colour of a deposit's identity at full strength."""
LINE_SHARE = 1 / 300
"""Width of a contour as a share of the shorter side of the film: it stays a line when the whole film is in view."""


def anatomy_layer(found: Segmentation, name: str, common: dict[str, Any]) -> Labels:
    """Contours of limb and bone of one film, hidden."""
    drawn = found.limb.astype(np.uint8) * LIMB
    drawn[found.bone] = BONE
    colours: dict[int | None, Any] = {None: (0.0, 0.0, 0.0, 0.0), 0: (0.0, 0.0, 0.0, 0.0), **COLOURS}
    layer = Labels(drawn, name=f"limb and bone, {name}", colormap=DirectLabelColormap(color_dict=colours), opacity=0.8, **common)
    layer.contour = max(2, round(min(drawn.shape) * LINE_SHARE))
    layer.editable = False
    return layer
