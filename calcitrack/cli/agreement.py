"""`calcitrack agreement`: how well readers agree with themselves and with each other."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from calcitrack.cli.console import tell
from calcitrack.cli.exits import ExitCode, plain_errors
from calcitrack.model.display import counted

if TYPE_CHECKING:
    from calcitrack.reading import Agreement

NAMES = {"deposit_count": "deposits", "area_mm2": "area, mm²", "ha_mass_mg": "HA, mg"}
NOTHING = "-"


def agreement(
    folder: Annotated[Path, typer.Argument(metavar="WORKSPACE", help="Folder of the workspace.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for readings.csv and agreement.csv, which name patients and dates.", file_okay=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Compare readings: of one reader, where cases were shown again, and of several readers."""
    with plain_errors():
        from calcitrack.io.results.agreement import agreement_rows, write_agreement
        from calcitrack.io.workspace import Workspace
        from calcitrack.reading import agreements

        with Workspace.open(folder, reading=True) as opened:
            readings = opened.sessions.readings()
        found = agreements(readings)
        if out is not None:
            write_agreement(out, readings, found)
        if json:
            sys.stdout.write(json_format.dumps([dict(row) for row in agreement_rows(found)], indent=1) + "\n")
        else:
            _print(found, len(readings))
        if out is not None:
            tell(f"readings.csv and agreement.csv are in {out}")
    raise typer.Exit(ExitCode.DONE if found else ExitCode.NOTHING)


def _print(found: tuple[Agreement, ...], cases: int) -> None:
    console = Console(highlight=False)
    if not found:
        had = f"{counted(cases, 'case is', 'cases are')} done, by one reader, and none of them twice" if cases else "no case of a session is done yet"
        console.print(f"nothing to compare: {had}", markup=False, emoji=False)
        return
    for condition in dict.fromkeys(a.condition for a in found):
        those = [a for a in found if a.condition == condition]
        table = Table(title=condition, title_justify="left", box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
        table.add_column("readings", no_wrap=True)
        for head in ("films", "mean", "ICC (95 %)", "wCV", "SEM", "bias (limits)"):
            table.add_column(head, justify="right", no_wrap=True)
        for line in _lines(those):
            table.add_row(*line)
        console.print(table)
        for note in dict.fromkeys(f"{', '.join(a.readers)}, {NAMES[a.measurand]}: {n}" for a in those for n in a.notes):
            console.print(f"note: {note}", markup=False, emoji=False)


def _lines(those: list[Agreement]) -> list[tuple[str, ...]]:
    """Whose readings are compared, and below it a line for each total."""
    lines: list[tuple[str, ...]] = []
    before = ""
    for a in those:
        who = f"{a.readers[0]}, again" if len(a.readers) == 1 else ", ".join(a.readers)
        lines += [] if who == before else [(who,)]
        icc = NOTHING if a.icc is None else f"{a.icc.value:.2f} ({a.icc.low:.2f}, {a.icc.high:.2f})"
        wcv = NOTHING if a.wcv is None else f"{100 * a.wcv:.1f} %"
        bias = NOTHING if a.bias is None or a.lower is None or a.upper is None else f"{a.bias:+.2f} ({a.lower:+.2f}, {a.upper:+.2f})"
        mean, sem = (NOTHING if v is None else f"{v:.2f}" for v in (a.mean, a.sem))
        lines.append((f"  {NAMES[a.measurand]}", str(a.films), mean, icc, wcv, sem, bias))
        before = who
    return lines
