"""What every PACS can be asked for, whichever protocol it speaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydicom.dataset import Dataset

from calcitrack.errors import PacsError
from calcitrack.io.pacs.address import Address, WebAddress
from calcitrack.io.pacs.found import Series, StoredObject, Study
from calcitrack.io.pacs.options import PacsOptions
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


def connected(address: Address, options: PacsOptions, *, move: bool = False) -> AbstractContextManager[Server]:
    """A server, for a ``with`` block.

    Parameters
    ----------
    move
        Fetch by C-MOVE instead of C-GET; DIMSE only.

    Raises
    ------
    PacsError
        The package that speaks its protocol is not installed, or a certificate cannot be used.
    """
    try:
        if isinstance(address, WebAddress):
            from calcitrack.io.pacs.web import web_server

            if move:
                raise PacsError(str(address), "C-MOVE asked of a DICOMweb server", "an address that begins with dimse://", "leave --move out")
            return web_server(address, options)
        from calcitrack.io.pacs.dimse import dimse_server

        return dimse_server(address, options, move=move)
    except ImportError as error:
        raise PacsError(
            str(address), f"no package {error.name} on this computer", "it, to speak with a PACS", 'install it with: pip install "calcitrack[pacs]"'
        ) from error
