"""Settings of the segmentation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from calcitrack.errors import InvalidValueError
from calcitrack.segment.own import OwnSegmenter, Segmenter


class Method(StrEnum):
    """How the program finds deposits; a segmenter of the user's own may take its place.

    Examples
    --------
    >>> from calcitrack.segment import Method
    >>> [method.value for method in Method]
    ['network']
    """

    NETWORK = "network"
    """Small convolutional networks (docs/explanation/model-card.md)."""


RETIRED_METHOD = "transparent"
"""A method that records of earlier versions name: a fitted surface of the soft tissue and a logistic model of what stands above it."""
WHY_RETIRED = "it told bone by brightness alone and did not search over it, so that on real films it missed nearly all masses"
"""For messages; docs/explanation/model-card.md says more."""
MIN_CONFIDENCE = 0.95
"""Default of `SegmentOptions.min_confidence`. Chosen on simulated films and the external set (docs/explanation/accuracy.md)."""
MASS_CONFIDENCE, POSSIBLE_MASS_CONFIDENCE = 0.6, 0.3
"""Default of `SegmentOptions.min_mass_confidence`, and the confidence from which a mass is possible. Chosen on masses drawn
into real pictures that took no part in any fit (docs/explanation/model-card.md)."""
SUPPORTED_CONFIDENCE = 0.1
"""Default of `SegmentOptions.supported_confidence`. Chosen likewise."""
POSSIBLE_CONFIDENCE = 0.5
"""Default of `SegmentOptions.possible_confidence`: what is more likely a deposit than not, by the confidence's own meaning, is worth a look."""


@dataclass(frozen=True, slots=True)
class SegmentOptions:
    """Settings of `segment`.

    Parameters
    ----------
    method
        How deposits are found: by the program, or by a segmenter of the user's own, a function of a radiograph that gives a `Segmentation`. Such a
        one is kept as an `OwnSegmenter`; `min_area_mm2` does not hold for it.
    min_area_mm2
        Smallest deposit kept, mm2 in the plane of the image's spacing. Chosen on simulated films: below it noise and trabeculae prevail.
    min_confidence
        Candidates less likely than this to be deposits are dropped; ``None`` takes `MIN_CONFIDENCE`, and keeps all that an own segmenter finds.
    min_mass_confidence
        The same for masses: deposits of 30 mm2 and more that the overview of the whole limb sees too (`Segmentation.masses`), which are seldom
        anything else. ``None`` takes `min_confidence` where that is given, else `MASS_CONFIDENCE`.
    supported_confidence
        ... unless another exposure of the timeline surely shows a deposit at their place: then those at least this likely are kept; ``None``
        takes `SUPPORTED_CONFIDENCE`, and `min_confidence` for an own segmenter.
    possible_confidence
        Candidates that are not kept and are at least this likely stay as possible deposits: shown to the reader and not counted. ``None`` takes
        `POSSIBLE_CONFIDENCE`, and makes none of what an own segmenter finds.
    assumed_pixel_mm
        Pixel size that sets the search scales when the image states none; ``None`` takes what the size of the bones suggests. It never enters a
        result.

    Examples
    --------
    >>> from calcitrack import SegmentOptions
    >>> SegmentOptions(min_confidence=0.9).sure_from
    0.9
    """

    method: Method | OwnSegmenter | Segmenter = Method.NETWORK
    min_area_mm2: float = 0.6
    min_confidence: float | None = None
    supported_confidence: float | None = None
    assumed_pixel_mm: float | None = None
    possible_confidence: float | None = None
    min_mass_confidence: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "method", _method(self.method))
        if not self.min_area_mm2 > 0:
            raise InvalidValueError(f"min_area_mm2 is a positive area; found {self.min_area_mm2}")
        for name in ("min_confidence", "min_mass_confidence", "supported_confidence", "possible_confidence"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise InvalidValueError(f"{name} is a probability between 0 and 1; found {value}")
        if self.assumed_pixel_mm is not None and not self.assumed_pixel_mm > 0:
            raise InvalidValueError(f"assumed_pixel_mm is a positive length; found {self.assumed_pixel_mm}")

    @property
    def sure_from(self) -> float:
        """Confidence from which an image alone shows a deposit."""
        if self.min_confidence is not None:
            return self.min_confidence
        return MIN_CONFIDENCE if self.segmenter is None else 0.0

    @property
    def mass_from(self) -> float:
        """Confidence from which an image alone shows a mass; never above `sure_from`."""
        if self.min_mass_confidence is not None:
            return min(self.min_mass_confidence, self.sure_from)
        return self.sure_from if self.min_confidence is not None else min(MASS_CONFIDENCE, self.sure_from)

    @property
    def possible_mass_from(self) -> float:
        """Confidence from which a mass that is not kept stays as a possible one; never above `mass_from`."""
        return min(POSSIBLE_MASS_CONFIDENCE if self.possible_confidence is None else self.possible_confidence, self.mass_from)

    @property
    def supported_from(self) -> float:
        """Confidence from which a deposit is kept that another exposure surely shows; never above `sure_from`."""
        least = self.supported_confidence
        if least is None:
            least = SUPPORTED_CONFIDENCE if self.segmenter is None else self.sure_from
        return min(least, self.sure_from)

    @property
    def possible_from(self) -> float:
        """Confidence from which a deposit that is not kept stays as a possible one; never above `sure_from`, where there is none."""
        least = self.possible_confidence
        if least is None:
            least = POSSIBLE_CONFIDENCE if self.segmenter is None else self.sure_from
        return min(least, self.sure_from)

    @property
    def segmenter(self) -> OwnSegmenter | None:
        """The user's own segmenter; ``None`` where the program searches."""
        return self.method if isinstance(self.method, OwnSegmenter) else None


def _method(method: object) -> Method | OwnSegmenter:
    if isinstance(method, OwnSegmenter):
        return method
    if isinstance(method, str) or not callable(method):
        return built_in(method)
    return OwnSegmenter.of(method)


def built_in(name: object) -> Method:
    """The program's method of a name.

    Raises
    ------
    InvalidValueError
        There is none of this name, or no more.

    Examples
    --------
    >>> built_in("network")
    <Method.NETWORK: 'network'>
    """
    if isinstance(name, str) and name in tuple(Method):
        return Method(name)
    wanted = f"method is {', '.join(Method)}, or a segmenter: a function of a radiograph that gives a Segmentation; found {name!r}"
    if name == RETIRED_METHOD:
        raise InvalidValueError(f"{wanted}, which is retired: {WHY_RETIRED}; leave the method out, or use a segmenter of your own")
    raise InvalidValueError(wanted)
