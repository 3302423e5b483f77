"""The sample data are what their manifest says."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

MAX_BYTES = 12_000_000  # the wheel carries them and has to stay under 20 MB


@pytest.fixture
def files(sample_data: Path) -> dict[str, dict[str, object]]:
    """Manifest entries by path."""
    manifest = tomllib.loads((sample_data / "manifest.toml").read_text(encoding="utf-8"))
    return {str(entry["path"]): entry for entry in manifest["file"]}


def test_every_file_is_listed(sample_data: Path, files: dict[str, dict[str, object]]) -> None:
    """No file lies in the folder that the manifest does not name, and none is missing."""
    found = {p.relative_to(sample_data).as_posix() for p in sample_data.rglob("*") if p.is_file()}
    assert found - {"manifest.toml", "README.md"} == set(files)


def test_every_hash_holds(sample_data: Path, files: dict[str, dict[str, object]]) -> None:
    """Each file has the SHA-256 and the size of its entry."""
    for path, entry in files.items():
        data = (sample_data / path).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (entry["sha256"], entry["bytes"]), path


def test_two_patients_with_four_visits_and_a_repeat(files: dict[str, dict[str, object]]) -> None:
    """Each patient has the visits 1 to 4 on different days, and one repeat exposure on the day of the last."""
    radiographs = [e for e in files.values() if e["role"] == "radiograph"]
    for patient in ("DEV03", "DEV04"):
        mine = [e for e in radiographs if e["patient"] == patient]
        first = {e["visit"]: e["date"] for e in mine if not e["repeat"]}
        repeats = [(e["visit"], e["date"]) for e in mine if e["repeat"]]
        assert sorted(first) == [1, 2, 3, 4]
        assert len(set(first.values())) == 4
        assert repeats == [(4, first[4])]


def test_licence_and_attribution_are_stated(sample_data: Path) -> None:
    """The manifest names the licence and every origin."""
    manifest = tomllib.loads((sample_data / "manifest.toml").read_text(encoding="utf-8"))
    assert "redistribute" in manifest["licence"]
    assert {a["name"] for a in manifest["attribution"]} == {"myo-sim", "gVirtualXray", "spekpy", "xraydb"}


def test_small_enough_for_the_wheel(sample_data: Path) -> None:
    """All files together stay below 12 MB."""
    assert sum(p.stat().st_size for p in sample_data.rglob("*") if p.is_file()) < MAX_BYTES
