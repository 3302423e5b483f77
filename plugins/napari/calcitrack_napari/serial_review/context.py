"""The widget *Serial review* as its commands, keys and wiring see it, so that none of them imports the widget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Fate
from calcitrack.review.session import Done, ReviewSession
from calcitrack_napari.serial_review.scene import Scene
from calcitrack_napari.serial_review.views import View


@dataclass(frozen=True, slots=True)
class Entries:
    """What stands in the panel's boxes about the selected deposit.

    Parameters
    ----------
    fate
        ``None`` for the fate that follows from the films.
    pattern, comment, relink
        Empty for none.
    """

    fate: Fate | None
    pattern: str
    comment: str
    relink: str


class Review(Protocol):
    """A widget that reviews one timeline.

    Attributes
    ----------
    workspace
        Where the review is kept; ``None`` while no review is open.
    folder
        Of a workspace that the widget opened; ``None`` for a case of a worklist, whose workspace is the worklist's.
    outlining
        Whether the tool *Outline* is in hand.
    done_and_next
        Ends a case of a worklist and opens the next one; ``None`` while no session is open.
    closed
        Whether the viewer has closed the widget.
    """

    viewer: Any
    workspace: Workspace | None
    folder: Path | None
    outlining: bool
    done_and_next: Callable[[], None] | None
    closed: bool

    @property
    def session(self) -> ReviewSession | None:
        """The review; ``None`` while none is open."""
        ...

    @property
    def scene(self) -> Scene | None:
        """Its layers in the viewer; ``None`` while no review is open."""
        ...

    @property
    def image(self) -> int:
        """Film that the reader looks at, position in ``Assessment.images``."""
        ...

    @property
    def deposit_id(self) -> str:
        """The selected deposit; empty for none."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether a review is open."""
        ...

    @property
    def is_docked(self) -> bool:
        """Whether the widget has a place in a window."""
        ...

    @property
    def listed(self) -> Sequence[str]:
        """Deposits of the list, in its order."""
        ...

    @property
    def entries(self) -> Entries:
        """What stands in the boxes."""
        ...

    def run(self, name: str) -> None:
        """Run a command by its name."""

    def took(self, done: Done) -> None:
        """Show a step that the review took."""

    def say(self, words: str, *, wrong: bool = False) -> None:
        """Show one line of words."""

    def show_keys(self) -> None:
        """Show or hide the list of keys."""

    def show_film(self, k: int, view: View | None = None) -> None:
        """Go to a film."""

    def refresh_list(self) -> None:
        """Show the list as the review has it."""

    def select(self, deposit_id: str, *, move: bool = True) -> None:
        """Select a deposit."""

    def pointed(self) -> tuple[int, tuple[int, int]]:
        """Film and (row, column) under the pointer."""
        ...

    def point(self) -> None:
        """The pointer has moved."""

    def click(self, event: Any) -> Iterator[None]:
        """A button of the mouse is pressed on a film, held and released."""
        ...

    def prepare_clicks(self) -> None:
        """Make the film ready to be clicked, in the background."""

    def ask_workspace(self) -> None:
        """Ask for a workspace, and open it."""

    def open_workspace(self, folder: str | Path, assessment_id: str | None = None) -> None:
        """Review an assessment of a workspace."""

    def change_timeline(self, assessment_id: str) -> None:
        """Review another timeline of the workspace."""

    def change_reader(self) -> None:
        """The name of the reader was changed."""

    def ask_measure(self) -> None:
        """Ask for a folder, and measure the opened films into it."""

    def stop_work(self) -> None:
        """End what is measured in the background."""

    def publish(self) -> None:
        """Make the review the version that counts."""

    def ask_export(self) -> None:
        """Ask for a folder, and export results into it."""
