"""The common region of a deposit, or of deposits that merged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Fate
from calcitrack.track.detection import Detection
from calcitrack.track.match import Join, Track
from calcitrack.track.regions import Lattice, families, family

PIXEL_MM = (0.2, 0.2)


def _labels(*squares: tuple[int, int, int]) -> NDArray[np.uint16]:
    """A picture of 120 x 120 with squares of 10 x 10: (label, first row, first column)."""
    labels = np.zeros((120, 120), np.uint16)
    for label, row, column in squares:
        labels[row : row + 10, column : column + 10] = label
    return labels


def _track(number: int, labels: dict[int, int], *joins: Join) -> Track:
    return Track(number, {image: Detection(label, (0.0, 0.0), 1.0) for image, label in labels.items()}, joins)


def test_tracks_that_merged_or_split_with_each_other_over_several_steps_are_one_family() -> None:
    """A merge and a split that share one track tie all three."""
    tracks = [_track(1, {}), _track(2, {}, Join(Fate.MERGED, 1, 2, 3)), _track(3, {}, Join(Fate.SPLIT, 1, 2, 4)), _track(4, {}), _track(5, {})]
    assert [[t.number for t in group] for group in families(tracks)] == [[1], [2, 3, 4], [5]]


def test_every_track_is_in_one_family_and_a_partner_that_is_gone_joins_nothing() -> None:
    """A partner outside the list is no member."""
    tracks = [_track(1, {}, Join(Fate.MERGED, 1, 2, 9)), _track(2, {})]
    assert [[t.number for t in group] for group in families(tracks)] == [[1], [2]]


def test_the_lattice_lies_around_the_outlines_and_a_moved_film_is_brought_back() -> None:
    """The outline of a film that lies elsewhere covers the same places of the baseline."""
    moved = Alignment(((1.0, 0.0, 6.0), (0.0, 1.0, -4.0)), residual_px=0.2)
    found = family([_track(1, {0: 1, 1: 7})], [_labels((1, 50, 50)), _labels((7, 56, 46))], [None, moved], PIXEL_MM)
    assert found.outlined[0].sum() == 100
    np.testing.assert_array_equal(found.outlined[0], found.outlined[1])
    places = found.lattice.places()[found.outlined[0]]
    np.testing.assert_allclose(places.mean(axis=0), [54.5, 54.5])


def test_soft_tissue_takes_every_outline_and_bone_what_two_outline() -> None:
    """The outline of one visit that runs into bone does not spread to all visits."""
    images = [_labels((1, 50, 50)), _labels((1, 50, 50)), _labels((1, 50, 55))]
    found = family([_track(1, {0: 1, 1: 1, 2: 1})], images, [None, None, None], PIXEL_MM)
    soft = found.region(np.zeros(found.lattice.shape, bool))
    bone = found.region(np.ones(found.lattice.shape, bool))
    assert soft.sum() == 150
    assert bone.sum() == 100


def test_a_deposit_that_one_image_outlines_keeps_its_region_over_bone() -> None:
    """One image is all there is to agree with."""
    found = family([_track(1, {0: 1})], [_labels((1, 50, 50)), _labels()], [None, None], PIXEL_MM)
    assert found.region(np.ones(found.lattice.shape, bool)).sum() == 100


def test_places_of_a_lattice() -> None:
    """First point, step and shape give the places."""
    places = Lattice((1.0, 2.0), (2.0, 3.0), (2, 2)).places()
    assert places.tolist() == [[[1.0, 2.0], [1.0, 5.0]], [[3.0, 2.0], [3.0, 5.0]]]
