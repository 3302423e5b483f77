"""Settings of the composition: one options object for each verb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from calcitrack.calibrate import CalibrateOptions
from calcitrack.measure import MeasureOptions
from calcitrack.model.provenance import Parameter
from calcitrack.segment import SegmentOptions
from calcitrack.track import (
    AlignOptions,
    MatchOptions,
)

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


def flat(options: AssessOptions) -> dict[str, Parameter]:
    """`AssessOptions` as ``verb.parameter -> value``; several numbers become one text."""

    def plain(value: Parameter | tuple[int, ...]) -> Parameter:
        return " ".join(map(str, value)) if isinstance(value, tuple) else value

    return {f"{verb}.{name}": plain(value) for verb, values in asdict(options).items() for name, value in values.items()}
