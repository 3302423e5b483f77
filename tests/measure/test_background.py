"""Background under a deposit, from the tissue around it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage

from calcitrack.measure.background import distance_px, neighbourhood
from calcitrack.model.segmentation import Segmentation

PIXEL_MM = 0.2
SHAPE = (200, 200)
HALF_WIDTH_MM = 12.0


def _place() -> tuple[np.ndarray, np.ndarray]:
    """Distance from the limb's axis (it runs down the middle) and position along it, mm."""
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]].astype(float)
    return (columns + 0.5) * PIXEL_MM - SHAPE[1] * PIXEL_MM / 2, (rows + 0.5) * PIXEL_MM


def _flesh() -> np.ndarray:
    """A round limb: 0.25 nepers for each cm of its chord."""
    across, _ = _place()
    return 0.25 * 0.2 * np.sqrt(np.clip(HALF_WIDTH_MM**2 - across**2, 0, None))


def _measured(image: np.ndarray, deposit: np.ndarray, bone: np.ndarray | None = None):
    across, _ = _place()
    labels = deposit.astype(np.uint16)
    segmentation = Segmentation(labels=labels, limb=np.abs(across) < HALF_WIDTH_MM, bone=np.zeros(SHAPE, bool) if bone is None else bone)
    return neighbourhood(image.astype(np.float32), segmentation, 1, ndimage.find_objects(labels.astype(int))[0], PIXEL_MM)


def _disc(across_mm: float, radius_mm: float) -> np.ndarray:
    across, along = _place()
    return (across - across_mm) ** 2 + (along - 20) ** 2 <= radius_mm**2


@pytest.mark.parametrize("across_mm", [0.0, 6.0, 9.0, 10.3])
def test_contrast_is_right_from_the_axis_to_the_skin(across_mm: float) -> None:
    """Where flesh thins out towards the skin, a disc of 0.2 nepers sums up to its own within 4 %."""
    disc = _disc(across_mm, 1.5)
    place = _measured(_flesh() + 0.2 * disc, disc)
    assert place.contrast[place.reach].sum() == pytest.approx(0.2 * disc.sum(), rel=0.04)


def test_empty_place_has_no_contrast() -> None:
    """Law: where nothing was added, the sum is zero within its uncertainty, noise included."""
    noise = np.random.default_rng(4).normal(0, 0.01, SHAPE)
    place = _measured(_flesh() + noise, _disc(8.0, 2.0))
    area = np.count_nonzero(place.reach)
    assert abs(place.contrast[place.reach].sum()) < 2.5 * area * np.hypot(place.background_sd, 0.01 / np.sqrt(area))


def test_constant_added_to_the_film_changes_nothing() -> None:
    """Law: contrast is against the surroundings, whatever the level."""
    disc = _disc(5.0, 2.0)
    low, high = (_measured(_flesh() + 0.2 * disc + level, disc).contrast for level in (0.0, 7.0))
    assert np.allclose(low, high, atol=1e-4)


def test_a_larger_deposit_has_a_less_certain_background() -> None:
    """Further from the tissue around it, the background's mean is less certain, and so on one side than all around."""
    texture = ndimage.gaussian_filter(np.random.default_rng(6).standard_normal(SHAPE), 5) * 0.2
    small, large = (_measured(_flesh() + texture, _disc(0.0, r)).background_sd for r in (1.0, 6.0))
    assert large > small > 0


def test_deposit_at_the_edge_of_bone_is_compared_with_its_own_tissue() -> None:
    """Beside a steep bone edge, a disc in flesh keeps its contrast within 5 %, since neither ring nor rim reaches over the bone."""
    across, _ = _place()
    bone = np.abs(across) < 4.0
    disc = _disc(6.0, 1.8)
    place = _measured(_flesh() + 0.2 * disc + 0.8 * bone, disc, bone)
    assert place.contrast[place.reach].sum() == pytest.approx(0.2 * disc.sum(), rel=0.05)
    assert not (place.reach & bone[place.window]).any()


def test_deposit_without_surroundings_has_no_background() -> None:
    """A deposit that covers the limb cannot be compared with anything."""
    across, _ = _place()
    assert _measured(_flesh(), np.abs(across) < HALF_WIDTH_MM) is None


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(90, 101), (300, 401)])
def test_distances_are_exact_wherever_they_lie_in_memory(shape: tuple[int, int], threads: int) -> None:
    """The last bit of OpenCV's own distances depends on the address of the memory and on the number of threads; ours does not."""
    mask = np.ones(shape, bool)
    mask[40:50, 30:45] = False
    exact = ndimage.distance_transform_edt(mask).astype(np.float32)
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        kept = [(distance_px(mask), bytearray(100 * k + 7)) for k in range(40)]  # what is kept moves what comes next
    finally:
        cv2.setNumThreads(before)
    for distance, _ in kept:
        np.testing.assert_array_equal(distance, exact)
