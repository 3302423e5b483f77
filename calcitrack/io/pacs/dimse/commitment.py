"""Storage commitment: the server confirms that it keeps the objects (PS3.4, annex J)."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import generate_uid
from pynetdicom import evt
from pynetdicom.events import Event
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from calcitrack.errors import PacsRefusedError, PacsUnreachableError
from calcitrack.io.dicom.header import Header
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.pacs.dimse.association import SUCCESS, Peer
from calcitrack.io.pacs.found import StoredObject

ASK = 1
"""Action type of N-ACTION (PS3.4, table J.3-1)."""


class Commitments:
    """Storage commitment results of a server, on whichever connection they arrive."""

    def __init__(self) -> None:
        self._said: dict[str, frozenset[str]] = {}
        self._heard = threading.Condition()

    def on_report(self, event: Event) -> tuple[int, None]:
        """Receive an N-EVENT-REPORT: the UIDs that the server commits to, by transaction."""
        with collected_warnings(), self._heard:
            report = Header(event.event_information)
            uids = frozenset(item.text("ReferencedSOPInstanceUID") for item in report.items("ReferencedSOPSequence"))
            self._said[report.text("TransactionUID")] = uids
            self._heard.notify_all()
        return SUCCESS, None

    def wait(self, transaction: str, timeout_s: float) -> frozenset[str] | None:
        """UIDs that the server commits to; ``None`` without a result in time."""
        with self._heard:
            self._heard.wait_for(lambda: transaction in self._said, timeout_s)
            return self._said.get(transaction)


def ask_for_commitment(peer: Peer, objects: Sequence[StoredObject], commitments: Commitments) -> tuple[str, ...] | None:
    """UIDs of objects that the server does not commit to; ``None`` where it offers no storage commitment.

    Raises
    ------
    PacsError
        The server accepts the request and does not answer, or the connection is lost.
    """
    service, transaction = "storage commitment", generate_uid()
    request = Dataset()
    request.TransactionUID = transaction
    request.ReferencedSOPSequence = Items([_reference(o) for o in objects])
    handlers = [(evt.EVT_N_EVENT_REPORT, commitments.on_report)]
    try:
        with peer.association([build_context(StorageCommitmentPushModel)], service, handlers=handlers) as association:
            status, _ = association.send_n_action(request, ASK, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
            code = peer.check(status, service)
            if code != SUCCESS:
                raise peer.failed(code, service)
            committed = commitments.wait(transaction, peer.options.timeout_s)
    except PacsRefusedError:
        return None
    if committed is None:
        own = peer.options.ae_title
        raise PacsUnreachableError(
            peer.name,
            f"no word on storage within {peer.options.timeout_s:g} s",
            "a report, here or at the port that --listen names",
            f"have {own} registered there with this computer's address and port, or ask the server for the objects with pacs find",
        )
    return tuple(o.sop_instance_uid for o in objects if o.sop_instance_uid not in committed)


def _reference(one: StoredObject) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = one.sop_class_uid
    item.ReferencedSOPInstanceUID = one.sop_instance_uid
    return item
