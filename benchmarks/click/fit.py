"""Fits how well a candidate meets the truth from its facts: a network with two hidden layers, trained on the candidates of simulated clicks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from calcitrack.segment.click_score import FARTHEST, ClickScore

UNITS = (32, 16)
"""Hidden units."""
PASSES, BATCH, RATE, DECAY = 40, 512, 2e-3, 1e-5
"""Passes over all candidates, candidates of a step, the first step width of Adam (it falls to nothing along a cosine), and weight decay."""
Rows = NDArray[np.float64]


def fit(facts: Rows, overlap: NDArray[np.float64], weight: NDArray[np.float64], seed: int = 0, passes: int = PASSES) -> ClickScore:
    """Weights that tell the expected Dice coefficient.

    Parameters
    ----------
    facts
        Shape (candidates, facts).
    overlap
        Dice coefficient of each candidate with the truth; 0 where there is no deposit.
    weight
        How much each candidate counts.
    """
    rng = np.random.default_rng(seed)
    centre, scale = facts.mean(axis=0), facts.std(axis=0) + 1e-6
    rows = np.clip((facts - centre) / scale, -FARTHEST, FARTHEST).astype(np.float32)
    truth, weight = overlap.astype(np.float32), (weight / weight.mean()).astype(np.float32)
    sizes = (rows.shape[1], *UNITS, 1)
    values = [rng.normal(0, 1 / np.sqrt(a), (a, b)).astype(np.float32) for a, b in pairwise(sizes)]
    values += [np.zeros(n, np.float32) for n in sizes[1:]]
    first, second = ([np.zeros_like(v) for v in values] for _ in range(2))
    steps = max(1, len(rows) // BATCH) * passes
    done = 0
    for _ in range(passes):
        order = rng.permutation(len(rows))
        for start in range(0, len(rows) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            done += 1
            rate = RATE * 0.5 * (1 + np.cos(np.pi * done / steps))
            for value, slope, m, v in zip(values, _slopes(values, rows[chosen], truth[chosen], weight[chosen]), first, second, strict=True):
                m += 0.1 * (slope - m)
                v += 0.001 * (slope**2 - v)
                value -= rate * (m / (1 - 0.9**done) / (np.sqrt(v / (1 - 0.999**done)) + 1e-8) + DECAY * value)
    one, two, out, one_bias, two_bias, out_bias = (np.asarray(v, float) for v in values)
    return ClickScore(centre, scale, one, one_bias, two, two_bias, out[:, 0], float(out_bias[0]))


def _slopes(
    values: list[NDArray[np.float32]], rows: NDArray[np.float32], truth: NDArray[np.float32], weight: NDArray[np.float32]
) -> list[NDArray[np.float32]]:
    """Slopes of the cross entropy with the overlap as a soft target."""
    one, two, out, one_bias, two_bias, out_bias = values
    a = np.tanh(rows @ one + one_bias)
    b = np.tanh(a @ two + two_bias)
    wrong = ((1 / (1 + np.exp(-(b @ out + out_bias)[:, 0])) - truth) * weight / len(rows))[:, None]
    back_b = wrong @ out.T * (1 - b**2)
    back_a = back_b @ two.T * (1 - a**2)
    return [rows.T @ back_a, a.T @ back_b, b.T @ wrong, back_a.sum(axis=0), back_b.sum(axis=0), wrong.sum(axis=0)]
