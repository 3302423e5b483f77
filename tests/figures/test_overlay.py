from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcitrack.figures import overlay_image
from calcitrack.figures.label_places import Box, place_labels
from calcitrack.figures.overlay import LONG_SIDE, STRIP, _header_lines
from calcitrack.figures.palette import ORANGE, SKY, YELLOW, rgb
from calcitrack.model.assessment import Fate
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.timeline import TimelineKey

KEY = TimelineKey("P1", "HAND", "R", "PA", "DX")


def close_to(picture: np.ndarray, colour: str) -> np.ndarray:
    """Pixels of this colour."""
    return np.abs(picture.astype(int) - rgb(colour)).max(axis=2) < 40


def film(picture: np.ndarray, made: ModuleType) -> np.ndarray:
    """The radiograph's part of the picture, without strips and side margins."""
    width = round(LONG_SIDE * made.SHAPE[1] / made.SHAPE[0])
    left = (picture.shape[1] - width) // 2
    return picture[STRIP:-STRIP, left : left + width]


def test_bone_is_white_and_air_is_black(made: ModuleType) -> None:
    """Denser is brighter, whatever the file's photometric interpretation."""
    image = made.image("P1", 1, 0, ())
    shown = film(overlay_image(made.picture(), image, KEY), made)
    bone, flesh, air = (int(np.median(shown[800:1000, round(c * LONG_SIDE / made.SHAPE[0])])) for c in (45, 25, 5))
    assert bone > 200 > flesh > air


def test_linear_beams_are_shown_as_attenuation(made: ModuleType) -> None:
    """On a film that is linear in the beam, soft tissue does not drown: equal attenuation steps are equal grey steps."""
    image = made.image("P1", 1, 0, ())
    steps = np.exp(-np.linspace(0, 3, made.SHAPE[1], dtype=np.float32)) * 10000
    linear = replace(made.picture(), pixels=-np.tile(steps, (made.SHAPE[0], 1)), calibration=Calibration(Tier.A, Relationship.LIN, -1, "LIN stated"))
    shown = film(overlay_image(linear, image, KEY), made)[900, :, 0].astype(float)
    quarter = len(shown) // 4
    assert shown[2 * quarter] - shown[quarter] == pytest.approx(shown[3 * quarter] - shown[2 * quarter], abs=4)


def test_outlines_take_the_colour_of_the_fate_and_lie_outside(made: ModuleType) -> None:
    """A persistent and a new deposit have different colours, and the deposit itself stays uncovered."""
    image = made.image("P1", 2, 0, (Fate.PERSISTENT, Fate.NEW))
    shown = film(overlay_image(made.picture(), image, KEY), made)
    scale = LONG_SIDE / made.SHAPE[0]
    for label, colour in ((1, SKY), (2, ORANGE)):
        rows, columns = np.nonzero(image.segmentation.labels == label)
        top, bottom, left, right = (round(v * scale) for v in (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1))
        around = shown[top - 8 : bottom + 8, left - 8 : right + 8]
        assert close_to(around, colour).sum() > 100
        inside = shown[top + 2 : bottom - 2, left + 2 : right - 2]
        assert np.ptp(inside.astype(int), axis=2).max() == 0, "the deposit's own pixels are grey"


@pytest.mark.parametrize(("fates", "words"), [((), "0 deposits"), ((Fate.NEW,), "1 deposit"), ((Fate.NEW, Fate.PERSISTENT), "2 deposits")])
def test_the_heading_counts_the_deposits(made: ModuleType, fates: tuple[Fate, ...], words: str) -> None:
    """One deposit is a deposit."""
    assert words in _header_lines(made.image("P1", 1, 0, fates), KEY)[1].split("  ·  ")


def test_possible_deposits_have_dotted_outlines_and_an_entry_in_the_legend(made: ModuleType) -> None:
    """Dots of their own colour around each, with gaps, and its name; what is drawn of the deposits stays as it was."""
    plain = made.image("P1", 2, 0, (Fate.PERSISTENT, Fate.NEW))
    picture = overlay_image(made.picture(), made.with_possible(plain), KEY)
    before = overlay_image(made.picture(), plain, KEY)
    shown, scale = film(picture, made), LONG_SIDE / made.SHAPE[0]
    top, bottom, left, right = (round(v * scale) for v in (80, 83, 20, 24))
    yellow = close_to(shown, YELLOW)
    assert yellow[top - 8 : bottom + 8, left - 8 : right + 8].sum() > 50
    ring = yellow[top - 5 : top, left:right].any(axis=0).astype(int)
    assert np.count_nonzero(np.diff(ring) == 1) >= 5, "an unbroken line has no gaps"
    assert np.array_equal(film(before, made)[: round(70 * scale)], shown[: round(70 * scale)])
    assert close_to(picture[-STRIP:], YELLOW).sum() > 20
    assert not close_to(before[-STRIP:], YELLOW).any()


def test_a_film_with_possible_deposits_alone_says_that_none_was_found(made: ModuleType) -> None:
    """The entry of the legend stands beside those words and does not take their place."""
    plain = made.image("P1", 1, 0, ())
    picture, before = (overlay_image(made.picture(), image, KEY)[-STRIP:] for image in (made.with_possible(plain), plain))
    words = before[:, :200].max(axis=2) > 200
    assert words.any()
    assert np.array_equal(picture[:, :200][words], before[:, :200][words])


def test_pixels_outside_the_beam_are_black(made: ModuleType) -> None:
    """What a shutter covers is not shown as tissue."""
    valid = np.ones(made.SHAPE, bool)
    valid[60:] = False
    shown = film(overlay_image(replace(made.picture(), valid=valid), made.image("P1", 1, 0, ()), KEY), made)
    assert shown[1000:].max() == 0


@pytest.mark.parametrize("count", [0, 3])
@pytest.mark.parametrize("sized", [True, False])
def test_a_picture_is_made_for_any_image(made: ModuleType, count: int, sized: bool) -> None:
    """With and without deposits, with and without a pixel size, the picture has its full length and both strips."""
    image = made.image("P1", 1, 0, (Fate.BASELINE,) * count, sized=sized, mass=False)
    picture = overlay_image(made.picture(image.spacing, image.calibration), image, KEY)
    assert picture.shape[0] == LONG_SIDE + 2 * STRIP
    assert picture[:STRIP].max() > 200
    assert picture[-STRIP:].max() > 150


SQUARES = st.lists(
    st.tuples(st.integers(0, 900), st.integers(0, 900), st.integers(2, 60)), min_size=1, max_size=8, unique_by=lambda t: (t[0] // 150, t[1] // 150)
)


@given(SQUARES)
@settings(max_examples=50, deadline=None)
def test_ids_stand_beside_the_deposits(squares: list[tuple[int, int, int]]) -> None:
    """Where there is room, no id covers a deposit or another id, and every id is inside the picture and near its deposit."""
    boxes = [Box(x, y, x + s, y + s) for x, y, s in squares]
    places = place_labels(boxes, [(60.0, 20.0)] * len(boxes), (1000, 1000))
    for i, place in enumerate(places):
        others = [*boxes, *places[:i], *places[i + 1 :]]
        assert sum(place.overlap(o) for o in others) == 0
        assert place.overlap(Box(0, 0, 1000, 1000)) == pytest.approx(60 * 20)
        assert place.distance_to(boxes[i]) < 200
