"""Query to a PACS: its fields, its text form in an address, and what matches it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from urllib.parse import parse_qsl

from calcitrack.errors import InvalidValueError, PacsError
from calcitrack.io.dicom.header import parse_date

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
MAX_UID = 64
"""Characters of a UID (PS3.5, 9.1)."""
MAX_TEXT = 64
"""Characters of a Patient ID (LO, PS3.5, table 6.2-1); accession numbers, modalities and body parts have 16."""
_DATES = re.compile(r"(\d{8})?-(\d{8})?")
KEYWORDS = {
    "PatientID": "patient_id",
    "AccessionNumber": "accession_number",
    "StudyInstanceUID": "study_uid",
    "SeriesInstanceUID": "series_uid",
    "Modality": "modalities",
    "BodyPartExamined": "body_part",
    "StudyDate": "first_day",
}
"""DICOM keywords of an address, and the fields that they fill; a StudyDate fills both days."""


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions that a study or series has to meet; empty fields set none.

    Parameters
    ----------
    patient_id, accession_number
        As the server stores them; ``*`` stands for any characters and ``?`` for one.
    study_uid, series_uid
        One study, one series.
    modalities
        Any of these, such as ``DX`` and ``CR``.
    body_part
        Body Part Examined, such as ``HAND``; with ``*`` and ``?`` as above.
    first_day, last_day
        Both included.
    """

    patient_id: str = ""
    accession_number: str = ""
    study_uid: str = ""
    series_uid: str = ""
    modalities: tuple[str, ...] = ()
    body_part: str = ""
    first_day: dt.date | None = None
    last_day: dt.date | None = None

    def __post_init__(self) -> None:
        for text in (self.patient_id, self.accession_number, self.body_part, *self.modalities):
            if len(text) > MAX_TEXT or "\\" in text or not (text.isprintable() or not text):
                raise InvalidValueError(f"a value to ask a PACS for has at most {MAX_TEXT} characters and no backslash; got {len(text)} characters")
        for uid in (self.study_uid, self.series_uid):
            if uid and not is_uid(uid):
                raise InvalidValueError("a UID consists of digits and dots, at most 64 of them, such as 1.2.826.0.1")
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise InvalidValueError(f"the first day, {self.first_day}, is after the last one, {self.last_day}")

    @property
    def names_somebody(self) -> bool:
        """True where a patient, a study, a series or a time is named, so that the answer is not the whole archive."""
        named = self.patient_id.strip("*?") or self.accession_number.strip("*?") or self.study_uid or self.series_uid
        return bool(named or self.first_day or self.last_day)

    @property
    def study_date(self) -> str:
        """Range of dates as DICOM writes it (PS3.4, C.2.2.2.5.1); empty without one."""
        if self.first_day is None and self.last_day is None:
            return ""
        first, last = (f"{d:%Y%m%d}" if d else "" for d in (self.first_day, self.last_day))
        return first if first == last else f"{first}-{last}"

    def matches_text(self, asked: str, stated: str | None) -> bool:
        """True where a value matches; so does one that the server does not return (``None``)."""
        return not asked or stated is None or fnmatchcase(stated, asked.replace("[", "[[]"))

    def matches_day(self, stated: dt.date | None) -> bool:
        """True where a study's day lies in the range; so does a study without a day."""
        return stated is None or not ((self.first_day and stated < self.first_day) or (self.last_day and stated > self.last_day))

    def combined(self, other: Query) -> Query:
        """Both queries combined.

        Raises
        ------
        InvalidValueError
            They require different values of one field.
        """
        both = self
        for field in fields(Query):
            mine, others = getattr(self, field.name), getattr(other, field.name)
            if mine and others and mine != others:
                raise InvalidValueError(f"the address and the options ask for two different values of {field.name}; give one of them")
            both = replace(both, **{field.name: mine or others})
        return both


def is_uid(text: str) -> bool:
    """True for text that is a UID."""
    return len(text) <= MAX_UID and _UID.fullmatch(text) is not None


def parse_query(text: str, source: str) -> Query:
    """Parse ``PatientID=P1&Modality=DX,CR&StudyDate=20210101-20211231``.

    Parameters
    ----------
    text
        Without its question mark; may be empty.
    source
        The server, for messages.

    Raises
    ------
    PacsError
        A keyword or a value cannot be used.
    """
    found: dict[str, str | tuple[str, ...]] = {}
    days: tuple[dt.date | None, dt.date | None] = (None, None)
    for key, value in parse_qsl(text, keep_blank_values=True):
        if key not in KEYWORDS:
            raise PacsError(source, f"a question by {key[:40]!r}", f"one by {', '.join(KEYWORDS)}", "ask by one of these")
        if key == "StudyDate":
            days = parse_days(value, source)
        elif key == "Modality":
            found["modalities"] = (*found.get("modalities", ()), *(m.strip().upper() for m in value.split(",") if m.strip()))
        else:
            found[KEYWORDS[key]] = value.strip()
    try:
        return Query(**found, first_day=days[0], last_day=days[1])  # type: ignore[arg-type] # each keyword fills a field of its type
    except InvalidValueError as error:
        raise PacsError(source, f"a question that cannot be asked: {error}", "values that DICOM allows", "correct the address") from error


def parse_days(text: str, source: str) -> tuple[dt.date | None, dt.date | None]:
    """First and last day of ``20210308``, ``20210101-20211231``, ``20210101-`` or ``-20211231``.

    Raises
    ------
    PacsError
        No such day exists.
    """
    one = parse_date(text)
    if one is not None:
        return one, one
    match = _DATES.fullmatch(text.strip())
    ends = tuple(None if part is None else parse_date(part) for part in match.groups()) if match else ()
    if match is None or not any(match.groups()) or any(d is None and part for d, part in zip(ends, match.groups(), strict=True)):
        raise PacsError(source, f"the StudyDate {text[:40]!r}", "a day or a range, such as 20210308 or 20210101-20211231", "correct it")
    return ends[0], ends[1]
