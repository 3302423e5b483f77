"""Listener for what a PACS sends to this computer: objects requested by C-MOVE, and storage commitments. All else is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.events import Event, EventHandlerType
from pynetdicom.presentation import AllStoragePresentationContexts
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]

from calcitrack.errors import PacsError
from calcitrack.io.pacs.dimse.association import Peer
from calcitrack.io.pacs.dimse.commitment import Commitments
from calcitrack.io.pacs.dimse.receiver import NOT_ASKED_FOR, Receiver
from calcitrack.io.pacs.dimse.syntaxes import ALL_SYNTAXES
from calcitrack.io.pacs.found import StoredObject
from calcitrack.io.pacs.options import tls_context
from calcitrack.io.pacs.server import Keep


class Listener:
    """Accepts objects while a request is open.

    Attributes
    ----------
    commitments
        The server's storage commitment reports.
    """

    def __init__(self) -> None:
        self.commitments = Commitments()
        self._receiver: Receiver | None = None

    @contextmanager
    def receiving(self, objects: Sequence[StoredObject], keep: Keep) -> Iterator[Receiver]:
        """Context in which these objects, and no others, are accepted."""
        self._receiver = Receiver(objects, keep)
        try:
            yield self._receiver
        finally:
            self._receiver = None

    def on_store(self, event: Event) -> int:
        """Status for an object that the server sends."""
        receiver = self._receiver
        return NOT_ASKED_FOR if receiver is None else receiver.on_store(event)


@contextmanager
def listening(peer: Peer) -> Iterator[Listener]:
    """A listener for one server, which must use the configured AE titles of both sides.

    Raises
    ------
    PacsError
        The port is taken or may not be used.
    """
    address = peer.options.listen or ("", 0)
    entity = peer.entity()
    entity.require_called_aet = True
    entity.require_calling_aet = [peer.address.title]
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(UID(str(context.abstract_syntax)), ALL_SYNTAXES)
    entity.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    listener = Listener()
    handlers: list[EventHandlerType] = [(evt.EVT_C_STORE, listener.on_store), (evt.EVT_N_EVENT_REPORT, listener.commitments.on_report)]
    tls = tls_context(peer.options, listening=True) if peer.address.tls and peer.options.client_certificate else None
    try:
        server = entity.start_server(address, block=False, evt_handlers=handlers, ssl_context=tls)
    except OSError as error:
        found = f"that nobody can listen at {address[0]}:{address[1]} ({error.strerror})"
        raise PacsError("this computer", found, "a free port", "end the program that uses it, or name another port with --listen") from error
    try:
        yield listener
    finally:
        if server is not None:
            server.shutdown()
