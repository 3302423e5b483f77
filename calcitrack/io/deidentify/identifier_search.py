"""Search for many identifiers in bytes, in each encoding that a header may use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from unicodedata import normalize

from calcitrack.io.deidentify.identifiers import Identifier, IdentifierKind

ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "iso2022_jp", "iso2022_kr", "gb18030", "iso8859-5", "iso8859-7")
"""Those of DICOM's Specific Character Set (PS3.3, C.12.1.1.2) that give other bytes than these, come with the original bytes of the value."""
FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
"""A letter with its accent is one character, or two as macOS writes it (UAX #15)."""
LONG_BYTES = 8
"""From this length on, an identifier is also searched for in pixels and other bulk: by chance it is found there once in 10^19 places."""
NUMERIC_BYTES = 8
"""Plain numbers shorter than this may be a time of day or a measured value as well."""


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """One byte spelling of an identifier; ASCII letters are in lower case."""

    identifier: Identifier
    content: bytes
    pattern: re.Pattern[bytes]

    @property
    def may_be_a_value(self) -> bool:
        """True where a measured value or a time may consist of the same digits."""
        return self.content.isdigit() and len(self.content) < NUMERIC_BYTES

    @property
    def in_bulk(self) -> bool:
        """True where it is long enough to be searched for in pixel data."""
        return len(self.content.replace(b"\0", b"")) >= LONG_BYTES

    def count(self, lowered: bytes) -> int:
        """Number of occurrences in lower-case bytes, as a separate word."""
        return len(self.pattern.findall(lowered)) if self.content in lowered else 0

    def at(self, lowered: bytes) -> int:
        """Position of the first occurrence; -1 without one."""
        match = self.pattern.search(lowered) if self.content in lowered else None
        return -1 if match is None else match.start()

    def at_in_bulk(self, lowered: bytes) -> int:
        """As `at`, in pixel data: bytes beside it are chance there, so that it need not be a word. Parts of a longer UID do not count."""
        return self.at(lowered) if self.identifier.kind is IdentifierKind.UID else lowered.find(self.content)


def search_terms_of(identifiers: Iterable[Identifier]) -> tuple[SearchTerm, ...]:
    """Search terms of the identifiers, each spelling once."""
    by_content = {n.content: n for i in sorted(identifiers, key=lambda i: (i.text, i.kind)) for n in _search_terms(i)}
    return tuple(by_content.values())


@lru_cache(maxsize=100_000)
def _search_terms(identifier: Identifier) -> tuple[SearchTerm, ...]:
    contents = {identifier.raw} if len(identifier.raw) >= 2 else set()
    text = identifier.text
    cases = (text,) if text.isascii() else dict.fromkeys(normalize(form, t) for t in (text, text.upper(), text.lower()) for form in FORMS)
    for text in cases:
        for encoding in ENCODINGS:
            try:
                contents.add(text.encode(encoding))
            except UnicodeEncodeError:
                continue
    return tuple(SearchTerm(identifier, c, _pattern(identifier, c)) for c in sorted({c.lower() for c in contents if c.strip(b" \0")}))


def _pattern(identifier: Identifier, content: bytes) -> re.Pattern[bytes]:
    """Pattern of the content as a separate word: ANNA is not found in MANNAR, nor 1.2.3 in 1.2.34."""
    word = {IdentifierKind.UID: rb"0-9.", IdentifierKind.PLACE: rb"0-9a-z_"}.get(identifier.kind, rb"0-9a-z")
    if not identifier.text.isascii() or b"\0" in content:
        return re.compile(re.escape(content), re.DOTALL)
    return re.compile(rb"(?<![" + word + rb"])" + re.escape(content) + rb"(?![" + word + rb"])", re.DOTALL)
