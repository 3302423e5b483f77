"""Grow a region with a preview: the outline follows the slider, Enter takes it, Escape drops it."""

from __future__ import annotations

from calcitrack.review import edit_outlines as outlines
from calcitrack.review.session import Done
from calcitrack_napari.serial_review.context import Growing, Review

TAKE_KEY, DROP_KEY = "Enter", "Escape"
"""Bound on the film's layer while a preview is shown. At other times napari uses them there to end and drop a polygon."""


def begin(review: Review, growing: Growing) -> None:
    """Preview the region that would grow from a place.

    Raises
    ------
    InvalidValueError
        Nothing stands out there, or a new deposit would lie on another one.
    """
    drop(review)
    if review.scene is None:
        return
    _show(review, growing)
    review.growing = growing
    layer = review.scene.outlines[growing.image]
    layer.bind_key(TAKE_KEY, lambda _layer: review.run("take_grown"), overwrite=True)
    layer.bind_key(DROP_KEY, lambda _layer: review.run("drop_grown"), overwrite=True)
    review.say(f"{growing.deposit_id or 'New deposit'}: move the slider “Edge at”, then Enter takes the outline and Escape drops it.")


def follow(review: Review) -> None:
    """Update the preview after the slider has moved."""
    if review.growing is not None:
        _show(review, review.growing)


def take(review: Review) -> Done | None:
    """Make the previewed region a step of the review; ``None`` where there is no preview."""
    growing, session = review.growing, review.session
    if growing is None or session is None:
        return None
    drop(review)
    if growing.deposit_id:
        return outlines.grow(session, growing.image, growing.deposit_id, growing.place, review.share)
    return outlines.add(session, growing.image, growing.place, review.share)


def drop(review: Review) -> None:
    """End the preview: the film shows the outlines of the review again."""
    growing, review.growing = review.growing, None
    if growing is None or review.scene is None or growing.image >= len(review.scene.outlines):
        return
    layer = review.scene.outlines[growing.image]
    for key in (TAKE_KEY, DROP_KEY):
        layer.bind_key(key, None)
    review.scene.draw(growing.image)


def _show(review: Review, growing: Growing) -> None:
    if review.session is None or review.scene is None:
        return
    window, numbers = outlines.grown_numbers(review.session, growing.image, growing.place, review.share, growing.deposit_id)
    review.scene.draw(growing.image, window, numbers)
