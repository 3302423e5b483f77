"""What was told of deposits whose true course is known, on films that `calcitrack phantom --out` or others made: links, and fates against the truth.

    OMP_NUM_THREADS=1 python -m benchmarks.fates SET [SET ...]

A SET holds ``truth/``: index.csv, and for each film its facts and a label map of its deposits. A true deposit is found on a film where what was
outlined covers 30 % of its shadow; it then has the identity and the fate of the outline that covers most of it. A link is a deposit that was found at
two visits that follow each other among those at which it was found; it is right where both have one identity. A track is mixed when it was given to
two deposits. Repeat exposures are held against the first exposure of their day.

The truth of a fate is whether a deposit was there at the visit and at those before; ``missed``: it is there and was not found; ``found late``: it is
found for the first time, and was missed before. A deposit that is gone is told what the identity under which it was last found is told.
``no deposit``: fates of identities whose outlines touch no true deposit on any film, such as false finds over bone.
The second table has what outlines alone would tell, without the values of all images together.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from calcitrack import assess, read_cohort
from calcitrack.assess.revise import fates_where_seen
from calcitrack.model.assessment import Assessment, Fate, ImageAssessment, TrackedDeposit
from calcitrack.model.measurement import Position

FOUND = 0.3
"""Share of a true shadow that has to be covered."""
NONE, MISSED, LATE, FALSE = "none", "missed", "found late", "no deposit"

Course = dict[int, TrackedDeposit | None]
"""Visits at which a true deposit was there -> what was found of it."""


def found(image: ImageAssessment, truth: Path, row: dict[str, str]) -> dict[int, TrackedDeposit | None]:
    """Number of each true deposit on a film -> the outline that covers most of it."""
    labels = cv2.imread(str(truth / row["patient"] / f"{row['stem']}.label.png"), cv2.IMREAD_UNCHANGED)
    facts = json.loads((truth / row["patient"] / f"{row['stem']}.json").read_text(encoding="utf-8"))
    outlined = {d.deposit.label: d for d in image.deposits}
    answer: dict[int, TrackedDeposit | None] = {}
    for number in (d["id"] for d in facts["deposits"]):
        under = image.segmentation.labels[labels == number]
        if not under.size:
            continue
        covered = np.count_nonzero(under) >= FOUND * under.size
        answer[number] = outlined.get(int(np.bincount(under[under > 0]).argmax())) if covered else None
    return answer


def courses(assessment: Assessment, truth: Path, index: dict[str, dict[str, str]]) -> tuple[dict[int, Course], int, int]:
    """Course of each true deposit at the first exposure of each visit; how many repeats were found twice, and how many of them alike."""
    made: dict[int, Course] = defaultdict(dict)
    repeats = alike = 0
    for image in sorted(assessment.images, key=lambda i: (i.time_point, i.repeat)):
        for number, tracked in found(image, truth, index[image.exposure.acquisition.sop_instance_uid]).items():
            if not image.repeat:
                made[number][image.time_point] = tracked
            elif tracked is not None and (first := made[number].get(image.time_point)) is not None:
                repeats, alike = repeats + 1, alike + (first.deposit_id == tracked.deposit_id)
    return made, repeats, alike


def of_false_finds(assessment: Assessment, truth: Path, index: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """(truth, told) of every identity that touches no true deposit."""
    real = set[str]()
    for image in assessment.images:
        row = index[image.exposure.acquisition.sop_instance_uid]
        labels = cv2.imread(str(truth / row["patient"] / f"{row['stem']}.label.png"), cv2.IMREAD_UNCHANGED)
        touched = set(np.unique(image.segmentation.labels[labels > 0]).tolist())
        real |= {d.deposit_id for d in image.deposits if d.deposit.label in touched}
    for track in assessment.tracks:
        yield from ((FALSE, str(fate)) for fate in track.fates.values() if track.deposit_id not in real)


def told(assessment: Assessment, course: Course) -> Iterator[tuple[str, str]]:
    """(truth, told) of one true deposit at each visit at which it has either."""
    fates = {t.deposit_id: t.fates for t in assessment.tracks}
    name, missed = "", False
    for visit in range(min(course), len(assessment.time_points) + 1):
        there, here = visit in course, course.get(visit)
        if there and here is None:
            missed = True
            yield MISSED, str(fates.get(name, {}).get(visit, NONE))
        elif here is not None:
            first = Fate.BASELINE if visit == 1 else LATE if missed else Fate.NEW
            yield str(Fate.PERSISTENT if name else first), str(here.fate)
            name = here.deposit_id
        elif name and visit - 1 in course:
            yield str(Fate.RESOLVED), str(fates[name].get(visit, NONE))


def by_outlines(assessment: Assessment) -> Assessment:
    """The assessment with the fates that follow from outlines alone; those of deposits that merged or split do so anyway."""
    seen: dict[str, dict[int, Position]] = defaultdict(dict)
    for k, image in enumerate(assessment.images):
        for d in image.deposits:
            seen[d.deposit_id][k] = d.deposit.centroid
    tracks = tuple(t if t.partners else replace(t, fates=fates_where_seen(assessment, t.deposit_id, seen[t.deposit_id])) for t in assessment.tracks)
    fates = {t.deposit_id: t.fates for t in tracks}
    images = tuple(replace(i, deposits=tuple(replace(d, fate=fates[d.deposit_id][i.time_point]) for d in i.deposits)) for i in assessment.images)
    return replace(assessment, images=images, tracks=tracks)


def fates_of(assessment: Assessment, made: dict[int, Course], truth: Path, index: dict[str, dict[str, str]]) -> Counter[tuple[str, str]]:
    """(truth, told) of all true deposits and of false finds -> how often."""
    known = {(i.time_point, d.deposit_id): d for i in assessment.images for d in i.deposits}
    counts: Counter[tuple[str, str]] = Counter(of_false_finds(assessment, truth, index))
    for course in made.values():
        counts.update(told(assessment, {v: None if d is None else known[v, d.deposit_id] for v, d in course.items()}))
    return counts


def print_table(counts: Counter[tuple[str, str]]) -> None:
    """As Markdown."""
    columns = [*map(str, Fate), NONE]
    print(f"| truth, told: | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for true in (Fate.BASELINE, Fate.PERSISTENT, Fate.NEW, Fate.RESOLVED, LATE, MISSED, FALSE):
        print(f"| {true} | {' | '.join(str(counts[str(true), t]) for t in columns)} |")


def main() -> None:
    """Print links and the tables of fates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    counts, outlined = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    links = right = mixed = repeats = alike = between = lost = 0
    for folder, timeline in ((one, t) for one in parser.parse_args().sets for t in read_cohort(one).timelines):
        with (folder / "truth" / "index.csv").open(encoding="utf-8") as file:
            index = {r["sop_instance_uid"]: r for r in csv.DictReader(file)}
        assessment = assess(timeline)
        made, twice, same = courses(assessment, folder / "truth", index)
        repeats, alike = repeats + twice, alike + same
        owners: dict[str, set[int]] = defaultdict(set)
        for number, course in made.items():
            names = [d.deposit_id for d in course.values() if d is not None]
            links, right = links + max(0, len(names) - 1), right + sum(a == b for a, b in pairwise(names))
            for name in names:
                owners[name].add(number)
            around = [(course[v - 1], course[v], course[v + 1]) for v in course if v - 1 in course and v + 1 in course]
            between, lost = between + sum(bool(a and c) for a, _, c in around), lost + sum(bool(a and c and not b) for a, b, c in around)
        counts.update(fates_of(assessment, made, folder / "truth", index))
        outlined.update(fates_of(by_outlines(assessment), made, folder / "truth", index))
        mixed += sum(len(o) > 1 for o in owners.values())
    print(f"links {links}, right {right}; tracks mixing deposits {mixed}; found on both exposures of a day {repeats}, one identity {alike}")
    print(f"found at the visits before and after {between}, missed in between {lost}\n")
    print_table(counts)
    print("\nby outlines alone\n")
    print_table(outlined)


if __name__ == "__main__":
    main()
