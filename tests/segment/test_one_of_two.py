"""One limb of a picture of two: the surroundings of each, their order, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcitrack.errors import FilmRefusedError
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.image import Acquisition, FloatImage, Mask, Radiograph
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.model.two_limbs import Lie, TwoLimbs
from calcitrack.segment import one_of_two as module
from calcitrack.segment.one_of_two import one_of_two
from calcitrack.segment.overview import Overview

STATED = TwoLimbs("RL", "the manifest")
Place = tuple[slice, slice]
LEFT, RIGHT, BELOW, OBLIQUE = (
    (slice(60, 260), slice(40, 200)),
    (slice(50, 240), slice(280, 440)),
    (slice(320, 520), slice(50, 210)),
    (slice(320, 520), slice(280, 440)),
)


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The overview sees a limb where the picture is bright, and bone all over it."""

    def overview(image: FloatImage, valid: Mask) -> Overview:
        limb = np.asarray((image > 0.5) & valid, np.float32)
        nothing = np.zeros_like(limb)
        return Overview(nothing, limb, limb, nothing, nothing)

    monkeypatch.setattr(module, "overview", overview)


def picture(*limbs: Place) -> Radiograph:
    """Bright blocks in air, at 0.2 mm a pixel."""
    pixels = np.zeros((560, 480), np.float32)
    for place in limbs:
        pixels[place] = 1.0
    return Radiograph(
        pixels=pixels,
        spacing=Spacing(0.2, 0.2, SpacingBasis.DETECTOR, "stated"),
        acquisition=Acquisition(laterality="B", body_part_examined="HAND"),
        calibration=Calibration(Tier.C, Relationship.UNKNOWN, 1, "a test"),
        source="both.png",
    )


def middle(mask: Mask, place: Place) -> bool:
    """Whether the middle of a place lies in a mask."""
    rows, columns = place
    return bool(mask[(rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2])


@pytest.mark.parametrize(("limbs", "lie"), [((LEFT, RIGHT), Lie.BESIDE), ((LEFT, BELOW), Lie.ABOVE)])
def test_each_pixel_belongs_to_one_of_the_two(limbs: tuple[Place, Place], lie: Lie) -> None:
    """The first limb lies at the left or above, the second is the other; each image has its side, and says who stated it."""
    whole = picture(*limbs)
    one, other = (one_of_two(whole, limb, replace(STATED, lie=lie)) for limb in (1, 2))
    assert (one.valid_mask ^ other.valid_mask).all()
    assert [middle(one.valid_mask, place) for place in limbs] == [True, False]
    assert [(i.acquisition.laterality, i.acquisition.limb) for i in (one, other)] == [("R", 1), ("L", 2)]
    assert one.findings[-1].startswith("one of two limbs in one picture, the R one: the manifest states sides R L")
    assert (one.pixels == whole.pixels).all()


def test_the_order_is_that_of_the_picture_whichever_limb_is_larger() -> None:
    """The picture mirrored: the limb at the left is the first one still."""
    whole = picture(LEFT, RIGHT)
    mirrored = replace(whole, pixels=np.ascontiguousarray(whole.pixels[:, ::-1]))
    assert (one_of_two(mirrored, 1, STATED).valid_mask == one_of_two(whole, 2, STATED).valid_mask[:, ::-1]).mean() > 0.99


@pytest.mark.parametrize(
    ("limbs", "stated", "found"),
    [
        ((LEFT,), STATED, "a picture in which two limbs cannot be told apart, though the manifest states sides R L"),
        ((LEFT, (slice(60, 260), slice(200, 440))), STATED, "a picture in which two limbs cannot be told apart"),
        ((LEFT, RIGHT), TwoLimbs("RL", "Patient Orientation F/L", Lie.ABOVE), "two limbs side by side, though Patient Orientation F/L"),
        ((BELOW, RIGHT), STATED, "two limbs that lie askew"),
    ],
    ids=["one", "touching", "beside, and stated above", "neither left nor above"],
)
def test_what_cannot_be_told_is_refused(limbs: tuple[Place, ...], stated: TwoLimbs, found: str) -> None:
    """No side is guessed."""
    with pytest.raises(FilmRefusedError) as refused:
        one_of_two(picture(*limbs), 1, stated)
    assert refused.value.found.startswith(found)


def test_limbs_that_lie_askew_have_an_order_where_the_left_one_is_above() -> None:
    """From the left to the right and from top to bottom say the same."""
    assert middle(one_of_two(picture(LEFT, OBLIQUE), 1, STATED).valid_mask, LEFT)
