"""Train the anatomy network, on as many films and for as long as there is time; the same command goes on where it was ended.

    python -m benchmarks.anatomy --films 700 --cache /somewhere/with/1/GB

Needs the dependency group ``train``. Layers of the simulated films and the checkpoint stay in the cache; ``--minutes`` ends a chunk.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.anatomy.grounds import grounds_in
from benchmarks.anatomy.layers import make
from benchmarks.anatomy.train import Plan, train

TRAINING_SEEDS = 0
"""First seed of the films that are trained on; films of 500,000 on serve validation."""


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
    grounds = grounds_in(arguments.backgrounds, arguments.cache / "grounds")
    finished = train(films, grounds, plan, arguments.cache / "anatomy.pt", arguments.workers, limit_s, arguments.start)
    print("the plan is done" if finished else "the time is up: the same command goes on", flush=True)


if __name__ == "__main__":
    main()
