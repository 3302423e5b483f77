"""Go on from the weights that the package ships: read out of the ONNX file, spread into a wider network, normalisation measured anew."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn

from benchmarks.segmenter.network import Network

NEW_CHANNEL_SHARE = 0.05
"""What a new channel tells the old ones at first, against a random start: the network's answers hardly change, and the channel can learn."""

Convolutions = list[tuple[torch.Tensor, torch.Tensor]]


def shipped(path: Path) -> Convolutions:
    """Weights and biases of the convolutions of an exported network, in order; their normalisation is folded into them."""
    graph = onnx.load(str(path)).graph
    named = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    return [(named[n.input[1]], named[n.input[2]]) for n in graph.node if n.op_type == "Conv"]


def resumed(path: Path, batches: Iterable[torch.Tensor]) -> Network:
    """A network that answers as the exported one does, whose width may be smaller.

    Parameters
    ----------
    path
        ONNX file written by `export`.
    batches
        Some pictures, (batch, 5, rows, columns), over which the normalisation is measured; two at least.
    """
    network, old = Network(), shipped(path)
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)]
    convolutions = [m for m in layers if isinstance(m, nn.Conv2d)]
    if len(convolutions) != len(old):
        raise SystemExit(f"{path}: {len(old)} convolutions found, {len(convolutions)} expected; only weights of the same depth can be gone on from")
    sources = _sources(network, old)
    for layer, (weight, bias), columns in zip(convolutions, old, sources, strict=True):
        _spread(layer, weight, columns)
        if layer.bias is not None:
            layer.bias.data[:] = bias
    _normalise(network, [bias for _, bias in old[:-1]], batches)
    return network.train()


def _sources(network: Network, old: Convolutions) -> list[list[int]]:
    """Where the input channels of each old convolution lie in the wider network: after a joint, the second part begins later."""
    levels = len(network.enc)
    narrow = [old[2 * level][0].shape[0] for level in range(levels)]
    wide = [block[0].out_channels for block in network.enc]
    plain = [list(range(weight.shape[1])) for weight, _ in old]
    for k, level in enumerate(reversed(range(levels - 1))):
        below, skip = narrow[level + 1], narrow[level]
        plain[2 * levels + 2 * k] = [*range(below), *range(wide[level + 1], wide[level + 1] + skip)]
    return plain


def _spread(layer: nn.Conv2d, weight: torch.Tensor, columns: list[int]) -> None:
    """Old weights to the first output channels; new input channels whisper, new output channels start at random in like strength."""
    outputs = weight.shape[0]
    strength = float(weight.std())
    fresh = torch.randn_like(layer.weight) * strength
    fresh[:outputs] *= NEW_CHANNEL_SHARE
    fresh[:outputs, columns] = weight
    layer.weight.data[:] = fresh


def _normalise(network: Network, biases: list[torch.Tensor], batches: Iterable[torch.Tensor]) -> None:
    """Give each normalisation the statistics of the pictures, and the scale and shift that undo it: old channels come out as before."""
    layers = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    seen: dict[nn.Module, list[tuple[torch.Tensor, torch.Tensor]]] = {layer: [] for layer in layers}
    for layer, bias in zip(layers, biases, strict=True):
        layer.bias.data[: bias.numel()] = bias
    hooks = [layer.register_forward_pre_hook(lambda layer, inputs: seen[layer].append(torch.var_mean(inputs[0], dim=(0, 2, 3)))) for layer in layers]
    network.eval()  # statistics of a new layer are 0 and 1: nothing but its shift is applied
    with torch.no_grad():
        for pictures in batches:
            network(pictures)
    for hook in hooks:
        hook.remove()
    for layer in layers:
        variances, means = (torch.stack(values) for values in zip(*seen[layer], strict=True))
        layer.running_mean = means.mean(dim=0)
        layer.running_var = variances.mean(dim=0) + means.var(dim=0)
        layer.weight.data[:] = torch.sqrt(layer.running_var + layer.eps)
        layer.bias.data += layer.running_mean
