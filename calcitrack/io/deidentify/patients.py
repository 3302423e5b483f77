"""Patients of a run, with their pseudonyms and offsets of dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dicognito.datetimeanonymizer import DateTimeAnonymizer
from pydicom.dataset import Dataset

from calcitrack.io.cohort.people import ISSUER_MARK, Issuers, issuer_key
from calcitrack.io.deidentify.secret import Secret
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.person import read_person

HOURS_PER_DAY = 24


@dataclass(frozen=True, slots=True)
class PatientPseudonym:
    """Pseudonym and offset of dates of a patient.

    Parameters
    ----------
    original_id
        Patient ID of the files; empty where they state none.
    issuer
        Its issuer; empty where they state none.
    pseudonym
        Replaces name and ID.
    offset_days
        Added to each date.
    """

    original_id: str
    pseudonym: str
    offset_days: int
    issuer: str = ""

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
    stated
        (Patient ID, issuer) of each file of the run: an ID with several issuers is several people, as for `read_cohort`.
    before
        Patients of earlier runs with this secret. An issuer keeps the pseudonym that its ID got when no other issuer of it was known.
    """

    def __init__(
        self,
        secret: Secret,
        pseudonyms: Mapping[str, str] | None = None,
        stated: Iterable[tuple[str, str]] = (),
        before: Iterable[PatientPseudonym] = (),
    ) -> None:
        self._secret = secret
        self._chosen = dict(pseudonyms or {})
        earlier = list(before)
        self._issuers = Issuers([*((p.original_id, p.issuer) for p in earlier), *stated])
        plain = [p for p in earlier if p.pseudonym == secret.pseudonym(f"id {p.original_id}")]
        self._first = {p.original_id: issuer_key(p.issuer) for p in plain}
        self.known: dict[str, PatientPseudonym] = {}

    def of(self, dataset: Dataset) -> PatientPseudonym:
        """The patient of a file: by Patient ID (and issuer, where the ID has several), else by name and birth date, else by study.

        With none of them each file is its own patient.
        """
        header = Header(dataset)
        original, issuer = header.text("PatientID"), read_person(header).issuer
        key = self._key(header, original, issuer)
        if key not in self.known:
            chosen = self._chosen.get(self.named(original, issuer))
            pseudonym = chosen or self._secret.pseudonym(key)
            offset = self._secret.offset_days(f"chosen {chosen}" if chosen else key)
            self.known[key] = PatientPseudonym(original, pseudonym, offset, issuer or self._issuers.only(original))
        return self.known[key]

    def named(self, original: str, issuer: str) -> str:
        """The Patient ID as a map of pseudonyms names it: with its issuer where the ID has several."""
        return self._issuers.named(original, issuer)

    def _key(self, header: Header, original: str, issuer: str) -> str:
        if original:
            several = self._issuers.count(original) > 1 and self._first.get(original) != issuer_key(issuer)
            return f"id {original}{ISSUER_MARK}{issuer_key(issuer)}" if several else f"id {original}"
        name, birth = header.text("PatientName"), header.text("PatientBirthDate")
        if name or birth:
            return f"name {name} {birth}"
        return f"study {header.text('StudyInstanceUID') or header.text('SOPInstanceUID')}"
