"""List the studies and series of a PACS."""

from __future__ import annotations

from collections.abc import Callable

from calcitrack.errors import PacsError
from calcitrack.io.pacs.address import Address, parse_address
from calcitrack.io.pacs.attempts import persistently
from calcitrack.io.pacs.connect import connected
from calcitrack.io.pacs.found import Series, Study, series_of, studies_of
from calcitrack.io.pacs.options import PacsOptions, options_from_environment
from calcitrack.io.pacs.query import Query
from calcitrack.io.pacs.server import Server


def find_studies(
    address: str, query: Query | None = None, options: PacsOptions | None = None, *, tell: Callable[[str], None] | None = None
) -> tuple[Study, ...]:
    """Studies of a PACS, ordered by patient and day.

    Parameters
    ----------
    address
        ``https://HOST/dicom-web`` or ``dimse://AET@HOST:PORT``, with or without ``?PatientID=...``.
    query
        Further conditions, beside those of the address; ``None`` for no others.
    options
        ``None`` for the options of the environment.
    tell
        Called with what the user has to know of the answers: a list that may be incomplete.

    Returns
    -------
    tuple of Study
        Empty when nothing matches. A study matches when one of its series matches the conditions on series.

    Raises
    ------
    PacsError
        The server refuses, gives an unusable answer, or does not answer.
    """
    server_address, asked, chosen = asked_of(address, query, options)
    with connected(server_address, chosen) as server:
        studies = matching_studies(server, asked, chosen)
        if asked.body_part or asked.series_uid or (asked.modalities and not all(s.modalities for s in studies)):
            studies = tuple(s for s in studies if _series(server, s, asked, chosen))
        _pass_on(server, tell)
    return studies


def find_series(
    address: str, query: Query | None = None, options: PacsOptions | None = None, *, tell: Callable[[str], None] | None = None
) -> tuple[Series, ...]:
    """Series of a PACS, ordered by patient and day.

    Parameters
    ----------
    address, query, options, tell
        As for `find_studies`.

    Returns
    -------
    tuple of Series
        Empty when nothing matches.

    Raises
    ------
    PacsError
        As `find_studies`.
    """
    server_address, asked, chosen = asked_of(address, query, options)
    with connected(server_address, chosen) as server:
        series = matching_series(server, asked, chosen)
        _pass_on(server, tell)
    return series


def _pass_on(server: Server, tell: Callable[[str], None] | None) -> None:
    if tell is not None:
        for note in server.notes:
            tell(note)


def asked_of(address: str, query: Query | None, options: PacsOptions | None) -> tuple[Address, Query, PacsOptions]:
    """Turn what a user gives into server, query and options."""
    server, address_query = parse_address(address)
    return server, address_query if query is None else address_query.combined(query), options or options_from_environment()


def matching_studies(server: Server, query: Query, options: PacsOptions) -> tuple[Study, ...]:
    """Studies of a connected server; asks again where it does not answer."""
    studies = persistently(lambda: studies_of(server.studies(query), query), options)
    return tuple(sorted(studies, key=lambda s: (s.patient_id, str(s.day or ""), s.study_uid)))


def matching_series(server: Server, query: Query, options: PacsOptions) -> tuple[Series, ...]:
    """Series of a connected server; asks again where it does not answer."""
    return tuple(one for study in matching_studies(server, query, options) for one in _series(server, study, query, options))


def _series(server: Server, study: Study, query: Query, options: PacsOptions) -> tuple[Series, ...]:
    return persistently(lambda: series_of(server.series(study, query), study, query), options)


def check_names_somebody(query: Query, server: str) -> None:
    """Refuse a query that the whole archive matches.

    Raises
    ------
    PacsError
        Neither a patient nor a study nor a time is named.
    """
    if not query.names_somebody:
        raise PacsError(
            server,
            "a question that names no patient, accession number, study or day",
            "one that does not fetch the whole archive",
            "say whose films, or of which days: ?PatientID=... or ?StudyDate=20210101-20211231 (--patient-id, --from, --to)",
        )
