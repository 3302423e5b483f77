"""A reader's review of one assessment. Every step is kept in the workspace before it is applied. Knows no window system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from calcitrack.change.moved import REVIEW
from calcitrack.errors import InvalidValueError, WorkspaceDamagedError
from calcitrack.io.workspace import Workspace
from calcitrack.io.workspace.review_steps import step_of
from calcitrack.measure.live import Window
from calcitrack.model.assessment import Assessment, DepositId, Fate
from calcitrack.model.provenance import Step
from calcitrack.model.review_steps import ALL_IMAGES, Change, HistoryMove, Patch, ReviewStep, Statement, StatementField, StepHistory
from calcitrack.model.segmentation import Labels
from calcitrack.review.deposit_list import ReaderVerdict
from calcitrack.review.revision import Drawn, Revision
from calcitrack.review.state import ReviewState


@dataclass(frozen=True, slots=True)
class Done:
    """What a step changed, to be shown.

    Parameters
    ----------
    step
        The step in words.
    image
        Film on which it was taken, position in ``Assessment.images``.
    deposit_id
        Deposit that it is about; empty for none.
    windows
        (image, window) in which outlines changed.
    """

    step: str
    image: int
    deposit_id: str
    windows: tuple[tuple[int, Window], ...]


class ReviewSession:
    """One reader's review of one assessment.

    Parameters
    ----------
    workspace
        Open for writing, in this thread.
    state
        The assessment on record there, as it is shown to the reader, with no step taken yet.
    reader
        Whose review it is. Every reader starts from what the program found.
    reading
        Which of the reader's readings of the assessment, as `calcitrack.model.reading.ReadingSession.reading` names it; empty for the
        reader's own review.

    Attributes
    ----------
    state
        What the reader has stated and drawn so far.
    revision
        What follows from that.

    Raises
    ------
    InvalidValueError
        The reader's name is empty.
    WorkspaceDamagedError
        The journal of the review cannot be read.
    """

    def __init__(self, workspace: Workspace, state: ReviewState, reader: str, reading: str = "") -> None:
        if not reader.strip():
            raise InvalidValueError("a review names its reader; found an empty name; write your name or initials")
        self.state, self.revision = state, Revision(state)
        self._workspace, self.reader, self.reading = workspace, reader.strip(), reading
        entries = workspace.journal(self.assessment.assessment_id, reader=self.reader)
        self._position = entries[-1].position if entries else 0
        try:
            self._history = StepHistory(step_of(e.step, e.change) for e in entries if e.reading == reading)
            for change in self._history.done:
                state.apply(change)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            action = "start under another reader's name, or restore a backup of the workspace"
            raise WorkspaceDamagedError(
                f"review of {self.reader}", f"steps that cannot be read ({error})", "steps of this program", action
            ) from error

    @classmethod
    def open(cls, workspace: Workspace, reader: str, assessment_id: str | None = None) -> Self:
        """Open the review of an assessment on record, the first one where none is named. It goes on where the reader left it.

        Raises
        ------
        InvalidValueError
            The workspace holds no assessment, or not the one that is named.
        """
        recorded = workspace.assessments()
        if not recorded:
            raise InvalidValueError("the workspace holds no assessment yet; measure images into it first")
        return cls(workspace, ReviewState(workspace.assessment(assessment_id or recorded[0].assessment_id)), reader)

    @property
    def assessment(self) -> Assessment:
        """What the reader started from."""
        return self.state.assessment

    @property
    def steps(self) -> int:
        """Number of steps that hold now."""
        return len(self._history.done)

    @property
    def position(self) -> int:
        """Number of steps of the reader on this assessment on record, in all readings, with undone steps and undos."""
        return self._position

    def revised(self) -> Assessment:
        """The assessment as the reader left it, every changed film measured anew and all films together; the recorded one where nothing changed."""
        return self.drawn().measured()

    def drawn(self) -> Drawn:
        """What the reader has left by now, to be measured in any thread while the review goes on."""
        return self.revision.drawn(Step(REVIEW, {"reader": self.reader, "steps": self.steps}))

    # What a reader does

    def accept(self, deposit_id: str, k: int, *, here_only: bool = False) -> Done:
        """Accept a deposit, on all films or on this one only."""
        return self._judge(deposit_id, k, ReaderVerdict.ACCEPTED, here_only)

    def reject(self, deposit_id: str, k: int, *, here_only: bool = False) -> Done:
        """Reject a deposit, on all films or on this one only. Its outline stays, and no total counts it."""
        return self._judge(deposit_id, k, ReaderVerdict.REJECTED, here_only)

    def reopen(self, deposit_id: str, k: int) -> Done:
        """Take back the verdict on a deposit, on all films."""
        return self._judge(deposit_id, k, ReaderVerdict.OPEN, here_only=False)

    def _judge(self, deposit_id: str, k: int, verdict: ReaderVerdict, here_only: bool) -> Done:
        self.state.require(deposit_id)
        scope = k if here_only else ALL_IMAGES
        statements = [*self.state.statement(StatementField.VERDICT, (deposit_id, scope), verdict.value)]
        if not here_only:  # verdicts on single films give way
            for key in self.state.stated(StatementField.VERDICT):
                if key[0] == deposit_id and key[1] != ALL_IMAGES:
                    statements += self.state.statement(StatementField.VERDICT, key, "")
        words = verdict.value or "reopen"
        return self._do(f"{words} {deposit_id}{' on this film' if here_only else ''}", k, deposit_id, statements=tuple(statements))

    def accept_possible(self, k: int, name: str) -> Done:
        """Make an accepted deposit of a possible one of a film, with the outline that the program drew: it is measured and counted like any other.

        Raises
        ------
        InvalidValueError
            The film has none of that name that is still to be decided.
        """
        outline = self.state.possible_outline(k, name)
        self.state.film(k)  # ready before the edit, so that only what is touched is measured again
        label, deposit_id = self.new_label(k), self.new_id()
        after = np.where(outline.inside, np.uint16(label), self.state.labels(k)[outline.window])
        accepted = self.state.statement(StatementField.VERDICT, (deposit_id, ALL_IMAGES), ReaderVerdict.ACCEPTED.value)
        return self.put(k, outline.window, after, f"accept {name} as {deposit_id}", deposit_id, {label: deposit_id}, accepted)

    def dismiss_possible(self, k: int, name: str) -> Done:
        """Dismiss a possible deposit of a film: it is no longer shown, and is kept out of what is published and exported.

        Raises
        ------
        InvalidValueError
            As for `accept_possible`.
        """
        self.state.possible_outline(k, name)
        dismissed = self.state.statement(StatementField.VERDICT, (name, k), ReaderVerdict.REJECTED.value)
        return self._do(f"dismiss {name}", k, name, statements=dismissed)

    def set_fate(self, deposit_id: str, k: int, fate: Fate | None) -> Done:
        """State the fate of a deposit at the visit of a film; ``None`` takes the statement back."""
        self.state.require(deposit_id)
        time_point, text = self.state.images[k].time_point, "" if fate is None else fate.value
        step = f"{deposit_id} {text.replace('_', ' ') or 'fate as found'} at visit {time_point}"
        return self._do(step, k, deposit_id, statements=self.state.statement(StatementField.FATE, (deposit_id, time_point), text))

    def set_pattern(self, deposit_id: str, k: int, pattern: str) -> Done:
        """State the pattern of a deposit; an empty text takes it back."""
        self.state.require(deposit_id)
        step = f"pattern of {deposit_id}: {pattern or 'none'}"
        return self._do(step, k, deposit_id, statements=self.state.statement(StatementField.PATTERN, (deposit_id,), pattern))

    def comment(self, deposit_id: str, k: int, words: str) -> Done:
        """Write a comment on a deposit; an empty text takes it back."""
        self.state.require(deposit_id)
        return self._do(
            f"comment on {deposit_id}", k, deposit_id, statements=self.state.statement(StatementField.COMMENT, (deposit_id,), words.strip())
        )

    def put(
        self,
        k: int,
        window: Window,
        after: Labels,
        step: str,
        deposit_id: str,
        named: Mapping[int, str] | None = None,
        stated: tuple[Statement, ...] = (),
    ) -> Done:
        """Write labels into a window of a film. Every edit of an outline ends here.

        Parameters
        ----------
        k
            Film, position in ``Assessment.images``.
        window
            Rows and columns of the film.
        after
            Labels in the shape of the window.
        step
            The step in words.
        deposit_id
            Deposit that the step is about; empty for none.
        named
            Label -> deposit id, for labels that are new on the film.
        stated
            Further statements that belong to the step.
        """
        before = self.state.labels(k)[window].copy()
        patch = Patch(k, (window[0].start, window[1].start), before, np.asarray(after, np.uint16).copy())
        statements = stated
        nameless = [int(v) for v in np.unique(patch.after) if v and not self.state.id_of(k, int(v)) and int(v) not in (named or {})]
        if nameless:
            raise InvalidValueError(f"a new label comes with the deposit that it is; found none for {nameless}")
        for label, name in (named or {}).items():
            if self.state.id_of(k, label) != name:
                statements += self.state.statement(StatementField.IDENTITY, (k, label), name)
        return self._do(step, k, deposit_id, (patch,) if (before != after).any() else (), statements)

    def relink(self, k: int, deposit_id: str, other: str) -> Done:
        """State that the deposit called `deposit_id` on a film is `other`. Where the film shows both, they swap ids."""
        label = self.state.label_of(k, deposit_id)
        if label is None:
            raise InvalidValueError(f"{deposit_id} is not seen on this film; choose one that is")
        other = str(DepositId.parse(other))
        there = self.state.label_of(k, other)
        statements = self.state.statement(StatementField.IDENTITY, (k, label), other)
        if there is not None:
            statements += self.state.statement(StatementField.IDENTITY, (k, there), deposit_id)
        return self._do(f"{deposit_id} is {other}", k, other, statements=statements)

    def new_id(self) -> str:
        """A deposit id that was never used in this review."""
        used = [*self.state.recorded_ids.values(), *(name for change in (*self._history.done, *self._history.undone) for name in _names(change))]
        return str(DepositId(max((DepositId.parse(name).number for name in used), default=0) + 1))

    def new_label(self, k: int) -> int:
        """A label that was never used on a film in this review."""
        in_steps = [key[1] for change in (*self._history.done, *self._history.undone) for key in _identity_keys(change) if key[0] == k]
        on_record = [label for image, label in self.state.recorded_ids if image == k]
        return max((int(v) for v in (*on_record, *in_steps)), default=0) + 1

    # Undo and redo

    @property
    def undo_step(self) -> str:
        """The step that `undo` would undo, in words; empty for none."""
        return self._history.done[-1].step if self._history.done else ""

    @property
    def redo_step(self) -> str:
        """The step that `redo` would do again, in words; empty for none."""
        return self._history.undone[-1].step if self._history.undone else ""

    def undo(self) -> Done | None:
        """Undo the last step that holds, also a step of another day; ``None`` where there is none."""
        if not self._history.done:
            return None
        words = self.undo_step
        return self._shown(f"undone: {words}", self._take(f"undo: {words}", HistoryMove.UNDO))

    def redo(self) -> Done | None:
        """Do the last undone step again; ``None`` where there is none."""
        if not self._history.undone:
            return None
        words = self.redo_step
        return self._shown(f"done again: {words}", self._take(f"redo: {words}", HistoryMove.REDO))

    # How a step is taken

    def _do(self, step: str, k: int, deposit_id: str, patches: tuple[Patch, ...] = (), statements: tuple[Statement, ...] = ()) -> Done:
        """Keep a step, then apply it. A step that changes nothing is not kept."""
        change = Change(step, k, deposit_id, patches, statements)
        if not patches and not statements:
            return Done(step, k, deposit_id, ())
        return self._shown(step, self._take(step, change))

    def _take(self, words: str, step: ReviewStep) -> Change:
        """Keep a step in the workspace, then apply it; gives what it changed."""
        assessment_id = self.assessment.assessment_id
        entry = self._workspace.note(assessment_id, words, step, reader=self.reader, after=self._position, reading=self.reading)
        self._position = entry.position
        change = self._history.take(step)
        self.state.apply(change)
        return change

    def _shown(self, step: str, change: Change) -> Done:
        return Done(step, change.image, change.deposit_id, tuple((p.image, p.window) for p in change.patches))


def _names(change: Change) -> list[str]:
    return [s.after for s in change.statements if s.field == StatementField.IDENTITY and s.after]


def _identity_keys(change: Change) -> list[tuple[int, int]]:
    return [(int(s.key[0]), int(s.key[1])) for s in change.statements if s.field == StatementField.IDENTITY]
