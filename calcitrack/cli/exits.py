"""How commands end: exit codes, and foreseen errors as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer
from rich.console import Console

from calcitrack.errors import CalcitrackError, CorrectionError, CourseError, ManifestError, NotFoundError, ReadError


class ExitCode(IntEnum):
    """Exit code of a command. `docs/reference/cli.md` lists the same; a test keeps both in step."""

    DONE = 0
    """Everything that was meant to be measured was measured."""
    UNEXPECTED = 1
    """An unforeseen error; standard error has its trace."""
    USAGE = 2
    """The command cannot be carried out as given: an unknown option, a missing input; a manifest, corrections or results that cannot be used."""
    PARTLY = 3
    """Results were written, but some files or timelines failed, or an output is missing."""
    NOTHING = 4
    """Nothing could be measured."""
    INTERRUPTED = 130
    """Ctrl-C; a line says what was finished and written. Former results are as they were."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """Print a foreseen error as one sentence, and end Ctrl-C without a trace."""
    try:
        yield
    except CalcitrackError as error:
        Console(stderr=True).print(f"calcitrack: {error}", markup=False, emoji=False, highlight=False, soft_wrap=True)
        raise typer.Exit(ExitCode.NOTHING if _is_image_error(error) else ExitCode.USAGE) from error
    except KeyboardInterrupt:
        Console(stderr=True).print("calcitrack: interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _is_image_error(error: CalcitrackError) -> bool:
    return isinstance(error, ReadError) and not isinstance(error, CorrectionError | CourseError | ManifestError | NotFoundError)
