"""Values as content items of a measurement report: numbers with units and uncertainties, the reason for a missing one, codes and texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from highdicom.sr import CodeContentItem, CodedConcept, ContentSequence, NumContentItem, QualitativeEvaluation, TextContentItem
from highdicom.sr import Measurement as MeasurementItem
from pydicom.sequence import Sequence as DicomSequence
from pydicom.sr.coding import Code

from calcitrack.io.sr.codes import (
    CONCEPTS,
    DERIVATION,
    MODEL,
    NOT_ATTEMPTED,
    PERCENT,
    REASON,
    SPREAD_95,
    STANDARD_DEVIATION,
    UNCERTAINTY,
    UNCERTAINTY_ABOVE,
    UNCERTAINTY_BELOW,
)
from calcitrack.model.judgement import Estimate
from calcitrack.model.measurement import NotMeasurable, Result

SIGNIFICANT_DIGITS = 6
"""Of a number in a report: more than any of them is known to. One film measured twice may give values that differ in the tenth digit; the reports are
the same then."""
MODIFIES = "HAS CONCEPT MOD"
DESCRIBES = "HAS PROPERTIES"
CONTAINS = "CONTAINS"
"""Relationships of content items (PS3.3, table C.17.3-8)."""


def text(name: Code, value: str, relationship: str = CONTAINS) -> TextContentItem:
    """A text item; line ends and other control characters become spaces."""
    return TextContentItem(CodedConcept.from_code(name), " ".join("".join(c if c.isprintable() else " " for c in value).split()), relationship)


def answer(name: Code, value: Code) -> QualitativeEvaluation:
    """A question and its coded answer."""
    return QualitativeEvaluation(CodedConcept.from_code(name), CodedConcept.from_code(value))


def measured(result: Result, derivation: Code | None = None) -> MeasurementItem:
    """A result under the concept of its measurand, with one standard deviation; a missing value has its reason."""
    concept = CONCEPTS[result.measurand.name]
    if isinstance(result, NotMeasurable):
        return absent(concept.name, concept.unit, result.reason, method=concept.method, derivation=derivation)
    item = number(concept.name, result.value, concept.unit, method=concept.method, derivation=derivation)
    if result.sd is not None:
        _add(item, [spread(UNCERTAINTY, result.sd, concept.unit, STANDARD_DEVIATION)])
    if result.model:
        _add(item, [text(MODEL, result.model, DESCRIBES)])
    return item


def estimated(name: Code, estimate: Estimate, unit: Code) -> MeasurementItem:
    """A value with the distances to the ends of its 95 % interval."""
    item = number(name, estimate.value, unit)
    below, above = estimate.value - estimate.low, estimate.high - estimate.value
    _add(item, [spread(UNCERTAINTY_BELOW, below, unit, SPREAD_95), spread(UNCERTAINTY_ABOVE, above, unit, SPREAD_95)])
    return item


def in_percent(name: Code, estimate: Estimate) -> MeasurementItem:
    """A relative change with its 95 % interval, as a percentage."""
    return estimated(name, Estimate(*(100 * x for x in (estimate.value, estimate.low, estimate.high))), PERCENT)


def number(name: Code, value: float, unit: Code, *, method: Code | None = None, derivation: Code | None = None) -> MeasurementItem:
    """A number with its unit."""
    return MeasurementItem(
        name=CodedConcept.from_code(name),
        value=_shortened(value),
        unit=CodedConcept.from_code(unit),
        method=None if method is None else CodedConcept.from_code(method),
        derivation=None if derivation is None else CodedConcept.from_code(derivation),
    )


def _shortened(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def absent(name: Code, unit: Code, reason: str, *, method: Code | None = None, derivation: Code | None = None) -> MeasurementItem:
    """A number without a value: its sequence is empty, a qualifier says so (PS3.3, C.18.1), and a text says why."""
    item = number(name, 0.0, unit, method=method, derivation=derivation)
    item[0].MeasuredValueSequence = DicomSequence()
    item[0].NumericValueQualifierCodeSequence = DicomSequence([CodedConcept.from_code(NOT_ATTEMPTED)])
    _add(item, [text(REASON, reason, DESCRIBES)])
    return item


def spread(kind: Code, value: float, unit: Code, derivation: Code) -> NumContentItem:
    """An uncertainty (TID 310) and its kind: one standard deviation, or the distance to the end of an interval."""
    item = NumContentItem(CodedConcept.from_code(kind), _shortened(value), CodedConcept.from_code(unit), relationship_type=DESCRIBES)
    item.ContentSequence = ContentSequence([CodeContentItem(CodedConcept.from_code(DERIVATION), CodedConcept.from_code(derivation), MODIFIES)])
    return item


def _add(item: MeasurementItem, children: Iterable[Any]) -> None:
    if "ContentSequence" not in item[0]:
        item[0].ContentSequence = ContentSequence()
    item[0].ContentSequence.extend(children)


def values_of(results: Iterable[Result], derivation: Code | None = None) -> list[MeasurementItem]:
    """Every result that has a concept."""
    return [measured(r, derivation) for r in results if r.measurand.name in CONCEPTS]
