from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from calcitrack.errors import NotFoundError, ResultsError
from calcitrack.io import samples
from calcitrack.io.samples import check_samples, sample_folder, sample_timelines


def test_two_people_with_four_visits() -> None:
    """The sample patients each have one timeline with four time points, and a repeat exposure at the last."""
    timelines = sample_timelines()
    assert [t.key.patient_id for t in timelines] == ["DEV03", "DEV04"]
    assert [[len(p.exposures) for p in t.time_points] for t in timelines] == [[1, 1, 1, 2]] * 2


def test_the_shipped_files_are_what_the_manifest_says() -> None:
    """Every file has its hash."""
    assert check_samples() >= 10


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    """A damaged copy is refused, and the message names the file."""
    shutil.copytree(sample_folder(), tmp_path / "copy")
    victim = tmp_path / "copy" / "radiographs" / "DEV03" / "visit1.dcm"
    victim.chmod(0o644)
    victim.write_bytes(victim.read_bytes()[:-1])
    with pytest.raises(ResultsError, match=r"missing or changed: radiographs/DEV03/visit1\.dcm; install"):
        check_samples(tmp_path / "copy")


def test_a_package_without_samples_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the data were left out, the error says what to install."""
    monkeypatch.setattr(samples, "_PLACES", (tmp_path,))
    with pytest.raises(NotFoundError, match="install calcitrack from a wheel"):
        sample_folder()
