"""Films of one timeline held against each other: is each the same kind of picture of the same limb? What does not go with the others is not compared.

`calcitrack.register.likeness` measures how two films that lie on each other differ; here stands how much is believed, and which film is the odd one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from calcitrack.assess.pipeline import Unlike
from calcitrack.calibrate.spectrum import DEFAULT_FILTER_MM_AL, TABULATED_KVP, aluminium_filter, contrast_curve, effective_coefficient
from calcitrack.model.alignment import Alignment
from calcitrack.model.calibration import Calibration, Tier
from calcitrack.model.film_quality import FilmDoubt, FilmProblem
from calcitrack.model.image import Acquisition
from calcitrack.register import Scene
from calcitrack.register.likeness import Laid, Likeness, lay, likeness

MOST_GAIN = 0.25
"""Greatest believed difference (log) of a calibrated film's contrast from what its beam makes of another film's. Scatter and growth take part: 0.2 is
about the most between films of one limb, and a grey curve of gamma 0.7 gives 0.36. This and the next ones by `python -m benchmarks.like_films`."""
MOST_BEND = 0.09
"""Greatest believed bend of a calibrated film's values against another's."""
MOST_FINE = 0.15
"""Greatest believed difference (log) between contrast of the finest details and of those of 1 to 3 mm, of calibrated films: more is blur, less is
noise or sharpening."""
MOST_GRAIN = 3.0
"""Greatest believed ratio of the grain of two films of tier A: nine times the dose. Between films of one limb it is 2 at most (as above), and noise
that hides small deposits gave 7."""
GROSS_FINE = 0.3
"""The same where bones do not fit: twice as much, as another person's differ too."""
MOST_UNEVEN, UNEVEN_SHARE, MOST_UNEVEN_SHARE = 0.45, 0.25, 0.35
"""Greatest believed spread over the picture of what is left between two films of tier A: in nepers, where they are, together with a share of the
film's own spread; and as a share alone. 0.35 nepers and 0.17 are the most between films of one limb."""
LEAST_CORRELATION = 0.7
"""Least believed correlation of details of 1 to 3 mm between films of one limb, whatever their values."""
TYPICAL_MG_CM2, TYPICAL_TISSUE_CM = 200.0, 3.0
"""Bone and flesh for which the beams of two films are compared."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the header says of a film that is compared.

    Parameters
    ----------
    day
        Of the exposure.
    as_detected
        Whether its values rise evenly with attenuation, as the detector gave them (tier A).
    calibrated
        Whether they are nepers, too.
    coefficient
        Contrast of bone in its beam, cm2/g; ``None`` where the beam is not known.
    """

    day: dt.date | None
    as_detected: bool
    calibrated: bool
    coefficient: float | None

    @classmethod
    def of(cls, acquisition: Acquisition, calibration: Calibration) -> Facts:
        """Of a film by its header. What a wedge gives back of a processed picture is too rough to judge by.

        Examples
        --------
        >>> from calcitrack.phantom.small import small_radiograph
        >>> film = small_radiograph()
        >>> Facts.of(film.acquisition, film.calibration).name
        'the film of 2021-03-08'
        """
        as_detected = calibration.tier is Tier.A
        taken = acquisition.acquisition_time
        filter_mm = aluminium_filter(acquisition.filter_material, acquisition.filter_thickness_mm)
        return cls(
            taken.date() if taken is not None else acquisition.study_date,
            as_detected,
            as_detected and calibration.in_nepers,
            _coefficient(acquisition.kvp, DEFAULT_FILTER_MM_AL if filter_mm is None else filter_mm),
        )

    @property
    def name(self) -> str:
        """How sentences call the film."""
        return "the film without a date" if self.day is None else f"the film of {self.day.isoformat()}"


@lru_cache(maxsize=64)
def _coefficient(kvp: float | None, filter_mm: float) -> float | None:
    if kvp is None or not TABULATED_KVP[0] <= kvp <= TABULATED_KVP[1]:
        return None
    return effective_coefficient(contrast_curve(kvp, filter_mm, TYPICAL_TISSUE_CM), TYPICAL_MG_CM2)


def unlikeness(found: Likeness, first: Facts, second: Facts) -> tuple[FilmDoubt, ...]:
    """What speaks against the second film's being the same kind of picture of the same limb as the first, most serious first.

    Parameters
    ----------
    found
        As `calcitrack.register.likeness.likeness` measures it.
    first, second
        The films.

    Examples
    --------
    >>> facts = Facts(dt.date(2021, 3, 8), True, True, 2.0)
    >>> same = Likeness((0.01, 0.02, 0.02, 0.03), (0.9, 0.97, 0.99, 0.99), 0.01, 0.05, 1.2, 0.1)
    >>> unlikeness(same, facts, facts)
    ()
    >>> curved = Likeness((-0.70, -0.69, -0.69, -0.7), (0.9, 0.97, 0.99, 0.99), 0.01, 0.05, 1.2, 0.1)
    >>> print(unlikeness(curved, facts, facts)[0].found)
    against the film of 2021-03-08 contrast is 0.50 times what its beam makes of it
    """
    name, doubts = first.name, []
    raw, calibrated = first.as_detected and second.as_detected, first.calibrated and second.calibrated
    share = found.uneven / max(found.spread, float(np.finfo(float).tiny))
    if raw and share > (UNEVEN_SHARE if calibrated and found.uneven > MOST_UNEVEN else MOST_UNEVEN_SHARE):
        much = f"{found.uneven:.1f} nepers" if calibrated else f"{share:.0%} of the spread of its values"
        doubts.append(FilmDoubt(FilmProblem.UNEVEN, f"against {name} it differs by {much} from one part to another"))
    if found.correlation[2] < LEAST_CORRELATION:
        words = f"details of bone correlate by {found.correlation[2]:.2f} only with {name}"
        strong = _sharpness(found, name, GROSS_FINE) if raw else ()  # heavy sharpening moves what details show
        return (*doubts, FilmDoubt(FilmProblem.OTHER_LIMB, words), *strong)
    if not raw:
        return ()
    known = calibrated and first.coefficient is not None and second.coefficient is not None
    expected = float(np.log(second.coefficient / first.coefficient)) if first.coefficient and second.coefficient else 0.0
    gain = (found.contrast[2] + found.contrast[3]) / 2 - expected
    if known and abs(gain) > MOST_GAIN:
        words = f"against {name} contrast is {np.exp(gain):.2f} times what its beam makes of it"
        doubts.append(FilmDoubt(FilmProblem.OTHER_VALUES, words))
    elif abs(found.bend) > MOST_BEND:
        doubts.append(FilmDoubt(FilmProblem.OTHER_VALUES, f"against {name} they bend by {found.bend:+.2f}"))
    return (*doubts, *_sharpness(found, name, MOST_FINE))


def _sharpness(found: Likeness, name: str, most: float) -> tuple[FilmDoubt, ...]:
    """Whether fine details are weaker or stronger than on the other film, against wider ones; or grain, of which no detail is left."""
    fine, sharp = (least(found.contrast[:2]) - found.contrast[2] for least in (min, max))
    if fine < -most:
        return (FilmDoubt(FilmProblem.BLURRED, f"fine details have {np.exp(fine):.2f} times the contrast of those on {name}"),)
    if sharp > most:
        return (FilmDoubt(FilmProblem.GRAINY, f"fine details have {np.exp(sharp):.2f} times the contrast of those on {name}"),)
    if abs(found.grain) > np.log(MOST_GRAIN):
        return (
            FilmDoubt(FilmProblem.GRAINY if found.grain > 0 else FilmProblem.BLURRED, f"its grain is {np.exp(found.grain):.2g} times that of {name}"),
        )
    return ()


def odd_ones(count: int, differ: Callable[[int, int], tuple[FilmDoubt, ...]], reference: int) -> Unlike:
    """Which of some films differ from the others.

    Parameters
    ----------
    count
        Number of films, numbered from 0.
    differ
        What speaks against the second film's going with the first.
    reference
        The film on which the others lie. Where all go with it nothing else is asked.

    Examples
    --------
    >>> doubt = FilmDoubt(FilmProblem.OTHER_VALUES, "a test")
    >>> odd = odd_ones(4, lambda a, b: (doubt,) if 2 in (a, b) else (), reference=0)
    >>> sorted(odd.doubts), odd.like
    ([2], (0, 1, 3))
    >>> sorted(odd_ones(2, lambda a, b: (doubt,), reference=0).doubts)
    [0, 1]
    """
    if not any(differ(reference, k) for k in range(count) if k != reference):
        return Unlike({}, tuple(range(count)))
    apart = {frozenset(pair) for pair in combinations(range(count), 2) if differ(*pair)}
    groups = {k: tuple(n for n in range(count) if n == k or frozenset((k, n)) not in apart) for k in range(count)}
    best = max(range(count), key=lambda k: (len(groups[k]), k == reference, -k))
    like = groups[best] if len(groups[best]) > 1 else ()
    against = best if like else reference
    doubts = {k: differ(against, k) for k in range(count) if k not in like and k != against}
    if not like:  # nothing says which of the films it is
        other = next(k for k in doubts if doubts[k])
        doubts[reference] = differ(other, reference)
    return Unlike({k: d for k, d in doubts.items() if d}, like)


def unlike_films(scenes: Sequence[Scene], alignments: Sequence[Alignment | None], facts: Sequence[Facts]) -> Unlike:
    """Which films of a timeline do not go with the others, of those that lie on the reference.

    Parameters
    ----------
    scenes, facts
        Of all films.
    alignments
        Likewise; ``None`` for the reference. A film that does not lie on it is not asked about.
    """
    reference = alignments.index(None)
    placed = [k for k, a in enumerate(alignments) if a is None or a.ok]
    known: dict[int, Laid] = {}

    def laid(k: int) -> Laid:
        if k not in known:
            known[k] = lay(scenes[reference], scenes[k], alignments[k])
        return known[k]

    def differ(a: int, b: int) -> tuple[FilmDoubt, ...]:
        one, other = placed[a], placed[b]
        found = likeness(laid(one), laid(other))
        return () if found is None else unlikeness(found, facts[one], facts[other])

    odd = odd_ones(len(placed), lru_cache(maxsize=None)(differ), placed.index(reference))
    return Unlike({placed[k]: d for k, d in odd.doubts.items()}, tuple(placed[k] for k in odd.like))
