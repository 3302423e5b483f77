from __future__ import annotations

import datetime as dt
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack import Radiograph
from calcitrack.errors import InvalidValueError
from calcitrack.model.corrections import NO_CORRECTION, FilmCorrection, KnownLength, corrected
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.segment.excluded import region_mask, without

SQUARE = ((10.0, 10.0), (10.0, 30.0), (30.0, 30.0), (30.0, 10.0))


@pytest.fixture(scope="module")
def film(drawn: ModuleType) -> Radiograph:
    """A drawn limb with a date, 0.5 mm a pixel."""
    made: Radiograph = drawn.draw(pitch_mm=0.5, date=dt.date(2021, 3, 1))
    return made


def test_nothing_stated_is_nothing_changed(film: Radiograph) -> None:
    """The very same radiograph."""
    assert corrected(film, NO_CORRECTION) is film
    assert not NO_CORRECTION
    assert NO_CORRECTION.words == ()


@given(st.floats(0, 300), st.floats(0, 300), st.floats(20, 200), st.floats(0, 6.28), st.floats(0.05, 0.5), st.floats(0.8, 1.25))
def test_a_drawn_length_gives_back_the_size_of_a_pixel(row: float, column: float, px: float, angle: float, pixel_mm: float, shape: float) -> None:
    """Law: a line whose length was worked out from any pixel, square or not, gives that pixel back."""
    true = Spacing(pixel_mm, pixel_mm * shape, SpacingBasis.DETECTOR)
    end = (row + px * np.sin(angle), column + px * np.cos(angle))
    length = float(np.hypot((end[0] - row) * pixel_mm, (end[1] - column) * pixel_mm * shape))
    stated = Spacing(2.5 * pixel_mm, 2.5 * pixel_mm * shape, SpacingBasis.UNSPECIFIED)
    found = KnownLength((row, column), end, length).spacing(stated)
    assert (found.row_mm, found.column_mm) == pytest.approx((true.row_mm, true.column_mm))
    assert found.basis is SpacingBasis.FIDUCIAL


def test_a_length_that_no_film_has_is_refused(film: Radiograph) -> None:
    """What was found, what is expected, what to do."""
    with pytest.raises(InvalidValueError, match=r"cannot be 3000 mm long: a pixel would be 30 mm; expected 0\.01 to 5 mm; draw it again"):
        corrected(film, FilmCorrection(length=KnownLength((0, 0), (100, 0), 3000)))
    with pytest.raises(InvalidValueError, match=r"10 pixels or more; found 5\.0; draw a longer one"):
        KnownLength((0, 0), (5, 0), 3)
    with pytest.raises(InvalidValueError, match="a positive number of mm; found -3"):
        KnownLength((0, 0), (50, 0), -3)


def test_facts_and_crop_are_put_over_those_of_the_film(film: Radiograph) -> None:
    """Side, view and day are the reader's; nothing is valid outside the crop; each is a finding."""
    made = corrected(film, FilmCorrection(laterality="R", view="lat", date=dt.date(2020, 5, 6), crop=(10, 99, 20, 119)))
    facts = made.acquisition
    assert (facts.laterality, facts.view_position, facts.acquisition_time) == ("R", "LAT", dt.datetime(2020, 5, 6))  # noqa: DTZ001 local time
    assert np.count_nonzero(made.valid_mask) == 90 * 100
    assert made.valid_mask[10, 20]
    assert len(made.findings) == len(film.findings) + 4
    with pytest.raises(InvalidValueError, match="a crop lies on the picture of 220 x 160 pixels; found"):
        corrected(film, FilmCorrection(crop=(500, 600, 0, 10)))


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ({"laterality": "X"}, "laterality is one of L, R, B; found 'X'"),
        ({"crop": (5, 3, 0, 9)}, "crop is .*ascending, not negative"),
        ({"wedge_box": (1, 2, 3)}, "wedge_box is"),
        ({"excluded": (((1, 1), (2, 2)),)}, "polygon of 3 points or more"),
        ({"excluded": (((1, 1), (2, float("nan")), (3, 3)),)}, "two numbers of at most 100000"),
    ],
)
def test_what_makes_no_sense_is_refused(stated: dict, told: str) -> None:
    """When it is made, with what is expected."""
    with pytest.raises(InvalidValueError, match=told):
        FilmCorrection(**stated)


def test_a_later_statement_is_laid_over_an_earlier_one() -> None:
    """What only one of them states is kept."""
    first = FilmCorrection(view="PA", excluded=(SQUARE,), crop=(0, 9, 0, 9))
    assert FilmCorrection(view="AP", laterality="L").over(first) == FilmCorrection(view="AP", laterality="L", excluded=(SQUARE,), crop=(0, 9, 0, 9))
    assert NO_CORRECTION.over(first) == first


def test_no_deposit_is_left_in_an_excluded_region(drawn: ModuleType, film: Radiograph) -> None:
    """One mostly inside goes as a whole, of one that reaches in the rest stays; limb and bone are as they were."""
    discs = [drawn.Disc(10, 10, 4.0, 100.0), drawn.Disc(10, 17, 4.0, 100.0), drawn.Disc(60, 40, 4.0, 100.0)]
    found = drawn.segmented(film, discs)
    left = without(found, [SQUARE])
    assert left.label_values == (1, 2)
    assert not left.labels[region_mask(film.shape, [SQUARE])].any()
    assert np.array_equal(left.labels == 2, found.labels == 3)
    assert np.count_nonzero(left.labels == 1) > 0.5 * np.count_nonzero(found.labels == 2)
    assert np.array_equal(left.limb, found.limb)
