"""The commands. Heavy modules are imported inside them, so that `--help` answers at once."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from calcitrack.cli.agreement import agreement
from calcitrack.cli.choices import BurdenChoice, PartChoice, StyleChoice, input_text
from calcitrack.cli.exits import ExitCode, plain_errors
from calcitrack.cli.pacs import pacs as pacs_commands
from calcitrack.cli.workspace import DatesOption, Reports, SegmentationOption
from calcitrack.cli.workspace import workspace as workspace_commands
from calcitrack.errors import InvalidValueError
from calcitrack.io.dicom.output_options import DicomOutput, SegmentationKind
from calcitrack.io.files.limits import stated_limits
from calcitrack.phantom.course import DiseaseCourse
from calcitrack.phantom.specs import BodyPart, Style

app = typer.Typer(
    help="Measure calcium deposits in soft tissue on serial radiographs, and say how they change. For research; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(pacs_commands, name="pacs")
app.add_typer(workspace_commands, name="workspace")
app.command()(agreement)

DEMO_FOLDER = Path("calcitrack-demo")

INPUT_HELP = (
    "Folders, DICOM files, zip archives, DICOMDIR, PNG, JPEG and TIFF with sidecars, or what a PACS has: "
    "https://HOST/dicom-web?PatientID=P1, dimse://AET@HOST:PORT?PatientID=P1."
)
Inputs = Annotated[list[str], typer.Argument(metavar="INPUT", help=INPUT_HELP, parser=input_text)]
Films = Annotated[
    Path | None,
    typer.Option("--films", help="Folder for films that are fetched from a PACS; by default OUT-films, beside the results.", file_okay=False),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results: new, empty, or former results, which are replaced.", file_okay=False)]
Json = Annotated[bool, typer.Option("--json", help="Print the summary as JSON, and nothing else, on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no summary; errors are still shown.")]
Workers = Annotated[int | None, typer.Option("--workers", "-j", min=1, help="Processes that measure; by default one for each processor.")]
Burden = Annotated[
    BurdenChoice | None, typer.Option(help="How much calcium is on the films, or masses of 2 to 10 cm (tumoral); by default it varies.")
]
Seed = Annotated[int, typer.Option(min=0, help="Decides everything; the same seed gives the same patients.")]
Dataset = Annotated[
    bool, typer.Option("--parquet-dataset", help="Write the tables as Parquet datasets as well, divided by body part, for very large cohorts.")
]
Parquet = Annotated[bool, typer.Option("--parquet", help="Write each table as Parquet as well.")]
WedgeFirst = Annotated[float, typer.Option("--wedge-first-mm", help="Thinnest step of an aluminium wedge in the picture, mm.")]
WedgeStep = Annotated[float, typer.Option("--wedge-step-mm", help="By how much each further step of the wedge is thicker, mm.")]
WedgeBox = Annotated[
    tuple[int, int, int, int] | None,
    typer.Option(
        "--wedge-box", metavar="ROW0 ROW1 COL0 COL1", help="First and last row, first and last column, in pixels, between which the wedge lies."
    ),
]
Concentration = Annotated[
    float | None, typer.Option("--ha-concentration", help="Hydroxyapatite in deposits, mg/cm3, that turns mass into volume; 400 by default.")
]
ConcentrationSd = Annotated[
    float | None,
    typer.Option("--ha-concentration-sd", help="Its standard uncertainty, mg/cm3; by default it may be three times less or more."),
]

Treatments = Annotated[
    Path | None,
    typer.Option(
        "--treatments", help="CSV file or Excel workbook of treatments; by default treatments.csv in an input folder.", exists=True, dir_okay=False
    ),
]
Labs = Annotated[
    Path | None,
    typer.Option(
        "--labs", help="CSV file or Excel workbook of laboratory results; by default labs.csv in an input folder.", exists=True, dir_okay=False
    ),
]

Corrections = Annotated[
    Path | None,
    typer.Option(
        help="JSON file of what a reader states about films: a known length, the wedge, side, view, date, excluded regions, crop. "
        "What readers stated in the workspace is used without it.",
        exists=True,
        dir_okay=False,
    ),
]
WorkspaceFolder = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        help="Workspace that keeps each assessment as soon as it is made; made where there is none. "
        "The same command again goes on where a run was ended: what the workspace holds from the same files and settings is not measured again.",
        file_okay=False,
    ),
]
Again = Annotated[bool, typer.Option("--again", help="Measure also those timelines that the workspace holds from the same files and settings.")]
Pseudonyms = Annotated[
    Path | None,
    typer.Option(
        "--pseudonyms",
        help="CSV file or Excel workbook with the columns old,new: the name that stands for each Patient ID.",
        exists=True,
        dir_okay=False,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Scheduler of a Dask cluster that measures instead of this computer: tcp://HOST:PORT."),
]
TimeLimit = Annotated[
    float,
    typer.Option("--time-limit", min=0, metavar="SECONDS", help="Give a timeline up when one step on one film takes longer; 0 for no limit."),
]
MethodOption = Annotated[str | None, typer.Option("--method", hidden=True)]
"""Earlier versions had two; commands that state one go on, or learn that it is retired."""
SegmenterOption = Annotated[
    str | None,
    typer.Option(
        "--segmenter",
        metavar="MODULE:FUNCTION",
        help="A segmenter of your own in place of the network: a Python function of a radiograph that gives a Segmentation.",
    ),
]


def _print_version(wanted: bool) -> None:
    if wanted:
        from calcitrack.version import __version__

        typer.echo(f"calcitrack {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[  # noqa: ARG001 its callback does the work
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """What all commands share."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without ± must not cost the results
    try:
        stated_limits(os.environ)
    except InvalidValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def measure(
    inputs: Inputs,
    out: Out,
    manifest: Annotated[
        Path | None, typer.Option(help="CSV file or Excel workbook that states what headers do not.", exists=True, dir_okay=False)
    ] = None,
    corrections: Corrections = None,
    treatments: Treatments = None,
    labs: Labs = None,
    dates: DatesOption = None,
    wedge_first_mm: WedgeFirst = 1.0,
    wedge_step_mm: WedgeStep = 1.0,
    wedge_box: WedgeBox = None,
    ha_concentration: Concentration = None,
    ha_concentration_sd: ConcentrationSd = None,
    method: MethodOption = None,
    segmenter: SegmenterOption = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    time_limit: TimeLimit = 600.0,
    parquet: Parquet = False,
    parquet_dataset: Dataset = False,
    workspace: WorkspaceFolder = None,
    again: Again = False,
    segmentation: SegmentationOption = SegmentationKind.BINARY,
    reports: Reports = True,
    pseudonyms: Pseudonyms = None,
    films: Films = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure radiographs, follow each deposit over time, and write tables, segmentations, reports and pictures."""
    with plain_errors():
        from calcitrack.assess import AssessOptions
        from calcitrack.calibrate import CalibrateOptions
        from calcitrack.cli.inputs import local_inputs
        from calcitrack.cli.measure import Request, measure_options, run
        from calcitrack.cli.own_segmenter import chosen_method
        from calcitrack.cli.resume import same_command
        from calcitrack.segment import SegmentOptions

        wedge = CalibrateOptions(wedge_first_mm=wedge_first_mm, wedge_step_mm=wedge_step_mm, wedge_box=wedge_box)
        measuring = measure_options(ha_concentration, ha_concentration_sd)
        options = AssessOptions(calibrate=wedge, segment=SegmentOptions(method=chosen_method(method, segmenter)), measure=measuring)
        paths, all_there = local_inputs(inputs, out, films, quiet=quiet or json)
        request = Request(
            inputs=paths,
            out=out,
            manifest=manifest,
            corrections=corrections,
            workers=workers,
            parquet=parquet,
            options=options,
            treatments=treatments,
            labs=labs,
            dates=dates,
            workspace=workspace,
            again=again,
            command=same_command(),
            dicom=DicomOutput(segmentation, reports),
            pseudonyms=pseudonyms,
            scheduler=scheduler,
            time_limit_s=time_limit,
            dataset=parquet_dataset,
        )
        code = run(request, as_json=json, quiet=quiet)
    raise typer.Exit(ExitCode.PARTLY if code is ExitCode.DONE and not all_there else code)


@app.command()
def info(
    file: Annotated[Path, typer.Argument(help="One DICOM file, PNG, JPEG or TIFF.")],
    wedge_first_mm: WedgeFirst = 1.0,
    wedge_step_mm: WedgeStep = 1.0,
    wedge_box: WedgeBox = None,
    json: Json = False,
) -> None:
    """Say what was understood of a file: image, size of a pixel, calibration tier and why."""
    with plain_errors():
        from calcitrack.calibrate import CalibrateOptions
        from calcitrack.cli.info import describe

        wedge = CalibrateOptions(wedge_first_mm=wedge_first_mm, wedge_step_mm=wedge_step_mm, wedge_box=wedge_box)
        sys.stdout.write(describe(file, wedge, as_json=json))


@app.command()
def demo(out: Out = DEMO_FOLDER, workers: Workers = None, json: Json = False, quiet: Quiet = False) -> None:
    """Measure the three simulated patients that come with the program."""
    with plain_errors():
        from calcitrack.cli.measure import Request, run
        from calcitrack.io.phantom.samples import check_samples, sample_radiographs

        check_samples()
        code = run(Request((sample_radiographs(),), out, None, workers, False), as_json=json, quiet=quiet)
    raise typer.Exit(code)


@app.command()
def phantom(
    out: Annotated[Path, typer.Option("--out", "-o", help="New or empty folder for the films.", file_okay=False)],
    patients: Annotated[int, typer.Option(min=1, max=9999, help="Simulated patients.")] = 5,
    visits: Annotated[int, typer.Option(min=1, max=40, help="Visits of each patient.")] = 3,
    seed: Seed = 1,
    body_part: Annotated[BodyPart, typer.Option(help="What is on the films.")] = BodyPart.HAND,
    burden: Burden = None,
    style: Annotated[Style | None, typer.Option(help="Kind of file; by default each patient's hospital has its own.")] = None,
    repeat: Annotated[bool, typer.Option(help="Expose the last visit twice, which shows how well results repeat.")] = True,
    course: Annotated[DiseaseCourse | None, typer.Option(help="What the disease does as a whole; by default every deposit goes its own way.")] = None,
    quiet: Quiet = False,
) -> None:
    """Make radiographs of simulated patients whose deposits are known exactly, to try the program or to test another one."""
    with plain_errors():
        from calcitrack.cli.phantom import run
        from calcitrack.io.phantom.files import PhantomSetOptions
        from calcitrack.phantom.population import WEDGE_TURN_DEG, WEDGE_UNEVEN, Exposures, Population

        population = Population(body_part=body_part, visits=visits, burden=burden or (None if course is None else "moderate"))
        exposures = Exposures(style=style, repeat_last=repeat, wedge_turn_deg=WEDGE_TURN_DEG, wedge_uneven=WEDGE_UNEVEN)
        options = PhantomSetOptions(patients=patients, seed=seed, population=population, exposures=exposures, course=course)
        code = run(out, options, quiet=quiet)
    raise typer.Exit(code)


@app.command()
def deidentify(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A folder, DICOM file, zip archive or DICOMDIR.", exists=True)],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New or empty folder for the copies.", file_okay=False)],
    key: Annotated[
        Path | None,
        typer.Option(help="File that keeps the secret and who is who, so that later files fit; made where there is none.", dir_okay=False),
    ] = None,
    pseudonyms: Pseudonyms = None,
    mask_text: Annotated[bool, typer.Option("--mask-text", help="Cover text that is found in the pictures of radiographs.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Copy DICOM files without what says whose they are; the days between them stay, and so does what is measured."""
    with plain_errors():
        from calcitrack.cli.deidentify import run

        code = run(source, out, key=key, pseudonyms=pseudonyms, mask_text=mask_text, as_json=json, quiet=quiet)
    raise typer.Exit(code)


@app.command()
def validate(
    patients: Annotated[int, typer.Option(min=1, max=9999, help="Simulated patients.")] = 12,
    visits: Annotated[int, typer.Option(min=1, max=40, help="Visits of each patient; the last one is exposed twice.")] = 2,
    seed: Seed = 1,
    body_part: Annotated[PartChoice, typer.Option(help="What is on the films; all of them in turn, or one.")] = PartChoice.ALL,
    style: Annotated[StyleChoice, typer.Option(help="Kind of file; all of them in turn, or one.")] = StyleChoice.ALL,
    burden: Burden = None,
    workers: Workers = None,
    write: Annotated[Path | None, typer.Option(help="Page whose part between the validate markers is replaced by the table.", dir_okay=False)] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Simulate patients whose deposits are known exactly, measure them, and say how well that went."""
    with plain_errors():
        from calcitrack.cli.validate import run
        from calcitrack.validation.run import ValidateOptions

        options = ValidateOptions(
            patients=patients, visits=visits, seed=seed, body_part=body_part.value_or_none, style=style.value_or_none, burden=burden
        )
        code = run(options, workers=workers, page=write, as_json=json, quiet=quiet)
    raise typer.Exit(code)
