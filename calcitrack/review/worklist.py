"""A reader's worklist: the sessions of a workspace, the case under review, and the next case, which is prepared meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from calcitrack.assess.blinding import blinded, emptied
from calcitrack.errors import InvalidValueError
from calcitrack.io.workspace import Workspace
from calcitrack.measure.live import LiveFilm
from calcitrack.model.assessment import Assessment, ImageAssessment
from calcitrack.model.image import Radiograph
from calcitrack.model.reading import READ_MEASURANDS, CaseState, FilmReading, PlannedCase, ReadingSession
from calcitrack.model.segmentation import Labels
from calcitrack.model.timeline import Exposure, in_memory
from calcitrack.reading import plan_reading
from calcitrack.review.deposit_list import ReaderVerdict
from calcitrack.review.session import ReviewSession
from calcitrack.review.state import HELD_PIXELS, ReviewState

PREPARED_PIXELS = HELD_PIXELS // 2
"""Pixels of films of the next case that are made ready ahead: together with the case under review at most one and a half times what a review
keeps."""


@dataclass(frozen=True, eq=False, slots=True)
class PreparedCase:
    """A case that can be opened at once.

    Parameters
    ----------
    case
        Its place in the session.
    recorded
        The assessment as it is on record.
    shown
        The assessment as the reader sees it.
    others
        Position in ``shown.images`` -> outlines of other readers.
    films
        Position in ``shown.images`` -> the film, ready to be edited.
    """

    case: PlannedCase
    recorded: Assessment
    shown: Assessment
    others: Mapping[int, Labels] = field(default_factory=dict)
    films: Mapping[int, LiveFilm] = field(default_factory=dict)


def prepare(folder: Path, session: ReadingSession, case: PlannedCase) -> PreparedCase:
    """Read a case and make its films ready. It opens the workspace for itself, so that it can run in another thread.

    Raises
    ------
    CalcitrackError
        The case is not on record, or damaged.
    """
    plan = session.plan
    with Workspace.open(folder, reading=True) as workspace:
        recorded = workspace.assessment(case.assessment_id, digest=case.digest)
        others = _others(workspace, recorded, session.reader) if plan.show_others else ()
    shown = blinded(recorded, case.order, case.name) if plan.blinded else recorded
    shown = shown if plan.show_suggestion else emptied(shown)
    shown, radiographs = _read_ahead(shown)
    state = ReviewState(shown)
    films = {k: state.prepared(k, replace(r, calibration=shown.images[k].calibration)) for k, r in radiographs.items()}
    return PreparedCase(case, recorded, shown, {k: others[p] for k, p in enumerate(case.order)} if others else {}, films)


def _read_ahead(assessment: Assessment) -> tuple[Assessment, dict[int, Radiograph]]:
    """Read as many films as `PREPARED_PIXELS` allows, from the last visit on, which is shown first."""
    radiographs: dict[int, Radiograph] = {}
    images, pixels = list(assessment.images), 0
    for k in reversed(range(len(images))):
        size = images[k].segmentation.labels.size
        if pixels + size > PREPARED_PIXELS:
            break
        pixels += size
        radiographs[k] = images[k].exposure.radiograph()
        images[k] = _in_memory(images[k], radiographs[k])
    return replace(assessment, images=tuple(images)), radiographs


def _in_memory(image: ImageAssessment, radiograph: Radiograph) -> ImageAssessment:
    exposure = image.exposure
    return replace(image, exposure=Exposure(exposure.acquisition, partial(in_memory, radiograph), exposure.source, exposure.findings))


def _others(workspace: Workspace, assessment: Assessment, reader: str) -> tuple[Labels, ...]:
    """For each film the outlines of other readers, numbered 1, 2, ...: what they drew elsewhere, or did not reject in their own reviews."""
    marks = [np.zeros(image.segmentation.labels.shape, np.uint16) for image in assessment.images]
    reviewed = dict.fromkeys(e.reader for e in workspace.journal(assessment.assessment_id) if e.reader != reader and not e.reading)
    for number, other in enumerate(reviewed, start=1):
        review = ReviewSession(workspace, ReviewState(assessment), other).state
        for k, mark in enumerate(marks):
            kept = [label for label, name in review.identity(k).items() if review.verdict(name, k) is not ReaderVerdict.REJECTED]
            mark[np.isin(review.labels(k), kept)] = number
    for k, image in enumerate(assessment.images):
        versions = {v.reader: v for v in workspace.versions(image.exposure.image_id) if v.reader not in ("", reader, *reviewed)}
        for number, version in enumerate(versions.values(), start=len(reviewed) + 1):
            marks[k][workspace.segmentation(version).labels > 0] = number
    return tuple(marks)


def film_readings(review: ReviewSession, recorded: Assessment, order: Sequence[int]) -> tuple[FilmReading, ...]:
    """What a review found on each film, in order of time.

    Parameters
    ----------
    review
        The review of a case.
    recorded
        The assessment as it is on record.
    order
        For each film that the review shows, its position in ``recorded.images``.
    """
    found = {}
    for k, position in enumerate(order):
        image = recorded.images[position]
        totals = {name: result for name, result in review.revision.totals(k).items() if name in READ_MEASURANDS}
        found[position] = FilmReading(image.exposure.image_id, image.time_point, image.repeat, totals)
    return tuple(found[position] for position in sorted(found))


class Desk:
    """A reader at work on the sessions of a workspace.

    Parameters
    ----------
    folder
        Folder of the workspace, which is opened for writing in this thread.
    reader
        Whose sessions are worked on.

    Attributes
    ----------
    session
        The session that was chosen; ``None`` for none.
    current, review
        The case under review and its review; ``None`` for none.

    Raises
    ------
    InvalidValueError
        The reader's name is empty.
    WorkspaceError
        The workspace cannot be opened.
    """

    def __init__(self, folder: str | Path, reader: str) -> None:
        if not reader.strip():
            raise InvalidValueError("a worklist is a reader's; found an empty name; write your name or initials")
        self.folder, self.reader = Path(folder), reader.strip()
        self.workspace = Workspace.open(folder)
        self.session: ReadingSession | None = None
        self.current: PreparedCase | None = None
        self.review: ReviewSession | None = None
        self._keys = {a.assessment_id: a.key for a in self.workspace.assessments()}

    def close(self) -> None:
        """Close the workspace; everything is on record."""
        self.workspace.close()

    def sessions(self) -> tuple[ReadingSession, ...]:
        """The reader's sessions, in the order in which they were started."""
        return self.workspace.sessions.all(self.reader)

    def start(self, *, blinded: bool, show_suggestion: bool, show_others: bool, repeated: float, seed: int) -> ReadingSession:
        """Begin a session over every timeline of the workspace; parameters as for `calcitrack.reading.plan_reading`."""
        cases = self.workspace.sessions.cases()
        plan = plan_reading(
            cases, self.reader, seed=seed, blinded=blinded, show_suggestion=show_suggestion, show_others=show_others, repeated=repeated
        )
        return self.choose(self.workspace.sessions.start(self.reader, plan))

    def choose(self, session: ReadingSession) -> ReadingSession:
        """Go on with a session."""
        self.session = session
        self._leave_case()
        return session

    def leave(self) -> None:
        """Leave the session; it goes on at the same case."""
        self.session = None
        self._leave_case()

    def _leave_case(self) -> None:
        self.current = self.review = None

    def listed(self) -> Sequence[tuple[str, CaseState]]:
        """Name and state of each case of the session, as they may be shown."""
        if self.session is None:
            return ()
        session = self.session
        return [(self.called(case), session.state(case.number)) for case in session.plan.cases]

    def called(self, case: PlannedCase) -> str:
        """What a case is called: its number where the session is blinded, else its timeline."""
        if self.session is None or self.session.plan.blinded:
            return case.name
        key = self._keys.get(case.assessment_id)
        again = " (again)" if case.repeat_of is not None else ""
        return f"{key}{again}" if key is not None else case.name

    def case(self, number: int) -> PlannedCase:
        """A case by its number, to be opened.

        Raises
        ------
        InvalidValueError
            Another one is under way in a blinded session, where cases are read in their order and once.
        """
        session = self._chosen()
        case = session.plan.cases[number - 1]
        if session.plan.blinded and case != session.next_case:
            raise InvalidValueError("cases of a blinded session are read in their order, and once; press Start next")
        return case

    def open(self, prepared: PreparedCase) -> ReviewSession:
        """Review a case; it goes on where it was left."""
        session = self._chosen()
        self.session = self.workspace.sessions.begin(session, prepared.case)
        from_nothing = not any(image.deposits for image in prepared.shown.images)
        state = ReviewState(prepared.shown, blinded=session.plan.blinded, from_nothing=from_nothing, others=prepared.others)
        review = ReviewSession(self.workspace, state, self.reader, session.reading(prepared.case))
        for k, film in prepared.films.items():
            state.adopt(k, film)
        self.current, self.review = prepared, review
        return review

    def finish(self) -> ReadingSession:
        """End the case under review, and keep what was found on its films.

        Raises
        ------
        InvalidValueError
            No case is under review.
        """
        session, current, review = self._chosen(), self.current, self.review
        if current is None or review is None:
            raise InvalidValueError("no case is under review; press Start next")
        self.session = self.workspace.sessions.finish(session, current.case, film_readings(review, current.recorded, current.case.order))
        self._leave_case()
        return self.session

    def skip(self, case: PlannedCase) -> ReadingSession:
        """Go on without a case that cannot be read; nothing of it is kept as read."""
        self.session = self.workspace.sessions.finish(self._chosen(), case, ())
        self._leave_case()
        return self.session

    def _chosen(self) -> ReadingSession:
        if self.session is None:
            raise InvalidValueError("no session is open; choose one, or start a new one")
        return self.session
