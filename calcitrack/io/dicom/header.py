"""Typed header values of files that may be broken: each has the requested type or is absent, and unreadable ones are noted."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from typing import Any

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from calcitrack.io.files.library_warnings import impersonal
from calcitrack.model.display import harmless

_DATE = re.compile(r"(\d{4})([.\-/]?)(\d{2})\2(\d{2})")
"""DICOM DA, and the forms with a separator that ACR-NEMA files and sloppy writers use."""
_TIME = re.compile(r"(\d{2})(?:(:?)(\d{2})(?:\2(\d{2})(?:[.,](\d{1,6})\d*)?)?)?")
"""DICOM TM, which may end after the hour, the minute or the second; with colons as ACR-NEMA wrote it; some write a comma before the fraction."""
_OFFSET = re.compile(r"(?:Z|[+-](\d{2}):?(\d{2}))?")
"""Offset from UTC at the end of a DT value; with a colon, or Z, as ISO 8601 writes it."""
_DAY_LENGTHS = (8, 10)
"""Characters of a date without and with separators."""
FARTHEST_OFFSET_HOURS = 14
"""Offsets from UTC lie between -12 and +14 hours (PS3.5, 6.2); what stands behind a date and is no offset makes a range of it."""
LEAP_SECOND = 60
"""A second that TM allows and Python does not: the one before it is taken."""
FIRST_RADIOGRAPH_YEAR = 1895
"""Röntgen's year; an earlier date is a placeholder."""
PERSONAL = ("PatientName", "PatientBirthDate", "PatientBirthTime", "OtherPatientNames", "ReferringPhysicianName", "OperatorsName")
"""Keywords whose values no finding quotes: findings go into tables and reports."""
LEAST_PERSONAL = 3
"""Characters of a name or date that is taken out of a message; shorter ones would take words apart."""
MAX_SHOWN = 40
"""Characters of a broken value that a finding quotes."""


def parse_date(text: str) -> dt.date | None:
    """Date of a DICOM DA value, or ``None`` where it is no real day."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        day = dt.date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None
    return day if day.year >= FIRST_RADIOGRAPH_YEAR else None


def parse_time(text: str) -> dt.time | None:
    """Time of a DICOM TM value, or ``None`` where it is no real time of day."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    hour, _, minute, second, fraction = match.groups()
    seconds = int(second or 0)
    try:
        return dt.time(int(hour), int(minute or 0), seconds - (seconds == LEAP_SECOND), int((fraction or "0").ljust(6, "0")))
    except ValueError:
        return None


def parse_date_time(text: str) -> tuple[dt.date, dt.time | None] | None:
    """Local day and time of day of a DICOM DT value, YYYYMMDD[HH[MM[SS[.F]]]][&ZZXX]; ``None`` where it names no day.

    The time of day is ``None`` where it is missing or unreadable. ISO 8601 forms are read too: separators, a T or a blank before the time, a Z.
    The offset from UTC is left out: it does not change the local day of a visit. A range is no moment.

    Examples
    --------
    >>> parse_date_time("202403101015-0500")
    (datetime.date(2024, 3, 10), datetime.time(10, 15))
    >>> parse_date_time("20240310-0500")
    (datetime.date(2024, 3, 10), None)
    >>> parse_date_time("20240310-20240311") is None
    True
    """
    text = text.strip()
    for length in _DAY_LENGTHS:
        day, rest = parse_date(text[:length]), text[length:]
        if day is None or len(text) < length:
            continue
        clock = rest.lstrip("T ")
        end = next((at for at, character in enumerate(clock) if character in "Z+-"), len(clock))
        offset = _OFFSET.fullmatch(clock[end:])
        if offset is None or int(offset[1] or 0) > FARTHEST_OFFSET_HOURS or int(offset[2] or 0) > 59:
            return None
        return day, parse_time(clock[:end])
    return None


class Header:
    """Typed access to a dataset, with findings about unusable values.

    Parameters
    ----------
    dataset
        As pydicom read it; elements are converted on access, so each access may fail.

    Attributes
    ----------
    findings
        Sentences about values that could not be used.
    attention
        Those of them that may turn a measurement into its opposite: the console says them too.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.findings: list[str] = []
        self.attention: list[str] = []

    def note(self, finding: str) -> None:
        """Add a finding once."""
        if finding not in self.findings:
            self.findings.append(finding)

    def warn(self, finding: str) -> None:
        """Add a finding that the user has to see, once."""
        self.note(finding)
        if finding not in self.attention:
            self.attention.append(finding)

    def has(self, keyword: str) -> bool:
        """Whether the element is present."""
        tag = tag_for_keyword(keyword)
        return tag is not None and tag in self.dataset

    def values(self, keyword: str) -> tuple[Any, ...]:
        """All values of an element; empty where it is absent, empty or unreadable."""
        try:
            value = self.dataset.get(keyword)
        except Exception as error:  # pydicom converts on access and raises many kinds
            self.note(f"{keyword} cannot be read ({_quoted(keyword, impersonal(str(error)))}); ignored")
            return ()
        if value is None or (isinstance(value, (str, bytes)) and not value):
            return ()
        if isinstance(value, (MultiValue, list, tuple)):
            return tuple(v for v in value if v is not None)
        return (value,)

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Values as stripped text, empty ones included."""
        return tuple(_as_text(v) for v in self.values(keyword))

    def text(self, keyword: str) -> str:
        """First value as stripped text; empty where nothing is stated."""
        return next(iter(self.texts(keyword)), "")

    def code(self, keyword: str) -> str:
        """First value as a DICOM code string: upper case."""
        return self.text(keyword).upper()

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Values as finite numbers; empty where any of them is not one."""
        numbers = []
        for value in self.values(keyword):
            try:
                number = float(value)
            except (TypeError, ValueError, OverflowError):
                number = math.nan
            if not math.isfinite(number):
                self.note(f"{keyword} holds {_short(value)!r}, which is not a number; ignored")
                return ()
            numbers.append(number)
        return tuple(numbers)

    def number(self, keyword: str) -> float | None:
        """First value as a finite number."""
        return next(iter(self.numbers(keyword)), None)

    def positive(self, keyword: str) -> float | None:
        """First value as a positive number; others are noted."""
        number = self.number(keyword)
        if number is not None and number <= 0:
            if number < 0:
                self.note(f"{keyword} is {number:g}, which is not positive; ignored")
            return None
        return number

    def integer(self, keyword: str) -> int | None:
        """First value as a whole number."""
        number = self.number(keyword)
        if number is None:
            return None
        if number != int(number):
            self.note(f"{keyword} is {number:g}, which is not a whole number; ignored")
            return None
        return int(number)

    def items(self, keyword: str) -> tuple[Header, ...]:
        """Items of a sequence; empty where it is absent or no sequence."""
        try:
            value = self.dataset.get(keyword)
            items: Iterable[Dataset] = value if isinstance(value, Sequence) else ()
            return tuple(Header(item) for item in items)
        except Exception as error:  # as in values()
            self.note(f"{keyword} cannot be read ({_short(error)}); ignored")
            return ()

    def date(self, keyword: str) -> dt.date | None:
        """Date of a DA element."""
        text = self.text(keyword)
        if not text:
            return None
        day = parse_date(text)
        if day is None:
            self.note(f"{keyword} holds {_quoted(keyword, text)}, which is no date; ignored")
        return day

    def time(self, keyword: str) -> dt.time | None:
        """Time of a TM element."""
        text = self.text(keyword)
        if not text:
            return None
        time = parse_time(text)
        if time is None:
            self.note(f"{keyword} holds {_quoted(keyword, text)}, which is no time of day; ignored")
        return time


def _as_text(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode("latin-1")
    return harmless(str(value).replace("\x00", "").strip())


def without_people(text: str, dataset: Dataset) -> str:
    """A library's message about a data set, without the names and birth dates that the data set holds."""
    for value in (v for keyword in PERSONAL for v in Header(dataset).texts(keyword)):
        if len(value) >= LEAST_PERSONAL:
            text = text.replace(value, "a value")
    return impersonal(text)


def _quoted(keyword: str, value: object) -> str:
    """A value as a finding quotes it; personal values are not quoted, only mentioned."""
    return "a value" if keyword in PERSONAL else repr(_short(value))


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."
