"""Servers that answer in their own way: what they say is told, and what they do not give is not taken for whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from calcitrack.io.pacs import PacsOptions, Query, WebAddress, find_studies, finding
from calcitrack.io.pacs.found import StoredObject
from calcitrack.io.pacs.kept import KeptObjects
from calcitrack.io.pacs.server import OutgoingFile
from calcitrack.io.pacs.web.server import REPEATS, WebServer

DX_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"


def film(rows: int = 8) -> bytes:
    """A film of 8 x 8 pixels that holds this many rows of them."""
    one = Dataset()
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.SOPClassUID, one.SOPInstanceUID = DX_PRESENTATION, "1.5"
    one.StudyInstanceUID, one.SeriesInstanceUID = "1.2", "1.3"
    one.Rows = one.Columns = 8
    one.BitsAllocated, one.SamplesPerPixel = 16, 1
    one.PixelData = np.zeros((rows, 8), np.uint16).tobytes()
    one["PixelData"].VR = "OW"
    stream = BytesIO()
    one.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def test_a_film_that_was_cut_and_written_again_is_not_whole(tmp_path: Path) -> None:
    """Its elements fit their own lengths, but its pixels are fewer than its rows and columns say."""
    kept, one = KeptObjects(tmp_path), StoredObject("1.2", "1.3", "1.5", "")
    assert not kept.keep(one, film(rows=4))
    path = kept.path_of(one)
    path.parent.mkdir()
    path.write_bytes(film(rows=4))
    assert not kept.holds(one)
    assert kept.keep(one, film())
    assert kept.holds(one)


class Client:
    """Answers as the test says, in the place of dicomweb-client."""

    def __init__(self, status: int = 200, content: bytes = b"", kind: str = "text/plain") -> None:
        self.answer = requests.Response()
        self.answer.status_code, self.answer._content = status, content
        self.answer.headers["Content-Type"] = kind
        self.asked: list[dict[str, Any]] = []

    def store_instances(self, datasets: list[Dataset]) -> Dataset:
        """Refuse to store."""
        self.asked += [{"uid": d.SOPInstanceUID} for d in datasets]
        raise requests.HTTPError(response=self.answer)

    def search_for_studies(self, **asked: Any) -> list[dict[str, Any]]:
        """The same two studies at any offset; no answer to a question with a modality."""
        self.asked.append(asked)
        if "ModalitiesInStudy" in asked["search_filters"]:
            raise requests.HTTPError(response=self.answer)
        return [{"0020000D": {"vr": "UI", "Value": [uid]}} for uid in ("1.2", "1.3")]


def server(client: Client) -> WebServer:
    """A server that is this client."""
    made = WebServer(WebAddress("http://127.0.0.1:1/dw"), PacsOptions(), requests.Session())
    made._client = client  # type: ignore[assignment]
    return made


@pytest.mark.parametrize(
    ("client", "said"),
    [
        (Client(409, b'{"00081198":{"vr":"SQ","Value":[{"00081197":{"vr":"US","Value":[45070]}}]}}', "application/dicom+json"), "has it already"),
        (Client(409, b'{"00081198":{"vr":"SQ","Value":[{"00081197":{"vr":"US","Value":[273]}}]}}', "application/dicom+json"), "has it already"),
        (Client(409, b'{"00081198":{"vr":"SQ","Value":[{"00081197":{"vr":"US","Value":[272]}}]}}', "application/dicom+json"), "reason 0x0110"),
        (Client(400, b"patient is locked\n"), "(HTTP 400: patient is locked)"),
        (Client(413), "(HTTP 413)"),
    ],
)
def test_the_refusal_of_one_object_does_not_hold_back_the_others(client: Client, said: str, tmp_path: Path) -> None:
    """Each is tried, with the server's reason; one that is there already is told apart."""
    files = []
    for name in "ab":
        (tmp_path / name).write_bytes(film())
        files.append(OutgoingFile(tmp_path / name, StoredObject("1.2", "1.3", "1.5", ""), ExplicitVRLittleEndian))
    told: list[str] = []
    client.asked.clear()
    server(client).store(files, lambda _, reason: told.append(reason))
    assert len(client.asked) == 2
    assert [said in words for words in told] == [True, True]


def test_a_filter_that_the_server_refuses_is_left_out() -> None:
    """The question is asked again without it: series are told apart by their modality anyway."""
    client = Client(400, b"unsupported")
    assert len(server(client).studies(Query("P1", modalities=("DX",)))) == 2
    assert [a["search_filters"] for a in client.asked] == [{"PatientID": "P1", "ModalitiesInStudy": "DX"}, *[{"PatientID": "P1"}] * 2]


def test_a_page_that_repeats_is_told() -> None:
    """A server that ignores the offset may have more than it shows."""
    asked = server(Client())
    assert len(asked.studies(Query("P1"))) == 2
    assert asked.notes == ["the server repeats its first answers when asked for more: its lists may be incomplete"]


def test_a_listing_tells_that_a_page_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """`find_studies` and `find_series` pass on what `fetch` says in its notes."""

    @contextmanager
    def connected(*_: object) -> Iterator[WebServer]:
        yield server(Client())

    monkeypatch.setattr(finding, "connected", connected)
    told: list[str] = []
    assert len(find_studies("http://127.0.0.1:1/dw", Query("P1"), PacsOptions(), tell=told.append)) == 2
    assert told == [REPEATS]
