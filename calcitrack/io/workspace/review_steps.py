"""JSON form of review steps, as the journal of a workspace holds it."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np

from calcitrack.errors import InvalidValueError
from calcitrack.io.workspace.codec import Json
from calcitrack.model.review_steps import Change, HistoryMove, Key, Patch, ReviewStep, Statement, StatementField
from calcitrack.model.segmentation import Labels


def step_json(step: ReviewStep) -> str:
    """The step as JSON; the same text for the same step in every version of the program."""
    if isinstance(step, HistoryMove):
        return json.dumps({"again": step.value})
    return json.dumps(
        {
            "image": step.image,
            "deposit": step.deposit_id,
            "patches": [[p.image, *p.corner, *p.after.shape, _packed(p.before), _packed(p.after)] for p in step.patches],
            "statements": [[s.field.value, list(s.key), s.before, s.after] for s in step.statements],
        },
        separators=(",", ":"),
    )


def step_of(words: str, text: str) -> ReviewStep:
    """Inverse of `step_json`.

    Parameters
    ----------
    words
        Description of the step; the journal holds it beside the JSON.

    Raises
    ------
    InvalidValueError
        The text was written by another program, or is damaged.
    """
    try:
        stored = json.loads(text)
        if "again" in stored:
            return HistoryMove(stored["again"])
        return Change(
            words,
            _whole(stored["image"]),
            str(stored["deposit"]),
            tuple(_patch(*values) for values in stored["patches"]),
            tuple(_statement(*values) for values in stored["statements"]),
        )
    except KeyError as error:
        raise InvalidValueError(f"found no {error} in its JSON") from error
    except (TypeError, AttributeError, RecursionError) as error:
        raise InvalidValueError(f"found JSON of another form than a step's ({error})") from error
    except (ValueError, OverflowError, zlib.error) as error:
        raise InvalidValueError(str(error)) from error


def _whole(value: Json) -> int:
    """A whole number, as it was written; what `int` would make one of is damage."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValueError(f"found {value!r} where a step holds a whole number")
    return value


def _statement(field: str, key: list[Json], before: str, after: str) -> Statement:
    return Statement(StatementField(field), _key(StatementField(field), key), str(before), str(after))


def _key(field: StatementField, key: list[Json]) -> Key:
    """The key of a statement, with the number and types of parts that its field has."""
    if field is StatementField.IDENTITY:
        image, label = key
        return _whole(image), _whole(label)
    if field in (StatementField.VERDICT, StatementField.FATE):
        deposit_id, number = key
        return str(deposit_id), _whole(number)
    (deposit_id,) = key
    return (str(deposit_id),)


def _patch(image: int, row: int, column: int, rows: int, columns: int, before: str, after: str) -> Patch:
    shape = _whole(rows), _whole(columns)
    if min(shape) < 1:
        raise InvalidValueError(f"found a patch of {shape[0]} x {shape[1]} pixels in its JSON")
    return Patch(_whole(image), (_whole(row), _whole(column)), *(_unpacked(text, shape) for text in (before, after)))


def _packed(labels: Labels) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(labels, "<u2").tobytes(), 1)).decode("ascii")


def _unpacked(text: str, shape: tuple[int, int]) -> Labels:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<u2").reshape(shape).astype(np.uint16)
