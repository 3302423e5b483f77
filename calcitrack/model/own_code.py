"""What is known of code that a user plugs in: where it lives and in which state, so that a result tells which code made it."""

from __future__ import annotations

import functools
import hashlib
import inspect
import marshal
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

from calcitrack.errors import InvalidValueError


@dataclass(frozen=True, slots=True)
class CodeIdentity:
    """What tells one plugged-in function or object from another.

    Parameters
    ----------
    name
        Of the function or, of an object, of its class, as its module knows it.
    module
        Where it is defined.
    version
        What its attribute ``version`` states; empty where there is none.
    source_sha256
        Of the module's file, or of the function's byte code where there is no file.
    state
        What it holds beside its code: arguments of a `functools.partial`, defaults of a function, fields of a dataclass.
    """

    name: str
    module: str
    version: str = ""
    source_sha256: str = ""
    state: str = ""

    @property
    def address(self) -> str:
        """``module:name``, as the command line takes it."""
        return f"{self.module}:{self.name}"


def identify(code: Callable[..., Any], role: str) -> CodeIdentity:
    """What tells this code from other code.

    Parameters
    ----------
    code
        A function, a method, a `functools.partial` of one, or an object that is called.
    role
        What it stands for, for messages: ``segmenter``.

    Raises
    ------
    InvalidValueError
        It holds something that cannot be told apart by its code, and states no version.

    Examples
    --------
    >>> import os.path
    >>> identify(os.path.basename, "example").name
    'basename'
    """
    inner = code
    state: list[str] = []
    while isinstance(inner, functools.partial):
        state.append(repr((inner.args, sorted(inner.keywords.items()))))
        inner = inner.func
    version = str(getattr(code, "version", "") or getattr(inner, "version", ""))
    owner: Any = inner
    if isinstance(inner, FunctionType):
        if inner.__closure__ and not version:
            raise InvalidValueError(_unknown(role, inner.__qualname__, "uses variables of the function around it", "take them as arguments"))
        state += [repr(d) for d in (inner.__defaults__, inner.__kwdefaults__) if d]
    elif isinstance(inner, MethodType):
        state += _state_of(inner.__self__, version, role)
    elif not inspect.isbuiltin(inner):
        owner = type(inner)
        state += _state_of(inner, version, role)
    return CodeIdentity(owner.__qualname__, owner.__module__, version, _source_sha256(owner), " ".join(state))


def _state_of(holder: object, version: str, role: str) -> list[str]:
    """What an object holds, in words that are the same in every process."""
    if is_dataclass(holder):
        return [repr(holder)]
    if version or isinstance(holder, type) or not getattr(holder, "__dict__", None):
        return []
    raise InvalidValueError(_unknown(role, type(holder).__qualname__, "is an object with attributes", "make its class a frozen dataclass"))


def _unknown(role: str, name: str, problem: str, action: str) -> str:
    return f"the {role} {name} {problem}, which a result could not tell from another one; give it an attribute `version`, or {action}"


def _source_sha256(owner: Any) -> str:
    try:
        file = inspect.getsourcefile(inspect.unwrap(owner) if isinstance(owner, FunctionType) else owner)
        if file and Path(file).is_file():
            return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except (OSError, TypeError):
        pass
    code = getattr(owner, "__code__", None)
    return "" if code is None else hashlib.sha256(marshal.dumps(code)).hexdigest()
