"""The one composition: a timeline of exposures -> deposits measured, followed over time, and the change of the burden."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from calcitrack.calibrate import CalibrateOptions, calibrate
from calcitrack.calibrate.intensity import attenuation
from calcitrack.errors import ReadError
from calcitrack.measure import MeasureOptions, measure
from calcitrack.model.assessment import Alignment, Assessment, DepositTrack, Fate, ImageAssessment, ImageFailure, TrackedDeposit
from calcitrack.model.calibration import Calibration
from calcitrack.model.measurement import Deposit, ImageMeasurements, Measurement
from calcitrack.model.provenance import Parameter, Provenance, Step
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import ASSUMED_PIXEL_MM, Spacing
from calcitrack.model.timeline import Exposure, Timeline
from calcitrack.segment import SegmentOptions, recipe, segment
from calcitrack.track import AlignOptions, MatchOptions, Scene, Sighting, Track, View, align, decide_fates, follow, see, summarise
from calcitrack.version import __version__

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://calcitrack/deposit")

Observer = Callable[[str, str], None]
"""Called as a stage of an image begins: (stage, source)."""


@dataclass(frozen=True, slots=True)
class AssessOptions:
    """Settings of every verb that `assess` composes."""

    calibrate: CalibrateOptions = field(default_factory=CalibrateOptions)
    segment: SegmentOptions = field(default_factory=SegmentOptions)
    measure: MeasureOptions = field(default_factory=MeasureOptions)
    align: AlignOptions = field(default_factory=AlignOptions)
    match: MatchOptions = field(default_factory=MatchOptions)


@dataclass(frozen=True, eq=False, slots=True)
class _Measured:
    """One exposure after segmentation and measurement; of its pixels only what registration sees is kept."""

    exposure: Exposure
    time_point: int
    repeat: int
    spacing: Spacing
    calibration: Calibration
    findings: tuple[str, ...]
    segmentation: Segmentation
    measurements: ImageMeasurements
    scene: Scene


def assess(timeline: Timeline, *, options: AssessOptions | None = None, observe: Observer | None = None) -> Assessment:
    """Segment and measure every exposure of a timeline, follow each deposit over time, and sum up the change.

    Parameters
    ----------
    timeline
        Time points of one patient, body part, side and view.
    options
        Settings of the verbs; defaults when ``None``.
    observe
        Called with (stage, source) as each stage of an image begins: ``read``, ``calibrate``, ``segment``, ``measure``, ``align``.

    Returns
    -------
    Assessment
        The same for the same input, options and program version. An exposure that cannot be read becomes an `ImageFailure`; the
        rest of the timeline goes on.
    """
    options = options or AssessOptions()
    tell = observe or (lambda _stage, _source: None)
    measured: list[_Measured] = []
    failures: list[ImageFailure] = []
    for time_point in timeline.time_points:
        for repeat, exposure in enumerate(time_point.exposures):
            try:
                measured.append(_measure_one(exposure, time_point.index, repeat, options, tell))
            except ReadError as error:
                failures.append(ImageFailure(exposure, time_point.index, repeat, error))
    alignments = _align_all(measured, options, tell)
    tracks = _follow_all(measured, alignments, options)
    dates = {t.index: t.date for t in timeline.time_points}
    identity = _Identity(timeline, tracks, measured, alignments, tuple(dates))
    used = recipe(options.segment)
    images = tuple(_image(k, m, a, identity, used) for k, (m, a) in enumerate(zip(measured, alignments, strict=True)))
    return Assessment(
        assessment_id=_assessment_id(timeline, options),
        key=timeline.key,
        images=images,
        failures=tuple(failures),
        tracks=identity.tracks,
        time_points=summarise(dates, images, identity.by_time_point()),
        provenance=Provenance("calcitrack", __version__, (Step("assess", _flat(options), {"images": len(images), "failures": len(failures)}),)),
        findings=timeline.findings,
    )


def _measure_one(exposure: Exposure, time_point: int, repeat: int, options: AssessOptions, tell: Observer) -> _Measured:
    tell("read", exposure.source)
    radiograph = exposure.load()
    tell("calibrate", exposure.source)
    radiograph = calibrate(radiograph, options.calibrate)
    tell("segment", exposure.source)
    segmentation = segment(radiograph, options.segment)
    tell("measure", exposure.source)
    measurements = measure(radiograph, segmentation, options.measure)
    findings = (*exposure.findings, *radiograph.findings, *segmentation.findings)
    scene = see(segmentation, radiograph.spacing, attenuation(radiograph), radiograph.valid_mask)
    return _Measured(exposure, time_point, repeat, radiograph.spacing, radiograph.calibration, findings, segmentation, measurements, scene)


def _align_all(measured: Sequence[_Measured], options: AssessOptions, tell: Observer) -> tuple[Alignment | None, ...]:
    """Each image against the reference; ``None`` for the reference itself."""
    if not measured:
        return ()
    alignments: list[Alignment | None] = []
    reference = _reference(measured)
    for m in measured:
        if m is reference:
            alignments.append(None)
            continue
        tell("align", m.exposure.source)
        alignments.append(align(reference.scene, m.scene, options.align))
    return tuple(alignments)


def _reference(measured: Sequence[_Measured]) -> _Measured:
    """The first image with a limb on it, in whose coordinates the deposits are followed; else the first."""
    return next((m for m in measured if m.segmentation.limb.any()), measured[0])


def _follow_all(measured: Sequence[_Measured], alignments: Sequence[Alignment | None], options: AssessOptions) -> tuple[Track, ...]:
    """Identities over all images that could be aligned; deposits of the others each stand alone."""
    linked = [k for k, a in enumerate(alignments) if a is None or a.ok]
    sightings = [[_sighting(d, measured[k], alignments[k], _reference(measured)) for d in measured[k].measurements.deposits] for k in linked]
    tracks = [Track(t.number, {linked[i]: s for i, s in t.sightings.items()}) for t in follow(sightings, options.match)]
    for k, m in enumerate(measured):
        if k not in linked:
            tracks += [Track(len(tracks) + n, {k: _sighting(d, m, None, m)}) for n, d in enumerate(m.measurements.deposits, start=1)]
    return tuple(tracks)


def _sighting(deposit: Deposit, image: _Measured, alignment: Alignment | None, baseline: _Measured) -> Sighting:
    """Where a deposit lies in baseline's millimetres, and how large it is."""
    spacing, reference = image.spacing, baseline.spacing
    row, column = _to_baseline(deposit.centroid, alignment)
    pixel_mm = spacing.mean_mm or ASSUMED_PIXEL_MM
    pixels = deposit.measurements["area_px"]
    radius = pixel_mm * float(np.sqrt(pixels.value / np.pi)) if isinstance(pixels, Measurement) else pixel_mm
    return Sighting(deposit.label, (row * (reference.row_mm or ASSUMED_PIXEL_MM), column * (reference.column_mm or ASSUMED_PIXEL_MM)), radius)


def _to_baseline(position: tuple[float, float], alignment: Alignment | None) -> tuple[float, float]:
    if alignment is None:
        return position
    row, column = alignment.to_baseline(position)
    return float(row), float(column)


class _Identity:
    """Deposit ids, UIDs and fates of a timeline's tracks."""

    def __init__(
        self,
        timeline: Timeline,
        tracks: Sequence[Track],
        measured: Sequence[_Measured],
        alignments: Sequence[Alignment | None],
        time_points: tuple[int, ...],
    ) -> None:
        views = [View(m.time_point, a, m.segmentation.labels.shape) for m, a in zip(measured, alignments, strict=True)]
        self._of: dict[tuple[int, int], DepositTrack] = {}
        listed = []
        for track in tracks:
            places = {k: _to_baseline(_centroid(measured[k], s.label), alignments[k]) for k, s in track.sightings.items()}
            fates = decide_fates(track, views, time_points, places)
            deposit_id = f"D{track.number:03d}"
            identified = DepositTrack(deposit_id, _uid(timeline, deposit_id), fates)
            listed.append(identified)
            self._of |= {(k, s.label): identified for k, s in track.sightings.items()}
        self.tracks = tuple(listed)

    def deposit(self, image: int, deposit: Deposit, time_point: int) -> TrackedDeposit:
        """A measured deposit with its identity."""
        track = self._of[image, deposit.label]
        return TrackedDeposit(deposit, track.deposit_id, track.tracking_uid, track.fates[time_point])

    def by_time_point(self) -> Mapping[int, Mapping[str, Fate]]:
        """Time point -> deposit id -> fate."""
        found: dict[int, dict[str, Fate]] = {}
        for track in self.tracks:
            for time_point, fate in track.fates.items():
                found.setdefault(time_point, {})[track.deposit_id] = fate
        return found


def _centroid(image: _Measured, label: int) -> tuple[float, float]:
    return next(d.centroid for d in image.measurements.deposits if d.label == label)


def _image(index: int, m: _Measured, alignment: Alignment | None, identity: _Identity, used: Mapping[str, Parameter]) -> ImageAssessment:
    findings = m.findings
    if alignment is not None and not alignment.ok:
        findings = (*findings, f"not aligned with baseline: {alignment.reason}; its deposits have no identity with other time points")
    steps = (
        Step("calibrate", {}, _calibrated(m.calibration)),
        Step("segment", used, {"deposits": len(m.measurements.deposits)}),
        Step("align", {}, {} if alignment is None else {"ok": alignment.ok, "residual_px": alignment.residual_px}),
    )
    return ImageAssessment(
        exposure=m.exposure,
        time_point=m.time_point,
        repeat=m.repeat,
        spacing=m.spacing,
        calibration=m.calibration,
        segmentation=m.segmentation,
        deposits=tuple(identity.deposit(index, d, m.time_point) for d in m.measurements.deposits),
        totals=m.measurements.totals,
        alignment=alignment,
        findings=tuple(dict.fromkeys(findings)),
        steps=steps,
        limb_axis=m.measurements.limb_axis,
    )


def _calibrated(calibration: Calibration) -> dict[str, Parameter]:
    """What calibration decided, flat."""
    outcome: dict[str, Parameter] = {"tier": str(calibration.tier), "reason": calibration.reason}
    if calibration.curve_source:
        outcome["curve"] = calibration.curve_source
    if calibration.curve is not None:
        outcome["curve_relative_sd"] = calibration.curve_relative_sd
        outcome["curve_knots"] = " ".join(f"{value:.6g}:{nepers:.5g}" for value, nepers in calibration.curve)
    return outcome


def _uid(timeline: Timeline, deposit_id: str) -> str:
    """A UUID-derived UID (DICOM PS3.5 B.2) of patient, place, baseline image and deposit."""
    first = timeline.time_points[0].exposures[0]
    name = "/".join((*asdict(timeline.key).values(), first.acquisition.sop_instance_uid or first.source, deposit_id))
    return f"2.25.{uuid.uuid5(_NAMESPACE, name).int}"


def _assessment_id(timeline: Timeline, options: AssessOptions) -> str:
    parts = [__version__, repr(options), str(timeline.key)]
    parts += [e.acquisition.sop_instance_uid or e.source for t in timeline.time_points for e in t.exposures]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _flat(options: AssessOptions) -> dict[str, Parameter]:
    """`AssessOptions` as ``verb.parameter -> value``; several numbers become one text."""

    def plain(value: Parameter | tuple[int, ...]) -> Parameter:
        return " ".join(map(str, value)) if isinstance(value, tuple) else value

    return {f"{verb}.{name}": plain(value) for verb, values in asdict(options).items() for name, value in values.items()}


__all__ = ["AssessOptions", "Observer", "assess"]
