"""Simulate films, train networks, write their mean, fit its confidence.

    python -m benchmarks.segmenter --films 800 --steps 5000 --cache /somewhere/with/10/GB

Needs the dependency group ``train``. The weights go to calcitrack/segment/data/deposits.onnx, the confidence to belief.json beside it, and the
networks themselves stay in the cache: training can go on from a .pt, and `python -m benchmarks.segmenter.pack` makes other means of the .onnx.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.segmenter import calibrate
from benchmarks.segmenter.films import make
from benchmarks.segmenter.pack import pack
from benchmarks.segmenter.settings import FIRST_CALIBRATION_SEED, FIRST_TRAINING_SEED, PACKAGE
from benchmarks.segmenter.train import HIGHEST_RATE, export, keep, train
from calcitrack.segment.deposit_confidence import CONFIDENCE_WEIGHTS
from calcitrack.segment.network import WEIGHTS


def main() -> None:
    """Make films, train, export, calibrate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=800)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--cache", type=Path, required=True, help="folder for the simulated films, 20 MB each")
    parser.add_argument("--weights", type=Path, default=PACKAGE / WEIGHTS, help="where the trained network goes")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--calibration-films", type=int, default=400)
    parser.add_argument("--start", type=Path, help="go on from weights that a former run left in its cache (network-SEED.pt)")
    parser.add_argument(
        "--rate", type=float, default=HIGHEST_RATE, help="highest learning rate; a third of the default refines weights that are good already"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first network; the next ones follow")
    parser.add_argument("--members", type=int, default=2, help="networks of which the package ships the mean")
    parser.add_argument("--only-calibrate", action="store_true", help="keep the weights that are there")
    parser.add_argument("--backgrounds", type=Path, nargs="*", default=[], help="folders of real deposit-free PNG, for the confidence")
    parser.add_argument("--finds", type=Path, help="file for what is found on the films of the confidence; an existing one saves the search")
    parser.add_argument("--no-report", action="store_true", help="fit the confidence without saying how well it does on films left out")
    parser.add_argument("--keep-searched", action="store_true", help="only the overview is new: keep the confidence on films like the simulated ones")
    arguments = parser.parse_args()
    if not arguments.only_calibrate:
        torch.set_num_threads(1)
        films = make(range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + arguments.films), arguments.cache, arguments.workers)
        exported = []
        for seed in range(arguments.seed, arguments.seed + arguments.members):
            kept = arguments.cache / f"network-{seed}.pt"
            network = train(films, arguments.steps, seed, max(1, arguments.workers - 1), arguments.start, kept, arguments.rate)
            keep(network, kept)
            exported.append(kept.with_suffix(".onnx"))
            export(network, exported[-1])
        pack(exported, films, arguments.weights)
        if arguments.weights != PACKAGE / WEIGHTS:
            print(f"{arguments.weights} written; the confidence is calibrated for the weights in the package only")
            return
    seeds = range(FIRST_CALIBRATION_SEED, FIRST_CALIBRATION_SEED + arguments.calibration_films)
    pictures = sorted(path for folder in arguments.backgrounds for path in folder.glob("*.png"))
    finds = calibrate.finds_on(calibrate.jobs(seeds, pictures), arguments.workers, arguments.finds)
    calibrate.fit(finds, PACKAGE / CONFIDENCE_WEIGHTS, keep_searched=arguments.keep_searched)
    if not arguments.no_report:
        calibrate.report(finds)


if __name__ == "__main__":
    main()
