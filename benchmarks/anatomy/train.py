"""Training in chunks: the same command goes on from its checkpoint, and a patch depends on its number alone, however often training was ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from benchmarks.anatomy.grounds import Ground
from benchmarks.anatomy.layers import IS_BONE, IS_DEPOSIT, IS_FOREIGN, IS_LIMB
from benchmarks.anatomy.network import AnatomyNetwork
from benchmarks.anatomy.scene import ANATOMY_UNJUDGED, DEPOSIT_UNJUDGED, patch

BITS = (IS_DEPOSIT, IS_BONE, IS_LIMB, IS_FOREIGN)
"""Truth bit of each channel of the answer."""
SHARES = (3.0, 1.0, 0.4, 0.6)
"""Weight of each channel in the loss: deposits are what it is for."""
DICE_SHARE = {IS_DEPOSIT: 1.0, IS_BONE: 0.5}
"""Weight of the overlap in the loss."""
WARM_UP, LOWEST_SHARE, AVERAGE = 200, 0.01, 0.998
"""Steps until the highest rate; the rate's end as a share of it (cosine); weights of the result are a running average."""
HALF_PRECISION = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
"""Arithmetic in 16 bits is a third faster where the processor has it, and twenty times slower where it has not."""
SAVE_EVERY_S = 120.0
"""How often a checkpoint is written, s."""

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Plan:
    """Steps in all, patches a step, highest learning rate, seed of patches and weights."""

    steps: int = 10_000
    batch: int = 16
    rate: float = 2.5e-3
    seed: int = 1


class _Patches(IterableDataset[Batch]):
    """Patches from a number on; each worker takes its share of them."""

    def __init__(self, films: Sequence[Path], grounds: Sequence[Ground], plan: Plan, first: int) -> None:
        self.films, self.grounds, self.plan, self.first = films, grounds, plan, first

    def __iter__(self) -> Iterator[Batch]:
        cv2.setNumThreads(1)
        worker = get_worker_info()
        number, step = self.first + (worker.id if worker else 0), worker.num_workers if worker else 1
        while True:
            cut = patch(self.films, self.grounds, self.plan.seed, number)
            yield torch.from_numpy(cut.pictures), torch.from_numpy(cut.truth.astype(np.int64)), torch.from_numpy(cut.weight)
            number += step


def loss_of(logits: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Cross entropy of the four answers, and the Dice of deposit and bone; what is unjudged takes no part."""
    anatomy = ((truth & ANATOMY_UNJUDGED) == 0).float()
    judged = [((truth & DEPOSIT_UNJUDGED) == 0).float() * weight, anatomy, anatomy, anatomy]
    total = logits.new_zeros(())
    for k, (bit, share, mask) in enumerate(zip(BITS, SHARES, judged, strict=True)):
        target = ((truth & bit) > 0).float()
        entropy = functional.binary_cross_entropy_with_logits(logits[:, k], target, reduction="none")
        total = total + share * (entropy * mask).sum() / mask.sum().clamp(min=1)
        if bit in (IS_DEPOSIT, IS_BONE):
            chance = torch.sigmoid(logits[:, k]) * mask
            overlap = 2 * (chance * target).sum() + 50
            total = total + DICE_SHARE[bit] * (1 - overlap / (chance.sum() + (target * mask).sum() + 50))
    return total


def train(
    films: Sequence[Path],
    grounds: Sequence[Ground],
    plan: Plan,
    kept: Path,
    workers: int,
    limit_s: float | None = None,
    start: Path | None = None,
) -> bool:
    """Train until the plan is done or the time is up; a checkpoint is written every two minutes and at the end.

    Parameters
    ----------
    films
        Cached layers of simulated films.
    grounds
        Real pictures without deposits.
    plan
        A checkpoint of another plan's seed or length is gone on from all the same: the rate follows this plan.
    kept
        File of the checkpoint.
    workers
        Processes that make patches.
    limit_s
        Stop after this long, s.
    start
        Weights of a former run, as `write_weights` keeps them; they count where there is no checkpoint.

    Returns
    -------
    Whether the plan is done.
    """
    torch.manual_seed(plan.seed)
    network = AnatomyNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if start is not None:
        network.load_state_dict({name: value.float() for name, value in torch.load(start, weights_only=True).items()})
    average = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE), use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=1e-4)
    done = 0
    if kept.exists():
        held = torch.load(kept, weights_only=True)
        network.load_state_dict(held["network"])
        average.load_state_dict(held["average"])
        optimizer.load_state_dict(held["optimizer"])
        done = int(held["done"])
        print(f"going on after step {done}", flush=True)
    batches = iter(DataLoader(_Patches(films, grounds, plan, done * plan.batch), plan.batch, num_workers=workers, multiprocessing_context="spawn"))
    began = saved = time.monotonic()
    losses: list[float] = []
    for step in range(done, plan.steps):
        rate = plan.rate * min(1.0, (step + 1) / WARM_UP) * max(LOWEST_SHARE, 0.5 * (1 + np.cos(np.pi * step / plan.steps)))
        for group in optimizer.param_groups:
            group["lr"] = float(rate)
        pictures, truth, weight = next(batches)
        if not torch.isfinite(pictures).all():
            raise ValueError(f"patches from number {step * plan.batch} on hold values that are not finite: mend the scene that drew them")
        with torch.autocast("cpu", torch.bfloat16, enabled=HALF_PRECISION):
            logits = network(pictures.to(memory_format=torch.channels_last))
        loss = loss_of(logits.float(), truth, weight)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        average.update_parameters(network)
        losses.append(loss.item())
        now = time.monotonic()
        if (step + 1) % 50 == 0:
            print(f"step {step + 1} of {plan.steps}: loss {np.mean(losses[-50:]):.3f}, {(now - began) / (step + 1 - done):.2f} s a step", flush=True)
        over = limit_s is not None and now - began > limit_s
        if now - saved > SAVE_EVERY_S or over or step + 1 == plan.steps:
            _keep(kept, network, average, optimizer, step + 1)
            saved = now
        if over:
            return step + 1 == plan.steps
    return True


def _keep(path: Path, network: AnatomyNetwork, average: torch.optim.swa_utils.AveragedModel, optimizer: torch.optim.AdamW, done: int) -> None:
    unfinished = path.with_suffix(".part")
    held = {"network": network.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(), "done": done}
    torch.save(held, unfinished)
    unfinished.replace(path)


def write_weights(checkpoint: Path, path: Path) -> None:
    """Keep the averaged weights of a checkpoint in 16 bits: a later run starts from them."""
    torch.save({name: value.half() for name, value in averaged(checkpoint).state_dict().items()}, path)


def averaged(path: Path) -> AnatomyNetwork:
    """The averaged network of a checkpoint, or of the weights that `write_weights` kept, ready to be asked."""
    network = AnatomyNetwork()
    held = torch.load(path, weights_only=True)
    if "average" not in held:
        network.load_state_dict({name: value.float() for name, value in held.items()})
        return network.eval()
    average = torch.optim.swa_utils.AveragedModel(network, use_buffers=True)
    average.load_state_dict(held["average"])
    result: AnatomyNetwork = average.module
    return result.eval()
