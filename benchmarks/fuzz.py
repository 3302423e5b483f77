"""Broken and hostile inputs by chance: ``python -m benchmarks.fuzz [--seconds 60] [--seed 1] [--keep FOLDER] [KIND...]``.

Each input is a whole one with a few changes: bits turned, bytes written over, pieces cut out, doubled or put elsewhere, numbers made huge. The right
outcome is a value or an error of calcitrack, within the limit of processor time; anything else is counted as bad, and kept with `--keep`.
The seconds are processor time, shared evenly by the kinds; a child process does the work, so that one that hangs or dies is found out, too.
The same seed gives the same inputs in the same order.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit

from benchmarks.deidentify_recall import SHAPE, film
from calcitrack import assess, read_cohort, read_radiograph
from calcitrack.errors import CalcitrackError
from calcitrack.io.cohort.course_files import read_treatments
from calcitrack.io.cohort.manifest import read_manifest
from calcitrack.io.deidentify import deidentify
from calcitrack.io.seg.read import read_segmentation
from calcitrack.io.seg.write import segmentation_object
from calcitrack.io.workspace import Workspace
from calcitrack.phantom.small import small_timeline

LIMIT_CPU_S = 10.0
"""Processor time of one input. A whole film of this size takes hundredths of a second."""
MEMORY_BYTES = 4 * 1024**3
"""Address space of the child beyond what it has at its start."""
FORK = multiprocessing.get_context("fork")
HUGE = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"99999999999999", b"1e400", b"-1", b"\x00")
Make = Callable[[np.random.Generator, Path], None]
Use = Callable[[Path], None]


@dataclass(frozen=True)
class Kind:
    """What is fed to which part of the program."""

    make: Make
    use: Use


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """The content with one to eight changes, most of them in its first kilobytes, where headers are."""
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        if not changed:
            break
        reach = min(len(changed), int(rng.choice([256, 2048, len(changed)])))
        at, length = int(rng.integers(reach)), int(rng.integers(1, 64))
        match int(rng.integers(6)):
            case 0:
                changed[at] ^= 1 << int(rng.integers(8))
            case 1:
                changed[at : at + length] = rng.bytes(length)
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at:at] = changed[at : at + length] * int(rng.integers(1, 100))
            case 4:
                huge = HUGE[int(rng.integers(len(HUGE)))]
                changed[at : at + len(huge)] = huge
            case _:
                del changed[at:]
    return bytes(changed)


def _saved(dataset: pydicom.Dataset) -> bytes:
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def _films() -> list[bytes]:
    """A film uncompressed, as JPEG and as JPEG 2000, with a shutter and a look-up table."""
    rng = np.random.default_rng(2)
    found = []
    for k, form in enumerate(("", "JPEG", "JPEG2000")):
        made = film(rng, k, f"QX7734{k}", "Zyxwvut^Quibbler")
        made.ImagerPixelSpacing, made.BodyPartExamined, made.ImageLaterality = [0.2, 0.2], "HAND", "L"
        made.ShutterShape, made.ShutterLeftVerticalEdge, made.ShutterRightVerticalEdge = "RECTANGULAR", 3, SHAPE[1]
        made.ShutterUpperHorizontalEdge, made.ShutterLowerHorizontalEdge = 3, SHAPE[0]
        if form:
            stream = io.BytesIO()
            grey = (np.frombuffer(made.PixelData, "<u2").reshape(SHAPE) >> 4).astype(np.uint8)
            Image.fromarray(grey).save(stream, form, **({"progressive": True} if form == "JPEG" else {"no_jp2": True}))
            made.PixelData = encapsulate([stream.getvalue()])
            made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
            made.BitsAllocated = made.BitsStored = 8
            made.HighBit = 7
            made.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if form == "JPEG" else JPEG2000Lossless
        found.append(_saved(made))
    return found


def _of(contents: list[bytes], name: str) -> Make:
    def make(rng: np.random.Generator, folder: Path) -> None:
        (folder / name).write_bytes(mutated(contents[int(rng.integers(len(contents)))], rng))

    return make


def _picture_with_sidecar() -> Make:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(3).integers(0, 255, (60, 40)).astype(np.uint8)).save(stream, "PNG")
    facts = {"patient_id": "P1", "acquisition_date": "2021-03-01", "spacing_mm": [0.2, 0.2], "body_part": "HAND", "laterality": "L", "view": "PA"}
    sidecar = json.dumps(facts).encode()

    def make(rng: np.random.Generator, folder: Path) -> None:
        broken = bool(rng.integers(2))
        (folder / "a.png").write_bytes(stream.getvalue() if broken else mutated(stream.getvalue(), rng))
        (folder / "a.json").write_bytes(mutated(sidecar, rng) if broken else sidecar)

    return make


def _archive(films: list[bytes]) -> Make:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for k, content in enumerate(films):
            archive.writestr(f"films/{k}.dcm", content)
    tail = len(stream.getvalue()) - 600

    def make(rng: np.random.Generator, folder: Path) -> None:
        whole = stream.getvalue()
        at_end = whole[:tail] + mutated(whole[tail:], rng)
        (folder / "films.zip").write_bytes(at_end if rng.integers(2) else mutated(whole, rng))

    return make


def _folders(films: list[bytes]) -> Make:
    def make(rng: np.random.Generator, folder: Path) -> None:
        places = [folder]
        for k in range(int(rng.integers(2, 40))):
            above = places[int(rng.integers(len(places)))]
            name = f"{k}" + "\u202e$x_1^{\n" * int(rng.integers(2))
            if rng.integers(3):
                (above / name).mkdir()
                places.append(above / name)
            else:
                (above / name).symlink_to(places[int(rng.integers(len(places)))], target_is_directory=True)
        (places[-1] / "a.dcm").write_bytes(films[0])

    return make


def _segmentation() -> Make:
    image = assess(small_timeline((2.0,))).images[0]
    header = film(np.random.default_rng(4), 1, "QX77341", "Zyxwvut^Quibbler")
    header.Rows, header.Columns = image.segmentation.labels.shape
    del header.PixelData
    return _of([_saved(segmentation_object(header, image, assessment_id="a" * 12, program="fuzz", version="1"))], "seg.dcm")


def _workspace() -> Make:
    with tempfile.TemporaryDirectory() as place:
        with Workspace.create(Path(place) / "w") as workspace:
            workspace.record(assess(small_timeline((2.0, 2.2))))
        files = {p.relative_to(place): p.read_bytes() for p in Path(place).rglob("*") if p.is_file()}

    def make(rng: np.random.Generator, folder: Path) -> None:
        chosen = sorted(files)[int(rng.integers(len(files)))] if rng.integers(3) == 0 else Path("w/workspace.sqlite")
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(mutated(content, rng) if name == chosen else content)

    return make


def _check_workspace(folder: Path) -> None:
    with Workspace.open(folder / "w", reading=True) as workspace:
        workspace.check()


def _deidentify(folder: Path) -> None:
    report = deidentify([folder], folder.with_name("copies"))
    if len(report.files) != 1:
        raise AssertionError(f"one file, and {len(report.files)} outcomes")


def _read(folder: Path) -> None:
    read_radiograph(folder / "film.dcm")


def _scan(folder: Path) -> None:
    cohort = read_cohort(folder)
    if not cohort.files:
        raise AssertionError("a file without an outcome")


def kinds() -> dict[str, Kind]:
    """Name -> what is made, and what it is fed to."""
    films = _films()
    manifest = b"path,patient_id,date,body_part,laterality,view,spacing_mm\na.dcm,P1,2021-03-01,HAND,L,PA,0.2\nb.dcm,P1,2022-03-01,HAND,L,PA,0.2\n"
    treatments = b"patient_id,name,start,stop,dose\nP1,diltiazem,2021-03-01,2022-03-01,120\n"
    return {
        "loader": Kind(_of(films, "film.dcm"), _read),
        "scan": Kind(_of(films, "film.dcm"), _scan),
        "deidentify": Kind(_of(films, "film.dcm"), _deidentify),
        "sidecars": Kind(_picture_with_sidecar(), _scan),
        "archives": Kind(_archive(films), _scan),
        "folders": Kind(_folders(films), _scan),
        "manifests": Kind(_of([manifest], "manifest.csv"), lambda f: void(read_manifest(f / "manifest.csv"))),
        "treatments": Kind(_of([treatments], "treatments.csv"), lambda f: void(read_treatments(f / "treatments.csv"))),
        "segmentations": Kind(_segmentation(), lambda f: void(read_segmentation(f / "seg.dcm"))),
        "workspaces": Kind(_workspace(), _check_workspace),
    }


def void(_: object) -> None:
    """Forget a value."""


def _work(kind: Kind, seed: tuple[int, int], first: int, seconds: float, place: Path, keep: Path | None, pipe: Connection) -> None:
    """In a child: feed inputs until the time is over, and tell each before and after."""
    started = time.process_time()
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY_BYTES,) * 2)
    number, escaped = first, []
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, *_, **__: escaped.append(str(message))
    while time.process_time() - started < seconds:
        folder = place / "in"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(place / "copies", ignore_errors=True)
        folder.mkdir(parents=True)
        kind.make(np.random.default_rng([*seed, number]), folder)
        pipe.send(("begun", number, ""))
        spent = time.process_time()
        resource.setrlimit(resource.RLIMIT_CPU, (int(spent + LIMIT_CPU_S) + 2, resource.RLIM_INFINITY))
        try:
            kind.use(folder)
            said = "value"
        except CalcitrackError:
            said = "error"
        except BaseException as error:
            said = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        spent = time.process_time() - spent
        if spent > LIMIT_CPU_S:
            said = f"{spent:.0f} s of processor time"
        elif escaped:
            said = f"a warning of a library was shown, which may quote a patient: {escaped.pop()[:60]!r}"
            escaped.clear()
        if said not in ("value", "error") and keep is not None:
            shutil.copytree(folder, keep / str(number), symlinks=True, dirs_exist_ok=True)
        pipe.send(("ended", number, said))
        number += 1
    pipe.send(("over", number, ""))


def _address_space() -> int:
    with Path("/proc/self/statm").open() as stream:
        return int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Tally:
    """Outcomes of a kind: inputs, those that gave a value, those that were refused, and what was bad with each of the others."""

    tried: int = 0
    values: int = 0
    errors: int = 0
    bad: tuple[tuple[int, str], ...] = ()


def fuzz(name: str, kind: Kind, seed: int, seconds: float, keep: Path | None = None) -> Tally:
    """Feed inputs to a part of the program for so much processor time."""
    tally, spent, number = Tally(), 0.0, 0
    own = (seed, sum(name.encode()))
    with tempfile.TemporaryDirectory() as place:
        while spent < seconds:
            here, there = FORK.Pipe(duplex=False)
            child = FORK.Process(target=_work, args=(kind, own, number, seconds - spent, Path(place), keep and keep / name, there), daemon=True)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            child.start()
            there.close()
            over, begun = _listen(here, tally)
            child.join()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            if over:
                break
            tally.bad += ((begun, f"its process ended with {child.exitcode}"),)
            if keep is not None:
                shutil.copytree(Path(place) / "in", keep / name / str(begun), symlinks=True, dirs_exist_ok=True)
            number = begun + 1
    return tally


def _listen(pipe: Connection, tally: Tally) -> tuple[bool, int]:
    """Count what a child tells, until it is over or gone; gives whether it came to its end, and the last input."""
    last = 0
    while True:
        try:
            word, last, said = pipe.recv()
        except EOFError:
            return False, last
        if word == "over":
            return True, last
        if word == "begun":
            tally.tried += 1
        elif said == "value":
            tally.values += 1
        elif said == "error":
            tally.errors += 1
        else:
            tally.bad += ((last, said),)


def main(arguments: list[str]) -> int:
    """Print a line for each kind, and one for each bad input; 1 where there is one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("kinds", nargs="*")
    asked = parser.parse_args(arguments)
    every = kinds()
    chosen = {name: every[name] for name in asked.kinds or every}
    bad = 0
    print(f"{'kind':14} tried  values  refused  bad")
    for name, kind in chosen.items():
        tally = fuzz(name, kind, asked.seed, asked.seconds / len(chosen), asked.keep)
        print(f"{name:14} {tally.tried:5}  {tally.values:6}  {tally.errors:7}  {len(tally.bad):3}", flush=True)
        for number, said in tally.bad:
            print(f"  {name} {number} (seed {asked.seed}): {said}")
        bad += len(tally.bad)
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
