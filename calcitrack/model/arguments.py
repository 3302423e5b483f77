"""Type checks of public arguments: a wrong type is refused, and the message names what to call instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import TypeVar

Kind = TypeVar("Kind")

PATH = "a path"
ARRAY = "an array"
INSTEAD: dict[tuple[str, str], str] = {
    ("Timeline", PATH): "read it with `read_cohort` and call `assess` with each of its `timelines`, or call `assess_cohort` with the path",
    ("Timeline", "Cohort"): "call `assess_cohort` with it, or `assess` with each of its `timelines`",
    ("Timeline", "list"): "call `assess` with each of them",
    ("Timeline", "tuple"): "call `assess` with each of them",
    ("Timeline", "TimePoint"): "put it into a `Timeline`",
    ("Timeline", "Exposure"): "put it into a `TimePoint`, and that into a `Timeline`",
    ("Timeline", "Radiograph"): "put it into an `Exposure` (`Exposure.of`), a `TimePoint` and a `Timeline`; or call `segment` and `measure`",
    ("Timeline", "Assessment"): "it is assessed already; `judge` says what its changes mean",
    ("Radiograph", PATH): "read it with `read_radiograph`",
    ("Radiograph", "Volume"): "radiographs are measured so far, and volumes by a pipeline of your own",
    ("Radiograph", ARRAY): "make a `Radiograph` of it, which says what its values and its pixels' size mean",
    ("Radiograph", "Exposure"): "call its `load()`",
    ("Radiograph", "TimePoint"): "call `load()` of one of its `exposures`",
    ("Radiograph", "Timeline"): "call `assess` with it",
    ("Radiograph", "Cohort"): "call `assess_cohort` with it",
    ("Segmentation", PATH): "call `segment`, or make a `Segmentation` of labels on the film's grid",
    ("Segmentation", ARRAY): "make a `Segmentation` of it, with limb and bone",
    ("Segmentation", "ImageAssessment"): "use its `segmentation`",
    ("Assessment", PATH): "call `assess_cohort` with it, and use its `assessments`",
    ("Assessment", "Timeline"): "call `assess` with it first",
    ("Assessment", "Cohort"): "call `assess_cohort` with it first, and use its `assessments`",
    ("Assessment", "CohortAssessment"): "use each of its `assessments`",
    ("Judgement", "Assessment"): "call `judge` with it first",
    ("Judgement", "CohortAssessment"): "call `judge` with each of its `assessments` first",
    ("Judgement", "Timeline"): "call `assess` with it, and `judge` with the answer",
    ("Assessment", "Judgement"): "use the `Assessment` that was judged",
    ("TimelineSeries", "Assessment"): "call `series_of` with it first",
    ("TimelineSeries", "CohortAssessment"): "call `series_of` with each of its `assessments`",
    ("ImageAssessment", "Assessment"): "use one of its `images`",
    ("Assessment", "list"): "call it with each of them",
    ("CohortAssessment", "list"): "put them into a `CohortAssessment`",
    ("CohortAssessment", "Assessment"): "put it into a `CohortAssessment`",
    ("CohortAssessment", "Cohort"): "call `assess_cohort` with it first",
    ("CohortAssessment", "Timeline"): "call `assess` with it first, and put the answer into a `CohortAssessment`",
    ("CohortAssessment", PATH): "call `assess_cohort` with it first",
    ("Assessment", "ImageAssessment"): "use the `Assessment` that it is one of the `images` of",
    (PATH, "Radiograph"): "it is read already; call `segment` and `measure`, or put it into a `Timeline` and call `assess`",
    (PATH, "Assessment"): "it is measured already; `to_dataframe` gives its tables",
    (PATH, "Cohort"): "it is read already; call `assess_cohort` with it",
    (PATH, "Timeline"): "it is read already; call `assess` with it",
    (PATH, "Exposure"): "call its `load()`",
    (PATH, "CohortAssessment"): "it is measured already; `to_dataframe` gives its tables, `write_results` a folder",
    (PATH, "list"): "call this once for each, or `read_cohort` with all",
    (PATH, "tuple"): "call this once for each, or `read_cohort` with all",
}
"""(What is wanted, what was given) -> what to do; classes by their names, which a test holds against the package."""


def expect(caller: str, parameter: str, value: object, *kinds: type) -> None:
    """Raise if an argument has none of these types.

    Parameters
    ----------
    caller, parameter
        The function and its parameter, as the user wrote them.
    kinds
        Accepted classes; the first one decides what to call instead. `os.PathLike` stands for a path, texts included.

    Raises
    ------
    TypeError
        States what was found, what is expected and what to call.

    Examples
    --------
    >>> from calcitrack import Timeline
    >>> expect("assess", "timeline", "films", Timeline)
    Traceback (most recent call last):
    TypeError: assess(timeline): found a path, 'films'; expected a Timeline; read it with `read_cohort` and call `assess` with each of its \
`timelines`, or call `assess_cohort` with the path
    """
    accepted = (*kinds, str) if PathLike in kinds else kinds
    if isinstance(value, accepted):
        return
    given = _kind(value)
    named = [PATH if kind is PathLike else kind.__name__ for kind in kinds if kind is not type(None)]
    action = next((INSTEAD[name, given] for name in named if (name, given) in INSTEAD), "see the function's examples")
    found = f"{given}, {value!r}" if given == PATH else given if given == ARRAY else f"{_article(given)} {given}"
    expected = " or ".join(name if name == PATH else f"{_article(name)} {name}" for name in named)
    raise TypeError(f"{caller}({parameter}): found {found}; expected {expected}; {action}")


def expect_each(caller: str, parameter: str, values: object, kind: type[Kind]) -> tuple[Kind, ...]:
    """The values as a tuple; each must be of this kind.

    Raises
    ------
    TypeError
        There is one value instead of several, or one of them is of another kind.

    Examples
    --------
    >>> from calcitrack import Assessment
    >>> expect_each("combine_views", "assessments", [], Assessment)
    ()
    """
    if not isinstance(values, Iterable) or isinstance(values, str):
        if isinstance(values, kind):
            raise TypeError(f"{caller}({parameter}): found one {kind.__name__}; expected several; put it into a list")
        expect(caller, parameter, values, kind)
    found = tuple(values) if isinstance(values, Iterable) else ()
    for value in found:
        expect(caller, parameter, value, kind)
    return found


def expect_paths(caller: str, parameter: str, inputs: object, *others: type) -> None:
    """Raise if inputs are neither a path nor several paths.

    Parameters
    ----------
    others
        Other types that the function accepts.

    Raises
    ------
    TypeError
        As for `expect`.

    Examples
    --------
    >>> expect_paths("read_cohort", "inputs", ["a.dcm", 3])
    Traceback (most recent call last):
    TypeError: read_cohort(inputs): found an int; expected a path; see the function's examples
    """
    if isinstance(inputs, Sequence) and not isinstance(inputs, str):
        for one in inputs:
            expect(caller, parameter, one, PathLike)
    elif not isinstance(inputs, Iterable):
        expect(caller, parameter, inputs, PathLike, *others)


def _kind(value: object) -> str:
    if isinstance(value, str | PathLike):
        return PATH
    return ARRAY if hasattr(value, "__array_interface__") else type(value).__name__


def _article(name: str) -> str:
    return "an" if name[0] in "AEIOUaeiou" else "a"
