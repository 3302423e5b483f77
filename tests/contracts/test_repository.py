"""Facts stated in two places agree."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from importlib.util import find_spec
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


def test_what_moved_is_where_the_changelog_says() -> None:
    """In the table of moved names, each old one is gone, and each new one is a module or a name in one."""
    changelog = ROOT / "CHANGELOG.md"
    if not changelog.exists():
        pytest.skip("runs against an installed wheel, without the checkout's files")
    unreleased = changelog.read_text(encoding="utf-8").split("## Unreleased")[1].split("\n## ")[0]
    if "### Moved" not in unreleased:
        pytest.skip("nothing moved since the last release")
    lines = [line.strip("|").split("|") for line in unreleased.split("### Moved")[1].split("\n### ")[0].splitlines() if line.startswith("| `")]
    old, new = ([name for cells in lines for name in re.findall(r"`([\w.]+)`", cells[k])] for k in (0, 1))
    assert len(lines) > 20
    assert [name for name in new if not exists(name)] == []
    assert [name for name in old if "." in name and not name.startswith("calcitrack_napari") and exists(name)] == []


def exists(name: str) -> bool:
    """Whether ``calcitrack.NAME`` is a module, or a name in one."""
    parent, _, last = f"calcitrack.{name}".rpartition(".")
    try:
        module = import_module(parent)
    except ModuleNotFoundError:
        return False
    return hasattr(module, last) or (hasattr(module, "__path__") and find_spec(f"{parent}.{last}") is not None)
