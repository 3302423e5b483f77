"""A marked block of a Markdown page that a command keeps up to date; people write the rest."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from calcitrack.errors import ResultsError


def check_block(path: str | PathLike[str], name: str) -> None:
    """Check that the page can be read and has the marked part, before its content is computed.

    Raises
    ------
    ResultsError
        The page cannot be read, or does not have each marker once, in their order.
    """
    _split(_read(Path(path)), name, Path(path))


def replace_block(path: str | PathLike[str], name: str, content: str) -> None:
    """Replace the text between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``; the rest of the page stays unchanged.

    Raises
    ------
    ResultsError
        As `check_block`; or the page cannot be written.
    """
    page = Path(path)
    before, after = _split(_read(page), name, page)
    begin, end = _markers(name)
    try:
        page.write_text(f"{before}{begin}\n\n{content.strip()}\n\n{end}{after}", encoding="utf-8", newline="\n")
    except OSError as error:
        raise ResultsError(f"{page}: cannot be written ({error.strerror}); name a page that can be changed") from error


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def _read(page: Path) -> str:
    try:
        return page.read_text(encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"{page}: cannot be read ({error.strerror}); name a page that exists") from error
    except UnicodeDecodeError as error:
        raise ResultsError(f"{page}: found bytes that are no UTF-8; expected a Markdown page; name another file") from error


def _split(text: str, name: str, page: Path) -> tuple[str, str]:
    """(before the first marker, after the second one)."""
    begin, end = _markers(name)
    counts = text.count(begin), text.count(end)
    if counts != (1, 1) or text.index(begin) > text.index(end):
        raise ResultsError(
            f"{page}: found {counts[0]} of {begin} and {counts[1]} of {end}; expected each once, in this order; put them into the page"
        )
    return text[: text.index(begin)], text[text.index(end) + len(end) :]
