"""Values of options: one of several, or all of them."""

from __future__ import annotations

from enum import StrEnum

from calcitrack.phantom.specs import BodyPart, Style


class PartChoice(StrEnum):
    """A body part or all of them; a test keeps the names in step with `BodyPart`."""

    ALL = "all"
    HAND = "hand"
    ELBOW = "elbow"
    KNEE = "knee"
    FOOT = "foot"

    @property
    def value_or_none(self) -> BodyPart | None:
        """``None`` for all."""
        return None if self is PartChoice.ALL else BodyPart(self.value)


class StyleChoice(StrEnum):
    """A kind of file or all of them; a test keeps the names in step with `Style`."""

    ALL = "all"
    LIN = "lin"
    LOG = "log"
    PRESENTATION = "pres"
    CR = "cr"

    @property
    def value_or_none(self) -> Style | None:
        """``None`` for all."""
        return None if self is StyleChoice.ALL else Style(self.value)
