"""The one composition: a timeline through calibrate, segment, align, measure and track, and all images measured together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from threadpoolctl import threadpool_limits

from calcitrack.assess.identity import Identity, follow_all
from calcitrack.assess.images import Measured, align_all, hold_together, measure_all, search_all, settled_of
from calcitrack.assess.options import AssessOptions, flat
from calcitrack.assess.pipeline import AnyPipeline
from calcitrack.assess.pipelines import PIPELINES, pipeline_for
from calcitrack.change import summarise
from calcitrack.model.arguments import expect
from calcitrack.model.assessment import Assessment, ImageAssessment, unread_reasons
from calcitrack.model.calibration import Calibration
from calcitrack.model.film_quality import NOT_ALIKE
from calcitrack.model.progress import Observer, Stage
from calcitrack.model.provenance import Parameter, Provenance, Step
from calcitrack.model.timeline import Timeline
from calcitrack.reporting.placement_words import lie_sentence
from calcitrack.reporting.same_pixels import PIXELS
from calcitrack.version import __version__


def assess(
    timeline: Timeline, *, options: AssessOptions | None = None, observe: Observer | None = None, pipelines: Sequence[AnyPipeline] = PIPELINES
) -> Assessment:
    """Segment and measure every image of a timeline, follow each deposit over time, and sum up the change.

    Parameters
    ----------
    timeline
        Time points of one patient, body part, side and view.
    options
        Settings of the verbs; defaults when ``None``.
    observe
        Called with (stage, source) as each `Stage` of an image begins.
    pipelines
        How images of each modality are measured: the first that handles the timeline's (`calcitrack.assess.pipeline`).

    Returns
    -------
    Assessment
        The same for the same input, options and program version. An image that cannot be read becomes an `ImageFailure`; the
        rest of the timeline goes on.

    Raises
    ------
    UnsupportedModalityError
        No pipeline measures images of the timeline's modality.

    Examples
    --------
    >>> from calcitrack import assess
    >>> from calcitrack.phantom.small import small_timeline
    >>> assessment = assess(small_timeline((2.0,)))
    >>> assessment.time_points[0].deposit_count, assessment.failures
    (1, ())
    >>> print(f"{assessment.time_points[0].totals['area_mm2']:.0f}")
    12 ± 4 mm2 (95 %)
    """
    expect("assess", "timeline", timeline, Timeline)
    expect("assess", "options", options, AssessOptions, type(None))
    options = options or AssessOptions()
    tell = observe or (lambda _stage, _source: None)
    pipeline = pipeline_for(timeline.key, pipelines)
    with threadpool_limits(limits=1, user_api="blas"):
        return _assessed(timeline, options, tell, pipeline)


def _assessed(timeline: Timeline, options: AssessOptions, tell: Observer, pipeline: AnyPipeline) -> Assessment:
    """Carry out `assess` with one thread in sums of linear algebra: several give other last bits, as many as the computer has cores."""
    searched, unread = search_all(timeline, pipeline, options, tell)
    alignments, apart = hold_together(searched, align_all(searched, pipeline, options, tell), pipeline, options)
    measured, lost = measure_all(searched, alignments, apart, pipeline, options, tell)
    failures = (*unread, *lost)
    dates = {t.index: t.date for t in timeline.time_points}
    reference = searched[alignments.index(None)].found.grid if searched else None
    tracks = follow_all(measured, reference, options)
    joint = pipeline.together(settled_of(searched, measured), tracks, options)
    identity = Identity(timeline, tracks, measured, tuple(dates), joint)
    used = pipeline.recipe(options)
    images = tuple(_image(k, m, identity, used) for k, m in enumerate(measured))
    return Assessment(
        assessment_id=_assessment_id(timeline, options, pipeline),
        key=timeline.key,
        images=images,
        failures=failures,
        tracks=identity.tracks,
        time_points=summarise(dates, images, identity.tracks, unread_reasons(failures)),
        provenance=Provenance("calcitrack", __version__, (Step("assess", flat(options), {"images": len(images), "failures": len(failures)}),)),
        findings=timeline.findings,
        joint=joint,
    )


def _image(index: int, m: Measured, identity: Identity, used: Mapping[str, Parameter]) -> ImageAssessment:
    alignment = m.alignment
    findings = m.findings
    if alignment is not None and not alignment.ok:
        why = "not compared" if alignment.reason.startswith(NOT_ALIKE) else "not aligned with baseline"
        findings = (*findings, f"{why}: {alignment.reason}; its deposits have no identity with other time points")
    elif said := lie_sentence(alignment):
        findings = (*findings, said)
    steps = (
        *((Step(Stage.READ.value, {}, {PIXELS: m.digest}),) if m.digest else ()),
        Step(Stage.CALIBRATE.value, {}, _calibrated(m.calibration)),
        Step(Stage.SEGMENT.value, used, {"deposits": len(m.measurements.deposits)}),
        Step(Stage.ALIGN.value, {}, {} if alignment is None else {"ok": alignment.ok, "residual_px": alignment.residual_px}),
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
        doubts=m.doubts,
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


def _assessment_id(timeline: Timeline, options: AssessOptions, pipeline: AnyPipeline) -> str:
    parts = [__version__, repr(options), str(timeline.key)]
    exposures = [e for t in timeline.time_points for e in t.exposures]
    parts += [e.image_id for e in exposures]
    parts += [f"{k} {e.correction!r}" for k, e in enumerate(exposures) if e.correction]
    parts += [repr(options.measure.own)] if options.measure.own else []
    parts += [] if pipeline in PIPELINES else [f"pipeline {pipeline.name}"]  # the program's own are told by its version
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
