from __future__ import annotations

from pathlib import Path

import numpy as np

from calcitrack.review import edit_outlines as outlines
from calcitrack.review.publish import export
from calcitrack.review.session import ReviewSession
from calcitrack_napari.napari_io import reader


def test_exported_outlines_are_shown_as_they_were_reviewed(session: ReviewSession, tmp_path: Path) -> None:
    """From the DICOM segmentations of a results folder, without the rejected deposit."""
    session.reject("D002", 0)
    shown = reader.read(str(export(session.revised(), tmp_path / "R")))
    assert [kind for *_, kind in shown] == ["image", "labels"] * 4
    for k, (numbers, *_) in enumerate(shown[1::2]):
        reviewed = outlines.numbered(session, k)
        np.testing.assert_array_equal(numbers, np.where(reviewed == 2, 0, reviewed))
