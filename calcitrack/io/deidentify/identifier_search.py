"""Search for many identifiers in bytes, in each encoding that a header may use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from calcitrack.io.deidentify.identifiers import Identifier, IdentifierKind

ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "iso2022_jp", "iso2022_kr", "gb18030", "iso8859-5", "iso8859-7")
"""Those of DICOM's Specific Character Set (PS3.3, C.12.1.1.2) that give other bytes than these, come with the original bytes of the value."""
FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")
"""A letter with its accent is one character, or two as macOS writes it; a full-width letter or a ligature is a plain one (UAX #15)."""
MOST_BY_CHANCE = {IdentifierKind.NUMBER: 1.0}
MOST_BY_CHANCE_ELSE = 0.01
"""Occurrences that bulk data of this kind would hold by chance, from which on an identifier is not searched for in them: they tell nothing then. A
number or ID that is found is held against the copy although it may be chance; of names and places, of which a file states many, that would withhold
every tenth compressed film."""
LEAST_BULK_BYTES = 3
"""Shorter strings are found in any bulk data."""
EMBEDDED_BYTES = 4
"""A number or ID of this length is found in kept texts also within a longer word: `DR4711X`; a shorter one as a word of its own."""
FULL_WIDTH = {c: c + 0xFEE0 for c in range(0x21, 0x7F)}
"""Latin letters and digits as East Asian systems write them (block Halfwidth and Fullwidth Forms)."""
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

    def in_bulk(self, bulk: Bulk) -> bool:
        """True where it is rare enough by chance to be searched for in these bulk data."""
        most = MOST_BY_CHANCE.get(self.identifier.kind, MOST_BY_CHANCE_ELSE)
        return len(self.content.replace(b"\0", b"")) >= LEAST_BULK_BYTES and bulk.by_chance(self.content) < most

    def count(self, lowered: bytes) -> int:
        """Number of occurrences in lower-case bytes, as a separate word."""
        return len(self.pattern.findall(lowered)) if self.content in lowered else 0

    def at(self, lowered: bytes) -> int:
        """Position of the first occurrence; -1 without one."""
        match = self.pattern.search(lowered) if self.content in lowered else None
        return -1 if match is None else match.start()

    def at_in_bulk(self, bulk: Bulk) -> int:
        """As `at`, in pixel data: bytes beside it are chance there, so that it need not be a word. Parts of a longer UID do not count."""
        at = self.at(bulk.lowered) if self.identifier.kind is IdentifierKind.UID else bulk.lowered.find(self.content)
        return at if at >= 0 and self.in_bulk(bulk) else -1

    def in_text(self, lowered: bytes) -> bool:
        """Whether a text that stays holds it: a number or ID also within a longer word."""
        embedded = self.identifier.kind is IdentifierKind.NUMBER and len(self.content) >= EMBEDDED_BYTES
        return self.content in lowered if embedded else self.at(lowered) >= 0


class Bulk:
    """Pixel data and other bulk in lower case, with the chance of any string in them.

    Neighbouring bytes of pictures are alike, so that chance is that of a chain: how often each byte follows each other one.
    """

    def __init__(self, lowered: bytes) -> None:
        self.lowered = lowered
        self._counts: NDArray[np.int64] | None = None

    def by_chance(self, content: bytes) -> float:
        """Occurrences of a string that are expected by chance.

        Examples
        --------
        >>> round(Bulk(bytes(range(256)) * 4000).by_chance(b"no"), -1)
        4000.0
        >>> Bulk(bytes(10_000)).by_chance(b"4711") < 1e-9
        True
        """
        if self._counts is None:
            values = np.frombuffer(self.lowered, np.uint8).astype(np.int64)
            self._counts = np.bincount(256 * values[:-1] + values[1:], minlength=256 * 256).reshape(256, 256)
        counts, steps = self._counts, len(self.lowered)
        expected = float(counts[content[0]].sum())
        for one, other in pairwise(content):
            # what was never seen may still come: one more of all 256
            expected *= (counts[one, other] + 1 / 256) / (counts[one].sum() + 1) if steps else 0.0
        return float(expected)


def search_terms_of(identifiers: Iterable[Identifier]) -> tuple[SearchTerm, ...]:
    """Search terms of the identifiers, each spelling once."""
    by_content = {n.content: n for i in sorted(identifiers, key=lambda i: (i.text, i.kind)) for n in _search_terms(i)}
    return tuple(by_content.values())


@lru_cache(maxsize=100_000)
def _search_terms(identifier: Identifier) -> tuple[SearchTerm, ...]:
    contents = {identifier.raw} if len(identifier.raw) >= 2 else set()
    text = identifier.text
    spelled = dict.fromkeys(normalize(form, t) for t in (text, text.upper(), text.lower()) for form in FORMS)
    wide = text.translate(FULL_WIDTH)
    for spelling in (*((text,) if text.isascii() else spelled), wide, wide.upper(), wide.lower()):
        for encoding in ENCODINGS:
            try:
                contents.add(spelling.encode(encoding))
            except UnicodeEncodeError:
                continue
    return tuple(SearchTerm(identifier, c, _pattern(identifier, c)) for c in sorted({c.lower() for c in contents if c.strip(b" \0")}))


def _pattern(identifier: Identifier, content: bytes) -> re.Pattern[bytes]:
    """Pattern of the content as a separate word: ANNA is not found in MANNAR, nor 1.2.3 in 1.2.34."""
    word = {IdentifierKind.UID: rb"0-9.", IdentifierKind.PLACE: rb"0-9a-z_"}.get(identifier.kind, rb"0-9a-z")
    if not identifier.text.isascii() or b"\0" in content:
        return re.compile(re.escape(content), re.DOTALL)
    return re.compile(rb"(?<![" + word + rb"])" + re.escape(content) + rb"(?![" + word + rb"])", re.DOTALL)
