"""Errors as the user sees them; shared by all commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from calcitrack.cli.exit_codes import ExitCode
from calcitrack.errors import CalcitrackError, CorrectionError, CourseError, ManifestError, NotFoundError, ReadError


@contextmanager
def plain_errors() -> Iterator[None]:
    """One sentence for errors that were foreseen; Ctrl-C without a trace."""
    try:
        yield
    except CalcitrackError as error:
        Console(stderr=True).print(f"calcitrack: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(ExitCode.NOTHING if _is_image_error(error) else ExitCode.USAGE) from error
    except KeyboardInterrupt:
        Console(stderr=True).print("calcitrack: interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _is_image_error(error: CalcitrackError) -> bool:
    return isinstance(error, ReadError) and not isinstance(error, CorrectionError | CourseError | ManifestError | NotFoundError)
