"""The parts of the look into OHIF that need neither a browser nor an archive."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


class _Archive(BaseHTTPRequestHandler):
    """Answers with what it was asked for."""

    def do_GET(self) -> None:
        body = f"{self.path} {self.headers['Accept']}".encode()
        self.send_response(http.client.OK if "frames" not in self.path else http.client.BAD_REQUEST)
        self.send_header("Content-Type", "application/dicom+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def ohif(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The modules that need no playwright."""
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("benchmarks are not part of the installed package")
    monkeypatch.syspath_prepend(str(ROOT))
    import benchmarks.ohif.archive
    import benchmarks.ohif.compare
    import benchmarks.ohif.site

    return benchmarks.ohif


@pytest.fixture
def address(ohif: ModuleType, tmp_path: Path) -> Iterator[int]:
    """Port of a site whose viewer is one page, over an archive that repeats the question."""
    (tmp_path / "index.html").write_text("the viewer", encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Archive) as archive:
        serving = threading.Thread(target=archive.serve_forever, daemon=True)
        serving.start()
        with ohif.site.site(tmp_path, archive.server_port) as found:
            yield int(found.rpartition(":")[2])
        archive.shutdown()
        serving.join()


def test_archive_is_asked_what_the_viewer_asks(ohif: ModuleType, address: int) -> None:
    """Path, query and Accept of a DICOMweb request reach the archive, and its status and type come back."""
    got = ohif.archive.ask(address, "GET", "/dicom-web/studies?limit=1", Accept="application/dicom+json")
    assert got == (200, "application/dicom+json", b"/dicom-web/studies?limit=1 application/dicom+json")
    assert ohif.archive.ask(address, "GET", "/dicom-web/frames/1")[0] == 400


def test_any_address_of_the_viewer_is_its_page(ohif: ModuleType, address: int) -> None:
    """The viewer routes by itself; its configuration names the archive behind this site."""
    assert ohif.archive.ask(address, "GET", "/viewer?StudyInstanceUIDs=1.2")[2] == b"the viewer"
    assert b'"qidoRoot": "/dicom-web"' in ohif.archive.ask(address, "GET", "/app-config.js")[2]


def test_difference_is_told(ohif: ModuleType) -> None:
    """One pixel, a name, a grid or nothing at all: each is a difference of its own, and the same is none."""
    labels, names = np.array([[0, 1], [2, 0]], np.uint16), {1: "D001", 2: "D002"}
    moved = np.array([[1, 0], [2, 0]], np.uint16)
    shown, told = ohif.compare.Shown, ohif.compare.difference
    assert told(shown(labels.copy(), names, ()), labels, names) == ""
    assert told(shown(moved, names, ()), labels, names) == "2 pixels differ, of 2 inside deposits"
    assert told(shown(labels, {1: "D001"}, ()), labels, names).startswith("segments {1: 'D001'}, expected")
    assert told(shown(labels[:1], names, ()), labels, names) == "a grid of (1, 2), expected (2, 2)"
    assert told(shown(None, {}, ("refused",)), labels, names) == "not loaded: refused"
