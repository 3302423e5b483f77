"""A PACS on this computer: Orthanc with its own ports, accounts and folder, ended by its process id; and a way to it that breaks on demand."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
USER, PASSWORD = "reader", "secret-7f"
TITLE = "ORTHANC"
OWN_TITLE = "CALCITRACK"
PATIENCE_S = 60
"""Until it is up, on a busy machine."""
LOOPBACK = "127.0.0.1"


def is_installed() -> bool:
    """Whether Orthanc and its DICOMweb service are there."""
    return Path(PROGRAM).is_file() and PLUGIN.is_file()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        return int(taken.getsockname()[1])


class Orthanc:
    """One server, up when the constructor returns.

    Parameters
    ----------
    folder
        For its configuration and what it stores; a further server on the same folder has the same objects.
    settings
        Of its configuration, beside those below.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self._settings = folder, settings
        self._dimse_scheme = "dimse-tls" if settings.get("DicomTlsEnabled") else "dimse"
        for left in range(2, -1, -1):
            self.web_port, self.dimse_port, self.client_port = free_port(), free_port(), free_port()
            try:
                self.process = self._started()
                break
            except AssertionError:  # somebody else took one of the ports meanwhile
                if not left:
                    raise

    @property
    def web(self) -> str:
        """Its DICOMweb address."""
        return self.web_at(self.web_port)

    @property
    def dimse(self) -> str:
        """Its DIMSE address."""
        return self.dimse_at(self.dimse_port)

    def web_at(self, port: int) -> str:
        """The address by another way."""
        return f"http://{LOOPBACK}:{port}/dicom-web"

    def dimse_at(self, port: int) -> str:
        """The address by another way."""
        return f"{self._dimse_scheme}://{TITLE}@{LOOPBACK}:{port}"

    def kill(self) -> None:
        """As if its computer lost power."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def start_again(self) -> None:
        """At the same ports, with what it stored."""
        self.process = self._started()

    def end(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def _started(self) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = {
            "Name": "test",
            "StorageDirectory": str(self.folder / "objects"),
            "IndexDirectory": str(self.folder / "objects"),
            "HttpPort": self.web_port,
            "DicomPort": self.dimse_port,
            "DicomAet": TITLE,
            "DicomCheckCalledAet": True,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": True,
            "RegisteredUsers": {USER: PASSWORD},
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "DicomModalities": {"client": {"AET": OWN_TITLE, "Host": LOOPBACK, "Port": self.client_port, "AllowStorageCommitment": True}},
            "HttpCompressionEnabled": False,  # so that the bytes on the way are those of the films
            "Plugins": [str(PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
            **self._settings,
        }
        (self.folder / "orthanc.json").write_text(json.dumps(configuration), encoding="utf-8")
        with (self.folder / "orthanc.log").open("ab") as log:
            process = subprocess.Popen([PROGRAM, "orthanc.json"], cwd=self.folder, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603
        end = time.monotonic() + PATIENCE_S
        while not all(_listens(port) for port in (self.web_port, self.dimse_port)):
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                process.wait(PATIENCE_S)
                raise AssertionError((self.folder / "orthanc.log").read_text(encoding="utf-8", errors="replace")[-2000:])
            time.sleep(0.05)
        return process


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOOPBACK, port), 1):
        return True
    return False


class BreakingWay:
    """A way to a port of this computer that ends every connection once the server has sent so many bytes.

    Parameters
    ----------
    limit_bytes
        From the server, over all connections.
    heals
        Whether it is whole again as soon as it broke; else connections are ended at once until `heal`.
    tls
        What makes it an encrypted way, as a hospital's proxy before its PACS: Debian's Orthanc 1.10 breaks down when it is asked by HTTPS itself.
    """

    def __init__(self, port: int, limit_bytes: int = 1 << 60, *, heals: bool = True, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._target, self._left, self._heals = port, limit_bytes, heals
        self._is_broken, self.breaks = False, 0
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._server = socket.create_server((LOOPBACK, 0))
        self.port = int(self._server.getsockname()[1])
        self._begin(self._accept)

    def heal(self) -> None:
        """Let everything through from now on."""
        with self._lock:
            self._is_broken, self._left = False, 1 << 60

    def end(self) -> None:
        """End everything."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._end_all()
        for thread in list(self._threads):
            thread.join(PATIENCE_S)

    def _begin(self, what: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=what, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                if self._is_broken:
                    near.close()
                    continue
                if self._tls is not None:
                    try:
                        near = self._tls.wrap_socket(near, server_side=True)
                    except OSError:  # a client that does not trust the certificate
                        near.close()
                        continue
                far = socket.create_connection((LOOPBACK, self._target))
                self._sockets += [near, far]
                self._begin(self._carry, near, far, False)
                self._begin(self._carry, far, near, True)

    def _carry(self, source: socket.socket, target: socket.socket, from_server: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(8192):
                if from_server and self._uses_up(len(piece)):
                    self._end_all()
                    break
                target.sendall(piece)
        for one in (source, target):
            _close(one)

    def _uses_up(self, size: int) -> bool:
        with self._lock:
            self._left -= size
            if self._left >= 0:
                return False
            self.breaks += 1
            self._is_broken, self._left = not self._heals, 1 << 60
            return True

    def _end_all(self) -> None:
        for one in self._sockets:
            _close(one)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
