"""Simulated films with places to click: small deposits of the phantom, large masses drawn over it, and places where there is nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.anatomy.layers import PIXEL_MM
from benchmarks.anatomy.look import looked
from benchmarks.anatomy.masses import FORMS
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.image import Acquisition, Mask, Radiograph
from calcitrack.model.spacing import Spacing, SpacingBasis
from calcitrack.phantom.encode import encode
from calcitrack.phantom.film import film
from calcitrack.phantom.population import Exposures, Population
from calcitrack.phantom.radiograph import as_radiograph
from calcitrack.phantom.simulate import SimulatedFilm
from calcitrack.phantom.specs import BodyPart

PARTS = (BodyPart.ELBOW, BodyPart.KNEE, BodyPart.HAND, BodyPart.FOOT)
SHAPES = [f for f in FORMS if f.draw.__name__ in ("_lobulated", "_cloudy", "_plaque")]
"""Forms that a reader outlines as one body."""
SHARES = (0.7, 0.18, 0.12)
LARGEST_MM = {BodyPart.ELBOW: 80.0, BodyPart.KNEE: 80.0, BodyPart.HAND: 35.0, BodyPart.FOOT: 45.0}
"""Longest extent of a drawn mass, about."""
NEPERS = (0.12, 2.0)
"""Attenuation of the dense parts of a drawn mass, drawn log-uniformly."""
FLESH_NEPERS, FLESH_WIDTH = 0.25, 0.08
"""Most attenuation of the swollen soft tissue around a mass, and the width of its edge as a share of the mass's size."""
SEEN_NEPERS, SEEN_SHARE = 0.05, 0.12
"""A pixel belongs to a mass when both are exceeded: attenuation, and the share of the dense parts'."""
CLEFT_MM = 1.2
"""Lobules nearer to each other than twice this are outlined as one body."""
FAINT_MG_CM2 = 25.0
"""Deposits of the phantom that are fainter than this in the mean are not clicked: nobody could see them."""
LEAST_MM2 = 1.5
"""Smaller ones are not clicked either."""
PICTURE_SHARE = 0.5
"""Share of films that are pictures of anything: coarse, of any grey curve, with letters and borders."""
NEPERS_PER_MG_CM2 = 0.0013
"""Attenuation of hydroxyapatite in the place of soft tissue at 60 kV, about: tells how much a deposit of the phantom changes the film."""
UNSTATED = 0.3
"""Share of pictures whose pixel size nothing states."""
SEEN_CHANGE = 0.02
"""A deposit is clicked where it changes the film by this share of its range in the mean."""
LEAST_PX = 12
"""... and covers this many pixels."""
HIDDEN_NEPERS = 0.01
"""Where a mass that cannot be seen adds more than this, no click tests that there is nothing."""
AWAY_MM = 3.0
"""Least distance from every deposit of a place where there is nothing."""


class Place(StrEnum):
    """What lies under a click."""

    DEPOSIT = "deposit"
    SOFT = "soft tissue"
    BONE = "bone"
    AIR = "air"


@dataclass(frozen=True, eq=False)
class Click:
    """A place on a film and what a reader would outline there.

    Parameters
    ----------
    row, column
        Pixel of the film.
    place
        What lies there.
    truth
        Shape (rows, columns): the deposit's outline; empty where there is none.
    size_mm
        Diameter of the circle of the same area.
    over_bone
        Share of the outline that lies over bone.
    """

    row: int
    column: int
    place: Place
    truth: Mask
    size_mm: float = 0.0
    over_bone: float = 0.0


@dataclass(frozen=True, eq=False)
class Drawn:
    """Attenuation of a drawn mass, and of the soft tissue that swells around it, shape (rows, columns) of the film."""

    mass: NDArray[np.float32]
    flesh: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Clicked:
    """A film and the clicks on it."""

    radiograph: Radiograph
    clicks: tuple[Click, ...]


def clicked(seed: int, clicks_each: int = 1) -> Clicked:
    """Film and clicks of a seed, with so many clicks on each deposit."""
    rng = np.random.default_rng([seed, 97])
    part = PARTS[seed % len(PARTS)]
    burden = str(rng.choice(["none", "mild", "moderate"], p=[0.3, 0.4, 0.3]))
    simulated = film(seed, Population(body_part=part, burden=burden), Exposures(pitch_mm=(0.14, 0.25), rotation_deg=50.0, cut=0.2))
    pitch, beam = simulated.visit.field.pitch_mm, _in_beam(simulated)
    masses = _masses(simulated, part, beam, rng)
    nothing = np.zeros(simulated.signal.shape, np.float32)
    added, swollen = sum((m.mass for m in masses), nothing), sum((m.flesh for m in masses), nothing)
    signal = np.asarray(simulated.signal * np.exp(-added - swollen), np.float32)
    bare = np.asarray(signal * np.exp(added + simulated.deposit_mg_cm2 * NEPERS_PER_MG_CM2), np.float32)
    seen = _Seen.of(simulated, signal, bare, rng)
    outlines = [seen.mask(o & beam) for o in (*(_seen(m.mass, pitch) for m in masses), *_own(simulated, added))]
    outlines = [o for o in outlines if seen.shows(o)]
    bone, limb = seen.mask(simulated.bone & beam), seen.mask(simulated.limb & beam)
    limb = np.any([limb, *outlines], axis=0)
    clicks = [c for o in outlines for _ in range(clicks_each) if (c := _on(o, outlines, bone, seen.pitch_mm, rng)) is not None]
    unclear = seen.lost | ~seen.mask(beam) | seen.mask((added > HIDDEN_NEPERS) | (simulated.labels > 0))
    return Clicked(seen.radiograph, (*clicks, *_beside(outlines, bone, limb, unclear, seen.pitch_mm, rng)))


def _in_beam(simulated: SimulatedFilm) -> Mask:
    """Pixels that no blade covers."""
    field = simulated.visit.field
    left, right, top, bottom = (round(mm / field.pitch_mm) for mm in field.margin_mm)
    inside = np.zeros(simulated.signal.shape, bool)
    inside[top : inside.shape[0] - bottom, left : inside.shape[1] - right] = True
    return inside


@dataclass(frozen=True, eq=False)
class _Seen:
    """A film as a reader gets it.

    Parameters
    ----------
    radiograph, pitch_mm
        The film, and the true size of its pixels.
    change
        Shape (rows, columns): what the deposits change of it, as a share of its range.
    lost
        Shape (rows, columns): nothing can be seen there.
    """

    radiograph: Radiograph
    pitch_mm: float
    change: NDArray[np.float32]
    lost: Mask

    @classmethod
    def of(cls, simulated: SimulatedFilm, signal: NDArray[np.float32], bare: NDArray[np.float32], rng: np.random.Generator) -> _Seen:
        """The film of a signal, half of the time as the file of a detector, half of the time as a picture of any look."""
        pitch = simulated.visit.field.pitch_mm
        if rng.random() >= PICTURE_SHARE:
            shown, without = (as_radiograph(replace(simulated, encoded=encode(s, simulated.visit.detector, pitch))) for s in (signal, bare))
            return cls(shown, pitch, _change(shown.pixels, without.pixels), np.zeros(signal.shape, bool))
        coarse, stated = rng.uniform(0.25, 0.8), rng.random() >= UNSTATED
        state = rng.bit_generator.state
        picture, lost = _picture(signal, pitch, coarse, rng)
        rng.bit_generator.state = state
        spacing = Spacing(coarse, coarse, SpacingBasis.UNSPECIFIED, "simulated") if stated else Spacing.uncalibrated()
        calibration = Calibration(Tier.C, Relationship.UNKNOWN, 1, "a picture without a header")
        radiograph = Radiograph(pixels=picture, spacing=spacing, acquisition=Acquisition(), calibration=calibration, source="simulated picture")
        return cls(radiograph, coarse, _change(picture, _picture(bare, pitch, coarse, rng)[0]), lost)

    def mask(self, mask: Mask) -> Mask:
        """A mask of the simulated film's pixels on those of this one, without what cannot be seen."""
        shape = self.radiograph.shape
        moved = cv2.resize(mask.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA) >= 0.5
        return np.asarray(moved & ~self.lost)

    def shows(self, outline: Mask) -> bool:
        """Whether a deposit changes the film visibly."""
        return bool(np.count_nonzero(outline) >= LEAST_PX and self.change[outline].mean() >= SEEN_CHANGE)


def _change(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = np.percentile(other[::3, ::3], [1, 99.5])
    return np.asarray(np.abs(one - other) / max(float(high - low), 1e-6), np.float32)


def _masses(simulated: SimulatedFilm, part: BodyPart, beam: Mask, rng: np.random.Generator) -> list[Drawn]:
    """The masses drawn onto a film."""
    pitch, shape = simulated.visit.field.pitch_mm, simulated.signal.shape
    places = np.argwhere((simulated.limb & beam)[::8, ::8]) * 8
    away = cv2.distanceTransform((~simulated.bone[::8, ::8]).astype(np.uint8), cv2.DIST_L2, 3) * 8 * pitch
    drawn: list[Drawn] = []
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.15, 0.35, 0.3, 0.2]))):
        form = SHAPES[int(rng.choice(len(SHAPES), p=SHARES))]
        size_mm = float(np.exp(rng.uniform(np.log(max(6.0, form.least_mm)), np.log(LARGEST_MM[part]))))
        fine = 1 if size_mm > 15 else 2
        shadow = form.draw(rng, size_mm / PIXEL_MM * fine)
        sides = tuple(max(3, round(n * PIXEL_MM / fine / pitch)) for n in shadow.shape)
        shadow = np.clip(cv2.resize(shadow, sides[::-1], interpolation=cv2.INTER_CUBIC), 0, None)
        candidates = places[rng.integers(len(places), size=12)]
        wanted = rng.uniform(0, 10)
        row, column = min(candidates, key=lambda p: abs(float(away[p[0] // 8, p[1] // 8]) - wanted)) if rng.random() < 0.6 else candidates[0]
        layer = _laid(shadow, (int(row), int(column)), shape)
        if rng.random() < 0.7:  # else it bulges through the skin
            layer = layer * cv2.GaussianBlur(simulated.limb.astype(np.float32), (0, 0), 0.8 / pitch)
        nepers = np.exp(rng.uniform(*np.log(NEPERS)))
        flesh = np.zeros(shape, np.float32)
        if rng.random() < 0.5:  # swollen soft tissue around it
            wide = cv2.GaussianBlur((layer > SEEN_SHARE).astype(np.float32), (0, 0), max(1.0, FLESH_WIDTH * size_mm / pitch))
            flesh = np.float32(rng.uniform(0.0, FLESH_NEPERS)) * wide
        drawn.append(Drawn(np.asarray(nepers * layer, np.float32), flesh))
    return drawn


def _laid(shadow: NDArray[np.float32], middle: tuple[int, int], shape: tuple[int, ...]) -> NDArray[np.float32]:
    whole = np.zeros(shape, np.float32)
    first = [p - n // 2 for p, n in zip(middle, shadow.shape, strict=True)]
    box = tuple(slice(max(0, f), min(n, f + m)) for f, n, m in zip(first, shape, shadow.shape, strict=True))
    whole[box] = shadow[tuple(slice(b.start - f, b.stop - f) for b, f in zip(box, first, strict=True))]
    return whole


def _seen(mass: NDArray[np.float32], pitch: float) -> Mask:
    """The outline of a mass: what is seen of it, clefts closed and holes filled."""
    seen = (mass > SEEN_NEPERS) & (mass > SEEN_SHARE * float(np.percentile(mass[mass > 0], 97) if (mass > 0).any() else 1))
    return _body(seen, pitch)


def _body(seen: Mask, pitch: float) -> Mask:
    n = max(1, round(CLEFT_MM / pitch))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * n + 1, 2 * n + 1))
    padded = cv2.copyMakeBorder(seen.astype(np.uint8), n + 1, n + 1, n + 1, n + 1, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disk)
    cv2.floodFill(closed, None, (0, 0), 2, flags=4)
    return np.asarray(closed[n + 1 : -n - 1, n + 1 : -n - 1] != 2)


def _own(simulated: SimulatedFilm, added: NDArray[np.float32]) -> list[Mask]:
    """Outlines of the phantom's own deposits that can be seen and stand alone."""
    pitch = simulated.visit.field.pitch_mm
    found = []
    for deposit in simulated.deposits:
        seen = simulated.labels == deposit.deposit_id
        if deposit.touches or not seen.any() or (added[seen] > 0.01).any():
            continue
        if seen.sum() * pitch**2 >= LEAST_MM2 and simulated.deposit_mg_cm2[seen].mean() >= FAINT_MG_CM2:
            found.append(_body(seen, pitch))
    return found


def _picture(signal: NDArray[np.float32], pitch: float, coarse: float, rng: np.random.Generator) -> tuple[NDArray[np.float32], Mask]:
    """The film as a picture of any look with 256 grey levels, and where nothing can be seen on it."""
    shape = tuple(max(64, round(n * pitch / coarse)) for n in signal.shape)
    image = cv2.resize(-np.log(np.maximum(signal, 1e-5)), shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    below, right = (max(shape) - n for n in shape)  # the look is made for squares
    square = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE)
    marks = cv2.copyMakeBorder(np.ones(shape, np.uint8), 0, below, 0, right, cv2.BORDER_CONSTANT, value=0)
    seen = looked(square, marks, rng)[: shape[0], : shape[1]]
    grey = np.round(np.clip(seen, 0, 1.1) / 1.1 * 255).astype(np.float32)
    return grey, np.asarray(marks[: shape[0], : shape[1]] != 1)


def _on(outline: Mask, others: list[Mask], bone: Mask, pitch: float, rng: np.random.Generator) -> Click | None:
    """A click on the inner half of a deposit's largest part; none where little of it is to be seen, or others overlap it."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(outline.astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    body = parts == largest
    area = np.count_nonzero(body)
    rest = np.any([o for o in others if o is not outline], axis=0) if len(others) > 1 else np.zeros_like(body)
    if area * pitch**2 < LEAST_MM2 or np.count_nonzero(outline) > 1.15 * area or np.count_nonzero(body & rest) > 0.1 * area:
        return None
    depth = cv2.distanceTransform(np.pad(body, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    inner = np.argwhere(depth >= depth.max() / 2)
    row, column = inner[rng.integers(len(inner))]
    return Click(int(row), int(column), Place.DEPOSIT, body, float(np.sqrt(area * pitch**2 * 4 / np.pi)), np.count_nonzero(body & bone) / area)


def _beside(outlines: list[Mask], bone: Mask, limb: Mask, lost: Mask, pitch: float, rng: np.random.Generator) -> list[Click]:
    """Clicks where there is nothing: one each on soft tissue, bone and air."""
    taken = np.any(outlines, axis=0) if outlines else np.zeros_like(bone)
    free = cv2.distanceTransform((~(taken | lost)).astype(np.uint8), cv2.DIST_L2, 3) * pitch > AWAY_MM
    found = []
    for place, where in ((Place.SOFT, limb & ~bone), (Place.BONE, bone), (Place.AIR, ~limb)):
        places = np.argwhere((where & free)[::3, ::3]) * 3
        if len(places):
            row, column = places[rng.integers(len(places))]
            found.append(Click(int(row), int(column), place, np.zeros_like(bone)))
    return found
