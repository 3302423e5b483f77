"""Outcome of each file, and of a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from calcitrack.io.deidentify.burned_text import TextBox
from calcitrack.io.deidentify.clean import CleaningCounts
from calcitrack.io.deidentify.pixels import BurnedIn


class Status(StrEnum):
    """Outcome of a file."""

    WRITTEN = "written"
    SKIPPED = "skipped"
    """Not a DICOM file, or a list of others; not copied."""
    REFUSED = "refused"
    """DICOM, but it cannot be read or not be cleaned; not copied."""
    WITHHELD = "withheld"
    """Cleaned, but an identifier was found in the copy; not kept."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """Outcome of one file, with its reason.

    Parameters
    ----------
    number
        Its place among the files of the inputs, from 1.
    source
        Its name, for messages only; never written into the report.
    reason
        Why it was not written.
    written_as
        Path of its copy below the output folder.
    kind
        Name of its SOP class.
    emptied
        Number of emptied texts: the profile keeps their attribute, but they held an identifier.
    boxes
        Lines of text found in the picture.
    searched, left_out
        Number of search terms of the check, and of values too short or too common for it.
    """

    number: int
    source: str
    status: Status
    reason: str = ""
    written_as: str = ""
    pseudonym: str = ""
    kind: str = ""
    counts: CleaningCounts = field(default_factory=CleaningCounts)
    emptied: int = 0
    burned_in: BurnedIn = BurnedIn.NO_PICTURE
    boxes: tuple[TextBox, ...] = ()
    overlay_bits: bool = False
    searched: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class DeidentifyReport:
    """Outcomes of all files of a run."""

    files: tuple[FileOutcome, ...]
    patients: int
    mask_text: bool = False
    with_key: bool = False
    rows_of_nobody: tuple[int, ...] = ()

    @property
    def counts(self) -> Counter[Status]:
        """Number of files of each outcome."""
        return Counter(f.status for f in self.files)

    def of(self, status: Status) -> tuple[FileOutcome, ...]:
        """Files of one outcome."""
        return tuple(f for f in self.files if f.status is status)

    def with_text(self, *states: BurnedIn) -> tuple[FileOutcome, ...]:
        """Written files whose burned-in text is in one of these states."""
        return tuple(f for f in self.of(Status.WRITTEN) if f.burned_in in states)
