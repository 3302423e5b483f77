"""What napari saves of a layer of deposits: a DICOM segmentation or a table. The widget *Serial review* exports whole reviews."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcitrack import calibrate, measure, read_radiograph
from calcitrack.errors import ResultsError
from calcitrack.io.seg.write import write_segmentation
from calcitrack.model.assessment import DepositId, Fate, ImageAssessment, TrackedDeposit
from calcitrack.model.measurement import Measurement
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.timeline import Exposure
from calcitrack.segment import segment
from calcitrack.version import __version__
from calcitrack_napari.napari_io.layers import METADATA


def write_seg(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write outlines as a DICOM segmentation of the film on which they were drawn; each number is a deposit.

    Raises
    ------
    ResultsError
        The layer states no film, or the film's header allows no segmentation.
    """
    image = _measured(np.asarray(data), attributes)
    write_segmentation(Path(path), image, assessment_id="", program="calcitrack", version=__version__)
    return [path]


def write_csv(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write one row for each deposit, measured on the film on which it was drawn.

    Raises
    ------
    ResultsError
        The layer states no film.
    """
    image = _measured(np.asarray(data), attributes)
    names = list(image.deposits[0].deposit.measurements) if image.deposits else []
    with Path(path).open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["deposit_id", "row", "column", *(c for n in names for c in (n, f"{n}_sd"))])
        for tracked in image.deposits:
            results = [tracked.deposit.measurements[n] for n in names]
            cells = [(r.value, "" if r.sd is None else r.sd) if isinstance(r, Measurement) else ("", "") for r in results]
            table.writerow([tracked.deposit_id, *tracked.deposit.centroid, *(c for pair in cells for c in pair)])
    return [path]


def _measured(numbers: NDArray[np.integer[Any]], attributes: dict[str, Any]) -> ImageAssessment:
    """Measure the film within the outlines."""
    name = attributes.get("name", "the layer")
    source = attributes.get("metadata", {}).get(METADATA, {}).get("path", "")
    if not source or not Path(source).is_file():
        raise ResultsError(f"{name}: found no film that it was drawn on; expected one that calcitrack opened; export from the widget Serial review")
    radiograph = calibrate(read_radiograph(source))
    if radiograph.shape != numbers.shape:
        raise ResultsError(f"{name}: found outlines of the shape {numbers.shape}; expected that of {source}, {radiograph.shape}")
    found = segment(radiograph)
    segmentation = Segmentation(labels=numbers.astype(np.uint16), limb=found.limb, bone=found.bone)
    measured = measure(radiograph, segmentation)
    return ImageAssessment(
        exposure=Exposure.of(radiograph),
        time_point=1,
        repeat=0,
        spacing=radiograph.spacing,
        calibration=radiograph.calibration,
        segmentation=segmentation,
        deposits=tuple(TrackedDeposit(d, str(DepositId(d.label)), f"2.25.{d.label}", Fate.BASELINE) for d in measured.deposits),
        totals=measured.totals,
    )
