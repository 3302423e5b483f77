"""Interface of every PACS, whichever protocol it speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydicom.dataset import Dataset

from calcitrack.io.pacs.found import Series, StoredObject, Study
from calcitrack.io.pacs.query import Query

Keep = Callable[[StoredObject, bytes], None]
"""Receives an object as a DICOM file."""


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A DICOM file to send.

    Parameters
    ----------
    transfer_syntax_uid
        Transfer syntax of the file.
    """

    path: Path
    stored: StoredObject
    transfer_syntax_uid: str


Tell = Callable[[OutgoingFile, str], None]
"""Receives a file and the reason why it was not stored; the reason is empty where it was."""


class Server(Protocol):
    """A PACS. Each method makes one attempt; `PacsUnreachableError` means that a retry may help, any other `PacsError` that it does not."""

    @property
    def name(self) -> str:
        """Its address."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What the user has to know of its answers so far."""
        ...

    def studies(self, query: Query) -> Sequence[Dataset]:
        """Studies that may match the query."""
        ...

    def series(self, study: Study, query: Query) -> Sequence[Dataset]:
        """Series of a study that may match the query."""
        ...

    def objects(self, series: Series) -> Sequence[Dataset]:
        """Objects of a series."""
        ...

    def fetch(self, objects: Sequence[StoredObject], keep: Keep) -> None:
        """Hand over objects of one series, each on arrival; leave out those that the server does not give."""
        ...

    def store(self, files: Sequence[OutgoingFile], tell: Tell) -> None:
        """Send files, and report the outcome of each."""
        ...

    def commit(self, objects: Sequence[StoredObject]) -> tuple[str, ...] | None:
        """UIDs of objects that the server does not commit to store; ``None`` where it offers no storage commitment."""
        ...
