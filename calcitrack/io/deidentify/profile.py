"""Actions of DICOM PS3.15 for each attribute: the Basic Profile, with the options that calcitrack applies.

The table ``data/basic_profile.csv`` is table E.1-1 (Basic Profile column); ``benchmarks/make_profile_table.py`` writes it. The options
are rules of this module: Retain Longitudinal Temporal Information With Modified Dates (dates are shifted, times of day stay), Clean Graphics (curves
and overlays go as whole groups, texts of annotations are replaced) and Clean Structured Content (a report keeps its tree without its texts).
"""

from __future__ import annotations

import csv
import importlib.resources
from enum import Enum, auto
from functools import cache

from pydicom.datadict import dictionary_has_tag, keyword_for_tag, tag_for_keyword
from pydicom.tag import BaseTag

from calcitrack.io.deidentify.elements import UNKNOWN


class Action(Enum):
    """Action for an element."""

    KEEP = auto()
    """It stays, byte by byte."""
    REMOVE = auto()
    EMPTY = auto()
    """It stays without a value."""
    DUMMY = auto()
    """A value of the same kind that says nothing."""
    PSEUDONYM = auto()
    """The patient's pseudonym."""
    UID = auto()
    """A new UID, the same wherever the old one stood."""
    SHIFT = auto()
    """A date, moved by the patient's offset."""
    INSIDE = auto()
    """A sequence that stays; each of its items is cleaned."""


METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113103", "Clean Graphics Option"),
    ("113104", "Clean Structured Content Option"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
)
"""De-identification Method Code Sequence (0012,0064), PS3.16, CID 7050."""
CLEAN_PIXELS = ("113101", "Clean Pixel Data Option")
"""Added where text was looked for in the picture and covered."""

PSEUDONYMS = ("PatientID", "PatientName")
BIRTH = ("PatientBirthDate", "PatientBirthTime")
"""Not longitudinal: they say who it is, not when something was seen."""
CLEANED_SEQUENCES = (
    "AcquisitionContextSequence",
    "ContentSequence",
    "GraphicAnnotationSequence",
    "VerifyingObserverSequence",
    "FlowIdentifierSequence",
    "ReferencedPerformedProcedureStepSequence",
)
"""Kept with cleaned items: those of the two cleaning options, and those that the table asks to be replaced and that hold only UIDs and names."""
REPLACED_TEXTS = ("TextValue", "UnformattedTextValue", "TrackingID", "LocalNamespaceEntityID", "UniversalEntityID")
"""Free text that its item must have, or that another attribute of it asks for (a Tracking UID, a type of entity): replaced, wherever it stands."""
GRAPHICS_GROUPS = (0x5000, 0x6000)
"""Curves (50xx) and overlays (60xx), PS3.5, 7.6."""
DATES, FREE_TEXTS = ("DA", "DT"), ("LT", "ST", "UT")
CLASS_UIDS = ("ClassUID", "SyntaxUID", "ClassesInStudy", "SOPClassesSupported", "CodingSchemeUID", "MappingResourceUID", "ContextUID")
"""Ends of keywords whose UIDs name a kind of thing, not a thing."""


@cache
def _table() -> dict[int, str]:
    text = (importlib.resources.files("calcitrack.io.deidentify") / "data" / "basic_profile.csv").read_text(encoding="utf-8")
    return {int(row["tag"], 16): row["action"] for row in csv.DictReader(text.splitlines())}


def listed(tag: int) -> bool:
    """True where table E.1-1 names the attribute."""
    return tag in _table()


def action_for(tag: BaseTag, vr: str) -> Action:
    """Action for an element of this tag and value representation.

    The table leaves a choice (X/Z, X/D, ...) where the kind of object decides whether an attribute may be missing: then the choice that is
    valid in any object is taken, a dummy before an empty value before removal. Attributes that the table does not name stay, but for those that
    no dictionary knows, unlimited free text, names of people and UIDs of things.
    """
    keyword = keyword_for_tag(tag)
    if tag.is_private or tag.element == 0 or tag.group & 0xFF00 in GRAPHICS_GROUPS:
        return Action.REMOVE
    if keyword in PSEUDONYMS:
        return Action.PSEUDONYM
    if keyword not in BIRTH:
        if vr in DATES:
            return Action.SHIFT
        if vr == "TM":
            return Action.KEEP
    if keyword in CLEANED_SEQUENCES:
        return Action.INSIDE
    if keyword in REPLACED_TEXTS:
        return Action.DUMMY
    code = _table().get(int(tag))
    return _not_listed(tag, vr, keyword) if code is None else _listed(code, vr)


def _listed(code: str, vr: str) -> Action:
    if "U" in code or (vr == "UI" and "D" in code):
        return Action.INSIDE if vr == "SQ" else Action.UID
    if "D" in code:
        return Action.DUMMY
    return Action.EMPTY if "Z" in code else Action.REMOVE


def _not_listed(tag: BaseTag, vr: str, keyword: str) -> Action:
    if vr == UNKNOWN or vr in FREE_TEXTS or not dictionary_has_tag(tag):
        return Action.REMOVE
    if vr == "SQ":
        return Action.INSIDE
    if vr in ("PN", "AE"):
        return Action.EMPTY
    if vr == "UI":
        return Action.KEEP if keyword.endswith(CLASS_UIDS) else Action.UID
    return Action.KEEP


def tag_of(keyword: str) -> int:
    """Tag of a keyword of the dictionary."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return tag
