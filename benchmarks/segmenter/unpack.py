"""The networks that the package ships, as training takes them up: out of their eight bits, for `--start`.

    python -m benchmarks.segmenter.unpack --cache FOLDER --films 24

A convolution of the package holds the normalisation behind it. Here the two are apart again: the normalisation has the statistics of patches of the
cached films, so that the network answers as it did, and goes on answering so when training begins. Writes network-1.pt, network-2.pt, ... into the
cache. Needs the dependency group ``train``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from benchmarks.segmenter.films import load, make
from benchmarks.segmenter.network import Network
from benchmarks.segmenter.patches import cut
from benchmarks.segmenter.settings import FIRST_TRAINING_SEED, PACKAGE
from benchmarks.segmenter.train import keep
from calcitrack.segment.network import WEIGHTS

PATCHES_A_FILM = 4
LEAST_VARIANCE = 1e-6
"""A channel that is never active has no variance; this keeps its scale finite."""

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weights and bias of a convolution."""


def members(model: onnx.ModelProto) -> int:
    """How many networks the file is the mean of."""
    return len(next(node for node in model.graph.node if node.op_type == "Mean").input)


def layers(model: onnx.ModelProto, member: int) -> Iterator[Layer]:
    """Weights and bias of a member's convolutions, in their order."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    whole = {node.output[0]: node for node in model.graph.node if node.op_type == "DequantizeLinear"}

    def real(name: str) -> NDArray[np.float32]:
        numbers, scale, zero = (stored[of] for of in whole[name].input)
        by_channel = (-1, *[1] * (numbers.ndim - 1)) if scale.size > 1 else ()
        return np.asarray((numbers.astype(np.float32) - zero.reshape(by_channel)) * scale.reshape(by_channel), np.float32)

    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[1].startswith(f"{member}_"):
            yield real(node.input[1]), real(node.input[2])


def unpacked(model: onnx.ModelProto, member: int, patches: torch.Tensor) -> Network:
    """A member as a network that can be trained on.

    Parameters
    ----------
    patches
        Pictures, shape (patches, 5, rows, columns), from which the normalisations take their statistics.
    """
    network, drawn = Network(), layers(model, member)
    pairs = [(block[k], block[k + 1]) for block in (*network.enc, *network.dec) for k in (0, 3)]
    with torch.no_grad():
        for convolution, normal in pairs:
            weight, bias = (torch.from_numpy(values) for values in next(drawn))
            convolution.weight.copy_(weight)
            normal.weight.fill_(float(np.sqrt(1 + normal.eps)))  # the identity, but for the bias
            normal.bias.copy_(bias)
        weight, bias = (torch.from_numpy(values) for values in next(drawn))
        network.out.weight.copy_(weight)
        network.out.bias.copy_(bias)
        _take_statistics(network.eval(), [normal for _, normal in pairs], patches)
    return network


def _take_statistics(network: Network, normals: list[nn.BatchNorm2d], patches: torch.Tensor) -> None:
    """Give the normalisations the statistics of what enters them, and the scale and bias with which they answer as before, in place."""
    entering: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def seen(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        values = inputs[0].double()
        entering[id(module)] = values.mean((0, 2, 3)), values.var((0, 2, 3), unbiased=False).clamp(min=LEAST_VARIANCE)

    hooks = [normal.register_forward_pre_hook(seen) for normal in normals]
    network(patches)
    for hook in hooks:
        hook.remove()
    for normal in normals:
        mean, variance = entering[id(normal)]
        normal.bias.copy_(normal.bias.double() + mean)
        normal.weight.copy_(torch.sqrt(variance + normal.eps))
        for name, statistic in (("running_mean", mean), ("running_var", variance)):
            normal.get_buffer(name).copy_(statistic)


def main() -> None:
    """Write the weights of each member."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="folder for the simulated films and the weights")
    parser.add_argument("--films", type=int, default=24)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    films = make(range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + arguments.films), arguments.cache, arguments.workers)
    rng = np.random.default_rng(0)
    found = [p.pictures for path in films for p in cut(load(path), load(films[0]), PATCHES_A_FILM, rng)]
    model = onnx.load(str(PACKAGE / WEIGHTS))
    for member in range(members(model)):
        path = arguments.cache / f"network-{member + 1}.pt"
        keep(unpacked(model, member, torch.from_numpy(np.stack(found).astype(np.float32))), path)
        print(f"{path} written")


if __name__ == "__main__":
    main()
