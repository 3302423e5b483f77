"""The sample data are what their manifest says."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from calcitrack.io.images.read import read_radiograph

ROOT = Path(__file__).parent.parent
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


def test_a_treated_patient_with_seven_visits(files: dict[str, dict[str, object]]) -> None:
    """Seven visits on irregular dates, each exposed twice; treatments and laboratory values lie beside the patients."""
    mine = [e for e in files.values() if e["role"] == "radiograph" and e["patient"] == "TREATED01"]
    dates = {e["visit"]: e["date"] for e in mine}
    assert sorted((e["visit"], e["repeat"]) for e in mine) == [(k, r) for k in range(1, 8) for r in (False, True)]
    assert len({(dates[k + 1] - dates[k]).days for k in range(1, 7)}) == 6
    assert {files[f"radiographs/{n}.csv"]["role"] for n in ("treatments", "labs")} == {"treatments", "laboratory results"}


def test_the_treated_patient_grows_then_shrinks(sample_data: Path) -> None:
    """The true mass rises to the fourth visit, untreated by more than half within a year, and falls to the last, by two fifths and more."""
    truth = [json.loads((sample_data / f"truth/TREATED01/visit{k}.json").read_text(encoding="utf-8")) for k in range(1, 8)]
    mass = [t["total_ha_mg"] for t in truth]
    assert mass[:4] == sorted(mass[:4])
    assert mass[2] > 1.4 * mass[0]
    assert mass[3] > mass[4] > mass[5] > mass[6]
    assert mass[6] < 0.6 * mass[3]
    assert {d["course"] for t in truth for d in t["deposits"]} >= {"new", "resolved"}


def test_the_command_makes_the_shipped_files(sample_data: Path, tmp_path: Path) -> None:
    """The command of the README, for the first exposure: the same lists and truth, and the same film, to two steps on other versions of OpenCV."""
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("benchmarks are not part of the installed package")
    from benchmarks.make_treated_sample import write_sample

    write_sample(tmp_path, 1)
    for name in ("treatments.csv", "labs.csv"):
        assert (tmp_path / "radiographs" / name).read_bytes() == (sample_data / "radiographs" / name).read_bytes()
    made, shipped = (read_radiograph(f / "radiographs/TREATED01/visit1.dcm") for f in (tmp_path, sample_data))
    assert np.abs(made.pixels - shipped.pixels).max() <= 2
    assert made.acquisition.patient_id == shipped.acquisition.patient_id == "TREATED01"
    record, known = (json.loads((f / "truth/TREATED01/visit1.json").read_text(encoding="utf-8")) for f in (tmp_path, sample_data))
    assert [d["id"] for d in record["deposits"]] == [d["id"] for d in known["deposits"]]
    assert record["total_ha_mg"] == pytest.approx(known["total_ha_mg"], rel=1e-6)


def test_licence_and_attribution_are_stated(sample_data: Path) -> None:
    """The manifest names the licence and every origin."""
    manifest = tomllib.loads((sample_data / "manifest.toml").read_text(encoding="utf-8"))
    assert "redistribute" in manifest["licence"]
    assert {a["name"] for a in manifest["attribution"]} == {"myo-sim", "gVirtualXray", "spekpy", "xraydb"}


def test_small_enough_for_the_wheel(sample_data: Path) -> None:
    """All files together stay below 12 MB."""
    assert sum(p.stat().st_size for p in sample_data.rglob("*") if p.is_file()) < MAX_BYTES
