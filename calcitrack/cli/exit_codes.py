"""What the program tells the shell. `docs/reference/cli.md` lists the same; a test keeps the two in step."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    """Everything that was meant to be measured was measured."""
    UNEXPECTED = 1
    """An error that nobody foresaw; its trace is on the standard error stream."""
    USAGE = 2
    """The command cannot be carried out as given: an unknown option, a missing input; a manifest, corrections or results that cannot be used."""
    PARTLY = 3
    """Results were written, but some files or timelines failed, or an output is missing."""
    NOTHING = 4
    """Nothing could be measured."""
    INTERRUPTED = 130
    """Ctrl-C; a line says what was finished and written. Former results are as they were."""
