"""A manifest that lies among the films and was not given is named, with the command that uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from calcitrack import read_cohort
from calcitrack.cli.resume import using_manifest
from calcitrack.cli.summary import Summary, summary_json, summary_text
from calcitrack.io.cohort.manifest import manifests_among
from calcitrack.io.results.writer import Written


@pytest.mark.parametrize(
    ("name", "text", "hinted"),
    [
        ("manifest.csv", "path;laterality\na.dcm;L\n", True),
        ("Manifest.csv", '"path","laterality"\n', True),
        ("manifest.csv", "series,downloaded\n1.2.3,yes\n", False),
        ("list.csv", "path,laterality\n", False),
    ],
)
def test_a_manifest_is_told_by_its_name_and_its_columns(tmp_path: Path, name: str, text: str, hinted: bool) -> None:
    """Lists of other programs are none."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert manifests_among(read_cohort(tmp_path).files) == ((str(tmp_path / name),) if hinted else ())


def test_the_summary_says_how_to_use_it(tmp_path: Path) -> None:
    """On the console and in JSON, with a command that can be copied."""
    path = "my films/manifest.csv"
    command = using_manifest("calcitrack measure 'my films' --out results", path)
    summary = Summary(Written(tmp_path, 1, 1, ()), (), (), (), unused={path: command})
    said = " ".join(summary_text(summary, Console(width=200)).split())
    assert "my films/manifest.csv lies among the files and was not used. To use it: calcitrack measure 'my films' --out results --manifest" in said
    assert json.loads(summary_json(summary))["unused_manifests"] == [{"path": path, "command": command}]
