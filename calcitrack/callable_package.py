"""Packages that are called like the verb they hold.

`calcitrack.assess` names a package and a function at once. Python's import system sets the attribute ``assess`` of `calcitrack` to the package
as soon as any module of it is imported, so a function of that name would be there or not, depending on what was imported before. Here the package
itself is what a caller gets, always: ``assess(timeline)`` calls its function, and ``assess.revise`` is its module.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


class CallablePackage(ModuleType):
    """A package that is called like the function that has its name: ``calcitrack.measure(...)`` is ``calcitrack.measure.measure(...)``.

    `inspect.signature`, `help` and IPython show the function's signature and docstring. A copy is the package itself, and it pickles by its name.
    """

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """The function; `inspect.signature` looks here."""
        verb: Callable[..., Any] = getattr(self, self.__name__.rpartition(".")[2])
        return verb

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        """What the package is, and then its function's signature and docstring."""
        verb = self.__wrapped__
        return f"{vars(self)['__doc__']}\n\n{verb.__name__}{inspect.signature(verb)}\n\n{inspect.getdoc(verb)}\n"

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the package's function."""
        return self.__wrapped__(*args, **options)

    def __reduce__(self) -> tuple[Callable[[str], ModuleType], tuple[str]]:
        return importlib.import_module, (self.__name__,)


def make_callable(package: str) -> None:
    """Make a package callable; its ``__init__`` does so in its last line.

    Parameters
    ----------
    package
        Its full name. It has a function with the last part of that name.

    Examples
    --------
    >>> import calcitrack.measure
    >>> calcitrack.measure.__wrapped__.__name__
    'measure'
    """
    sys.modules[package].__class__ = CallablePackage
