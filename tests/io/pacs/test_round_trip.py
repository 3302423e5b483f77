"""A real PACS (Orthanc) on this computer, by DICOMweb and DIMSE."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import keyring
import pydicom
import pytest
from keyring.backends.fail import Keyring
from pydicom.uid import RLELossless
from typer.testing import CliRunner

from calcitrack.cli import app
from calcitrack.cli.inputs import local_inputs
from calcitrack.errors import PacsError, PacsRefusedError, PacsUnreachableError
from calcitrack.io.pacs import Confirmation, PacsOptions, Query, fetch, find_series, find_studies, send
from calcitrack.io.pacs.kept import is_whole

pytestmark = pytest.mark.usefixtures("account")
BOTH = pytest.mark.parametrize("protocol", ["web", "dimse"])
IMPATIENT = PacsOptions(timeout_s=20, attempts=2, first_wait_s=0.01)


def same_objects(sent: list[Path], folder: Path) -> bool:
    """Whether a folder holds these objects and no others, each element as it was."""
    mine, theirs = ({d.SOPInstanceUID: d for d in map(pydicom.dcmread, files)} for files in (sent, folder.rglob("*.dcm")))
    return mine.keys() == theirs.keys() and all(
        mine[u] == theirs[u] and mine[u].file_meta.TransferSyntaxUID == theirs[u].file_meta.TransferSyntaxUID for u in mine
    )


@pytest.fixture
def never_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits to ask again fails the test."""

    def refuse(seconds: float) -> None:
        raise AssertionError(f"waited {seconds} s to ask again")

    monkeypatch.setattr("calcitrack.io.pacs.attempts.sleep", refuse)


@BOTH
def test_what_is_sent_is_found_and_comes_back_as_it_was(orthanc: Any, films: Callable[..., list[Path]], tmp_path: Path, protocol: str) -> None:
    """By patient, accession number, UID, modality, body part and day; a second fetch fetches nothing, or what was cut short meanwhile."""
    address, patient = getattr(orthanc, protocol), f"RT-{protocol}"
    sent = films(patient, 3)
    assert send(address, [tmp_path / "sent"]).stored == tuple(sent)
    headers = [pydicom.dcmread(p, stop_before_pixels=True) for p in sent]
    uids = [h.StudyInstanceUID for h in headers]

    def found(**asked: Any) -> list[str]:
        return [s.study_uid for s in find_studies(address, Query(**{"patient_id": patient, **asked}))]

    assert found() == uids
    assert found(patient_id="RT-*", first_day=dt.date(2022, 1, 1), last_day=dt.date(2022, 12, 31), accession_number=f"{patient}-2") == [uids[1]]
    assert found(study_uid=uids[2], modalities=("DX",)) == [uids[2]]
    assert found(modalities=("CR", "DX"), body_part="hand") == uids
    assert found(patient_id=patient.lower()) == found(modalities=("CR",)) == found(body_part="KNEE") == found(last_day=dt.date(2020, 1, 1)) == []
    (series,) = find_series(f"{address}?PatientID={patient}&StudyDate=20210308&Modality=DX&BodyPartExamined=HAND")
    assert (series.study.patient_id, series.study.day, series.modality, series.body_part) == (patient, dt.date(2021, 3, 8), "DX", "HAND")
    assert series.series_uid == headers[0].SeriesInstanceUID

    folder, query = tmp_path / "fetched", Query(patient)
    first = fetch(address, folder, query)
    assert (first.n_new, first.n_there, first.n_series, first.missing, first.gone) == (3, 0, 3, {}, "")
    assert same_objects(sent, folder)
    files = sorted(folder.rglob("*.dcm"))
    files[0].write_bytes(files[0].read_bytes()[:-1000])
    files[1].replace(files[1].with_name(f"{files[1].name}.part"))
    again = fetch(address, folder, query)
    assert (again.n_new, again.n_there) == (2, 1)
    assert same_objects(sent, folder)
    assert fetch(address, folder, query).n_new == 0


@BOTH
def test_compressed_films_travel_as_they_are(orthanc: Any, films: Callable[..., list[Path]], tmp_path: Path, protocol: str) -> None:
    """Neither side decodes what was sent as run-length lossless."""
    address, patient = getattr(orthanc, protocol), f"RLE-{protocol}"
    sent = films(patient, 1, syntax=RLELossless)
    assert len(send(address, sent).stored) == 1
    assert fetch(f"{address}?PatientID={patient}", tmp_path / "fetched").n_new == 1
    assert same_objects(sent, tmp_path / "fetched")


def test_measure_takes_what_a_pacs_has_and_its_results_go_back(
    orthanc: Any, films: Callable[..., list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Segmentations and reports are filed under the studies of their films; films are fetched once, and what is no film is not."""
    for name, value in (("overlay.LONG_SIDE", 150), ("pair.LONG_SIDE", 150), ("page.DPI", 30)):
        monkeypatch.setattr(f"calcitrack.figures.{name}", value)
    monkeypatch.chdir(tmp_path)
    films("MS")
    assert CliRunner().invoke(app, ["pacs", "send", orthanc.web, "sent"]).exit_code == 0
    question = f"{orthanc.dimse}?PatientID=MS"
    done = CliRunner().invoke(app, ["measure", question, "--out", "R", "-j", "1"])
    assert done.exit_code == 0, done.output
    assert "MS / HAND / R / PA" in done.stdout
    assert "2 objects of 2 series in R-films" in done.stderr
    for kind, address in (("seg", orthanc.dimse), ("sr", orthanc.web)):
        done = CliRunner().invoke(app, ["pacs", "send", address, f"R/{kind}", "--confirm", "--listen", f"127.0.0.1:{orthanc.client_port}"])
        assert (done.exit_code, done.stdout.splitlines()[0]) == (0, f"2 objects stored by {address}"), done.output
    for address in (orthanc.web, orthanc.dimse):
        by_study: dict[str, set[str]] = {}
        for series in find_series(address, Query("MS")):
            by_study.setdefault(series.study.study_uid, set()).add(series.modality)
        assert list(by_study.values()) == [{"DX", "SEG", "SR"}] * 2
    paths, complete = local_inputs([question, "sent"], Path("R"), None, quiet=True)
    assert complete
    assert paths[0].parent == Path("R-films")
    assert paths[1] == Path("sent")
    assert len(list(paths[0].rglob("*.dcm"))) == 2


@pytest.mark.usefixtures("never_wait")
def test_a_wrong_password_is_said_at_once(orthanc: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not tried again, and what to do is said; the same without any account, and for sending."""
    monkeypatch.setenv("CALCITRACK_PACS_PASSWORD", "wrong")
    with pytest.raises(PacsRefusedError, match=r"/dicom-web: found HTTP 401 \(Unauthorized\) .* set CALCITRACK_PACS_USER"):
        find_studies(orthanc.web, Query("P1"))
    monkeypatch.delenv("CALCITRACK_PACS_USER")
    monkeypatch.delenv("CALCITRACK_PACS_PASSWORD")
    done = CliRunner().invoke(app, ["pacs", "get", orthanc.web, "--patient-id", "P1", "--out", str(tmp_path / "F")])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "HTTP 401" in done.stderr
    assert not list(tmp_path.rglob("*.dcm"))


def test_the_account_may_be_in_the_keyring(orthanc: Any, pacs_server: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to scheme, host and port."""

    class Memory(Keyring):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            held = (f"http://127.0.0.1:{orthanc.web_port}", pacs_server.USER)
            return pacs_server.PASSWORD if (service, username) == held else None

    keyring.set_keyring(Memory())
    monkeypatch.delenv("CALCITRACK_PACS_PASSWORD")
    assert find_studies(orthanc.web, Query("NOBODY")) == ()
    monkeypatch.setenv("CALCITRACK_PACS_USER", "somebody")
    with pytest.raises(PacsRefusedError, match="HTTP 401"):
        find_studies(orthanc.web, Query("NOBODY"))


@pytest.fixture
def way(orthanc: Any, pacs_server: ModuleType, protocol: str) -> Iterator[Callable[..., tuple[Any, str]]]:
    """Makes a way to the PACS that breaks after so many bytes, and the address by that way."""
    ways = []

    def made(limit_bytes: int, *, heals: bool) -> tuple[Any, str]:
        port, address_at = (orthanc.web_port, orthanc.web_at) if protocol == "web" else (orthanc.dimse_port, orthanc.dimse_at)
        ways.append(pacs_server.BreakingWay(port, limit_bytes, heals=heals))
        return ways[-1], address_at(ways[-1].port)

    yield made
    for one in ways:
        one.end()


@BOTH
def test_a_server_that_goes_half_way_costs_nothing_that_came(
    orthanc: Any, films: Callable[..., list[Path]], way: Callable[..., tuple[Any, str]], tmp_path: Path, protocol: str
) -> None:
    """What came is kept, whole files only; the same call goes on with the rest when the server is back."""
    sent = films(f"GO-{protocol}", 4)
    send(getattr(orthanc, protocol), sent)
    broken, address = way(170_000, heals=False)
    folder, query = tmp_path / "fetched", Query(f"GO-{protocol}")
    first = fetch(address, folder, query, IMPATIENT)
    assert 1 <= first.n_new <= 3
    assert first.n_left == 4 - first.n_new
    assert f"{address}: found" in first.gone
    kept = list(folder.rglob("*.*"))
    assert len([p for p in kept if p.suffix == ".dcm"]) == first.n_new
    for path in folder.rglob("*.dcm"):
        with path.open("rb") as stream:
            assert is_whole(stream, path.stem)
    with pytest.raises(PacsUnreachableError):
        fetch(address, folder, query, IMPATIENT)
    broken.heal()
    second = fetch(address, folder, query, IMPATIENT)
    assert (second.n_new, second.n_there, second.gone) == (first.n_left, first.n_new, "")
    assert same_objects(sent, folder)


@BOTH
def test_a_connection_that_breaks_once_is_not_even_noticed(
    orthanc: Any, films: Callable[..., list[Path]], way: Callable[..., tuple[Any, str]], tmp_path: Path, protocol: str
) -> None:
    """It is asked again after a moment, for what is missing."""
    sent = films(f"ON-{protocol}", 4)
    send(getattr(orthanc, protocol), sent)
    broken, address = way(170_000, heals=True)
    fetched = fetch(address, tmp_path / "fetched", Query(f"ON-{protocol}"), IMPATIENT)
    assert (fetched.n_new, fetched.gone, broken.breaks) == (4, "", 1)
    assert same_objects(sent, tmp_path / "fetched")


def test_a_killed_server_is_said_by_the_command_which_goes_on_afterwards(
    pacs_server: ModuleType, films: Callable[..., list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code says that a part is there, a line how to go on; measuring waits until all is there."""
    monkeypatch.setattr("calcitrack.io.pacs.attempts.sleep", lambda _: None)
    server = pacs_server.Orthanc(tmp_path / "server")
    try:
        sent = films("KILL", 3)
        send(server.web, sent)
        question, folder = f"{server.web}?PatientID=KILL", tmp_path / "F"
        real = pydicom.dataset.Dataset.save_as

        def killing(*arguments: Any, **named: Any) -> None:
            server.kill()
            real(*arguments, **named)

        monkeypatch.setattr("pydicom.dataset.Dataset.save_as", killing)
        done = CliRunner().invoke(app, ["pacs", "get", question, "--out", str(folder)])
        assert done.exit_code == 3
        assert "1 object of 3 series" in done.stdout
        assert "2 objects left to fetch; to go on there:" in done.stderr
        monkeypatch.setattr("pydicom.dataset.Dataset.save_as", real)
        assert CliRunner().invoke(app, ["measure", question, "--out", str(tmp_path / "R")]).exit_code == 2
        assert not (tmp_path / "R").exists()
        server.start_again()
        done = CliRunner().invoke(app, ["pacs", "get", question, "--out", str(folder)])
        assert (done.exit_code, done.stdout.strip()) == (0, f"3 objects of 3 series in {folder}, 1 of them from before")
        assert same_objects(sent, folder)
    finally:
        server.end()


def test_c_move_brings_films_to_this_computer(orthanc: Any, films: Callable[..., list[Path]], tmp_path: Path) -> None:
    """On a connection that the server opens; a title that it does not know is said, and so is a port that is missing or taken."""
    sent = films("MOVE")
    send(orthanc.dimse, sent)
    listen, question = ("127.0.0.1", orthanc.client_port), f"{orthanc.dimse}?PatientID=MOVE"
    fetched = fetch(question, tmp_path / "F", options=PacsOptions(listen=listen), move=True)
    assert (fetched.n_new, fetched.missing) == (2, {})
    assert same_objects(sent, tmp_path / "F")
    with pytest.raises(PacsRefusedError, match=r"cannot send to the AE title STRANGER .*have STRANGER registered there"):
        fetch(question, tmp_path / "G", options=PacsOptions("STRANGER", listen=listen), move=True)
    with pytest.raises(PacsError, match="name it with --listen PORT"):
        fetch(question, tmp_path / "G", move=True)
    with pytest.raises(PacsError, match=r"nobody can listen at 127.0.0.1"):
        fetch(question, tmp_path / "G", options=PacsOptions(listen=("127.0.0.1", orthanc.web_port)), move=True)
    with pytest.raises(PacsError, match="leave --move out"):
        fetch(f"{orthanc.web}?PatientID=MOVE", tmp_path / "G", move=True)


def test_storage_is_confirmed(orthanc: Any, films: Callable[..., list[Path]], monkeypatch: pytest.MonkeyPatch) -> None:
    """By storage commitment over DIMSE, by the server's list over DICOMweb; an object that it loses is named."""
    sent = films("COMMIT")
    options = PacsOptions(listen=("127.0.0.1", orthanc.client_port))
    done = send(orthanc.dimse, sent, options, confirm=True)
    assert (done.confirmation, done.unconfirmed) == (Confirmation.COMMITMENT, ())
    done = send(orthanc.web, sent, confirm=True)
    assert (done.confirmation, done.unconfirmed) == (Confirmation.LISTING, ())
    monkeypatch.setattr("calcitrack.io.pacs.dimse.server.store_all", lambda _, files, tell: [tell(f, "") for f in files])
    monkeypatch.setattr("calcitrack.io.pacs.web.server.WebServer.store", lambda _, files, tell: [tell(f, "") for f in files])
    lost = films("LOST", 1)
    uid = pydicom.dcmread(lost[0], stop_before_pixels=True).SOPInstanceUID
    for address in (orthanc.dimse, orthanc.web):
        assert send(address, [*sent, *lost], options, confirm=True).unconfirmed == (uid,)


def test_a_server_that_gives_no_word_on_storage_is_said(orthanc: Any, films: Callable[..., list[Path]]) -> None:
    """It answers on a connection of its own, which nobody takes here: what is stored counts, and what to do is said."""
    sent = films("SILENT", 1)
    done = send(orthanc.dimse, sent, PacsOptions(timeout_s=2), confirm=True)
    assert (done.stored, done.confirmation, done.n_left) == (tuple(sent), Confirmation.NOT_ASKED, 0)
    assert "no word on storage within 2 s" in done.gone
    assert "registered there" in done.gone


def test_a_title_that_is_not_the_servers_is_refused(orthanc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names both titles. A busy server may end the connection before its refusal gets through; then it is asked again."""
    monkeypatch.setattr("calcitrack.io.pacs.attempts.sleep", lambda _: None)
    wrong = orthanc.dimse.replace("ORTHANC@", "OTHER@")
    with pytest.raises(
        PacsRefusedError, match=r"rejects the association .*check its AE title, OTHER, and have this computer's, CALCITRACK, registered"
    ):
        find_studies(wrong, Query("P1"))


def test_a_kind_that_the_server_does_not_take_is_one_failure(orthanc: Any, films: Callable[..., list[Path]]) -> None:
    """The other files are stored."""
    sent = films("KIND")
    strange = films("STRANGE", 1, SOPClassUID="1.2.3.4")
    done = send(orthanc.dimse, [*sent, *strange])
    assert done.stored == tuple(sent)
    assert list(done.failed) == strange
    assert "does not take 1.2.3.4" in done.failed[strange[0]]


def test_a_server_that_is_not_there_is_asked_as_often_as_said(pacs_server: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits double; then one sentence."""
    waits: list[float] = []
    monkeypatch.setattr("calcitrack.io.pacs.attempts.sleep", waits.append)
    port = pacs_server.free_port()
    for address in (f"http://127.0.0.1:{port}/dicom-web", f"dimse://ORTHANC@127.0.0.1:{port}"):
        waits.clear()
        began = time.monotonic()
        with pytest.raises(PacsUnreachableError, match=rf"127.0.0.1:{port}.*: found no connection.*then ask again"):
            find_studies(address, Query("P1"))
        assert waits == [1.0, 2.0, 4.0]
        assert time.monotonic() - began < 20
