"""One call makes data frames and Datasets of what was measured."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from calcitrack import CohortAssessment, judge, to_dataframe, to_xarray
from calcitrack.errors import InvalidValueError
from calcitrack.io.results.export import read_results, write_results
from calcitrack.phantom.small import PITCH_MM, small_radiograph, small_segmentation
from calcitrack.tables import CHANGES, DEPOSITS, EVENTS, NOT_MEASURABLE, RESPONSES, TIMELINE, TRENDS

ASSESSED = {"deposits": DEPOSITS, "time_points": TIMELINE, "events": EVENTS, "not_measurable": NOT_MEASURABLE}
JUDGED = {"changes": CHANGES, "trends": TRENDS, "responses": RESPONSES}


@pytest.mark.parametrize("rows", ASSESSED)
def test_an_assessment_becomes_the_table_of_a_results_folder(made: ModuleType, rows: str) -> None:
    """One, several and a cohort of them give the same rows, with the columns of the contract."""
    assessment = made.assessment()
    table = to_dataframe(assessment, rows)  # type: ignore[arg-type]
    assert list(table.columns) == [c.name for c in ASSESSED[rows].columns]
    assert len(table) > 0
    assert table.equals(to_dataframe([assessment], rows))  # type: ignore[arg-type]
    assert table.equals(to_dataframe(CohortAssessment((assessment,), (), ()), rows))  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", JUDGED)
def test_a_judgement_becomes_the_table_of_a_results_folder(made: ModuleType, rows: str) -> None:
    """One and several judgements."""
    judgement = judge(made.assessment())
    table = to_dataframe(judgement, rows)  # type: ignore[arg-type]
    assert list(table.columns) == [c.name for c in JUDGED[rows].columns]
    assert len(table) > 0
    assert len(to_dataframe([judgement, judgement], rows)) == 2 * len(table)  # type: ignore[arg-type]


def test_the_rows_are_those_of_the_folder(made: ModuleType, tmp_path: Path) -> None:
    """What is written rounds the same numbers."""
    cohort = made.cohort(made.assessment())
    write_results(cohort, tmp_path / "results")
    written = read_results(tmp_path / "results").timeline
    assert to_dataframe(cohort, "time_points")["area_mm2"].round(3).tolist() == written["area_mm2"].round(3).tolist()


def test_wrong_rows_and_wrong_results_are_refused(made: ModuleType) -> None:
    """The error lists the rows there are, or says what to call first."""
    assessment = made.assessment()
    with pytest.raises(InvalidValueError, match=r"to_dataframe\(rows\): found 'visits'; expected one of deposits, time_points, events, "):
        to_dataframe(assessment, "visits")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"to_dataframe\(results\): found an Assessment; expected a Judgement; call `judge` with it first"):
        to_dataframe(assessment, "changes")
    with pytest.raises(TypeError, match="expected a Judgement; call `judge` with each of its `assessments` first"):
        to_dataframe(made.cohort(), "changes")
    with pytest.raises(TypeError, match="found a Judgement; expected an Assessment; use the `Assessment` that was judged"):
        to_dataframe(judge(assessment), "deposits")


def test_a_dataset_holds_the_image_and_its_labels_in_millimetres() -> None:
    """Arrays are copies; positions are centres of pixels; what the values mean stands in the attributes."""
    radiograph, outlines = small_radiograph(), small_segmentation()
    dataset = to_xarray(radiograph, outlines)
    for name, array in {"pixels": radiograph.pixels, "labels": outlines.labels, "limb": outlines.limb, "bone": outlines.bone}.items():
        assert dataset[name].dims == ("row", "column")
        assert np.array_equal(dataset[name].to_numpy(), array)
        assert dataset[name].dtype == array.dtype
    assert np.allclose(dataset["row"], np.arange(radiograph.shape[0]) * PITCH_MM)
    assert dataset["row"].attrs["units"] == "mm"
    assert dataset.attrs["calibration_tier"] == "A"
    assert "small" not in str(dataset.attrs)
    dataset["pixels"][0, 0] = 1.0
    assert radiograph.pixels[0, 0] != 1.0


def test_a_dataset_without_a_stated_size_counts_pixels(made: ModuleType) -> None:
    """An assessed image is loaded and brings its own outlines and the ids of its deposits."""
    image = made.assessment(sized=False, mass=False).images[0]
    dataset = to_xarray(image)
    assert dataset["column"].attrs["units"] == "pixels"
    assert dataset["column"].to_numpy()[:3].tolist() == [0.0, 1.0, 2.0]
    assert dataset["deposit_label"].sel(deposit_id="D002").item() == 2
    assert np.array_equal(dataset["labels"].to_numpy(), image.segmentation.labels)
    assert all(isinstance(v, str | int) for v in dataset.attrs.values())


def test_without_segmentation_there_are_no_labels() -> None:
    """Only the image."""
    assert set(to_xarray(small_radiograph()).data_vars) == {"pixels", "valid"}


def test_without_xarray_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an optional extra."""
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r'to_xarray: found no xarray; .*pip install "calcitrack\[xarray\]"'):
        to_xarray(small_radiograph())
