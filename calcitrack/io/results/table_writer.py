"""Incremental writing of tables (CSV, Parquet and Parquet datasets), for cohorts whose tables are too large for memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from calcitrack.io.results.table_files import ParquetFile, write_csv
from calcitrack.tables import SCHEMAS, TableSchema
from calcitrack.tables.cells import Row, frame

DATASET = "dataset"
"""Folder of the Parquet datasets below a results folder: ``dataset/TABLE/body_part=HAND/part-0.parquet``."""
DIVIDED_BY = "body_part"
"""What most questions begin with, and a dozen values: tables that have it get a folder for each (hive partitions)."""
NOT_STATED = "__HIVE_DEFAULT_PARTITION__"
"""Folder of an empty cell: the name that readers of hive partitions take for a missing value."""
ROWS_HELD = 20_000
"""Rows of a table that wait in memory, some 30 MB; together they become a row group, which readers skip or read as a whole."""


class GrowingTables:
    """All tables of a results folder.

    Parameters
    ----------
    place
        Returns the path of a file by its name in the results folder, and creates its folder.
    parquet
        Write ``TABLE.parquet`` beside ``TABLE.csv``.
    dataset
        Write the datasets.
    rows_held
        As `ROWS_HELD`.
    """

    def __init__(self, place: Callable[[str], Path], *, parquet: bool = False, dataset: bool = False, rows_held: int = ROWS_HELD) -> None:
        self._place, self._parquet, self._dataset, self._rows_held = place, parquet, dataset, rows_held
        self._schemas = {s.name: s for s in SCHEMAS}
        self._rows: dict[str, list[Row]] = {name: [] for name in self._schemas}
        self._begun: set[str] = set()
        self._open: dict[str, ParquetFile] = {}

    def add(self, schema: TableSchema, rows: Iterable[Row]) -> None:
        """Append rows to a table, which may be an additional one."""
        self._schemas.setdefault(schema.name, schema)
        waiting = self._rows.setdefault(schema.name, [])
        waiting.extend(rows)
        if len(waiting) >= self._rows_held:
            self._write(schema)

    def finish(self) -> None:
        """Write the rows in memory; a table without rows becomes a file with column names only."""
        for schema in self._schemas.values():
            if self._rows[schema.name] or schema.name not in self._begun:
                self._write(schema)
        self.close()

    def close(self) -> None:
        """Close all files."""
        while self._open:
            self._open.popitem()[1].close()

    def _write(self, schema: TableSchema) -> None:
        table, name = frame(schema, self._rows[schema.name]), schema.name
        self._rows[name] = []
        write_csv(table, schema, self._place(f"{name}.csv"), further=name in self._begun)
        self._begun.add(name)
        if self._parquet:
            self._add(f"{name}.parquet", schema, table)
        if self._dataset:
            for folder, part in _parts(table, schema):
                self._add(f"{DATASET}/{name}/{folder}part-0.parquet", schema, part, without=(DIVIDED_BY,) if folder else ())

    def _add(self, name: str, schema: TableSchema, table: pd.DataFrame, **settings: Any) -> None:
        if name not in self._open:
            self._open[name] = ParquetFile(self._place(name), schema, **settings)
        self._open[name].add(table)


def _parts(table: pd.DataFrame, schema: TableSchema) -> Iterator[tuple[str, pd.DataFrame]]:
    """Folder, with a slash at its end, and rows of each part of a table."""
    if DIVIDED_BY not in schema.names or table.empty:  # a folder that names no value leaves readers without a type for it
        yield "", table
        return
    for value, part in table.groupby(DIVIDED_BY, sort=True):
        yield f"{DIVIDED_BY}={quote(str(value), safe='') or NOT_STATED}/", part
