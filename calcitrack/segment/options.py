"""What a segmentation may be told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from calcitrack.errors import InvalidValueError


class Method(StrEnum):
    """How deposits are found."""

    NETWORK = "network"
    """A small convolutional network trained on simulated films."""
    TRANSPARENT = "transparent"
    """A fitted soft-tissue surface and a logistic model that anyone can read: the baseline."""


@dataclass(frozen=True, slots=True)
class SegmentOptions:
    """Settings of `segment`.

    Parameters
    ----------
    method
        How deposits are found.
    min_area_mm2
        Smallest deposit kept, mm2 in the plane of the image's spacing. Chosen on simulated films: below it noise and trabeculae prevail.
    min_confidence
        Candidates less likely than this to be deposits are dropped. Chosen on simulated films (benchmarks/fit_candidates.py, benchmarks/segmenter).
    supported_confidence
        ... unless another exposure of the timeline surely shows a deposit at their place: then those at least this likely are kept.
    assumed_pixel_mm
        Pixel size that sets the search scales when the image states none; it never enters a result.
    """

    method: Method = Method.NETWORK
    min_area_mm2: float = 0.6
    min_confidence: float = 0.7
    supported_confidence: float = 0.35
    assumed_pixel_mm: float = 0.15

    def __post_init__(self) -> None:
        if not self.min_area_mm2 > 0:
            raise InvalidValueError(f"min_area_mm2 is a positive area; found {self.min_area_mm2}")
        if not 0 <= self.min_confidence <= 1:
            raise InvalidValueError(f"min_confidence is a probability between 0 and 1; found {self.min_confidence}")
        if not 0 <= self.supported_confidence <= 1:
            raise InvalidValueError(f"supported_confidence is a probability between 0 and 1; found {self.supported_confidence}")
        if not self.assumed_pixel_mm > 0:
            raise InvalidValueError(f"assumed_pixel_mm is a positive length; found {self.assumed_pixel_mm}")
