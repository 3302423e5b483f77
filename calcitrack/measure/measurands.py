"""Measurands: name, unit, definition and reference of each quantity.

>>> from calcitrack import measure
>>> from calcitrack.phantom.small import small_radiograph, small_segmentation
>>> measured = measure(small_radiograph(), small_segmentation())
>>> deposit = measured.deposits[0].measurements
>>> deposit[AREA_MM2.name]
Measurement(area_mm2 = 12.33 ± 3.7 mm2 (95 %))
>>> deposit[AREA_PX.name]
Measurement(area_px = 137 ± 41 pixels (95 %))
>>> deposit[FERET_MM.name]
Measurement(feret_mm = 4.264 mm)
>>> deposit[CONTRAST_MEAN.name]
Measurement(contrast_mean = 0.2405 ± 0.031 (95 %))
>>> deposit[CONTRAST_INTEGRAL_MM2.name]
Measurement(contrast_integral_mm2 = 2.965 ± 0.54 mm2 (95 %))
>>> deposit[RELATIVE_BRIGHTNESS.name]
Measurement(relative_brightness = 0.2805 ± 0.036 (95 %))
>>> deposit[HA_MASS_MG.name]
Measurement(ha_mass_mg = 20.93 ± 5.6 mg (95 %))
>>> deposit[VOLUME_MM3.name]
Measurement(volume_mm3 = 52.32 ± 67 mm3 (95 %))
>>> deposit[OVER_BONE_FRACTION.name]
Measurement(over_bone_fraction = 0)
>>> deposit[AL_EQUIVALENT_MM3.name].measurand.unit
'mm3'
>>> measured.totals[DEPOSIT_COUNT.name]
Measurement(deposit_count = 1 deposits)
>>> [m.name for m in TOTALS if m not in MEASURANDS]
['deposit_count']
>>> [(m.name, m.unit) for m in JOINT]
[('ha_mass_joint_mg', 'mg'), ('contrast_joint_mm2', 'mm2'), ('area_joint_mm2', 'mm2')]
"""

from __future__ import annotations

from calcitrack.model.measurement import Measurand

_DOMAIN = "attenuation contrast and areal density as in Molloi et al., breast arterial calcium mass; Koenig et al., hand subtraction radiography"

AREA_MM2 = Measurand(
    "area_mm2", "mm2", "Number of pixels of the deposit times the pixel's area, in the plane of the spacing's basis", "DICOM PS3.16 CID 7470"
)
AREA_PX = Measurand("area_px", "{pixels}", "Number of pixels of the deposit; the only size where none is stated in mm", "calcitrack")
FERET_MM = Measurand("feret_mm", "mm", "Longest distance between two points of the outline (maximum Feret diameter)", "ISO 9276-6:2008")
CONTRAST_MEAN = Measurand(
    "contrast_mean", "1", "Mean over the deposit of L = -ln(I / I_background), I_background from the soft tissue or bone around it", _DOMAIN
)
CONTRAST_INTEGRAL_MM2 = Measurand("contrast_integral_mm2", "mm2", "Sum of L over the deposit times the pixel's area", _DOMAIN)
RELATIVE_BRIGHTNESS = Measurand(
    "relative_brightness",
    "1",
    "Mean contrast of the deposit against its background, over that of the same film's cortical bone (90th percentile of the bones' values) against "
    "soft tissue (median)",
    "calcitrack",
)
HA_MASS_MG = Measurand(
    "ha_mass_mg",
    "mg",
    "Hydroxyapatite: sum of areal density m(L) times the pixel's area over magnification squared; m inverts the beam's curve, "
    "and follows from the aluminium equivalent where there is one",
    _DOMAIN,
)
AL_EQUIVALENT_MM3 = Measurand(
    "al_equivalent_mm3",
    "mm3",
    "Aluminium equivalent: sum over the deposit of the aluminium (mm) that, read off the film's own step wedge, attenuates as much more than the "
    "background, times the pixel's area over magnification squared (mm Al times mm2)",
    "radiographic absorptiometry with an aluminium wedge; Koenig et al., hand subtraction radiography",
)
VOLUME_MM3 = Measurand(
    "volume_mm3",
    "mm3",
    "HA mass over an assumed HA concentration; where two orthogonal views show the deposit, the area-length ellipsoid 8 A1 A2 / (3 pi L)",
    "calcitrack, see volume_model; Dodge et al., Am Heart J 60:762, 1960",
)
OVER_BONE_FRACTION = Measurand("over_bone_fraction", "1", "Share of the deposit's pixels that lie on bone", "calcitrack")
_TOGETHER = "all images of the timeline together: one region, one ring of background and one bone mask, drawn on the baseline"
HA_MASS_JOINT_MG = Measurand(
    "ha_mass_joint_mg",
    "mg",
    f"Hydroxyapatite as `ha_mass_mg`, above a background whose structure all images share, over one region for all of them; from {_TOGETHER}",
    "calcitrack; joint kriging of residuals with a common and an own part (Matheron 1969; Wackernagel, Multivariate Geostatistics)",
)
CONTRAST_JOINT_MM2 = Measurand(
    "contrast_joint_mm2",
    "mm2",
    f"Contrast against that background over the contrast of the same film's bone, summed over the region: for films of any gain; from {_TOGETHER}",
    "calcitrack; bone as the film's own standard, as in radiographic absorptiometry",
)
AREA_JOINT_MM2 = Measurand(
    "area_joint_mm2",
    "mm2",
    "Area within the region whose contrast over that of bone is above one threshold for all images: the one at which the areas of those that "
    f"outline the deposit add up to what they outline; from {_TOGETHER}",
    "calcitrack",
)
DEPOSIT_COUNT = Measurand("deposit_count", "{deposits}", "Number of deposits", "calcitrack")

MEASURANDS: tuple[Measurand, ...] = (
    AREA_MM2,
    FERET_MM,
    HA_MASS_MG,
    VOLUME_MM3,
    CONTRAST_MEAN,
    CONTRAST_INTEGRAL_MM2,
    OVER_BONE_FRACTION,
    AREA_PX,
    RELATIVE_BRIGHTNESS,
    AL_EQUIVALENT_MM3,
)
"""Measured on each deposit."""

TOTALS: tuple[Measurand, ...] = (DEPOSIT_COUNT, AREA_MM2, HA_MASS_MG, VOLUME_MM3, CONTRAST_INTEGRAL_MM2, AREA_PX, AL_EQUIVALENT_MM3)
"""Summed over the deposits of an image."""

JOINT: tuple[Measurand, ...] = (HA_MASS_JOINT_MG, CONTRAST_JOINT_MM2, AREA_JOINT_MM2)
"""Measured on all images of a timeline together, on each deposit and in total (`calcitrack.measure.joint`)."""
