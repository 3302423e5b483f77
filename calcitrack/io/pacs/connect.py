"""Server for an address. This is the one place that knows which protocol an address stands for."""

from __future__ import annotations

from contextlib import AbstractContextManager

from calcitrack.errors import PacsError
from calcitrack.io.pacs.address import Address, WebAddress
from calcitrack.io.pacs.options import PacsOptions
from calcitrack.io.pacs.server import Server


def connected(address: Address, options: PacsOptions, *, move: bool = False) -> AbstractContextManager[Server]:
    """Connect to a server, for a ``with`` block.

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
            from calcitrack.io.pacs.web.server import web_server

            if move:
                raise PacsError(str(address), "C-MOVE asked of a DICOMweb server", "an address that begins with dimse://", "leave --move out")
            return web_server(address, options)
        from calcitrack.io.pacs.dimse.server import dimse_server

        return dimse_server(address, options, move=move)
    except ImportError as error:
        raise PacsError(
            str(address), f"no package {error.name} on this computer", "it, to speak with a PACS", 'install it with: pip install "calcitrack[pacs]"'
        ) from error
