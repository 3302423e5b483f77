"""Whose films they are: Patient IDs of several issuers are several people, and what contradicts one person is a finding; pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from calcitrack.io.cohort.scan import ScannedFile
from calcitrack.io.dicom.person import Person
from calcitrack.model.cohort import FileStatus
from calcitrack.model.display import counted

ISSUER_MARK = "^^^"
"""Between a Patient ID and its issuer, as HL7 writes them (data type CX, components 1 and 4)."""
SEXES = ("F", "M")
"""Values of Patient's Sex that contradict each other; O and an empty one contradict nothing."""


class Issuers:
    """Issuers of each Patient ID of a set of files.

    Parameters
    ----------
    stated
        (Patient ID, issuer) of each file; empty where it states none.
    """

    def __init__(self, stated: Iterable[tuple[str, str]]) -> None:
        self._of: dict[str, dict[str, str]] = {}
        for patient, issuer in stated:
            if patient and issuer:
                self._of.setdefault(patient, {}).setdefault(issuer_key(issuer), " ".join(issuer.split()))

    def count(self, patient: str) -> int:
        """How many issuers a Patient ID has."""
        return len(self._of.get(patient, ()))

    def only(self, patient: str) -> str:
        """The issuer of a Patient ID that has one; empty where it has none or several."""
        return next(iter(self._of[patient].values())) if self.count(patient) == 1 else ""

    def named(self, patient: str, issuer: str) -> str:
        """The Patient ID, with its issuer where the ID has several and this file states one."""
        if self.count(patient) < 2 or not issuer:
            return patient
        return f"{patient}{ISSUER_MARK}{self._of[patient].get(issuer_key(issuer), issuer)}"


def issuer_key(issuer: str) -> str:
    """An issuer without case, accents and punctuation, in which spellings of one differ."""
    return _key(issuer)


def with_issuers(files: Sequence[ScannedFile], stated: Callable[[ScannedFile], bool]) -> list[ScannedFile]:
    """Files whose Patient ID has several issuers get the ID with its issuer, ``1001^^^HOSPITAL_A``: an ID alone names nobody there.

    Parameters
    ----------
    files
        Of the whole cohort.
    stated
        Whether the user stated a file's patient: then its header's issuer says nothing.
    """
    issuers = Issuers((_patient(file), file.person.issuer) for file in files if not stated(file))

    def settled(file: ScannedFile) -> ScannedFile:
        patient, issuer = _patient(file), file.person.issuer
        several = issuers.count(patient)
        if several < 2 or stated(file) or file.acquisition is None:
            return file
        words = f"one Patient ID with {several} issuers (0010,0021): several people; " + (
            "each is told by ID and issuer" if issuer else "this film names none of them and stands apart"
        )
        return replace(_warned(file, words), acquisition=replace(file.acquisition, patient_id=issuers.named(patient, issuer)))

    return [settled(file) for file in files]


def with_contradictions(files: Sequence[ScannedFile]) -> list[ScannedFile]:
    """Findings of films that contradict each other on whose they are. No finding quotes a name, a birth date or an ID."""
    patients: dict[str, list[Person]] = {}
    studies: dict[str, set[str]] = {}
    for file in files:
        if (patient := _patient(file)) and file.acquisition is not None:
            patients.setdefault(patient, []).append(file.person)
            if file.acquisition.study_instance_uid:
                studies.setdefault(file.acquisition.study_instance_uid, set()).add(patient)
    doubts = {patient: _contradictions(people) for patient, people in patients.items()}

    def told(file: ScannedFile) -> ScannedFile:
        patient = _patient(file)
        if not patient or file.acquisition is None:
            return file
        ids = len(studies.get(file.acquisition.study_instance_uid, ()))
        mixed = (f"one study with {ids} Patient IDs: one person under several IDs, or films of several people",) if ids > 1 else ()
        for words in (*doubts[patient], *mixed):
            file = _warned(file, words)
        return file

    return [told(file) for file in files]


def _patient(file: ScannedFile) -> str:
    """The Patient ID of a file that belongs to a timeline; empty for others."""
    return file.acquisition.patient_id if file.status is FileStatus.READ and file.acquisition is not None else ""


def _contradictions(people: Iterable[Person]) -> tuple[str, ...]:
    several = list(people)
    births = {p.birth_date for p in several if p.birth_date is not None}
    sexes = {p.sex for p in several if p.sex in SEXES}
    found = (
        (_several_names([p.name for p in several]), "contradicting names"),
        (len(sexes) > 1, "both sexes"),
        (len(births) > 1, f"{counted(len(births), 'birth date')}"),
    )
    said = [words for wrong, words in found if wrong]
    return (f"one Patient ID with {' and '.join(said)}: perhaps several people; check whose films these are",) if said else ()


def _several_names(names: Iterable[str]) -> bool:
    """Whether two names cannot be one person's: other family names, or other given names of which neither begins the other."""
    known = sorted({parts for n in names if (parts := _name_parts(n))[0]})
    return any(family != other or not (given.startswith(second) or second.startswith(given)) for family, given in known for other, second in known)


def _name_parts(name: str) -> tuple[str, str]:
    """Family and given name without accents, case and punctuation, of the alphabetic group (PS3.5, 6.2.1)."""
    family, given, *_ = (*name.split("=")[0].replace(",", "^", 1).split("^"), "")
    return _key(family), _key(given)


def _key(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in plain if c.isalnum())


def _warned(file: ScannedFile, words: str) -> ScannedFile:
    return replace(file, findings=_once((*file.findings, words)), attention=_once((*file.attention, words)))


def _once(findings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(findings))
