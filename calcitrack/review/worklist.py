"""The reader's desk: a workspace, one session of its reader, the case under review and the next one, which is prepared meanwhile. No Qt here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from calcitrack.assess.blinding import blinded, emptied
from calcitrack.errors import InvalidValueError
from calcitrack.io.workspace import Workspace
from calcitrack.io.workspace.document import identity
from calcitrack.measure.live import LiveFilm
from calcitrack.model.assessment import Assessment, ImageAssessment
from calcitrack.model.image import Radiograph
from calcitrack.model.reading import CaseState, PlannedCase, ReadingSession
from calcitrack.model.segmentation import Labels
from calcitrack.model.timeline import Exposure
from calcitrack.reading import plan_reading
from calcitrack.review.blinded_case import CaseReview
from calcitrack.review.deposit_list import Verdict
from calcitrack.review.session import ReviewSession
from calcitrack.review.state import HELD_PIXELS, ReviewState

PREPARED_PIXELS = HELD_PIXELS // 2
"""Pixels of films of the next case that are read and made ready ahead: with those of the case under review, at most one and a half times what a
review keeps."""


@dataclass(frozen=True, eq=False, slots=True)
class PreparedCase:
    """A case that is ready to be opened at once.

    Parameters
    ----------
    recorded
        The assessment as it is on record.
    shown
        The same as the reader sees it.
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
    """Read a case and make its films ready; opens the workspace for itself, so that it can run in another thread.

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
    """Films that were read already, last visit first, which is the one that is shown first; as many as memory is meant for."""
    radiographs: dict[int, Radiograph] = {}
    images, held = list(assessment.images), 0
    for k in reversed(range(len(images))):
        size = images[k].segmentation.labels.size
        if held + size > PREPARED_PIXELS:
            break
        held += size
        radiographs[k] = images[k].exposure.load()
        images[k] = _in_memory(images[k], radiographs[k])
    return replace(assessment, images=tuple(images)), radiographs


def _in_memory(image: ImageAssessment, radiograph: Radiograph) -> ImageAssessment:
    held = image.exposure
    return replace(image, exposure=Exposure(held.acquisition, lambda: radiograph, held.source, held.findings))


def _others(workspace: Workspace, assessment: Assessment, reader: str) -> tuple[Labels, ...]:
    """For each film what other readers outlined and did not reject in their own reviews, or drew in other programs: 1, 2, ... for each of them."""
    marks = [np.zeros(image.segmentation.labels.shape, np.uint16) for image in assessment.images]
    reviewed = dict.fromkeys(e.reader for e in workspace.journal(assessment.assessment_id) if e.reader != reader and not e.reading)
    for number, other in enumerate(reviewed, start=1):
        review = ReviewSession(workspace, assessment, other)
        for k, mark in enumerate(marks):
            kept = [label for label, name in review.identity(k).items() if review.verdict(name, k) is not Verdict.REJECTED]
            mark[np.isin(review.labels(k), kept)] = number
    for k, image in enumerate(assessment.images):
        versions = {v.reader: v for v in workspace.versions(identity(image.exposure)) if v.reader not in ("", reader, *reviewed)}
        for number, version in enumerate(versions.values(), start=len(reviewed) + 1):
            marks[k][workspace.segmentation(version).labels > 0] = number
    return tuple(marks)


class Desk:
    """A reader at work on a workspace.

    Parameters
    ----------
    folder
        Of the workspace; opened for writing, in this thread.
    reader
        Whose sessions are worked on.

    Raises
    ------
    InvalidValueError
        No reader.
    WorkspaceError
        It cannot be opened.
    """

    def __init__(self, folder: str | Path, reader: str) -> None:
        if not reader.strip():
            raise InvalidValueError("a worklist is a reader's; found an empty name; write your name or initials")
        self.folder, self.reader = Path(folder), reader.strip()
        self.workspace = Workspace.open(folder)
        self.session: ReadingSession | None = None
        self.current: PreparedCase | None = None
        self._keys = {a.assessment_id: a.key for a in self.workspace.assessments()}

    def close(self) -> None:
        """Close the workspace; everything is kept."""
        self.workspace.close()

    def sessions(self) -> tuple[ReadingSession, ...]:
        """The reader's sessions, first one first."""
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
        self.session, self.current = session, None
        return session

    def listed(self) -> Sequence[tuple[str, CaseState]]:
        """Each case of the session as it may be called on the screen, and how far it is."""
        if self.session is None:
            return ()
        session = self.session
        return [(self.called(case), session.state(case.number)) for case in session.plan.cases]

    def called(self, case: PlannedCase) -> str:
        """The case's number where the session is blinded, else its timeline."""
        if self.session is None or self.session.plan.blinded:
            return case.name
        key = self._keys.get(case.assessment_id)
        again = " (again)" if case.repeat_of is not None else ""
        return f"{key}{again}" if key is not None else case.name

    def case(self, number: int) -> PlannedCase:
        """A case that the reader wants to open.

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

    def open(self, prepared: PreparedCase) -> CaseReview:
        """Review a case; it goes on where it was left."""
        session = self._chosen()
        self.session = self.workspace.sessions.begin(session, prepared.case)
        self.current = prepared
        return CaseReview(
            self.workspace,
            prepared.shown,
            self.reader,
            session.reading(prepared.case),
            blinded=session.plan.blinded,
            others=prepared.others,
            films=prepared.films,
        )

    def finish(self, review: CaseReview) -> ReadingSession:
        """The case is done: what was found on its films is kept."""
        session, current = self._chosen(), self.current
        if current is None:
            raise InvalidValueError("no case is under review; press Start next")
        films = review.read(current.recorded, current.case.order)
        self.session = self.workspace.sessions.finish(session, current.case, films)
        self.current = None
        return self.session

    def skip(self, case: PlannedCase) -> ReadingSession:
        """The case cannot be read: the session goes on without it, and nothing of it is kept as read."""
        self.session, self.current = self.workspace.sessions.finish(self._chosen(), case, ()), None
        return self.session

    def _chosen(self) -> ReadingSession:
        if self.session is None:
            raise InvalidValueError("no session is open; choose one, or start a new one")
        return self.session
