"""What `measure` says about a workspace: what was taken from it, why timelines are measured again, and how to go on."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from calcitrack.io.workspace import KeptRun

MOST_REASONS = 5
"""Reasons that are said; all of them are in the summary for machines."""


def tell(text: str, console: Console | None = None) -> None:
    """A line on standard error.

    Parameters
    ----------
    console
        That of a progress bar, above which the line is put; none is shown when ``None``.
    """
    (console or Console(stderr=True)).print(f"calcitrack: {text}", markup=False, highlight=False, soft_wrap=True)


def same_command() -> str:
    """What to type to go on where this run stops: the command as it was given, without asking to measure everything again."""
    words = ["calcitrack", *(word for word in sys.argv[1:] if word != "--again")]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def kept_sentences(kept: KeptRun, timelines: int) -> Iterator[str]:
    """What is taken from the workspace, and why others that were measured before are not; nothing in a new workspace."""
    left = len(kept.left)
    if kept.on_record:
        was, it_is = ("was", "is") if kept.on_record == 1 else ("were", "are")
        said = f"{was} measured before with the same files and settings and {it_is} taken from the workspace"
        rest = f"{left} {'is' if left == 1 else 'are'} left to measure" if left else "nothing is measured again"
        yield f"{kept.on_record} of {timelines} timelines {said}; {rest}"
    for reason, number in list(kept.reasons.items())[:MOST_REASONS]:
        yield f"{number} {'timeline is' if number == 1 else 'timelines are'} measured again: {reason}"
    hidden = sum(list(kept.reasons.values())[MOST_REASONS:])
    if hidden:
        yield f"{hidden} more {'timeline is' if hidden == 1 else 'timelines are'} measured again, for other reasons"


def kept_json(kept: KeptRun, folder: Path | None) -> dict[str, object]:
    """The same for machines."""
    again = [{"reason": reason, "timelines": number} for reason, number in kept.reasons.items()]
    return {"folder": str(folder), "taken": kept.on_record, "measured": len(kept.left), "again": again}
