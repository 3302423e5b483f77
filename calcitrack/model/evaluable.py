"""Which deposits of a timeline can be evaluated at which visit. What visits may be compared over is decided here, and nowhere else.

A total is compared only over what all visits concerned show: deposits that lie whole within their pictures, at places where the registration can be
relied on. What one of them does not show is no zero there, and no growth where it is seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calcitrack.model.alignment import Alignment
from calcitrack.model.assessment import DepositTrack, Fate, ImageAssessment, TrackedDeposit
from calcitrack.model.display import counted
from calcitrack.model.film_quality import NOT_ALIKE
from calcitrack.model.measurement import Measurement
from calcitrack.model.view import Place, View

LEAST_COMPARED = 0.5
"""Share of the area outlined at each of two visits that both have to show: a change of less than half of the deposits is no change of the total."""
LEAST_OF_DAY = 0.9
"""An exposure stands for its day where it shows at least this share of what the best one of that day shows; else a cropped repeat halves the mean."""
Box = tuple[slice, ...]
LEAST_MIRRORED = 0.5
"""Share of the area on a mirrored film that has to lie at places of deposits of other films: less, and it may be the other side of the body, whose
bones are mirror images of these."""
OTHER_SIDE = "it lies there only as its mirror image, and its deposits lie elsewhere: it may show the other side of the body"
LEAST_CUT = 0.1
"""Share of the limb on another film from which a picture that ends before it is cut: people lay a limb down within a few centimetres of its last
place, and a hand with its wrist is 20 cm long."""
LIMB_POINTS = 400
"""Places that stand for a limb: enough to tell a hundredth of it."""
SHADOW_POINTS = 40
"""Places that stand for a deposit's shadow: enough to tell a twentieth of it."""


@dataclass(frozen=True, slots=True)
class EvaluableFamily:
    """One deposit, or several that are compared as one.

    They merged or split at some visit, or a bone that was not found again leaves open which of them is which on a film that shows them all.

    Parameters
    ----------
    members
        Their ids; the first is the family's name.
    known
        Time points at which their burden is known: they lie whole in the picture, or their place does, and is empty.
    seen
        Time point -> share of the area outlined there that is theirs; time points at which none of them is seen are left out.
    located
        Whether their place on the baseline is known. Those seen only where a film could not be aligned may be any of the others.
    area
        Mean area where they are seen, for weights; mm2, or pixels where no size is stated.
    """

    members: tuple[str, ...]
    known: frozenset[int]
    seen: Mapping[int, float]
    located: bool = True
    area: float = 0.0

    @property
    def name(self) -> str:
        """Id of the first member."""
        return self.members[0]


@dataclass(frozen=True, slots=True)
class Shared:
    """What some visits have in common.

    Parameters
    ----------
    families
        Names of the families known at all of them.
    fraction
        Share of the area outlined at a visit that is theirs, at the visit where it is least.
    left_out
        Names of the families that are seen at one of the visits, and not known at another.
    """

    families: frozenset[str]
    fraction: float
    left_out: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What was left out, as a sentence without its full stop; empty where nothing was."""
        if not self.left_out:
            return ""
        out = len(self.left_out)
        return (
            f"compared over {whole_percent(self.fraction)} of the deposits' area: {counted(out, 'deposit')} {'lies' if out == 1 else 'lie'} outside "
            "a picture or where the films could not be aligned"
        )


@dataclass(frozen=True, slots=True)
class Evaluable:
    """What each visit of a timeline shows.

    Parameters
    ----------
    families
        All deposits of the timeline.
    unaligned
        Time point -> why none of its images could be laid on the baseline.
    cut
        Deposit id -> time points at which the edge of the picture cuts it.
    exposures
        Time point -> positions of its images, in ``Assessment.images``, whose mean stands for it; time points without an image are left out.

    Examples
    --------
    >>> cut = EvaluableFamily(("D001",), frozenset({1}), {1: 0.25}, area=5.0)
    >>> whole = EvaluableFamily(("D002",), frozenset({1, 2}), {1: 0.75, 2: 1.0}, area=15.0)
    >>> evaluable = Evaluable((cut, whole), {}, {1: (0,), 2: (1,)})
    >>> evaluable.fraction(2), evaluable.shared((1, 2)).fraction, sorted(evaluable.shared((1, 2)).families)
    (0.75, 0.75, ['D002'])
    """

    families: tuple[EvaluableFamily, ...]
    unaligned: Mapping[int, str] = field(default_factory=dict)
    exposures: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    cut: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def fraction(self, time_point: int) -> float | None:
        """Share of the timeline's deposits, by their mean area, that can be evaluated at a time point; ``None`` where no image was read."""
        if time_point not in self.exposures:
            return None
        if time_point in self.unaligned:
            return 0.0
        known = sum(f.area for f in self.families if f.located and time_point in f.known)
        every = sum(f.area for f in self.families if f.located)
        return known / every if every else 1.0

    def shared(self, time_points: Collection[int]) -> Shared:
        """What visits have in common."""
        points = frozenset(time_points)
        common = [f for f in self.families if points <= f.known]
        out = [f for f in self.families if not points <= f.known and points & set(f.seen)]
        shares = [sum(f.seen.get(t, 0.0) for f in common) for t in points if any(t in f.seen for f in self.families)]
        return Shared(frozenset(f.name for f in common), min(shares, default=1.0) if out else 1.0, tuple(f.name for f in out))

    def refusal(self, time_points: Collection[int]) -> str:
        """Why these visits cannot be compared; empty where they can."""
        if len(time_points) < 2:
            return ""
        for t in sorted(time_points):
            if t in self.unaligned:
                return f"visit {t} is not evaluable: {apart(self.unaligned[t])}"
        found = self.shared(time_points)
        if found.fraction >= LEAST_COMPARED:
            return ""
        visits = ", ".join(str(t) for t in sorted(time_points))
        return (
            f"only {whole_percent(found.fraction)} of the deposits' area can be evaluated at all of the visits {visits} (at least "
            f"{100 * LEAST_COMPARED:g} % needed): the rest lies outside a picture or where the films could not be aligned"
        )


def apart(reason: str) -> str:
    """Why an image is not compared with the others, by the reason that its alignment states.

    Examples
    --------
    >>> apart("the limb would have changed its size 1.40 times")
    'it could not be aligned with the others (the limb would have changed its size 1.40 times)'
    """
    return reason if reason.startswith(NOT_ALIKE) else f"it could not be aligned with the others ({reason})"


def whole_percent(share: float) -> str:
    """A share in whole percent, rounded down so that less than all is never shown as all.

    Examples
    --------
    >>> whole_percent(0.999), whole_percent(0.51)
    ('99 %', '51 %')
    """
    return f"{int(100 * share + 1e-9)} %"


def families_of(tracks: Sequence[DepositTrack]) -> tuple[tuple[DepositTrack, ...], ...]:
    """The deposits connected by merges and splits, in the order of the tracks; most are alone."""
    family = {t.deposit_id: {t.deposit_id} for t in tracks}
    for track in tracks:
        for partner in (p for partners in track.partners.values() for p in partners):
            joined = family[track.deposit_id] | family[partner]
            family |= dict.fromkeys(joined, joined)
    groups = dict.fromkeys(tuple(m.deposit_id for m in tracks if m.deposit_id in family[t.deposit_id]) for t in tracks)
    by_id = {t.deposit_id: t for t in tracks}
    return tuple(tuple(by_id[name] for name in names) for names in groups)


def evaluable_of(images: Sequence[ImageAssessment], tracks: Sequence[DepositTrack]) -> Evaluable:
    """What each visit of an assessment shows.

    Parameters
    ----------
    images
        All measured images of a timeline.
    tracks
        Its deposits. Where their fates say that a deposit is not evaluable, or that its empty place was seen, they win over geometry: a reader may
        have stated them.
    """
    upright = _upright(images)
    looks = [_Look.of(i, upright) for i in images]
    groups = _with_strays(families_of(tracks), looks)
    known = [_known_on(group, looks) for group in groups]
    areas = [_mean_area(group, looks) for group in groups]
    exposures = _exposures(looks, known, areas)
    families = []
    for group, on, area in zip(groups, known, areas, strict=True):
        names = {t.deposit_id for t in group}
        at = frozenset(t for t, chosen in exposures.items() if all(k in on for k in chosen))
        seen = {t: share for t, chosen in exposures.items() if (share := float(np.mean([looks[k].share(names) for k in chosen]))) > 0}
        families.append(EvaluableFamily(tuple(t.deposit_id for t in group), at, seen, _located(group, looks), area))
    return Evaluable(tuple(families), _unaligned(looks), exposures, _cut(tracks, looks, exposures))


def cut_pictures(images: Sequence[ImageAssessment]) -> tuple[bool, ...]:
    """Whether each picture ends before a deposit, and before a part of the limb, that a film of another visit shows: it was cropped or collimated.

    Of films that end at about the same place none counts; neither does a deposit that the other film cuts too, nor one whose place is not known.

    Parameters
    ----------
    images
        All measured images of a timeline.
    """
    upright = _upright(images)
    looks = [_Look.of(i, upright) for i in images]

    def cut(look: _Look, other: _Look) -> bool:
        whole = [shadow for name, shadow in other.shadows.items() if name not in other.cut]
        return any(not look.view.holds(shadow) for shadow in whole) and look.view.share_outside(other.limb()) >= LEAST_CUT

    return tuple(
        look.view.linked and any(cut(look, o) for o in looks if o.view.linked and o.view.time_point != look.view.time_point) for look in looks
    )


def _upright(images: Sequence[ImageAssessment]) -> frozenset[str]:
    """Ids of the deposits that are seen on films that do not lie mirrored."""
    return frozenset(d.deposit_id for i in images if i.alignment is None or not i.alignment.mirrored for d in i.deposits)


@dataclass(frozen=True, eq=False, slots=True)
class _Look:
    """One image: what it shows, where, and how large."""

    view: View
    image: ImageAssessment
    areas: Mapping[str, float]
    shadows: Mapping[str, NDArray[np.float64]]
    guessed: Mapping[str, NDArray[np.float64]]
    cut: frozenset[str]

    @classmethod
    def of(cls, image: ImageAssessment, upright: Collection[str]) -> _Look:
        labels = image.segmentation.labels
        areas = {d.deposit_id: _area(d) for d in image.deposits}
        view = View(image.time_point, _believed(image.alignment, areas, upright), labels.shape, image.exposure.correction)
        boxes = ndimage.find_objects(labels.astype(np.int32)) if image.deposits else []
        own = {d.deposit_id: boxes[d.deposit.label - 1] for d in image.deposits if d.deposit.label <= len(boxes)}
        found = dict(_shadows(image, own)) if view.linked and image.deposits else {}
        known = {name: shadow for name, shadow in found.items() if view.knows(tuple(map(float, shadow[0])))}
        guessed = {name: shadow for name, shadow in found.items() if name not in known}
        return cls(view, image, areas, known, guessed, frozenset(name for name, box in own.items() if box and view.cuts(box)))

    def share(self, names: Collection[str]) -> float:
        """Share of the outlined area."""
        every = sum(self.areas.values())
        return sum(a for name, a in self.areas.items() if name in names) / every if every else 0.0

    def limb(self) -> NDArray[np.float64]:
        """Places spread over the limb, on the baseline, shape (n, 2)."""
        at = np.argwhere(self.image.segmentation.limb)
        chosen = at[np.linspace(0, len(at) - 1, min(len(at), LIMB_POINTS)).astype(int)].astype(float)
        return chosen if self.image.alignment is None or not len(chosen) else np.asarray(self.image.alignment.to_baseline(chosen))

    def place(self, name: str) -> Place:
        """Where a deposit that is seen at a known place lies on the baseline."""
        return tuple(map(float, self.shadows[name][0]))


def _believed(alignment: Alignment | None, areas: Mapping[str, float], upright: Collection[str]) -> Alignment | None:
    """The alignment; one that failed where a film is mirrored and its deposits do not say that it shows the same side."""
    if alignment is None or not alignment.ok or not alignment.mirrored:
        return alignment
    every = sum(areas.values())
    again = sum(a for name, a in areas.items() if name in upright)
    return alignment if every and again >= LEAST_MIRRORED * every else replace(alignment, ok=False, reason=OTHER_SIDE)


def _area(tracked: TrackedDeposit) -> float:
    results = (tracked.deposit.measurements.get(name) for name in ("area_mm2", "area_px"))
    return next((max(r.value, 0.0) for r in results if isinstance(r, Measurement)), 1.0)


def _shadows(image: ImageAssessment, boxes: Mapping[str, Box]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Deposit id -> its centroid and places spread over its shadow, on the baseline; the map is taken as linear across it."""
    labels = image.segmentation.labels
    centroids = np.array([d.deposit.centroid for d in image.deposits], float)
    places = centroids if image.alignment is None else image.alignment.to_baseline(centroids)
    for tracked, centroid, place in zip(image.deposits, centroids, places, strict=True):
        box = boxes.get(tracked.deposit_id)
        pixels = centroid[None] if not box else np.argwhere(labels[box] == tracked.deposit.label) + np.array([side.start for side in box])
        chosen = pixels[np.linspace(0, len(pixels) - 1, min(len(pixels), SHADOW_POINTS)).astype(int)]
        yield tracked.deposit_id, np.vstack([place, place + _back(image, place, chosen - centroid, len(pixels))])


def _back(image: ImageAssessment, place: NDArray[np.float64], offsets: NDArray[np.float64], pixels: int) -> NDArray[np.float64]:
    """Steps on the image as steps on the baseline, by the slope of the map across the deposit."""
    if image.alignment is None:
        return offsets
    n = len(place)
    reach = max(1.0, (pixels / np.pi) ** (1 / n))
    ahead, behind = (image.alignment.to_image(place + sign * reach * np.eye(n)) for sign in (1, -1))
    return np.asarray(offsets @ np.linalg.pinv((ahead - behind).T / (2 * reach)).T)


Group = tuple[DepositTrack, ...]


def _with_strays(groups: Sequence[Group], looks: Sequence[_Look]) -> list[Group]:
    """The families, those joined of which an aligned film shows all without saying which is which.

    Where a bone was not found again, deposits on it are seen as strays, and those of other films have no known place, though the picture shows it.
    Together they are as comparable as any: what is there now against what was there before.
    """
    joined: list[set[int]] = [{n} for n in range(len(groups))]
    for k, look in enumerate(looks):
        strays = [n for n, group in enumerate(groups) if not _located(group, looks) and any(t.deposit_id in look.guessed for t in group)]
        unsure = [n for n, group in enumerate(groups) if _located(group, looks) and any(_unsure(t, k, looks) for t in group)]
        if strays:
            together = set().union(*(joined[n] for n in (*strays, *unsure)))
            for n in together:
                joined[n] = together
    first = dict.fromkeys(min(j) for j in joined)
    return [tuple(t for n in sorted(joined[lowest]) for t in groups[n]) for lowest in first]


def _unsure(track: DepositTrack, k: int, looks: Sequence[_Look]) -> bool:
    """Whether a deposit is not seen on an image that shows its place, where the registration cannot be relied on."""
    name, view = track.deposit_id, looks[k].view
    around = _around(view.time_point, [j for j, look in enumerate(looks) if name in look.shadows], looks)
    if name in looks[k].areas or not around:
        return False
    return any(not view.knows(looks[j].place(name)) for j in around) and all(view.holds(looks[j].shadows[name]) for j in around)


def _known_on(group: Group, looks: Sequence[_Look]) -> frozenset[int]:
    """Positions of the images on which the burden of a family is known."""
    loosely = any(t.deposit_id in look.guessed for t in group for look in looks)
    return frozenset(k for k in range(len(looks)) if all((_shown if loosely else _known)(track, k, looks) for track in group))


def _shown(track: DepositTrack, k: int, looks: Sequence[_Look]) -> bool:
    """Whether an aligned image shows a deposit whole, or about the place where it would be."""
    name, look = track.deposit_id, looks[k]
    if name in look.areas or not look.view.linked:
        return name in look.areas and name not in look.cut
    shadows = [s for other in looks if (s := other.shadows.get(name, other.guessed.get(name))) is not None]
    return bool(shadows) and all(look.view.holds(s) for s in shadows)


def _known(track: DepositTrack, k: int, looks: Sequence[_Look]) -> bool:
    """Whether an image shows a deposit whole, or the place where it would be."""
    name, t = track.deposit_id, looks[k].view.time_point
    located = [j for j, look in enumerate(looks) if name in look.shadows]
    if name in looks[k].areas:
        return name not in looks[k].cut or all(looks[k].view.holds(looks[j].shadows[name]) for j in located if j != k)
    said = track.fates.get(t)
    first = min(track.fates, default=t)
    if said is Fate.NOT_EVALUABLE or (t < first and track.fates[first] is Fate.NOT_EVALUABLE):
        return False
    if not looks[k].view.linked or not located:
        return False
    around = _around(t, located, looks)
    shown = all(looks[k].view.shows(looks[j].place(name)) and looks[k].view.holds(looks[j].shadows[name]) for j in around)
    return shown or said in (Fate.RESOLVED, Fate.MERGED, Fate.NOT_OUTLINED)


def _around(t: int, located: Iterable[int], looks: Sequence[_Look]) -> list[int]:
    """Images that show a deposit at the nearest visits before and after this one, and at this one."""
    when = {j: looks[j].view.time_point for j in located}
    nearest = {max((v for v in when.values() if v < t), default=t), min((v for v in when.values() if v > t), default=t), t}
    return [j for j, v in when.items() if v in nearest]


def _mean_area(group: Group, looks: Sequence[_Look]) -> float:
    names = {t.deposit_id for t in group}
    sums = [s for look in looks if (s := sum(a for name, a in look.areas.items() if name in names))]
    return float(np.mean(sums)) if sums else 0.0


def _located(group: Group, looks: Sequence[_Look]) -> bool:
    return any(t.deposit_id in look.shadows for t in group for look in looks)


def _exposures(looks: Sequence[_Look], known: Sequence[frozenset[int]], areas: Sequence[float]) -> Mapping[int, tuple[int, ...]]:
    """Time point -> the images that stand for it: those that lie on the baseline, and show about as much as the best of them; else all."""
    shown = [sum(area for on, area in zip(known, areas, strict=True) if k in on) for k in range(len(looks))]
    found: dict[int, tuple[int, ...]] = {}
    for t in dict.fromkeys(look.view.time_point for look in looks):
        mine = [k for k, look in enumerate(looks) if look.view.time_point == t]
        linked = [k for k in mine if looks[k].view.linked]
        most = max((shown[k] for k in linked), default=0.0)
        found[t] = tuple(k for k in linked if shown[k] >= LEAST_OF_DAY * most) or tuple(mine)
    return found


def _cut(tracks: Sequence[DepositTrack], looks: Sequence[_Look], exposures: Mapping[int, tuple[int, ...]]) -> Mapping[str, frozenset[int]]:
    """Deposit id -> time points at which an exposure that stands for them shows only part of it."""
    found = {
        t.deposit_id: frozenset(
            at for at, chosen in exposures.items() if any(t.deposit_id in looks[k].cut and not _known(t, k, looks) for k in chosen)
        )
        for t in tracks
    }
    return {name: at for name, at in found.items() if at}


def _unaligned(looks: Sequence[_Look]) -> Mapping[int, str]:
    linked = {look.view.time_point for look in looks if look.view.linked}
    reasons: dict[int, str] = {}
    for look in looks:
        if look.view.time_point not in linked and look.view.alignment is not None:
            reasons.setdefault(look.view.time_point, look.view.alignment.reason or "the registration failed")
    return reasons
