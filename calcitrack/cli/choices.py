"""Types of options and arguments: a choice that may be "all", and a path that may be the address of a PACS."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from calcitrack.phantom.specs import BodyPart, Style

SERVERS = ("https", "http", "dimse", "dimse-tls")
"""How the address of a PACS begins; a test keeps them in step with `calcitrack.io.pacs`."""


class Level(StrEnum):
    """What each line of a PACS listing stands for."""

    STUDY = "study"
    SERIES = "series"


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


class BurdenChoice(StrEnum):
    """How much calcium is on the films; a test keeps the names in step with `Population`."""

    NONE = "none"
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"
    TUMORAL = "tumoral"


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


def input_text(text: str) -> str:
    """Check that a text is an existing path or the address of a PACS, and return it unchanged.

    Raises
    ------
    typer.BadParameter
        It is neither.
    """
    scheme = text.partition("://")[0].lower()
    if (scheme != text.lower() and scheme in SERVERS) or Path(text).exists():
        return text
    raise typer.BadParameter(f"Path {text!r} does not exist.")
