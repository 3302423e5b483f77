"""The pipeline of radiographs: calibrate, segment, register bone by bone, confirm over exposures, measure, and measure all together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from calcitrack.assess.alike import Facts, unlike_films
from calcitrack.assess.options import AssessOptions
from calcitrack.assess.pipeline import Found, Grid, Searched, Settled, Unlike
from calcitrack.assess.together import Shown, joint_of_films
from calcitrack.calibrate import CalibrateOptions, calibrate
from calcitrack.calibrate.intensity import attenuation
from calcitrack.measure.deposits import Film, film_of, measure_attenuation
from calcitrack.model.alignment import Alignment
from calcitrack.model.calibration import Calibration
from calcitrack.model.film_quality import by_severity, refused
from calcitrack.model.image import FloatImage, Radiograph
from calcitrack.model.joint import Joint
from calcitrack.model.measurement import ImageMeasurements
from calcitrack.model.pose import AS_IT_LIES
from calcitrack.model.progress import Observer, Stage
from calcitrack.model.provenance import Parameter
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.spacing import ASSUMED_PIXEL_MM, Spacing
from calcitrack.model.timeline import Exposure
from calcitrack.register import Scene, see
from calcitrack.register.align import align
from calcitrack.segment.excluded import without
from calcitrack.segment.radiograph import candidates, settled, sure
from calcitrack.segment.recipe import recipe
from calcitrack.track import ExposureCandidates, Track, confirmed_labels

OTHER_IMAGES = ("CT", "MR", "PT", "NM", "US")
"""Modalities (PS3.3, C.7.3.1.1.1) of slices and scans. Every other one, and none, is taken for a radiograph here: what is no projection was
left out by its SOP class when files were read."""


@dataclass(frozen=True, eq=False, slots=True)
class CalibratedFilm:
    """A radiograph whose values have a meaning, and its attenuation, worked out once.

    Parameters
    ----------
    radiograph
        Calibrated.
    attenuation
        Shape (rows, columns), as `calcitrack.calibrate.intensity.attenuation` gives it.
    """

    radiograph: Radiograph
    attenuation: FloatImage

    @classmethod
    def of(cls, radiograph: Radiograph) -> CalibratedFilm:
        """The film with its attenuation."""
        return cls(radiograph, attenuation(radiograph))


class FilmPipeline:
    """How radiographs are measured: a `calcitrack.assess.pipeline.Pipeline`."""

    name = "film"
    images = "radiographs"

    def handles(self, modality: str) -> bool:
        """Every modality of projections, and images that state none."""
        return modality not in OTHER_IMAGES

    def recipe(self, options: AssessOptions) -> Mapping[str, Parameter]:
        """Method, weights and least confidence."""
        return recipe(options.segment)

    def read(self, exposure: Exposure, options: AssessOptions, tell: Observer) -> CalibratedFilm:
        """The film, calibrated by its header, its wedge or its own noise."""
        tell(Stage.READ, exposure.source)
        radiograph = exposure.radiograph()
        tell(Stage.CALIBRATE, exposure.source)
        return CalibratedFilm.of(calibrate(radiograph, _calibrate_options(exposure, options.calibrate)))

    def digest(self, image: CalibratedFilm) -> str:
        """Of the film's pixels and shape."""
        pixels = np.ascontiguousarray(image.radiograph.pixels)
        return hashlib.blake2b(repr(pixels.shape).encode() + pixels.tobytes(), digest_size=16).hexdigest()

    def size(self, image: CalibratedFilm) -> int:
        """Its pixels, and its attenuation where that is an image of its own."""
        pixels = image.radiograph.pixels
        return pixels.size if image.attenuation is pixels else 2 * pixels.size

    def search(self, exposure: Exposure, image: CalibratedFilm, options: AssessOptions) -> Found[Scene]:
        """Candidates outside of what a reader excluded.

        Raises
        ------
        FilmRefusedError
            The picture shows that the film cannot be measured.
        """
        radiograph = image.radiograph
        found = candidates(radiograph, options.segment, image.attenuation)
        doubts = by_severity((*radiograph.doubts, *found.doubts))
        refusal = refused(doubts, exposure.source)
        if refusal is not None:
            raise refusal
        if exposure.correction.excluded:
            found = without(found, exposure.correction.excluded)
        findings = (*(d.words for d in doubts), *exposure.findings, *radiograph.findings, *found.findings)
        scene = see(found.keeping(sure(found, options.segment)), radiograph.spacing, image.attenuation, radiograph.valid_mask)
        return Found(radiograph.spacing, radiograph.calibration, findings, replace(found, doubts=()), scene, Grid.of(radiograph), doubts)

    def align(self, baseline: Scene, scene: Scene, options: AssessOptions) -> Alignment:
        """Bone by bone."""
        return align(baseline, scene, options.align)

    def unlike(self, searched: Sequence[Searched[CalibratedFilm, Scene]], alignments: Sequence[Alignment | None]) -> Unlike:
        """Films whose bones, values or sharpness do not go with those of the others."""
        facts = [Facts.of(s.exposure.acquisition, s.found.calibration) for s in searched]
        return unlike_films([s.found.scene for s in searched], alignments, facts)

    def settle(
        self, searched: Sequence[Searched[CalibratedFilm, Scene]], alignments: Sequence[Alignment | None], options: AssessOptions
    ) -> Sequence[Segmentation]:
        """The deposits that each exposure shows by itself, those that another one confirms, and possible ones, which do not count."""
        found = [s.found for s in searched]
        own = [sure(f.candidates, options.segment) for f in found]
        seen = [ExposureCandidates(f.candidates, o, a, f.grid.pixel_mm) for f, o, a in zip(found, own, alignments, strict=True)]
        confirmed = confirmed_labels(seen)
        return [settled(f.candidates, o, options.segment, c) for f, o, c in zip(found, own, confirmed, strict=True)]

    def measure(self, searched: Searched[CalibratedFilm, Scene], segmentation: Segmentation, options: AssessOptions) -> ImageMeasurements:
        """Area, mass and the rest; a film that is not held is read again, and keeps the calibration that it was searched with."""
        film = _film(searched.exposure, searched.found.calibration, searched.held)
        return measure_attenuation(film.radiograph, film.attenuation, segmentation, options.measure)

    def together(self, settled: Sequence[Settled[CalibratedFilm]], tracks: Sequence[Track], options: AssessOptions) -> Joint:
        """One region, ring, bone mask and background a deposit for all films."""
        return joint_of_films([shown_of(s, options) for s in settled], tracks, self.pixel_mm(settled))

    def pixel_mm(self, settled: Sequence[Settled[CalibratedFilm]]) -> tuple[float, float]:
        """Sides of a pixel of the baseline; assumed where nothing states them."""
        baseline = next((s for s in settled if s.alignment is None), None)
        spacing = baseline.spacing if baseline is not None else Spacing.uncalibrated()
        return spacing.row_mm or ASSUMED_PIXEL_MM, spacing.column_mm or ASSUMED_PIXEL_MM


def _film(exposure: Exposure, calibration: Calibration, held: CalibratedFilm | None) -> CalibratedFilm:
    """The film; one that is not held is read again, and keeps the calibration that it was searched with."""
    return held if held is not None else CalibratedFilm.of(replace(exposure.radiograph(), calibration=calibration))


def shown_of(settled: Settled[CalibratedFilm], options: AssessOptions) -> Shown:
    """A film as it is looked at again, together with the others."""

    def film() -> Film:
        held = _film(settled.exposure, settled.calibration, settled.held)
        pose = None if settled.alignment is None else AS_IT_LIES  # all films are worked on in the pose of the baseline
        return film_of(held.radiograph, settled.segmentation, options.measure, held.attenuation, pose)

    return Shown(settled.segmentation, settled.measurements, settled.alignment, film)


def _calibrate_options(exposure: Exposure, options: CalibrateOptions) -> CalibrateOptions:
    """Those of the timeline, with the wedge where a reader marked it on this film."""
    box = exposure.correction.wedge_box
    return options if box is None else replace(options, find_wedge=True, wedge_box=box)
