"""The command `phantom`: write films of simulated patients, with a progress bar."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from rich.console import Console

from calcitrack.cli.console import progress_bar
from calcitrack.cli.exits import ExitCode
from calcitrack.io.cohort.course_files import LABS, TREATMENTS
from calcitrack.io.phantom.files import PhantomSetOptions, WrittenFilm, write_phantom_set
from calcitrack.model.display import counted
from calcitrack.phantom.course import DiseaseCourse


def run(folder: Path, options: PhantomSetOptions, *, quiet: bool) -> ExitCode:
    """Write the set, and say where it is, how to measure it and where the truth is.

    Raises
    ------
    ResultsError
        The folder holds other files, or cannot be written.
    """
    try:
        with progress_bar(hidden=quiet) as bar:
            task = bar.add_task("Simulating patients", total=options.patients)
            films = write_phantom_set(folder, options, progress=lambda done, _total: bar.update(task, completed=done))
    except KeyboardInterrupt:
        message = f"calcitrack: interrupted; {folder} holds part of a set, without its index; remove it before the set is made again"
        Console(stderr=True).print(message, markup=False, emoji=False, highlight=False, soft_wrap=True)
        return ExitCode.INTERRUPTED
    if not quiet:
        sys.stdout.write(_ending(folder, films, treated=options.course is DiseaseCourse.TREATED))
    return ExitCode.DONE


def _ending(folder: Path, films: tuple[WrittenFilm, ...], *, treated: bool) -> str:
    people = len({film.patient for film in films})
    quoted, results = shlex.quote(str(folder)), shlex.quote(f"{folder}-results")
    lines = (
        f"{counted(len(films), 'film')} of {counted(people, 'simulated patient')}: {folder}",
        f"Truth of each film (deposits with mass, volume and area; label map; bone): {folder / 'truth'}",
        *([f"Treatments and laboratory values, which are used when it is measured: {folder / TREATMENTS}, {folder / LABS}"] if treated else []),
        f"To measure them: calcitrack measure {quoted} --out {results}",
    )
    return "\n".join(lines) + "\n"
