"""The exposed field."""

from __future__ import annotations

from types import ModuleType

import cv2
import numpy as np
import pytest

from calcitrack.segment.field import exposed_field


def _film(drawn: ModuleType) -> np.ndarray:
    """Attenuation of a limb on the search grid (0.2 mm)."""
    return -np.log(-drawn.draw().pixels)


def test_open_field_is_left_as_it_is(drawn: ModuleType) -> None:
    """A film without blades is wholly exposed, although the limb runs off its lower edge."""
    image = _film(drawn)
    assert exposed_field(image, np.ones(image.shape, bool)).all()


@pytest.mark.parametrize("turns", range(4))
def test_blade_at_any_side_is_left_out(drawn: ModuleType, turns: int) -> None:
    """Law: a blade of 8 mm at one side is left out with its penumbra, the rest stays, whichever side it is."""
    image = np.rot90(_film(drawn), turns).copy()
    image[:40] = image.max() + 3
    field = exposed_field(image, np.ones(image.shape, bool))
    assert not field[:40].any()
    assert field[50:].all()


def test_slanted_blade_is_followed(drawn: ModuleType) -> None:
    """A blade that stands 3 degrees askew is left out along its edge."""
    image = _film(drawn)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    blade = rows < 30 + 0.05 * columns
    image[blade] = image.max() + 3
    field = exposed_field(image, np.ones(image.shape, bool))
    assert not (field & blade).any()
    assert np.mean(field[~blade]) > 0.95


def test_blank_surround_of_an_askew_plate_is_left_out(drawn: ModuleType) -> None:
    """A plate scanned at a slant lies in a blank frame: the frame is not air."""
    image = _film(drawn)
    plate = np.zeros(image.shape, np.uint8)
    corners = cv2.boxPoints(((image.shape[1] / 2, image.shape[0] / 2), (340.0, 480.0), 2.0)).astype(np.int32)
    cv2.fillConvexPoly(plate, corners, 1)
    image[plate == 0] = image.min() - 2
    field = exposed_field(image, np.ones(image.shape, bool))
    assert not field[plate == 0].any()
    assert np.mean(field[plate > 0]) > 0.9


def test_saturated_air_around_a_limb_is_no_surround() -> None:
    """A hand in saturated air has an outline with fingers: the air stays in the field."""
    image = np.zeros((400, 300), np.float32)
    cv2.ellipse(image, (150, 260), (80, 90), 0, 0, 360, 1.0, -1)
    for x in (90, 130, 170, 210):
        cv2.line(image, (x, 240), (x, 60), 1.0, 24)
    assert exposed_field(image, np.ones(image.shape, bool)).all()


def test_what_the_file_masks_stays_masked(drawn: ModuleType) -> None:
    """The field never grows beyond what the header's shutters leave."""
    image = _film(drawn)
    valid = np.ones(image.shape, bool)
    valid[:, :100] = False
    assert not exposed_field(image, valid)[:, :100].any()
