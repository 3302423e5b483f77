"""Options of a connection: names of this computer, certificates, time limits and attempts."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from calcitrack.errors import InvalidValueError, PacsError
from calcitrack.io.pacs.address import check_title

PREFIX = "CALCITRACK_PACS_"
OWN_TITLE = "CALCITRACK"
TIMEOUT_S = 60.0
"""Longest wait for an answer to begin or to go on, s; an archive that reads from tape may need more."""
ATTEMPTS = 4
"""Attempts at a server that does not answer, the first one included; with the waits below they take seven seconds."""
FIRST_WAIT_S = 1.0
"""Wait before the second attempt, s; it doubles before each further one."""


@dataclass(frozen=True, slots=True)
class PacsOptions:
    """Settings of a connection, for all queries over it.

    Parameters
    ----------
    ae_title
        Own AE title; the server may have to know it.
    ca_file
        PEM file of the authorities that the server's certificate is checked against; ``None`` for those of the system.
    client_certificate, client_key
        PEM files that authenticate this computer where the server requires it; the key may be in the certificate's file.
    timeout_s
        Time-out for an answer, s.
    attempts
        Number of attempts when the server does not answer.
    first_wait_s
        Wait before the second attempt, s.
    listen
        Address and port at which the server reaches this computer: for C-MOVE, and for storage confirmations on a separate connection.
    """

    ae_title: str = OWN_TITLE
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    timeout_s: float = TIMEOUT_S
    attempts: int = ATTEMPTS
    first_wait_s: float = FIRST_WAIT_S
    listen: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        check_title(self.ae_title, "own AE title", "name another one")
        if not self.timeout_s > 0 or self.attempts < 1 or self.first_wait_s < 0:
            raise InvalidValueError("a connection needs a timeout above 0 s, at least one attempt, and no negative wait")
        if self.client_key is not None and self.client_certificate is None:
            raise InvalidValueError("a client key needs its certificate; give both")


def options_from_environment(environment: Mapping[str, str] | None = None) -> PacsOptions:
    """Options from the environment variables ``CALCITRACK_PACS_...``.

    Parameters
    ----------
    environment
        ``None`` for that of the process.

    Returns
    -------
    PacsOptions
        From ``AE_TITLE``, ``CA_FILE``, ``CLIENT_CERT``, ``CLIENT_KEY``, ``TIMEOUT`` (s) and ``LISTEN`` (``[ADDRESS:]PORT``).

    Raises
    ------
    PacsError
        A value cannot be used.
    """
    values = os.environ if environment is None else environment

    def variable(name: str) -> str:
        return values.get(PREFIX + name, "")

    def path(name: str) -> Path | None:
        return Path(variable(name)) if variable(name) else None

    options = PacsOptions(variable("AE_TITLE") or OWN_TITLE, path("CA_FILE"), path("CLIENT_CERT"), path("CLIENT_KEY"))
    try:
        timeout_s = float(variable("TIMEOUT") or TIMEOUT_S)
        return replace(options, timeout_s=timeout_s, listen=parse_listen(variable("LISTEN")) if variable("LISTEN") else None)
    except ValueError as error:
        found = f"{variable('TIMEOUT')!r} ({error})"
        raise PacsError(f"{PREFIX}TIMEOUT", found, "seconds, such as 60", "correct the variable") from error


def parse_listen(text: str) -> tuple[str, int]:
    """Parse ``PORT`` or ``ADDRESS:PORT`` into address and port.

    Raises
    ------
    PacsError
        It is neither.
    """
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise PacsError("where to listen", repr(text), "PORT or ADDRESS:PORT, such as 11112", "correct it")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 the server is another computer, which has to get in


def tls_context(options: PacsOptions, *, listening: bool = False) -> ssl.SSLContext:
    """Context of TLS, with the certificates of both sides checked.

    Parameters
    ----------
    listening
        For connections that the server opens to this computer.

    Raises
    ------
    PacsError
        A file is missing or is no certificate.
    """
    purpose = ssl.Purpose.CLIENT_AUTH if listening else ssl.Purpose.SERVER_AUTH
    check_files(options)
    try:
        context = ssl.create_default_context(purpose, cafile=options.ca_file)
        if listening and options.ca_file is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        if options.client_certificate is not None:
            context.load_cert_chain(options.client_certificate, options.client_key)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(f) for f in (options.ca_file, options.client_certificate, options.client_key) if f)
        raise PacsError(files, f"no certificate or key that can be used ({error})", "PEM files", "check them, or have them made anew") from error
    return context


def check_files(options: PacsOptions) -> None:
    """Refuse missing files, by name.

    Raises
    ------
    PacsError
        A file is missing; the message names it.
    """
    for file in (options.ca_file, options.client_certificate, options.client_key):
        if file is not None and not file.is_file():
            raise PacsError(str(file), "no such file", "a PEM file with a certificate or key", "check its path")
