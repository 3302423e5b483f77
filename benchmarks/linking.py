"""Which deposit is which, and what became of it: calcitrack against what else links tracks, on simulated courses with known links, in one run.

400 deposits lie without overlap on 24 x 18 cm and are seen at 8 visits, each time off by a normal error in both directions, under sizes that drift,
and now and then not at all. Some are new, some resolve, some stay away for two visits, some pairs merge or come apart: what is one then covers both
places, with the area and the centroid of both. Run it from the repository root, with the dependency group ``peers``::

    OMP_NUM_THREADS=1 python -m benchmarks.linking --seeds 10

A link is a pair of detections of one deposit that follow each other, over missed visits too; a merge is two links into one detection, a split
two out of it. Every method gets the same positions in mm. The peers, which know no sizes or outlines, get the gate and the greatest gap with
which they did best here (`GATE_MM`, `MEMORY`). The second table holds fates against the truth, without missed detections: what was not found has
no fate to be right.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import laptrack
import numpy as np
import pandas as pd
import trackpy
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from calcitrack.model.assessment import Fate
from calcitrack.track import Detection, View, decide_fates, follow
from calcitrack.track.merges import footprint

VISITS = 8
FIELD_MM = (240.0, 180.0)
HIDDEN = {0: (240.0, 160.0), 3: (215.0, 180.0), 4: (215.0, 180.0)}
"""Visit -> how much of the field its picture shows, rows and columns in mm; the others show all of it."""
MARGIN_MM = 3.0
"""No deposit lies this near to the edge of a picture."""
GAP_MM = 0.5
"""Deposits of one visit are at least this far apart, outline to outline."""
RADIUS_MM = (1.0, 0.4)
"""Median radius, and the standard deviation of its natural logarithm."""
GROWTH = 0.1
"""Standard deviation of the logarithm of the radius from visit to visit."""
SHARES = {"new": 0.08, "resolved": 0.08, "reappeared": 0.05, "merged": 0.08, "split": 0.08}
"""Share of deposits with each course; of pairs, the second one has it."""
GATE_MM, MEMORY = 3.0, 3

Node = tuple[int, int]
"""Visit, and index of the detection on it."""
Links = set[tuple[Node, Node]]


@dataclass
class Deposit:
    """One true deposit: where, how large at each visit, what becomes of it, at which visits, and with which larger one."""

    place: np.ndarray
    radii: np.ndarray
    course: str = "persistent"
    when: tuple[int, int] = (0, VISITS)
    whole: int | None = None

    def present(self, visit: int) -> bool:
        """Whether it is there, alone or in another one."""
        start, end = self.when
        return {"new": visit >= start, "resolved": visit < start, "reappeared": not start <= visit < end}.get(self.course, True)

    def within(self, visit: int) -> bool:
        """Whether it is part of its larger neighbour."""
        return (self.course == "merged" and visit >= self.when[0]) or (self.course == "split" and visit < self.when[0])


@dataclass
class World:
    """True deposits, what is seen of them, and the true links."""

    deposits: list[Deposit]
    images: list[list[Detection]] = field(default_factory=lambda: [[] for _ in range(VISITS)])
    nodes: list[dict[int, Node]] = field(default_factory=list)

    @property
    def links(self) -> Links:
        """Each deposit's detections, one to the next."""
        return {(a, b) for seen in self.nodes for a, b in pairwise(seen.values())}


def world(seed: int, count: int, jitter_mm: float, missed: float) -> World:
    """Draw deposits and look at them."""
    rng = np.random.default_rng(seed)
    made = World(_deposits(rng, count))
    made.nodes = [{} for _ in made.deposits]
    for visit in range(VISITS):
        rows, columns = HIDDEN.get(visit, FIELD_MM)
        parts: dict[int, list[int]] = {}
        for k, d in enumerate(made.deposits):
            if d.present(visit) and d.place[0] < rows and d.place[1] < columns:
                parts.setdefault(d.whole if d.whole is not None and d.within(visit) else k, []).append(k)
        for members in (parts[k] for k in rng.permutation(sorted(parts)).tolist()):
            if rng.random() < missed:
                continue
            for k in members:
                made.nodes[k][visit] = (visit, len(made.images[visit]))
            made.images[visit].append(_seen([made.deposits[k] for k in members], visit, len(made.images[visit]) + 1, rng.normal(0, jitter_mm, 2)))
    return made


def _deposits(rng: np.random.Generator, count: int) -> list[Deposit]:
    made: list[Deposit] = []
    courses = [c for c, share in SHARES.items() for _ in range(round(share * count))]
    while len(made) < count:
        radii = RADIUS_MM[0] * np.exp(RADIUS_MM[1] * rng.normal() + np.cumsum(GROWTH * rng.normal(size=VISITS)))
        course = courses[len(made)] if len(made) < len(courses) else "persistent"
        start = int(rng.integers(1, VISITS - 2))
        new = Deposit(rng.uniform(0, 1, 2) * FIELD_MM, radii, course, (start, start + 2))
        pair = [new]
        if course in ("merged", "split"):
            larger = Deposit(new.place, radii * rng.uniform(1.0, 1.6), when=(0, VISITS))
            angle, apart = rng.uniform(0, 2 * np.pi), (larger.radii + new.radii).max() + GAP_MM
            larger.place = new.place + apart * np.array([np.cos(angle), np.sin(angle)])
            new.whole = len(made)
            pair = [larger, new]
        edges = [(axis, e) for axis in (0, 1) for e in {0.0, *(shown[axis] for shown in (FIELD_MM, *HIDDEN.values()))}]
        hidden = any(d.place[axis] > shown[axis] for d in pair for shown in HIDDEN.values() for axis in (0, 1))
        near = any(abs(d.place[axis] - e) < MARGIN_MM for d in pair for axis, e in edges) or any(
            (d.place < 0).any() or (d.place > FIELD_MM).any() for d in pair
        )
        close = any(np.hypot(*(d.place - o.place)) < (d.radii + o.radii).max() + GAP_MM for d in pair for o in made)
        if not (near or close or (hidden and course != "persistent")):
            made += pair
    return made


def _seen(parts: list[Deposit], visit: int, label: int, off: np.ndarray) -> Detection:
    """One detection of one deposit, or of several as one."""
    areas = [d.radii[visit] ** 2 for d in parts]
    row, column = np.average([d.place for d in parts], axis=0, weights=areas) + off
    alone = [Detection(0, tuple(d.place + off), d.radii[visit]) for d in parts]
    places = tuple(map(tuple, np.concatenate([footprint(s) for s in alone]).tolist())) if len(parts) > 1 else ()
    return Detection(label, (float(row), float(column)), float(np.sqrt(sum(areas))), None, places)


def by_calcitrack(images: list[list[Detection]]) -> Links:
    """Tracks, merges and splits."""
    tracks = follow(images)
    node = {(t.number, k): (k, s.label - 1) for t in tracks for k, s in t.detections.items()}
    found = {(node[t.number, a], node[t.number, b]) for t in tracks for a, b in pairwise(t.detections)}
    for t in tracks:
        for j in t.joins:
            owners = (t.number, j.partner) if j.fate is Fate.MERGED else (j.partner, t.number)
            found.add((node[owners[0], j.since], node[owners[1], j.time_point]))
    return found


def by_laptrack(images: list[list[Detection]]) -> Links:
    """The tracker of laptrack with gap closing, merging and splitting."""
    cutoff = GATE_MM**2
    tracker = laptrack.LapTrack(
        cutoff=cutoff, gap_closing_cutoff=cutoff, gap_closing_max_frame_count=MEMORY, splitting_cutoff=cutoff, merging_cutoff=cutoff
    )
    return {(tuple(map(int, a)), tuple(map(int, b))) for a, b in tracker.predict([_places(i) for i in images]).edges}


def by_trackpy(images: list[list[Detection]]) -> Links:
    """Trackpy with memory."""
    trackpy.quiet()
    rows = [(v, k, *p) for v, image in enumerate(images) for k, p in enumerate(_places(image))]
    table = trackpy.link(pd.DataFrame(rows, columns=["frame", "k", "y", "x"]), GATE_MM, memory=MEMORY)
    found: Links = set()
    for _, track in table.sort_values("frame").groupby("particle"):
        nodes = list(zip(track["frame"].astype(int), track["k"].astype(int), strict=True))
        found |= set(pairwise(nodes))
    return found


def by_hungarian(images: list[list[Detection]]) -> Links:
    """Visit by visit: the last detections of all tracks against the next visit, least sum of squared distances within the gate (scipy)."""
    last: list[Node] = []
    found: Links = set()
    for visit, image in enumerate(images):
        new = {(visit, k) for k in range(len(image))}
        if last and image:
            cost = np.minimum(cdist([images[v][k].position_mm for v, k in last], _places(image)) ** 2, GATE_MM**2)
            for r, c in zip(*linear_sum_assignment(cost), strict=True):
                if cost[r, c] < GATE_MM**2:
                    found.add((last[r], (visit, int(c))))
                    last[r] = (visit, int(c))
                    new.discard(last[r])
        last += sorted(new)
    return found


def _places(image: list[Detection]) -> np.ndarray:
    return np.array([s.position_mm for s in image])


METHODS: dict[str, Callable[[list[list[Detection]]], Links]] = {
    "calcitrack": by_calcitrack,
    "laptrack": by_laptrack,
    "trackpy": by_trackpy,
    "Hungarian": by_hungarian,
}


def true_fates(d: Deposit) -> dict[int, Fate]:
    """What became of a deposit that is never missed, at each visit, from its first detection on."""
    start, end = d.when
    shown = [all(d.place < HIDDEN.get(v, FIELD_MM)) for v in range(VISITS)]
    first = {"new": start, "split": start}.get(d.course, 0)
    while not shown[first]:
        first += 1
    fates = {v: Fate.PERSISTENT if shown[v] else Fate.NOT_EVALUABLE for v in range(first, VISITS)}
    fates[first] = {"new": Fate.NEW, "split": Fate.SPLIT}.get(d.course, Fate.BASELINE if first == 0 else Fate.NOT_EVALUABLE)
    if d.course in ("resolved", "merged", "reappeared"):
        fates = {v: f for v, f in fates.items() if v < start or (d.course == "reappeared" and v >= end)}
        fates[start] = Fate.MERGED if d.course == "merged" else Fate.RESOLVED
        if d.course == "reappeared":
            fates[end] = Fate.REAPPEARED
    return fates


def fates_told(made: World) -> Iterator[tuple[str, str]]:
    """(true fate, told fate) of each deposit and visit at which it has either."""
    views = [View(v, None, tuple(round(side) for side in HIDDEN.get(v, FIELD_MM))) for v in range(VISITS)]
    owner: dict[Node, dict[int, Fate]] = {}
    for track in follow(made.images):
        fates = decide_fates(track, views, range(VISITS), {k: s.position_mm for k, s in track.detections.items()}).fates
        owner |= {(k, s.label - 1): dict(fates) for k, s in track.detections.items()}
    for d, nodes in zip(made.deposits, made.nodes, strict=True):
        true, own = true_fates(d), [v for v in nodes if not d.within(v)]
        for v in range(VISITS):
            known = [k for k in own if k <= v]
            told = owner[nodes[known[-1]]].get(v) if known else None
            if true.get(v) or (told and not d.within(v)):
                yield str(true.get(v, "none")), str(told or "none")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--deposits", type=int, default=400)
    parser.add_argument("--jitter", type=float, default=0.4, help="standard deviation of a position in each direction, mm")
    parser.add_argument("--missed", type=float, default=0.03, help="probability that a deposit is not found at a visit")
    a = parser.parse_args()
    worlds = [world(seed, a.deposits, a.jitter, a.missed) for seed in range(a.seeds)]
    print(f"{a.deposits} deposits, {VISITS} visits, {a.seeds} runs, {sum(len(w.links) for w in worlds)} links\n")
    print("| | recall | precision | recall of merges and splits | CPU seconds |\n|---|---|---|---|---|")
    for name, method in METHODS.items():
        hits = told = kin = kin_hits = 0
        seconds = []
        for w in worlds:
            begun = time.process_time()
            found = method(w.images)
            seconds.append(time.process_time() - begun)
            twice = {n for n, k in Counter(x for link in w.links for x in (("from", link[0]), ("to", link[1]))).items() if k > 1}
            family = {link for link in w.links if ("from", link[0]) in twice or ("to", link[1]) in twice}
            hits, told = hits + len(found & w.links), told + len(found)
            kin, kin_hits = kin + len(family), kin_hits + len(family & found)
        recall = hits / sum(len(w.links) for w in worlds)
        print(f"| {name} | {recall:.4f} | {hits / told:.4f} | {kin_hits / kin:.3f} | {np.median(seconds):.2f} |")
    counts = Counter(pair for seed in range(a.seeds) for pair in fates_told(world(seed, a.deposits, a.jitter, 0.0)))
    names = [f.value for f in Fate] + ["none"]
    print(f"\n| truth, told: | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    for true in names:
        print(f"| {true} | {' | '.join(str(counts[true, told]) for told in names)} |")


if __name__ == "__main__":
    main()
