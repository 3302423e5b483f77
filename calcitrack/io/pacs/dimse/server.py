"""A PACS that speaks DIMSE: C-FIND, C-GET or C-MOVE, C-STORE and storage commitment (PS3.4), through pynetdicom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as StudyRootFind  # type: ignore[attr-defined]

from calcitrack.errors import PacsError
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.pacs.address import DimseAddress
from calcitrack.io.pacs.dimse.association import PENDING, SUCCESS, Peer
from calcitrack.io.pacs.dimse.commitment import Commitments, ask_for_commitment
from calcitrack.io.pacs.dimse.fetch import fetch_by_get, fetch_by_move
from calcitrack.io.pacs.dimse.listener import Listener, listening
from calcitrack.io.pacs.dimse.store import store_all
from calcitrack.io.pacs.found import OBJECT_KEYS, SERIES_KEYS, STUDY_KEYS, Series, StoredObject, Study
from calcitrack.io.pacs.options import PacsOptions
from calcitrack.io.pacs.query import Query
from calcitrack.io.pacs.server import Keep, OutgoingFile, Tell

UTF_8 = "ISO_IR 192"


@contextmanager
def dimse_server(address: DimseAddress, options: PacsOptions, *, move: bool) -> Iterator[DimseServer]:
    """A DIMSE server; with the option `listen`, this computer listens for it meanwhile.

    Raises
    ------
    PacsError
        C-MOVE needs a port to listen at, which is missing or taken; or a certificate cannot be used.
    """
    peer = Peer(address, options)
    if move and options.listen is None:
        raise PacsError(
            peer.name, "C-MOVE without a port at which the server reaches this computer", "one", "name it with --listen PORT, as the server knows it"
        )
    with ExitStack() as stack:
        listener = None if options.listen is None else stack.enter_context(listening(peer))
        server = DimseServer(peer, listener, move=move)
        stack.callback(server.close)
        yield server


class DimseServer:
    """See `calcitrack.io.pacs.server.Server`."""

    def __init__(self, peer: Peer, listener: Listener | None, *, move: bool) -> None:
        self.name = peer.name
        self.notes: tuple[str, ...] = ()
        self._peer, self._listener, self._move = peer, listener, move
        self._open = ExitStack()
        self._finding: Association | None = None

    def close(self) -> None:
        """Close the connection of the queries."""
        self._open.close()

    def studies(self, query: Query) -> list[Dataset]:
        """Answers of C-FIND at the level of studies."""
        modality = query.modalities[0] if len(query.modalities) == 1 else ""
        keys = {
            "PatientID": query.patient_id,
            "AccessionNumber": query.accession_number,
            "StudyInstanceUID": query.study_uid,
            "StudyDate": query.study_date,
            "ModalitiesInStudy": modality,
        }
        return self._find("STUDY", dict.fromkeys(STUDY_KEYS, "") | keys, "the list of studies")

    def series(self, study: Study, query: Query) -> list[Dataset]:
        """Answers of C-FIND at the level of series. They are filtered by body part here: not every server supports that key."""
        modality = query.modalities[0] if len(query.modalities) == 1 else ""
        keys = {"StudyInstanceUID": study.study_uid, "SeriesInstanceUID": query.series_uid, "Modality": modality}
        return self._find("SERIES", dict.fromkeys(SERIES_KEYS, "") | keys, "the list of series")

    def objects(self, series: Series) -> list[Dataset]:
        """Answers of C-FIND at the level of images."""
        keys = {"StudyInstanceUID": series.study.study_uid, "SeriesInstanceUID": series.series_uid}
        return self._find("IMAGE", dict.fromkeys(OBJECT_KEYS, "") | keys, "the list of images")

    def fetch(self, objects: Sequence[StoredObject], keep: Keep) -> None:
        """Fetch by C-GET, or by C-MOVE to this computer."""
        if self._move and self._listener is not None:
            fetch_by_move(self._peer, self._listener, objects, keep)
        else:
            fetch_by_get(self._peer, objects, keep)

    def store(self, files: Sequence[OutgoingFile], tell: Tell) -> None:
        """Send by C-STORE."""
        store_all(self._peer, files, tell)

    def commit(self, objects: Sequence[StoredObject]) -> tuple[str, ...] | None:
        """By storage commitment; the report comes on the same connection or, where this computer listens, on one that the server opens."""
        return ask_for_commitment(self._peer, objects, Commitments() if self._listener is None else self._listener.commitments)

    def _find(self, level: str, keys: dict[str, str], what: str) -> list[Dataset]:
        identifier = Dataset()
        if not all(v.isascii() for v in keys.values()):
            identifier.SpecificCharacterSet = UTF_8
        identifier.QueryRetrieveLevel = level
        found = []
        with collected_warnings():
            for keyword, value in keys.items():
                setattr(identifier, keyword, value)
        for status, answer in self._association(what).send_c_find(identifier, StudyRootFind):
            code = self._peer.check(status, what)
            if code in PENDING and answer is not None:
                found.append(answer)
            elif code != SUCCESS:
                raise self._peer.failed(code, what)
        return found

    def _association(self, what: str) -> Association:
        """One association for all queries: a cohort has thousands of them, and opening one takes longer than an answer."""
        if self._finding is None or not self._finding.is_established:
            self._open.close()
            self._finding = self._open.enter_context(self._peer.association([build_context(StudyRootFind)], what))
        return self._finding
