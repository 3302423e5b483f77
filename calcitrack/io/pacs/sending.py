"""Send DICOM files to a PACS."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from calcitrack.errors import NotAnImageFileError, PacsUnreachableError
from calcitrack.io.pacs.attempts import persistently
from calcitrack.io.pacs.connect import connected
from calcitrack.io.pacs.finding import asked_of
from calcitrack.io.pacs.found import Series, StoredObject, Study, objects_of
from calcitrack.io.pacs.options import PacsOptions
from calcitrack.io.pacs.outgoing import outgoing_files
from calcitrack.io.pacs.server import OutgoingFile, Server
from calcitrack.model.display import counted
from calcitrack.model.progress import Progress


class Confirmation(StrEnum):
    """How the server confirmed that it keeps the objects."""

    NOT_ASKED = "not asked"
    COMMITMENT = "storage commitment"
    LISTING = "its own list"


@dataclass(frozen=True, slots=True)
class Sent:
    """Outcome of sending.

    Parameters
    ----------
    stored
        Files that the server stored.
    failed
        File -> why it was not stored.
    n_others
        Number of input files that are not DICOM.
    confirmation
        How the server confirmed that it keeps the stored objects.
    unconfirmed
        UIDs of objects that it did not confirm.
    gone
        Reason why sending ended early; empty when it finished.
    n_left
        Number of files that were not reached then.
    """

    stored: tuple[Path, ...]
    failed: dict[Path, str]
    n_others: int
    confirmation: Confirmation = Confirmation.NOT_ASKED
    unconfirmed: tuple[str, ...] = ()
    gone: str = ""
    n_left: int = 0


def send(
    address: str, inputs: Sequence[Path], options: PacsOptions | None = None, *, confirm: bool = False, progress: Progress | None = None
) -> Sent:
    """Send every DICOM file of the inputs. A file that the server does not store does not hold back the others.

    Parameters
    ----------
    address, options
        As for `find_studies`; the address must have no query.
    inputs
        Files and folders, such as a results folder: its Segmentations and reports are sent.
    confirm
        Ask the server to confirm that it keeps the objects: by storage commitment where it offers that, else by its list of objects.
    progress
        Called with (files done, files).

    Returns
    -------
    Sent
        Also when the connection was lost midway: `Sent.gone` says so. Sending again does no harm: objects keep their UIDs.

    Raises
    ------
    PacsError
        The server refuses or does not answer at all.
    NotAnImageFileError
        There is no DICOM file among the inputs.
    NotFoundError
        An input does not exist.
    """
    server_address, _, chosen = asked_of(address, None, options)
    files, n_others = outgoing_files(inputs)
    if not files:
        found = f"no DICOM file ({counted(n_others, 'other file')})"
        raise NotAnImageFileError(", ".join(map(str, inputs)), found, "DICOM files, or a folder with some", "name the files to send")
    with connected(server_address, chosen) as server:
        run = _Run(server, files, n_others, progress)
        try:
            persistently(run.store, chosen, went_on=run.went_on)
            return run.confirmed(chosen) if confirm else run.outcome()
        except PacsUnreachableError as error:
            if not run.outcome().stored:
                raise
            return run.outcome(gone=str(error))


class _Run:
    """Sending in progress."""

    def __init__(self, server: Server, files: Sequence[OutgoingFile], n_others: int, progress: Progress | None) -> None:
        self._server, self._files, self._n_others, self._progress = server, files, n_others, progress
        self._stored: list[OutgoingFile] = []
        self._failed: dict[Path, str] = {}
        self._done_before = 0

    def store(self) -> None:
        """Send the files that were not sent yet."""
        done = {f.path for f in self._stored} | self._failed.keys()
        self._server.store([f for f in self._files if f.path not in done], self._tell)

    def went_on(self) -> bool:
        """True where a file was finished since the last call."""
        before, self._done_before = self._done_before, len(self._stored) + len(self._failed)
        return self._done_before > before

    def confirmed(self, options: PacsOptions) -> Sent:
        """Ask the server whether it keeps the objects; return the outcome."""
        objects = [f.stored for f in self._stored]
        if not objects:
            return self.outcome()
        unconfirmed = self._server.commit(objects)
        if unconfirmed is not None:
            return self.outcome(Confirmation.COMMITMENT, unconfirmed)
        return self.outcome(Confirmation.LISTING, persistently(lambda: self._not_listed(objects), options))

    def outcome(self, confirmation: Confirmation = Confirmation.NOT_ASKED, unconfirmed: tuple[str, ...] = (), gone: str = "") -> Sent:
        """The outcome so far."""
        n_left = len(self._files) - len(self._stored) - len(self._failed)
        return Sent(tuple(f.path for f in self._stored), self._failed, self._n_others, confirmation, unconfirmed, gone, n_left)

    def _tell(self, file: OutgoingFile, reason: str) -> None:
        if reason:
            self._failed[file.path] = reason
        else:
            self._stored.append(file)
        if self._progress is not None:
            self._progress(len(self._stored) + len(self._failed), len(self._files))

    def _not_listed(self, objects: Sequence[StoredObject]) -> tuple[str, ...]:
        by_series: dict[tuple[str, str], list[str]] = defaultdict(list)
        for one in objects:
            by_series[one.study_uid, one.series_uid].append(one.sop_instance_uid)
        missing: list[str] = []
        for (study_uid, series_uid), uids in by_series.items():
            series = Series(Study(study_uid, "", None, "", (), None, None), series_uid, "", None, "", None)
            listed = {o.sop_instance_uid for o in objects_of(self._server.objects(series), series)}
            missing += [uid for uid in uids if uid not in listed]
        return tuple(missing)
