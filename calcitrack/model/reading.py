"""Reading sessions of a reader: the plan of a session, its progress, and the readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from calcitrack.errors import InvalidValueError
from calcitrack.model.measurement import Result
from calcitrack.model.timeline import TimelineKey

READ_MEASURANDS = ("deposit_count", "area_mm2", "ha_mass_mg")
"""Totals of a film that are kept of a reading and compared: the burden as count, area and mass."""


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """One case of a session: a timeline as it is shown.

    Parameters
    ----------
    number
        1, 2, ... in the order in which cases are read; all that a blinded reader sees of it.
    assessment_id, digest
        What is read; the digest is that of its content.
    order
        Positions in ``Assessment.images``, in the order in which the films are shown.
    repeat_of
        Number of the earlier case that this one shows again; ``None`` for the first time.
    """

    number: int
    assessment_id: str
    digest: str
    order: tuple[int, ...]
    repeat_of: int | None = None

    def __post_init__(self) -> None:
        if sorted(self.order) != list(range(len(self.order))):
            raise InvalidValueError(f"case {self.number}: the order names each film once, counted from 0; found {self.order}")
        if self.repeat_of is not None and not 0 < self.repeat_of < self.number:
            raise InvalidValueError(f"case {self.number}: a case repeats an earlier one; found {self.repeat_of}")

    @property
    def name(self) -> str:
        """Name of the case for a blinded reader."""
        return f"Case {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPlan:
    """Plan of a session: the cases in order, and what is hidden from the reader.

    Parameters
    ----------
    cases
        In the order in which they are read, repeats included.
    seed
        Seed of the random order.
    blinded
        Patients, dates and file names are hidden, and films are in an order of their own.
    show_suggestion
        The reader starts from what the program found, else from nothing.
    show_others
        Outlines of other readers are shown.
    """

    cases: tuple[PlannedCase, ...]
    seed: int = 0
    blinded: bool = False
    show_suggestion: bool = True
    show_others: bool = False

    def __post_init__(self) -> None:
        if not self.cases:
            raise InvalidValueError("a session has cases; found none; measure films into the workspace first")
        numbers = [c.number for c in self.cases]
        if numbers != list(range(1, len(numbers) + 1)):
            raise InvalidValueError(f"cases of a session are numbered 1, 2, ...; found {numbers}")

    @property
    def condition(self) -> str:
        """Condition of the reading, in words. Only readings under equal conditions are compared."""
        shown = [
            words for said, words in ((self.show_suggestion, "outlines of the program"), (self.show_others, "outlines of other readers")) if said
        ]
        return f"{'blinded' if self.blinded else 'open'}, {' and '.join(shown) or 'no outlines'} shown"


class CaseState(StrEnum):
    """How far a case is."""

    TO_DO = "to do"
    BEGUN = "in review"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ReadingSession:
    """A reader's way through a plan.

    Parameters
    ----------
    number
        1, 2, ... in its workspace.
    reader
        Whose it is.
    states
        Number of a case -> how far it is; one that is absent was not begun.
    """

    number: int
    reader: str
    plan: ReadingPlan
    states: Mapping[int, CaseState] = field(default_factory=dict)

    def state(self, number: int) -> CaseState:
        """How far a case is."""
        return self.states.get(number, CaseState.TO_DO)

    @property
    def done(self) -> int:
        """Cases that are done."""
        return sum(self.state(c.number) is CaseState.DONE for c in self.plan.cases)

    @property
    def next_case(self) -> PlannedCase | None:
        """The case that is in review, else the first one to do; ``None`` when all are done."""
        left = [c for c in self.plan.cases if self.state(c.number) is not CaseState.DONE]
        return next((c for c in left if self.state(c.number) is CaseState.BEGUN), left[0] if left else None)

    def after(self, case: PlannedCase) -> PlannedCase | None:
        """The case that follows this one; ``None`` where it is the last."""
        return next((c for c in self.plan.cases if c.number != case.number and self.state(c.number) is not CaseState.DONE), None)

    def reading(self, case: PlannedCase) -> str:
        """Identifier of a reading among a reader's readings of one timeline; empty for the reader's own review, which can be published.

        A case that is blinded, begun from nothing or shown again is kept apart, so that it and the reader's review do not overwrite each other.
        """
        own = not self.plan.blinded and self.plan.show_suggestion and case.repeat_of is None
        return "" if own else f"session {self.number}, case {case.number}"


@dataclass(frozen=True, slots=True)
class FilmReading:
    """What a reader found on one film.

    Parameters
    ----------
    image
        SOP Instance UID of the image, or its path where it has none.
    time_point, repeat
        As in its assessment, not in the order shown.
    totals
        Measurand name -> total, or the reason why there is none.
    """

    image: str
    time_point: int
    repeat: int
    totals: Mapping[str, Result]


@dataclass(frozen=True, slots=True)
class CaseReading:
    """A case that was read to its end, with what the reader did not know.

    Parameters
    ----------
    session
        The session as it is now.
    key
        The timeline.
    at
        When it was done: UTC, ISO 8601.
    films
        In order of time.
    """

    session: ReadingSession
    case: PlannedCase
    key: TimelineKey
    at: str
    films: tuple[FilmReading, ...]
