"""Follow-up onto baseline."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.track import align

PITCH_MM = 0.4
SPACING = Spacing(PITCH_MM, PITCH_MM, SpacingBasis.DETECTOR, "drawn")


def _hand(rows: int = 520, columns: int = 420) -> Segmentation:
    """A palm with four unlike fingers and their bones: nothing about it is symmetric."""
    limb, bone = np.zeros((rows, columns), np.uint8), np.zeros((rows, columns), np.uint8)
    cv2.ellipse(limb, (210, 340), (90, 110), 0, 0, 360, 1, -1)
    for k, (x, length) in enumerate(((135, 120), (185, 190), (235, 170), (285, 110))):
        cv2.line(limb, (x, 330), (x + 6 * k, 300 - length), 1, 36)
        cv2.line(bone, (x, 400), (x + 6 * k, 310 - length), 1, 14)
    cv2.line(limb, (210, 400), (215, 519), 1, 110)
    cv2.line(bone, (195, 420), (200, 519), 1, 34)
    return Segmentation(labels=np.zeros(limb.shape, np.uint16), limb=limb > 0, bone=bone > 0)


def _moved(segmentation: Segmentation, turn_deg: float, scale: float, shift: tuple[float, float]) -> tuple[Segmentation, np.ndarray]:
    """The same hand turned about the middle, scaled and shifted; and the true matrix on (row, column)."""
    xy = cv2.getRotationMatrix2D((210, 260), turn_deg, scale)
    xy[:, 2] += shift[::-1]
    size = segmentation.limb.shape[::-1]
    limb, bone = (cv2.warpAffine(m.astype(np.uint8), xy, size, flags=cv2.INTER_NEAREST) > 0 for m in (segmentation.limb, segmentation.bone))
    truth = np.array([[xy[1, 1], xy[1, 0], xy[1, 2]], [xy[0, 1], xy[0, 0], xy[0, 2]]])
    return Segmentation(labels=np.zeros(limb.shape, np.uint16), limb=limb, bone=bone), truth


@pytest.mark.parametrize(("turn_deg", "scale", "shift"), [(0, 1.0, (0, 0)), (12, 1.0, (-30, 14)), (-18, 1.08, (10, 0)), (4, 0.93, (0, -20))])
def test_known_motion_is_recovered(turn_deg: float, scale: float, shift: tuple[float, float]) -> None:
    """A turn, growth and shift are found to within 1 mm at the finger tips."""
    baseline = _hand()
    follow_up, truth = _moved(baseline, turn_deg, scale, shift)
    found = align((baseline, SPACING), (follow_up, SPACING))
    assert found.ok, found.reason
    tips = np.array([[180, 135, 1], [110, 191, 1], [130, 247, 1], [200, 303, 1], [400, 210, 1]]).T
    error = (np.array(found.matrix) - truth) @ tips
    assert np.hypot(*error).max() * PITCH_MM < 1.0


def test_films_of_other_pixel_size_are_aligned_in_mm() -> None:
    """The same hand on a film with pixels half as large: the matrix doubles positions."""
    baseline = _hand()
    size = (baseline.limb.shape[1] * 2, baseline.limb.shape[0] * 2)
    limb, bone = (cv2.resize(m.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0 for m in (baseline.limb, baseline.bone))
    fine = Segmentation(labels=np.zeros(limb.shape, np.uint16), limb=limb, bone=bone)
    found = align((baseline, SPACING), (fine, Spacing(PITCH_MM / 2, PITCH_MM / 2, SpacingBasis.DETECTOR, "drawn")))
    assert np.array(found.matrix)[:, :2] == pytest.approx(2 * np.eye(2), abs=0.01)


def test_nothing_to_align_fails_with_the_reason() -> None:
    """Without a limb on one image the alignment is not ok and says so."""
    empty = np.zeros((100, 100), bool)
    blank = Segmentation(labels=empty.astype(np.uint16), limb=empty, bone=empty)
    found = align((_hand(), SPACING), (blank, SPACING))
    assert not found.ok
    assert "no limb" in found.reason


def test_another_limb_is_not_forced_onto_baseline() -> None:
    """A thin bar is no hand: the alignment fails instead of carrying identities over."""
    bar = np.zeros((520, 420), bool)
    bar[10:510, 200:212] = True
    other = Segmentation(labels=np.zeros(bar.shape, np.uint16), limb=bar, bone=np.zeros_like(bar))
    assert not align((_hand(), SPACING), (other, SPACING)).ok
