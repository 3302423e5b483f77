"""C-GET and C-MOVE: objects of a series, by their UIDs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset
from pynetdicom import build_role, evt
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet as StudyRootGet  # type: ignore[attr-defined]
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelMove as StudyRootMove  # type: ignore[attr-defined]

from calcitrack.errors import PacsRefusedError
from calcitrack.io.dicom.sop_classes import PROJECTION_CLASSES, SECONDARY_CAPTURE_CLASSES
from calcitrack.io.pacs.dimse.association import PENDING, Peer
from calcitrack.io.pacs.dimse.listener import Listener
from calcitrack.io.pacs.dimse.receiver import Receiver
from calcitrack.io.pacs.dimse.syntaxes import AS_STORED, MAX_CONTEXTS, PLAIN, in_groups
from calcitrack.io.pacs.found import StoredObject
from calcitrack.io.pacs.server import Keep

LIKELY_CLASSES = (*PROJECTION_CLASSES, SECONDARY_CAPTURE_CLASSES[0])
"""SOP classes offered for objects whose class the server does not tell."""
CLASSES_AT_A_TIME = (MAX_CONTEXTS - 1) // (1 + len(AS_STORED))
"""SOP classes for which all syntaxes fit into one association, beside C-GET itself."""
OBJECTS_AT_A_TIME = 50
"""UIDs in one request. A lost connection costs less than one object, whatever the number."""
UNKNOWN_DESTINATION = 0xA801
UNABLE = range(0xC000, 0xD000)
"""Unable to process (PS3.4, table C.4-2): also what Orthanc says of a destination that it does not know or reach."""
NO_ANSWER_FOR = (0xA701, 0xA702, 0xB000, 0xFE00)
"""Sub-operations failed or were cancelled (PS3.4, C.4.2.1.5): what came is kept, and what did not is said by the caller."""


def fetch_by_get(peer: Peer, objects: Sequence[StoredObject], keep: Keep) -> None:
    """Fetch objects by C-GET, on the connection that asks for them.

    Raises
    ------
    PacsError
        The server refuses, the connection is lost, or a received object cannot be written.
    """
    for classes, some in _by_class(objects):
        receiver = Receiver(some, keep)
        contexts = [build_context(StudyRootGet), *(c for uid in classes for c in _storage_contexts(uid))]
        roles = [build_role(uid, scp_role=True) for uid in classes]
        with peer.association(contexts, "images by C-GET", roles=roles, handlers=[(evt.EVT_C_STORE, receiver.on_store)]) as association:
            for identifier in _identifiers(some):
                for status, _ in association.send_c_get(identifier, StudyRootGet):
                    _check(peer, status, "images by C-GET", receiver)


def fetch_by_move(peer: Peer, listener: Listener, objects: Sequence[StoredObject], keep: Keep) -> None:
    """Fetch objects by C-MOVE, on a connection that the server opens to this computer.

    Raises
    ------
    PacsError
        As for C-GET; also where the server does not know this computer's AE title.
    """
    own = peer.options.ae_title
    with listener.receiving(objects, keep) as receiver, peer.association([build_context(StudyRootMove)], "images by C-MOVE") as association:
        for identifier in _identifiers(objects):
            for status, _ in association.send_c_move(identifier, own, StudyRootMove):
                _check(peer, status, "images by C-MOVE", receiver, destination=own)


def _by_class(objects: Sequence[StoredObject]) -> Iterator[tuple[Sequence[str], list[StoredObject]]]:
    """Group objects so that the SOP classes of each group fit into one association."""
    by_class: dict[str, list[StoredObject]] = defaultdict(list)
    for one in objects:
        by_class[one.sop_class_uid].append(one)
    unknown = by_class.pop("", [])
    for classes in in_groups(tuple(by_class), CLASSES_AT_A_TIME):
        yield classes, [o for c in classes for o in by_class[c]]
    if unknown:
        yield LIKELY_CLASSES[:CLASSES_AT_A_TIME], unknown


def _storage_contexts(sop_class_uid: str) -> list[PresentationContext]:
    return [build_context(sop_class_uid, list(PLAIN)), *(build_context(sop_class_uid, s) for s in AS_STORED)]


def _identifiers(objects: Sequence[StoredObject]) -> Iterator[Dataset]:
    for some in in_groups(objects, OBJECTS_AT_A_TIME):
        identifier = Dataset()
        identifier.QueryRetrieveLevel = "IMAGE"
        identifier.StudyInstanceUID = some[0].study_uid
        identifier.SeriesInstanceUID = some[0].series_uid
        identifier.SOPInstanceUID = [o.sop_instance_uid for o in some]
        yield identifier


def _check(peer: Peer, status: Dataset, asked: str, receiver: Receiver, *, destination: str = "") -> None:
    receiver.check()
    code = peer.check(status, asked)
    if destination and (code == UNKNOWN_DESTINATION or code in UNABLE):
        port = (peer.options.listen or ("", 0))[1]
        raise PacsRefusedError(
            peer.name,
            f"that it cannot send to the AE title {destination} (status 0x{code:04X})",
            "that it knows this computer by that title",
            f"have {destination} registered there with this computer's address and port {port}, or leave --move out",
        )
    if code and code not in PENDING and code not in NO_ANSWER_FOR:
        raise peer.failed(code, asked)
