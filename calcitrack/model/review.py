"""Reviews: statements of a reader about a result, as a workspace keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from calcitrack.errors import InvalidValueError
from calcitrack.model.assessment import Fate
from calcitrack.model.timeline import TimelineKey


class ReviewKind(StrEnum):
    """What a review says. A reader's later review of the same kind and subject takes the place of the earlier one; both stay on record."""

    ACCEPT = "accept"
    """The subject is right as it stands."""
    REJECT = "reject"
    """The subject is not a deposit, or the result is not to be used."""
    FATE = "fate"
    """What became of a deposit at a time point, in `Review.value`."""
    PATTERN = "pattern"
    """The pattern of calcinosis, in `Review.value`."""
    COMMENT = "comment"
    """Only words, in `Review.comment`."""

    @property
    def slot(self) -> str:
        """Reviews of one slot replace each other: an acceptance replaces a rejection."""
        return "verdict" if self in (ReviewKind.ACCEPT, ReviewKind.REJECT) else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Statement of one reader about one subject: an assessment, one of its images, one of its deposits, or a deposit on one image.

    Parameters
    ----------
    reader
        Who says it.
    kind
        What is said.
    assessment_id
        The assessment that the reader looked at.
    deposit_id
        The deposit, as in ``deposits.csv``; empty for the whole.
    image
        SOP Instance UID of the image, or its path where it has none; empty for all images.
    time_point
        The time point that a fate is about.
    value
        A fate (`calcitrack.model.assessment.Fate`), or the name of a pattern; empty for the other kinds.
    comment
        The reader's own words.
    """

    reader: str
    kind: ReviewKind
    assessment_id: str
    deposit_id: str = ""
    image: str = ""
    time_point: int | None = None
    value: str = ""
    comment: str = ""

    def __post_init__(self) -> None:
        if not self.reader.strip():
            raise InvalidValueError("a review names its reader; found an empty name")
        if self.kind is ReviewKind.FATE:
            fates = [f.value for f in Fate]
            if self.value not in fates or not self.deposit_id or self.time_point is None:
                raise InvalidValueError(
                    f"a review of a fate names a deposit, a time point and one of {', '.join(fates)}; found {self.deposit_id!r}, "
                    f"{self.time_point} and {self.value!r}"
                )
        elif self.kind is ReviewKind.PATTERN and not self.value:
            raise InvalidValueError("a review of the pattern names one; found an empty value")
        elif self.kind is ReviewKind.COMMENT and not self.comment:
            raise InvalidValueError("a comment has words; found an empty one")
        if self.value and self.kind not in (ReviewKind.FATE, ReviewKind.PATTERN):
            raise InvalidValueError(f"a review of the kind {self.kind} has no value; found {self.value!r}; say it in the comment")


@dataclass(frozen=True, slots=True)
class MadeReview:
    """A review on record.

    Parameters
    ----------
    key
        The timeline of its assessment.
    at
        When it was made: UTC, ISO 8601.
    """

    review: Review
    key: TimelineKey
    at: str
