"""Steps of a review: typed values that change labels and statements, and that can be undone, stored and applied again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from calcitrack.errors import InvalidValueError
from calcitrack.model.segmentation import Labels

Key = tuple[str | int, ...]
ALL_IMAGES = -1
"""Stands for the image in the key of a verdict on a deposit of all images."""


class StatementField(StrEnum):
    """What a statement is about. The values are those of stored reviews."""

    IDENTITY = "identity"
    """Which deposit a label is; key (image, label), value a deposit id."""
    VERDICT = "verdict"
    """Whether a deposit is accepted or rejected; key (deposit id, image), or (deposit id, `ALL_IMAGES`)."""
    FATE = "fate"
    """What became of a deposit; key (deposit id, time point), value a `calcitrack.model.assessment.Fate`."""
    PATTERN = "pattern"
    """The pattern of a deposit; key (deposit id)."""
    COMMENT = "comment"
    """The reader's comment on a deposit; key (deposit id)."""


class HistoryMove(StrEnum):
    """A step through the reader's own history. The values are those of stored reviews."""

    UNDO = "undo"
    """Undo the last change that holds."""
    REDO = "redo"
    """Apply the last undone change again."""


@dataclass(frozen=True, eq=False, slots=True)
class Patch:
    """Labels of one image within a window, before and after; the arrays cannot be written to.

    Parameters
    ----------
    image
        Position in ``Assessment.images``.
    corner
        (row, column) of the window's first pixel.
    before, after
        Shape (rows, columns).

    Raises
    ------
    InvalidValueError
        The two arrays are not images of one shape, or a position is negative.
    """

    image: int
    corner: tuple[int, int]
    before: Labels
    after: Labels

    def __post_init__(self) -> None:
        if self.before.ndim != 2 or self.before.shape != self.after.shape:
            raise InvalidValueError(f"a patch has labels of one shape (rows, columns); found {self.before.shape} before and {self.after.shape} after")
        if min(self.image, *self.corner) < 0:
            raise InvalidValueError(f"positions of a patch are counted from 0; found image {self.image} and corner {self.corner}")
        for name in ("before", "after"):
            labels = getattr(self, name).view()
            labels.setflags(write=False)
            object.__setattr__(self, name, labels)

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the image that it covers."""
        rows, columns = self.after.shape
        return slice(self.corner[0], self.corner[0] + rows), slice(self.corner[1], self.corner[1] + columns)


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a reader states; an empty text stands for nothing."""

    field: StatementField
    key: Key
    before: str
    after: str


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """A step that changes labels or statements; all of it is done or undone together.

    Parameters
    ----------
    step
        What was done, in words.
    image
        The image that the reader looked at, as position in ``Assessment.images``: undoing shows it again.
    deposit_id
        Which deposit it was about; empty for none.
    """

    step: str
    image: int
    deposit_id: str
    patches: tuple[Patch, ...] = ()
    statements: tuple[Statement, ...] = ()

    def reversed(self) -> Change:
        """The change that undoes this one."""
        return Change(
            self.step,
            self.image,
            self.deposit_id,
            tuple(Patch(p.image, p.corner, p.after, p.before) for p in reversed(self.patches)),
            tuple(Statement(s.field, s.key, s.after, s.before) for s in reversed(self.statements)),
        )


ReviewStep = Change | HistoryMove
"""What a reader does: a change, or a move through the changes made so far."""


class StepHistory:
    """The changes of a review that hold, and those that were undone and can be redone.

    Examples
    --------
    >>> history = StepHistory()
    >>> change = history.take(Change("accept D001", 0, "D001", (), (Statement(StatementField.VERDICT, ("D001", ALL_IMAGES), "", "accept"),)))
    >>> history.take(HistoryMove.UNDO).statements[0].after
    ''
    >>> [c.step for c in history.undone]
    ['accept D001']
    """

    def __init__(self, steps: Iterable[ReviewStep] = ()) -> None:
        self._done: list[Change] = []
        self._undone: list[Change] = []
        for step in steps:
            self.take(step)

    @property
    def done(self) -> tuple[Change, ...]:
        """Changes that hold, first to last."""
        return tuple(self._done)

    @property
    def undone(self) -> tuple[Change, ...]:
        """Undone changes; the last one is redone first."""
        return tuple(self._undone)

    def take(self, step: ReviewStep) -> Change:
        """Take a step.

        Returns
        -------
        Change
            What the step changes: the change itself, or for an undo the change that reverses the last one.

        Raises
        ------
        InvalidValueError
            There is nothing to undo or to redo.
        """
        if isinstance(step, Change):
            self._done.append(step)
            self._undone.clear()
            return step
        source, target = (self._done, self._undone) if step is HistoryMove.UNDO else (self._undone, self._done)
        if not source:
            raise InvalidValueError(f"there is no step to {step}")
        target.append(source.pop())
        return target[-1].reversed() if step is HistoryMove.UNDO else target[-1]


class Stated:
    """What a reader has stated so far."""

    def __init__(self) -> None:
        self._texts: dict[StatementField, dict[Key, str]] = {field: {} for field in StatementField}

    def get(self, field: StatementField, *key: str | int) -> str:
        """The text that is stated; empty for nothing."""
        return self._texts[field].get(key, "")

    def items(self, field: StatementField) -> dict[Key, str]:
        """Everything that is stated in a field."""
        return dict(self._texts[field])

    def change(self, field: StatementField, key: Key, after: str) -> tuple[Statement, ...]:
        """The statement that sets a text; none where that text is stated already."""
        before = self.get(field, *key)
        return () if before == after else (Statement(field, key, before, after),)

    def apply(self, statements: Iterable[Statement]) -> None:
        """Apply statements in order."""
        for statement in statements:
            if statement.after:
                self._texts[statement.field][statement.key] = statement.after
            else:
                self._texts[statement.field].pop(statement.key, None)


class Misfit(StrEnum):
    """Reason why a change cannot be applied to the present state of a review."""

    NO_SUCH_IMAGE = "it names an image that the assessment does not hold"
    OUTSIDE_IMAGE = "it reaches outside of its image"
    OTHER_LABELS = "the labels that it replaces are not those of the image"
    OTHER_STATEMENT = "the statement that it replaces is not the one that holds"


def misfit_of(change: Change, labels: Sequence[Labels], stated: Stated) -> Misfit | None:
    """Check that a change starts from the present labels and statements.

    Parameters
    ----------
    labels
        Labels of each image, shape (rows, columns), as they are before the change.
    stated
        What is stated before the change.

    Returns
    -------
    Misfit or None
        The first thing that does not fit; ``None`` for a change that can be applied.
    """
    images = [change.image, *(p.image for p in change.patches), *(int(s.key[0]) for s in change.statements if s.field is StatementField.IDENTITY)]
    if not all(0 <= image < len(labels) for image in images):
        return Misfit.NO_SUCH_IMAGE
    for patch in change.patches:
        present = labels[patch.image][patch.window]
        if present.shape != patch.before.shape:
            return Misfit.OUTSIDE_IMAGE
        if not np.array_equal(present, patch.before):
            return Misfit.OTHER_LABELS
    if any(stated.get(s.field, *s.key) != s.before for s in change.statements):
        return Misfit.OTHER_STATEMENT
    return None
