"""HTTP errors and time-outs as PACS errors in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import requests

from calcitrack.errors import PacsError, PacsRefusedError, PacsUnreachableError

LATER = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Answers of a server that is busy or not up yet (RFC 9110, RFC 6585): asking again may help."""
ACCOUNT = "set CALCITRACK_PACS_USER and CALCITRACK_PACS_PASSWORD (or CALCITRACK_PACS_TOKEN), or put the account into the keyring"
BAD_CERTIFICATE = "certificate verify failed"
"""How OpenSSL says that a certificate is not to be trusted."""


OF_ONE_OBJECT = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""Answers to storing an object that speak of this object, not of the server (PS3.18, 10.5.3)."""
MAX_QUOTED = 200
"""Characters of a server's own words that a message quotes."""


class NotThereError(PacsError):
    """The server answers that the resource does not exist."""


class NotUnderstoodError(PacsError):
    """The server does not accept the question as it was asked."""


@contextmanager
def explained(server: str, asked: str) -> Iterator[None]:
    """Context that turns errors of a request into PACS errors.

    Parameters
    ----------
    asked
        What was requested, such as *the list of studies*.

    Raises
    ------
    PacsRefusedError, PacsUnreachableError, NotThereError, PacsError
        In place of what requests and dicomweb-client raise.
    """
    try:
        yield
    except requests.HTTPError as error:
        raise _by_status(server, asked, error) from error
    except requests.exceptions.SSLError as error:
        raise _by_certificate(server, asked, error) from error
    except requests.Timeout as error:
        raise PacsUnreachableError(
            server, f"no answer in time to the request for {asked}", "one within the timeout", "ask again later, or wait longer with --timeout"
        ) from error
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as error:
        raise PacsUnreachableError(
            server,
            f"no connection, or one that broke, when asked for {asked}",
            "a server that answers",
            "check the address and the network, then ask again",
        ) from error
    except PacsError:
        raise
    except (requests.RequestException, ValueError, TypeError, KeyError, AttributeError, LookupError, EOFError) as error:
        raise PacsError(
            server,
            f"an answer that is not DICOMweb when asked for {asked} ({type(error).__name__})",
            "the base URL of a DICOMweb service",
            "check the address; that of Orthanc ends in /dicom-web",
        ) from error


def _by_status(server: str, asked: str, error: requests.HTTPError) -> PacsError:
    status = 0 if error.response is None else error.response.status_code
    found = f"HTTP {status} ({_phrase(status)}) when asked for {asked}"
    if status == HTTPStatus.UNAUTHORIZED:
        return PacsRefusedError(server, found, "an account that the server knows, with its password", ACCOUNT)
    if status in (HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED):
        return PacsRefusedError(server, found, "an account that may do this", "ask those who run the server for leave")
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return NotThereError(server, found, "a DICOMweb service that has it", "check the address; that of Orthanc ends in /dicom-web")
    if status == HTTPStatus.BAD_REQUEST:
        expected = "a server that understands the question"
        return NotUnderstoodError(server, found + own_words(error), expected, "ask with fewer conditions, or check the address")
    if status in LATER:
        return PacsUnreachableError(server, found, "a server that is up and not overloaded", "ask again later")
    return PacsError(server, found, "HTTP 200", "check the address (that of Orthanc ends in /dicom-web), then look into the server's log")


def own_words(error: requests.HTTPError) -> str:
    """What the server itself says of an error, in one line behind a colon; empty where it says nothing that can be shown."""
    text = "" if error.response is None or "dicom" in error.response.headers.get("Content-Type", "") else error.response.text
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split()).strip('"')
    return f": {words[:MAX_QUOTED]}" if words and not words.startswith("<") else ""


def _by_certificate(server: str, asked: str, error: requests.exceptions.SSLError) -> PacsError:
    if BAD_CERTIFICATE in str(error).lower():
        return PacsRefusedError(
            server,
            "a certificate that no known authority signed, or that is not this server's",
            "one that can be checked",
            "name the authority's certificate with --ca-file; do not go on without",
        )
    return PacsUnreachableError(
        server,
        f"no encrypted connection when asked for {asked}",
        "TLS",
        "check that the address begins as the server speaks, http or https, then ask again",
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no known status"
