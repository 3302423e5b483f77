"""Several trained networks as the one file that the package ships: their mean, in whole numbers of eight bits.

    python -m benchmarks.segmenter.pack A.onnx B.onnx --cache FOLDER --films 900

Networks from different runs err in different places, so that their mean errs less. Each is turned into eight-bit convolutions, which take less
time (Jacob et al. 2018, "Quantization and training of neural networks for efficient integer-arithmetic-only inference"), and every
second one looks at the film's mirror image. Needs the dependency group ``train``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import compose, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from benchmarks.segmenter.films import load
from benchmarks.segmenter.patches import cut
from benchmarks.segmenter.settings import FIRST_TRAINING_SEED, PACKAGE
from calcitrack.segment.network import WEIGHTS

PICTURES, LOGITS = "pictures", "logits"
RANGE_PATCHES = 60
"""Patches over which the range of every layer's values is taken."""
PATCHES_A_FILM = 2


class _Seen(CalibrationDataReader):  # type: ignore[misc]
    """Patches as the training sees them."""

    def __init__(self, films: Sequence[Path]) -> None:
        self._left = islice(self._patches(films, np.random.default_rng(0)), RANGE_PATCHES)

    @staticmethod
    def _patches(films: Sequence[Path], rng: np.random.Generator) -> Iterator[np.ndarray]:
        while True:
            film, other = (load(films[rng.integers(len(films))]) for _ in range(2))
            yield from (patch.pictures for patch in cut(film, other, PATCHES_A_FILM, rng))

    def get_next(self) -> dict[str, np.ndarray] | None:
        patch = next(self._left, None)
        return None if patch is None else {PICTURES: patch[None].astype(np.float32)}


def in_eight_bits(network: Path, films: Sequence[Path]) -> onnx.ModelProto:
    """The exported network with eight-bit convolutions; weights use seven of the bits, so that sums overflow on no processor."""
    with TemporaryDirectory() as folder:
        shaped, small = Path(folder, "shaped.onnx"), Path(folder, "small.onnx")
        quant_pre_process(network, shaped, skip_symbolic_shape=True)
        quantize_static(
            shaped,
            small,
            _Seen(films),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
        return onnx.load(str(small))


def packed(members: Sequence[onnx.ModelProto]) -> onnx.ModelProto:
    """Their mean log odds as one network; the second, fourth, ... see the mirror image."""
    first = members[0]
    constants = {"m_first": -1, "m_last": np.iinfo(np.int64).min, "m_axis": 3, "m_step": -1}
    graph = helper.make_graph(
        [],
        "mean",
        list(first.graph.input),
        list(first.graph.output),
        [numpy_helper.from_array(np.array([value], np.int64), name) for name, value in constants.items()],
    )
    graph.node.append(helper.make_node("Slice", [PICTURES, *constants], ["m_pictures"]))
    answers = []
    for k, member in enumerate(members):
        part, prefix, mirrored = compose.add_prefix(member, f"{k}_").graph, f"{k}_", k % 2 == 1
        for node in part.node:
            node.input[:] = [("m_pictures" if mirrored else PICTURES) if name == prefix + PICTURES else name for name in node.input]
        graph.node.extend(part.node)
        graph.initializer.extend(part.initializer)
        answers.append(prefix + LOGITS)
        if mirrored:
            graph.node.append(helper.make_node("Slice", [answers.pop(), *constants], [prefix + "turned"]))
            answers.append(prefix + "turned")
    graph.node.append(helper.make_node("Mean", answers, [LOGITS]))
    model = helper.make_model(graph, opset_imports=first.opset_import, ir_version=first.ir_version)
    onnx.checker.check_model(model)
    return model


def pack(networks: Sequence[Path], films: Sequence[Path], path: Path) -> None:
    """Write the mean of the exported networks, in eight bits."""
    onnx.save(packed([in_eight_bits(network, films) for network in networks]), str(path))


def main() -> None:
    """Pack what former runs exported."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", type=Path, nargs="+")
    parser.add_argument("--films", type=int, default=800)
    parser.add_argument("--cache", type=Path, required=True, help="folder with the simulated films that the networks were trained on")
    parser.add_argument("--weights", type=Path, default=PACKAGE / WEIGHTS)
    arguments = parser.parse_args()
    pack(arguments.networks, [arguments.cache / f"{k}" for k in range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + arguments.films)], arguments.weights)


if __name__ == "__main__":
    main()
