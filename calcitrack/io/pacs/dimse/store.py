"""C-STORE of files, each in its own encoding or in one that both sides know."""

from __future__ import annotations

from collections.abc import Sequence

import pydicom
from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from calcitrack.errors import PacsUnreachableError
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.pacs.dimse.association import SUCCESS, Peer
from calcitrack.io.pacs.dimse.syntaxes import MAX_CONTEXTS, PLAIN
from calcitrack.io.pacs.server import OutgoingFile, Tell

DUPLICATE = 0x0111
"""Duplicate SOP instance (PS3.7, C.4.2): the server has the object."""
WARNINGS = range(0xB000, 0xC000)
"""Stored, with elements changed (PS3.4, table B.2-1)."""


def store_all(peer: Peer, files: Sequence[OutgoingFile], tell: Tell) -> None:
    """Send files one after the other, over as few associations as their kinds allow.

    Raises
    ------
    PacsError
        The server refuses, or the connection is lost.
    """
    waiting = list(files)
    while waiting:
        kinds: dict[tuple[str, tuple[str, ...]], PresentationContext] = {}
        some: list[OutgoingFile] = []
        for file in waiting:
            kind = (file.stored.sop_class_uid, _syntaxes(file))
            if kind not in kinds:
                if len(kinds) == MAX_CONTEXTS:
                    break
                kinds[kind] = build_context(kind[0], list(kind[1]))
            some.append(file)
        with peer.association(list(kinds.values()), "storage") as association:
            for file in some:
                tell(file, _stored(peer, association, file))
        waiting = waiting[len(some) :]


def _syntaxes(file: OutgoingFile) -> tuple[str, ...]:
    own = file.transfer_syntax_uid
    return (own, *(s for s in PLAIN if s != own)) if own in PLAIN else (own,)


def _stored(peer: Peer, association: Association, file: OutgoingFile) -> str:
    """Why a file was not stored; empty where it was."""
    with collected_warnings():
        dataset = pydicom.dcmread(file.path)
    try:
        status = association.send_c_store(dataset)
    except ValueError:  # pynetdicom raises it for a context that was not accepted, and for a data set that cannot be encoded
        return f"the server does not take {UID(file.stored.sop_class_uid).name} as {UID(file.transfer_syntax_uid).name}"
    except RuntimeError as error:
        raise PacsUnreachableError(peer.name, "a connection that broke in the middle of storage", "one that stays", "send again") from error
    code = peer.check(status, f"storing {file.path}")
    return "" if code in (SUCCESS, DUPLICATE) or code in WARNINGS else f"the server did not store it (status 0x{code:04X})"
