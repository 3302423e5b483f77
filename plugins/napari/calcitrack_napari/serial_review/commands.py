"""What the commands of `calcitrack_napari.serial_review.keys`, and the panel's boxes, do with the widget, its review and its scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from calcitrack.errors import InvalidValueError
from calcitrack.figures.palette import FATE_MARKS
from calcitrack.model.assessment import Fate
from calcitrack.model.review_steps import StatementField
from calcitrack.review import edit_outlines as outlines
from calcitrack.review.deposit_list import Verdict
from calcitrack.review.session import Done, ReviewSession
from calcitrack_napari.serial_review import growing
from calcitrack_napari.serial_review.scene import Scene

if TYPE_CHECKING:
    from calcitrack_napari.serial_review.widget import ReviewWidget

Do = Callable[["ReviewWidget", ReviewSession, Scene], None]


def _chosen(widget: ReviewWidget) -> str:
    if not widget.deposit_id:
        raise InvalidValueError("no deposit is chosen; press N for the next one, or click one")
    return widget.deposit_id


def _judging(verb: str, *, here_only: bool) -> Do:
    """Say it of the chosen deposit, and go on to the next one of which nothing was said: at this visit, else at the nearest other one."""

    def do(widget: ReviewWidget, session: ReviewSession, scene: Scene) -> None:
        say = session.accept if verb == "accept" else session.reject
        done = say(_chosen(widget), widget.image, here_only=here_only)
        scene.refresh(done)
        widget.refresh_list()
        _go_on(widget, session)
        widget.say(done.step if session.remaining(widget.image) else f"{done.step}. All deposits of all visits are reviewed.")

    return do


def _go_on(widget: ReviewWidget, session: ReviewSession) -> None:
    here = [r.deposit_id for r in session.rows(widget.image) if r.label is not None and r.verdict is Verdict.OPEN]
    if here:
        after = [name for name in here if _number(name) > _number(widget.deposit_id)]
        widget.select((after or here)[0])
        return
    visits = sorted(range(len(session.images)), key=lambda k: (session.images[k].time_point - session.images[widget.image].time_point) % 10_000)
    elsewhere = next((k for k in visits if session.remaining(k)), None)
    if elsewhere is None:
        widget.select(widget.deposit_id, move=False)
        return
    widget.show_film(elsewhere)
    widget.select(next(r.deposit_id for r in session.rows(elsewhere) if r.label is not None and r.verdict is Verdict.OPEN))


def _number(deposit_id: str) -> int:
    return int(deposit_id[1:]) if deposit_id else 0


def _stepping(by: int) -> Do:
    """The next or previous row of the list."""

    def do(widget: ReviewWidget, _session: ReviewSession, _scene: Scene) -> None:
        listed = [r.deposit_id for r in widget.panel.model.shown]
        if listed:
            at = listed.index(widget.deposit_id) if widget.deposit_id in listed else (-1 if by > 0 else 0)
            widget.select(listed[(at + by) % len(listed)])

    return do


def _visiting(by: int) -> Do:
    """The first film of the next or previous visit."""

    def do(widget: ReviewWidget, session: ReviewSession, _scene: Scene) -> None:
        first = {image.time_point: k for k, image in reversed(list(enumerate(session.images)))}
        points = sorted(first)
        at = points.index(session.images[widget.image].time_point) + by
        if 0 <= at < len(points):
            widget.show_film(first[points[at]])
        else:
            widget.say("This is the last visit." if by > 0 else "This is the first visit.")

    return do


def _step(take: Callable[[ReviewWidget, ReviewSession], Done | None], nothing: str = "") -> Do:
    """A step of the review, shown."""

    def do(widget: ReviewWidget, session: ReviewSession, _scene: Scene) -> None:
        done = take(widget, session)
        if done is None:
            widget.say(nothing)
        else:
            widget.took(done)

    return do


def _grow(widget: ReviewWidget, _session: ReviewSession, _scene: Scene) -> None:
    k, place = widget.pointed()
    growing.begin(widget, growing.Growing(k, place, _chosen(widget)))


def _add(widget: ReviewWidget, _session: ReviewSession, _scene: Scene) -> None:
    k, place = widget.pointed()
    growing.begin(widget, growing.Growing(k, place, ""))


def _drop(widget: ReviewWidget, _session: ReviewSession, _scene: Scene) -> None:
    growing.drop(widget)
    widget.say("Dropped; the outline is as it was.")


def _merge(widget: ReviewWidget, session: ReviewSession) -> Done:
    k, place = widget.pointed()
    other = session.at(k, *place)
    if not other:
        raise InvalidValueError("no deposit lies under the pointer; point at the one that is part of the selected one")
    return outlines.merge(session, k, _chosen(widget), other)


def _fate(widget: ReviewWidget, session: ReviewSession) -> Done:
    words = {mark.words: Fate(value) for value, mark in FATE_MARKS.items()}
    return session.set_fate(_chosen(widget), widget.image, words.get(widget.panel.fate.currentText()))


def _pattern(widget: ReviewWidget, session: ReviewSession) -> Done:
    said = widget.panel.pattern.currentText() if widget.panel.pattern.currentIndex() else ""
    return session.set_pattern(_chosen(widget), widget.image, said)


def _comment(widget: ReviewWidget, session: ReviewSession, _scene: Scene) -> None:
    if widget.deposit_id and widget.panel.comment.text().strip() != session.stated(StatementField.COMMENT).get((widget.deposit_id,), ""):
        widget.took(session.comment(widget.deposit_id, widget.image, widget.panel.comment.text()))


def _relink(widget: ReviewWidget, session: ReviewSession) -> Done:
    return session.relink(widget.image, _chosen(widget), widget.panel.relink.text().strip().upper())


def _outlines(widget: ReviewWidget, _session: ReviewSession, scene: Scene) -> None:
    del widget
    shown = not scene.outlines_hidden
    scene.hide_outlines(hidden=shown)


def _done(widget: ReviewWidget, _session: ReviewSession, _scene: Scene) -> None:
    if widget.done_and_next is None:
        raise InvalidValueError("no session of a worklist is open; open the widget Worklist, and start one")
    widget.done_and_next()


DO: dict[str, Do] = {
    "accept": _judging("accept", here_only=False),
    "reject": _judging("reject", here_only=False),
    "accept_here": _judging("accept", here_only=True),
    "reject_here": _judging("reject", here_only=True),
    "next_deposit": _stepping(1),
    "previous_deposit": _stepping(-1),
    "next_visit": _visiting(1),
    "previous_visit": _visiting(-1),
    "undo": _step(lambda _, session: session.undo(), "Nothing to undo."),
    "redo": _step(lambda _, session: session.redo(), "Nothing to do again."),
    "grow": _grow,
    "add": _add,
    "take_grown": _step(lambda widget, _: growing.take(widget), "Nothing is shown that could be taken."),
    "drop_grown": _drop,
    "fill": _step(lambda widget, session: outlines.fill(session, widget.image, _chosen(widget))),
    "split": _step(lambda widget, session: outlines.split(session, widget.image, _chosen(widget))),
    "merge": _step(_merge),
    "erase": _step(lambda widget, session: outlines.erase(session, widget.image, _chosen(widget))),
    "fate": _step(_fate),
    "pattern": _step(_pattern),
    "comment": _comment,
    "relink": _step(_relink),
    "flicker": lambda _widget, _session, scene: scene.flicker(),
    "difference": lambda _widget, _session, scene: scene.toggle_difference(),
    "outlines": _outlines,
    "anatomy": lambda _widget, _session, scene: scene.toggle_anatomy(),
    "cursor": lambda _widget, _session, scene: scene.toggle_cursor(),
    "whole": lambda _widget, _session, scene: scene.reset(),
    "done": _done,
    "help": lambda widget, _session, _scene: widget.show_keys(),
}
"""Name of a command -> what it does."""
