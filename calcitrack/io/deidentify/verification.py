"""Check that no identifier remains: reads the written bytes, independently of how they were cleaned."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from calcitrack.io.deidentify.identifier_search import Bulk, SearchTerm, search_terms_of
from calcitrack.io.deidentify.identifiers import MAKERS, Identifier, IdentifierKind
from calcitrack.io.dicom.parse import DEFLATED_UID, META_GROUP_LENGTH_BYTES, META_SEARCH_BYTES, PREAMBLE_BYTES, PREFIX
from calcitrack.io.files.library_warnings import collected_warnings

BULK_VRS = ("OB", "OW", "OF", "OD", "OL", "OV", "UN")
BULK_BYTES = 256
"""Binary values of this size or more are bulk: a short word is found in them by chance."""
HEADER, PIXELS, FILE_NAME = "header", "pixel data", "file name"
_UID = re.compile(rb"[0-9]+(?:\.[0-9]+){3,}")
VALUE_VRS = ("DS", "IS", "TM", "DA", "DT", "UI")
"""Values in which short digits mean something else than an ID."""


@dataclass(frozen=True, slots=True)
class Others:
    """Identifiers of the other files of a run.

    Parameters
    ----------
    search_terms
        Names, IDs and places.
    uids
        UIDs, as a set for look-up: each file has one or more.
    """

    search_terms: tuple[SearchTerm, ...] = ()
    uids: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, identifiers: Iterable[Identifier]) -> Others:
        """Built from the identifiers of all files, less birth dates and plain numbers: these may equal another patient's shifted date or a value."""
        searchable = [i for i in identifiers if i.kind is not IdentifierKind.BIRTH and not i.text.isdigit()]
        return cls(
            search_terms_of(i for i in searchable if i.kind is not IdentifierKind.UID),
            frozenset(i.text.encode() for i in searchable if i.kind is IdentifierKind.UID and i.text.isascii()),
        )


@dataclass(frozen=True, slots=True)
class RemainingIdentifier:
    """An identifier that a copy still holds; its text is not kept.

    Parameters
    ----------
    kind
        What it identifies.
    place
        ``header``, ``pixel data`` or ``file name``.
    offset
        Byte offset in that part.
    """

    kind: IdentifierKind
    place: str
    offset: int

    def __str__(self) -> str:
        return f"a {self.kind} in the {self.place} (byte {self.offset})"


def remaining_identifiers(content: bytes, name: str, own: Sequence[SearchTerm], others: Others) -> tuple[RemainingIdentifier, ...]:
    """Identifiers found anywhere in a written file.

    Parameters
    ----------
    content
        The file, as it is on disk.
    name
        Its path below the output folder.
    own
        Search terms of the file itself: searched for in every byte, also of pixel data as far as chance allows.
    others
        Identifiers of the other files of the run: searched for outside bulk data.
    """
    header, bulk_bytes, values, texts = _parts(content)
    bulk = Bulk(bulk_bytes)
    path = name.lower().encode()
    found = []
    for term in dict.fromkeys((*own, *others.search_terms)):
        at = term.at(header)
        if at >= 0 and not (term.may_be_a_value and term.count(header) <= term.count(values)):
            found.append(RemainingIdentifier(term.identifier.kind, HEADER, at))
        if (at := term.at(path)) >= 0:
            found.append(RemainingIdentifier(term.identifier.kind, FILE_NAME, at))
    found += [RemainingIdentifier(IdentifierKind.UID, HEADER, m.start()) for m in _UID.finditer(header) if m.group() in others.uids]
    found += [RemainingIdentifier(n.identifier.kind, PIXELS, at) for n in own if (at := n.at_in_bulk(bulk)) >= 0]
    found += [RemainingIdentifier(n.identifier.kind, HEADER, header.find(text)) for n in own for text in texts if n.in_text(text)]
    return tuple(dict.fromkeys(found))


def _parts(content: bytes) -> tuple[bytes, bytes, bytes, tuple[bytes, ...]]:
    """(data outside bulk, bulk data, values outside bulk whose digits mean something else, texts of the maker), each in lower case."""
    bulk, values, texts = [], [], []
    header = _inflated(content)
    with collected_warnings():
        for element in _all(pydicom.dcmread(BytesIO(content), force=True)):
            value = element.value
            if element.VR in BULK_VRS and isinstance(value, bytes) and len(value) >= BULK_BYTES:
                header = header.replace(value, b"\n")
                bulk.append(value)
            elif element.VR in VALUE_VRS and value is not None:
                values.append(str(value).replace("'", " ").encode())
            elif element.keyword in MAKERS and value:
                texts.append(str(value).encode())
    return header.lower(), b"\n".join(bulk).lower(), b"\n".join(values).lower(), tuple(text.lower() for text in texts)


def _inflated(content: bytes) -> bytes:
    """Inflated bytes of a deflated data set; others unchanged."""
    if DEFLATED_UID not in content[:META_SEARCH_BYTES] or content[PREAMBLE_BYTES : PREAMBLE_BYTES + 4] != PREFIX:
        return content
    start = PREAMBLE_BYTES + len(PREFIX)
    body = start + META_GROUP_LENGTH_BYTES + int.from_bytes(content[start + 8 : start + META_GROUP_LENGTH_BYTES], "little")
    return content[:body] + zlib.decompressobj(-zlib.MAX_WBITS).decompress(content[body:])


def _all(dataset: Dataset) -> Iterator[DataElement]:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _all(item)
        else:
            yield element
