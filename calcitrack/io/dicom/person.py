"""Header -> what it states about the person, to be compared between files and never kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from calcitrack.io.dicom.header import Header


@dataclass(frozen=True, slots=True)
class Person:
    """What a header states about the person beside the Patient ID; empty or ``None`` where nothing is stated. It shows no personal value.

    Parameters
    ----------
    issuer
        Of the Patient ID: Issuer of Patient ID (0010,0021), else the universal entity of its qualifiers.
    name, sex, birth_date
        As stated.
    """

    issuer: str = ""
    name: str = field(default="", repr=False)
    sex: str = field(default="", repr=False)
    birth_date: dt.date | None = field(default=None, repr=False)


NOBODY = Person()
"""Nothing is stated."""


def read_person(header: Header) -> Person:
    """What the header states about the person."""
    qualified = next(iter(header.items("IssuerOfPatientIDQualifiersSequence")), None)
    issuer = header.text("IssuerOfPatientID") or ("" if qualified is None else qualified.text("UniversalEntityID"))
    return Person(issuer, header.text("PatientName"), header.code("PatientSex"), header.date("PatientBirthDate"))
