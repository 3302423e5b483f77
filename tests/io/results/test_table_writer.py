from __future__ import annotations

import filecmp
from pathlib import Path
from types import ModuleType

import duckdb
import pandas as pd
import pyarrow.dataset
import pytest

from calcitrack.io.results.export import read_results, write_results
from calcitrack.io.results.table_writer import DATASET, GrowingTables
from calcitrack.tables import DEPOSITS, NOT_MEASURABLE, SCHEMAS
from calcitrack.tables.cells import Row


def place_in(folder: Path, name: str) -> Path:
    """A path below a folder that exists."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_tables_written_row_by_row_are_the_same(tmp_path: Path) -> None:
    """However few rows wait in memory, CSV files have the same bytes and Parquet files the same rows and types."""
    rows: list[Row] = [
        {"patient_id": f"P{n}", "body_part": ("HAND", "", "a/b")[n % 3], "area_mm2": n / 7 if n % 4 else None, "time_point": n or None}
        for n in range(23)
    ]
    for held in (1, 5, 1000):
        tables = GrowingTables(lambda name, held=held: place_in(tmp_path / str(held), name), parquet=True, dataset=True, rows_held=held)  # type: ignore[misc]
        for row in rows:
            tables.add(DEPOSITS, [row])
        tables.finish()
    for schema in SCHEMAS:
        whole = tmp_path / "1000" / f"{schema.name}.csv"
        typed = pd.read_parquet(whole.with_suffix(".parquet"))
        assert len(typed) == (len(rows) if schema is DEPOSITS else 0)
        for held in ("1", "5"):
            assert filecmp.cmp(whole, tmp_path / held / whole.name, shallow=False)
            pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / held / f"{schema.name}.parquet"), typed)
    parts = {p.parent.name for p in (tmp_path / "5" / DATASET / "deposits").rglob("*.parquet")}
    assert parts == {"body_part=HAND", "body_part=__HIVE_DEFAULT_PARTITION__", "body_part=a%2Fb"}


@pytest.fixture(scope="module")
def results(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with datasets."""
    folder = tmp_path_factory.mktemp("results")
    write_results(made.cohort(), folder, dataset=True)
    return folder


def test_readers_of_datasets_see_the_same_rows(results: Path) -> None:
    """DuckDB and pyarrow read all rows of every table, each with the columns of its schema; only parts that are asked for are opened."""
    written = read_results(results)
    for schema in SCHEMAS:
        wanted: pd.DataFrame = getattr(written, schema.name)
        found = duckdb.sql(f"SELECT * FROM read_parquet('{results}/dataset/{schema.name}/**/*.parquet', hive_partitioning = true)").df()  # noqa: S608
        assert set(found) == set(schema.names)
        assert len(found) == len(wanted)
        table = pyarrow.dataset.dataset(results / DATASET / schema.name, partitioning="hive").to_table()
        assert table.num_rows == len(wanted)
    hands = duckdb.sql(f"SELECT sum(area_mm2) FROM read_parquet('{results}/dataset/deposits/*/*.parquet') WHERE body_part = 'HAND'").fetchall()  # noqa: S608
    assert hands[0][0] == pytest.approx(written.deposits["area_mm2"].sum())
    assert not list((results / DATASET / NOT_MEASURABLE.name).glob("*="))


def test_a_later_run_replaces_the_datasets(made: ModuleType, results: Path) -> None:
    """Measuring again without datasets leaves none of the former ones."""
    write_results(made.cohort(), results)
    assert not (results / DATASET).exists()
