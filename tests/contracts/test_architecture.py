"""The page on the architecture says what the tree is."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "architecture.md"
pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not part of the wheel")


def rooms() -> list[tuple[str, str]]:
    """First and last cell of each row of the table of rooms, without its two head lines."""
    table = PAGE.read_text(encoding="utf-8").split("| room |")[1].split("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]
    return [(row[0], row[-1]) for row in cells]


def names(text: str) -> list[str]:
    """The names in backticks, without the slash of a folder; references to other pages left out."""
    return [name.rstrip("/") for name in re.findall(r"`([^`]+)`", re.sub(r"\{\w+\}`[^`]+`", "", text))]


def floors() -> list[str]:
    """The layers of import-linter, from the top."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = [c["layers"] for c in contracts if c["name"].startswith("Floors")]
    return [str(layer) for layer in layers]


def test_the_floors_of_the_page_are_those_that_are_checked() -> None:
    """The picture of the floors, numbered from the bottom, is the list of layers in pyproject.toml."""
    picture = PAGE.read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    layers = floors()
    assert picture.splitlines() == [f"{len(layers) - k}  {layer}" for k, layer in enumerate(layers)]


def test_every_room_of_the_page_exists_and_none_is_missing() -> None:
    """The table of rooms names each module of every floor once, and no other; below it, the plugin."""
    named = [name for first, _ in rooms() for name in names(first)]
    assert named[-1] == "plugins/napari"
    assert sorted(named[:-1]) == sorted(name for layer in floors() for name in layer.split(" | "))
    assert [name for name in named[:-1] if find_spec(f"calcitrack.{name}") is None] == []


def test_the_rooms_of_io_on_the_page_are_its_packages() -> None:
    """The row of io names every package below it; those of the plugin's row exist."""
    said = dict(rooms())
    spec = find_spec("calcitrack.io")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    (folder,) = spec.submodule_search_locations
    packages = {path.parent.name for path in Path(folder).glob("*/__init__.py")}
    assert packages - set(names(said["`io/`"])) == set()
    plugin = ROOT / "plugins" / "napari" / "calcitrack_napari"
    if plugin.is_dir():
        assert [name for name in names(said["`plugins/napari`"]) if not (plugin / name).is_dir()] == []


def test_every_module_that_the_page_walks_through_exists() -> None:
    """Names such as `io.files` or `assess.revise` in the text are modules, or names in them."""
    text = re.sub(r"```.*?```", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    tops = {name for layer in floors() for name in layer.split(" | ")}
    dotted = {name for name in names(text) if re.fullmatch(r"[a-z_]+(\.\w+)+", name) and name.split(".")[0] in tops}
    assert len(dotted) > 15
    assert [name for name in sorted(dotted) if not resolves(name)] == []


def resolves(name: str) -> bool:
    """Whether it is a module of the package, or a name in one."""
    parent, _, last = f"calcitrack.{name}".rpartition(".")
    try:
        module = import_module(parent)
        return hasattr(module, last) or find_spec(f"{parent}.{last}") is not None
    except ModuleNotFoundError:
        return False
