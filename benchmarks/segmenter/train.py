"""Training proper: a fixed number of steps on patches of the cached films, averaged weights out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from benchmarks.segmenter.films import UNJUDGED, load
from benchmarks.segmenter.network import Network
from benchmarks.segmenter.patches import cut

BATCH, PATCHES_A_FILM = 8, 4
HIGHEST_RATE, LOWEST_SHARE, WARM_UP = 2.5e-3, 0.005, 100
"""Learning rate at its top, its end as a share of that, and steps until the top (cosine schedule)."""
AVERAGE = 0.998
"""Weights of the result are a running average of those of the steps."""
POSITIVE = 1.0
"""A pixel of a deposit counts this much more than one without."""

SAVE_EVERY = 1000
"""Steps after which the averaged weights are written, so that an interrupted run is not lost."""

Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class _Patches(IterableDataset[Tensors]):
    """Pictures, truth and weight of one patch after another, without end."""

    def __init__(self, films: Sequence[Path], seed: int) -> None:
        self.films, self.seed = films, seed

    def __iter__(self) -> Iterator[Tensors]:
        cv2.setNumThreads(1)
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            film, other = (load(self.films[rng.integers(len(self.films))]) for _ in range(2))
            for patch in cut(film, other, PATCHES_A_FILM, rng):
                yield torch.from_numpy(patch.pictures), torch.from_numpy(patch.truth.astype(np.int64)), torch.from_numpy(patch.weight)


def loss_of(logits: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Weighted cross entropy and Dice for deposits, cross entropy for bone and limb."""
    target = torch.stack([(truth >> k) & 1 for k in range(3)], dim=1).float()
    judged = ((truth & UNJUDGED) == 0).float()
    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    deposit = target[:, 0]
    chance = torch.sigmoid(logits[:, 0]) * judged
    overlap = 2 * (chance * deposit * weight).sum() + 2
    dice = 1 - overlap / ((chance * weight).sum() + (deposit * judged * weight).sum() + 2)
    return 4 * (entropy[:, 0] * weight * judged * (1 + POSITIVE * deposit)).mean() + dice + 0.5 * entropy[:, 1].mean() + 0.25 * entropy[:, 2].mean()


def train(
    films: Sequence[Path],
    steps: int,
    seed: int,
    workers: int,
    start: Path | None = None,
    kept: Path | None = None,
    highest_rate: float = HIGHEST_RATE,
) -> Network:
    """The averaged network after so many steps, from random weights or from those of a file that `keep` wrote."""
    torch.manual_seed(seed)
    batches = iter(DataLoader(_Patches(films, seed), batch_size=BATCH, num_workers=workers, multiprocessing_context="spawn"))
    network = _started(start).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE), use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=highest_rate, weight_decay=1e-4)
    began, losses = time.monotonic(), []
    for step in range(steps):
        rate = highest_rate * min(1.0, step / WARM_UP) * (0.5 * (1 + np.cos(np.pi * step / steps)) + LOWEST_SHARE)
        for group in optimizer.param_groups:
            group["lr"] = rate
        pictures, truth, weight = next(batches)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(pictures.to(memory_format=torch.channels_last))
        loss = loss_of(logits.float(), truth, weight)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        average.update_parameters(network)
        losses.append(loss.item())
        if (step + 1) % SAVE_EVERY == 0 and kept is not None:
            keep(average.module, kept)
        if (step + 1) % 50 == 0:
            print(f"step {step + 1} of {steps}: loss {np.mean(losses[-50:]):.3f}, {(time.monotonic() - began) / (step + 1):.2f} s a step", flush=True)
    result: Network = average.module
    return result.eval()


def _started(start: Path | None) -> Network:
    """Random weights, or those of a former run."""
    network = Network()
    if start is not None:
        network.load_state_dict(torch.load(start, weights_only=True))
    return network


def keep(network: Network, path: Path) -> None:
    """Write the weights so that training can go on from them."""
    torch.save(network.state_dict(), path)


def export(network: Network, path: Path) -> None:
    """Write the network as ONNX, any size of picture."""
    sides = {2: "rows", 3: "columns"}
    torch.onnx.export(
        network,
        (torch.zeros(1, 5, 512, 512),),
        str(path),
        input_names=["pictures"],
        output_names=["logits"],
        dynamic_axes={"pictures": sides, "logits": sides},
        opset_version=17,
        dynamo=False,
    )
