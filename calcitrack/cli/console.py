"""What all commands show on standard error while they work: a progress bar, and lines of text."""

from __future__ import annotations

import datetime as dt
import math

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

SPEED_OVER_S = 600.0
"""Window of the speed estimate, s: a timeline with many films takes minutes."""


class TimeLeft(ProgressColumn):
    """Time left at the speed of the last ten minutes; empty while it is not known."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """Text for a task."""
        left = task.time_remaining
        if task.finished or left is None:
            return Text("")
        return Text(f"about {dt.timedelta(seconds=math.ceil(left))} left", style="progress.remaining")


def progress_bar(*, hidden: bool) -> Progress:
    """Bar with description, count, elapsed time and time left, for a ``with`` block; it disappears at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeLeft())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden, speed_estimate_period=SPEED_OVER_S)


def tell(text: str, console: Console | None = None) -> None:
    """Print a line on standard error.

    Parameters
    ----------
    console
        Console of a progress bar, which keeps the line above the bar; ``None`` where no bar is shown.
    """
    (console or Console(stderr=True)).print(f"calcitrack: {text}", markup=False, emoji=False, highlight=False, soft_wrap=True)
