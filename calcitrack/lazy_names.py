"""Names of a package that are imported on first use (PEP 562), so that importing the package costs nothing."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any


def on_first_use(package: str, sources: Mapping[str, tuple[str, ...]]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the ``__getattr__`` and the ``__dir__`` of a package.

    Parameters
    ----------
    package
        Its full name.
    sources
        Module -> the names that are imported from it.

    Returns
    -------
    ``__getattr__``, which imports a name's module when the name is first used, and ``__dir__``, which lists every name, imported or not.
    A name that is a sub-package of `package` stands for that sub-package, as the import system has it (`calcitrack.callable_package`).

    Examples
    --------
    >>> get, names = on_first_use("calcitrack", {"calcitrack.errors": ("ReadError",)})
    >>> get("ReadError")
    <class 'calcitrack.errors.ReadError'>
    >>> "ReadError" in names()
    True
    """
    module_of = {name: module for module, names in sources.items() for name in names}

    def get(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(module_of[name])
        return module if module.__name__ == f"{package}.{name}" else getattr(module, name)

    def names() -> list[str]:
        own = {name for name, value in vars(sys.modules[package]).items() if name.startswith("__") or isinstance(value, ModuleType)}
        return sorted(own | set(module_of))

    return get, names
