"""What `measure` says of a workspace: which timelines it takes from there, why it measures others again, and how to go on after an interruption."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from calcitrack.io.workspace import KeptRun
from calcitrack.model.display import counted

MOST_REASONS = 5
"""Reasons shown; the JSON summary has all of them."""


def same_command() -> str:
    """Command that goes on where this run stops: the one that was given, without `--again`."""
    words = ["calcitrack", *(word for word in sys.argv[1:] if word != "--again")]
    return _quoted(words)


def using_manifest(command: str, manifest: str) -> str:
    """The same command with a manifest.

    Examples
    --------
    >>> using_manifest("calcitrack measure films --out results", "films/manifest.csv")
    'calcitrack measure films --out results --manifest films/manifest.csv'
    """
    return f"{command or 'calcitrack measure ...'} --manifest {_quoted([manifest])}"


def _quoted(words: list[str]) -> str:
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def kept_sentences(kept: KeptRun, timelines: int) -> Iterator[str]:
    """Sentences on what is taken from the workspace, and on why other timelines are measured again; none for a new workspace."""
    left = len(kept.left)
    if kept.on_record:
        was, it_is = ("was", "is") if kept.on_record == 1 else ("were", "are")
        sentence = f"{was} measured before with the same files and settings and {it_is} taken from the workspace"
        rest = f"{counted(left, 'is', 'are')} left to measure" if left else "nothing is measured again"
        yield f"{kept.on_record} of {counted(timelines, 'timeline')} {sentence}; {rest}"
    for reason, number in list(kept.reasons.items())[:MOST_REASONS]:
        yield f"{counted(number, 'timeline is', 'timelines are')} measured again: {reason}"
    hidden = sum(list(kept.reasons.values())[MOST_REASONS:])
    if hidden:
        yield f"{counted(hidden, 'more timeline is', 'more timelines are')} measured again, for other reasons"


def kept_json(kept: KeptRun, folder: Path | None) -> dict[str, object]:
    """The same for machines."""
    again = [{"reason": reason, "timelines": number} for reason, number in kept.reasons.items()]
    return {"folder": str(folder), "taken": kept.on_record, "measured": len(kept.left), "again": again}
