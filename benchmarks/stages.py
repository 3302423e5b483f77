"""Seconds and memory an image by stage, with what only reading and decoding take as the floor, in the same run.

    OMP_NUM_THREADS=1 python benchmarks/stages.py FILE_OR_FOLDER [--images 6] [--megapixels 6]

``--megapixels`` enlarges each film to that many pixels first (bicubic, pixel size adapted), to time large films. One process, one
thread. Prints medians over the images; the ratio to plain decoding by pydicom is what can be compared between machines.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import pydicom

from calcitrack import Radiograph, calibrate, measure, read_cohort, read_radiograph, segment
from calcitrack.track import align

T = TypeVar("T")


def timed(seconds: dict[str, list[float]], stage: str, work: Callable[[], T]) -> T:
    """Run, and note how long it took."""
    start = time.perf_counter()
    result = work()
    seconds.setdefault(stage, []).append(time.perf_counter() - start)
    return result


def enlarged(film: Radiograph, megapixels: float | None) -> Radiograph:
    """The film with about this many megapixels, its pixel size adapted."""
    if megapixels is None:
        return film
    factor = (megapixels * 1e6 / film.pixels.size) ** 0.5
    size = (round(film.shape[1] * factor), round(film.shape[0] * factor))
    pixels = cv2.resize(film.pixels, size, interpolation=cv2.INTER_CUBIC)
    valid = cv2.resize(film.valid_mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    spacing = film.spacing
    if spacing.row_mm is not None and spacing.column_mm is not None:
        spacing = dataclasses.replace(spacing, row_mm=spacing.row_mm / factor, column_mm=spacing.column_mm / factor)
    return dataclasses.replace(film, pixels=pixels, valid=valid, spacing=spacing)


def main() -> None:
    """Time the stages and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--images", type=int, default=6)
    parser.add_argument("--megapixels", type=float)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    cohort = read_cohort(arguments.path)
    sources = [e.source for t in cohort.timelines for p in t.time_points for e in p.exposures][: arguments.images + 1]
    seconds: dict[str, list[float]] = {}
    first = None
    megapixels = []
    for source in sources:
        timed(seconds, "floor: pydicom reads and decodes", lambda source=source: pydicom.dcmread(source).pixel_array)
        film = timed(seconds, "read", lambda source=source: read_radiograph(source))
        film = enlarged(film, arguments.megapixels)
        megapixels.append(film.pixels.size / 1e6)
        film = timed(seconds, "calibrate", lambda film=film: calibrate(film))
        found = timed(seconds, "segment", lambda film=film: segment(film))
        timed(seconds, "measure", lambda film=film, found=found: measure(film, found))
        if first is None:
            first = (found, film.spacing)
        else:
            timed(seconds, "align", lambda first=first, found=found, film=film: align(first, (found, film.spacing)))
    floor = statistics.median(seconds["floor: pydicom reads and decodes"][1:])
    print(f"{len(sources) - 1} images after one to warm up, {statistics.median(megapixels):.1f} megapixels")
    print(f"{'stage':<34}{'median s':>10}{'of the floor':>14}")
    for stage, values in seconds.items():
        median = statistics.median(values[1:] if stage != "align" else values)
        print(f"{stage:<34}{median:>10.3f}{median / floor:>13.1f}x")
    stages = [s for s in seconds if not s.startswith("floor")]
    total = sum(statistics.median(seconds[s][1:] if s != "align" else seconds[s]) for s in stages)
    print(f"{'all stages':<34}{total:>10.3f}{total / floor:>13.1f}x")
    print(f"peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
