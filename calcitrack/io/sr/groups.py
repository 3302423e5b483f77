"""Measurement groups of a report: a deposit on an image, a deposit that is gone, the burden of the time point, and its change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    FindingSite,
    LongitudinalTemporalOffsetFromEvent,
    MeasurementsAndQualitativeEvaluations,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    ReferencedSegmentationFrame,
    SourceImageForMeasurementGroup,
    SourceImageForSegmentation,
    TimePointContext,
    TrackingIdentifier,
)
from pydicom.sr.coding import Code

from calcitrack.io.seg.write import SegmentationReference
from calcitrack.io.sr import codes as c
from calcitrack.io.sr.values import absent, answer, estimated, in_percent, number, text, values_of
from calcitrack.measure.measurands import DEPOSIT_COUNT
from calcitrack.model.assessment import TrackedDeposit
from calcitrack.model.judgement import JudgedChange, Trend
from calcitrack.model.measurement import Measurement, NotMeasurable
from calcitrack.model.uids import derived_uid
from calcitrack.reporting.possible_words import possible_sentence
from calcitrack.reporting.report_content import AbsentDeposit, DraftImage, ReportDraft

Group = PlanarROIMeasurementsAndQualitativeEvaluations | MeasurementsAndQualitativeEvaluations
NO_IMAGE_READ = "no image of the time point could be read"


class Groups:
    """Builds the groups of one report, which share patient, site, time point and algorithm.

    Parameters
    ----------
    draft
        Content of the report.
    notes
        Deposit id -> readers' comments; the empty id stands for the whole assessment.
    """

    def __init__(self, draft: ReportDraft, notes: dict[str, tuple[str, ...]]) -> None:
        self._draft = draft
        self._notes = notes

    def deposit(self, image: DraftImage, tracked: TrackedDeposit, reference: SegmentationReference) -> Group:
        """A deposit on an image (TID 1410): region, measurements, certainty, fate."""
        deposit = tracked.deposit
        region = _region(image, image.deposits.index(tracked) + 1, reference)
        group = PlanarROIMeasurementsAndQualitativeEvaluations(
            referenced_segment=region,
            measurements=[
                *values_of(deposit.measurements.values()),
                number(c.CERTAINTY, 100 * deposit.confidence, c.PERCENT),
            ],
            qualitative_evaluations=[
                answer(c.FATE, c.FATES[tracked.fate]),
                answer(c.EVIDENCE, c.EVIDENCES[image.evidence[deposit.label]]),
                *self._image_answers(image),
            ],
            **self._common(tracked.deposit_id, tracked.tracking_uid),
        )
        return self._with_texts(group, tracked.deposit_id, self._draft.partners.get(tracked.deposit_id, ()))

    def gone(self, deposit: AbsentDeposit) -> Group:
        """A deposit that no image of the time point shows (TID 1501): only its fate."""
        group = MeasurementsAndQualitativeEvaluations(
            qualitative_evaluations=[answer(c.FATE, c.FATES[deposit.fate])], **self._common(deposit.deposit_id, deposit.tracking_uid)
        )
        return self._with_texts(group, deposit.deposit_id, deposit.partners)

    def exposure(self, image: DraftImage) -> Group:
        """Totals of one of several exposures of the time point (TID 1501)."""
        facts = image.exposure.acquisition
        return MeasurementsAndQualitativeEvaluations(
            measurements=values_of(image.totals.values(), c.TOTAL),
            qualitative_evaluations=self._image_answers(image),
            source_images=[SourceImageForMeasurementGroup(facts.sop_class_uid, facts.sop_instance_uid)],
            **self._common(f"burden of exposure {image.repeat + 1}", derived_uid("exposure", image.exposure.image_id)),
        )

    def burden(self, headline: Trend | None) -> Group:
        """Totals of the time point, the mean over its exposures (TID 1501), and with the last time point the verdict over all."""
        point = self._draft.time_point
        count = point.deposit_count
        counted = NotMeasurable(DEPOSIT_COUNT, NO_IMAGE_READ) if count is None else Measurement(DEPOSIT_COUNT, count)
        values = values_of((counted, *(r for r in point.totals.values() if r.measurand.name != DEPOSIT_COUNT.name)), c.TOTAL)
        if point.evaluable_fraction is not None:
            values.append(number(c.EVALUABLE, 100 * point.evaluable_fraction, c.PERCENT))
        answers = []
        if headline is not None and headline.verdict is not None and self._draft.is_last:
            answers.append(answer(c.VERDICT, c.VERDICTS[headline.verdict]))
            if headline.probability is not None:
                values.append(number(c.VERDICT_PROBABILITY, 100 * headline.probability, c.PERCENT))
        group = MeasurementsAndQualitativeEvaluations(
            measurements=values, qualitative_evaluations=answers, **self._common("burden", self._draft.timeline_uid)
        )
        possible = [image.possible for image in self._draft.images if image.possible]
        if possible:
            group[0].ContentSequence.append(text(c.NOT_COUNTED, possible_sentence(sum(possible), len(possible))))
        return self._with_texts(group, "", ())

    def change(self, change: JudgedChange) -> Group:
        """Change of a total since an earlier time point (TID 1501), compared with the smallest detectable change."""
        concept = c.CONCEPTS[change.measurand]
        if change.absolute is None:
            values = [absent(c.ABSOLUTE_CHANGE, concept.unit, change.reason or "the values cannot be compared")]
        else:
            values = [estimated(c.ABSOLUTE_CHANGE, change.absolute, concept.unit)]
        values += [in_percent(name, e) for name, e in ((c.RELATIVE_CHANGE, change.relative), (c.ANNUAL_CHANGE, change.annual)) if e is not None]
        if change.sdc is not None:
            values += [number(name, 100 * v, c.PERCENT) for name, v in zip((c.DETECTABLE_DOWN, c.DETECTABLE_UP), change.sdc, strict=True)]
        if change.sdc_patients:  # their number: the report is filed with one patient, and names no other
            values.append(number(c.DETECTABLE_PATIENTS, len(change.sdc_patients), c.PATIENTS))
        if change.left_out and change.compared_fraction is not None:
            values.append(number(c.COMPARED, 100 * change.compared_fraction, c.PERCENT))
        beyond = {True: c.YES, False: c.NO, None: c.UNKNOWN}[change.exceeds_sdc]
        answers = [answer(c.QUANTITY, concept.name), answer(c.SINCE, c.SINCES[change.since]), answer(c.EXCEEDS, beyond)]
        if change.sdc_source is not None:
            answers.append(answer(c.DETECTABLE_SOURCE, c.DETECTABLE_SOURCES[change.sdc_source.value]))
        name = f"change of {change.measurand} since {'baseline' if change.since == 'baseline' else 'the previous time point'}"
        group = MeasurementsAndQualitativeEvaluations(
            measurements=values,
            qualitative_evaluations=answers,
            **self._common(name, derived_uid("change", self._draft.timeline_uid, change.measurand, change.since)),
        )
        if change.left_out:
            group[0].ContentSequence.append(text(c.LEFT_OUT, change.left_out))
        return group

    def _image_answers(self, image: DraftImage) -> list[Any]:
        return [answer(c.TIER, c.TIERS[image.tier]), answer(c.SPACING, c.SPACINGS[image.spacing_basis])]

    def _common(self, identifier: str, uid: str) -> dict[str, Any]:
        """Content items of all groups: tracking, finding, site, time point, algorithm."""
        return {
            "tracking_identifier": TrackingIdentifier(uid=uid, identifier=identifier),
            "finding_category": CodedConcept.from_code(c.ABNORMAL_STRUCTURE),
            "finding_type": CodedConcept.from_code(c.CALCIFICATION),
            "finding_sites": self._sites(),
            "algorithm_id": AlgorithmIdentification(self._draft.program, self._draft.version),
            "time_point_context": self._time_point(),
        }

    def _sites(self) -> Sequence[FindingSite]:
        site, side = c.SITES.get(self._draft.key.body_part), c.SIDE_CODES.get(self._draft.key.laterality)
        if site is None:
            return []
        return [FindingSite(CodedConcept.from_code(site), None if side is None else CodedConcept.from_code(side))]

    def _time_point(self) -> TimePointContext:
        index, days = self._draft.time_point.index, self._draft.days_from_baseline
        offset = None
        if days is not None:
            offset = LongitudinalTemporalOffsetFromEvent(float(days), _coded(Code("d", "UCUM", "days")), _coded(c.BASELINE))
        return TimePointContext(
            time_point=str(index),
            time_point_type=_coded(c.BASELINE) if index == 1 else None,
            time_point_order=index,
            temporal_offset_from_event=offset,
        )

    def _with_texts(self, group: Group, deposit_id: str, partners: Iterable[str]) -> Group:
        met = ", ".join(partners)
        items = [text(c.PARTNERS, met)] if met else []
        items += [text(c.REVIEW, note) for note in self._notes.get(deposit_id, ())]
        group[0].ContentSequence.extend(items)
        return group


def _region(image: DraftImage, segment: int, reference: SegmentationReference) -> ReferencedSegmentationFrame:
    """Reference to a deposit's segment. It names either frames or a segment (PS3.3, table C.18-4); a label map has one frame for all."""
    facts = image.exposure.acquisition
    source = SourceImageForSegmentation(facts.sop_class_uid, facts.sop_instance_uid)
    region = ReferencedSegmentationFrame(reference.sop_class_uid, reference.sop_instance_uid, 1, segment, source)
    del region[0].ReferencedSOPSequence[0].ReferencedFrameNumber
    return region


def _coded(code: Code) -> CodedConcept:
    return CodedConcept.from_code(code)
