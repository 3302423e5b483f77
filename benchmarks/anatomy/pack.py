"""The trained anatomy network as the file that the package ships: weights in 16 bits, arithmetic in 32.

    python -m benchmarks.anatomy.pack CHECKPOINT.pt

CHECKPOINT is a checkpoint of the training, or weights that it kept (overview.pt beside this file). Needs the dependency group ``train``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.anatomy.train import averaged, write_weights
from benchmarks.segmenter.settings import PACKAGE
from benchmarks.segmenter.train import export
from calcitrack.segment.overview import OVERVIEW_WEIGHTS

KEPT = Path(__file__).with_name("overview.pt")
"""The same weights as training takes them up."""
SMALLEST = 256
"""Weights of fewer numbers than this stay in 32 bits."""


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its large weights stored in 16 bits and cast back where they are used."""
    casts = []
    for weight in list(model.graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < SMALLEST:
            continue
        model.graph.initializer.remove(weight)
        model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{weight.name}_16"))
        casts.append(helper.make_node("Cast", [f"{weight.name}_16"], [weight.name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def pack(checkpoint: Path, path: Path) -> None:
    """Write the averaged network of a checkpoint."""
    with TemporaryDirectory() as folder:
        exported = Path(folder, "network.onnx")
        export(averaged(checkpoint), exported)
        onnx.save(halved(onnx.load(str(exported))), str(path))


def main() -> None:
    """Pack a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--weights", type=Path, default=PACKAGE / OVERVIEW_WEIGHTS)
    arguments = parser.parse_args()
    pack(arguments.checkpoint, arguments.weights)
    write_weights(arguments.checkpoint, KEPT)


if __name__ == "__main__":
    main()
