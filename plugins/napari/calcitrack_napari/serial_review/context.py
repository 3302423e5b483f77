"""The widget *Serial review* as its commands, keys and wiring see it, so that none of them imports the widget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Fate
from calcitrack.review.session import Done, ReviewSession
from calcitrack_napari.serial_review.scene import Scene
from calcitrack_napari.serial_review.views import View


@dataclass(frozen=True, slots=True)
class Growing:
    """A region that is previewed and not yet part of the review.

    Parameters
    ----------
    image
        Film, position in ``Assessment.images``.
    place
        (row, column) of the click.
    deposit_id
        The deposit that grows; empty for a new one.
    """

    image: int
    place: tuple[int, int]
    deposit_id: str


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
    growing
        The region that is previewed; ``None`` for none.
    done_and_next
        Ends a case of a worklist and opens the next one; ``None`` while no session is open.
    closed
        Whether the viewer has closed the widget.
    """

    viewer: Any
    workspace: Workspace | None
    folder: Path | None
    growing: Growing | None
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

    @property
    def share(self) -> float:
        """Share of the contrast at which the outline of a growing region lies."""
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

    def follow_edge(self) -> None:
        """The slider of a growing region has moved."""

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
