"""What a film may be beside what it says it is: typed problems with their consequence, and the doubt about one film.

The table `EXPLAINED` is the one place that says how serious a problem is, what is done and what a reader can do; messages, lists and
docs/reference/film-quality.md are made of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePath
from types import MappingProxyType

from calcitrack.errors import FilmRefusedError, InvalidValueError
from calcitrack.model.provenance import STORED_WHEN_STATED


class Severity(StrEnum):
    """What a doubt leads to, most serious first.

    Examples
    --------
    >>> [severity.value for severity in Severity]
    ['refused', 'doubted', 'noted']
    """

    REFUSED = "refused"
    """The film is not measured: its time point has no value from it."""
    DOUBTED = "doubted"
    """It is measured as far as that is safe, with a lower tier or a lower confidence."""
    NOTED = "noted"
    """It is measured as it is; the reader should know."""


class FilmProblem(StrEnum):
    """What may be wrong with a film. The value is the word that tables and files hold."""

    INVERTED = "inverted"
    BREAST = "breast"
    UNLIKE = "unlike"
    TWO_LIMBS = "two_limbs"
    PIXEL_SIZE = "pixel_size"
    UNSEEN_PART = "unseen_part"
    LOSSY = "lossy"
    BURNT_OUT = "burnt_out"
    OTHER_LIMB = "other_limb"
    OTHER_VALUES = "other_values"
    UNEVEN = "uneven"
    BLURRED = "blurred"
    GRAINY = "grainy"
    FOREIGN = "foreign"


NOT_COMPARED = "it is measured by itself, and not compared with the other films"
"""The outcome of what only another film of the timeline shows."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What a problem means.

    Parameters
    ----------
    severity
        What it leads to.
    meaning
        What the film is then.
    outcome
        What the program does with it.
    action
        What the reader can do.
    """

    severity: Severity
    meaning: str
    outcome: str
    action: str


EXPLAINED: Mapping[FilmProblem, Explained] = MappingProxyType(
    {
        FilmProblem.INVERTED: Explained(
            Severity.REFUSED,
            "the picture is a negative of what its header says: air is shown as dense, bone as thin",
            "the film is not measured",
            "export it again as it was taken, or state its photometric interpretation (of a picture: in its sidecar)",
        ),
        FilmProblem.BREAST: Explained(
            Severity.REFUSED,
            "the header states a breast, whose calcifications are of another kind",
            "the film is not measured",
            "leave it out; if it shows a limb, state the part in the manifest, or measure_anyway `breast`",
        ),
        FilmProblem.UNLIKE: Explained(
            Severity.REFUSED,
            "bone and flesh cannot be told apart as on films of limbs: another part of the body, a photograph, a strong window, motion or a cast",
            "the film is not measured",
            "look at it, and measure another export or exposure; if it does show a limb, state measure_anyway `unlike` in the manifest",
        ),
        FilmProblem.TWO_LIMBS: Explained(
            Severity.REFUSED,
            "two limbs lie side by side in one picture, such as both hands on one plate",
            "the film is not measured: deposits of one side would be followed on the other",
            "state which side lies where, in a manifest.csv beside it: under the header `path,sides` the line `FILE,R L` where the right one lies at "
            "the left of the picture (or above), else `FILE,L R`; of limbs that touch, crop a copy of the file to each (corrections); if it is one "
            "limb, state measure_anyway `two_limbs`",
        ),
        FilmProblem.PIXEL_SIZE: Explained(
            Severity.REFUSED,
            "the limb has a width that no person has at the stated part of the body and size of a pixel: another part, a limb that is cut along its "
            "length, or another size of a pixel",
            "the film is not measured: its areas would be wrong",
            "look which part it shows, and whether it shows all of its width: state another part in the manifest (body_part), or take a film that is "
            "not cut; else state the size of a pixel there, or draw a known length; if all is right, state measure_anyway `pixel_size`",
        ),
        FilmProblem.UNSEEN_PART: Explained(
            Severity.DOUBTED,
            "the header states a part of the body that the networks have not seen: the trunk, the spine or the head",
            "what is found is a possible deposit, which does not count",
            "look at each find; accept what is a deposit, and outline what is missing by hand",
        ),
        FilmProblem.LOSSY: Explained(
            Severity.DOUBTED,
            "heavy lossy compression, whose blocks show in the picture",
            "tier C: no absolute mass, and small deposits and outlines are uncertain",
            "export it again without lossy compression",
        ),
        FilmProblem.BURNT_OUT: Explained(
            Severity.DOUBTED,
            "much of the limb has the least or the greatest value that the picture can hold: it was burnt out or clipped",
            "deposits there cannot be seen, and outlines and mass are uncertain",
            "export it again with its full range of values",
        ),
        FilmProblem.OTHER_LIMB: Explained(
            Severity.DOUBTED,
            "its bones do not fit those of another film of the timeline: another person, the other side, another view, or motion",
            NOT_COMPARED,
            "look whether both show the same limb of one person, and correct the header or take the film out",
        ),
        FilmProblem.OTHER_VALUES: Explained(
            Severity.DOUBTED,
            "its grey values do not follow those of another film of the timeline as the header of both says: one of them was processed, or shows "
            "another person",
            NOT_COMPARED,
            "export it again as the detector gave it, or look whether it is of the same person",
        ),
        FilmProblem.UNEVEN: Explained(
            Severity.DOUBTED,
            "a part of it is denser or brighter than on another film of the timeline: a cast, an uneven exposure or a filter",
            NOT_COMPARED,
            "look at it, and measure another exposure or export",
        ),
        FilmProblem.BLURRED: Explained(
            Severity.DOUBTED,
            "it is less sharp than another film of the timeline: motion, a double exposure or smoothing",
            NOT_COMPARED,
            "look at it, and measure another exposure or export",
        ),
        FilmProblem.GRAINY: Explained(
            Severity.DOUBTED,
            "its fine details are stronger than on another film of the timeline: noise or sharpening",
            NOT_COMPARED,
            "look at it, and measure another exposure or export",
        ),
        FilmProblem.FOREIGN: Explained(
            Severity.NOTED,
            "metal, a cast or another object lies over the limb",
            "nothing is searched under it",
            "look there yourself",
        ),
    }
)
"""Problem -> what it means; in this order within a severity, most serious first."""
UNLIKE_OTHERS = (FilmProblem.OTHER_LIMB, FilmProblem.OTHER_VALUES, FilmProblem.UNEVEN, FilmProblem.BLURRED, FilmProblem.GRAINY)
"""Problems that another film of the timeline shows: with one of them a film is not compared with the others."""
NOT_ALIKE = "its film does not go with the others: "
"""How the reason begins why such a film is not compared."""
OVERRULABLE = (FilmProblem.UNLIKE, FilmProblem.BREAST, FilmProblem.PIXEL_SIZE, FilmProblem.TWO_LIMBS)
"""Refusals that a person who knows better may overrule. Of a negative the fact itself is stated, its polarity."""
MEASURE_ANYWAY = "measure_anyway"
"""What a person states, in a manifest or a sidecar: the refusals that are overruled."""
OVERRULED = f"it was measured all the same, as stated ({MEASURE_ANYWAY}): tier C, no absolute mass; look at every outline"
"""The outcome of a refusal that was overruled."""
THE_FILE = "FILE"
"""Stands for the name of the film in an action."""
EXPECTED = "a radiograph of one limb as it was taken"
"""What would have been measured, for messages."""


@dataclass(frozen=True, slots=True)
class FilmDoubt:
    """A problem of one film, and what shows it.

    Parameters
    ----------
    problem
        Which one.
    found
        What was seen, with numbers: ``a limb of 296 mm``.
    overruled
        Whether a person stated that the film is to be measured all the same; it is doubted then, and not refused.

    Examples
    --------
    >>> doubt = FilmDoubt(FilmProblem.FOREIGN, "an object of 3.1 cm2")
    >>> doubt.severity.value
    'noted'
    >>> print(doubt.words)
    metal, a cast or another object lies over the limb (an object of 3.1 cm2); nothing is searched under it; look there yourself
    """

    problem: FilmProblem
    found: str
    overruled: bool = field(default=False, metadata=STORED_WHEN_STATED)

    def __post_init__(self) -> None:
        if not self.found:
            raise InvalidValueError("a doubt about a film states what was seen; found nothing")
        if self.overruled and self.problem not in OVERRULABLE:
            raise InvalidValueError(f"refusals that can be overruled are {', '.join(OVERRULABLE)}; found {self.problem.value}")

    @property
    def explained(self) -> Explained:
        """Its entry of `EXPLAINED`."""
        return EXPLAINED[self.problem]

    @property
    def severity(self) -> Severity:
        """What it leads to."""
        return Severity.DOUBTED if self.overruled else self.explained.severity

    @property
    def general(self) -> str:
        """What is the same on every film with this problem: meaning, outcome, action."""
        return f"{self.explained.meaning}; {self._consequence}"

    @property
    def words(self) -> str:
        """One sentence for a reader."""
        return f"{self.explained.meaning} ({self.found}); {self._consequence}"

    @property
    def _consequence(self) -> str:
        return OVERRULED if self.overruled else f"{self.explained.outcome}; {self.explained.action}"


def by_severity(doubts: Iterable[FilmDoubt]) -> tuple[FilmDoubt, ...]:
    """Each doubt once, most serious first.

    Examples
    --------
    >>> doubts = FilmDoubt(FilmProblem.FOREIGN, "an object"), FilmDoubt(FilmProblem.INVERTED, "dense air")
    >>> [doubt.problem.value for doubt in by_severity(doubts)]
    ['inverted', 'foreign']
    """
    severities, problems = list(Severity), list(EXPLAINED)
    return tuple(sorted(dict.fromkeys(doubts), key=lambda d: (severities.index(d.severity), problems.index(d.problem))))


def overruled(doubts: Iterable[FilmDoubt], stated: Collection[FilmProblem]) -> tuple[FilmDoubt, ...]:
    """The doubts, those that a person overrules as such.

    Examples
    --------
    >>> (doubt,) = overruled([FilmDoubt(FilmProblem.UNLIKE, "a certainty of 0.66")], {FilmProblem.UNLIKE})
    >>> doubt.severity.value
    'doubted'
    """
    return tuple(replace(d, overruled=True) if d.problem in stated else d for d in doubts)


def overrulable_of(text: str) -> frozenset[FilmProblem] | None:
    """What a person overrules, as people write it; ``None`` where a word is none of `OVERRULABLE`.

    Examples
    --------
    >>> sorted(problem.value for problem in overrulable_of("unlike, Breast") or ())
    ['breast', 'unlike']
    >>> overrulable_of(""), overrulable_of("inverted")
    (frozenset(), None)
    """
    words = re.findall(r"[^\s,;|+]+", text.lower())
    return frozenset(FilmProblem(word) for word in words) if all(word in OVERRULABLE for word in words) else None


def refused(doubts: Iterable[FilmDoubt], source: str) -> FilmRefusedError | None:
    """The error for a film that is not measured, by its most serious doubt; ``None`` for one that is.

    Examples
    --------
    >>> print(refused([FilmDoubt(FilmProblem.BREAST, "Modality MG")], "a.dcm"))
    a.dcm: found that the header states a breast, whose calcifications are of another kind (Modality MG); expected a radiograph of one limb as it was taken; leave it out; if it shows a limb, state the part in the manifest, or measure_anyway `breast`
    """  # noqa: E501 - a doctest holds the whole message
    for doubt in by_severity(doubts):
        if doubt.severity is Severity.REFUSED:
            action = doubt.explained.action.replace(THE_FILE, PurePath(source.replace("!", "/")).name or THE_FILE)
            return FilmRefusedError(source, f"that {doubt.explained.meaning} ({doubt.found})", EXPECTED, action)
    return None
