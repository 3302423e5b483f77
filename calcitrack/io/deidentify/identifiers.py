"""Identifiers of a file, collected before it is cleaned, to be searched for in the copy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from pydicom._dicom_dict import DicomDictionary
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from calcitrack.io.deidentify.elements import raw_value, tags_of, vr_of
from calcitrack.io.deidentify.profile import CLASS_UIDS, listed
from calcitrack.io.dicom.anatomy_codes import BODY_PART_CODES, VIEW_MEANINGS
from calcitrack.io.dicom.sop_classes import STANDARD_ROOT


class IdentifierKind(StrEnum):
    """Kind of an identifier."""

    NAME = "name of a person"
    NUMBER = "number or ID"
    PLACE = "institution, station or address"
    BIRTH = "birth date"
    UID = "UID"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier to search for.

    Parameters
    ----------
    text
        The string as a file may hold it.
    kind
        What it identifies.
    raw
        Its bytes in the file, in the file's character set; empty for parts and other spellings.
    """

    text: str
    kind: IdentifierKind
    raw: bytes = b""


@dataclass(slots=True)
class FoundIdentifiers:
    """Identifiers of a file, the number of values too short or too common for a search, and device makers and models in lower case.

    ``short`` are Patient IDs too short for a search, which take kept texts away that hold them as a word.
    ``of_people`` are those of the identifiers that not only a device has.
    """

    identifiers: set[Identifier] = field(default_factory=set)
    of_people: set[Identifier] = field(default_factory=set)
    short: set[str] = field(default_factory=set)
    left_out: int = 0
    makers: set[str] = field(default_factory=set)

    def add(self, other: FoundIdentifiers) -> None:
        """Add the identifiers of another data set."""
        self.identifiers |= other.identifiers
        self.of_people |= other.of_people
        self.makers |= other.makers
        self.short |= other.short
        self.left_out += other.left_out

    def telling(self) -> set[Identifier]:
        """Identifiers, less those of a device alone that also name its maker or model: these stay in files and identify nobody."""
        return {i for i in self.identifiers if i in self.of_people or not self._names_a_maker(i.text)}

    def _names_a_maker(self, text: str) -> bool:
        word = re.compile(rf"(?<![0-9a-z]){re.escape(text.lower())}(?![0-9a-z])")
        return any(word.search(maker) for maker in self.makers)


PLACES = (
    "InstitutionName",
    "InstitutionAddress",
    "InstitutionalDepartmentName",
    "StationName",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "ReferringPhysicianAddress",
    "ReferringPhysicianTelephoneNumbers",
    "RequestingService",
    "CurrentPatientLocation",
    "PatientInstitutionResidence",
    "RegionOfResidence",
    "ResponsibleOrganization",
    "CustodialOrganizationSequence",
    "PerformedStationAETitle",
    "VerifyingOrganization",
)
MAKERS = ("Manufacturer", "ManufacturerModelName")
OF_DEVICES = ("Station", "Device", "Detector", "Plate", "Cassette", "Gantry", "Scanner", "Grid")
"""Words in keywords whose values say which device it was; many stations are named after their maker."""
NUMBER_ENDS = ("ID", "IDs", "Number", "Identifier", "RecordLocator")
"""Ends of keywords that the profile names and whose values are numbers of a person, an order, a device, a plate."""
LEAST_LETTERS, LEAST_DIGITS, LEAST_UID = 3, 4, 8
"""Characters below which a name or ID, a number, a UID is not searched for: it would be found by chance."""
NO_NAMES = frozenset(
    {"anonymous", "anonymized", "anonymised", "anonym", "anon", "unknown", "none", "test", "demo", "phantom", "example", "sample", "removed"}
)
"""Placeholders where no name is stated."""
NAME_BREAK = re.compile(r"[\^=\s,;\\_./]+")


@cache
def common_words() -> frozenset[str]:
    """Words of the DICOM dictionaries and body parts: headers hold them whoever the patient is."""
    names = [entry[2] for entry in DicomDictionary.values()] + [entry[0] for entry in UID_dictionary.values()]
    return NO_NAMES | {w.lower() for n in (*names, *BODY_PART_CODES.values(), *VIEW_MEANINGS) for w in re.findall(r"[A-Za-z]{3,}", n)}


def collect(dataset: Dataset) -> FoundIdentifiers:
    """Collect the identifiers of a data set, also from sequences and private elements, which cleaning removes."""
    found = FoundIdentifiers()
    for tag, vr, raw, value in _values(dataset):
        of_this = FoundIdentifiers()
        for text in value:
            _collect(of_this, tag, vr, text, raw)
        if not any(word in keyword_for_tag(tag) for word in OF_DEVICES):
            of_this.of_people |= of_this.identifiers
        found.add(of_this)
    return found


def _collect(found: FoundIdentifiers, tag: BaseTag, vr: str, text: str, raw: bytes) -> None:
    keyword = keyword_for_tag(tag)
    text = text.strip(" \0")
    if not text:
        return
    if keyword in MAKERS:
        found.makers.add(text.lower())
    elif vr == "PN":
        _add_name(found, text, raw)
    elif vr == "UI":
        if not text.startswith(STANDARD_ROOT) and not keyword.endswith(CLASS_UIDS):
            _add(found, Identifier(text, IdentifierKind.UID, raw), len(text) >= LEAST_UID)
    elif keyword == "PatientBirthDate":
        _add_birth(found, text)
    elif keyword in PLACES:
        _add(found, Identifier(text, IdentifierKind.PLACE, raw), len(text) >= LEAST_LETTERS and text.lower() not in common_words())
    elif listed(tag) and vr in ("SH", "LO", "UC") and keyword.endswith(NUMBER_ENDS):
        least = LEAST_DIGITS if text.isdigit() else LEAST_LETTERS
        common = text.lower() in common_words()
        _add(found, Identifier(text, IdentifierKind.NUMBER, raw), len(text) >= least and not common)
        if keyword == "PatientID" and len(text) < least and not common:
            found.short.add(text.lower())


def _add(found: FoundIdentifiers, identifier: Identifier, worthwhile: bool) -> None:
    if worthwhile:
        found.identifiers.add(identifier)
    else:
        found.left_out += 1


def _add_name(found: FoundIdentifiers, text: str, raw: bytes) -> None:
    """Complete name in each spelling, and each part that is no common word."""
    for group in text.split("="):
        parts = [p for p in NAME_BREAK.split(group) if p]
        if not parts:
            continue
        spellings = {group.strip("^ ")}
        if len(parts) > 1:
            family, given = parts[0], parts[1]
            spellings |= {"^".join(parts), " ".join(parts), f"{given} {family}", f"{family}, {given}", f"{family}_{given}", f"{given}_{family}"}
            spellings |= {family + given, given + family}
        for spelling in spellings:
            uncommon = not all(p.lower() in common_words() for p in parts)
            _add(found, Identifier(spelling, IdentifierKind.NAME, raw if spelling == text else b""), len(spelling) >= LEAST_LETTERS and uncommon)
        for part in parts:
            _add(found, Identifier(part, IdentifierKind.NAME), len(part) >= _least(part) and part.lower() not in common_words())


def _least(part: str) -> int:
    """Least length of a name in ideographs: two are a complete name."""
    if part.isdigit():
        return LEAST_DIGITS
    return LEAST_LETTERS if part.isascii() else 2


def _add_birth(found: FoundIdentifiers, text: str) -> None:
    digits = re.sub(r"\D", "", text)
    if len(digits) != 8:
        found.left_out += 1
        return
    year, month, day = digits[:4], digits[4:6], digits[6:]
    european, american = (f"{day}.{month}.{year}", f"{day}/{month}/{year}"), (f"{month}/{day}/{year}", f"{month}-{day}-{year}")
    for spelling in (digits, f"{year}-{month}-{day}", f"{year}.{month}.{day}", *european, *american):
        found.identifiers.add(Identifier(spelling, IdentifierKind.BIRTH))


def _values(dataset: Dataset) -> Iterator[tuple[BaseTag, str, bytes, tuple[str, ...]]]:
    """Texts of each element, with its raw bytes where they are still available; items of sequences included."""
    for tag in tags_of(dataset):
        vr, raw = vr_of(dataset, tag), raw_value(dataset, tag)
        if vr not in _SEARCHED:
            continue
        try:
            value = dataset[tag].value
        except Exception:  # pydicom converts on access and raises many kinds; such an element is removed
            value = raw.decode("latin-1")
        if isinstance(value, Sequence):
            for item in value:
                yield from _values(item)
        elif value is not None:
            several = list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]
            yield tag, vr, raw.strip(b" \0"), tuple(str(v) for v in several)


_SEARCHED = ("PN", "UI", "DA", "SH", "LO", "UC", "ST", "LT", "AE", "SQ")
