"""Addresses, questions, options and answers: what needs no server, and what a server that is none says."""

from __future__ import annotations

import datetime as dt
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset
from typer.testing import CliRunner

from calcitrack.cli import app
from calcitrack.cli.choices import SERVERS
from calcitrack.errors import CalcitrackError, InvalidValueError, NotAnImageFileError, PacsError, PacsRefusedError, PacsUnreachableError
from calcitrack.io.pacs import (
    DimseAddress,
    PacsOptions,
    Query,
    WebAddress,
    find_studies,
    names_a_server,
    options_from_environment,
    parse_address,
    send,
)
from calcitrack.io.pacs.address import SCHEMES
from calcitrack.io.pacs.credentials import Credentials, credentials_for
from calcitrack.io.pacs.found import StoredObject, Study, series_of, studies_of
from calcitrack.io.pacs.kept import KeptObjects
from calcitrack.io.pacs.options import parse_listen

ANY_STUDY = Study("1.2", "P1", None, "", (), None, None)
IMPATIENT = PacsOptions(timeout_s=5, attempts=2, first_wait_s=0)


@pytest.mark.parametrize(
    ("text", "address", "query"),
    [
        ("https://pacs.example/dicom-web/?PatientID=P1", WebAddress("https://pacs.example/dicom-web"), Query("P1")),
        ("HTTP://[::1]:8042/d", WebAddress("http://[::1]:8042/d"), Query()),
        ("dimse://ARCHIVE@pacs:11112", DimseAddress("ARCHIVE", "pacs", 11112, False), Query()),
        ("dimse-tls://A1@pacs", DimseAddress("A1", "pacs", 2762, True), Query()),
        ("dimse://A@h?Modality=dx,CR&BodyPartExamined=HAND", DimseAddress("A", "h", 104, False), Query(modalities=("DX", "CR"), body_part="HAND")),
        ("dimse://A@h?StudyDate=20210101-", DimseAddress("A", "h", 104, False), Query(first_day=dt.date(2021, 1, 1))),
        (
            "dimse://A@h?StudyDate=20210308&PatientID=A%2BB C",
            DimseAddress("A", "h", 104, False),
            Query("A+B C", first_day=dt.date(2021, 3, 8), last_day=dt.date(2021, 3, 8)),
        ),
    ],
)
def test_addresses_are_read(text: str, address: WebAddress | DimseAddress, query: Query) -> None:
    """Server and question of one line, and back."""
    assert parse_address(text) == (address, query)
    assert parse_address(str(address))[0] == address
    assert names_a_server(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ftp://host/x", "expected https://HOST/dicom-web"),
        ("https://u:pw@host/x", "put them into CALCITRACK_PACS_USER"),
        ("dimse://host:104", "no AE title"),
        ("dimse://ATITLETHATISTOOLONG@host:104", "1 to 16 ASCII characters"),
        ("https://host:port/x", "no address"),
        ("https://host/x?PatientName=Doe", "ask by one of these"),
        ("https://host/x?StudyDate=2021-02-30", "a day or a range"),
        ("https://host/x?StudyInstanceUID=../etc", "a UID consists of digits and dots"),
        ("https://host/x?StudyDate=20220101-20210101", "is after the last one"),
    ],
)
def test_addresses_that_cannot_be_used_are_said(text: str, said: str) -> None:
    """What was found, and what to do; never a password or a name that was asked for."""
    with pytest.raises(PacsError) as caught:
        parse_address(text)
    assert said in str(caught.value)
    assert "pw" not in str(caught.value)
    assert "Doe" not in str(caught.value)


def test_the_command_line_knows_the_same_schemes() -> None:
    """It imports nothing of DICOM for its help, and has them twice all the same. A path is still a path."""
    assert SERVERS == SCHEMES
    assert not names_a_server("https")
    assert not names_a_server("folder/dimse:x")


@given(st.text(max_size=20), st.text(max_size=64))
def test_a_value_without_wildcards_matches_itself_alone(asked: str, stated: str) -> None:
    """Also where it has brackets, which mean nothing to DICOM."""
    if not set(asked) & set("*?"):
        assert Query().matches_text(asked, stated) == (asked in ("", stated))


def test_two_values_for_one_thing_are_refused() -> None:
    """The address and the options may say the same, or add to each other."""
    assert Query("P1").combined(Query("P1", modalities=("DX",))) == Query("P1", modalities=("DX",))
    with pytest.raises(InvalidValueError, match="two different values of patient_id"):
        Query("P1").combined(Query("P2"))


def test_the_whole_archive_is_not_fetched(tmp_path: Path) -> None:
    """A modality, a body part or a lone star name nobody."""
    assert not Query("*", modalities=("DX",), body_part="HAND").names_somebody
    assert Query("P*").names_somebody
    done = CliRunner().invoke(app, ["pacs", "get", "https://h/d?Modality=DX", "--out", str(tmp_path / "F")])
    assert done.exit_code == 2
    assert "names no patient" in done.stderr
    assert not (tmp_path / "F").exists()


def answer(**elements: str) -> Dataset:
    """What a server says about one thing."""
    said = Dataset()
    with disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keyword, value in elements.items():
            setattr(said, keyword, value)
    return said


def test_answers_that_were_not_asked_for_are_left_out() -> None:
    """Servers may match loosely or not at all, repeat themselves, and leave out what they do not know."""
    mine = answer(StudyInstanceUID="1.2", PatientID="P1", StudyDate="20210308", ModalitiesInStudy="DX")
    other = answer(StudyInstanceUID="1.3", PatientID="p1", StudyDate="20210308")
    silent = answer(StudyInstanceUID="1.4")
    bad = answer(StudyInstanceUID="../../etc", PatientID="P1")
    assert [s.study_uid for s in studies_of([mine, other, silent, bad, mine], Query("P1", modalities=("DX", "CR")))] == ["1.2", "1.4"]
    hand, unstated, unknown = answer(BodyPartExamined="HAND"), answer(BodyPartExamined=""), answer()
    for number, one in enumerate((hand, unstated, unknown)):
        one.SeriesInstanceUID, one.Modality = f"1.{number + 1}", "DX"
    assert [s.series_uid for s in series_of([hand, unstated, unknown], ANY_STUDY, Query(body_part="HAND"))] == ["1.1", "1.3"]


def test_a_folder_holds_whole_objects_only(write_dicom_file: Callable[..., Path], tmp_path: Path) -> None:
    """Every shorter beginning of a file is not whole, and neither is another object under its name."""
    content = write_dicom_file(tmp_path / "a.dcm", SOPInstanceUID="1.5").read_bytes()
    kept, one = KeptObjects(tmp_path / "F"), StoredObject("1.2", "1.3", "1.5", "")
    for end in range(0, len(content), 7):
        assert not kept.keep(one, content[:end])
    assert not kept.holds(one)
    assert list((tmp_path / "F").rglob("*.*")) == []
    assert kept.keep(one, content)
    assert kept.holds(one)
    assert kept.path_of(one) == tmp_path / "F" / "1.2" / "1.5.dcm"
    assert not kept.keep(StoredObject("1.2", "1.3", "1.6", ""), content)


def test_options_come_from_the_environment() -> None:
    """Values that cannot be used name their variable."""
    stated = {"AE_TITLE": "ME", "TIMEOUT": "5", "LISTEN": "127.0.0.1:11112", "CA_FILE": "ca.pem"}
    options = options_from_environment({f"CALCITRACK_PACS_{k}": v for k, v in stated.items()})
    assert options == PacsOptions("ME", ca_file=Path("ca.pem"), timeout_s=5, listen=("127.0.0.1", 11112))
    assert parse_listen("104")[1] == 104
    for name, value in (("TIMEOUT", "soon"), ("LISTEN", "port"), ("AE_TITLE", "x" * 17)):
        with pytest.raises(PacsError, match=f"(CALCITRACK_PACS_{name}|where to listen|own AE title): found"):
            options_from_environment({f"CALCITRACK_PACS_{name}": value})
    with pytest.raises(InvalidValueError, match="needs its certificate"):
        PacsOptions(client_key=Path("k"))


def test_accounts_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token goes first; a password alone is no account; neither is in what is printed of them."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    both = {"CALCITRACK_PACS_USER": "u", "CALCITRACK_PACS_PASSWORD": "hidden"}
    assert credentials_for("https://h", both) == Credentials("u", "hidden")
    assert credentials_for("https://h", {**both, "CALCITRACK_PACS_TOKEN": "t"}) == Credentials(token="t")  # noqa: S106 a made one
    assert not credentials_for("https://h", {})
    assert "hidden" not in repr(credentials_for("https://h", both))
    with pytest.raises(PacsError, match="a password without a user"):
        credentials_for("https://h", {"CALCITRACK_PACS_PASSWORD": "hidden"})


def test_without_the_packages_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both protocols are optional."""
    for module in sorted((m for m in sys.modules if m.startswith(("calcitrack.io.pacs.web", "calcitrack.io.pacs.dimse"))), reverse=True):
        package, _, name = module.rpartition(".")
        monkeypatch.delattr(sys.modules[package], name, raising=False)  # an import sets it: without this, the new module would stay
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "dicomweb_client", None)
    monkeypatch.setitem(sys.modules, "dicomweb_client.web", None)
    monkeypatch.setitem(sys.modules, "pynetdicom", None)
    monkeypatch.setitem(sys.modules, "pynetdicom.presentation", None)
    for address in ("https://h/dicom-web", "dimse://A@h"):
        with pytest.raises(PacsError, match=r'pip install "calcitrack\[pacs\]"'):
            find_studies(address, Query("P1"))


def test_nothing_to_send_is_said(tmp_path: Path) -> None:
    """A folder without a DICOM file, before anybody is asked."""
    (tmp_path / "table.csv").write_text("a\n", encoding="utf-8")
    with pytest.raises(NotAnImageFileError, match="no DICOM file \\(1 other file\\)"):
        send("https://nowhere.invalid/d", [tmp_path])


class OtherServer(BaseHTTPRequestHandler):
    """Answers by its path: a status, a page in HTML, or nothing for a first time."""

    asked: list[str]

    def do_GET(self) -> None:
        """Answer."""
        what = self.path.split("/")[1]
        self.asked.append(what)
        if what == "busy" and self.asked.count(what) > 1:
            self._say(200, "application/dicom+json", b"[]")
        elif what.isdecimal() or what == "busy":
            self._say(int(what) if what.isdecimal() else 503, "text/plain", b"no")
        else:
            self._say(200, "text/html", b"<html>Log in</html>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _say(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def other_server() -> Iterator[str]:
    """A web server that is no PACS."""
    OtherServer.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), OtherServer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "kind", "said", "times"),
    [
        ("401", PacsRefusedError, "set CALCITRACK_PACS_USER", 1),
        ("403", PacsRefusedError, "ask those who run the server for leave", 1),
        ("404", PacsError, "that of Orthanc ends in /dicom-web", 1),
        ("500", PacsError, "look into the server's log", 1),
        ("503", PacsUnreachableError, "ask again later", 2),
        ("page", PacsError, "not DICOMweb", 1),
    ],
)
def test_only_what_may_help_is_tried_again(other_server: str, path: str, kind: type[CalcitrackError], said: str, times: int) -> None:
    """Each answer has its sentence; a refusal is not asked for twice."""
    with pytest.raises(kind, match=said) as caught:
        find_studies(f"{other_server}/{path}", Query("P1"), IMPATIENT)
    assert str(caught.value).startswith(f"{other_server}/{path}: found")
    assert OtherServer.asked == [path] * times


def test_a_server_that_is_busy_for_a_moment_answers_in_the_end(other_server: str) -> None:
    """The user does not notice."""
    assert find_studies(f"{other_server}/busy", Query("P1"), IMPATIENT) == ()
    assert OtherServer.asked == ["busy", "busy"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:{}/d", "dimse://A@127.0.0.1:{}"])
def test_a_server_that_says_nothing_is_given_up_after_the_timeout(address: str) -> None:
    """No thread and no connection is left of it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(PacsUnreachableError, match=r"127\.0\.0\.1.*: found "):
            find_studies(address.format(silent.getsockname()[1]), Query("P1"), PacsOptions(timeout_s=0.5, attempts=1))
        assert time.monotonic() - began < 20
        assert [t for t in threading.enumerate() if type(t).__module__.startswith("pynetdicom")] == []
