"""`calcitrack pacs`: find, fetch and send DICOM objects."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calcitrack.cli.choices import Level
from calcitrack.cli.exits import plain_errors

if TYPE_CHECKING:
    from calcitrack.io.pacs import PacsOptions, Query

pacs = typer.Typer(
    help="Find films in a PACS, fetch them, and send results back, by DICOMweb or DIMSE.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Server = Annotated[
    str, typer.Argument(metavar="SERVER", help="https://HOST/dicom-web or dimse://AET@HOST:PORT; a question may follow: ?PatientID=P1&Modality=DX.")
]
PatientId = Annotated[str, typer.Option("--patient-id", metavar="ID", help="Patient ID; * stands for any characters, ? for one.")]
Accession = Annotated[str, typer.Option("--accession", metavar="NUMBER", help="Accession number.")]
StudyUid = Annotated[str, typer.Option("--study", metavar="UID", help="Study Instance UID.")]
SeriesUid = Annotated[str, typer.Option("--series", metavar="UID", help="Series Instance UID.")]
Modality = Annotated[list[str] | None, typer.Option("--modality", metavar="CODE", help="Such as DX or CR; may be given several times.")]
BodyPart = Annotated[str, typer.Option("--body-part", metavar="NAME", help="Body Part Examined, such as HAND.")]
FirstDay = Annotated[dt.datetime | None, typer.Option("--from", metavar="DAY", formats=["%Y-%m-%d", "%Y%m%d"], help="First day, such as 2021-03-08.")]
LastDay = Annotated[dt.datetime | None, typer.Option("--to", metavar="DAY", formats=["%Y-%m-%d", "%Y%m%d"], help="Last day.")]
Title = Annotated[str | None, typer.Option("--ae-title", metavar="TITLE", help="Own AE title; CALCITRACK by default.")]
CaFile = Annotated[Path | None, typer.Option("--ca-file", help="PEM file of the authorities that vouch for the server.", dir_okay=False)]
ClientCert = Annotated[
    Path | None, typer.Option("--client-cert", help="PEM file of this computer's certificate, where it is asked for.", dir_okay=False)
]
ClientKey = Annotated[Path | None, typer.Option("--client-key", help="PEM file of its key, where that is not in the same file.", dir_okay=False)]
Timeout = Annotated[float | None, typer.Option("--timeout", metavar="SECONDS", help="How long an answer may take; 60 by default.")]
Listen = Annotated[
    str | None,
    typer.Option("--listen", metavar="[ADDRESS:]PORT", help="Where the server reaches this computer, for --move and for its word on storage."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the same as JSON, and nothing else, on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no summary; errors are still shown.")]


@pacs.command()
def find(
    server: Server,
    patient_id: PatientId = "",
    accession: Accession = "",
    study: StudyUid = "",
    series: SeriesUid = "",
    modality: Modality = None,
    body_part: BodyPart = "",
    first_day: FirstDay = None,
    last_day: LastDay = None,
    level: Annotated[Level, typer.Option("--level", help="A line for each study, or for each series.")] = Level.STUDY,
    ae_title: Title = None,
    ca_file: CaFile = None,
    client_cert: ClientCert = None,
    client_key: ClientKey = None,
    timeout: Timeout = None,
    json: Json = False,
) -> None:
    """List studies or series."""
    with plain_errors():
        from calcitrack.cli.pacs_transfer import found

        query = _query(patient_id, accession, study, series, modality, body_part, first_day, last_day)
        code = found(server, query, _options(ae_title, ca_file, client_cert, client_key, timeout), level, as_json=json)
    raise typer.Exit(code)


@pacs.command()
def get(
    server: Server,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the files; what lies there whole is not fetched again.", file_okay=False)],
    patient_id: PatientId = "",
    accession: Accession = "",
    study: StudyUid = "",
    series: SeriesUid = "",
    modality: Modality = None,
    body_part: BodyPart = "",
    first_day: FirstDay = None,
    last_day: LastDay = None,
    move: Annotated[bool, typer.Option("--move", help="By C-MOVE instead of C-GET; needs --listen.")] = False,
    listen: Listen = None,
    ae_title: Title = None,
    ca_file: CaFile = None,
    client_cert: ClientCert = None,
    client_key: ClientKey = None,
    timeout: Timeout = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fetch films and other objects into a folder; the same command again goes on where it was ended."""
    with plain_errors():
        from calcitrack.cli.pacs_transfer import got

        query = _query(patient_id, accession, study, series, modality, body_part, first_day, last_day)
        options = _options(ae_title, ca_file, client_cert, client_key, timeout, listen)
        code = got(server, out, query, options, move=move, as_json=json, quiet=quiet)
    raise typer.Exit(code)


@pacs.command()
def send(
    server: Server,
    inputs: Annotated[list[Path], typer.Argument(metavar="INPUT", help="DICOM files, or folders such as a results folder.", exists=True)],
    confirm: Annotated[bool, typer.Option("--confirm", help="Ask the server afterwards whether it keeps what it was sent.")] = False,
    listen: Listen = None,
    ae_title: Title = None,
    ca_file: CaFile = None,
    client_cert: ClientCert = None,
    client_key: ClientKey = None,
    timeout: Timeout = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Send DICOM files: Segmentations, reports, films."""
    with plain_errors():
        from calcitrack.cli.pacs_transfer import sent

        options = _options(ae_title, ca_file, client_cert, client_key, timeout, listen)
        code = sent(server, inputs, options, confirm=confirm, as_json=json, quiet=quiet)
    raise typer.Exit(code)


def _query(
    patient_id: str,
    accession: str,
    study: str,
    series: str,
    modality: list[str] | None,
    body_part: str,
    first_day: dt.datetime | None,
    last_day: dt.datetime | None,
) -> Query:
    from calcitrack.io.pacs import Query

    modalities = tuple(m.strip().upper() for several in modality or () for m in several.split(",") if m.strip())
    days = (None if day is None else day.date() for day in (first_day, last_day))
    return Query(patient_id, accession, study, series, modalities, body_part, *days)


def _options(
    ae_title: str | None,
    ca_file: Path | None,
    client_cert: Path | None,
    client_key: Path | None,
    timeout: float | None,
    listen: str | None = None,
) -> PacsOptions:
    """Options from the environment; the command line takes precedence."""
    from dataclasses import replace

    from calcitrack.io.pacs import options_from_environment
    from calcitrack.io.pacs.options import parse_listen

    given = {
        "ae_title": ae_title,
        "ca_file": ca_file,
        "client_certificate": client_cert,
        "client_key": client_key,
        "timeout_s": timeout,
        "listen": None if listen is None else parse_listen(listen),
    }
    return replace(options_from_environment(), **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type] # as the names say
