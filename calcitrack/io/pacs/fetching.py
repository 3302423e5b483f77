"""Fetch objects of a PACS into a folder. An interrupted fetch continues where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calcitrack.errors import PacsUnreachableError
from calcitrack.io.pacs.attempts import persistently
from calcitrack.io.pacs.connect import connected
from calcitrack.io.pacs.finding import asked_of, check_names_somebody, matching_series
from calcitrack.io.pacs.found import Series, StoredObject, objects_of
from calcitrack.io.pacs.kept import KeptObjects
from calcitrack.io.pacs.options import PacsOptions
from calcitrack.io.pacs.query import Query
from calcitrack.io.pacs.server import Server
from calcitrack.model.progress import Progress


@dataclass(frozen=True, slots=True)
class Fetched:
    """Outcome of a fetch.

    Parameters
    ----------
    folder
        Folder of the files.
    n_series
        Number of series that match the query.
    n_new, n_there
        Number of objects that were fetched, and of those already in the folder.
    missing
        Object -> why it was not fetched.
    gone
        Reason why the fetch ended early; empty when it finished.
    n_left
        Number of objects that were not reached then.
    notes
        What the user has to know of the server's answers.
    """

    folder: Path
    n_series: int
    n_new: int
    n_there: int
    missing: dict[str, str]
    gone: str = ""
    n_left: int = 0
    notes: tuple[str, ...] = ()

    @property
    def n_kept(self) -> int:
        """Objects in the folder that match the query."""
        return self.n_new + self.n_there


def fetch(
    address: str,
    folder: Path,
    query: Query | None = None,
    options: PacsOptions | None = None,
    *,
    move: bool = False,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch series into a folder, as ``STUDY/OBJECT.dcm``, named by their UIDs.

    Complete files that exist already are not fetched again; a file gets its final name when it is complete and on the disk.

    Parameters
    ----------
    address, query, options
        As for `find_studies`; the query must name a patient, an accession number, a study or a time.
    folder
        Created when missing; other files in it stay.
    move
        Use C-MOVE instead of C-GET; the server then connects to this computer, at ``options.listen``.
    progress
        Called with (objects done, objects).

    Returns
    -------
    Fetched
        Also when the connection was lost midway: `Fetched.gone` says so, and the same call resumes.

    Raises
    ------
    PacsError
        The server refuses, cannot be understood, or does not answer at all; or the folder cannot be written.
    """
    server_address, asked, chosen = asked_of(address, query, options)
    check_names_somebody(asked, str(server_address))
    with connected(server_address, chosen, move=move) as server:
        series = matching_series(server, asked, chosen)
        listed = [_listed(server, one, chosen) for one in series]
        run = _Run(server, KeptObjects(folder), chosen, [o for several in listed for o in several], progress)
        try:
            for several in listed:
                run.fetch(several)
        except PacsUnreachableError as error:
            if not run.n_new:
                raise
            return run.outcome(len(series), str(error))
        return run.outcome(len(series))


def _listed(server: Server, series: Series, options: PacsOptions) -> tuple[StoredObject, ...]:
    return persistently(lambda: objects_of(server.objects(series), series), options)


class _Run:
    """A fetch in progress."""

    def __init__(self, server: Server, kept: KeptObjects, options: PacsOptions, objects: list[StoredObject], progress: Progress | None) -> None:
        self._server, self._kept, self._options, self._progress = server, kept, options, progress
        self._n = len(objects)
        self._there = {o.sop_instance_uid for o in objects if kept.holds(o)}
        self._new: set[str] = set()
        self._missing: dict[str, str] = {}
        self._show()

    @property
    def n_new(self) -> int:
        """Objects fetched so far."""
        return len(self._new)

    def fetch(self, objects: tuple[StoredObject, ...]) -> None:
        """Fetch the missing objects of a series; ask again for those that a lost connection left out."""
        before = len(self._new) + len(self._missing)

        def ask() -> None:
            left = [o for o in objects if o.sop_instance_uid not in self._there | self._new | self._missing.keys()]
            if left:
                self._server.fetch(left, self._keep)

        def went_on() -> bool:
            nonlocal before
            now, before = before, len(self._new) + len(self._missing)
            return before > now

        persistently(ask, self._options, went_on=went_on)
        for one in objects:
            if one.sop_instance_uid not in self._there | self._new:
                self._missing.setdefault(one.sop_instance_uid, "the server lists it, but did not give it")
        self._show()

    def outcome(self, n_series: int, gone: str = "") -> Fetched:
        """The outcome so far."""
        n_left = self._n - len(self._there) - len(self._new) - len(self._missing)
        return Fetched(self._kept.folder, n_series, len(self._new), len(self._there), self._missing, gone, n_left, tuple(self._server.notes))

    def _keep(self, one: StoredObject, content: bytes) -> None:
        if not self._kept.keep(one, content):
            self._missing[one.sop_instance_uid] = "what the server gave is not the whole object"
        else:
            self._new.add(one.sop_instance_uid)
        self._show()

    def _show(self) -> None:
        if self._progress is not None:
            self._progress(len(self._there) + len(self._new) + len(self._missing), self._n)
