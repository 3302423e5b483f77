"""File names from ids that anybody may have typed: safe on every system, short and unique."""

from __future__ import annotations

import hashlib
import re

MAX_NAME = 80
"""Characters of a made name; with folders and endings the path stays below the 260 of older Windows systems."""
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10))})
"""Device names of Windows, with any ending."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DIGEST_LENGTH = 8


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]


def safe_name(text: str) -> str:
    """A file name without path, control or reserved characters.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        The text itself when it is safe; else its safe characters with a digest of the whole, so that different texts stay different.
    """
    safe = _UNSAFE.sub("_", text).strip("._- ")[:MAX_NAME].rstrip("._- ")
    if safe.split(".")[0].lower() in RESERVED:
        safe = f"_{safe}"
    return safe if safe == text and safe else f"{safe or 'unnamed'}-{_digest(text)}"


class NamesInUse:
    """Allocates safe names, each once, also on file systems that ignore case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def claim(self, text: str, identity: str) -> str:
        """A safe name for `text`; where it is taken, one that carries a digest of `identity` as well."""
        name = safe_name(text)
        step = 0
        while name.lower() in self._taken:
            name = f"{safe_name(text)}-{_digest(f'{identity}{step or str()}')}"
            step += 1
        self._taken.add(name.lower())
        return name
