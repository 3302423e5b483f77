from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main
from pydicom.sr.coding import Code

from calcitrack.cli import app
from calcitrack.cli.exits import ExitCode
from calcitrack.io.deidentify import Status
from calcitrack.io.deidentify.report_files import COLUMNS
from calcitrack.io.files.limits import ReadLimits, variable_of
from calcitrack.io.sr import codes as sr_codes
from calcitrack.io.workspace.schema import STEPS
from calcitrack.model.film_quality import EXPLAINED
from calcitrack.tables import SCHEMA_VERSION, SCHEMAS, TableSchema
from calcitrack.tables.moved import MOVED
from calcitrack.tables.read_cases import AGREEMENT, READINGS
from calcitrack.tables.reviewed import REVIEWS

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference"
pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="the documentation is not part of the wheel")


def sections(page: str) -> dict[str, str]:
    """Second-level heading -> text below it."""
    parts = re.split(r"^## (.+)$", (PAGES / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> list[list[str]]:
    """Cells of the table in a text, without its two head lines."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda s: s.name)
def test_the_page_and_the_schema_say_the_same(schema: TableSchema) -> None:
    """Every column is on the page and no other: same order, type, unit and meaning, measurands marked."""
    expected = [[f"`{c.name}`{'*' if c.measurand else ''}", c.kind.value, f"`{c.unit}`" if c.unit else "", c.meaning] for c in schema.columns]
    assert rows(sections("results.md")[f"{schema.name}.csv"]) == expected


def test_the_page_names_the_version_and_all_tables() -> None:
    """The contract's version on the page is that of the code, and each table of the page exists."""
    text = (PAGES / "results.md").read_text(encoding="utf-8")
    assert f"**version {SCHEMA_VERSION}**" in text
    assert {h.removesuffix(".csv") for h in sections("results.md") if h.endswith(".csv")} == {s.name for s in SCHEMAS}


def test_the_page_names_all_codes_of_measurement_reports() -> None:
    """Each code of the project's own scheme is on the page, and each concept of a measurand with its code."""
    text = (PAGES / "measurement-report.md").read_text(encoding="utf-8")
    groups = (c.values() if isinstance(c, dict) else (c,) for c in vars(sr_codes).values())
    codes = [c for group in groups for c in group if isinstance(c, Code)] + [
        x for codes in sr_codes.CONCEPTS.values() for x in (codes.name, codes.method) if x is not None
    ]
    own = {c.value for c in codes if c.scheme_designator == sr_codes.SCHEME}
    assert len(own) > 40
    assert {value for value in own if f"`{value}`" not in text} == set()
    for name, concept in sr_codes.CONCEPTS.items():
        assert f"`{name}`" in text
        assert concept.name.scheme_designator == sr_codes.SCHEME or f"({concept.name.value}, {concept.name.scheme_designator})" in text


def test_the_page_explains_all_problems_of_films() -> None:
    """Each problem that the film-quality gate knows, in its order, with severity, meaning, outcome and action."""
    expected = [[f"`{p.value}`", f"`{e.severity.value}`", e.meaning, e.outcome, e.action] for p, e in EXPLAINED.items()]
    assert rows(sections("film-quality.md")["Problems"]) == expected


def test_the_page_names_all_limits_of_input() -> None:
    """Each limit in its order, with its variable and the value that holds where nothing is stated."""
    table = [row[:3] for row in rows(sections("limits-of-input.md")["Limits that you can set"])]
    assert table == [[f"`{f.name}`", f"`{variable_of(f.name)}`", str(f.default)] for f in fields(ReadLimits)]


def test_the_page_names_all_exit_codes() -> None:
    """Numbers and names of the exit codes are those of the code, both ways."""
    assert [(int(r[0]), r[1]) for r in rows(sections("cli.md")["Exit codes"])] == [(c.value, c.name) for c in ExitCode]


@pytest.mark.parametrize("name", ["measure", "info", "demo", "phantom", "validate", "deidentify", "agreement"])
def test_the_page_names_all_options(name: str) -> None:
    """The options on the page are those that the command's help shows, both ways."""
    commands = typer.main.get_command(app)
    command = getattr(commands, "commands")[name]  # noqa: B009 the declared type does not know the group's commands
    shown = (p for p in command.params if p.param_type_name == "option" and not p.hidden)
    known = {option for p in shown for option in (*p.opts, *p.secondary_opts)} - {"--help"}
    named = {option for row in rows(sections("cli.md")[name]) for option in re.findall(r"`(-[-a-z]+)`", row[0])}
    assert named == known


def test_the_page_names_all_tables_of_the_workspace() -> None:
    """The page has the schema's version and each of its tables, and no other."""
    text = (PAGES / "workspace.md").read_text(encoding="utf-8")
    made = {name for step in STEPS for statement in step for name in re.findall(r"^CREATE TABLE (\w+)", statement)}
    assert f"**schema version {len(STEPS)}**" in text
    assert {row[0].strip("`") for row in rows(sections("workspace.md")["Tables"])} == made


def test_the_page_and_the_schema_of_reviews_say_the_same() -> None:
    """Every column of reviews.csv is on the page and no other: same order, type and meaning."""
    expected = [[f"`{c.name}`", c.kind.value, c.meaning] for c in REVIEWS.columns]
    assert rows(sections("workspace.md")["reviews.csv"]) == expected


def test_the_page_and_the_schema_of_what_moved_say_the_same() -> None:
    """Every column of moved.csv is on the page and no other: same order, type and meaning."""
    expected = [[f"`{c.name}`", c.kind.value, c.meaning] for c in MOVED.columns]
    assert rows(sections("workspace.md")["moved.csv"]) == expected


@pytest.mark.parametrize("schema", [READINGS, AGREEMENT], ids=lambda s: s.name)
def test_the_page_and_the_schemas_of_a_reader_study_say_the_same(schema: TableSchema) -> None:
    """Every column is on the page and no other: same order, type, unit and meaning."""
    expected = [[f"`{c.name}`", c.kind.value, f"`{c.unit}`" if c.unit else "", c.meaning] for c in schema.columns]
    assert rows(sections("workspace.md")[f"{schema.name}.csv"]) == expected


@pytest.mark.parametrize("name", ["pacs", "workspace"])
def test_the_page_names_all_options_of_groups_of_commands(name: str) -> None:
    """The commands of the group and their options on the page are those of the code, both ways."""
    group = getattr(typer.main.get_command(app), "commands")[name]  # noqa: B009 as above
    named: dict[str, set[str]] = {}
    for first, second, _ in rows(sections("cli.md")[name]):
        command = first.strip("`") or list(named)[-1]
        named.setdefault(command, set()).update(re.findall(r"`(-[-a-z]+)`", second))
    options = {
        name: {o for p in command.params if p.param_type_name == "option" for o in (*p.opts, *p.secondary_opts)} - {"--help"}
        for name, command in group.commands.items()
    }
    assert named == options


def test_the_page_names_all_commands() -> None:
    """Each command has a section, and each lower-case section is a command."""
    commands = set(getattr(typer.main.get_command(app), "commands"))  # noqa: B009 as above
    assert {h for h in sections("cli.md") if h.islower()} == commands


def test_the_page_names_all_columns_of_the_report() -> None:
    """Columns of deidentified.csv and what may become of a file, in the order of the code."""
    page = rows(sections("deidentification.md")["deidentified.csv"])
    assert [row[0].strip("`") for row in page] == list(COLUMNS)
    assert set(re.findall(r"`(\w+)`", page[1][1])) == {str(s) for s in Status}
