"""What a step of a review changes, so that it can be done, undone, written down and read back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calcitrack.model.segmentation import Labels

Key = tuple[str | int, ...]
IDENTITY, VERDICT, FATE, PATTERN, COMMENT = "identity", "verdict", "fate", "pattern", "comment"
FIELDS = (IDENTITY, VERDICT, FATE, PATTERN, COMMENT)
"""What a reader states beside outlines. By (image, label), (deposit id, image or -1 for all), (deposit id, time point), (deposit id), the same."""
ALL_IMAGES = -1
UNDO, REDO = "undo", "redo"


@dataclass(frozen=True, eq=False, slots=True)
class Patch:
    """Labels of one image within a window, before and after.

    Parameters
    ----------
    image
        Position in ``Assessment.images``.
    corner
        (row, column) of the window's first pixel.
    before, after
        Shape (rows, columns).
    """

    image: int
    corner: tuple[int, int]
    before: Labels
    after: Labels

    @property
    def window(self) -> tuple[slice, slice]:
        """Where it lies."""
        rows, columns = self.after.shape
        return slice(self.corner[0], self.corner[0] + rows), slice(self.corner[1], self.corner[1] + columns)


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a reader states; an empty text is nothing stated."""

    field: str
    key: Key
    before: str
    after: str


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """One step of a review: all of it is done or undone together.

    Parameters
    ----------
    step
        What was done, in words.
    image
        Where the reader was, position in ``Assessment.images``: undoing goes back there.
    deposit_id
        Which deposit it was about.
    """

    step: str
    image: int
    deposit_id: str
    patches: tuple[Patch, ...] = ()
    statements: tuple[Statement, ...] = ()

    def reversed(self) -> Change:
        """What undoes it."""
        return Change(
            self.step,
            self.image,
            self.deposit_id,
            tuple(Patch(p.image, p.corner, p.after, p.before) for p in reversed(self.patches)),
            tuple(Statement(s.field, s.key, s.after, s.before) for s in reversed(self.statements)),
        )


class Stated:
    """What a reader has stated so far."""

    def __init__(self) -> None:
        self._held: dict[str, dict[Key, str]] = {name: {} for name in FIELDS}

    def get(self, field: str, *key: str | int) -> str:
        """What is stated; empty for nothing."""
        return self._held[field].get(key, "")

    def items(self, field: str) -> dict[Key, str]:
        """Everything that is stated in a field."""
        return dict(self._held[field])

    def change(self, field: str, key: Key, after: str) -> tuple[Statement, ...]:
        """The statement that makes it so; none where it is so already."""
        before = self.get(field, *key)
        return () if before == after else (Statement(field, key, before, after),)

    def apply(self, statements: Iterable[Statement]) -> None:
        """State them."""
        for s in statements:
            if s.after:
                self._held[s.field][s.key] = s.after
            else:
                self._held[s.field].pop(s.key, None)
