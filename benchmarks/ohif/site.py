"""The viewer's files and the archive's DICOMweb under one address, as a hospital's proxy would serve them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.ohif.archive import ask


def viewer_settings() -> dict[str, Any]:
    """OHIF's configuration: one data source, the archive behind this site."""
    root = "/dicom-web"
    source = {
        "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
        "sourceName": "orthanc",
        "configuration": {
            "friendlyName": "Orthanc",
            "name": "orthanc",
            "wadoUriRoot": root,
            "qidoRoot": root,
            "wadoRoot": root,
            "qidoSupportsIncludeField": False,
            "imageRendering": "wadors",
            "thumbnailRendering": "wadors",
            "enableStudyLazyLoad": True,
            "supportsFuzzyMatching": False,
            "supportsWildcard": True,
            "singlepart": "bulkdata",
            "acceptHeader": ["multipart/related; type=application/octet-stream; transfer-syntax=*"],
            "bulkDataURI": {"enabled": True},
        },
    }
    return {
        "routerBasename": None,
        "extensions": [],
        "modes": [],
        "showStudyList": True,
        "showLoadingIndicator": True,
        "showWarningMessageForCrossOrigin": False,
        "showCPUFallbackMessage": False,
        "strictZSpacingForVolumeViewport": True,
        "investigationalUseDialog": {"option": "never"},
        "defaultDataSourceName": "orthanc",
        "dataSources": [source],
    }


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: Any, archive: int, **named: Any) -> None:
        self.archive = archive
        super().__init__(*arguments, **named)

    def do_GET(self) -> None:
        """A DICOMweb answer, the configuration, a file, or the viewer's page for any other address (it routes by itself)."""
        path = self.path.partition("?")[0]
        if path.startswith("/dicom-web/"):
            self._pass_on()
        elif path == "/app-config.js":
            self._answer(f"window.config = {json.dumps(viewer_settings())};".encode(), "text/javascript")
        else:
            if not Path(self.translate_path(path)).is_file():
                self.path = "/index.html"
            super().do_GET()

    def _pass_on(self) -> None:
        status, content_type, body = ask(self.archive, "GET", self.path, Accept=self.headers.get("Accept", "*/*"))
        self._answer(body, content_type, status)

    def _answer(self, body: bytes, content_type: str, status: int = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        """Every answer isolates the page: without it browsers withhold the shared memory that the viewer decodes in."""
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing: the addresses hold UIDs."""


@contextmanager
def site(viewer: Path, archive: int) -> Iterator[str]:
    """Address of the viewer over an archive, served on loopback until the block ends.

    Parameters
    ----------
    viewer
        The folder ``dist`` of the npm package ``@ohif/app``.
    archive
        Port of an Orthanc, as `archive.orthanc` gives it.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, archive=archive, directory=str(viewer))) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()
