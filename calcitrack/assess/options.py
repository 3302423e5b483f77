"""Settings of the composition: one options object for each verb."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from calcitrack.calibrate import CalibrateOptions
from calcitrack.errors import InvalidValueError
from calcitrack.measure import MeasureOptions
from calcitrack.measure.own import OwnMeasurand
from calcitrack.model.progress import Observer as Observer
from calcitrack.model.provenance import Parameter, Provenance, stored_fields
from calcitrack.register import AlignOptions
from calcitrack.segment import Method, SegmentOptions
from calcitrack.segment.options import RETIRED_METHOD, WHY_RETIRED
from calcitrack.segment.own import OwnSegmenter
from calcitrack.track import MatchOptions


@dataclass(frozen=True, slots=True)
class AssessOptions:
    """Settings of every verb that `assess` composes.

    Examples
    --------
    >>> from calcitrack import AssessOptions, MeasureOptions, SegmentOptions
    >>> options = AssessOptions(segment=SegmentOptions(min_area_mm2=2.0), measure=MeasureOptions(ha_concentration_mg_cm3=800))
    >>> options.segment.min_area_mm2, options.calibrate.find_wedge
    (2.0, True)
    """

    calibrate: CalibrateOptions = field(default_factory=CalibrateOptions)
    segment: SegmentOptions = field(default_factory=SegmentOptions)
    measure: MeasureOptions = field(default_factory=MeasureOptions)
    align: AlignOptions = field(default_factory=AlignOptions)
    match: MatchOptions = field(default_factory=MatchOptions)

    def __post_init__(self) -> None:
        for name, kind in typing.get_type_hints(type(self)).items():
            if not isinstance(getattr(self, name), kind):
                raise InvalidValueError(f"{name} is settings of the type {kind.__name__}; found {getattr(self, name)!r}")

    @property
    def own_code(self) -> tuple[OwnSegmenter | OwnMeasurand, ...]:
        """Segmenter and measurands of the user's own."""
        segmenter = self.segment.segmenter
        return (*(() if segmenter is None else (segmenter,)), *self.measure.own)


def flat(options: AssessOptions) -> dict[str, Parameter]:
    """`AssessOptions` as ``verb.parameter -> value``; several numbers become one text."""

    def plain(value: Any) -> Parameter:
        if isinstance(value, OwnSegmenter):
            return value.identity.address
        if isinstance(value, OwnMeasurand):
            return f"{value.measurand.name}={value.identity.address}"
        if isinstance(value, tuple):
            return " ".join(str(plain(v)) for v in value)
        parameter: Parameter = value
        return parameter

    verbs = {f.name: getattr(options, f.name) for f in fields(options)}
    return {f"{verb}.{name}": plain(value) for verb, settings in verbs.items() for name, value in stored_fields(settings).items()}


def measured_with(provenance: Provenance) -> MeasureOptions:
    """Settings with which an assessment was measured, from its provenance; without measurands of the user's own, whose code is not on record."""
    settings = next((step.parameters for step in provenance.steps if step.name == "assess"), {})
    names = MeasureOptions.__dataclass_fields__
    return MeasureOptions(**{n: settings[f"measure.{n}"] for n in names if n != "own" and f"measure.{n}" in settings})  # type: ignore[arg-type]


def unflat(stored: Mapping[str, Parameter]) -> AssessOptions:
    """Inverse of `flat`; missing parameters keep their defaults, because another version may have written them.

    Raises
    ------
    InvalidValueError
        A segmenter or measurand of the user's own made the assessment, whose code is not on record, or a method that is retired.
    """
    method, own = stored.get("segment.method", Method.NETWORK), stored.get("measure.own")
    if method == RETIRED_METHOD:
        again = "measure the folder again with `calcitrack measure` and the same workspace, which lets the network search"
        raise InvalidValueError(f"it was measured by the method {method}, which is retired: {WHY_RETIRED}; {again}")
    if method not in tuple(Method) or own is not None:
        code = own if method in tuple(Method) else method
        raise InvalidValueError(f"it was measured with code of one's own, {code}, which is not on record; measure again with that code at hand")
    verbs = typing.get_type_hints(AssessOptions)
    return AssessOptions(**{verb: _unflat(kind, verb, stored) for verb, kind in verbs.items()})


def _unflat(kind: type, verb: str, stored: Mapping[str, Parameter]) -> Any:
    hints = typing.get_type_hints(kind)
    names = [f.name for f in fields(kind) if f"{verb}.{f.name}" in stored]
    return kind(**{name: _parameter(hints[name], stored[f"{verb}.{name}"]) for name in names})


def _parameter(kind: Any, value: Parameter) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    several = any(typing.get_origin(k) is tuple for k in (kind, *typing.get_args(kind)))
    return tuple(int(v) for v in value.split()) if several and isinstance(value, str) else value
