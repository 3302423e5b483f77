"""`calcitrack workspace`: look after the durable record of a project."""

from __future__ import annotations

import json as json_format
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from calcitrack.cli.exits import ExitCode, plain_errors
from calcitrack.io.dicom.output_options import DicomOutput, SegmentationKind
from calcitrack.io.sheets.dates import DateOrder
from calcitrack.model.display import counted

if TYPE_CHECKING:
    from calcitrack.io.workspace.importing import ImportedVersion
    from calcitrack.model.moved import Moves

workspace = typer.Typer(
    help="Check, back up and export a workspace, the durable record of a project, import what readers drew, or show who changed what.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Folder = Annotated[Path, typer.Argument(metavar="WORKSPACE", help="Folder of the workspace.")]
SegmentationOption = Annotated[
    SegmentationKind, typer.Option("--segmentation", help="How DICOM Segmentations store deposits: one frame each, or all as labels in one frame.")
]
Reports = Annotated[bool, typer.Option("--reports/--no-reports", help="Write measurement reports (DICOM SR) beside the Segmentations.")]
DatesOption = Annotated[
    DateOrder | None,
    typer.Option("--dates", help="What stands first in dates like 04/05/2024 of your tables; without it a day above 12 in the table has to show it."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the same as JSON.")]


def _say(*lines: str) -> None:
    console = Console(stderr=True)
    for line in lines:
        console.print(f"calcitrack: {line}", markup=False, emoji=False, highlight=False, soft_wrap=True)


@workspace.command()
def check(folder: Folder, json: Json = False) -> None:
    """Hold everything against the digests that were taken when it was written."""
    with plain_errors():
        from calcitrack.io.workspace import Workspace

        with Workspace.open(folder, reading=True) as opened:
            report = opened.check()
        if json:
            sys.stdout.write(json_format.dumps({"clean": report.clean, **asdict(report)}, indent=1) + "\n")
        else:
            numbers = {"assessment": report.assessments, "segmentation": report.segmentations, "review": report.reviews, "change": report.entries}
            checked = ", ".join(counted(number, noun) for noun, number in numbers.items())
            lines = [*(f"problem: {p}" for p in report.problems), *(f"note: {n}" for n in report.notes), f"checked {checked}"]
            sys.stdout.write("\n".join([*lines, "clean" if report.clean else counted(len(report.problems), "problem")]) + "\n")
    raise typer.Exit(ExitCode.DONE if report.clean else ExitCode.PARTLY)


@workspace.command()
def history(
    folder: Folder,
    subject: Annotated[str | None, typer.Option(help="Only of this image (`image UID`), timeline, assessment or run, as the list writes it.")] = None,
    who: Annotated[str | None, typer.Option(help="Only what this reader or account did.")] = None,
    json: Json = False,
) -> None:
    """Show the audit trail: who changed what when."""
    with plain_errors():
        from calcitrack.io.workspace import Workspace

        with Workspace.open(folder, reading=True) as opened:
            entries = opened.history(subject, who=who)
        if json:
            sys.stdout.write(json_format.dumps([{**asdict(e), "detail": json_format.loads(e.detail)} for e in entries], indent=1) + "\n")
        else:
            for e in entries:
                sys.stdout.write(f"{e.number:>6}  {e.at}  {e.who}  {e.what}: {e.subject}  {e.before[:8] or '-'} > {e.after[:8] or '-'}\n")


@workspace.command()
def export(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results: new, empty, or former results, which are replaced.")],
    run: Annotated[int | None, typer.Option(min=1, help="Only what this run measured; by default the last assessment of each timeline.")] = None,
    treatments: Annotated[Path | None, typer.Option(help="CSV file or Excel workbook of treatments.", exists=True, dir_okay=False)] = None,
    labs: Annotated[Path | None, typer.Option(help="CSV file or Excel workbook of laboratory results.", exists=True, dir_okay=False)] = None,
    dates: DatesOption = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write each table as Parquet as well.")] = False,
    segmentation: SegmentationOption = SegmentationKind.BINARY,
    reports: Reports = True,
    dataset: Annotated[
        bool, typer.Option("--parquet-dataset", help="Write the tables as Parquet datasets as well, divided by body part, for very large cohorts.")
    ] = False,
) -> None:
    """Write a results folder from what is on record, without measuring again."""
    with plain_errors():
        from calcitrack.cli.summary import moved_lines
        from calcitrack.io.cohort.course_files import find_course_files, read_courses
        from calcitrack.io.workspace import Workspace
        from calcitrack.io.workspace.exporting import export_results

        with Workspace.open(folder, reading=True) as opened:
            patients = {a.key.patient_id for a in opened.assessments(run=run)}
            courses = read_courses(find_course_files((), treatments, labs), patients, dates=dates)
            dicom = DicomOutput(segmentation, reports)
            written = export_results(opened, out, run=run, parquet=parquet, dataset=dataset, courses=courses, dicom=dicom)
        sys.stdout.write(f"{counted(written.n_timelines, 'timeline')} with {counted(written.n_images, 'image')}: {written.folder}\n")
        _say(*moved_lines(written.moves))
        _say(*(f"{p.source}: no {p.output} was written: {p.reason}" for p in written.problems))
    raise typer.Exit(ExitCode.PARTLY if written.problems else ExitCode.DONE)


@workspace.command()
def corrections(folder: Folder) -> None:
    """Print what readers state about films, as the JSON that `measure --corrections` reads."""
    with plain_errors():
        from calcitrack.io.cohort.corrections import corrections_json
        from calcitrack.io.workspace import Workspace

        with Workspace.open(folder, reading=True) as opened:
            sys.stdout.write(corrections_json(opened.corrections()))


@workspace.command()
def backup(folder: Folder, to: Annotated[Path, typer.Argument(metavar="BACKUP", help="New or empty folder.", file_okay=False)]) -> None:
    """Copy the workspace, while others may go on working in it."""
    with plain_errors():
        from calcitrack.io.workspace import Workspace

        with Workspace.open(folder, reading=True) as opened:
            sys.stdout.write(f"a copy of the workspace is in {opened.backup(to)}\n")


@workspace.command(name="import")
def import_(
    folder: Folder,
    files: Annotated[list[Path], typer.Argument(metavar="SEG", help="DICOM Segmentations that a reader drew in another program.")],
    reader: Annotated[str, typer.Option(help="Who drew them.")],
    comment: Annotated[str, typer.Option(help="The reader's own words.")] = "",
    segment: Annotated[
        list[int] | None, typer.Option(min=1, help="Take only this segment, whatever it is said to be; may be given several times.")
    ] = None,
    based_on: Annotated[
        int | None, typer.Option(min=1, help="Version of the segmentation that the reader started from; by default the one that counts now.")
    ] = None,
    replace_all: Annotated[
        bool, typer.Option("--replace-all", help="Accept also what leaves none of a film's deposits, or lays them elsewhere.")
    ] = False,
    json: Json = False,
) -> None:
    """Accept outlines that a reader drew in 3D Slicer, OHIF or another program as new versions; nothing is overwritten."""
    refused: list[str] = []
    accepted: list[tuple[Path, ImportedVersion]] = []
    moved: list[Moves] = []
    with plain_errors():
        from calcitrack.batch.drawn_elsewhere import revise_as_drawn
        from calcitrack.cli.summary import moved_lines, moves_json
        from calcitrack.errors import EditConflictError, ReadError
        from calcitrack.io.workspace import Workspace
        from calcitrack.io.workspace.importing import import_into

        with Workspace.open(folder) as opened:
            for file in files:
                try:
                    versions = import_into(opened, file, reader=reader, comment=comment, segments=segment, based_on=based_on, replace_all=replace_all)
                    accepted += [(file, m) for m in versions]
                except (ReadError, EditConflictError) as error:  # one file must not cost the others
                    refused.append(str(error))
            touched = [opened.assessment_with(m.version.image) for _, m in accepted if m.changed]
            for name in dict.fromkeys(a.assessment_id for a in touched if a is not None):
                try:
                    moves = revise_as_drawn(opened, name, reader)
                except ReadError as error:
                    _say(f"the outlines are kept; the values that follow are not, since a film cannot be read: {error}")
                else:
                    moved += [] if moves is None else [moves]
    if json:
        rows = [{"file": str(f), **asdict(m), "changed": m.changed} for f, m in accepted]
        sys.stdout.write(
            json_format.dumps({"accepted": rows, "refused": refused, "moved": [moves_json(m) for m in moved]}, indent=1, default=str) + "\n"
        )
    else:
        sys.stdout.writelines(f"{file}: {_outcome(m)}\n" for file, m in accepted)
        _say(*moved_lines(moved, "`calcitrack workspace export` writes the new values, and the workspace keeps what was said before"))
        _say(*(f"{file}: {finding}" for file, m in accepted for finding in m.findings))
    _say(*(f"not imported: {reason}" for reason in refused))
    raise typer.Exit(ExitCode.PARTLY if refused and accepted else ExitCode.NOTHING if refused else ExitCode.DONE)


def _outcome(imported: ImportedVersion) -> str:
    deposits = counted(imported.deposits, "deposit")
    if not imported.changed:
        return f"image {imported.version.image}: the same as version {imported.version.number}, {deposits}; nothing was changed"
    counts = ((imported.added, "added"), (imported.removed, "removed"), (imported.redrawn, "redrawn"))
    became = ", ".join(f"{n} {what}" for n, what in counts if n)
    version = imported.version
    return f"image {version.image}: version {version.number} by {version.reader}, {deposits} ({became or 'outlines as before'})"
