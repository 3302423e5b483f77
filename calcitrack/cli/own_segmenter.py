"""How deposits are found: the segmenter that ``--segmenter MODULE:FUNCTION`` names, or the program's own method."""

from __future__ import annotations

import importlib
import sys
from functools import reduce
from pathlib import Path
from typing import Any

from calcitrack.errors import InvalidValueError
from calcitrack.segment.options import Method, built_in
from calcitrack.segment.own import OwnSegmenter


def chosen_method(method: str | None, segmenter: str | None) -> Method | OwnSegmenter:
    """How deposits are found: by a segmenter of the user's own where one is named, else by the program.

    Raises
    ------
    InvalidValueError
        Both are stated, the program has no such method (any more), or the segmenter cannot be used.
    """
    if segmenter is None:
        return Method.NETWORK if method is None else built_in(method)
    if method is not None:
        raise InvalidValueError(f"one of --method and --segmenter finds the deposits; found --method {method} and --segmenter {segmenter}")
    return own_segmenter(segmenter)


def own_segmenter(address: str) -> OwnSegmenter:
    """Import a segmenter; modules of the current folder are found as well, here and in the processes that measure.

    Parameters
    ----------
    address
        ``MODULE:FUNCTION``, or ``MODULE:OBJECT``.

    Raises
    ------
    InvalidValueError
        It has another form, cannot be imported, or is no segmenter.
    """
    module, _, name = address.partition(":")
    if not (module and name):
        raise InvalidValueError(f"--segmenter is MODULE:FUNCTION, such as my_segmenter:find; found {address!r}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # whatever a user's module raises while it is imported
        problem = f"{type(error).__name__}: {error}"
        raise InvalidValueError(f"--segmenter {address}: {module} cannot be imported ({problem}); start where it lies, or install it") from error
    try:
        segmenter: Any = reduce(_attribute, name.split("."), found)
    except AttributeError as error:
        raise InvalidValueError(f"--segmenter {address}: found no {name} in {found.__file__ or module}; correct the name") from error
    if isinstance(segmenter, type):
        raise InvalidValueError(f"--segmenter {address}: found a class; name an object of it, which is called with a radiograph")
    return OwnSegmenter.of(segmenter)


def _attribute(holder: Any, name: str) -> Any:
    return getattr(holder, name)
