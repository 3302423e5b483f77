from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
import sys
from importlib import resources

from calcitrack import Radiograph, Segmentation
from calcitrack.segment import SegmentOptions
from calcitrack.segment.recipe import recipe


def test_the_network_is_named_by_its_weights_and_its_runtime() -> None:
    """The hash is that of the file in the package, so that anyone can compare it with `sha256sum`."""
    data = resources.files("calcitrack.segment").joinpath("data")
    weights, overview, confidence = (data.joinpath(name).read_bytes() for name in ("deposits.onnx", "overview.onnx", "belief.json"))
    assert recipe(SegmentOptions()) == {
        "method": "network",
        "sure_from": 0.95,
        "mass_from": 0.6,
        "supported_from": 0.1,
        "possible_from": 0.5,
        "possible_mass_from": 0.3,
        "weights": "deposits.onnx",
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "overview": "overview.onnx",
        "overview_sha256": hashlib.sha256(overview).hexdigest(),
        "confidence": "belief.json",
        "confidence_sha256": hashlib.sha256(confidence).hexdigest(),
        "onnxruntime": importlib.metadata.version("onnxruntime"),
    }


def test_a_segmenter_of_the_users_own_names_no_network() -> None:
    """What took no part is not in the provenance."""
    found = recipe(SegmentOptions(method=_find))
    assert {name: value for name, value in found.items() if not name.startswith("segmenter")} == {
        "method": "own",
        "sure_from": 0.0,
        "mass_from": 0.0,
        "supported_from": 0.0,
        "possible_from": 0.0,
        "possible_mass_from": 0.0,
    }


def _find(radiograph: Radiograph) -> Segmentation:
    raise NotImplementedError(radiograph)


def test_importing_reads_no_weights() -> None:
    """The hash is made when it is asked for, once a process."""
    program = "from calcitrack.segment import recipe as r; from calcitrack.segment.recipe import _sha256 as h; print(h.cache_info().currsize)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "0\n"  # noqa: S603 this interpreter
