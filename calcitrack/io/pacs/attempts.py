"""Repeated attempts, at growing intervals, where they may help."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import TypeVar

from calcitrack.errors import PacsUnreachableError
from calcitrack.io.pacs.options import PacsOptions

T = TypeVar("T")


def persistently(ask: Callable[[], T], options: PacsOptions, *, went_on: Callable[[], bool] = bool) -> T:
    """Ask, and ask again while the server does not answer. Refusals and unusable answers are not asked for twice.

    Parameters
    ----------
    ask
        May be called several times.
    went_on
        Tells whether there was progress since its last call: attempts are counted from the last progress.

    Raises
    ------
    PacsError
        That of the last attempt.
    """
    failed = 0
    while True:
        try:
            return ask()
        except PacsUnreachableError:
            failed = 1 if went_on() else failed + 1
            if failed >= options.attempts:
                raise
            sleep(options.first_wait_s * 2 ** (failed - 1))
