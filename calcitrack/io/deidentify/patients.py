"""Patients of a run, with their pseudonyms and offsets of dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dicognito.datetimeanonymizer import DateTimeAnonymizer
from pydicom.dataset import Dataset

from calcitrack.io.deidentify.secret import Secret
from calcitrack.io.dicom.header import Header

HOURS_PER_DAY = 24


@dataclass(frozen=True, slots=True)
class PatientPseudonym:
    """Pseudonym and offset of dates of a patient.

    Parameters
    ----------
    original_id
        Patient ID of the files; empty where they state none.
    pseudonym
        Replaces name and ID.
    offset_days
        Added to each date.
    """

    original_id: str
    pseudonym: str
    offset_days: int

    @property
    def dates(self) -> DateTimeAnonymizer:
        """Date shift by whole days, as in dicognito: times of day stay."""
        return DateTimeAnonymizer(self.offset_days * HOURS_PER_DAY)


class Patients:
    """Patients of a run: one pseudonym and offset for all files of a patient.

    Parameters
    ----------
    secret
        Decides pseudonyms and offsets.
    pseudonyms
        Patient ID -> pseudonym, for pseudonyms that the user chose.
    """

    def __init__(self, secret: Secret, pseudonyms: Mapping[str, str] | None = None) -> None:
        self._secret = secret
        self._chosen = dict(pseudonyms or {})
        self.known: dict[str, PatientPseudonym] = {}

    def of(self, dataset: Dataset) -> PatientPseudonym:
        """The patient of a file: by Patient ID, else by name and birth date, else by study; with none of them each file is its own patient."""
        header = Header(dataset)
        original = header.text("PatientID")
        key = self._key(header, original)
        if key not in self.known:
            chosen = self._chosen.get(original)
            pseudonym = chosen or self._secret.pseudonym(key)
            self.known[key] = PatientPseudonym(original, pseudonym, self._secret.offset_days(f"chosen {chosen}" if chosen else key))
        return self.known[key]

    @staticmethod
    def _key(header: Header, original: str) -> str:
        if original:
            return f"id {original}"
        name, birth = header.text("PatientName"), header.text("PatientBirthDate")
        if name or birth:
            return f"name {name} {birth}"
        return f"study {header.text('StudyInstanceUID') or header.text('SOPInstanceUID')}"
