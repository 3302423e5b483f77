"""Receiver of objects that a server sends in answer to C-GET or C-MOVE."""

from __future__ import annotations

from collections.abc import Sequence

from pynetdicom.events import Event

from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.pacs.found import StoredObject
from calcitrack.io.pacs.server import Keep

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
"""PS3.4, B.2.3: the server shall not go on as if the object were here."""
NOT_ASKED_FOR = 0x0124
"""Not authorized (PS3.7, C.4.1)."""


class Receiver:
    """Passes requested objects on, and refuses others.

    Attributes
    ----------
    error
        Error of keeping an object; ``None`` when there was none. The caller raises it with `check`, because pynetdicom would swallow it.
    """

    def __init__(self, objects: Sequence[StoredObject], keep: Keep) -> None:
        self._wanted = {o.sop_instance_uid: o for o in objects}
        self._keep = keep
        self.error: Exception | None = None

    def on_store(self, event: Event) -> int:
        """Status for an incoming object."""
        one = self._wanted.get(str(event.request.AffectedSOPInstanceUID))  # type: ignore[union-attr] # a C-STORE request has it
        if one is None:
            return NOT_ASKED_FOR
        try:
            with collected_warnings():
                self._keep(one, event.encoded_dataset())
        except Exception as error:
            self.error = self.error or error
            return OUT_OF_RESOURCES
        return SUCCESS

    def check(self) -> None:
        """Raise the error that occurred on this side.

        Raises
        ------
        PacsError
            As `KeptObjects.keep`.
        """
        if self.error is not None:
            raise self.error
