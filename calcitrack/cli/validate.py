"""The command `validate`: measure simulated patients and show how well the truth is met."""

from __future__ import annotations

import json
import os
import sys
import warnings
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from calcitrack.cli.console import progress_bar
from calcitrack.cli.exits import ExitCode
from calcitrack.io.files.page_block import check_block, replace_block
from calcitrack.model.display import counted
from calcitrack.validation import Scores, TargetStatus, lines, markdown
from calcitrack.validation.page import share
from calcitrack.validation.run import ValidateOptions, validate
from calcitrack.version import __version__

BLOCK = "validate"
"""Name of the markers in the page."""
_COLOURS = {TargetStatus.AIM: "green", TargetStatus.ENOUGH: "", TargetStatus.SHORT: "red", TargetStatus.OPEN: ""}


def run(options: ValidateOptions, *, workers: int | None, page: Path | None, as_json: bool, quiet: bool) -> ExitCode:
    """Simulate, measure, compare, show, and write the page.

    Raises
    ------
    CalcitrackError
        The page does not have the markers (then nothing was simulated), or a process was ended from outside.
    """
    if page is not None:
        check_block(page, BLOCK)
    warnings.simplefilter("ignore")  # libraries' warnings would break the progress bar
    with progress_bar(hidden=quiet or as_json) as bar:
        task = bar.add_task("Simulating and measuring patients", total=options.patients)
        scores = validate(options, workers=workers or _processors(), progress=lambda done, _total: bar.update(task, completed=done))
    if page is not None:
        replace_block(page, BLOCK, markdown(scores, command(options), __version__))
    if as_json:
        sys.stdout.write(scores_json(scores, options))
    elif not quiet:
        sys.stdout.write(scores_text(scores, options, Console()))
    return ExitCode.DONE


def command(options: ValidateOptions) -> str:
    """Shell command that reproduces these figures."""
    return (
        f"calcitrack validate --patients {options.patients} --visits {options.visits} --seed {options.seed}"
        f" --body-part {options.body_part or 'all'} --style {options.style or 'all'}"
        f"{f' --burden {options.burden}' if options.burden else ''}"
    )


def scores_json(scores: Scores, options: ValidateOptions) -> str:
    """The figures as JSON: the lines of the table and the bins of the confidence; ``null`` where there was no case."""
    figures = [
        {
            "figure": line.name,
            "value": line.figure.value,
            "n": line.figure.n,
            "cases": line.cases,
            "at_least": str(line.target.at_least) if line.target else None,
            "aim": str(line.target.aim) if line.target else None,
            "verdict": str(line.verdict) or None,
        }
        for line in lines(scores)
    ]
    content = {
        "command": command(options),
        "version": __version__,
        "people": scores.people,
        "films": scores.films,
        "figures": figures,
        "confidence": [asdict(b) for b in scores.confidence],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def scores_text(scores: Scores, options: ValidateOptions, console: Console) -> str:
    """The figures as a table in the console's colours."""
    figures = Table(box=None, padding=(0, 0, 0, 2), header_style="italic")
    for name in ("figure", "value", "n", "at least", "aim", ""):
        figures.add_column(name, justify="left" if name in ("figure", "") else "right", no_wrap=True)
    for line in lines(scores):
        asked = (str(line.target.at_least), str(line.target.aim)) if line.target else ("", "")
        figures.add_row(line.name, line.text, str(line.figure.n), *asked, Text(line.verdict, style=_COLOURS[line.verdict]))
    sure = Table(box=None, padding=(0, 0, 0, 2), header_style="italic")
    for name in ("confidence given", "deposits", "mean confidence", "share that is real"):
        sure.add_column(name, justify="right")
    for b in scores.confidence:
        sure.add_row(b.span, str(b.n), share(b.given), share(b.real))
    with console.capture() as captured:
        films, people = counted(scores.films, "film"), counted(scores.people, "simulated person", "simulated people")
        console.print(Text(f"calcitrack {__version__} on {films} of {people}", style="bold"))
        console.print(figures)
        console.print()
        console.print(sure)
        console.print(Text(f"The same again: {command(options)}"), soft_wrap=True)
    return captured.get()


def _processors() -> int:
    """Processors for this program."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
