"""Writing a results folder for a cohort, and reading it back. Its contract is `docs/reference/results.md`."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd

from calcitrack.change import JudgeOptions, judge_cohort, series_of
from calcitrack.errors import ResultsError
from calcitrack.io.dicom.output_options import DicomOutput
from calcitrack.io.results.folder import read_manifest
from calcitrack.io.results.provenance import Clock, utc_now
from calcitrack.io.results.table_files import read_table
from calcitrack.io.results.writer import ResultsWriter, Written
from calcitrack.model.arguments import expect
from calcitrack.model.cohort import CohortAssessment
from calcitrack.model.course import Courses
from calcitrack.tables import SCHEMAS


@dataclass(frozen=True, eq=False, slots=True)
class Results:
    """A results folder read back: its tables with the types of their schemas, and its provenance."""

    deposits: pd.DataFrame
    timeline: pd.DataFrame
    events: pd.DataFrame
    images: pd.DataFrame
    possible: pd.DataFrame
    not_measurable: pd.DataFrame
    changes: pd.DataFrame
    trends: pd.DataFrame
    responses: pd.DataFrame
    cohort: pd.DataFrame
    provenance: dict[str, Any]


def write_results(
    cohort: CohortAssessment,
    folder: str | PathLike[str],
    *,
    parquet: bool = False,
    dataset: bool = False,
    clock: Clock = utc_now,
    courses: Courses | None = None,
    judging: JudgeOptions | None = None,
    dicom: DicomOutput | None = None,
) -> Written:
    """Write a results folder for a whole cohort.

    Parameters
    ----------
    cohort
        What `calcitrack.assess_cohort` returned.
    folder, parquet, dataset, clock, dicom
        As for `ResultsWriter`.
    courses
        Treatments of the patients: the tables about change look before and after each start.
    judging
        Settings of the verdicts; defaults when ``None``.

    Returns
    -------
    Written
        The folder, and the outputs that could not be written.

    Raises
    ------
    ResultsError
        The folder holds something else, or cannot be written. It is then as it was before.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from calcitrack import CohortAssessment, write_results
    >>> with TemporaryDirectory() as folder:
    ...     written = write_results(CohortAssessment((), (), ()), folder)
    >>> written.n_timelines, written.problems
    (0, ())
    """
    expect("write_results", "cohort", cohort, CohortAssessment)
    expect("write_results", "folder", folder, PathLike)
    with ResultsWriter(folder, parquet=parquet, dataset=dataset, clock=clock, dicom=dicom) as writer:
        series = []
        for assessment in cohort.assessments:
            writer.add(assessment)
            series.append(series_of(assessment))
        for failure in cohort.failures:
            writer.fail(failure)
        return writer.finish(cohort.files, judge_cohort(series, courses, options=judging))


def read_results(folder: str | PathLike[str]) -> Results:
    """Read a results folder, with the column types that the contract states.

    Raises
    ------
    ResultsError
        It is no results folder, a newer version wrote it, its writing was interrupted, or a table was changed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from calcitrack import CohortAssessment, read_results, write_results
    >>> with TemporaryDirectory() as folder:
    ...     written = write_results(CohortAssessment((), (), ()), folder)
    ...     results = read_results(folder)
    >>> len(results.timeline), "area_mm2" in results.timeline
    (0, True)
    """
    expect("read_results", "folder", folder, PathLike)
    path = Path(folder)
    provenance = read_manifest(path)
    if not provenance.get("complete"):
        raise ResultsError(f"{path}: found results whose writing was interrupted; expected a finished folder; measure again into the same folder")
    tables = {schema.name: read_table(schema, path / f"{schema.name}.csv") for schema in SCHEMAS}
    return Results(**tables, provenance=provenance)
