"""The tool *Outline*: a click outlines a missed deposit, a click with Shift adds to the selected one; a drag before the release changes the size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from calcitrack.errors import InvalidValueError
from calcitrack.review import edit_outlines as outlines
from calcitrack.review.session import ReviewSession
from calcitrack_napari.serial_review.chosen import counted
from calcitrack_napari.serial_review.context import Review
from calcitrack_napari.serial_review.scene import Scene

STEP_PX = 25
"""Pixels of the screen that the pointer is dragged for the next size: upwards for a larger outline, downwards for a smaller one."""
LEAVE_KEY = "Escape"
"""Bound on the outlines while the tool is in hand. At other times napari uses it there to drop a polygon."""


def take_up(review: Review, scene: Scene) -> None:
    """Take the tool in hand: clicks outline, and drags no longer move the films."""
    review.outlining = True
    for layer in scene.outlines:
        layer.bind_key(LEAVE_KEY, lambda _layer: review.run("outline"), overwrite=True)
    scene.hold_still(held=True)
    review.prepare_clicks()
    review.say("Click a missed deposit; with Shift, what is clicked is added to the selected one. Drag up or down for another size. Escape ends it.")


def lay_down(review: Review, scene: Scene) -> None:
    """Put the tool away: clicks select, and drags move the films again."""
    review.outlining = False
    for layer in scene.outlines:
        layer.bind_key(LEAVE_KEY, None)
    scene.hold_still(held=False)
    review.say("")


def clicked(review: Review, session: ReviewSession, scene: Scene, event: Any) -> Iterator[None]:
    """Show the outline while the button is held, in the size that the drag asks for; its release makes it one step of the review."""
    scene.hold_still(held=True)  # a brush that was used meanwhile has let the films go
    (k, place), deposit_id = review.pointed(), _meant(review, event)
    from_y, size = event.pos[1], 0
    _show(review, session, scene, k, place, size, deposit_id)
    yield
    while event.type == "mouse_move":
        asked = round((from_y - event.pos[1]) / STEP_PX)
        if asked != size:
            size = asked
            _show(review, session, scene, k, place, size, deposit_id)
        yield
    scene.draw(k)
    if deposit_id:
        review.took(outlines.grow(session, k, deposit_id, place, size))
    else:
        review.took(outlines.add(session, k, place, size))


def _meant(review: Review, event: Any) -> str:
    """The deposit that gets what is clicked; empty for a new one."""
    if "Shift" not in {str(m) for m in event.modifiers}:
        return ""
    if not review.deposit_id:
        raise InvalidValueError("no deposit is chosen that could get what is clicked; press N for the next one, or click without Shift")
    return counted(review.deposit_id)


def _show(review: Review, session: ReviewSession, scene: Scene, k: int, place: tuple[int, int], size: int, deposit_id: str) -> None:
    window, numbers = outlines.clicked_numbers(session, k, place, size, deposit_id)
    scene.draw(k, window, numbers)
    review.say(f"{deposit_id or 'New deposit'}: release takes this outline.")
