"""Refusals that a person overrules in a manifest or a sidecar reach the film."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from calcitrack import read_cohort, read_radiograph
from calcitrack.errors import ManifestError, SidecarError
from calcitrack.model.film_quality import FilmProblem

FACTS = {"patient_id": "P1", "acquisition_date": "2024-05-31"}


def picture(folder: Path, **facts: str) -> Path:
    """A small picture with a sidecar."""
    path = folder / "film.png"
    cv2.imwrite(str(path), np.arange(64, dtype=np.uint8).reshape(8, 8))
    path.with_suffix(".json").write_text(json.dumps({**FACTS, **facts}), encoding="utf-8")
    return path


def test_a_sidecar_and_a_manifest_state_it(tmp_path: Path) -> None:
    """Each with a finding; both hold."""
    path = picture(tmp_path, measure_anyway="unlike")
    film = read_radiograph(path)
    assert film.measure_anyway == {FilmProblem.UNLIKE}
    assert "the sidecar states measure_anyway unlike" in film.findings
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path;measure_anyway\nfilm.png;pixel_size, breast\n", encoding="utf-8")
    cohort = read_cohort(tmp_path, manifest=manifest)
    film = cohort.timelines[0].time_points[0].exposures[0].radiograph()
    assert film.measure_anyway == {FilmProblem.UNLIKE, FilmProblem.PIXEL_SIZE, FilmProblem.BREAST}
    assert "the manifest states measure_anyway breast pixel_size" in film.findings


def test_what_has_a_statement_of_its_own_is_no_word_for_it(tmp_path: Path) -> None:
    """A negative, and what is no refusal, are named as wrong, with what can be overruled."""
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("path;measure_anyway\nfilm.png;inverted\n", encoding="utf-8")
    picture(tmp_path)
    with pytest.raises(ManifestError, match="measure_anyway 'inverted' is none of the refusals that can be overruled: unlike, breast, pixel_size"):
        read_cohort(tmp_path, manifest=manifest)
    with pytest.raises(SidecarError, match="measure_anyway 'lossy' is none"):
        read_radiograph(picture(tmp_path, measure_anyway="lossy"))
