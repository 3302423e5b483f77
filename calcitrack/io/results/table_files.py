"""Tables as CSV and Parquet files, and back, with the types of their schema."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from calcitrack.errors import ResultsError
from calcitrack.tables.cells import frame
from calcitrack.tables.cells import rounded as rounded_table
from calcitrack.tables.schema import ColumnKind, TableSchema

FORMULA_STARTS = ("=", "+", "-", "@", "'")
"""A spreadsheet takes a cell that begins so for a formula, which a patient id from an unknown archive must not become
(OWASP, CSV injection). Such a text gets an apostrophe in front; `read_table` takes it away again, and Parquet never has it."""
GUARD = "'"


def _text_columns(schema: TableSchema) -> list[str]:
    return [c.name for c in schema.columns if c.kind is ColumnKind.TEXT]


def write_csv(table: pd.DataFrame, schema: TableSchema, path: Path, *, further: bool = False) -> None:
    """Write a table as UTF-8 with LF line ends, ISO dates, rounded numbers, and empty cells for what is missing.

    With `further` the rows are appended to a file that was begun so.
    """
    table = rounded_table(table, schema)
    for name in _text_columns(schema):
        column = table[name]
        table[name] = column.where(~column.str.startswith(FORMULA_STARTS), GUARD + column)
    mode: Literal["a", "w"] = "a" if further else "w"
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8", date_format="%Y-%m-%d", mode=mode, header=not further)


class ParquetFile:
    """A Parquet file that grows by row groups, with the same values as the CSV, and the types of its schema.

    Parameters
    ----------
    path
        The file; replaced.
    schema
        Its table.
    without
        Columns that are left out, because the folder name holds them.
    """

    def __init__(self, path: Path, schema: TableSchema, *, without: tuple[str, ...] = ()) -> None:
        from pyarrow import Schema, parquet

        self._schema, self._without = schema, list(without)
        self._columns = Schema.from_pandas(frame(schema, ()).drop(columns=self._without), preserve_index=False)
        self._writer = parquet.ParquetWriter(path, self._columns)

    def add(self, table: pd.DataFrame) -> None:
        """Add a row group."""
        from pyarrow import Table

        rows = rounded_table(table, self._schema).drop(columns=self._without)
        self._writer.write_table(Table.from_pandas(rows, schema=self._columns, preserve_index=False))

    def close(self) -> None:
        """Write the end of the file."""
        self._writer.close()


def check_parquet() -> None:
    """Raise early if Parquet cannot be written.

    Raises
    ------
    ResultsError
        pyarrow is not installed.
    """
    try:
        import pyarrow as _  # noqa: F401 only to see whether it is there
    except ImportError as error:
        raise ResultsError('Parquet asked for, but found no pyarrow; install it with: pip install "calcitrack[parquet]"') from error


def read_table(schema: TableSchema, path: Path) -> pd.DataFrame:
    """Read a CSV that calcitrack wrote, with the types of its schema.

    Raises
    ------
    ResultsError
        The file is not there, is no CSV, or lacks a column.
    """
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path}: found no readable table ({error}); expected {schema.name}.csv of a results folder") from error
    missing = [n for n in schema.names if n not in raw.columns]
    if missing:
        raise ResultsError(f"{path}: found no column {', '.join(missing)}; expected all columns of its schema; measure again into a new folder")
    data = {}
    for column in schema.columns:
        cells = raw[column.name]
        try:
            data[column.name] = _typed(cells, column.kind)
        except (ValueError, TypeError) as error:
            raise ResultsError(f"{path}: found a cell in {column.name} that is no {column.kind.value} ({error}); was the file edited?") from error
    return pd.DataFrame(data)


def _typed(cells: pd.Series, kind: ColumnKind) -> pd.Series:
    if kind is ColumnKind.TEXT:
        return cells.astype("string").str.removeprefix(GUARD)
    filled = cells.where(cells != "", None)
    if kind is ColumnKind.DATE:
        return pd.to_datetime(filled, format="%Y-%m-%d").astype("datetime64[s]")
    numbers = pd.to_numeric(filled)
    return numbers.astype("Int64") if kind is ColumnKind.INTEGER else numbers.astype("float64")
