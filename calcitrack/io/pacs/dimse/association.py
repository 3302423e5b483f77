"""Associations of DIMSE: opened, always closed, with a reason where they are refused or lost."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from time import sleep
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import EventHandlerType
from pynetdicom.presentation import PresentationContext

from calcitrack.errors import PacsError, PacsRefusedError, PacsUnreachableError
from calcitrack.io.pacs.address import DimseAddress
from calcitrack.io.pacs.options import PacsOptions, tls_context

MAX_PDU = 131_072
"""Bytes that the server may send at a time: few round trips for a film of many megabytes."""
TRY_S = 10.0
"""Time limit of the bare connection that finds out why an association failed, s."""
ABORT_S = 0.1
"""Time limit for the abort message to go out, s."""
PENDING = (0xFF00, 0xFF01)
"""One answer of several (PS3.4, C.4.1.1.4)."""
SUCCESS = 0x0000
TRANSIENT_REJECTION = 2
"""Result of a rejection that another attempt may overcome (PS3.8, 9.3.4)."""


class Peer:
    """A DIMSE server as the peer of this computer, with the options of the connection.

    Raises
    ------
    PacsError
        A certificate cannot be used.
    """

    def __init__(self, address: DimseAddress, options: PacsOptions) -> None:
        self.address, self.options = address, options
        self.name = str(address)
        self._tls = tls_context(options) if address.tls else None
        self._was_reached = False

    def entity(self) -> AE:
        """Application entity of this computer."""
        entity = AE(ae_title=self.options.ae_title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = self.options.timeout_s
        entity.maximum_pdu_size = MAX_PDU
        return entity

    @contextmanager
    def association(
        self, contexts: Sequence[PresentationContext], asked: str, *, roles: Sequence[Any] = (), handlers: Sequence[EventHandlerType] = ()
    ) -> Iterator[Association]:
        """An association with at least one accepted context, released at the end, aborted after an error.

        Raises
        ------
        PacsRefusedError
            The server does not accept this AE title, or none of the contexts.
        PacsUnreachableError
            Nobody answers.
        """
        if not self._was_reached:  # pynetdicom does not say why there is no connection, or what is wrong with a certificate
            self._try(asked)
        self._was_reached = False
        opened: list[tuple[Association, socket.socket]] = []
        entity = self.entity()
        tls = None if self._tls is None else (self._tls, self.address.host)
        try:
            association = entity.associate(
                self.address.host,
                self.address.port,
                contexts=list(contexts),
                ae_title=self.address.title,
                ext_neg=list(roles),
                tls_args=tls,
                evt_handlers=[*handlers, (evt.EVT_CONN_OPEN, lambda event: opened.append((event.assoc, event.assoc.dul.socket.socket)))],
                max_pdu=MAX_PDU,
            )
        except BaseException:  # Ctrl-C while waiting for a silent server
            _end(opened)
            raise
        if not association.is_established:
            _end(opened)
            raise self._why_not(association, asked)
        try:
            yield association
        except BaseException:
            _end(opened)
            raise
        self._was_reached = True
        if association.is_established:
            association.release()

    def check(self, status: Dataset, asked: str) -> int:
        """Status code of an answer.

        Raises
        ------
        PacsUnreachableError
            There is no answer: the connection broke, or the time-out passed.
        """
        if "Status" not in status:
            raise PacsUnreachableError(
                self.name,
                f"a connection that broke, or no answer in time, when asked for {asked}",
                "an answer",
                "ask again later, or wait longer with --timeout",
            )
        return int(status.Status)

    def failed(self, code: int, asked: str) -> PacsError:
        """Error for a status code that means failure."""
        return PacsError(
            self.name, f"status 0x{code:04X} when asked for {asked}", "status 0x0000", "look into the server's log, or ask those who run it"
        )

    def _why_not(self, association: Association, asked: str) -> PacsError:
        own = self.options.ae_title
        if association.is_rejected:
            rejection = association.acceptor.primitive
            reason = "no reason stated" if rejection is None else rejection.reason_str
            found = f"that it rejects the association ({reason}) when asked for {asked}"
            if rejection is not None and rejection.result == TRANSIENT_REJECTION:
                return PacsUnreachableError(self.name, found, "room for one more", "ask again later")
            action = f"check its AE title, {self.address.title}, and have this computer's, {own}, registered there (--ae-title names another one)"
            return PacsRefusedError(self.name, found, "that it knows both AE titles", action)
        if association.rejected_contexts and not association.accepted_contexts:
            kinds = ", ".join(sorted({c.abstract_syntax.name for c in association.rejected_contexts if c.abstract_syntax is not None}))
            return PacsRefusedError(
                self.name, f"that it does not offer {kinds}", "a server that does", "ask those who run it, or use its DICOMweb address"
            )
        self._try(asked)
        found = f"a connection that the server ends before it answers, when asked for {asked}"
        action = "check that a DICOM server listens there, with or without TLS as the address says, and ask again"
        return PacsUnreachableError(self.name, found, "an association", action)

    def _try(self, asked: str) -> None:
        """Open and close a bare connection, to learn the reason of a failure that pynetdicom does not pass on.

        Raises
        ------
        PacsRefusedError, PacsUnreachableError
            The connection fails.
        """
        try:
            with socket.create_connection((self.address.host, self.address.port), timeout=min(self.options.timeout_s, TRY_S)) as bare:
                if self._tls is not None:
                    with self._tls.wrap_socket(bare, server_hostname=self.address.host):
                        pass
        except ssl.SSLCertVerificationError as error:
            found = f"a certificate that cannot be trusted ({error.verify_message})"
            action = "name the authority's certificate with --ca-file; do not go on without"
            raise PacsRefusedError(self.name, found, "one that can be checked", action) from error
        except ssl.SSLError as error:
            found = f"no TLS that both sides accept ({error.reason})"
            action = "check whether the server asks for a client certificate, or speaks plain dimse://"
            raise PacsRefusedError(self.name, found, "a TLS connection", action) from error
        except OSError as error:
            found = f"no connection ({error.strerror or type(error).__name__}) when asked for {asked}"
            action = f"check host, port{', TLS' if self._tls else ''} and network, then ask again"
            raise PacsUnreachableError(self.name, found, "a server that answers", action) from error


def _end(opened: list[tuple[Association, socket.socket]]) -> None:
    """Abort an association at once, without waiting for a silent server; no socket is left open."""
    for association, one in opened:
        association.abort(block=False)
        sleep(ABORT_S)
        association.dul.kill_dul()
        with suppress(OSError):  # already ended by the server
            one.shutdown(socket.SHUT_RDWR)
        association.kill()
        one.close()
