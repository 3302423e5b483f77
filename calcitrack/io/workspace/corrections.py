"""Readers' corrections of films, as rows. Each step is kept with the correction in force after it, so that it can be undone, also on another day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from calcitrack.errors import EditConflictError, InvalidValueError
from calcitrack.io.results.provenance import Clock
from calcitrack.io.workspace import audit
from calcitrack.io.workspace.codec import canonical, decode, dumps, encode, storable
from calcitrack.io.workspace.database import Database
from calcitrack.model.corrections import NO_CORRECTION, FilmCorrection
from calcitrack.model.display import counted
from calcitrack.model.review_steps import HistoryMove


class CorrectionKind(StrEnum):
    """Kind of a step. The values are those of the table."""

    SET = "set"
    """State something about a film."""
    UNDO = "undo"
    """Undo the last step that holds."""
    REDO = "redo"
    """Apply the last undone step again."""


_COLUMNS = "i.identity, c.position, c.reader, c.kind, c.step, c.correction, c.previous, c.digest"


@dataclass(frozen=True, slots=True)
class CorrectionStep:
    """One step in the history of a film's corrections.

    Parameters
    ----------
    image
        Its SOP Instance UID, or its path where it has none.
    position
        1, 2, ... for each image, whoever made the step.
    reader
        Who made it.
    kind
        What it does.
    step
        What was done, in words.
    correction
        JSON: the correction in force after the step.
    previous, digest
        SHA-256 of the step before, empty for the first, and of all of the above.
    """

    image: str
    position: int
    reader: str
    kind: CorrectionKind
    step: str
    correction: str
    previous: str
    digest: str

    @property
    def expected_digest(self) -> str:
        """The value of `digest` for an unchanged step."""
        content = [self.image, self.position, self.reader, self.kind.value, self.step, self.correction, self.previous]
        return hashlib.sha256(canonical(content)).hexdigest()

    @property
    def holds(self) -> FilmCorrection:
        """The correction in force after the step."""
        found: FilmCorrection = decode(FilmCorrection, json.loads(self.correction))
        return found


def steps_of(database: Database, image: str | None = None) -> tuple[CorrectionStep, ...]:
    """Steps in order; optionally only those of one film."""
    identity = None if image is None else storable(image)
    rows = database.rows(
        f"SELECT {_COLUMNS} FROM corrections c JOIN images i ON i.id = c.image_id WHERE (?1 IS NULL OR i.identity = ?1) ORDER BY c.id",  # noqa: S608 names of ours
        identity,
    )
    return tuple(CorrectionStep(film, position, reader, CorrectionKind(kind), *more) for film, position, reader, kind, *more in rows)


def in_force(database: Database) -> dict[str, FilmCorrection]:
    """Film -> correction in force; films without one are left out."""
    last = {s.image: s for s in steps_of(database)}
    return {image: step.holds for image, step in last.items() if step.holds}


def undone_and_done(steps: Sequence[CorrectionStep]) -> tuple[list[CorrectionStep], list[CorrectionStep]]:
    """Steps that hold after these, and those that were undone and can be done again."""
    done: list[CorrectionStep] = []
    undone: list[CorrectionStep] = []
    for step in steps:
        if step.kind is CorrectionKind.SET:
            done.append(step)
            undone.clear()
        elif step.kind is CorrectionKind.UNDO:
            undone.append(done.pop())
        else:
            done.append(undone.pop())
    return done, undone


def again(steps: Sequence[CorrectionStep], move: HistoryMove) -> tuple[str, FilmCorrection] | None:
    """Words for undoing or redoing the last step, and the correction in force afterwards; ``None`` where there is no such step."""
    done, undone = undone_and_done(steps)
    if move is HistoryMove.UNDO:
        return (f"undo: {done[-1].step}", done[-2].holds if len(done) > 1 else NO_CORRECTION) if done else None
    return (f"redo: {undone[-1].step}", undone[-1].holds) if undone else None


def append(database: Database, clock: Clock, new: CorrectionStep, after: int | None = None) -> CorrectionStep:
    """Add a step, inside a transaction; its position and digests are worked out here.

    Parameters
    ----------
    after
        Position of the film's last step known to the caller; ``None`` accepts any.

    Raises
    ------
    InvalidValueError
        Nothing of the film is on record.
    EditConflictError
        Another step was added in between.
    """
    row = database.row("SELECT id FROM images WHERE identity = ?", storable(new.image))
    if row is None:
        raise InvalidValueError(f"found no image {new.image!r} in the workspace; measure it into the workspace first")
    known = steps_of(database, new.image)
    position, previous = (known[-1].position, known[-1].digest) if known else (0, "")
    if after is not None and after != position:
        raise EditConflictError(
            f"image {new.image}",
            f"{counted(position, 'step')} of corrections, the last one by {known[-1].reader if known else 'nobody'}",
            counted(after, "step"),
            "look at what holds now, and do it again; nothing was overwritten",
        )
    placed = replace(new, image=storable(new.image), position=position + 1, reader=storable(new.reader), step=storable(new.step), previous=previous)
    step = replace(placed, digest=placed.expected_digest)
    detail = {"step": step.step, "position": step.position}
    entry = audit.append(database, clock, step.reader, audit.CORRECTED, f"image {step.image}", before=previous, after=step.digest, detail=detail)
    database.insert(
        "corrections", audit_id=entry.number, image_id=int(row[0]), position=step.position, reader=step.reader, kind=step.kind.value, step=step.step,
        correction=step.correction, previous=previous, digest=step.digest,
    )  # fmt: skip
    return step


def new_step(image: str, reader: str, kind: CorrectionKind, step: str, correction: FilmCorrection) -> CorrectionStep:
    """A step that `append` completes."""
    return CorrectionStep(image, 0, reader, kind, step, dumps(encode(correction)), "", "")


def problems(database: Database) -> Iterator[str]:
    """Find steps that were changed, removed or inserted later."""
    trail_digests = [row[0] for row in database.rows("SELECT t.after FROM corrections c LEFT JOIN audit t ON t.id = c.audit_id ORDER BY c.id")]
    steps = steps_of(database)
    if len(trail_digests) != len(steps):
        yield f"{counted(len(trail_digests) - len(steps), 'correction refers', 'corrections refer')} to no image"
        return
    last: dict[str, CorrectionStep] = {}
    for after, step in zip(trail_digests, steps, strict=True):
        before = last.get(step.image)
        if (step.previous, step.position) != ((before.digest, before.position + 1) if before else ("", 1)):
            yield f"correction {step.position} of image {step.image} does not follow from the one before"
        if not step.expected_digest == step.digest == after:
            yield f"correction {step.position} of image {step.image} was changed after it was made"
        last[step.image] = step
