"""Calibrate one film: from its header, its noise, or an aluminium step wedge in the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calcitrack.calibrate.compression import BLOCK_PX, VISIBLE_BLOCKS, blockiness
from calcitrack.calibrate.noise_gain import noise_gain
from calcitrack.calibrate.spectrum import DEFAULT_FILTER_MM_AL, TABULATED_KVP, aluminium_curve, aluminium_filter
from calcitrack.calibrate.wedge import TILTS_DEG, TREAD_MM, find_wedge
from calcitrack.calibrate.wedge_check import described, doubt
from calcitrack.calibrate.wedge_curve import WedgeCurve, wedge_curve
from calcitrack.calibrate.wedge_strip import STEPS, Wedge
from calcitrack.errors import InvalidValueError
from calcitrack.model.arguments import expect
from calcitrack.model.calibration import Calibration, Relationship, Tier
from calcitrack.model.corrections import Box
from calcitrack.model.display import counted
from calcitrack.model.film_quality import MEASURE_ANYWAY, FilmDoubt, FilmProblem
from calcitrack.model.image import Mask, Radiograph
from calcitrack.model.pose import Pose, canonical_pose
from calcitrack.model.spacing import ASSUMED_PIXEL_MM

WEDGE_RELATIVE_SD = 0.06
"""Relative standard uncertainty of nepers read from a wedge's curve: tolerance of the steps, interpolation between them, the beam's own
uncertainty, scatter in the open field; from simulated films, where half of it is seen."""
ENHANCEMENT_RELATIVE_SD = 0.04
"""Relative standard uncertainty where edge enhancement was undone: it is larger."""


@dataclass(frozen=True, slots=True)
class CalibrateOptions:
    """Settings of `calibrate`.

    Parameters
    ----------
    log_gain_from_noise
        Estimate the gain of logarithmic values, which no DICOM attribute states, from the film's quantum noise.
    find_wedge
        Look for an aluminium step wedge in pictures whose values are no nepers otherwise.
    wedge_first_mm, wedge_step_mm
        Thickness of the wedge's thinnest step, and by how much each further one is thicker, mm of aluminium.
    wedge_box
        (first row, last row, first column, last column), in pixels: a box that contains the wedge, for a wedge that is not found automatically.
        The wedge is searched for only there; when none is found, a finding says so.

    Examples
    --------
    >>> from calcitrack import CalibrateOptions
    >>> CalibrateOptions(wedge_first_mm=2.0, wedge_step_mm=2.0).wedge_box is None
    True
    """

    log_gain_from_noise: bool = True
    find_wedge: bool = True
    wedge_first_mm: float = 1.0
    wedge_step_mm: float = 1.0
    wedge_box: Box | None = None

    def __post_init__(self) -> None:
        for name, value in (("wedge_first_mm", self.wedge_first_mm), ("wedge_step_mm", self.wedge_step_mm)):
            if not 0 < value <= 30 / STEPS[1]:
                raise InvalidValueError(f"{name} lies between 0 and {30 / STEPS[1]:g} mm of aluminium; found {value}")
        if self.wedge_box is not None:
            row0, row1, column0, column1 = self.wedge_box
            if not (0 <= row0 < row1 and 0 <= column0 < column1):
                raise InvalidValueError(f"wedge_box is (first row, last row, first column, last column), ascending; found {self.wedge_box}")


def calibrate(radiograph: Radiograph, options: CalibrateOptions | None = None) -> Radiograph:
    """Improve on the calibration that the header alone allows.

    A film on which heavy lossy compression shows becomes tier C, whatever its header states, and so does one that is to be measured though the
    film-quality gate may refuse it. Logarithmic values get their gain from the film's
    quantum noise; a picture with an aluminium step wedge gets its curve, and the edge enhancement that it went through, from the wedge (tier B),
    unless the wedge is not plausible as aluminium of the stated thicknesses.

    Parameters
    ----------
    radiograph
        The image as read.
    options
        Settings; defaults when ``None``.

    Returns
    -------
    The same film; its calibration has a curve to nepers where one can be had, else ``curve_source`` says why not. A film that has a curve
    already, or needs none, is returned unchanged. An implausible wedge gives a finding, and so does a box without a wedge. The place of a
    wedge that could not be used stays in ``wedge_corners``: it is aluminium, and no deposit.

    Examples
    --------
    >>> from calcitrack import calibrate
    >>> from calcitrack.phantom.small import small_radiograph
    >>> film = calibrate(small_radiograph())
    >>> film.calibration.tier.value, film.calibration.in_nepers
    ('A', True)
    """
    expect("calibrate", "radiograph", radiograph, Radiograph)
    expect("calibrate", "options", options, CalibrateOptions, type(None))
    options = options or CalibrateOptions()
    radiograph = _without_trust_where_overruled(_without_trust_in_blocks(radiograph))
    calibration = radiograph.calibration
    if calibration.in_nepers:
        return radiograph
    if calibration.tier is Tier.A and calibration.relationship is Relationship.LOG and options.log_gain_from_noise:
        calibration = _logarithmic(radiograph)
    warning = ""
    if calibration.curve is None and options.find_wedge and not (radiograph.doubts or radiograph.measure_anyway):
        calibration, warning = _from_wedge(radiograph, calibration, options)
    if calibration is radiograph.calibration:
        return radiograph
    findings = (*radiograph.findings, warning) if warning else radiograph.findings
    return replace(radiograph, calibration=calibration, findings=findings)


def _without_trust_in_blocks(radiograph: Radiograph) -> Radiograph:
    """The film; where heavy lossy compression shows in it, with that doubt and tier C."""
    ratio = blockiness(radiograph.pixels)
    if ratio < VISIBLE_BLOCKS:
        return radiograph
    doubt = FilmDoubt(FilmProblem.LOSSY, f"values jump {ratio:.1f} times as much between blocks of {BLOCK_PX} pixels as within them")
    stated = radiograph.calibration
    calibration = Calibration(
        Tier.C, Relationship.UNKNOWN, stated.polarity, f"heavy lossy compression: its values are no attenuation any more ({stated.reason})"
    )
    return replace(radiograph, calibration=calibration, doubts=(*radiograph.doubts, doubt))


def _without_trust_where_overruled(radiograph: Radiograph) -> Radiograph:
    """The film; tier C where a person states that it is to be measured though the gate may refuse it."""
    if not radiograph.measure_anyway:
        return radiograph
    stated = radiograph.calibration
    why = f"{MEASURE_ANYWAY} {' '.join(sorted(radiograph.measure_anyway))} is stated: such a film has no absolute mass ({stated.reason})"
    return replace(radiograph, calibration=Calibration(Tier.C, Relationship.UNKNOWN, stated.polarity, why))


def _logarithmic(radiograph: Radiograph) -> Calibration:
    """Calibrate logarithmic values by a curve of two knots, from the gain that the noise gives."""
    calibration = radiograph.calibration
    film = canonical_pose(radiograph).radiograph(radiograph)
    gain = noise_gain(-film.pixels, film.valid_mask & _between_ends(film))
    if isinstance(gain, str):
        return replace(calibration, curve_source=gain)
    air = float(np.percentile(film.pixels[film.valid_mask][::17], 1))
    return replace(
        calibration,
        curve=((air, 0.0), (air + gain.per_neper, 1.0)),
        curve_relative_sd=gain.relative_sd,
        curve_source=f"{gain.per_neper:.4g} stored values per neper (+- {100 * gain.relative_sd:.1f} %) from the film's own quantum noise",
    )


def _between_ends(radiograph: Radiograph) -> Mask:
    """Mask of values between the lowest and the highest stored value, as both may be clipped."""
    pixels = radiograph.pixels
    return np.asarray((pixels > pixels.min()) & (pixels < pixels.max()), bool)


def _from_wedge(radiograph: Radiograph, calibration: Calibration, options: CalibrateOptions) -> tuple[Calibration, str]:
    """Tier B calibration from the wedge, or the old calibration with the reason; and a warning when a wedge was refused."""
    acquisition, spacing = radiograph.acquisition, radiograph.spacing
    pose = canonical_pose(radiograph)
    pixel_mm = pose.sides(spacing.row_mm or ASSUMED_PIXEL_MM, spacing.column_mm or ASSUMED_PIXEL_MM)
    box = None if options.wedge_box is None else _turned(options.wedge_box, pose, radiograph.shape)
    wedge = find_wedge(pose.turned(radiograph.pixels), pose.turned(radiograph.valid_mask), pixel_mm, box)
    corners = () if wedge is None else tuple(pose.place_back(c, radiograph.shape) for c in wedge.frame.corners(pixel_mm))

    def none(reason: str) -> Calibration:
        return replace(calibration, curve_source="; ".join(r for r in (calibration.curve_source, reason) if r), wedge_corners=corners)

    if wedge is None:
        if options.wedge_box is None:
            return none("no aluminium step wedge was found in the picture"), ""
        warning = _nothing_in_the_box(options.wedge_box, radiograph.shape)
        return none(warning), warning
    if acquisition.kvp is None or not TABULATED_KVP[0] <= acquisition.kvp <= TABULATED_KVP[1]:
        found = "not stated" if acquisition.kvp is None else f"{acquisition.kvp:g} kV"
        return none(
            f"the picture has a step wedge, but KVP (0018,0060), {found}, gives no beam between {TABULATED_KVP[0]:g} and {TABULATED_KVP[1]:g} kV"
        ), ""
    limits = _limits(radiograph)
    curve = wedge_curve(wedge, _nepers(radiograph, wedge, options), limits)
    wrong = doubt(wedge, curve, options.wedge_first_mm, limits, logarithmic=calibration.relationship is Relationship.LOG)
    if curve is None or wrong:
        warning = _refusal(described(wedge, calibration.polarity), wrong, options)
        return none(warning), warning
    return replace(_tier_b(calibration, wedge, curve, options), wedge_corners=corners), ""


def _turned(box: Box, pose: Pose, shape: tuple[int, int]) -> Box:
    """The box in the film's canonical pose."""
    corners = [pose.place((row, column), shape) for row, column in (box[::2], box[1::2])]
    (top, bottom), (left, right) = (sorted(int(c[axis]) for c in corners) for axis in (0, 1))
    return top, bottom, left, right


def _nothing_in_the_box(box: Box, shape: tuple[int, int]) -> str:
    """Finding for a box without a wedge: the box, what was expected, what to do."""
    return (
        f"no aluminium step wedge was found with its middle between rows {box[0]} and {box[1]} and columns {box[2]} and {box[3]}, where it was "
        f"stated to be (--wedge-box), of a picture of {shape[0]} x {shape[1]} pixels; expected a straight strip of {STEPS[0]} to {STEPS[1]} steps, "
        f"each {TREAD_MM[0]:g} to {TREAD_MM[1]:g} mm long and denser than the one before it, within {max(TILTS_DEG)} degrees of the picture's edges "
        "and beside open field; correct the box, or leave it out to search the whole picture"
    )


def _refusal(found: str, wrong: str, options: CalibrateOptions) -> str:
    """Finding for a refused wedge: what was found, what was expected, what to do."""
    return (
        f"the step wedge in the picture is not used: found {found}; expected {options.wedge_first_mm:g} mm of aluminium and "
        f"{options.wedge_step_mm:g} mm more each, but {wrong}; if it is an aluminium wedge, state its thinnest step and its rise "
        "(--wedge-first-mm, --wedge-step-mm)"
    )


def _tier_b(calibration: Calibration, wedge: Wedge, curve: WedgeCurve, options: CalibrateOptions) -> Calibration:
    steps = f"{counted(wedge.frame.steps, 'step')}, assumed {options.wedge_first_mm:g} mm Al and {options.wedge_step_mm:g} mm more each"
    clipped = "" if curve.used_steps == wedge.frame.steps else f"; {wedge.frame.steps - curve.used_steps} of them saturated"
    mask = f"; edge enhancement of gain {curve.gain:.2f} and width {curve.width_mm:.2g} mm undone" if curve.gain > 0 else ""
    return Calibration(
        Tier.B,
        Relationship.UNKNOWN,
        calibration.polarity,
        f"an aluminium step wedge in the picture ({steps}) tells what its values mean",
        curve=curve.knots,
        curve_relative_sd=float(np.hypot(WEDGE_RELATIVE_SD, ENHANCEMENT_RELATIVE_SD if curve.gain > 0 else 0.0)),
        curve_source=f"step wedge: {steps}{clipped}{mask}",
        unsharp=(curve.gain, curve.width_mm) if curve.gain > 0 else None,
    )


def _nepers(radiograph: Radiograph, wedge: Wedge, options: CalibrateOptions) -> NDArray[np.float64]:
    """Attenuation of the steps in the film's beam."""
    acquisition = radiograph.acquisition
    assert acquisition.kvp is not None  # noqa: S101 - the caller has seen to it
    filter_mm_al = aluminium_filter(acquisition.filter_material, acquisition.filter_thickness_mm)
    thickness, nepers = aluminium_curve(acquisition.kvp, DEFAULT_FILTER_MM_AL if filter_mm_al is None else filter_mm_al)
    steps = options.wedge_first_mm + options.wedge_step_mm * np.arange(wedge.frame.steps)
    return np.asarray(np.interp(steps, thickness, nepers))


def _limits(radiograph: Radiograph) -> tuple[float, float]:
    """Least and greatest possible value of the picture: by its bits, else slightly beyond its actual values."""
    low, high = float(radiograph.pixels.min()), float(radiograph.pixels.max())
    bits = radiograph.acquisition.bits_stored
    if bits is not None:
        full = float(2**bits - 1)
        ends = (0.0, full) if radiograph.calibration.polarity > 0 else (-full, 0.0)
        if ends[0] <= low and high <= ends[1] and high - low > full / 8:
            return ends
    margin = 0.02 * (high - low)
    return low - margin, high + margin
