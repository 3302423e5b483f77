"""Deposits on one radiograph: laws on drawn films, truth on simulated ones."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from calcitrack import Radiograph, Segmentation, measure, segment
from calcitrack.errors import InvalidValueError
from calcitrack.model.spacing import Spacing
from calcitrack.phantom.film import film as simulate_film
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.specs import Style
from calcitrack.segment import SegmentOptions

ALL = SegmentOptions(min_confidence=0.0)
"""The network has seen no limb like the drawn ones: it outlines their deposits, and is unsure of them."""


def _segment(film: Radiograph) -> Segmentation:
    return segment(film, ALL)


@pytest.fixture(scope="module")
def two_discs(drawn: ModuleType):
    """Two clear deposits in the soft tissue beside the bone."""
    return drawn.Disc(40, 22, 2.0, 150.0), drawn.Disc(70, 60, 1.5, 200.0)


def test_clear_deposits_are_found_where_they_were_drawn(drawn: ModuleType, two_discs) -> None:
    """Each drawn disc is one deposit, 85 % of its pixels in the disc (87 to 100 % in the four poses of the film); nothing else is found."""
    film = drawn.draw(two_discs)
    found, true = _segment(film), drawn.segmented(film, two_discs).labels
    inside = {k: true[found.labels == k] for k in found.label_values}
    discs = {k: int(np.bincount(values).argmax()) for k, values in inside.items()}
    assert sorted(discs.values()) == [1, 2]
    assert all(np.mean(inside[k] == disc) >= 0.85 for k, disc in discs.items())


def test_limb_without_deposits_stays_quiet(drawn: ModuleType) -> None:
    """Nothing is found on a smooth limb with a bone, and both are outlined where they were drawn."""
    result = _segment(drawn.draw())
    assert result.label_values == ()
    assert result.bone.mean() == pytest.approx(2 * drawn.BONE_HALF_MM / 80, rel=0.2)
    assert result.limb.mean() == pytest.approx(drawn.LIMB_WIDTH_MM / 80, rel=0.05)


@pytest.mark.parametrize("gain", [0.2, 3.0])
def test_exposure_does_not_matter(drawn: ModuleType, two_discs, gain: float) -> None:
    """Law: all values times a constant, the same outlines (linear values only mean ratios). Both are of one size: either may be the first."""
    plain, scaled = _segment(drawn.draw(two_discs)), _segment(drawn.draw(two_discs, gain=gain))
    assert np.mean((plain.labels > 0) != (scaled.labels > 0)) < 1e-4


def test_unknown_curve_still_finds_the_deposits(drawn: ModuleType, two_discs) -> None:
    """A film that states no relationship to the beam gives the same deposits."""
    assert len(_segment(drawn.draw(two_discs, relationship="")).label_values) == 2


def test_missing_pixel_size_is_said(drawn: ModuleType, two_discs) -> None:
    """Without a pixel size the search goes on with an assumed one, and says so."""
    film = replace(drawn.draw(two_discs), spacing=Spacing.uncalibrated())
    result = segment(film, replace(ALL, assumed_pixel_mm=0.2))
    assert len(result.label_values) == 2
    assert any("no pixel size is stated" in f for f in result.findings)


def test_empty_field_gives_no_deposit_and_says_why(drawn: ModuleType) -> None:
    """A film without a limb has no deposits; the finding says that nothing was searched."""
    film = drawn.draw()
    result = _segment(replace(film, pixels=np.full_like(film.pixels, -12000.0)))
    assert result.label_values == ()
    assert any("nothing was searched" in f for f in result.findings)


def test_the_step_wedge_is_not_searched(drawn: ModuleType, two_discs) -> None:
    """A disc within the corners of the film's wedge is no deposit; the other one stays."""
    film = drawn.draw(two_discs)
    (row, column), side = (two_discs[0].row_mm / 0.2, two_discs[0].column_mm / 0.2), 3.0 / 0.2
    corners = tuple((row + a * side, column + b * side) for a, b in ((-1, -1), (-1, 1), (1, 1), (1, -1)))
    with_wedge = replace(film, calibration=replace(film.calibration, wedge_corners=corners))
    assert len(_segment(film).label_values) == 2
    (left,) = measure(with_wedge, _segment(with_wedge)).deposits
    assert left.centroid[0] * 0.2 + 0.1 == pytest.approx(two_discs[1].row_mm, abs=0.5)


def test_what_is_outside_the_field_is_not_searched(drawn: ModuleType, two_discs) -> None:
    """A deposit outside the valid field is not reported."""
    film = drawn.draw(two_discs)
    valid = np.ones(film.shape, bool)
    valid[: film.shape[0] // 2] = False
    labels = _segment(replace(film, valid=valid)).labels
    assert not labels[: film.shape[0] // 2].any()
    assert labels.any()


@pytest.fixture(scope="module", params=[Style.LIN, Style.PRESENTATION])
def simulated(request: pytest.FixtureRequest):
    """A coarse film of a hand with moderate disease, linear or processed."""
    return simulate_film(424_242, Population(burden="moderate"), Exposures(style=request.param, pitch_mm=(0.2, 0.2), cut=0.0))


def _dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    return 2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))


def test_network_outlines_bone_and_limb_of_a_simulated_hand(simulated) -> None:
    """Dice of at least 0.9 for bone and 0.95 for the limb, whatever the file's grey scale."""
    found = segment(as_radiograph(simulated))
    for mine, true, least in ((found.bone, simulated.bone, 0.9), (found.limb, simulated.limb, 0.95)):
        assert _dice(mine, true) >= least


def test_network_finds_more_true_than_false_deposits(simulated) -> None:
    """Most of what the network calls a deposit touches a true one."""
    found = segment(as_radiograph(simulated))
    real = [bool((simulated.labels[found.labels == k] > 0).mean() >= 0.1) for k in found.label_values]
    assert sum(real) >= 1
    assert sum(real) > len(real) / 2


def test_network_gives_the_same_answer_twice(simulated) -> None:
    """Law: same film, same labels and confidences."""
    first, second = (segment(as_radiograph(simulated)) for _ in range(2))
    assert np.array_equal(first.labels, second.labels)
    assert dict(first.confidence) == dict(second.confidence)


def test_a_turned_film_gives_turned_deposits(simulated) -> None:
    """Law: the film upside down gives the same deposits upside down, Dice at least 0.85."""
    film = as_radiograph(simulated)
    turned = replace(film, pixels=film.pixels[::-1, ::-1], valid=film.valid_mask[::-1, ::-1])
    assert _dice(segment(turned).labels[::-1, ::-1] > 0, segment(film).labels > 0) >= 0.85


def test_resolution_of_the_film_hardly_matters(simulated) -> None:
    """Law: each pixel divided into four, the same deposits, Dice at least 0.95."""
    film, four = as_radiograph(simulated), np.ones((2, 2), np.uint8)
    half = {"row_mm": film.spacing.mean_mm / 2, "column_mm": film.spacing.mean_mm / 2}
    fine = replace(film, pixels=np.kron(film.pixels, four), valid=np.kron(film.valid_mask, four) > 0, spacing=replace(film.spacing, **half))
    assert _dice(segment(fine).labels > 0, np.kron(segment(film).labels > 0, four) > 0) >= 0.95


def test_what_is_likely_and_not_sure_stays_as_possible(drawn: ModuleType, two_discs) -> None:
    """With a bar between two deposits the weaker one is possible, outlined as it would have been; below the lower bar it is gone."""
    film = drawn.draw(two_discs)
    both = _segment(film)
    weak, strong = sorted(both.confidence, key=both.confidence.__getitem__)
    between = (both.confidence[weak] + both.confidence[strong]) / 2
    assert both.confidence[weak] < between
    options = replace(ALL, min_confidence=between, supported_confidence=between, possible_confidence=0.0)
    found = segment(film, options)
    assert found.label_values == found.possible_values == (1,)
    assert found.possible is not None
    np.testing.assert_array_equal(found.possible > 0, both.labels == weak)
    np.testing.assert_array_equal(found.labels > 0, both.labels == strong)
    assert found.possible_confidence[1] == both.confidence[weak]
    assert segment(film, replace(options, possible_confidence=between)).possible is None
    assert measure(film, found) == measure(film, replace(found, possible=None))


def test_the_bar_of_possible_deposits_is_a_probability_and_never_above_that_of_sure_ones() -> None:
    """The network has one by default; a segmenter of one's own makes no possible deposits."""
    network = SegmentOptions()
    assert network.possible_from == 0.5
    assert SegmentOptions(possible_confidence=0.99, min_confidence=0.9).possible_from == 0.9
    own = SegmentOptions(method=_segment)
    assert own.possible_from == own.sure_from
    with pytest.raises(InvalidValueError, match=r"possible_confidence is a probability between 0 and 1; found 1\.5"):
        SegmentOptions(possible_confidence=1.5)
