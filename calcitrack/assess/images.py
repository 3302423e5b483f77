"""The images of a timeline, one after the other: searched each by itself, aligned with the baseline, measured when all are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from calcitrack.assess.options import AssessOptions
from calcitrack.assess.pipeline import AnyPipeline, Grid, Searched, Settled, Unlike
from calcitrack.errors import ReadError, SamePixelsError
from calcitrack.model.assessment import Alignment, ImageFailure
from calcitrack.model.calibration import Calibration
from calcitrack.model.film_quality import NOT_ALIKE, FilmDoubt, by_severity
from calcitrack.model.measurement import ImageMeasurements
from calcitrack.model.progress import Observer, Stage
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import Spacing
from calcitrack.model.timeline import Exposure, Timeline

HELD_VALUES = 40_000_000
"""Values of a timeline's images that are held in memory until the images are aligned, 160 MB of films; images beyond are read again to be
measured."""

MOST_REFERENCES = 2
"""Further references that are tried: a timeline of unlike films must not cost the square of their number."""

SearchedImage = Searched[Any, Any]


@dataclass(frozen=True, eq=False, slots=True)
class Measured:
    """One image after measurement; its pixels are let go."""

    exposure: Exposure
    time_point: int
    repeat: int
    spacing: Spacing
    calibration: Calibration
    findings: tuple[str, ...]
    segmentation: Segmentation
    measurements: ImageMeasurements
    alignment: Alignment | None
    grid: Grid
    doubts: tuple[FilmDoubt, ...] = ()
    digest: str = ""


def search_all(timeline: Timeline, pipeline: AnyPipeline, options: AssessOptions, tell: Observer) -> tuple[list[SearchedImage], list[ImageFailure]]:
    """Every image that can be read, in order of time point and repeat, and the others with the reason."""
    searched: list[SearchedImage] = []
    failures: list[ImageFailure] = []
    room = HELD_VALUES
    known: dict[str, Exposure] = {}
    for time_point in timeline.time_points:
        for repeat, exposure in enumerate(time_point.exposures):
            try:
                image = pipeline.read(exposure, options, tell)
                digest = pipeline.digest(image)
                _check_own_pixels(exposure, digest, known)
                tell(Stage.SEGMENT, exposure.source)
                found = pipeline.search(exposure, image, options)
            except ReadError as error:
                failures.append(ImageFailure(exposure, time_point.index, repeat, error))
                continue
            fits = pipeline.size(image) <= room
            room -= pipeline.size(image) if fits else 0
            searched.append(Searched(exposure, time_point.index, repeat, found, image if fits else None, digest))
    return searched, failures


def _check_own_pixels(exposure: Exposure, digest: str, known: dict[str, Exposure]) -> None:
    """Remember the pixels of an exposure.

    Raises
    ------
    SamePixelsError
        An earlier one of another name has the same: a file was copied under a new UID. An exposure that is given twice under one name is another
        matter, and is told when files are scanned.
    """
    earlier = known.setdefault(digest, exposure) if digest else exposure
    if earlier.image_id == exposure.image_id:
        return
    days = [e.acquisition.acquisition_time.date() if e.acquisition.acquisition_time else e.acquisition.study_date for e in (earlier, exposure)]
    if days[0] == days[1]:
        found, action = f"the pixels of {earlier.source}", "it is a copy under another name, and counts once"
    else:
        found, action = f"the pixels of {earlier.source}, which is dated {days[0]}", "one film has two dates: correct one, or take it out"
    raise SamePixelsError(exposure.source, found, "a film of its own", action)


def align_all(searched: Sequence[SearchedImage], pipeline: AnyPipeline, options: AssessOptions, tell: Observer) -> tuple[Alignment | None, ...]:
    """Each image against the reference, in whose coordinates the deposits are followed; ``None`` for the reference itself.

    It is the first image with a limb on it, else the first. Where most of the others do not lie on it, one of these takes its place if more do on
    that one: a first film of another part or person must not keep all later ones from being compared. Of two images neither says which is odd,
    and what lies on the other only one way round is not relied on.
    """
    first = next((k for k, s in enumerate(searched) if s.found.candidates.limb.any()), 0)
    for k, s in enumerate(searched):
        if k != first:
            tell(Stage.ALIGN, s.exposure.source)
    best = _aligned(searched, first, pipeline, options)
    others = [k for k, a in enumerate(best) if a is not None and not a.ok and searched[k].found.candidates.limb.any()] if len(searched) > 2 else []
    for other in others[:MOST_REFERENCES]:
        if 2 * _laid(best) >= len(searched) - 1:
            break
        again = _aligned(searched, other, pipeline, options)
        best = max(best, again, key=_laid)
    return best


def hold_together(
    searched: Sequence[SearchedImage], alignments: tuple[Alignment | None, ...], pipeline: AnyPipeline, options: AssessOptions
) -> tuple[tuple[Alignment | None, ...], tuple[tuple[FilmDoubt, ...], ...]]:
    """The alignments without those of images that do not go with the others, and what speaks against each image.

    Where the reference itself is the odd one, an image that goes with others takes its place.
    """
    if len(searched) < 2:
        return alignments, ((),) * len(searched)
    found = pipeline.unlike(searched, alignments)
    if found.like and alignments.index(None) not in found.like:
        alignments = _aligned(searched, found.like[0], pipeline, options)
        again = pipeline.unlike(searched, alignments)
        found = Unlike({**found.doubts, **again.doubts}, again.like)
    apart = [() if k in found.like else found.doubts.get(k, ()) for k in range(len(searched))]
    return tuple(_without(a, d) for a, d in zip(alignments, apart, strict=True)), tuple(apart)


def _without(alignment: Alignment | None, doubts: Sequence[FilmDoubt]) -> Alignment | None:
    """The alignment; not to be relied on where something speaks against the image."""
    if alignment is None or not alignment.ok or not doubts:
        return alignment
    return replace(alignment, ok=False, reason=f"{NOT_ALIKE}{doubts[0].explained.meaning} ({doubts[0].found})")


def _aligned(searched: Sequence[SearchedImage], reference: int, pipeline: AnyPipeline, options: AssessOptions) -> tuple[Alignment | None, ...]:
    scene = searched[reference].found.scene if searched else None
    return tuple(None if k == reference else pipeline.align(scene, s.found.scene, options) for k, s in enumerate(searched))


def _laid(alignments: Sequence[Alignment | None]) -> int:
    """Number of images that lie on the reference."""
    return sum(a is not None and a.ok for a in alignments)


def measure_all(
    searched: Sequence[SearchedImage],
    alignments: Sequence[Alignment | None],
    apart: Sequence[tuple[FilmDoubt, ...]],
    pipeline: AnyPipeline,
    options: AssessOptions,
    tell: Observer,
) -> tuple[list[Measured], list[ImageFailure]]:
    """Every image with the deposits that it or another one shows; those that can be read no longer become failures.

    Parameters
    ----------
    apart
        What speaks against each image's going with the others, as `hold_together` gives it.
    """
    measured: list[Measured] = []
    failures: list[ImageFailure] = []
    for s, settled, alignment, doubts in zip(searched, pipeline.settle(searched, alignments, options), alignments, apart, strict=True):
        tell(Stage.MEASURE, s.exposure.source)
        try:
            measurements = pipeline.measure(s, settled, options)
        except ReadError as error:
            failures.append(ImageFailure(s.exposure, s.time_point, s.repeat, error))
            continue
        f = s.found
        measured.append(
            Measured(
                s.exposure,
                s.time_point,
                s.repeat,
                f.spacing,
                f.calibration,
                (*(d.words for d in doubts), *f.findings),
                settled,
                measurements,
                alignment,
                f.grid,
                by_severity((*f.doubts, *doubts)),
                s.digest,
            )
        )
    return measured, failures


def settled_of(searched: Sequence[SearchedImage], measured: Sequence[Measured]) -> list[Settled[Any]]:
    """The measured images with what is held of each, in the order of `measured`."""
    held = {(s.time_point, s.repeat): s.held for s in searched}
    return [
        Settled(m.exposure, m.spacing, m.calibration, m.segmentation, m.measurements, m.alignment, held[m.time_point, m.repeat]) for m in measured
    ]
