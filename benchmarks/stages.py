"""Seconds and memory an image by stage, with what only reading and decoding take as the floor, in the same run.

    OMP_NUM_THREADS=1 python benchmarks/stages.py FILE_OR_FOLDER [--images 6] [--megapixels 6]

Takes films of each kind in turn (linear, logarithmic, for presentation, CR), not the first in order. ``--megapixels`` writes each film
anew with that many pixels first (bicubic, pixel size adapted, compressed as it was where that is lossless), so that the floor too decodes
a file of that size. DICOM files only; one process, one thread. Prints medians over the images; the ratio to plain decoding by pydicom is
what can be compared between machines.
Memory is the greatest resident size of the process during a stage, where the kernel tells it (Linux).
"""

from __future__ import annotations

import argparse
import itertools
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import cv2
import pydicom
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from calcitrack import Radiograph, Segmentation, calibrate, measure, read_cohort, read_radiograph, segment
from calcitrack.calibrate.intensity import attenuation
from calcitrack.model.timeline import Exposure
from calcitrack.register import Scene, see
from calcitrack.register.align import align

T = TypeVar("T")

FLOOR = "floor: pydicom reads and decodes"
SIZED = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
"""Attributes that state the size of a pixel."""
LOSSLESS = (JPEG2000Lossless, JPEGLSLossless, RLELossless)
"""Compressions that an enlarged film keeps; another one becomes JPEG-LS."""
BORDERS = re.compile("Shutter|Collimator")
"""Attributes that count pixels: an enlarged film goes without them."""


@dataclass
class Costs:
    """Seconds and greatest resident size, MiB, of each stage's runs."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    mebibytes: dict[str, list[float]] = field(default_factory=dict)

    def of(self, stage: str, work: Callable[[], T]) -> T:
        """Run, and note what it took."""
        forget_peak()
        start = time.perf_counter()
        result = work()
        self.seconds.setdefault(stage, []).append(time.perf_counter() - start)
        self.mebibytes.setdefault(stage, []).append(peak_mebibytes())
        return result

    def median(self, stage: str) -> float:
        """Seconds, without the first run, which warms up; the first image is not aligned."""
        values = self.seconds[stage]
        return statistics.median(values if stage == "align" or len(values) == 1 else values[1:])


def forget_peak() -> None:
    """Start the kernel's count of the greatest resident size anew (man 5 proc, clear_refs)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak_mebibytes() -> float:
    """Greatest resident size since `forget_peak`; not a number where the kernel does not tell."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    except OSError:
        found = None
    return int(found.group(1)) / 1024 if found else float("nan")


def of_every_kind(exposures: Iterable[Exposure], number: int) -> list[str]:
    """Files of each kind in turn."""
    kinds: dict[tuple[str, ...], list[str]] = {}
    for exposure in exposures:
        header = exposure.acquisition
        kind = (header.modality, header.presentation_intent_type, header.pixel_intensity_relationship)
        kinds.setdefault(kind, []).append(exposure.source)
    turns = itertools.zip_longest(*kinds.values())
    return [source for turn in turns for source in turn if source is not None][:number]


def enlarged(source: str, megapixels: float, folder: Path) -> str:
    """The same film as a file of about this many megapixels."""
    dataset = pydicom.dcmread(source)
    pixels = dataset.pixel_array
    factor = (megapixels * 1e6 / pixels.size) ** 0.5
    grown = cv2.resize(pixels, (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor)), interpolation=cv2.INTER_CUBIC)
    for element in list(dataset):
        if BORDERS.search(element.keyword):
            del dataset[element.tag]
        elif element.keyword in SIZED:
            element.value = [f"{float(mm) / factor:.8g}" for mm in element.value]
    dataset.PixelData = grown.clip(pixels.min(), pixels.max()).tobytes()
    dataset["PixelData"].VR = "OB" if pixels.itemsize == 1 else "OW"
    dataset.Rows, dataset.Columns = grown.shape
    before = dataset.file_meta.TransferSyntaxUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if before.is_encapsulated:
        dataset.compress(before if before in LOSSLESS else JPEGLSLossless, generate_instance_uid=False)
    path = folder / "enlarged.dcm"
    dataset.save_as(path, enforce_file_format=True)
    return str(path)


def main() -> None:
    """Time the stages and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--images", type=int, default=6)
    parser.add_argument("--megapixels", type=float)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    exposures = [e for t in read_cohort(arguments.path).timelines for p in t.time_points for e in p.exposures]
    chosen = of_every_kind(exposures, arguments.images + 1)
    with tempfile.TemporaryDirectory() as folder:
        costs, megapixels = run(chosen, arguments.megapixels, Path(folder))
    floor = costs.median(FLOOR)
    print(f"{len(chosen) - 1} images after one to warm up, {statistics.median(megapixels):.1f} megapixels")
    print(f"{'stage':<34}{'median s':>10}{'of the floor':>14}{'peak MiB':>10}")
    for stage in costs.seconds:
        print(f"{stage:<34}{costs.median(stage):>10.3f}{costs.median(stage) / floor:>13.1f}x{max(costs.mebibytes[stage]):>10.0f}")
    total = sum(costs.median(stage) for stage in costs.seconds if stage != FLOOR)
    print(f"{'all stages':<34}{total:>10.3f}{total / floor:>13.1f}x{max(m for peaks in costs.mebibytes.values() for m in peaks):>10.0f}")


def seen(film: Radiograph, found: Segmentation) -> Scene:
    """What registration sees of a film."""
    return see(found, film.spacing, attenuation(film), film.valid_mask)


def run(chosen: list[str], megapixels: float | None, folder: Path) -> tuple[Costs, list[float]]:
    """What each stage costs on each film, and the films' sizes, megapixels."""
    costs, sizes = Costs(), []
    first = None
    for original in chosen:
        source = original if megapixels is None else enlarged(original, megapixels, folder)
        costs.of(FLOOR, lambda source=source: pydicom.dcmread(source).pixel_array)
        film = costs.of("read", lambda source=source: read_radiograph(source))
        sizes.append(film.pixels.size / 1e6)
        film = costs.of("calibrate", lambda film=film: calibrate(film))
        found = costs.of("segment", lambda film=film: segment(film))
        costs.of("measure", lambda film=film, found=found: measure(film, found))
        if first is None:
            first = seen(film, found)
        else:
            costs.of("align", lambda first=first, found=found, film=film: align(first, seen(film, found)))
    return costs, sizes


if __name__ == "__main__":
    main()
