"""A segmenter of the user's own in the place of the program's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from calcitrack.errors import InvalidValueError, OwnCodeError
from calcitrack.model.image import Radiograph
from calcitrack.model.own_code import CodeIdentity, identify
from calcitrack.model.provenance import UNSTORED
from calcitrack.model.segmentation import Segmentation


class Segmenter(Protocol):
    """Finds limb, bone and deposits on a radiograph: a function, or an object that is called like one.

    An attribute ``version`` (a text) goes into the provenance of what it finds. Two runs with different versions, sources or arguments are
    different assessments.
    """

    def __call__(self, radiograph: Radiograph, /) -> Segmentation:
        """What is on the radiograph, on its grid."""


@dataclass(frozen=True)
class OwnSegmenter:
    """A segmenter with what tells it from others. `SegmentOptions` makes one of a function.

    Parameters
    ----------
    identity
        Where its code lives, and in which state.
    function
        The segmenter itself.
    """

    identity: CodeIdentity
    function: Segmenter = field(repr=False, compare=False, metadata=UNSTORED)

    @classmethod
    def of(cls, function: Segmenter) -> OwnSegmenter:
        """The segmenter of a function or object.

        Raises
        ------
        InvalidValueError
            It cannot be called, or holds something that its provenance could not tell.
        """
        if not callable(function):
            raise InvalidValueError(f"a segmenter is a function of a radiograph, or an object that is called like one; found {function!r}")
        return cls(identify(function, "segmenter"), function)

    def __call__(self, radiograph: Radiograph) -> Segmentation:
        """What it finds, checked.

        Raises
        ------
        OwnCodeError
            It raised an exception, or gave something that is no segmentation of the radiograph.
        """
        role = f"the segmenter {self.identity.address}"
        try:
            found: object = self.function(radiograph)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:  # a function that ends the program would end a whole run
            problem = f"that {role} raised {type(error).__name__} ({' '.join(str(error).split()) or 'no message'})"
            raise OwnCodeError(radiograph.source, problem, "a Segmentation", "correct the segmenter") from error
        if not isinstance(found, Segmentation):
            action = "return calcitrack.Segmentation(labels=..., limb=..., bone=...)"
            raise OwnCodeError(radiograph.source, f"that {role} gave {type(found).__name__}", "a Segmentation", action)
        if found.labels.shape != radiograph.shape:
            problem = f"that {role} gave labels of the shape {found.labels.shape}"
            raise OwnCodeError(radiograph.source, problem, f"the radiograph's, {radiograph.shape}", "draw on the radiograph's own pixels")
        return found
