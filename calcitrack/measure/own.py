"""Measurands of the user's own beside the program's."""

from __future__ import annotations

import keyword
from collections.abc import Callable
from dataclasses import dataclass, field

from calcitrack.errors import InvalidValueError, OwnCodeError
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import Measurand, Measurement, NotMeasurable, Result
from calcitrack.model.own_code import CodeIdentity, identify
from calcitrack.model.provenance import UNSTORED
from calcitrack.model.segmentation import Outlined

MeasurandFunction = Callable[[Radiograph, Outlined, int], Result]
"""(radiograph, segmentation, label) -> the value of the deposit with this label, or the reason why there is none."""


@dataclass(frozen=True, slots=True)
class OwnMeasurand:
    """A measurand and the function that measures it on one deposit.

    Parameters
    ----------
    measurand
        What is measured; its name is a lower-case Python name that no measurand of the program has.
    function
        Called with (radiograph, segmentation, label); gives a `Measurement` of the measurand, or `NotMeasurable` with the reason.
    total
        Whether the sum over an image's deposits has a meaning: then it is among the totals, and its change over time is stated.
    identity
        Where the function's code lives, and in which state; worked out.

    Raises
    ------
    InvalidValueError
        The name is no name, the function cannot be called, or it holds something that its provenance could not tell.

    Examples
    --------
    >>> import calcitrack
    >>> from calcitrack.model.measurement import Measurand
    >>> HEIGHT = Measurand("height_px", "{pixels}", "Rows that the deposit spans", "this page")
    >>> def height(radiograph, segmentation, label):
    ...     rows = (segmentation.labels == label).any(axis=1)
    ...     return calcitrack.Measurement(HEIGHT, float(rows.sum()))
    >>> options = calcitrack.MeasureOptions(own=(OwnMeasurand(HEIGHT, height),))
    >>> [own.measurand.name for own in options.own]
    ['height_px']
    """

    measurand: Measurand
    function: MeasurandFunction = field(repr=False, compare=False, metadata=UNSTORED)
    total: bool = False
    identity: CodeIdentity = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.measurand, Measurand):
            raise InvalidValueError(f"an own measurand states what it measures as a Measurand; found {type(self.measurand).__name__}")
        name = self.measurand.name
        if not name.isidentifier() or name != name.lower() or keyword.iskeyword(name):
            raise InvalidValueError(f"a measurand's name is a lower-case Python name, such as height_mm; found {name!r}")
        if not self.measurand.unit:
            raise InvalidValueError(f"{name}: a measurand has a UCUM unit, `1` for a pure number; found none")
        if not callable(self.function):
            raise InvalidValueError(f"{name}: a measurand's function takes (radiograph, segmentation, label); found {self.function!r}")
        object.__setattr__(self, "identity", identify(self.function, "measurand"))

    def measured(self, radiograph: Radiograph, segmentation: Outlined, label: int) -> Result:
        """What the function gives for one deposit, checked.

        Raises
        ------
        OwnCodeError
            It raised an exception, or gave something that is no result of the measurand.
        """
        role = f"the measurand {self.measurand.name} ({self.identity.address})"
        expected = f"a Measurement of {self.measurand.name}, or NotMeasurable"
        try:
            result = self.function(radiograph, segmentation, label)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:  # a function that ends the program would end a whole run
            problem = f"that {role} raised {type(error).__name__} ({' '.join(str(error).split()) or 'no message'}) for label {label}"
            raise OwnCodeError(radiograph.source, problem, expected, "correct its function") from error
        if not isinstance(result, Measurement | NotMeasurable):
            raise OwnCodeError(radiograph.source, f"that {role} gave {type(result).__name__}", expected, "return one of the two")
        if result.measurand != self.measurand:
            raise OwnCodeError(radiograph.source, f"that {role} gave a value of {result.measurand.name}", expected, "return its own measurand")
        return result
