"""The progress bar of all commands: on standard error, gone when it is done."""

from __future__ import annotations

import datetime as dt
import math

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

SPEED_OVER_S = 600.0
"""What is left is estimated from the last ten minutes: a timeline with many films takes minutes."""


class TimeLeft(ProgressColumn):
    """How long it will take to the end, at the speed of the last ten minutes; nothing where there is no telling."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """Text for a task."""
        left = task.time_remaining
        if task.finished or left is None:
            return Text("")
        return Text(f"about {dt.timedelta(seconds=math.ceil(left))} left", style="progress.remaining")


def progress_bar(*, hidden: bool) -> Progress:
    """A bar with description, count, elapsed time and time left, for a ``with`` block."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeLeft())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden, speed_estimate_period=SPEED_OVER_S)
