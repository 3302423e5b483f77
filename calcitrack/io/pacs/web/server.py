"""A PACS that speaks DICOMweb: QIDO-RS, WADO-RS and STOW-RS (PS3.18), through dicomweb-client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pydicom
import requests
from dicomweb_client.web import DICOMwebClient
from pydicom.dataset import Dataset

from calcitrack.io.dicom.header import Header
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.pacs.address import WebAddress
from calcitrack.io.pacs.credentials import Credentials, credentials_for
from calcitrack.io.pacs.found import OBJECT_KEYS, SERIES_KEYS, STUDY_KEYS, Series, StoredObject, Study
from calcitrack.io.pacs.options import PacsOptions, tls_context
from calcitrack.io.pacs.query import Query
from calcitrack.io.pacs.server import Keep, OutgoingFile, Tell
from calcitrack.io.pacs.web.errors import OF_ONE_OBJECT, NotThereError, NotUnderstoodError, explained, own_words

REPEATS = "the server repeats its first answers when asked for more: its lists may be incomplete"
"""Said where a page behind the first one holds nothing new."""
ALREADY_THERE = (0x0111, 45070)
"""Failure reasons of an object whose UID the server has: duplicate SOP Instance (PS3.7, C.4.2), and that of Microsoft's DICOM service."""
PAGE = 500
"""Answers asked for at a time; a server may give fewer."""
MAX_PAGES = 2000
"""A million answers; a server that goes on for longer repeats itself."""
LEFT_PLAIN = {"%2A": "*", "%3F": "?", "%2F": "/", "%3A": ":", "%40": "@", "+": "%20"}
"""Allowed as they are in the query of a URL (RFC 3986, 3.4): some servers, Orthanc 1.10 among them, compare values without decoding them."""

Search = Callable[..., list[dict[str, Any]]]


@contextmanager
def web_server(address: WebAddress, options: PacsOptions) -> Iterator[WebServer]:
    """A DICOMweb server, with the account that the environment or the keyring has for it.

    Raises
    ------
    PacsError
        A certificate or an account cannot be used.
    """
    if address.origin.startswith("https"):
        tls_context(options)  # its errors name the file; those of requests do not
    with _Session(options, credentials_for(address.origin)) as session:
        yield WebServer(address, options, session)


class WebServer:
    """See `calcitrack.io.pacs.server.Server`."""

    def __init__(self, address: WebAddress, options: PacsOptions, session: requests.Session) -> None:
        self.name = str(address)
        self.notes: list[str] = []
        self._client = DICOMwebClient(address.url, session=session, timeout=options.timeout_s, permissive_uid=True)
        self._client.set_http_retry_params(retry=False)  # `attempts.persistently` asks again, also after lost connections

    def studies(self, query: Query) -> list[Dataset]:
        """Answers of QIDO-RS."""
        modality = query.modalities[0] if len(query.modalities) == 1 else ""
        filters = {
            "PatientID": query.patient_id,
            "AccessionNumber": query.accession_number,
            "StudyInstanceUID": query.study_uid,
            "StudyDate": query.study_date,
            "ModalitiesInStudy": modality,
        }
        try:
            return self._search("studies", self._client.search_for_studies, filters, STUDY_KEYS)
        except NotUnderstoodError:
            if not modality:
                raise
        # some servers refuse Modalities in Study; the series are told apart by their modality anyway
        return self._search("studies", self._client.search_for_studies, {**filters, "ModalitiesInStudy": ""}, STUDY_KEYS)

    def series(self, study: Study, query: Query) -> list[Dataset]:
        """Answers of QIDO-RS. They are filtered by body part here: not every server supports that key."""
        filters = {"SeriesInstanceUID": query.series_uid, "Modality": query.modalities[0] if len(query.modalities) == 1 else ""}
        return self._search("series", self._client.search_for_series, filters, SERIES_KEYS, study.study_uid)

    def objects(self, series: Series) -> list[Dataset]:
        """Answers of QIDO-RS."""
        return self._search("images", self._client.search_for_instances, {}, OBJECT_KEYS, series.study.study_uid, series.series_uid)

    def fetch(self, objects: Sequence[StoredObject], keep: Keep) -> None:
        """Fetch each object by WADO-RS, as it was stored, compressed or not."""
        for one in objects:
            try:
                content = self._content(one)
            except NotThereError:
                continue
            keep(one, content)

    def store(self, files: Sequence[OutgoingFile], tell: Tell) -> None:
        """Send each file by STOW-RS."""
        for file in files:
            tell(file, self._stored(file))

    def commit(self, objects: Sequence[StoredObject]) -> None:  # noqa: ARG002 as the protocol has it
        """DICOMweb has no storage commitment."""
        return

    def _search(self, what: str, search: Search, conditions: Mapping[str, str], keys: Sequence[str], *uids: str) -> list[Dataset]:
        filters = {k: v for k, v in conditions.items() if v}
        found: dict[str, Dataset] = {}
        offset = 0
        for _ in range(MAX_PAGES):
            with explained(self.name, f"the list of {what}"), collected_warnings():
                page = search(*uids, search_filters=filters, fields=list(keys), limit=PAGE, offset=offset)
                answers = {repr(sorted((k, v.get("Value")) for k, v in one.items())): Dataset.from_json(one) for one in page}
            new = {k: v for k, v in answers.items() if k not in found}
            if not new:
                if page and offset and REPEATS not in self.notes:
                    self.notes.append(REPEATS)
                break
            found.update(new)
            offset += len(page)
        return list(found.values())

    def _content(self, one: StoredObject) -> bytes:
        with explained(self.name, f"object {one.sop_instance_uid}"), collected_warnings():
            dataset = self._client.retrieve_instance(one.study_uid, one.series_uid, one.sop_instance_uid, media_types=(("application/dicom", "*"),))
            stream = BytesIO()
            dataset.save_as(stream, enforce_file_format=True)
        return stream.getvalue()

    def _stored(self, file: OutgoingFile) -> str:
        """Why the server did not store a file; empty where it did."""
        with explained(self.name, f"storing {file.path}"), collected_warnings():
            try:
                answer = Header(self._client.store_instances([pydicom.dcmread(file.path)]))
            except requests.HTTPError as error:
                if error.response is None or error.response.status_code not in OF_ONE_OBJECT:
                    raise
                answer, words = Header(_dataset_of(error.response)), f" (HTTP {error.response.status_code}{own_words(error)})"
                if not answer.items("FailedSOPSequence"):
                    return f"the server did not store it{words}"
            failed = answer.items("FailedSOPSequence")
            reason = failed[0].integer("FailureReason") if failed else None
        if not failed:
            return ""
        if reason in ALREADY_THERE:
            return f"the server has it already (failure reason 0x{reason:04X}); what it has was not replaced"
        return f"the server did not store it (failure reason {'not stated' if reason is None else f'0x{reason:04X}'})"


def _dataset_of(response: requests.Response) -> Dataset:
    """The DICOM answer in JSON; an empty one where there is none."""
    try:
        content = response.json()
        return Dataset.from_json(content[0] if isinstance(content, list) else content)
    except Exception:  # whatever a server writes; its text is quoted then
        return Dataset()


class _Session(requests.Session):
    """A session with the options' certificates, regardless of variables like REQUESTS_CA_BUNDLE, and with minimal encoding of queries."""

    def __init__(self, options: PacsOptions, credentials: Credentials) -> None:
        super().__init__()
        self._authorities = None if options.ca_file is None else str(options.ca_file)
        certificate, key = options.client_certificate, options.client_key
        if certificate is not None:
            self.cert = str(certificate) if key is None else (str(certificate), str(key))
        if credentials.token:
            self.auth = _Bearer(credentials.token)
        elif credentials.user:
            self.auth = (credentials.user, credentials.password)

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """As in requests, except for the encoding of the query."""
        prepared = super().prepare_request(request)
        base, mark, question = (prepared.url or "").partition("?")
        for encoded, plain in LEFT_PLAIN.items():
            question = question.replace(encoded, plain)
        prepared.url = base + mark + question
        return prepared

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """As in requests, except for the certificate authorities."""
        settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
        if self._authorities is not None:
            settings["verify"] = self._authorities
        return settings


class _Bearer(requests.auth.AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
