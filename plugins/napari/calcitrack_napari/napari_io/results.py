"""Read the outlines of a results folder from its DICOM segmentations and tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image

from calcitrack import read_results
from calcitrack.errors import ResultsError
from calcitrack.model.segmentation import Labels


@dataclass(frozen=True, eq=False, slots=True)
class Outlines:
    """One film of a results folder.

    Parameters
    ----------
    source
        File from which it was measured.
    name
        Patient, visit and repeat.
    numbers
        Shape (rows, columns): the number of the deposit in each pixel, 7 for D007.
    possible
        The same shape: the number of the possible deposit in each pixel; ``None`` where there is none.
    """

    source: str
    name: str
    numbers: Labels
    possible: Labels | None


def read_outlines(folder: Path) -> list[Outlines]:
    """Outlines of every measured film whose file is still in its place.

    Raises
    ------
    ResultsError
        The folder holds no results, or none of its films is in its place.
    """
    images = read_results(folder).images
    found = []
    for row in images[images.status == "read"].itertuples():
        source = Path(str(row.path))
        sides = (f"_{row.laterality}", "")  # the first for a limb of a picture of two
        names = (f"seg/{name}" for side in sides for name in (f"{row.sop_instance_uid}{side}.dcm", f"{source.stem}{side}.label.png"))
        drawn = next((p for name in names if (p := folder / name).is_file()), None)
        if source.is_file() and drawn is not None:
            name = f"{row.patient_id} visit {row.time_point}{f', repeat {row.repeat}' if row.repeat else ''}"
            possible = drawn.with_name(f"{drawn.name.removesuffix('.dcm').removesuffix('.label.png')}.possible.png")
            found.append(Outlines(str(source), name, _numbers(drawn), _numbers(possible) if possible.is_file() else None))
    if not found:
        raise ResultsError(
            f"{folder}: found no film where it was measured; expected the files that images.csv lists; put them back, or open a workspace"
        )
    return found


def _numbers(path: Path) -> Labels:
    """Numbers of deposits in each pixel, from a DICOM segmentation, whose segments are named by their deposits, or from a picture."""
    if path.suffix != ".dcm":
        return np.asarray(Image.open(path), np.uint16)
    dataset = pydicom.dcmread(path)
    frames = np.atleast_3d(dataset.pixel_array) if int(dataset.get("NumberOfFrames", 1)) > 1 else dataset.pixel_array[None]
    called = {int(s.SegmentNumber): _number(str(s.SegmentLabel)) for s in dataset.SegmentSequence}
    if str(dataset.SegmentationType) == "LABELMAP":
        table = np.zeros(max(called) + 1, np.uint16)
        table[list(called)] = list(called.values())
        return np.asarray(table[frames[0]], np.uint16)
    numbers = np.zeros((int(dataset.Rows), int(dataset.Columns)), np.uint16)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    for frame, own in zip(frames, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        facts = own if "SegmentIdentificationSequence" in own else shared  # one segment alone may be stated for all frames together
        numbers[frame > 0] = called[int(facts.SegmentIdentificationSequence[0].ReferencedSegmentNumber)]
    return numbers


def _number(label: str) -> int:
    digits = "".join(c for c in label.split()[0] if c.isdigit()) if label else ""
    return int(digits or 0)
