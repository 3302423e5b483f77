"""Provenance of a segmentation: everything besides the film and the options that determines it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from calcitrack.model.provenance import Parameter
from calcitrack.segment.options import SegmentOptions

OWN = "own"
"""Method of a segmenter that the user plugged in."""


def recipe(options: SegmentOptions) -> Mapping[str, Parameter]:
    """Name of the method and the confidence it asks for.

    For the networks also the files of their weights and their confidence, with SHA-256; for a segmenter of the user's own its name, version,
    source and state.

    Examples
    --------
    >>> from calcitrack import SegmentOptions
    >>> recipe(SegmentOptions())["method"]
    'network'
    """
    bars: dict[str, Parameter] = {
        "sure_from": options.sure_from,
        "mass_from": options.mass_from,
        "supported_from": options.supported_from,
        "possible_from": options.possible_from,
        "possible_mass_from": options.possible_mass_from,
    }
    if options.segmenter is not None:
        own = options.segmenter.identity
        named = {"segmenter": own.address, "version": own.version, "source_sha256": own.source_sha256, "state": own.state}
        return {"method": OWN, **bars, **{f"segmenter_{k}" if k != "segmenter" else k: v for k, v in named.items() if v}}
    import onnxruntime

    from calcitrack.segment.deposit_confidence import CONFIDENCE_WEIGHTS
    from calcitrack.segment.network import WEIGHTS
    from calcitrack.segment.overview import OVERVIEW_WEIGHTS

    return {
        "method": str(options.method),
        **bars,
        "weights": WEIGHTS,
        "weights_sha256": _sha256(WEIGHTS),
        "overview": OVERVIEW_WEIGHTS,
        "overview_sha256": _sha256(OVERVIEW_WEIGHTS),
        "confidence": CONFIDENCE_WEIGHTS,
        "confidence_sha256": _sha256(CONFIDENCE_WEIGHTS),
        "onnxruntime": onnxruntime.__version__,
    }


@lru_cache(maxsize=3)
def _sha256(weights: str) -> str:
    """SHA-256 of a weights file, computed once per process and only where the network is used."""
    return hashlib.sha256(resources.files("calcitrack.segment").joinpath("data", weights).read_bytes()).hexdigest()
