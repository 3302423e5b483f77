"""Check that journals of reviews can be read and re-applied to the outlines that they start from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import numpy as np

from calcitrack.errors import InvalidValueError, WorkspaceDamagedError
from calcitrack.io.workspace import journal
from calcitrack.io.workspace.assessments import find_assessment, label_digests
from calcitrack.io.workspace.codec import decode
from calcitrack.io.workspace.database import Database
from calcitrack.io.workspace.journal import JournalEntry
from calcitrack.io.workspace.label_files import LabelFiles
from calcitrack.io.workspace.review_steps import step_of
from calcitrack.model.reading import PlannedCase, ReadingPlan, ReadingSession
from calcitrack.model.review_steps import Stated, StepHistory, misfit_of
from calcitrack.model.segmentation import Labels


class JournalFault(StrEnum):
    """What is wrong with a journal."""

    UNREADABLE = "cannot be read"
    """The JSON of a step is damaged, or of another program."""
    MISFIT = "does not fit what is there"
    """A step changes labels or statements that are not those that the steps before it lead to."""
    NO_START = "has nothing to start from"
    """The outlines from which the review began are gone, or unknown."""


@dataclass(frozen=True, slots=True)
class JournalProblem:
    """The first step of a journal that cannot be re-applied; later steps are not checked.

    Parameters
    ----------
    assessment_id, reader, reading
        The reviewed assessment, its reader and the reading; `reading` is empty for the reader's own review.
    position
        Position of the step.
    fault
        What is wrong.
    reason
        A clause with the details.
    """

    assessment_id: str
    reader: str
    reading: str
    position: int
    fault: JournalFault
    reason: str

    @property
    def sentence(self) -> str:
        """The problem in words."""
        where = f" ({self.reading})" if self.reading else ""
        return f"step {self.position} of {self.reader} on assessment {self.assessment_id}{where} {self.fault}: {self.reason}"


def replay_problems(database: Database, files: LabelFiles) -> Iterator[JournalProblem]:
    """Read every journal and re-apply its steps, as a reopened review does.

    A reader's own review of an assessment and each of the reader's readings start afresh, so each is checked by itself.
    """
    cases = _cases(database)

    def of_one_review(entry: JournalEntry) -> tuple[str, str, str]:
        return entry.assessment_id, entry.reader, entry.reading

    entries = sorted(journal.entries(database), key=of_one_review)  # a stable sort: each review's steps stay in their order
    for (assessment_id, reader, reading), group in groupby(entries, key=of_one_review):
        steps = list(group)
        if reading and (reader, reading) not in cases:
            yield _problem(steps[0], JournalFault.NO_START, "no reading session of this reader holds such a case")
            continue
        try:
            labels = _labels_at_start(database, files, assessment_id, cases.get((reader, reading)))
        except WorkspaceDamagedError as error:
            yield _problem(steps[0], JournalFault.NO_START, str(error))
            continue
        problem = _first_problem(steps, labels)
        if problem is not None:
            yield problem


def _first_problem(entries: Sequence[JournalEntry], labels: list[Labels]) -> JournalProblem | None:
    history, statements = StepHistory(), Stated()
    for entry in entries:
        try:
            step = step_of(entry.step, entry.change)
        except InvalidValueError as error:
            return _problem(entry, JournalFault.UNREADABLE, str(error))
        try:
            change = history.take(step)
        except InvalidValueError as error:
            return _problem(entry, JournalFault.MISFIT, str(error))
        misfit = misfit_of(change, labels, statements)
        if misfit is not None:
            return _problem(entry, JournalFault.MISFIT, misfit.value)
        for patch in change.patches:
            labels[patch.image][patch.window] = patch.after
        statements.apply(change.statements)
    return None


def _problem(entry: JournalEntry, fault: JournalFault, reason: str) -> JournalProblem:
    return JournalProblem(entry.assessment_id, entry.reader, entry.reading, entry.position, fault, reason)


def _cases(database: Database) -> dict[tuple[str, str], tuple[ReadingPlan, PlannedCase]]:
    """(reader, reading) -> the case that is kept apart, with its plan. Unreadable plans are left out."""
    cases: dict[tuple[str, str], tuple[ReadingPlan, PlannedCase]] = {}
    for number, reader, text in database.rows("SELECT id, reader, plan FROM sessions ORDER BY id"):
        try:
            session = ReadingSession(number, reader, decode(ReadingPlan, json.loads(text)))
        except (ValueError, TypeError, KeyError):  # `sessions.problems` reports it
            continue
        cases |= {(reader, reading): (session.plan, case) for case in session.plan.cases if (reading := session.reading(case))}
    return cases


def _labels_at_start(database: Database, files: LabelFiles, assessment_id: str, shown: tuple[ReadingPlan, PlannedCase] | None) -> list[Labels]:
    """Labels of each image as the review began, in the order in which the reader saw the images.

    Parameters
    ----------
    shown
        The case of a reading session; ``None`` for the reader's own review.
    """
    row = find_assessment(database, assessment_id, shown[1].digest if shown else None)
    labels = [] if row is None else [files.load(digest).labels.copy() for digest in label_digests(database, row)]
    if shown is None:
        return labels
    plan, case = shown
    ordered = [labels[k] for k in case.order] if plan.blinded else labels
    return ordered if plan.show_suggestion else [np.zeros_like(one) for one in ordered]
