"""Facts stated in two places agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import calcitrack

ROOT = Path(__file__).parents[2]


def test_dependencies_page_explains_each_dependency() -> None:
    """Every run-time dependency of pyproject.toml has its line on the page about dependencies, and no other has one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[<>=\[;]", text)[0] for text in project["dependencies"]}
    page = (ROOT / "docs" / "explanation" / "dependencies.md").read_text(encoding="utf-8")
    table = page.split("## At run time")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| \[([\w-]+)\]", table, flags=re.MULTILINE)) == wanted


def test_citation_names_this_version() -> None:
    """CITATION.cff cites the version that the package reports."""
    citation = ROOT / "CITATION.cff"
    if not citation.exists():
        pytest.skip("runs against an installed wheel, without the checkout's files")
    assert f"version: {calcitrack.__version__}\n" in citation.read_text(encoding="utf-8")


def test_every_public_name_is_in_the_reference() -> None:
    """Each name that the package exports has its entry on the API page."""
    page = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    assert [name for name in calcitrack.__all__ if not re.search(rf"\b{name}\b", page)] == []
