"""Convert model values to cells, and cells to typed data frames."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from calcitrack.model.measurement import Measurement, Result
from calcitrack.tables.schema import LIST_SEPARATOR, ColumnKind, TableSchema

Cell = str | int | float | dt.date | None
"""``None`` is an empty cell."""
Row = Mapping[str, Cell]
"""Column name -> cell; a column that is absent is empty."""

NOT_PRODUCED = "this version of the program does not measure it on this kind of image"
NO_UNCERTAINTY = "no uncertainty was estimated for this value"

DTYPES = {ColumnKind.TEXT: "string", ColumnKind.INTEGER: "Int64", ColumnKind.NUMBER: "float64", ColumnKind.DATE: "datetime64[s]"}
"""pandas type of each kind of cell."""


@dataclass(frozen=True, slots=True)
class Gap:
    """An empty measurand cell: the column's name and the reason."""

    column: str
    reason: str


def plain(text: str) -> str:
    """One line of valid UTF-8: control characters become spaces, bytes that cannot be decoded become escapes."""
    line = "".join(" " if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in text)
    return line.encode("utf-8", "backslashreplace").decode("utf-8")


def joined(items: Iterable[str]) -> str:
    """Several texts in one cell, each once, in the order given."""
    return LIST_SEPARATOR.join(dict.fromkeys(i for i in items if i))


def result_cells(results: Mapping[str, Result], schema: TableSchema) -> tuple[dict[str, Cell], list[Gap]]:
    """Cells for all measurand columns of a table whose names are measurands, or measurands with ``_sd``, and the reasons for the empty ones.

    Parameters
    ----------
    results
        Measurand name -> value or reason.
    schema
        Measurand columns that are neither a key of `results` nor ``KEY_sd`` count as not produced by this version,
        except changes (they have ``_change_from_`` in their name) and what all images give together (``_joint_``): no results of one image.
    """
    cells: dict[str, Cell] = {}
    gaps: list[Gap] = []
    for column in schema.measurands:
        if "_change_from_" in column or "_joint_" in column:
            continue
        result = results.get(column.removesuffix("_sd"))
        if result is None:
            gaps.append(Gap(column, NOT_PRODUCED))
        elif not isinstance(result, Measurement):
            gaps.append(Gap(column, result.reason))
        elif column.endswith("_sd"):
            cells[column] = result.sd
            if result.sd is None:
                gaps.append(Gap(column, NO_UNCERTAINTY))
        else:
            cells[column] = result.value
    return cells, gaps


def frame(schema: TableSchema, rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as a data frame with exactly the columns and types of the schema.

    Returns
    -------
    pandas.DataFrame
        Text ``string`` (empty when not stated), integers ``Int64``, numbers ``float64`` (missing when empty), dates ``datetime64[s]``.
    """
    rows = list(rows)
    data: dict[str, pd.Series] = {}
    for column in schema.columns:
        values = [r.get(column.name) for r in rows]
        if column.kind is ColumnKind.TEXT:
            values = [plain(str(v)) if v is not None else "" for v in values]
        data[column.name] = pd.Series(values, dtype=DTYPES[column.kind])
    return pd.DataFrame(data, columns=list(schema.names))


def rounded(table: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """The table with its numbers rounded to the digits that the schema keeps on export."""
    return table.round({c.name: c.decimals for c in schema.columns if c.kind is ColumnKind.NUMBER})
