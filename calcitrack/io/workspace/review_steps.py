"""Review steps as the JSON of a workspace's journal, and back."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from calcitrack.model.review_steps import UNDO, Change, Patch, Statement
from calcitrack.model.segmentation import Labels


def written(change: Change) -> str:
    """The change as JSON."""
    return json.dumps(
        {
            "image": change.image,
            "deposit": change.deposit_id,
            "patches": [[p.image, *p.corner, *p.after.shape, _packed(p.before), _packed(p.after)] for p in change.patches],
            "statements": [[s.field, list(s.key), s.before, s.after] for s in change.statements],
        },
        separators=(",", ":"),
    )


def read(step: str, text: str) -> Change | str:
    """The change that `written` made the JSON of, or `UNDO` or `REDO`.

    Raises
    ------
    ValueError, KeyError, TypeError
        The text is of another program, or damaged.
    """
    held = json.loads(text)
    if "again" in held:
        return str(held["again"])
    return Change(
        step,
        int(held["image"]),
        str(held["deposit"]),
        tuple(_patch(*values) for values in held["patches"]),
        tuple(Statement(field, tuple(key), before, after) for field, key, before, after in held["statements"]),
    )


def written_again(which: str) -> str:
    """`UNDO` or `REDO` as JSON."""
    return json.dumps({"again": which})


def _patch(image: int, row: int, column: int, rows: int, columns: int, before: str, after: str) -> Patch:
    return Patch(image, (row, column), *(_unpacked(text, (rows, columns)) for text in (before, after)))


def _packed(labels: Labels) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(labels, "<u2").tobytes(), 1)).decode("ascii")


def _unpacked(text: str, shape: tuple[int, int]) -> Labels:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<u2").reshape(shape).astype(np.uint16)


def undone_and_done(steps: Iterable[tuple[str, Any]]) -> tuple[list[Change], list[Change]]:
    """Changes that hold after these steps, and those that were undone and can be done again."""
    done: list[Change] = []
    undone: list[Change] = []
    for step, text in steps:
        change = read(step, text)
        if isinstance(change, Change):
            done.append(change)
            undone.clear()
        elif change == UNDO:
            undone.append(done.pop())
        else:
            done.append(undone.pop())
    return done, undone
