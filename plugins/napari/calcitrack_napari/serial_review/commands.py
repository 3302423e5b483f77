"""The commands of keys, buttons and boxes: what each does with the review and its scene."""

from __future__ import annotations

from collections.abc import Callable

from calcitrack.errors import InvalidValueError
from calcitrack.model.assessment import DepositId
from calcitrack.model.possible import possible_number
from calcitrack.model.review_steps import StatementField
from calcitrack.review import edit_outlines as outlines
from calcitrack.review.session import Done, ReviewSession
from calcitrack_napari.serial_review import outlining
from calcitrack_napari.serial_review.chosen import counted
from calcitrack_napari.serial_review.context import Review
from calcitrack_napari.serial_review.scene import Scene

Do = Callable[[Review, ReviewSession, Scene], None]
"""Called with the review, its session and its scene."""


def _chosen(review: Review) -> str:
    """The chosen deposit, which is counted."""
    return counted(_chosen_or_possible(review))


def _chosen_or_possible(review: Review) -> str:
    if not review.deposit_id:
        raise InvalidValueError("no deposit is chosen; press N for the next one, or click one")
    return review.deposit_id


def _judging(verb: str, *, here_only: bool) -> Do:
    """Judge the selected deposit and go on to the next open one: at this visit, else at a later visit, else at an earlier one.

    A possible deposit becomes an accepted one, or is dismissed.
    """

    def do(review: Review, session: ReviewSession, scene: Scene) -> None:
        name, k = _chosen_or_possible(review), review.image
        if possible_number(name) is not None:
            done = session.accept_possible(k, name) if verb == "accept" else session.dismiss_possible(k, name)
        else:
            judge = session.accept if verb == "accept" else session.reject
            done = judge(name, k, here_only=here_only)
        scene.refresh(done)
        review.refresh_list()
        _go_on(review, session, name)
        review.say(done.step if session.state.remaining(review.image) else f"{done.step}. All deposits of all visits are reviewed.")

    return do


def _go_on(review: Review, session: ReviewSession, judged: str) -> None:
    here = [r.deposit_id for r in session.state.rows(review.image) if r.to_do]
    if here:
        after = [name for name in here if _place(name) > _place(judged)]
        review.select((after or here)[0])
        return
    visits = [image.time_point for image in session.state.images]
    later_first = sorted(range(len(visits)), key=lambda k: (visits[k] < visits[review.image], visits[k]))
    elsewhere = next((k for k in later_first if session.state.remaining(k)), None)
    if elsewhere is None:
        review.select(review.deposit_id, move=False)
        return
    review.show_film(elsewhere)
    review.select(next(r.deposit_id for r in session.state.rows(elsewhere) if r.to_do))


def _place(name: str) -> tuple[bool, int]:
    """Sort key: possible deposits, then deposits, each by number."""
    number = possible_number(name)
    return (True, DepositId.parse(name).number) if number is None else (False, number)


def _stepping(by: int) -> Do:
    """Select the next or previous row of the list."""

    def do(review: Review, _session: ReviewSession, _scene: Scene) -> None:
        listed = review.listed
        if listed:
            at = listed.index(review.deposit_id) if review.deposit_id in listed else (-1 if by > 0 else 0)
            review.select(listed[(at + by) % len(listed)])

    return do


def _visiting(by: int) -> Do:
    """Go to the first film of the next or previous visit."""

    def do(review: Review, session: ReviewSession, _scene: Scene) -> None:
        first = {image.time_point: k for k, image in reversed(list(enumerate(session.state.images)))}
        points = sorted(first)
        at = points.index(session.state.images[review.image].time_point) + by
        if 0 <= at < len(points):
            review.show_film(first[points[at]])
        else:
            review.say("This is the last visit." if by > 0 else "This is the first visit.")

    return do


def _step(take: Callable[[Review, ReviewSession], Done | None], nothing: str = "") -> Do:
    """Take a step of the review and show it; say ``nothing`` where there is none to take."""

    def do(review: Review, session: ReviewSession, _scene: Scene) -> None:
        done = take(review, session)
        if done is None:
            review.say(nothing)
        else:
            review.took(done)

    return do


def _outline(review: Review, _session: ReviewSession, scene: Scene) -> None:
    if review.outlining:
        outlining.lay_down(review, scene)
    else:
        outlining.take_up(review, scene)


def _merge(review: Review, session: ReviewSession) -> Done:
    kept, (k, place) = _chosen(review), review.pointed()
    other = session.state.at(k, *place)
    if not other:
        raise InvalidValueError("no deposit lies under the pointer; point at the one that is part of the selected one")
    return outlines.merge(session, k, kept, other)


def _fate(review: Review, session: ReviewSession) -> Done:
    return session.set_fate(_chosen(review), review.image, review.entries.fate)


def _pattern(review: Review, session: ReviewSession) -> Done:
    return session.set_pattern(_chosen(review), review.image, review.entries.pattern)


def _comment(review: Review, session: ReviewSession, _scene: Scene) -> None:
    comment = review.entries.comment
    if review.deposit_id and comment != session.state.stated(StatementField.COMMENT).get((review.deposit_id,), ""):
        review.took(session.comment(_chosen(review), review.image, comment))


def _relink(review: Review, session: ReviewSession) -> Done:
    return session.relink(review.image, _chosen(review), review.entries.relink)


def _outlines(_review: Review, _session: ReviewSession, scene: Scene) -> None:
    scene.hide_outlines(hidden=not scene.outlines_hidden)


def _done(review: Review, _session: ReviewSession, _scene: Scene) -> None:
    if review.done_and_next is None:
        raise InvalidValueError("no session of a worklist is open; open the widget Worklist, and start one")
    review.done_and_next()


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
    "outline": _outline,
    "fill": _step(lambda review, session: outlines.fill(session, review.image, _chosen(review))),
    "split": _step(lambda review, session: outlines.split(session, review.image, _chosen(review))),
    "merge": _step(_merge),
    "erase": _step(lambda review, session: outlines.erase(session, review.image, _chosen(review))),
    "fate": _step(_fate),
    "pattern": _step(_pattern),
    "comment": _comment,
    "relink": _step(_relink),
    "flicker": lambda _review, _session, scene: scene.flicker(),
    "difference": lambda _review, _session, scene: scene.toggle_difference(),
    "outlines": _outlines,
    "anatomy": lambda _review, _session, scene: scene.toggle_anatomy(),
    "cursor": lambda _review, _session, scene: scene.toggle_cursor(),
    "whole": lambda _review, _session, scene: scene.reset(),
    "done": _done,
    "help": lambda review, _session, _scene: review.show_keys(),
}
"""Name of a command -> what it does."""
