"""Content of measurement reports, independent of DICOM: values and references of one study of a timeline, without pixels.

A report is written only when all timelines of a cohort are known, because the smallest detectable change comes from their repeats. Until then
its draft is kept, which is a few kilobytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from calcitrack.model.assessment import Assessment, Fate, ImageAssessment, TimePointSummary, TrackedDeposit, ordered
from calcitrack.model.calibration import Tier
from calcitrack.model.judgement import TOTAL, JudgedChange, Judgement, Trend
from calcitrack.model.measurement import Result
from calcitrack.model.spacing import SpacingBasis
from calcitrack.model.timeline import Exposure, TimelineKey
from calcitrack.model.uids import derived_uid


@dataclass(frozen=True, slots=True)
class DraftImage:
    """One exposure: its deposits in the order of their segments, and its totals.

    Parameters
    ----------
    evidence
        Label of a deposit -> what it rests on.
    possible
        Number of possible deposits, which are not counted.
    """

    exposure: Exposure
    repeat: int
    deposits: tuple[TrackedDeposit, ...]
    totals: Mapping[str, Result]
    tier: Tier
    spacing_basis: SpacingBasis
    evidence: Mapping[int, str]
    possible: int = 0


@dataclass(frozen=True, slots=True)
class AbsentDeposit:
    """A deposit of the timeline that no exposure of the time point shows, and its fate."""

    deposit_id: str
    tracking_uid: str
    fate: Fate
    partners: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDraft:
    """Content of the report of one study and time point of a timeline.

    Parameters
    ----------
    timeline_uid
        Tracking UID of the timeline's burden: the same in the reports of all its visits.
    is_last
        Whether it is the last time point, whose report carries the verdict over all of them.
    partners
        Deposit id -> ids of the deposits that it merged or split with at this time point.
    """

    key: TimelineKey
    assessment_id: str
    program: str
    version: str
    timeline_uid: str
    time_point: TimePointSummary
    days_from_baseline: int | None
    is_last: bool
    images: tuple[DraftImage, ...]
    absent: tuple[AbsentDeposit, ...]
    partners: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class JudgedFacts:
    """Judged change of a timeline, as its reports state it: changes by time point, and the verdict."""

    changes: tuple[JudgedChange, ...] = ()
    headline: Trend | None = None

    @classmethod
    def of(cls, judgement: Judgement) -> JudgedFacts:
        """The totals' changes and the headline of a judgement."""
        return cls(tuple(c for c in judgement.changes if c.subject == TOTAL), judgement.headline)


def drafts_of(assessment: Assessment) -> Iterator[ReportDraft]:
    """One draft for each study and time point that has a DICOM image; in order of time."""
    summaries = {p.index: p for p in assessment.time_points}
    first = next((p.date for p in assessment.time_points if p.date is not None), None)
    studies: dict[tuple[int, str], list[ImageAssessment]] = {}
    for image in assessment.images:
        if image.exposure.is_dicom:
            studies.setdefault((image.time_point, image.exposure.acquisition.study_instance_uid), []).append(image)
    last = max((i.time_point for i in assessment.images), default=0)
    for (index, _), images in studies.items():
        summary = summaries[index]
        yield ReportDraft(
            key=assessment.key,
            assessment_id=assessment.assessment_id,
            program=assessment.provenance.program,
            version=assessment.provenance.version,
            timeline_uid=_timeline_uid(assessment),
            time_point=summary,
            days_from_baseline=None if first is None or summary.date is None else (summary.date - first).days,
            is_last=index == last,
            images=tuple(_draft_image(i) for i in images),
            absent=_absent(assessment, index),
            partners={t.deposit_id: t.partners[index] for t in assessment.tracks if index in t.partners},
        )


def _timeline_uid(assessment: Assessment) -> str:
    """Tracking UID of the timeline's burden, derived like a deposit's: from patient, place and first image."""
    first = min(assessment.images, key=lambda i: (i.time_point, i.repeat))
    return derived_uid("timeline", *asdict(assessment.key).values(), first.exposure.image_id)


def _draft_image(image: ImageAssessment) -> DraftImage:
    return DraftImage(
        Exposure(image.exposure.acquisition, image.exposure.load, image.exposure.source),
        image.repeat,
        tuple(ordered(image.deposits)),
        image.totals,
        image.calibration.tier,
        image.spacing.basis,
        {t.deposit.label: image.segmentation.evidence(t.deposit.label).value for t in image.deposits},
        len(image.segmentation.possible_values),
    )


def _absent(assessment: Assessment, index: int) -> tuple[AbsentDeposit, ...]:
    seen = {t.deposit_id for i in assessment.images if i.time_point == index for t in i.deposits}
    return tuple(
        AbsentDeposit(t.deposit_id, t.tracking_uid, t.fates[index], t.partners.get(index, ()))
        for t in assessment.tracks
        if index in t.fates and t.deposit_id not in seen
    )
