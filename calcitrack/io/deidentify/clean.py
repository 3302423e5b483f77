"""De-identify one data set: apply the profile's action to each element."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from dicognito.idanonymizer import IDAnonymizer
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from calcitrack.io.deidentify.elements import tags_of, vr_of
from calcitrack.io.deidentify.patients import PatientPseudonym
from calcitrack.io.deidentify.profile import DATES, Action, action_for
from calcitrack.io.deidentify.secret import Secret

REMOVED = "REMOVED"
"""Dummy text; a valid code string, short text and label."""
IDENTIFIER_ENDS = ("ID", "Number", "Identifier")
"""Suffixes of keywords whose dummies differ where the originals did, so that devices and containers stay distinct."""
DUMMY_CODE = ("REMOVED", "99CALCITRACK", "Removed")
EMPTY_BY_VR = {"AS": "000Y", "OB": b"\0\0", "OW": b"\0\0", "UR": "removed:"}
NUMBERS = ("DS", "IS", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV")
MAX_DEPTH = 40
"""Sequences inside sequences; a deeper file is a trap, not a report."""


@dataclass(slots=True)
class CleaningCounts:
    """Number of elements of each action, and irregularities.

    Parameters
    ----------
    actions
        Number of elements by what became of them.
    private, graphics
        Private elements, and elements of curves and overlays, among those removed.
    unreadable
        Elements that were removed because they could not be read.
    """

    actions: Counter[Action] = field(default_factory=Counter)
    private: int = 0
    graphics: int = 0
    unreadable: int = 0


class Cleaner:
    """Applies the profile to data sets of one run.

    Parameters
    ----------
    secret
        Where new UIDs and dummy identifiers come from.
    """

    def __init__(self, secret: Secret) -> None:
        self._uids = secret.uids
        self._ids = IDAnonymizer(secret.randomizer, "", "")

    def clean(self, dataset: Dataset, patient: PatientPseudonym) -> CleaningCounts:
        """Clean a data set in place; elements that stay keep their bytes."""
        counts = CleaningCounts()
        self._clean(dataset, patient, counts, depth=0)
        return counts

    def _clean(self, dataset: Dataset, patient: PatientPseudonym, counts: CleaningCounts, *, depth: int) -> None:
        for tag in tags_of(dataset):
            action = action_for(tag, vr_of(dataset, tag)) if depth < MAX_DEPTH else Action.REMOVE
            counts.private += tag.is_private
            counts.graphics += tag.group & 0xFF00 in (0x5000, 0x6000)
            try:
                self._apply(action, dataset, tag, patient, counts, depth)
            except Exception:  # pydicom converts on access and raises many kinds; what cannot be read cannot be cleaned
                del dataset[tag]
                counts.unreadable += 1
            counts.actions[action] += 1

    def _apply(self, action: Action, dataset: Dataset, tag: BaseTag, patient: PatientPseudonym, counts: CleaningCounts, depth: int) -> None:
        if action is Action.REMOVE:
            del dataset[tag]
        elif action is Action.INSIDE:
            for item in dataset[tag].value or ():
                self._clean(item, patient, counts, depth=depth + 1)
        elif action is Action.PSEUDONYM:
            dataset[tag].value = patient.pseudonym
        elif action is Action.EMPTY:
            dataset[tag] = DataElement(tag, dictionary_VR(tag), None)
        elif action is Action.UID:
            self._uids(dataset, dataset[tag])
        elif action is Action.SHIFT:
            _shift(dataset, tag, patient)
        elif action is Action.DUMMY:
            self._dummy(dataset, tag)

    def _dummy(self, dataset: Dataset, tag: BaseTag) -> None:
        vr, keyword = dictionary_VR(tag), keyword_for_tag(tag)
        if not dataset[tag].value:
            dataset[tag] = DataElement(tag, vr, None)
        elif vr == "SQ":
            dataset[tag] = DataElement(tag, vr, Sequence([_dummy_code()]))
        elif vr in ("SH", "LO") and keyword.endswith(IDENTIFIER_ENDS):
            value = str(dataset[tag].value)
            dataset[tag] = DataElement(tag, vr, value)
            self._replace_identifier(dataset[tag])
        else:
            dataset[tag] = DataElement(tag, vr, 0 if vr in NUMBERS else EMPTY_BY_VR.get(vr, REMOVED))

    def _replace_identifier(self, element: DataElement) -> None:
        """Letters and digits of dicognito for an identifier."""
        self._ids.id_tags = [element.tag]
        self._ids(Dataset(), element)


def _shift(dataset: Dataset, tag: BaseTag, patient: PatientPseudonym) -> None:
    """Move a date by whole days; a value that is no date is emptied."""
    element = dataset[tag]
    if not element.value:
        return
    texts = element.value if isinstance(element.value, MultiValue) else [element.value]
    plain = [_plain_date(str(t)) for t in texts]
    alone = Dataset()  # dicognito would also rewrite the time of day if both were in one data set
    alone[tag] = DataElement(tag, element.VR if element.VR in DATES else dictionary_VR(tag), plain if len(plain) > 1 else plain[0])
    try:
        patient.dates(alone, alone[tag])
    except (ValueError, OverflowError):
        alone[tag].value = None
    dataset[tag] = alone[tag]


def _plain_date(text: str) -> str:
    """A date without the separators that ACR-NEMA files and non-conforming writers use."""
    return re.sub(r"^(\d{4})[.\-/](\d{2})[.\-/](\d{2})", r"\1\2\3", text.strip(" \0"))


def _dummy_code() -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = DUMMY_CODE
    return item
