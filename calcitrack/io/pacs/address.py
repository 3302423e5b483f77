"""Addresses of servers: one line of text, with or without a query."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from calcitrack.errors import PacsError
from calcitrack.io.pacs.query import Query, parse_query

WEB_SCHEMES = ("https", "http")
DIMSE_SCHEMES = ("dimse", "dimse-tls")
SCHEMES = (*WEB_SCHEMES, *DIMSE_SCHEMES)
EXPECTED = "https://HOST/dicom-web for DICOMweb, or dimse://AET@HOST:PORT"
MAX_TITLE = 16
"""Characters of an AE title (PS3.5, table 6.2-1)."""
PORTS = {"dimse": 104, "dimse-tls": 2762}
"""The well-known ports (PS3.8, 9.1.1, and PS3.15, B.1)."""


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A DICOMweb service.

    Parameters
    ----------
    url
        Base URL, below which ``/studies`` is; without user, query or closing slash.
    """

    url: str

    def __str__(self) -> str:
        return self.url

    @property
    def origin(self) -> str:
        """Scheme, host and port; an account belongs to these."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_open_to_listeners(self) -> bool:
        """True for plain HTTP to another computer: anybody on the way can read what is sent, passwords included."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and not _is_this_computer(parts.hostname or "")


@dataclass(frozen=True, slots=True)
class DimseAddress:
    """A server that speaks DIMSE.

    Parameters
    ----------
    title
        Its AE title.
    host, port
        Where it listens.
    tls
        Whether the connection is encrypted.
    """

    title: str
    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'dimse-tls' if self.tls else 'dimse'}://{self.title}@{host}:{self.port}"


Address = WebAddress | DimseAddress


def names_a_server(text: str) -> bool:
    """True for text that is the address of a PACS, not the path of a file."""
    scheme, mark, _ = text.partition("://")
    return bool(mark) and scheme.lower() in SCHEMES


def parse_address(text: str) -> tuple[Address, Query]:
    """Parse ``SERVER?KEYWORD=VALUE&...`` into a server and a query.

    Raises
    ------
    PacsError
        The text is no address, holds a password, or uses unknown keywords.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise PacsError("the address of the server", f"a text that is no address ({error})", EXPECTED, "correct it") from error
    scheme = parts.scheme.lower()
    if scheme not in SCHEMES or not parts.hostname:
        raise PacsError("the address of the server", f"a text that begins with {text.strip()[:12]!r}", EXPECTED, "correct it")
    if parts.password is not None or (scheme in WEB_SCHEMES and parts.username is not None):
        raise PacsError(
            f"{scheme}://{parts.hostname}",
            "a user or a password in the address",
            "an address that may be shown and kept",
            "put them into CALCITRACK_PACS_USER and CALCITRACK_PACS_PASSWORD, or into the keyring",
        )
    address = _web(parts, scheme, port) if scheme in WEB_SCHEMES else _dimse(parts, scheme, port)
    return address, parse_query(parts.query, str(address))


def _web(parts: SplitResult, scheme: str, port: int | None) -> WebAddress:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return WebAddress(f"{scheme}://{host}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}")


def _dimse(parts: SplitResult, scheme: str, port: int | None) -> DimseAddress:
    title = parts.username or ""
    source = f"{scheme}://{parts.netloc}"
    check_title(title, source, "write it before the host: dimse://AET@HOST:PORT")
    if parts.path not in ("", "/"):
        raise PacsError(source, f"a path in the address: {parts.path}", EXPECTED, "leave it out")
    return DimseAddress(title, parts.hostname or "", port or PORTS[scheme], scheme == "dimse-tls")


def check_title(title: str, source: str, action: str) -> None:
    """Refuse an AE title that DICOM does not allow.

    Raises
    ------
    PacsError
        It is empty, too long, or holds other than plain characters.
    """
    if not title.strip() or len(title) > MAX_TITLE or not title.isascii() or not title.isprintable() or "\\" in title:
        found = f"the AE title {title!r}" if title else "no AE title"
        raise PacsError(source, found, f"an AE title of 1 to {MAX_TITLE} ASCII characters", action)


def _is_this_computer(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
