"""What was reached on the external phantom set, with some room, on a third of it; the command in docs/explanation/accuracy.md scores the whole."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from calcitrack import calibrate, measure, read_radiograph, segment
from calcitrack.model.measurement import Measurement

DETECTABLE_MG_CM2, DETECTABLE_MM2, SOFT_TISSUE = 40.0, 1.5, 0.3
COVERED, TOUCHED = 0.3, 0.1
EVERY = 3
"""Films are visited in the order of the set's index, one in so many."""


def _films(folder: Path) -> Iterator[tuple[Path, dict, np.ndarray]]:
    truth = folder / "truth"
    with (truth / "index.csv").open(encoding="utf-8", newline="") as stream:
        for row in list(csv.DictReader(stream))[::EVERY]:
            stem = truth / row["patient"] / row["stem"]
            labels = cv2.imread(f"{stem}.label.png", cv2.IMREAD_UNCHANGED)
            yield folder / row["path"], json.loads(Path(f"{stem}.json").read_text(encoding="utf-8")), labels


@pytest.mark.shared
@pytest.mark.slow
def test_what_was_reached_holds(shared_dir: Path) -> None:
    """Sensitivity over soft tissue at least 0.70; at most 3 false deposits on a film without any; median LIN mass error at most 0.15."""
    hits: list[bool] = []
    false: list[int] = []
    errors: list[float] = []
    for path, truth, labels in _films(shared_dir / "phantom" / "radiographs"):
        film = calibrate(read_radiograph(path))
        found = segment(film)
        if not truth["deposits"]:
            false.append(len(found.label_values))
        masses = {d.label: d.measurements["ha_mass_mg"] for d in measure(film, found).deposits}
        for deposit in truth["deposits"]:
            if deposit["peak_mg_cm2"] < DETECTABLE_MG_CM2 or deposit["area_object_mm2"] < DETECTABLE_MM2 or deposit["over_bone"] > SOFT_TISSUE:
                continue
            under = found.labels[labels == deposit["id"]]
            hits.append(bool(np.mean(under > 0) >= COVERED))
            mass = masses.get(int(np.bincount(under).argmax()))
            if hits[-1] and truth["style"] == "lin" and isinstance(mass, Measurement):
                errors.append(abs(mass.value / deposit["ha_mg"] - 1))
    assert len(hits) > 30
    assert np.mean(hits) >= 0.70
    assert false
    assert max(false) <= 3
    assert np.median(errors) <= 0.15
