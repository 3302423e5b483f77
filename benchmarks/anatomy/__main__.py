"""Train the anatomy network, on as many films and for as long as there is time; the same command goes on where it was ended.

    python -m benchmarks.anatomy --films 700 --cache /somewhere/with/1/GB

Needs the dependency group ``train``. Layers of the simulated films and the checkpoint stay in the cache; ``--minutes`` ends a chunk.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.anatomy.layers import make
from benchmarks.anatomy.train import Plan, train

BACKGROUND_PX = 300
"""Long side of a real background: a wrist or a hand of about 0.8 mm a pixel; scenes vary the scale anyway."""
TRAINING_SEEDS = 0
"""First seed of the films that are trained on; films of 500,000 on serve validation."""


def backgrounds_in(folders: list[Path]) -> list[NDArray[np.float32]]:
    """Pictures of the folders, larger = denser, 0 to 1, with long sides of `BACKGROUND_PX` pixels."""
    found = []
    for path in sorted(p for folder in folders for p in folder.glob("*.png")):
        grey = cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(np.float32)
        grey = grey.mean(axis=2) if grey.ndim == 3 else grey
        size = BACKGROUND_PX / max(grey.shape)
        grey = cv2.resize(grey, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
        low, high = np.percentile(grey, [0.5, 99.9])
        found.append(np.clip((grey - low) / max(high - low, 1), 0, 1).astype(np.float32))
    return found


def main() -> None:
    """Make layers, train."""
    plan = Plan()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=700)
    parser.add_argument("--steps", type=int, default=plan.steps)
    parser.add_argument("--batch", type=int, default=plan.batch)
    parser.add_argument("--rate", type=float, default=plan.rate)
    parser.add_argument("--seed", type=int, default=plan.seed)
    parser.add_argument("--cache", type=Path, required=True, help="folder for layers (0.6 MB a film) and checkpoint")
    parser.add_argument("--backgrounds", type=Path, nargs="*", default=[], help="folders of real deposit-free PNG whose licence allows training")
    parser.add_argument("--workers", type=int, default=1, help="processes that make patches")
    parser.add_argument("--threads", type=int, default=1, help="threads of the network")
    parser.add_argument("--minutes", type=float, help="end after this long; the same command goes on")
    parser.add_argument("--start", type=Path, help="weights that a new run starts from, such as those beside this file (overview.pt)")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    films = make(range(TRAINING_SEEDS, TRAINING_SEEDS + arguments.films), arguments.cache / "layers", arguments.workers)
    plan = Plan(arguments.steps, arguments.batch, arguments.rate, arguments.seed)
    limit_s = None if arguments.minutes is None else 60 * arguments.minutes
    finished = train(films, backgrounds_in(arguments.backgrounds), plan, arguments.cache / "anatomy.pt", arguments.workers, limit_s, arguments.start)
    print("the plan is done" if finished else "the time is up: the same command goes on", flush=True)


if __name__ == "__main__":
    main()
