"""What every PACS can be asked for, whichever protocol it speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydicom.dataset import Dataset

from calcitrack.io.pacs.found import Series, StoredObject, Study
from calcitrack.io.pacs.query import Query

Keep = Callable[[StoredObject, bytes], None]
"""Takes an object as a DICOM file."""


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A DICOM file that is sent.

    Parameters
    ----------
    transfer_syntax_uid
        How it is encoded.
    """

    path: Path
    stored: StoredObject
    transfer_syntax_uid: str


Tell = Callable[[OutgoingFile, str], None]
"""Takes a file and why it was not stored; an empty reason where it was."""


class Server(Protocol):
    """A PACS. Each method asks once; `PacsUnreachableError` says that asking again may help, other `PacsError` that it does not."""

    @property
    def name(self) -> str:
        """Its address."""
        ...

    def studies(self, query: Query) -> Sequence[Dataset]:
        """Studies that may be what was asked."""
        ...

    def series(self, study: Study, query: Query) -> Sequence[Dataset]:
        """Series of a study that may be what was asked."""
        ...

    def objects(self, series: Series) -> Sequence[Dataset]:
        """Objects of a series."""
        ...

    def fetch(self, objects: Sequence[StoredObject], keep: Keep) -> None:
        """Hand over objects of one series, each as soon as it is there; those that the server does not give are left out."""
        ...

    def store(self, files: Sequence[OutgoingFile], tell: Tell) -> None:
        """Send files, and tell of each what became of it."""
        ...

    def commit(self, objects: Sequence[StoredObject]) -> tuple[str, ...] | None:
        """UIDs of the objects for whose storage the server does not answer; ``None`` where it offers no storage commitment."""
        ...
