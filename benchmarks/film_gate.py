"""What the film-quality gate says of good films and of spoilt ones.

    python -m benchmarks.film_gate [FOLDER...] [--films N] [--deposits] [--out PAGE.md]

Simulates N films of each body part, spoils each in the ways in which films of practice are spoilt, and counts the alarms. Then asks the gate about
every radiograph and picture in the folders, as they are and as negatives, and lists what it says by file. Nothing is searched or measured, but with
--deposits: then each file is searched instead of its negative, and listed with the deposits that count on it.
"""

from __future__ import annotations

import argparse
import io
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from calcitrack import ReadError, calibrate, read_radiograph, segment
from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.film_quality import FilmDoubt, FilmProblem, Severity
from calcitrack.model.image import FloatImage, Mask, Radiograph
from calcitrack.model.pose import canonical_pose
from calcitrack.model.spacing import Spacing
from calcitrack.phantom.film import film
from calcitrack.phantom.population import Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.specs import BodyPart
from calcitrack.segment.film_gate import MAY_TOUCH, film_doubts
from calcitrack.segment.options import SegmentOptions
from calcitrack.segment.overview import overview
from calcitrack.segment.radiograph import searched, working_grid

FIRST_SEED = 910_000
"""Films of these seeds took part in no training."""
QUALITY = 60
"""Of the JPEG."""
WRONG_SIZE = 2.5
"""Factor of the wrong size of a pixel: that of a film printed or scanned at another resolution."""
Spoil = Callable[[Radiograph], Radiograph]


def as_jpeg(shown: Radiograph) -> Radiograph:
    """8 bits, as a JPEG."""
    return replace(shown, pixels=_compressed(_eight_bits(shown.pixels)))


def as_photograph(shown: Radiograph) -> Radiograph:
    """Photographed on a light box: turned slightly, darker towards the corners, with a dark surround; grey, as a JPEG."""
    rows, columns = shown.shape
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), 4.0, 0.8)
    picture = cv2.warpAffine(_eight_bits(shown.pixels), turn, (columns, rows), borderValue=12.0)
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    return replace(shown, pixels=_compressed(np.asarray(picture * (1 - 0.35 * (x**2 + y**2)) + 10, np.float32)), spacing=Spacing.uncalibrated())


def as_two(shown: Radiograph) -> Radiograph:
    """Two limbs side by side."""
    gap = np.full((shown.shape[0], 40), np.percentile(shown.pixels, 2), np.float32)
    return replace(shown, pixels=np.hstack([shown.pixels, gap, shown.pixels[:, ::-1]]), valid=None)


def as_touching(shown: Radiograph, limb: Mask) -> Radiograph:
    """Two limbs that overlap by about 1 cm2, as thumbs or little fingers do."""
    pixels, other = shown.pixels, limb[:, ::-1]
    overlap = 100 / (shown.spacing.mean_mm or 0.2) ** 2
    apart = next(k for k in range(limb.shape[1], 0, -1) if np.count_nonzero(limb[:, k:] & other[:, : limb.shape[1] - k]) > overlap)
    pair = np.full((len(pixels), apart + pixels.shape[1]), np.percentile(pixels, 1), np.float32)
    pair[:, : pixels.shape[1]] = pixels
    pair[:, apart:] = np.maximum(pair[:, apart:], pixels[:, ::-1])
    return replace(shown, pixels=pair, valid=None)


def with_size(shown: Radiograph) -> Radiograph:
    """A wrong size of a pixel."""
    stated = shown.spacing
    if stated.row_mm is None or stated.column_mm is None:
        return shown
    return replace(shown, spacing=replace(stated, row_mm=stated.row_mm * WRONG_SIZE, column_mm=stated.column_mm * WRONG_SIZE))


def as_negative(shown: Radiograph) -> Radiograph:
    """Black for white."""
    return replace(shown, pixels=shown.pixels.max() + shown.pixels.min() - shown.pixels)


def burnt_out(shown: Radiograph) -> Radiograph:
    """Clipped where it is densest."""
    return replace(shown, pixels=np.minimum(shown.pixels, np.percentile(shown.pixels, 90)))


SPOILT: Mapping[str, tuple[Spoil, FilmProblem | None]] = {
    "as it is": (lambda shown: shown, None),
    "negative": (as_negative, FilmProblem.INVERTED),
    f"JPEG of quality {QUALITY}": (as_jpeg, FilmProblem.LOSSY),
    "photograph": (as_photograph, FilmProblem.LOSSY),
    "two side by side": (as_two, FilmProblem.TWO_LIMBS),
    f"pixel size x {WRONG_SIZE:g}": (with_size, FilmProblem.PIXEL_SIZE),
    "clipped": (burnt_out, FilmProblem.BURNT_OUT),
}
"""Way in which a film is spoilt -> how, and the alarm that is due."""


def _eight_bits(pixels: FloatImage) -> FloatImage:
    low, high = np.percentile(pixels, (0.5, 99.9))
    return np.asarray(np.clip(255 * (pixels - low) / (high - low), 0, 255), np.float32)


def _compressed(picture: FloatImage) -> FloatImage:
    stream = io.BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=QUALITY)
    return np.asarray(Image.open(stream), np.float32)


def doubts(shown: Radiograph) -> tuple[tuple[FilmDoubt, ...], float]:
    """What the gate says of a film, and the processor time that it takes beside the overview, which the search needs anyway, in seconds."""
    calibrated = calibrate(shown)
    pose = canonical_pose(calibrated)
    upright, values = pose.radiograph(calibrated), pose.turned(attenuation(calibrated))
    grid = working_grid(upright, SegmentOptions(), values)
    image, field = searched(upright, grid, values)
    seen = overview(image, grid.down_mask(upright.valid_mask))
    start = time.process_time()
    found = film_doubts(upright, image, field, seen)
    return (*calibrated.doubts, *found), time.process_time() - start


def simulated(films: int) -> Iterator[str]:
    """Lines on simulated films, good and spoilt."""
    alarms: dict[str, Counter[str]] = defaultdict(Counter)
    seconds = []
    pairs = told = 0
    parts = [(part, k) for k in range(films) for part in BodyPart]
    for part, k in parts:
        ages = (0.6, 6.5) if k % 4 == 3 else (4.0, 70.0)
        simulated_film = film(FIRST_SEED + k, Population(body_part=part, age_years=ages))
        shown = as_radiograph(simulated_film)
        if part.name in MAY_TOUCH:
            pairs += 1
            told += any(d.problem is FilmProblem.TWO_LIMBS for d in doubts(as_touching(shown, simulated_film.limb))[0])
        for name, (spoil, _) in SPOILT.items():
            said, took = doubts(spoil(shown))
            alarms[name].update({d.problem.value for d in said})
            seconds.append(took)
    yield f"{len(parts)} simulated films of hands, feet, knees and elbows; the gate takes {np.mean(seconds):.3f} s of processor time a film.\n"
    yield "| film | alarm due | raised | all alarms |\n|---|---|---|---|"
    for name, (_, due) in SPOILT.items():
        every = ", ".join(f"`{p}` {n}" for p, n in alarms[name].most_common()) or "none"
        wanted, raised = ("none", "-") if due is None else (f"`{due.value}`", str(alarms[name][due.value]))
        yield f"| {name} | {wanted} | {raised} of {len(parts)} | {every} |"
    yield f"| two hands or feet that touch | `{FilmProblem.TWO_LIMBS.value}` | {told} of {pairs} | |"


def of_files(folders: list[Path]) -> Iterator[str]:
    """Lines on real files: what the gate says of each, and of how many negatives it says that they are some."""
    told, negatives, films, lines = Counter[str](), 0, 0, []
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            try:
                shown = read_radiograph(path)
            except ReadError:
                continue
            said, _ = doubts(shown)
            films += 1
            told.update(d.problem.value for d in said)
            negatives += any(d.problem is FilmProblem.INVERTED for d in doubts(as_negative(shown))[0])
            if said:
                lines.append(f"| {path.relative_to(folder.parent).as_posix()} | " + "; ".join(f"`{d.problem.value}`: {d.found}" for d in said) + " |")
    every = ", ".join(f"`{p}` {n}" for p, n in told.most_common()) or "none"
    yield f"\n{films} real films and pictures: {every}; {negatives} of their {films} negatives are told to be some. The others have no doubt.\n"
    yield "| file | what the gate says |\n|---|---|"
    yield from lines


def of_deposits(folders: list[Path]) -> Iterator[str]:
    """Lines on real files: what the gate says of each, and which deposits count on it."""
    films, bare, lines = 0, 0, []
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            try:
                shown = read_radiograph(path)
            except ReadError:
                continue
            calibrated = calibrate(shown)
            found = segment(calibrated)
            films += 1
            said = (*calibrated.doubts, *found.doubts)
            surest = max((found.confidence[k] for k in found.label_values), default=0.0)
            counted = f"{len(found.label_values)}, surest {surest:.2f}" if found.label_values else "none"
            if any(d.severity is Severity.REFUSED for d in said):
                counted = "not searched"
            if said or found.label_values:
                told = "; ".join(f"`{d.problem.value}`: {d.found}" for d in said) or "nothing"
                lines.append(f"| {path.relative_to(folder.parent).as_posix()} | {told} | {counted} |")
            bare += not said and not found.label_values
    yield f"{films} files that are read as radiographs; of {bare} the gate says nothing, and no deposit counts on them. The others:\n"
    yield "| file | what the gate says | deposits that count |\n|---|---|---|"
    yield from lines


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--films", type=int, default=3)
    parser.add_argument("--deposits", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    by_file = of_deposits if arguments.deposits else of_files
    lines = [*(simulated(arguments.films) if arguments.films else ()), *(by_file(arguments.folders) if arguments.folders else ())]
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.out is not None:
        arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
