"""The size of a pixel and its basis, by a fixed order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.spacing import read_spacing
from calcitrack.model.spacing import SpacingBasis

FIDUCIAL, CORRECTED, DETECTOR = SpacingBasis.FIDUCIAL, SpacingBasis.MAGNIFICATION_CORRECTED, SpacingBasis.DETECTOR
UNSPECIFIED, PIXELS = SpacingBasis.UNSPECIFIED, SpacingBasis.PIXELS
IMAGER = {"ImagerPixelSpacing": [0.2, 0.1]}
STATED = {"PixelSpacing": [0.18, 0.09]}
DISTANCES = {"DistanceSourceToDetector": 1000, "DistanceSourceToPatient": 800}


def header_of(**elements: Any) -> Header:
    """A header in memory."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return Header(dataset)


@pytest.mark.parametrize(
    ("elements", "basis", "size"),
    [
        ({**IMAGER, **STATED, **DISTANCES, "PixelSpacingCalibrationType": "FIDUCIAL"}, FIDUCIAL, (0.18, 0.09)),
        ({**IMAGER, **DISTANCES, "EstimatedRadiographicMagnificationFactor": 2}, CORRECTED, (0.1, 0.05)),
        ({**IMAGER, **DISTANCES}, CORRECTED, (0.16, 0.08)),
        ({**IMAGER, **STATED, "PixelSpacingCalibrationType": "GEOMETRY"}, CORRECTED, (0.18, 0.09)),
        ({**IMAGER}, DETECTOR, (0.2, 0.1)),
        ({**IMAGER, "PixelSpacing": [0.2, 0.1]}, DETECTOR, (0.2, 0.1)),
        ({**IMAGER, **STATED}, DETECTOR, (0.2, 0.1)),
        ({**STATED}, UNSPECIFIED, (0.18, 0.09)),
        ({**STATED, **DISTANCES}, UNSPECIFIED, (0.18, 0.09)),
        ({"NominalScannedPixelSpacing": [0.1, 0.1]}, UNSPECIFIED, (0.1, 0.1)),
        ({"PixelAspectRatio": [1, 1]}, PIXELS, (None, None)),
        ({}, PIXELS, (None, None)),
    ],
)
def test_the_order_of_sources(elements: dict[str, Any], basis: SpacingBasis, size: tuple[float | None, float | None]) -> None:
    """Fiducial, stated magnification, distances, geometry, detector, not specified, none; rows before columns."""
    spacing = read_spacing(header_of(**elements))
    assert spacing.basis is basis
    assert (spacing.row_mm, spacing.column_mm) == (pytest.approx(size[0]), pytest.approx(size[1]))


def test_a_size_that_differs_from_the_detectors_without_saying_why_is_a_finding() -> None:
    """The detector's pitch is used, and the reader learns of the other one."""
    header = header_of(**IMAGER, **STATED)
    read_spacing(header)
    assert any("differs from ImagerPixelSpacing" in f for f in header.findings)


@pytest.mark.parametrize("broken", [[0, 0], [-0.1, 0.1], [150, 150], [0.0000001, 0.1]])
def test_absurd_sizes_are_ignored_with_a_finding(broken: list[float]) -> None:
    """Zero, negative, above 5 mm or below a micrometre."""
    header = header_of(ImagerPixelSpacing=broken)
    assert read_spacing(header).basis is PIXELS
    assert any("cannot be the size" in f for f in header.findings)


@pytest.mark.parametrize(
    "distances",
    [
        {"EstimatedRadiographicMagnificationFactor": 0.5},
        {"DistanceSourceToDetector": 800, "DistanceSourceToPatient": 1000},
        {"DistanceSourceToDetector": 1000, "DistanceSourceToPatient": 1},
        {"DistanceSourceToDetector": -1000, "DistanceSourceToPatient": 800},
    ],
)
def test_impossible_magnifications_are_ignored_with_a_finding(distances: dict[str, float]) -> None:
    """A magnification below 1 would put the object behind the detector."""
    header = header_of(**IMAGER, **distances)
    assert read_spacing(header).basis is DETECTOR
    assert header.findings


def test_pixels_that_are_not_square_are_a_finding_without_a_size() -> None:
    """An aspect ratio alone says no size."""
    header = header_of(PixelAspectRatio=[2, 1])
    assert read_spacing(header).basis is PIXELS
    assert any("not square" in f for f in header.findings)


@given(row=st.floats(0.01, 1), column=st.floats(0.01, 1), detector=st.floats(500, 2000), share=st.floats(0.3, 1))
def test_a_corrected_size_times_its_magnification_is_the_detectors(row: float, column: float, detector: float, share: float) -> None:
    """Whatever the distances: size x magnification = pitch of the detector."""
    texts = [f"{v:.6g}" for v in (row, column, detector, detector * share)]
    spacing = read_spacing(header_of(ImagerPixelSpacing=texts[:2], DistanceSourceToDetector=texts[2], DistanceSourceToPatient=texts[3]))
    assert spacing.magnification is not None
    assert spacing.row_mm is not None
    assert spacing.column_mm is not None
    assert spacing.row_mm * spacing.magnification == pytest.approx(float(texts[0]))
    assert spacing.column_mm * spacing.magnification == pytest.approx(float(texts[1]))
