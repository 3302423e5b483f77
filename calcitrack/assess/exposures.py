"""Each exposure of a timeline: searched by itself, aligned with baseline, measured when all are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from calcitrack.assess.options import AssessOptions
from calcitrack.calibrate import CalibrateOptions, calibrate
from calcitrack.calibrate.intensity import attenuation
from calcitrack.errors import ReadError
from calcitrack.measure import measure
from calcitrack.model.assessment import Alignment, ImageFailure
from calcitrack.model.calibration import Calibration
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import ImageMeasurements
from calcitrack.model.progress import Observer, Stage
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import ASSUMED_PIXEL_MM, Spacing
from calcitrack.model.timeline import Exposure, Timeline
from calcitrack.register import Scene, see
from calcitrack.register.align import align
from calcitrack.segment import sure
from calcitrack.segment.excluded import without
from calcitrack.segment.radiograph import candidates
from calcitrack.track import ExposureCandidates, confirmed_labels

HELD_PIXELS = 40_000_000
"""Pixels of a timeline that are held in memory until its exposures are aligned, 160 MB; exposures beyond are read again to be measured."""


@dataclass(frozen=True, eq=False, slots=True)
class Searched:
    """One exposure after the search for deposits; its pixels are kept while they are few (`HELD_PIXELS`), what registration sees of them always."""

    exposure: Exposure
    time_point: int
    repeat: int
    spacing: Spacing
    calibration: Calibration
    findings: tuple[str, ...]
    candidates: Segmentation
    scene: Scene
    held: Radiograph | None


@dataclass(frozen=True, eq=False, slots=True)
class Measured:
    """One exposure after measurement; its pixels are let go."""

    exposure: Exposure
    time_point: int
    repeat: int
    spacing: Spacing
    calibration: Calibration
    findings: tuple[str, ...]
    segmentation: Segmentation
    measurements: ImageMeasurements
    alignment: Alignment | None


def search_all(timeline: Timeline, options: AssessOptions, tell: Observer) -> tuple[list[Searched], list[ImageFailure]]:
    """Every exposure that can be read, in order of time point and repeat, and the others with the reason."""
    searched: list[Searched] = []
    failures: list[ImageFailure] = []
    room = HELD_PIXELS
    for time_point in timeline.time_points:
        for repeat, exposure in enumerate(time_point.exposures):
            try:
                found = _search(exposure, time_point.index, repeat, options, tell, room)
            except ReadError as error:
                failures.append(ImageFailure(exposure, time_point.index, repeat, error))
                continue
            room -= found.held.pixels.size if found.held is not None else 0
            searched.append(found)
    return searched, failures


def _search(exposure: Exposure, time_point: int, repeat: int, options: AssessOptions, tell: Observer, room: int) -> Searched:
    tell(Stage.READ, exposure.source)
    radiograph = exposure.load()
    tell(Stage.CALIBRATE, exposure.source)
    radiograph = calibrate(radiograph, _calibrate_options(exposure, options.calibrate))
    tell(Stage.SEGMENT, exposure.source)
    found = candidates(radiograph, options.segment)
    if exposure.correction.excluded:
        found = without(found, exposure.correction.excluded)
    findings = (*exposure.findings, *radiograph.findings, *found.findings)
    scene = see(found.keeping(sure(found, options.segment)), radiograph.spacing, attenuation(radiograph), radiograph.valid_mask)
    held = radiograph if radiograph.pixels.size <= room else None
    return Searched(exposure, time_point, repeat, radiograph.spacing, radiograph.calibration, findings, found, scene, held)


def _calibrate_options(exposure: Exposure, options: CalibrateOptions) -> CalibrateOptions:
    """Those of the timeline, with the wedge where a reader marked it on this film."""
    box = exposure.correction.wedge_box
    return options if box is None else replace(options, find_wedge=True, wedge_box=box)


def align_all(searched: Sequence[Searched], options: AssessOptions, tell: Observer) -> tuple[Alignment | None, ...]:
    """Each image against the reference; ``None`` for the reference itself."""
    alignments: list[Alignment | None] = []
    reference = reference_index(searched)
    for k, s in enumerate(searched):
        if k == reference:
            alignments.append(None)
            continue
        tell(Stage.ALIGN, s.exposure.source)
        alignments.append(align(searched[reference].scene, s.scene, options.align))
    return tuple(alignments)


def reference_index(searched: Sequence[Searched]) -> int:
    """The first image with a limb on it, in whose coordinates the deposits are followed; else the first."""
    return next((k for k, s in enumerate(searched) if s.candidates.limb.any()), 0)


def _settled(searched: Sequence[Searched], alignments: Sequence[Alignment | None], options: AssessOptions) -> list[Segmentation]:
    """The deposits that each exposure shows by itself, and those that another one confirms."""
    own = [sure(s.candidates, options.segment) for s in searched]
    seen = [ExposureCandidates(s.candidates, o, a, s.spacing.mean_mm or ASSUMED_PIXEL_MM) for s, o, a in zip(searched, own, alignments, strict=True)]
    return [s.candidates.keeping(o | extra, extra) for s, o, extra in zip(searched, own, confirmed_labels(seen), strict=True)]


def measure_all(
    searched: Sequence[Searched], alignments: Sequence[Alignment | None], options: AssessOptions, tell: Observer
) -> tuple[list[Measured], list[ImageFailure]]:
    """Every exposure with the deposits that it or another one shows; those that can be read no longer become failures."""
    measured: list[Measured] = []
    failures: list[ImageFailure] = []
    for s, found, alignment in zip(searched, _settled(searched, alignments, options), alignments, strict=True):
        tell(Stage.MEASURE, s.exposure.source)
        try:
            radiograph = s.held or replace(s.exposure.load(), calibration=s.calibration)
        except ReadError as error:
            failures.append(ImageFailure(s.exposure, s.time_point, s.repeat, error))
            continue
        measurements = measure(radiograph, found, options.measure)
        measured.append(Measured(s.exposure, s.time_point, s.repeat, s.spacing, s.calibration, s.findings, found, measurements, alignment))
    return measured, failures
