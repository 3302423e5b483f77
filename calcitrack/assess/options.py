"""Settings of the composition: one options object for each verb."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import Any

from calcitrack.calibrate import CalibrateOptions
from calcitrack.measure import MeasureOptions
from calcitrack.model.progress import Observer as Observer
from calcitrack.model.provenance import Parameter
from calcitrack.register import AlignOptions
from calcitrack.segment import SegmentOptions
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


def flat(options: AssessOptions) -> dict[str, Parameter]:
    """`AssessOptions` as ``verb.parameter -> value``; several numbers become one text."""

    def plain(value: Parameter | tuple[int, ...]) -> Parameter:
        return " ".join(map(str, value)) if isinstance(value, tuple) else value

    return {f"{verb}.{name}": plain(value) for verb, values in asdict(options).items() for name, value in values.items()}


def unflat(stored: Mapping[str, Parameter]) -> AssessOptions:
    """Inverse of `flat`; missing parameters keep their defaults, because another version may have written them."""
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
