"""What besides the film and the options decides a segmentation, for its provenance."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from calcitrack.model.provenance import Parameter
from calcitrack.segment.options import Method, SegmentOptions


def recipe(options: SegmentOptions) -> Mapping[str, Parameter]:
    """Name of the method; for the network also the files of its weights and of its confidence with their SHA-256, and the version of onnxruntime."""
    if options.method is not Method.NETWORK:
        return {"method": options.method.value}
    import onnxruntime

    from calcitrack.segment.belief import BELIEF
    from calcitrack.segment.network import WEIGHTS

    return {
        "method": options.method.value,
        "weights": WEIGHTS,
        "weights_sha256": _sha256(WEIGHTS),
        "confidence": BELIEF,
        "confidence_sha256": _sha256(BELIEF),
        "onnxruntime": onnxruntime.__version__,
    }


@lru_cache(maxsize=2)
def _sha256(weights: str) -> str:
    """Read once a process, and only where the network is used."""
    return hashlib.sha256(resources.files("calcitrack.segment").joinpath("data", weights).read_bytes()).hexdigest()
