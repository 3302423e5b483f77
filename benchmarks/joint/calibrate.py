"""The factors of the covariance of `calcitrack.measure.joint`, fitted to simulated sets whose truth is known.

    calcitrack phantom --out set-hand --patients 3 --visits 4 --seed 730401 --body-part hand
    python -m benchmarks.joint.calibrate set-hand

Each set is a folder as ``calcitrack phantom`` writes it. Every timeline is measured; of each family that was measured together, the mass on each film
is held against the mass that truly lies within its region there: the deposits' true masses, each by the share of its true outline within the region.
So it is the measuring that is calibrated, and not the finding. Factors are those under which the errors are most likely, as Student's t with four
degrees of freedom (an outline of the wrong place is an outlier); then the whole is scaled so that 95 % intervals of changes hold 95 % of the truths.
Printed: the factors in the code and the fitted ones, and for both, how often the intervals hold the truth and how wide they are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage, optimize

from calcitrack import assess, read_cohort
from calcitrack.assess.film import CalibratedFilm, FilmPipeline, shown_of
from calcitrack.assess.options import AssessOptions
from calcitrack.assess.pipeline import Settled
from calcitrack.assess.together import TogetherOnFilms, look_at_all
from calcitrack.measure.background import GAP_MM
from calcitrack.measure.joint import BONE_SCALE_SD, COMMON, FLOOR_MG, OWN, OWN_FACTOR, SCALE_SD, FamilyValues
from calcitrack.model.joint import Joint
from calcitrack.reliability import Z95
from calcitrack.track import Track
from calcitrack.track.regions import on_image, sampled

Floats = NDArray[np.float64]
NU = 4.0
"""Degrees of freedom of Student's t."""
NAMES = ("OWN_FACTOR", "SCALE_SD", "BONE_SCALE_SD")
CODE = np.array([OWN_FACTOR, SCALE_SD, BONE_SCALE_SD])
"""The common background nearly cancels in a change, which says nothing of its factor: that is the one of films alone."""


@dataclass(frozen=True, eq=False, slots=True)
class Case:
    """A family on the films that give it a mass.

    Parameters
    ----------
    values, true
        Mass, mg, measured and truly within the region, shape (films,).
    common, own
        Covariance of the background, shape (films, films): of what is common as in the code, of each film's own with a factor of one.
    over_bone
        Share of the region over bone.
    """

    name: str
    values: Floats
    true: Floats
    common: Floats
    own: Floats
    over_bone: float

    def covariance(self, factors: Floats) -> Floats:
        """Of the errors, with these factors."""
        scale = (factors[1] ** 2 + (factors[2] * self.over_bone) ** 2) * self.values**2 + FLOOR_MG**2 / 2
        return np.asarray(self.common + factors[0] ** 2 * self.own + np.diag(scale))

    def errors(self) -> Floats:
        """Of the changes since the first film."""
        return np.asarray((self.values - self.values[0] - self.true + self.true[0])[1:])

    def sds(self, factors: Floats) -> Floats:
        """Standard uncertainties of the changes since the first film."""
        c = self.covariance(factors)
        return np.asarray(np.sqrt(np.diag(c) + c[0, 0] - 2 * c[0])[1:])


class Keeping(FilmPipeline):
    """The pipeline of films, which keeps what was looked at together."""

    def __init__(self) -> None:
        self.kept: TogetherOnFilms | None = None

    def together(self, settled: Sequence[Settled[CalibratedFilm]], tracks: Sequence[Track], options: AssessOptions) -> Joint:
        """Keep it."""
        self.kept = look_at_all([shown_of(s, options) for s in settled], tracks, self.pixel_mm(settled)) if tracks else None
        return Joint()


def cases(set_folder: Path) -> Iterator[Case]:
    """All families of all timelines of a set."""
    for timeline in read_cohort(set_folder).timelines:
        pipeline = Keeping()
        images = assess(timeline, pipelines=(pipeline,)).images
        if pipeline.kept is not None:
            sources = [Path(i.exposure.source) for i in images]
            yield from cases_of(pipeline.kept, [set_folder / "truth" / s.parent.name / s.stem for s in sources], timeline.key.patient_id)


def cases_of(together: TogetherOnFilms, truths: Sequence[Path], patient: str) -> Iterator[Case]:
    """The families of a timeline."""
    masses = [{d["id"]: d["ha_mg"] for d in json.loads(Path(f"{t}.json").read_text("utf-8"))["deposits"]} for t in truths]
    labels = [np.asarray(Image.open(f"{t}.label.png")) for t in truths]
    for k, found in enumerate(together.measured()):
        if isinstance(found.measured, FamilyValues) and found.measured.mass_mg is not None:
            films = [found.images[i] for i in found.measured.with_mass]
            true = [within(together, k, film, labels[film], masses[film]) for film in films]
            values, terms = found.measured.mass_mg.values, found.measured.mass_mg.terms
            yield Case(f"{patient} {found.tracks}", values, np.array(true), terms[COMMON], terms[OWN] / OWN_FACTOR**2, found.measured.over_bone)


def within(together: TogetherOnFilms, family: int, film: int, labels: NDArray[np.integer], masses: Mapping[int, float]) -> float:
    """Mass that truly lies within the region of a family on a film, mg."""
    region = together.region(family)
    rim = max(1, round(GAP_MM / together.lattice_mm[family]))
    at = on_image(together.families[family].lattice.places(), together.alignments[film])
    down, across = np.gradient(at, axis=0), np.gradient(at, axis=1)
    point_px = float(np.abs(down[..., 0] * across[..., 1] - down[..., 1] * across[..., 0]).mean())
    inside = ndimage.binary_dilation(region, iterations=rim)
    total = 0.0
    for deposit in np.unique(labels[labels > 0]):
        mask = labels == deposit
        share = float(sampled(mask, at)[inside].sum()) * point_px / np.count_nonzero(mask)
        total += masses.get(int(deposit), 0.0) * min(1.0, share)
    return total


def fitted(found: Sequence[Case]) -> Floats:
    """Factors under which the errors are most likely, scaled so that the intervals hold 95 % of the truths."""

    def loss(logs: Floats) -> float:
        return sum(_loss(case, np.exp(logs)) for case in found) + 0.5 * float(((logs - np.log(start)) ** 2).sum()) / 4

    start = np.array([2.0, 0.05, 0.1])
    best = np.exp(optimize.minimize(loss, np.log(start), method="Nelder-Mead", options={"maxiter": 1500, "xatol": 1e-3, "fatol": 1e-3}).x)
    ratios = np.concatenate([np.abs(c.errors()) / c.sds(best) for c in found])
    return np.asarray(best * float(np.quantile(ratios, 0.95)) / Z95)


def _loss(case: Case, factors: Floats) -> float:
    """Minus the logarithm of the density of the errors of the changes."""
    n = len(case.values) - 1
    contrast = np.hstack([-np.ones((n, 1)), np.eye(n)])
    shape = contrast @ case.covariance(factors) @ contrast.T * (NU - 2) / NU
    errors = case.errors()
    square = float(errors @ np.linalg.solve(shape, errors))
    return 0.5 * float(np.linalg.slogdet(shape)[1]) + (NU + n) / 2 * float(np.log1p(square / NU))


def told(name: str, factors: Floats, found: Sequence[Case]) -> str:
    """How often intervals hold the truth, and how wide they are."""
    held = np.concatenate([np.abs(c.errors()) <= Z95 * c.sds(factors) for c in found])
    wide = np.concatenate([Z95 * c.sds(factors) / max(c.true[0], c.values[0]) for c in found if max(c.true[0], c.values[0]) > 1])
    values = ", ".join(f"{n} {v:.2f}" for n, v in zip(NAMES, factors, strict=True))
    return f"{name}: {values}; 95 % intervals hold {held.mean():.2f} of {held.size} changes, median half-width {np.median(wide):.2f} of the baseline"


def main() -> None:
    """Measure the sets, fit, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    found = [case for folder in parser.parse_args().sets for case in cases(folder)]
    print(told("in the code", CODE, found))
    print(told("fitted", fitted(found), found))


if __name__ == "__main__":
    main()
