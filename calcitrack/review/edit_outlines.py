"""Edits of outlines; each is one step of a review."""

from __future__ import annotations

import numpy as np

from calcitrack.errors import InvalidValueError
from calcitrack.measure.live import Window
from calcitrack.model.assessment import DepositId
from calcitrack.model.image import Mask
from calcitrack.model.segmentation import Labels
from calcitrack.review.deposit_list import ReaderVerdict
from calcitrack.review.regions import changed_window, filled, parts_of
from calcitrack.review.session import Done, ReviewSession
from calcitrack.segment.region import NoOutline

Pixel = tuple[int, int]
"""(row, column) on a film."""


def add(session: ReviewSession, k: int, place: Pixel, size: int = 0) -> Done:
    """Outline a missed deposit under a click.

    Parameters
    ----------
    size
        Steps by which the outline is larger than the best one, or smaller where negative.

    Raises
    ------
    InvalidValueError
        A deposit lies there already, or no deposit is seen there.
    """
    window, region, label, name = _clicked(session, k, place, size, "")
    return _put(session, k, window, np.where(region, np.uint16(label), session.state.labels(k)[window]), f"add {name}", name, {label: name})


def grow(session: ReviewSession, k: int, deposit_id: str, place: Pixel, size: int = 0) -> Done:
    """Add what lies under a click to a deposit; on a film that does not show the deposit, it becomes its outline. ``size`` as for `add`.

    Raises
    ------
    InvalidValueError
        No deposit is seen there.
    """
    window, region, label, name = _clicked(session, k, place, size, deposit_id)
    named = {} if session.state.label_of(k, deposit_id) is not None else {label: name}
    return _put(session, k, window, np.where(region, np.uint16(label), session.state.labels(k)[window]), f"grow {deposit_id}", deposit_id, named)


def clicked_numbers(session: ReviewSession, k: int, place: Pixel, size: int, deposit_id: str = "") -> tuple[Window, Labels]:
    """Preview of `grow`, or of `add` where no deposit is named, as `numbered` gives outlines; nothing changes.

    Raises
    ------
    InvalidValueError
        As for `grow` and `add`.
    """
    window, region, _, name = _clicked(session, k, place, size, deposit_id)
    return window, np.where(region, np.uint16(DepositId.parse(name).number), numbered(session, k, window))


def _clicked(session: ReviewSession, k: int, place: Pixel, size: int, deposit_id: str) -> tuple[Window, Mask, int, str]:
    """A window, what lies under a click in it, and label and id of the deposit that it becomes; a new deposit where none is named."""
    there = session.state.at(k, *place)
    if there and not deposit_id:
        raise InvalidValueError(f"{there} lies there already; grow it, or choose another place")
    label = session.state.label_of(k, deposit_id) if deposit_id else None
    number = session.new_label(k) if label is None else label
    found = session.state.outlines_at(k, place)
    if isinstance(found, NoOutline):
        raise InvalidValueError(f"{found}; click the middle of the deposit, or paint it")
    outline = found.sized(size)
    here = session.state.labels(k)[outline.window]
    region = outline.inside & ((here == 0) | (here == number))
    if not region.any():
        raise InvalidValueError(f"other deposits cover all that stands out there; merge {there or 'them'}, or paint the deposit")
    return outline.window, region, number, deposit_id or session.new_id()


def fill(session: ReviewSession, k: int, deposit_id: str) -> Done:
    """Fill the holes of a deposit."""
    label, window, inside = _seen(session, k, deposit_id)
    here = session.state.labels(k)[window]
    return _put(session, k, window, np.where(filled(inside) & (here == 0), np.uint16(label), here), f"fill {deposit_id}", deposit_id)


def erase(session: ReviewSession, k: int, deposit_id: str) -> Done:
    """Remove the outline of a deposit from a film."""
    _, window, inside = _seen(session, k, deposit_id)
    return _put(session, k, window, np.where(inside, np.uint16(0), session.state.labels(k)[window]), f"erase {deposit_id}", deposit_id)


def split(session: ReviewSession, k: int, deposit_id: str) -> Done:
    """Make several deposits of one: its parts where they do not touch, else two lobes. The largest part keeps the id.

    Raises
    ------
    InvalidValueError
        It has one part only, and no waist.
    """
    _, window, inside = _seen(session, k, deposit_id)
    parts = parts_of(inside)
    if parts.max() < 2:
        raise InvalidValueError(f"{deposit_id} has no waist at which it could be split; erase a line across it, and split it then")
    after, named = session.state.labels(k)[window].copy(), {}
    first_label, first_id = session.new_label(k), DepositId.parse(session.new_id()).number
    for n in range(2, int(parts.max()) + 1):
        named[first_label + n - 2] = str(DepositId(first_id + n - 2))
        after[parts == n] = first_label + n - 2
    return _put(session, k, window, after, f"split {deposit_id}", deposit_id, named)


def merge(session: ReviewSession, k: int, deposit_id: str, other: str) -> Done:
    """Make one deposit of two: the outline of the other one becomes part of the first.

    Raises
    ------
    InvalidValueError
        They are the same deposit, or the film does not show one of them.
    """
    if deposit_id == other:
        raise InvalidValueError(f"{deposit_id} cannot be merged with itself; choose another deposit")
    label, _, _ = _seen(session, k, deposit_id)
    _, window, inside = _seen(session, k, other)
    merged = np.where(inside, np.uint16(label), session.state.labels(k)[window])
    return _put(session, k, window, merged, f"merge {other} into {deposit_id}", deposit_id)


def paint(session: ReviewSession, k: int, window: Window, numbers: Labels, deposit_id: str = "") -> Done:
    """Make a stroke of the brush a step.

    Parameters
    ----------
    window
        Where it was painted.
    numbers
        Shape (rows, columns) of the window: number of the deposit in each pixel after the stroke, 0 for none, 7 for D007.
    deposit_id
        Deposit that was painted; empty for the eraser.
    """
    labels = {DepositId.parse(name).number: label for label, name in session.state.identity(k).items()}
    after, named, free = np.zeros(numbers.shape, np.uint16), {}, session.new_label(k)
    for number in (int(v) for v in np.unique(numbers) if v):
        if number not in labels:
            labels[number] = free
            named[free] = str(DepositId(number))
            free += 1
        after[numbers == number] = labels[number]
    step = f"paint {deposit_id}" if deposit_id else "erase"
    return _put(session, k, window, after, step, deposit_id, named)


def numbered(session: ReviewSession, k: int, window: Window | None = None, *, rejected: int = 0) -> Labels:
    """Number of the deposit in each pixel of a film or of a window, 7 for D007: the same on every film, so that colours follow identity.

    Parameters
    ----------
    rejected
        Added to the numbers of rejected deposits.
    """
    labels = session.state.labels(k) if window is None else session.state.labels(k)[window]
    identity = session.state.identity(k)
    table = np.zeros(max((*identity, int(labels.max(initial=0)), 0)) + 1, np.uint16)
    for label, name in identity.items():
        table[label] = DepositId.parse(name).number + (rejected if session.state.verdict(name, k) is ReaderVerdict.REJECTED else 0)
    return np.asarray(table[labels], np.uint16)


def _seen(session: ReviewSession, k: int, deposit_id: str) -> tuple[int, Window, Mask]:
    label = session.state.label_of(k, deposit_id)
    window = None if label is None else session.state.film(k).box(label)
    if label is None or window is None:
        raise InvalidValueError(f"{deposit_id} is not seen on this film; choose one that is, or grow it from a click")
    return label, window, session.state.labels(k)[window] == label


def _put(session: ReviewSession, k: int, window: Window, after: Labels, step: str, deposit_id: str, named: dict[int, str] | None = None) -> Done:
    """Make a step of the part of the window that changes."""
    inner = changed_window(session.state.labels(k)[window], after)
    if inner is None:
        return Done(step, k, deposit_id, ())
    rows, columns = inner
    place = (slice(window[0].start + rows.start, window[0].start + rows.stop), slice(window[1].start + columns.start, window[1].start + columns.stop))
    return session.put(k, place, after[inner], step, deposit_id, named)
