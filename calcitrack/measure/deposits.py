"""All measurands of all deposits of one image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy import ndimage
from threadpoolctl import ThreadpoolController

from calcitrack.calibrate.intensity import attenuation
from calcitrack.errors import InvalidValueError
from calcitrack.measure import measurands as m
from calcitrack.measure.background import Neighbourhood, neighbourhood
from calcitrack.measure.limb_axis import limb_axis
from calcitrack.measure.mass import Amount, Mass, MassModel, deposit_mass, mass_model, total_amount
from calcitrack.measure.options import MeasureOptions
from calcitrack.measure.size import area_sd_mm2, delineation_relative_sd, feret_diameter
from calcitrack.measure.volume import volume_from_mass
from calcitrack.model.arguments import expect
from calcitrack.model.display import counted
from calcitrack.model.image import FloatImage, Radiograph
from calcitrack.model.measurement import Deposit, ImageMeasurements, Measurand, Measurement, NotMeasurable, Result
from calcitrack.model.pose import Pose, canonical_pose
from calcitrack.model.segmentation import Outlined, Segmentation
from calcitrack.model.spacing import ASSUMED_PIXEL_MM

NO_SIZE = "no pixel size is stated"
NO_BACKGROUND = "too little tissue around the deposit to estimate its background"
NO_WEDGE = (
    "no aluminium step wedge calibrates this film; an aluminium equivalent worked out from the stated beam would be the hydroxyapatite mass "
    "in another unit"
)
CORTEX_PERCENTILE = 90.0
"""Percentile of the bones' brightness that stands for cortical bone: where the beam runs along a shaft's cortex it makes the brightest tenth or more
of a bone's shadow, and a tenth is enough not to depend on metal, crossing bones and noise. The median would be marrow and spongy ends."""


@dataclass(frozen=True, eq=False, slots=True)
class Film:
    """Film data that all its deposits share; `pose` is its canonical one."""

    radiograph: Radiograph
    pose: Pose
    segmentation: Outlined
    image: FloatImage
    cortex_step: float
    air: float
    masses: MassModel | str
    options: MeasureOptions

    @property
    def linear(self) -> bool:
        """Whether differences of the film's attenuation are nepers."""
        return self.radiograph.calibration.in_nepers

    def widening(self, label: int) -> float:
        """Ratio of a deposit's largest plausible area to its drawn area."""
        return self.segmentation.widening.get(label, 1.0)


def measure(radiograph: Radiograph, segmentation: Segmentation, options: MeasureOptions | None = None) -> ImageMeasurements:
    """Measure every deposit of a segmentation.

    Parameters
    ----------
    radiograph
        The image.
    segmentation
        Deposits, limb and bone on the image's grid.
    options
        Settings; defaults when ``None``.

    Returns
    -------
    One `Deposit` for each label, in the order of the labels, and the totals. A measurand without an honest value is `NotMeasurable`.

    Raises
    ------
    InvalidValueError
        The segmentation has another shape than the image.

    Examples
    --------
    >>> from calcitrack import measure
    >>> from calcitrack.phantom.small import small_radiograph, small_segmentation
    >>> measured = measure(small_radiograph(), small_segmentation())
    >>> measured
    ImageMeasurements(1 deposit)
      label  confidence  area_mm2                ha_mass_mg             volume_mm3
      1      1.00        12.33 ± 3.7 mm2 (95 %)  20.93 ± 5.6 mg (95 %)  52.32 ± 67 mm3 (95 %)
      total              12.33 ± 3.7 mm2 (95 %)  20.93 ± 5.6 mg (95 %)  52.32 ± 67 mm3 (95 %)
    >>> measured.deposits[0].measurements["contrast_mean"]
    Measurement(contrast_mean = 0.2405 ± 0.031 (95 %))
    """
    expect("measure", "radiograph", radiograph, Radiograph)
    expect("measure", "segmentation", segmentation, Segmentation)
    expect("measure", "options", options, MeasureOptions, type(None))
    return measure_attenuation(radiograph, attenuation(radiograph), segmentation, options or MeasureOptions())


def measure_attenuation(radiograph: Radiograph, image: FloatImage, segmentation: Segmentation, options: MeasureOptions) -> ImageMeasurements:
    """As `measure`, where the radiograph's attenuation, shape (rows, columns), is known already."""
    _check(radiograph, segmentation)
    film = film_of(radiograph, segmentation, options, image)
    boxes = ndimage.find_objects(segmentation.labels.astype(np.int32))
    measured = [measure_deposit(film, label, boxes[label - 1]) for label in segmentation.label_values]
    nepers = film.image - np.float32(film.air) if film.linear else None
    axis = limb_axis(segmentation.limb, radiograph.spacing, nepers)
    return ImageMeasurements(tuple(d for d, _ in measured), sum_up(film, measured), axis)


def _check(radiograph: Radiograph, segmentation: Segmentation) -> None:
    if segmentation.labels.shape != radiograph.shape:
        raise InvalidValueError(f"a segmentation has the shape of its image, {radiograph.shape}; found {segmentation.labels.shape}")


def film_of(radiograph: Radiograph, segmentation: Segmentation, options: MeasureOptions, image: FloatImage, pose: Pose | None = None) -> Film:
    """What all deposits of a film share, from its attenuation, shape (rows, columns).

    Parameters
    ----------
    pose
        Where it is known, or not needed; else the film's canonical one is found.
    """
    soft = segmentation.limb & ~segmentation.bone & (segmentation.labels == 0)
    bone = segmentation.bone & (segmentation.labels == 0)
    flesh = float(np.median(image[soft])) if soft.any() else -np.inf
    step = float(np.percentile(image[bone], CORTEX_PERCENTILE) - flesh) if bone.any() and soft.any() else 0.0
    open_field = ~segmentation.limb & radiograph.valid_mask
    # Collimator blades without a header entry are denser than any soft tissue: they are no open field.
    bright = open_field & (image < flesh) if soft.any() else open_field
    air = float(np.median(image[bright])) if bright.any() else float(image.min())
    masses = mass_model(radiograph, air, flesh, options)
    return Film(radiograph, pose or canonical_pose(radiograph), segmentation, image, step, air, masses, options)


@cache
def _linear_algebra() -> ThreadpoolController:
    """The libraries of linear algebra of this process; finding them takes a millisecond."""
    return ThreadpoolController()


def measure_deposit(film: Film, label: int, box: tuple[slice, slice]) -> tuple[Deposit, Mass | None]:
    """All measurands of the deposit with this label, which lies within the box.

    Linear algebra takes one thread: several give other last bits, as many as the computer has cores.
    """
    with _linear_algebra().limit(limits=1, user_api="blas"):
        return _measured(film, label, box)


def _measured(film: Film, label: int, box: tuple[slice, slice]) -> tuple[Deposit, Mass | None]:
    spacing = film.radiograph.spacing
    place = neighbourhood(film.image, film.segmentation, label, box, spacing.mean_mm or ASSUMED_PIXEL_MM, film.pose)
    inside = film.segmentation.labels[box] == label
    rows, columns = np.nonzero(inside)
    pixels = int(rows.size)
    results: dict[str, Result] = {}

    def put(measurand: Measurand, value: float | None, reason: str = "", sd: float | None = None, model: str = "") -> None:
        results[measurand.name] = NotMeasurable(measurand, reason) if value is None else Measurement(measurand, value, sd, model)

    pixel_mm2 = spacing.pixel_area_mm2
    over_bone = float(film.segmentation.bone[box][inside].mean())
    left_out = delineation_relative_sd(film.widening(label), over_bone) * pixels * (pixel_mm2 or 0.0)
    area_sd = None if pixel_mm2 is None else float(np.hypot(area_sd_mm2(inside, float(np.sqrt(pixel_mm2))), left_out))
    put(m.AREA_MM2, None if pixel_mm2 is None else pixels * pixel_mm2, NO_SIZE, area_sd)
    if spacing.row_mm is None or spacing.column_mm is None:
        put(m.FERET_MM, None, NO_SIZE)
    else:
        put(m.FERET_MM, feret_diameter(inside, spacing.row_mm, spacing.column_mm))
    mass = None if place is None or isinstance(film.masses, str) else deposit_mass(place, film.masses, over_bone, film.widening(label))
    results |= _amounts(film, mass or NO_BACKGROUND)
    results |= _contrasts(film, place)
    put(m.OVER_BONE_FRACTION, over_bone)
    put(m.AREA_PX, float(pixels), sd=None if pixel_mm2 is None or area_sd is None else area_sd / pixel_mm2)
    centroid = (float(rows.mean()) + box[0].start, float(columns.mean()) + box[1].start)
    ordered = {q.name: results[q.name] for q in m.MEASURANDS}
    ordered |= {own.measurand.name: own.measured(film.radiograph, film.segmentation, label) for own in film.options.own}
    return Deposit(label, film.segmentation.confidence.get(label, 1.0), centroid, ordered), mass


def _amounts(film: Film, mass: Mass | str) -> dict[str, Result]:
    """Hydroxyapatite, volume and aluminium equivalent of a deposit or of all of them; `mass` may be the reason why it is missing."""
    if isinstance(film.masses, str) or isinstance(mass, str):
        reason = film.masses if isinstance(film.masses, str) else str(mass)
        return {q.name: NotMeasurable(q, reason) for q in (m.HA_MASS_MG, m.VOLUME_MM3, m.AL_EQUIVALENT_MM3)}
    assumptions = "; ".join(film.masses.assumptions)
    return {
        m.HA_MASS_MG.name: Measurement(m.HA_MASS_MG, mass.ha_mg.value, mass.ha_mg.sd, assumptions),
        m.VOLUME_MM3.name: volume_from_mass(mass.ha_mg, film.options),
        m.AL_EQUIVALENT_MM3.name: _aluminium(mass.al_mm3, assumptions),
    }


def _aluminium(amount: Amount | None, assumptions: str) -> Result:
    if amount is None:
        return NotMeasurable(m.AL_EQUIVALENT_MM3, NO_WEDGE)
    return Measurement(m.AL_EQUIVALENT_MM3, amount.value, amount.sd, assumptions)


def _contrasts(film: Film, place: Neighbourhood | None) -> Mapping[str, Result]:
    """Contrast in nepers where values are linear in the beam, and relative to bone on any film."""
    absolute = (m.CONTRAST_MEAN, m.CONTRAST_INTEGRAL_MM2)
    if place is None:
        return {q.name: NotMeasurable(q, NO_BACKGROUND) for q in (*absolute, m.RELATIVE_BRIGHTNESS)}
    mean = float(place.contrast[place.inside].mean())
    results: dict[str, Result] = {}
    pixel_mm2 = film.radiograph.spacing.pixel_area_mm2
    if film.linear:
        sd = place.background_sd
        results[m.CONTRAST_MEAN.name] = Measurement(m.CONTRAST_MEAN, mean, sd)
        if pixel_mm2 is None:
            results[m.CONTRAST_INTEGRAL_MM2.name] = NotMeasurable(m.CONTRAST_INTEGRAL_MM2, NO_SIZE)
        else:
            area_mm2 = float(np.count_nonzero(place.reach)) * pixel_mm2
            integral = float(place.contrast[place.reach].sum()) * pixel_mm2
            results[m.CONTRAST_INTEGRAL_MM2.name] = Measurement(m.CONTRAST_INTEGRAL_MM2, integral, sd * area_mm2)
    else:
        reason = film.masses if isinstance(film.masses, str) else film.radiograph.calibration.reason
        results |= {q.name: NotMeasurable(q, reason) for q in absolute}
    if film.cortex_step > 0:
        results[m.RELATIVE_BRIGHTNESS.name] = Measurement(m.RELATIVE_BRIGHTNESS, mean / film.cortex_step, place.background_sd / film.cortex_step)
    else:
        results[m.RELATIVE_BRIGHTNESS.name] = NotMeasurable(m.RELATIVE_BRIGHTNESS, "no bone on the film to compare with")
    return results


def sum_up(film: Film, measured: Sequence[tuple[Deposit, Mass | None]]) -> Mapping[str, Result]:
    """Measurand name -> sum over a film's deposits."""
    deposits = [d for d, _ in measured]
    totals: dict[str, Result] = {m.DEPOSIT_COUNT.name: Measurement(m.DEPOSIT_COUNT, float(len(deposits)))}
    for q in (m.AREA_MM2, m.CONTRAST_INTEGRAL_MM2, m.AREA_PX):
        totals[q.name] = _sum(film, q, [d.measurements[q.name] for d in deposits])
    for q in (m.AREA_MM2, m.AREA_PX):
        totals[q.name] = _with_area_sd(film, totals[q.name], deposits)
    totals |= _amounts(film, _all_masses(film, [mass for _, mass in measured]))
    return totals | {q.name: _sum(film, q, [d.measurements[q.name] for d in deposits]) for q in (o.measurand for o in film.options.own if o.total)}


def _all_masses(film: Film, masses: list[Mass | None]) -> Mass | str:
    """The sum, or the reason why there is none."""
    known = [mass for mass in masses if mass is not None]
    if len(known) < len(masses):
        return f"{len(masses) - len(known)} of {counted(len(masses), 'deposit')}: {NO_BACKGROUND}"
    by_wedge = isinstance(film.masses, MassModel) and film.masses.by_wedge
    aluminium = total_amount([mass.al_mm3 for mass in known if mass.al_mm3 is not None]) if by_wedge else None
    return Mass(total_amount([mass.ha_mg for mass in known]), aluminium)


def _sum(film: Film, measurand: Measurand, results: list[Result]) -> Result:
    """Sum of results; not measurable when one of them is not, or when the film has none of this measurand.

    Uncertainties of the deposits are independent and add in squares.
    """
    for result in results:
        if isinstance(result, NotMeasurable):
            return NotMeasurable(measurand, result.reason)
    if not results and measurand is m.AREA_MM2 and film.radiograph.spacing.pixel_area_mm2 is None:
        return NotMeasurable(measurand, NO_SIZE)
    if not results and measurand is m.CONTRAST_INTEGRAL_MM2 and not film.linear:
        return NotMeasurable(measurand, film.radiograph.calibration.reason)
    values = [r for r in results if isinstance(r, Measurement)]
    known = [r.sd for r in values if r.sd is not None]
    return Measurement(measurand, sum(r.value for r in values), float(np.sqrt(sum(s**2 for s in known))) if known else None)


def _with_area_sd(film: Film, total: Result, deposits: list[Deposit]) -> Result:
    """The total area with its standard uncertainty: outline errors are common to all deposits and add in full; missed parts add in squares."""
    if isinstance(total, NotMeasurable) or total.sd is None:
        return total
    drawn, left_out = 0.0, 0.0
    for deposit in deposits:
        area, over_bone = deposit.measurements[total.measurand.name], deposit.measurements[m.OVER_BONE_FRACTION.name]
        if isinstance(area, Measurement) and isinstance(over_bone, Measurement) and area.sd is not None:
            left = delineation_relative_sd(film.widening(deposit.label), over_bone.value) * area.value
            drawn += float(np.sqrt(max(0.0, area.sd**2 - left**2)))
            left_out += left**2
    return replace(total, sd=float(np.hypot(drawn, np.sqrt(left_out))))
