"""An Orthanc of one's own: on loopback, in a folder that is gone afterwards."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
"""Where Debian's package orthanc-dicomweb puts the plugin."""
ANSWER_LIMIT_S = 60
"""Orthanc starts within two seconds on a quiet machine, and answers within one."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str, bytes]:
    """Status, content type and body of an answer of the server at this port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_LIMIT_S)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", "application/octet-stream"), answer.read()
    finally:
        connection.close()


@contextmanager
def orthanc(folder: Path) -> Iterator[int]:
    """Port of an empty Orthanc with DICOMweb, which ends with the block."""
    program = shutil.which("Orthanc")
    if program is None or not PLUGIN.is_file():
        sys.exit("Orthanc or its DICOMweb plugin is not installed; install them with: apt-get install orthanc orthanc-dicomweb")
    port = free_port()
    settings = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": port,
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "EnableWado": False},
    }
    written = folder / "orthanc.json"
    written.write_text(json.dumps(settings), encoding="utf-8")
    with (folder / "orthanc.log").open("w") as log, subprocess.Popen([program, str(written)], stdout=log, stderr=log) as server:  # noqa: S603 as named
        try:
            _wait(port, server)
            yield port
        finally:
            server.terminate()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + ANSWER_LIMIT_S
    while time.monotonic() < end and server.poll() is None:
        try:
            ask(port, "GET", "/system")
        except OSError:
            time.sleep(0.2)
        else:
            return
    sys.exit(f"Orthanc does not run: it ended, or did not answer within {ANSWER_LIMIT_S} s")


def send(port: int, files: list[Path]) -> None:
    """Store files by Orthanc's own interface; ends with a sentence where it refuses one."""
    for file in files:
        status, _, body = ask(port, "POST", "/instances", file.read_bytes(), **{"Content-Type": "application/dicom"})
        if status != http.client.OK:
            sys.exit(f"{file}: Orthanc answered {status} ({body.decode(errors='replace')[:200]}); expected that it stores the file")


def emptied(port: int) -> None:
    """Take all patients out."""
    for patient in json.loads(ask(port, "GET", "/patients")[2]):
        ask(port, "DELETE", f"/patients/{patient}")
