"""Follow-up onto baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calcitrack.model.alignment import Alignment
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.register import AlignOptions, Scene, see
from calcitrack.register.acceptance import judged
from calcitrack.register.align import align
from calcitrack.register.chain import Skeleton
from calcitrack.register.piece import Fit

PITCH_MM = 0.4
SPACING = Spacing(PITCH_MM, PITCH_MM, SpacingBasis.DETECTOR, "drawn")
SHAPE = (520, 420)
TIPS = np.array([[180, 135], [110, 191], [130, 247], [200, 303], [400, 210]], float)
FINE = 4
"""Pixels of the drawing per pixel of the film."""
Point = tuple[float, float]
FINGERS = ((135, 150), (185, 190), (235, 170), (285, 140))
"""(column of the base, length) of the drawn fingers."""


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Sets OpenCV's number of threads, and puts it back."""
    before = cv2.getNumThreads()
    yield cv2.setNumThreads
    cv2.setNumThreads(before)


@dataclass(frozen=True)
class Drawn:
    """A drawn limb: its masks, and a picture whose edges fall between pixels."""

    segmentation: Segmentation
    picture: np.ndarray

    @property
    def scene(self) -> Scene:
        """What registration sees of it."""
        return see(self.segmentation, SPACING, self.picture)


def _drawn(limb: np.ndarray, bone: np.ndarray) -> Drawn:
    masks = Segmentation(labels=np.zeros(limb.shape, np.uint16), limb=limb >= 0.5, bone=bone >= 0.5)
    return Drawn(masks, (0.4 * limb + 0.6 * bone).astype(np.float32))


def _hand(bend_deg: float = 0.0, bent: int = 1) -> Drawn:
    """A palm with four unlike fingers of two bones each: nothing about it is symmetric. One finger bends at its middle joint."""
    limb, bone = (np.zeros((SHAPE[0] * FINE, SHAPE[1] * FINE), np.uint8) for _ in range(2))
    cv2.ellipse(limb, (210 * FINE, 340 * FINE), (90 * FINE, 110 * FINE), 0, 0, 360, 1, -1)
    for k, (x, _) in enumerate(FINGERS):
        _line(limb, (x, 330), _joint(k), 36)
        _line(bone, (x, 400), (x, 262), 14)  # in the palm
        _line(bone, (x, 240), _along(k, 0.12), 14)
        base, tip = (_turned(_along(k, share), _joint(k), bend_deg if k == bent else 0.0) for share in (0.5, 1.0))
        _line(limb, _joint(k), tip, 36)
        _line(bone, base, tip, 12)
        _line(bone, base, base, 17)
    _line(limb, (210, 400), (215, 519), 110)
    _line(bone, (195, 450), (200, 519), 34)
    return _drawn(*(cv2.resize(m.astype(np.float32), SHAPE[::-1], interpolation=cv2.INTER_AREA) for m in (limb, bone)))


def _line(canvas: np.ndarray, start: Point, end: Point, width: int) -> None:
    a, b = ((round((x + 0.5) * FINE - 0.5), round((y + 0.5) * FINE - 0.5)) for x, y in (start, end))
    cv2.line(canvas, a, b, 1, width * FINE)


def _along(finger: int, share: float) -> Point:
    """(x, y) at a share of the way from the first bone's end to the tip."""
    x, length = FINGERS[finger]
    top, bottom = 310 - length, 240
    return x + 6 * finger * share, bottom + (top - bottom) * share


def _joint(finger: int) -> Point:
    return _along(finger, 0.31)


def _turned(point: Point, about: Point, degrees: float) -> Point:
    angle = np.deg2rad(degrees)
    dx, dy = point[0] - about[0], point[1] - about[1]
    return about[0] + np.cos(angle) * dx - np.sin(angle) * dy, about[1] + np.sin(angle) * dx + np.cos(angle) * dy


def _warped(drawn: Drawn, xy: np.ndarray) -> tuple[Drawn, np.ndarray]:
    """The same hand carried by an affine map on (x, y); and the true matrix on (row, column)."""
    bone = (drawn.picture - 0.4 * np.minimum(drawn.picture / 0.4, 1)) / 0.6
    limb = np.minimum(drawn.picture / 0.4, 1)
    truth = np.array([[xy[1, 1], xy[1, 0], xy[1, 2]], [xy[0, 1], xy[0, 0], xy[0, 2]]])
    return _drawn(*(cv2.warpAffine(m.astype(np.float32), xy, SHAPE[::-1], flags=cv2.INTER_CUBIC) for m in (limb, bone))), truth


def _similar(turn_deg: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    xy = cv2.getRotationMatrix2D((210, 260), turn_deg, scale)
    xy[:, 2] += shift[::-1]
    return np.asarray(xy)


def _off_mm(found: Alignment, positions: np.ndarray, truth: np.ndarray) -> float:
    return float(np.hypot(*(found.to_image(positions) - truth).T).max()) * PITCH_MM


@pytest.fixture(scope="module")
def baseline() -> Scene:
    """The drawn hand."""
    return _hand().scene


def test_a_film_lies_on_itself(baseline: Scene) -> None:
    """The map of a film onto itself moves nothing, everywhere."""
    found = align(baseline, baseline)
    assert found.ok
    assert found.ok_at(TIPS).all()
    assert _off_mm(found, TIPS, TIPS) < 1e-3


@settings(max_examples=8, deadline=None)
@example(turn_deg=7.0, scale=1.0, down=0.0, across=0.0)
@example(turn_deg=-28.4, scale=0.905, down=-6.4, across=-9.7)  # 0.34 mm, the worst of 90 drawn at random
@given(turn_deg=st.floats(-35, 35), scale=st.floats(0.9, 1.1), down=st.floats(-15, 15), across=st.floats(-12, 12))
def test_known_motion_is_recovered(turn_deg: float, scale: float, down: float, across: float) -> None:
    """A turn, growth and shift are found to within 0.4 mm at the finger tips; most to within 0.2 mm."""
    hand = _hand()
    follow_up, truth = _warped(hand, _similar(turn_deg, scale, (down, across)))
    found = align(hand.scene, follow_up.scene)
    landed = TIPS @ truth[:, :2].T + truth[:, 2]
    inside = (landed > 5).all(axis=1) & (landed < np.array(SHAPE) - 6).all(axis=1)
    assert found.ok, found.reason
    assert _off_mm(found, TIPS[inside], landed[inside]) < 0.4


@pytest.mark.parametrize(("quarters", "mirrored"), [(1, False), (2, False), (3, False), (0, True), (1, True)])
def test_turned_and_mirrored_films_are_recognised(baseline: Scene, quarters: int, mirrored: bool) -> None:
    """A film laid down by quarters of a turn, or seen from behind, lies on baseline like any other."""
    hand = _hand()

    def moved(mask: np.ndarray) -> np.ndarray:
        return np.rot90(mask[:, ::-1] if mirrored else mask, quarters)

    rows, columns = (moved(index) for index in np.indices(SHAPE))
    masks = hand.segmentation
    follow_up = Segmentation(labels=moved(masks.labels), limb=moved(masks.limb), bone=moved(masks.bone))
    found = align(baseline, see(follow_up, SPACING, moved(hand.picture)))
    truth = np.array([np.argwhere((rows == r) & (columns == c))[0] for r, c in TIPS])
    assert found.ok, found.reason
    assert _off_mm(found, TIPS, truth) < 0.3


@settings(max_examples=6, deadline=None)
@given(bend_deg=st.floats(-28, 28), finger=st.integers(0, 3))
def test_a_bent_finger_is_followed(bend_deg: float, finger: int) -> None:
    """A finger that bends at its joint is found along its outer bone to within 0.3 mm."""
    found = align(_hand().scene, _hand(bend_deg, finger).scene)
    places = [_along(finger, share) for share in (0.65, 0.8, 0.95)]
    truth = [_turned(place, _joint(finger), bend_deg) for place in places]
    assert found.ok, found.reason
    assert _off_mm(found, np.array(places)[:, ::-1], np.array(truth)[:, ::-1]) < 0.3


@settings(max_examples=15, deadline=None)
@given(row=st.floats(60, 500), column=st.floats(100, 330))
def test_there_and_back(row: float, column: float) -> None:
    """To the image and back to baseline is the identity, bent fingers included."""
    found = _bent_alignment()
    assert found.to_baseline(found.to_image((row, column))) == pytest.approx((row, column), abs=1e-3)


_BENT: list[Alignment] = []


def _bent_alignment() -> Alignment:
    if not _BENT:
        _BENT.append(align(_hand().scene, _hand(10.0).scene))
    return _BENT[0]


def test_swapping_the_films_inverts_the_map(baseline: Scene) -> None:
    """Baseline onto follow-up and back the other way agree to 0.3 mm on the bones."""
    other = _hand(12.0).scene
    there, back = align(baseline, other), align(other, baseline)
    bones = np.argwhere(_hand().segmentation.bone)[::301]
    assert _off_mm(back, there.to_image(bones), bones) < 0.3


def test_deposits_that_appear_do_not_change_the_map(baseline: Scene) -> None:
    """New deposits, over bone and beside it, move no position by more than 0.1 mm."""
    hand = _hand(8.0)
    labels = np.zeros(SHAPE, np.uint16)
    cv2.circle(labels, (190, 200), 7, 1, -1)
    cv2.circle(labels, (235, 330), 10, 2, -1)
    dense = np.asarray(hand.picture + 2.0 * (labels > 0), np.float32)
    masks = Segmentation(labels=labels, limb=hand.segmentation.limb, bone=hand.segmentation.bone | (labels > 0))
    plain, found = align(baseline, hand.scene), align(baseline, see(masks, SPACING, dense))
    assert found.ok, found.reason
    bones = np.argwhere(_hand().segmentation.bone)[::101]
    assert _off_mm(found, bones, plain.to_image(bones)) < 0.1


def test_threads_do_not_change_the_map(threads: Callable[[int], None]) -> None:
    """One thread and two give the same bits."""
    results = []
    for count in (1, 2):
        threads(count)
        results.append(align(_hand().scene, _hand(9.0).scene))
    one, two = results
    assert one.matrix == two.matrix
    assert one.bones == two.bones
    assert one.warp is not None
    assert two.warp is not None
    assert np.array_equal(one.warp.shift, two.warp.shift)


def test_films_of_other_pixel_size_are_aligned_in_mm() -> None:
    """The same hand on a film with pixels half as large: positions double."""
    hand = _hand().segmentation
    size = (SHAPE[1] * 2, SHAPE[0] * 2)
    limb, bone = (cv2.resize(m.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0 for m in (hand.limb, hand.bone))
    fine = Segmentation(labels=np.zeros(limb.shape, np.uint16), limb=limb, bone=bone)
    found = align(see(hand, SPACING), see(fine, Spacing(PITCH_MM / 2, PITCH_MM / 2, SpacingBasis.DETECTOR, "drawn")))
    assert _off_mm(found, TIPS, 2 * TIPS + 0.5) < 0.1


def test_soft_tissue_without_bone_is_aligned_by_its_brightness() -> None:
    """A texture without bone or skin line, shifted and turned, is found to 0.2 mm."""
    rng = np.random.default_rng(3)
    noise = cv2.GaussianBlur(rng.normal(size=SHAPE).astype(np.float32), (0, 0), 6)
    picture = noise / noise.std()
    xy = _similar(6.0, 1.0, (9.0, -7.0))
    moved = cv2.warpAffine(picture, xy, SHAPE[::-1])
    seen = cv2.warpAffine(np.ones(SHAPE, np.float32), xy, SHAPE[::-1]) > 0.99
    tissue = Segmentation(labels=np.zeros(SHAPE, np.uint16), limb=np.ones(SHAPE, bool), bone=np.zeros(SHAPE, bool))
    found = align(see(tissue, SPACING, picture), see(tissue, SPACING, moved, seen))
    places = np.array([[150, 150], [260, 210], [350, 300]], float)
    assert found.ok, found.reason
    assert _off_mm(found, places, (places[:, ::-1] @ xy[:, :2].T + xy[:, 2])[:, ::-1]) < 0.2


def test_a_lost_bone_leaves_its_surroundings_unknown() -> None:
    """Where the last bone of a finger is gone, positions are not ok there, and ok elsewhere."""
    hand = _hand().segmentation
    bone = hand.bone.copy()
    bone[:200, 165:215] = False  # the outer bone of the second finger
    found = align(see(hand, SPACING), see(Segmentation(labels=hand.labels, limb=hand.limb, bone=bone), SPACING))
    assert found.ok, found.reason
    assert [b.ok for b in found.bones].count(False) == 1
    assert not found.ok_at(TIPS[1])
    assert found.ok_at(TIPS[[0, 2, 3, 4]]).all()


def test_each_bone_tells_its_residual(baseline: Scene) -> None:
    """Every bone has a residual in mm, and that of the whole lies among them."""
    found = align(baseline, _hand(5.0).scene)
    residuals = [b.residual_mm for b in found.bones]
    assert found.residual_mm is not None
    assert min(residuals) <= found.residual_mm <= max(residuals) < 0.3
    assert found.residual_px == pytest.approx(found.residual_mm / PITCH_MM, rel=0.01)


def test_nothing_to_align_fails_with_the_reason(baseline: Scene) -> None:
    """Without a limb on one image the alignment is not ok and says so."""
    empty = np.zeros((100, 100), bool)
    blank = Segmentation(labels=empty.astype(np.uint16), limb=empty, bone=empty)
    found = align(baseline, see(blank, SPACING))
    assert not found.ok
    assert "no limb" in found.reason
    assert not found.ok_at(TIPS).any()


def test_another_limb_is_not_forced_onto_baseline(baseline: Scene) -> None:
    """A thin bar is no hand: the alignment fails instead of carrying identities over."""
    bar = np.zeros(SHAPE, bool)
    bar[10:510, 200:212] = True
    other = Segmentation(labels=np.zeros(bar.shape, np.uint16), limb=bar, bone=np.zeros_like(bar))
    assert not align(baseline, see(other, SPACING)).ok


def test_noise_is_no_hand(baseline: Scene) -> None:
    """A picture of noise behind the same outlines leaves no bone found: the alignment fails."""
    rng = np.random.default_rng(5)
    hand = _hand().segmentation
    found = align(baseline, see(hand, SPACING, rng.normal(size=SHAPE).astype(np.float32)))
    assert not found.ok
    assert "found again" in found.reason


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_overlap": 1.0}, "min_overlap"),
        ({"max_scale": 1.0}, "max_scale"),
        ({"min_likeness": 0.0}, "min_likeness"),
        ({"min_found": -0.1}, "min_found"),
        ({"max_size_spread": 0.0}, "max_size_spread"),
        ({"max_opening_mm": 0.0}, "max_opening_mm"),
    ],
)
def test_settings_are_checked(options: dict[str, float], said: str) -> None:
    """A setting out of its range is refused by name."""
    with pytest.raises(ValueError, match=said):
        AlignOptions(**options)


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        (Fit(np.eye(2, 3), 0.6996, 0.1, 1.0), "correlates by 0.6996 only (at least 0.7 needed)"),
        (Fit(np.eye(2, 3), 0.9, 0.2504, 1.0), "0.2504 mm apart (at most 0.25 is believed)"),
        (Fit(1.2503 * np.eye(2, 3), 0.9, 0.1, 1.0), "1.2503 times (at most 1.25 is believed)"),
        (Fit(0.7996 * np.eye(2, 3), 0.9, 0.1, 1.0), "0.7996 times (at least 0.8 is believed)"),
    ],
)
def test_a_rejected_bone_lies_beyond_the_limit_that_is_printed(fit: Fit, said: str) -> None:
    """A reader who compares both numbers understands why."""
    bones = Skeleton((), (), {}, np.zeros((1, 1), np.int32))
    usual = Fit(np.eye(2, 3), 0.9, 0.1, 1.0)
    assert said in judged(bones, [usual, fit, usual], AlignOptions())[1]
