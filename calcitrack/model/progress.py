"""Progress of a long task: the stages of one image, and counts."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Stage(StrEnum):
    """A stage that every image of a timeline passes, in this order.

    Examples
    --------
    >>> [str(stage) for stage in Stage]
    ['read', 'calibrate', 'segment', 'align', 'measure']
    >>> Stage.SEGMENT.activity
    'searching'
    """

    activity: str
    """What the program is doing to the image in this stage, in words: "reading", ..."""

    def __new__(cls, value: str, activity: str) -> Stage:
        """Make a member that is equal to its name, with the word for its activity beside it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.activity = activity
        return member

    READ = "read", "reading"
    """The pixels are loaded."""
    CALIBRATE = "calibrate", "calibrating"
    """The stored values get their meaning."""
    SEGMENT = "segment", "searching"
    """Limb, bone and candidates for deposits are outlined."""
    ALIGN = "align", "aligning"
    """The image is registered with the reference image of its timeline; the reference itself skips this stage."""
    MEASURE = "measure", "measuring"
    """The deposits that were found or confirmed are measured."""


Observer = Callable[[Stage, str], None]
"""Called as a stage of an image begins: (stage, source)."""
Progress = Callable[[int, int], None]
"""Called with (done, in all); the function that takes it says what is counted: images, files, patients, ..."""
