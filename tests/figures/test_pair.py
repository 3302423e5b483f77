from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from calcitrack.figures import Side, pair_pictures
from calcitrack.figures.difference import COLOURS
from calcitrack.figures.lettering import STRIP
from calcitrack.figures.palette import FATE_MARKS, ORANGE, SKY, VERMILLION, rgb
from calcitrack.figures.registered import common_tissue, grid_of, on_scale_of, sample
from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import Assessment, Fate
from calcitrack.model.image import Radiograph
from calcitrack.model.warp import Warp

SHIFT = (6.0, -4.0)
"""The later film lies this far (rows, columns) from the baseline, in pixels."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Films of 600 pixels are as good as large ones."""
    monkeypatch.setattr("calcitrack.figures.pair.LONG_SIDE", 600)


def film(made: ModuleType, *spots: tuple[float, float, float], gain: float = 1.0, seed: int = 0) -> Radiograph:
    """A limb with a bone and bright spots (row, column, height) of 4 pixels' radius, under another gain."""
    plain = made.picture()
    rows, columns = np.indices(made.SHAPE)
    pixels = plain.pixels + ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 6, made.SHAPE), 1.5)
    for row, column, height in spots:
        pixels = pixels + height * (np.hypot(rows - row, columns - column) < 4)
    return replace(plain, pixels=(gain * pixels).astype(np.float32))


def moved(radiograph: Radiograph) -> Radiograph:
    """The same film, displaced by `SHIFT`."""
    return replace(radiograph, pixels=ndimage.shift(radiograph.pixels, SHIFT, order=1, mode="nearest"))


def sides(made: ModuleType, earlier: Radiograph, later: Radiograph, **facts: object) -> tuple[Assessment, Side, Side]:
    """Visits 2 and 3 of the made assessment as a pair on a baseline: D001 and D002 persist, D003 is new at 2 and resolved at 3."""
    whole = made.assessment(repeat=False)
    alignment = Alignment(((1, 0, SHIFT[0]), (0, 1, SHIFT[1])), 0.1, residual_mm=0.02)
    first = replace(whole.images[1], alignment=None)
    labels = ndimage.shift(whole.images[2].segmentation.labels, SHIFT, order=0)
    second = replace(whole.images[2], alignment=alignment, segmentation=replace(whole.images[2].segmentation, labels=labels))
    second = replace(second, **facts)
    return replace(whole, images=(whole.images[0], first, second)), Side(earlier, first), Side(later, second)


def near(picture: np.ndarray, colour: str, *, within: int = 30) -> np.ndarray:
    """Which pixels of the films have this colour."""
    return np.abs(picture[STRIP:-STRIP].astype(int) - rgb(colour)).max(axis=2) < within


def test_the_later_film_is_laid_on_the_earlier_one(made: ModuleType) -> None:
    """A displaced copy falls onto the original: the two halves show the same, and their difference is neutral all over."""
    one = film(made)
    whole, earlier, later = sides(made, one, moved(one))
    grid = grid_of((earlier, later), 600)
    a, b = sample(earlier, grid), sample(later, grid)
    inside = a.exposed & b.exposed & (a.labels == 0) & (b.labels == 0)
    assert np.abs(a.values - on_scale_of(a, b))[inside].mean() < 0.3
    assert np.abs(a.values - b.values)[inside].mean() < 0.3
    unmoved = sample(replace(later, image=replace(later.image, alignment=None)), grid)
    assert np.abs(a.values - unmoved.values)[inside].mean() > 3, "without the alignment they differ"
    picture = pair_pictures(whole, earlier, later).difference
    left = (picture.shape[1] - grid.shape[1]) // 2
    shown = picture[STRIP:-STRIP, left : left + grid.shape[1]].astype(int)
    assert (np.abs(shown - COLOURS[2]).max(axis=2) < 30).mean() > 0.6


def test_equal_ranks_get_equal_values(made: ModuleType) -> None:
    """Another gain and offset of the later film vanish, and a deposit that is denser than all tissue is not cut off."""
    one = film(made)
    grown = film(made, (80, 25, 150))
    _, earlier, later = sides(made, one, moved(replace(grown, pixels=3 * grown.pixels + 500)))
    grid = grid_of((earlier, later), 600)
    a, b = sample(earlier, grid), sample(later, grid)
    matched = on_scale_of(a, b)
    tissue = common_tissue(a, b)
    assert np.median(np.abs(matched - a.values)[tissue]) < 1.5
    row, column = (round((v - o) / grid.step) for v, o in zip((80, 25), grid.origin, strict=True))
    assert (matched - a.values)[row, column] == pytest.approx(150, rel=0.25)


def test_what_grew_is_bright_and_what_shrank_is_dark(made: ModuleType) -> None:
    """A spot that came is orange to white, one that went is blue; in grey print brighter and darker than what is unchanged."""
    whole, earlier, later = sides(made, film(made, (80, 25, 60)), moved(film(made, (100, 60, 60))))
    picture = pair_pictures(whole, earlier, later).difference[STRIP:-STRIP].astype(int)
    grid = grid_of((earlier, later), 600)
    left = (picture.shape[1] - grid.shape[1]) // 2

    def at(row: float, column: float) -> np.ndarray:
        r, c = (round((v - o) / grid.step) for v, o in zip((row, column), grid.origin, strict=True))
        return picture[r, left + c]

    came, went, same = at(100, 60), at(80, 25), at(100, 30)
    assert came[0] > came[2] + 40
    assert went[2] > went[0] + 40
    assert came.mean() > same.mean() + 25 > went.mean() + 50


def test_deposits_are_coloured_by_what_became_of_them(made: ModuleType) -> None:
    """Persistent ones are blue on both sides, one that resolved is vermillion with a broken line on both and on the difference; none is orange."""
    one = film(made)
    whole, earlier, later = sides(made, one, moved(one))
    pictures = pair_pictures(whole, earlier, later)
    half = pictures.side_by_side.shape[1] // 2
    for side in (pictures.side_by_side[:, :half], pictures.side_by_side[:, half:], pictures.difference):
        assert near(side, SKY).sum() > 60
        assert near(side, VERMILLION).sum() > 20
        assert near(side, ORANGE, within=8).sum() < near(side, SKY).sum() / 4
    solid = near(pictures.side_by_side[:, :half], SKY).sum() / 2
    assert near(pictures.side_by_side[:, :half], VERMILLION).sum() < solid * 1.6, "a broken line has fewer pixels"


def test_a_failed_registration_is_said_and_not_drawn(made: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each film stands as it was exposed; both pictures write 'not registered' with the reason, and no difference is shown."""
    words: list[str] = []
    draw = ImageDraw.ImageDraw.text

    def noted(self: ImageDraw.ImageDraw, at: tuple[float, float], text: str, *a: object, **k: object) -> None:
        words.append(text)
        draw(self, at, text, *a, **k)  # type: ignore[arg-type]

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", noted)
    failed = Alignment(((1, 0, 0), (0, 1, 0)), 9.0, ok=False, reason="too little bone was found again")
    whole, earlier, later = sides(made, film(made), film(made), alignment=failed)
    pictures = pair_pictures(whole, earlier, later)
    said = " ".join(" ".join(words).split())
    assert said.count("visit 3 not registered: too little bone was found again") == 2
    assert "no difference to show" in said
    assert "visit 3 (2022-05-20), as exposed, not registered" in said
    blank = pictures.difference[STRIP:-STRIP]
    assert len(np.unique(np.ptp(blank.astype(int), axis=2))) == 1, "nothing coloured"
    assert (blank > 100).mean() < 0.1


def test_the_earlier_film_may_be_the_one_that_failed(made: ModuleType) -> None:
    """A failed registration of the earlier visit is told just so."""
    failed = Alignment(((1, 0, 0), (0, 1, 0)), 9.0, ok=False, reason="no bone")
    whole, earlier, later = sides(made, film(made), film(made))
    lost = Side(earlier.film, replace(earlier.image, alignment=failed))
    assert pair_pictures(whole, lost, later).difference.shape != pair_pictures(whole, earlier, later).difference.shape


def test_where_the_registration_is_not_sure_nothing_is_claimed(made: ModuleType) -> None:
    """The untrusted half of the map is hatched in both pictures; the trusted half is not."""
    trusted = np.ones((13, 10), bool)
    trusted[7:] = False
    warp = Warp((10.0, 10.0), np.zeros((13, 10, 2), np.float32), trusted)
    whole, earlier, later = sides(made, film(made), film(made), alignment=Alignment(((1, 0, 0), (0, 1, 0)), 0.1, warp=warp))
    pictures = pair_pictures(whole, earlier, later)
    for picture in (pictures.side_by_side, pictures.difference):
        lines = (picture[STRIP:-STRIP] == 150).all(axis=2)
        half = len(lines) // 2
        assert lines[half + 60 :].sum() > 20 * max(lines[: half - 60].sum(), 1)


@pytest.mark.parametrize("sized", [True, False])
def test_a_pair_without_deposits_or_size_is_drawn(made: ModuleType, sized: bool) -> None:
    """Nothing found, and no pixel size stated (one is then assumed for smoothing alone): pictures of full size."""
    whole = made.assessment(visits=2, repeat=False, sized=sized, mass=False)
    images = tuple(made.image("P1", t, 0, (), sized=sized, mass=False) for t in (1, 2))
    pair = (Side(film(made), images[0]), Side(film(made, seed=1), images[1]))
    pictures = pair_pictures(replace(whole, images=images, tracks=()), *pair)
    assert pictures.side_by_side.shape[0] == 600 + 2 * STRIP
    assert pictures.difference.shape[1] == 1200
    Image.fromarray(pictures.difference)


def test_every_fate_of_the_model_can_be_outlined(made: ModuleType) -> None:
    """Whatever fate a deposit has, the picture is drawn in that fate's colour."""
    for fate in Fate:
        whole, earlier, later = sides(made, film(made), moved(film(made)))
        tracks = tuple(replace(t, fates={**t.fates, 3: fate}) for t in whole.tracks)
        picture = pair_pictures(replace(whole, tracks=tracks), earlier, later).side_by_side
        assert near(picture, FATE_MARKS[fate.value].colour, within=12).sum() > 40
