"""Volumes: their grid in the patient, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from calcitrack.errors import InvalidValueError
from calcitrack.model.alignment import Alignment
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.image import Acquisition, Volume
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import SpacingBasis

CALIBRATION = Calibration(Tier.C, Relationship.UNKNOWN, 1, "Hounsfield units without a rod")
TILT_DEG = 20.0


def affine(slice_step: tuple[float, float, float] = (0.0, 0.0, 2.0)) -> np.ndarray:
    """Rows along y, columns along x, 0.5 mm each; the step between slices as asked."""
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = slice_step, (0.0, 0.5, 0.0), (0.5, 0.0, 0.0)
    matrix[:3, 3] = (-10.0, -20.0, 100.0)
    return matrix


def volume(**changes: object) -> Volume:
    """Four slices of 3 x 5 voxels, other facts as asked."""
    facts = {"values": np.arange(60, dtype=np.int16).reshape(4, 3, 5), "affine": affine(), "acquisition": Acquisition(modality="CT")}
    return Volume(**{**facts, "calibration": CALIBRATION, **changes})


def test_sizes_follow_from_the_affine() -> None:
    """Steps of 2, 0.5 and 0.5 mm: 0.5 mm3 a voxel, sizes that hold in the patient, and the first voxel where the affine puts it."""
    scan = volume()
    assert (scan.shape, scan.spacing_mm, scan.voxel_volume_mm3, scan.sheared) == ((4, 3, 5), (2.0, 0.5, 0.5), 0.5, False)
    assert (scan.spacing.row_mm, scan.spacing.column_mm, scan.spacing.basis) == (0.5, 0.5, SpacingBasis.PATIENT)
    np.testing.assert_allclose(scan.to_patient([[0, 0, 0], [1, 2, 4]]), [[-10, -20, 100], [-8, -19, 102]])
    np.testing.assert_allclose(scan.slice_widths_mm, 2.0)


def test_a_tilted_gantry_shears_and_keeps_the_volume() -> None:
    """Slices 2 mm apart along the table, tilted by 20 degrees: their planes are 2 cos 20 mm apart, and a voxel shrinks as they do."""
    tilt = np.deg2rad(TILT_DEG)
    tilted = affine((0.0, 0.0, 2.0))
    tilted[:3, 1] = (0.0, 0.5 * np.cos(tilt), 0.5 * np.sin(tilt))
    scan = volume(affine=tilted)
    assert scan.sheared
    assert scan.spacing_mm == pytest.approx((2 * np.cos(tilt), 0.5, 0.5))
    assert scan.voxel_volume_mm3 == pytest.approx(0.5 * np.cos(tilt))
    assert scan.voxel_volume_mm3 == pytest.approx(np.prod(scan.spacing_mm))
    np.testing.assert_allclose(np.abs(scan.normal), [0, np.sin(tilt), np.cos(tilt)], atol=1e-12)


def test_the_normal_points_to_later_slices() -> None:
    """Law: slices in reverse order turn the normal round and change no size."""
    down = volume(affine=affine((0.0, 0.0, -2.0)))
    np.testing.assert_allclose(down.normal, [0, 0, -1])
    assert down.spacing_mm == volume().spacing_mm


def test_each_slice_lies_where_its_position_says() -> None:
    """A gap after the second slice: places before, in and beyond it, and what each slice stands for; the widths add up to the whole."""
    scan = volume(slice_positions_mm=np.array([0.0, 1.0, 5.0, 6.0]))
    np.testing.assert_allclose(scan.to_patient([[k, 0, 0] for k in (0, 1, 1.5, 2, 3, 4)])[:, 2] - 100, [0, 1, 3, 5, 6, 7])
    np.testing.assert_allclose(scan.slice_widths_mm, [1.0, 2.5, 2.5, 1.0])


def test_arrays_are_copied_and_read_only() -> None:
    """What was handed over may change later; the volume does not, and nobody changes it."""
    values, mask = np.zeros((4, 3, 5), np.int16), np.ones((4, 3, 5), bool)
    scan = volume(values=values, valid=mask)
    values[:], mask[:] = 7, False
    assert scan.valid is not None
    assert not scan.values.any()
    assert scan.valid.all()
    for array in (scan.values, scan.affine, scan.valid):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"values": np.zeros((3, 5), np.int16)}, r"have the shape \(slices, rows, columns\); found \(3, 5\)"),
        ({"values": np.zeros((0, 3, 5), np.int16)}, "have the shape"),
        ({"values": np.zeros((4, 3, 5), np.float32)}, "are int16 numbers, in HU; found float32"),
        ({"affine": np.eye(3)}, r"has the shape \(4, 4\)"),
        ({"affine": np.diag([1.0, 1.0, 1.0, 2.0])}, "the last row 0 0 0 1"),
        ({"affine": affine((0.0, np.nan, 2.0))}, "made of finite numbers"),
        ({"affine": np.full((4, 4), np.nan)}, "made of finite numbers"),
        ({"affine": affine() * (1 + 0j)}, "made of real numbers"),
        ({"affine": "1 0 0"}, "made of real numbers"),
        ({"affine": affine((0.0, 0.0, 0.0))}, "has an inverse"),
        ({"affine": affine((3.0, 1.0, 0.0))}, "has an inverse"),
        ({"slice_positions_mm": np.arange(3) * 2.0}, "one position for each of 4 slices"),
        ({"slice_positions_mm": np.array([0.0, 2.0, 2.0, 6.0])}, "begin with 0 and ascend"),
        ({"slice_positions_mm": np.array([0.0, 2.0, np.inf, 6.0])}, "are finite"),
        ({"slice_positions_mm": np.array([0.0, 2.0, 4.0, 7.0])}, "is the mean of their positions, 2.33333 mm; found 2 mm"),
        ({"valid": np.ones((3, 5), bool)}, "`valid` has the shape of the values"),
    ],
)
def test_what_is_no_volume_is_refused(changes: dict[str, object], words: str) -> None:
    """Each rule of the constructor is an error that says what was found."""
    with pytest.raises(InvalidValueError, match=words):
        volume(**changes)


def test_labels_of_a_volume_have_its_shape() -> None:
    """Three dimensions are as good as two, the masks have the same, and others are refused."""
    labels = np.zeros((4, 3, 5), np.uint8)
    labels[1, 1, 1], labels[2, 2, 2] = 5, 9
    found = Segmentation(labels=labels, limb=labels >= 0, bone=labels > 9)
    assert found.keeping({9}).labels[2, 2, 2] == 1
    with pytest.raises(InvalidValueError, match="`limb` has the shape of the labels"):
        Segmentation(labels=labels, limb=labels[0] >= 0, bone=labels > 9)
    with pytest.raises(InvalidValueError, match=r"or \(slices, rows, columns\)"):
        Segmentation(labels=labels[0, 0], limb=labels[0, 0] >= 0, bone=labels[0, 0] > 9)


def test_an_alignment_of_volumes_carries_three_coordinates() -> None:
    """Law: there and back again; a warp and a matrix of another shape are refused."""
    turn = np.deg2rad(30.0)
    there = Alignment(((1.0, 0.0, 0.0, 3.0), (0.0, np.cos(turn), -np.sin(turn), -2.0), (0.0, np.sin(turn), np.cos(turn), 5.0)), 0.1)
    places = np.array([[0.0, 1.0, 2.0], [10.0, -4.0, 7.5]])
    np.testing.assert_allclose(there.to_baseline(there.to_image(places)), places, atol=1e-12)
    np.testing.assert_array_equal(there.ok_at(places), [True, True])
    with pytest.raises(InvalidValueError, match="2 x 3 or 3 x 4"):
        Alignment(((1.0, 0.0), (0.0, 1.0)), 0.0)
