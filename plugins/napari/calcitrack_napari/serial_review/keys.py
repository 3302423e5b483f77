"""Keys of the commands, and which open widget they act on. napari knows them, so that *Preferences > Shortcuts* lists and changes them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from napari.components.viewer_model import ViewerModel
from napari.settings import get_settings
from napari.utils.action_manager import action_manager

from calcitrack_napari.serial_review.context import Review


@dataclass(frozen=True, slots=True)
class Command:
    """A command that has a key.

    Parameters
    ----------
    name
        Key of `calcitrack_napari.serial_review.commands.DO`.
    key
        Default shortcut, as napari writes it; none that napari itself uses for the viewer, images or labels.
    words
        What it does.
    """

    name: str
    key: str
    words: str

    @property
    def action(self) -> str:
        """Name of the command in napari."""
        return f"calcitrack:{self.name}"


COMMANDS = (
    Command("accept", "A", "accept the deposit at all visits, or make a deposit of a possible one; go on"),
    Command("reject", "R", "reject the deposit at all visits, or dismiss a possible one; go on"),
    Command("accept_here", "Shift-A", "accept it on this film only, and go on"),
    Command("reject_here", "Shift-R", "reject it on this film only, and go on"),
    Command("next_deposit", "N", "next deposit"),
    Command("previous_deposit", "Shift-N", "previous deposit"),
    Command("next_visit", ".", "next visit"),
    Command("previous_visit", ",", "previous visit"),
    Command("undo", "U", "undo the last step"),
    Command("redo", "Shift-U", "do it again"),
    Command("outline", "I", "outline with clicks: a missed deposit, or with Shift more of the selected one; drag up or down for another size"),
    Command("fill", "K", "fill the holes of the deposit"),
    Command("split", "T", "split the deposit"),
    Command("merge", "W", "merge the deposit under the pointer into the selected one"),
    Command("erase", "Shift-K", "take the outline away from this film"),
    Command("flicker", "S", "flicker between this visit and the one before"),
    Command("difference", "D", "show or hide the difference from the visit before"),
    Command("outlines", "Q", "show or hide outlines"),
    Command("anatomy", "Shift-Q", "show or hide the contours of limb and bone"),
    Command("cursor", "Shift-S", "show or hide the cursor on the other visits"),
    Command("whole", "Shift-W", "show the whole films"),
    Command("done", "Shift-D", "worklist: this case is done, go on to the next one"),
    Command("help", "H", "show or hide this list"),
)

_open: list[weakref.ReferenceType[Review]] = []


def register(widget: Review) -> None:
    """Bind the keys, and let them act on this widget until another one is opened."""
    _open.append(weakref.ref(widget))
    for command in COMMANDS:
        if command.action not in action_manager._actions:  # noqa: SLF001 napari has no other way to ask
            action_manager.register_action(command.action, _call(command.name), f"calcitrack: {command.words}", ViewerModel)
        if not action_manager._shortcuts[command.action]:  # noqa: SLF001 as above
            for key in get_settings().shortcuts.shortcuts.get(command.action, [command.key]):
                action_manager.bind_shortcut(command.action, key)


def opened() -> Iterator[Review]:
    """Widgets that are not closed, the one that was opened last first."""
    for reference in reversed(_open):
        widget = reference()
        if widget is not None and not widget.closed:
            yield widget


def docked() -> Review | None:
    """The widget that was opened last and is docked in a window; ``None`` for none."""
    return next((w for w in opened() if w.is_docked), None)


def open_in(viewer: Any) -> Review | None:
    """The widget with an open review beside this viewer, the one that was opened last; ``None`` for none."""
    return next((w for w in opened() if w.is_open and _bare(w.viewer) is _bare(viewer)), None)


def _bare(viewer: Any) -> Any:
    """The viewer itself, without the proxy that napari gives to plugins."""
    return getattr(viewer, "__wrapped__", viewer)


def shortcuts() -> Iterator[tuple[str, str]]:
    """(key, what it does) of every command, as bound now."""
    for command in COMMANDS:
        bound = action_manager._shortcuts[command.action]  # noqa: SLF001 as above
        yield ", ".join(str(key) for key in bound).replace("+", "-") or "no key", command.words


def _call(name: str) -> Any:
    def command(viewer: ViewerModel) -> None:  # noqa: ARG001 napari passes it by this name
        for widget in opened():
            if widget.is_open:
                widget.run(name)
                return

    command.__name__ = name
    return command
