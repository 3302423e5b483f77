"""Settings of the DICOM objects in a results folder."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SegmentationKind(StrEnum):
    """How a Segmentation stores its segments."""

    BINARY = "binary"
    """One frame a segment; known to every reader."""
    LABELMAP = "labelmap"
    """One frame for all (DICOM Supplement 243, since 2024): smaller, but not known to every reader yet."""


@dataclass(frozen=True, slots=True)
class DicomOutput:
    """Settings of the DICOM objects of a results folder.

    Parameters
    ----------
    segmentation
        How Segmentations store their segments.
    reports
        Write measurement reports (DICOM SR) beside the Segmentations.

    Examples
    --------
    >>> DicomOutput(reports=False).segmentation.value
    'binary'
    """

    segmentation: SegmentationKind = SegmentationKind.BINARY
    reports: bool = True
