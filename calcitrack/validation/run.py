"""Validate the program: simulate people, assess their films, and compare the results with the truth."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from time import perf_counter

import numpy as np

from calcitrack.assess import AssessOptions, assess
from calcitrack.calibrate import CalibrateOptions
from calcitrack.errors import CalcitrackError, InvalidValueError
from calcitrack.model.image import Radiograph
from calcitrack.model.progress import Progress
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint
from calcitrack.phantom.population import Exposures, Population, random_patient, random_visits
from calcitrack.phantom.radiograph import as_header, as_radiograph
from calcitrack.phantom.simulate import simulate
from calcitrack.phantom.specs import BodyPart, PatientSpec, Style, VisitSpec
from calcitrack.processes import ProcessEndedError, ProcessPool, in_order
from calcitrack.validation import FilmComparison, FilmTruth, Scores, score
from calcitrack.validation.compare import compare

BURDENS = ("moderate", "mild", "severe", "none", "moderate")
"""Burden of the first person, the second, ... and again: one person in five has no deposit, so that small sets hold every kind."""
_PURPOSE = 61
"""Part of each person's seed, so that no person here is in a phantom set or in the training data, whatever the seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateOptions:
    """Settings of the simulated people.

    Parameters
    ----------
    patients, visits
        Number of people, and of visits of each; the last visit is exposed twice.
    seed
        Decides everything; equal options give equal films.
    body_part, style
        Body part or style of all films; ``None`` takes all of them in turn.
    burden
        Burden of all people, as in `calcitrack.phantom.population.Population`; ``None`` takes `BURDENS` in turn.
    """

    patients: int = 12
    visits: int = 2
    seed: int = 1
    body_part: BodyPart | None = None
    style: Style | None = None
    burden: str | None = None

    def __post_init__(self) -> None:
        if self.patients < 1 or self.visits < 1:
            raise InvalidValueError(f"at least one person with one visit is simulated; found {self.patients} with {self.visits}")
        if self.seed < 0:
            raise InvalidValueError(f"a seed is not negative; found {self.seed}")


def validate(
    options: ValidateOptions | None = None, *, assess_options: AssessOptions | None = None, workers: int = 1, progress: Progress | None = None
) -> Scores:
    """Simulate people with exact truth, assess each as a timeline, and score the results against the truth.

    Parameters
    ----------
    options
        Settings; when ``None``, 12 people with two visits, of all body parts and kinds of file.
    assess_options
        Settings of the verbs; defaults when ``None``.
    workers
        Number of processes. A script that uses more than one must guard its own calls with ``if __name__ == "__main__":``.
    progress
        Called with (people done, people in all).

    Returns
    -------
    Scores
        The same for the same options and program version, except the seconds; the number of workers has no effect within nine digits.
    """
    return score(iter_comparisons(options, assess_options=assess_options, workers=workers, progress=progress))


def iter_comparisons(
    options: ValidateOptions | None = None, *, assess_options: AssessOptions | None = None, workers: int = 1, progress: Progress | None = None
) -> Generator[FilmComparison]:
    """The comparison of each film, person by person; each worker holds the films of one person in memory.

    Parameters are those of `validate`. Close the iterator to end its processes early.
    """
    if workers < 1:
        raise InvalidValueError(f"at least one worker measures; found {workers}")
    options = options or ValidateOptions()
    one = partial(compare_person, options, assess_options=assess_options)
    with closing(_people(one, range(options.patients), min(workers, options.patients))) as people:
        for done, films in enumerate(people, start=1):
            if progress is not None:
                progress(done, options.patients)
            yield from films


def compare_person(options: ValidateOptions, number: int, *, assess_options: AssessOptions | None = None) -> tuple[FilmComparison, ...]:
    """Simulate person `number` (from 0), assess the timeline, and compare each film with its truth."""
    patient, visits = simulated_person(options, number)
    shots = {(v.index, v.repeat): _Shot(patient, v) for v in visits}
    start = perf_counter()
    assessment = assess(_timeline(patient, visits, shots), options=assess_options)
    seconds = (perf_counter() - start - sum(s.seconds for s in shots.values())) / len(shots)
    return tuple(compare(shots[i.time_point, i.repeat].known_truth, i, seconds) for i in assessment.images)


def simulated_person(options: ValidateOptions, number: int) -> tuple[PatientSpec, tuple[VisitSpec, ...]]:
    """Specifications of person `number` (from 0) and of their exposures.

    Body parts, kinds of file and burdens are taken in turn and not drawn, so that small sets are balanced as well. Pictures for
    the eye have a step wedge, without which mass is not measurable on them. Its steps are those that `CalibrateOptions` takes a wedge to have:
    who has another one states its steps.
    """
    parts, styles = tuple(BodyPart), tuple(Style)
    style = options.style or styles[(number + number // len(parts)) % len(styles)]
    population = Population(
        body_part=options.body_part or parts[number % len(parts)], burden=options.burden or BURDENS[number % len(BURDENS)], visits=options.visits
    )
    wedge = True if style is Style.PRESENTATION else None
    exposures = Exposures(style=style, repeat_last=True, wedge=wedge, wedge_rise_mm=CalibrateOptions().wedge_step_mm)
    rng = np.random.default_rng([options.seed, number, _PURPOSE])
    patient = random_patient(rng, population, f"V{number + 1:04d}")
    return patient, random_visits(rng, patient, options.visits, exposures)


class _Shot:
    """Loader of a simulated exposure: simulates the film on call, and keeps its truth and the time taken, not its pixels."""

    def __init__(self, patient: PatientSpec, visit: VisitSpec) -> None:
        self._patient, self._visit = patient, visit
        self._truth: FilmTruth | None = None
        self.seconds = 0.0

    def __call__(self) -> Radiograph:
        start = perf_counter()
        film = simulate(self._patient, self._visit)
        self._truth = FilmTruth.of(film)
        radiograph = as_radiograph(film)
        self.seconds += perf_counter() - start
        return radiograph

    @property
    def known_truth(self) -> FilmTruth:
        """The truth of a film that was exposed."""
        if self._truth is None:
            raise InvalidValueError(f"{self._patient.patient_id} {self._visit.stem}: its film was assessed without being exposed")
        return self._truth


def _timeline(patient: PatientSpec, visits: tuple[VisitSpec, ...], shots: dict[tuple[int, int], _Shot]) -> Timeline:
    key = TimelineKey(patient.patient_id, patient.body_part.name, patient.laterality, modality="DX")
    points = []
    for index, same_day in groupby(visits, key=lambda v: v.index):
        day = tuple(same_day)
        exposures = tuple(Exposure(as_header(patient, v), shots[v.index, v.repeat], f"simulated {patient.patient_id} {v.stem}") for v in day)
        points.append(TimePoint(index, day[0].date, exposures))
    return Timeline(key, tuple(points))


def _people(one: Callable[[int], tuple[FilmComparison, ...]], everyone: range, workers: int) -> Generator[tuple[FilmComparison, ...]]:
    """Comparisons of every person in order, in this process or in several."""
    if workers == 1:
        for number in everyone:
            yield one(number)
        return
    try:
        with ProcessPool(workers) as pool:
            yield from in_order(pool, workers, one, everyone)
    except ProcessEndedError as error:
        raise CalcitrackError("a process was ended from outside, most likely because the memory did not suffice; use fewer workers") from error
