"""Growing a region with a preview: its outline follows the slider, Enter accepts it, Escape drops it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcitrack.review import edit_outlines as outlines

if TYPE_CHECKING:
    from calcitrack_napari.serial_review.widget import ReviewWidget

TAKE_KEY, DROP_KEY = "Enter", "Escape"
"""While a preview is shown, on the layer of its film alone: at other times they are napari's own, which end and drop a polygon there."""


@dataclass(frozen=True, slots=True)
class Growing:
    """A region that is shown and not yet taken.

    Parameters
    ----------
    image
        On which film, position in ``Assessment.images``.
    place
        (row, column) of the click.
    deposit_id
        The deposit that grows; empty for a new one.
    """

    image: int
    place: tuple[int, int]
    deposit_id: str


def begin(widget: ReviewWidget, growing: Growing) -> None:
    """Show what would grow from a place.

    Raises
    ------
    InvalidValueError
        Nothing stands out there, or a new deposit would lie on another one.
    """
    drop(widget)
    if widget.scene is None:
        return
    _show(widget, growing)
    widget.growing = growing
    layer = widget.scene.outlines[growing.image]
    layer.bind_key(TAKE_KEY, lambda _layer: widget.run("take_grown"), overwrite=True)
    layer.bind_key(DROP_KEY, lambda _layer: widget.run("drop_grown"), overwrite=True)
    widget.say(f"{growing.deposit_id or 'New deposit'}: move the slider “Edge at”, then Enter takes the outline and Escape drops it.")


def follow(widget: ReviewWidget) -> None:
    """The slider was moved: show the outline anew."""
    if widget.growing is not None:
        _show(widget, widget.growing)


def take(widget: ReviewWidget) -> Any:
    """Make the shown region a step of the review; ``None`` where none is shown."""
    growing, session = widget.growing, widget.session
    if growing is None or session is None:
        return None
    drop(widget)
    if growing.deposit_id:
        return outlines.grow(session, growing.image, growing.deposit_id, growing.place, widget.share)
    return outlines.add(session, growing.image, growing.place, widget.share)


def drop(widget: ReviewWidget) -> None:
    """Show the outlines again as they are in the review."""
    growing, widget.growing = widget.growing, None
    if growing is None or widget.scene is None or growing.image >= len(widget.scene.outlines):
        return
    layer = widget.scene.outlines[growing.image]
    for key in (TAKE_KEY, DROP_KEY):
        layer.bind_key(key, None)
    widget.scene.draw(growing.image)


def _show(widget: ReviewWidget, growing: Growing) -> None:
    if widget.session is None or widget.scene is None:
        return
    window, numbers = outlines.grown_numbers(widget.session, growing.image, growing.place, widget.share, growing.deposit_id)
    widget.scene.draw(growing.image, window, numbers)
