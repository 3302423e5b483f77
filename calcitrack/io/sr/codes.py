"""Codes of measurement reports: those of `calcitrack.model.concepts`, and those of the report templates.

Tests compare standard codes with pydicom's copy of the PS3.16 context groups.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.sr.coding import Code

from calcitrack.io.dicom.codes import code_of
from calcitrack.measure.measurands import MEASURANDS, TOTALS
from calcitrack.model import concepts
from calcitrack.model.calibration import Tier
from calcitrack.model.spacing import SpacingBasis

SCHEME, SCHEME_NAME = concepts.OWN_SCHEME, concepts.OWN_SCHEME_NAME
MAX_MEANING = concepts.MAX_MEANING

CALCIFICATION, ABNORMAL_STRUCTURE = code_of(concepts.CALCIFICATION), code_of(concepts.ABNORMAL_STRUCTURE)
"""Finding and its category; the segments of the Segmentation have the same codes as their property type and category."""
RADIOGRAPHY = Code("43468-8", "LN", "XR unspecified body region")
"""Procedure reported, CID 100."""
TOTAL = Code("255619001", "SCT", "Total")
"""Derivation of a sum over deposits, CID 7464."""
STANDARD_DEVIATION = Code("386136009", "SCT", "Standard Deviation")
UNCERTAINTY = Code("371884006", "SCT", "+/-, range of measurement uncertainty")
"""CID 225; here one standard deviation, which its derivation says."""
UNCERTAINTY_BELOW = Code("371885007", "SCT", "-, range of lower measurement uncertainty")
UNCERTAINTY_ABOVE = Code("371886008", "SCT", "+, range of upper measurement uncertainty")
"""CID 225; here the distance to the ends of the 95 % interval, which their derivation says."""
DERIVATION = Code("121401", "DCM", "Derivation")
COMMENT = Code("121106", "DCM", "Comment")
CERTAINTY = Code("111012", "DCM", "Certainty of Finding")
NOT_ATTEMPTED = Code("114007", "DCM", "Measurement not attempted")
"""Numeric value qualifier, CID 42: a value that cannot be obtained honestly is not made up."""
YES, NO = Code("373066001", "SCT", "Yes"), Code("373067005", "SCT", "No")
BASELINE = Code("C1442488", "UMLS", "Baseline")
"""Time point type, CID 6146, which has no code for a follow-up."""
PERCENT = Code("%", "UCUM", "Percent")
IMAGE_LIBRARY, IMAGE_LIBRARY_GROUP = Code("111028", "DCM", "Image Library"), Code("126200", "DCM", "Image Library Group")
MODALITY = Code("121139", "DCM", "Modality")
ROWS, COLUMNS = Code("110910", "DCM", "Pixel Data Rows"), Code("110911", "DCM", "Pixel Data Columns")
PIXELS = Code("{pixels}", "UCUM", "Pixels")
PATIENTS = Code("{patients}", "UCUM", "Patients")
MODALITY_CODES = {"CR": Code("CR", "DCM", "Computed Radiography"), "DX": Code("DX", "DCM", "Digital Radiography")}
"""CID 29."""
SIDE_CODES = {side: code_of(concept) for side, concept in concepts.SIDES.items()}
SITES = {part: code_of(concept) for part, concept in concepts.BODY_PARTS.items()}
"""Body Part Examined -> anatomic region."""


def own(value: str, meaning: str) -> Code:
    """A code of calcitrack's private scheme."""
    return code_of(concepts.own_concept(value, meaning))


SPREAD_95 = own("interval_95", "Distance to the end of the 95 % interval")
FATE = own("fate", "Fate of the deposit at this time point")
FATES = {fate: code_of(concept) for fate, concept in concepts.FATES.items()}
PARTNERS = own("partners", "Deposits that it merged or split with")
EVIDENCE = own("evidence", "What the deposit rests on")
EVIDENCES = {"own": own("evidence_own", "The image itself"), "other_exposures": own("evidence_other_exposures", "Other exposures of the timeline")}
TIER = own("calibration_tier", "Calibration tier of the pixel values")
TIERS = {t: own(f"calibration_tier_{t.value.lower()}", f"Calibration tier {t.value}") for t in Tier}
SPACING = own("spacing_basis", "Plane in which a millimetre holds")
SPACINGS = {b: own(f"spacing_basis_{b.value}", f"Spacing basis: {b.value.replace('_', ' ')}") for b in SpacingBasis}
MODEL = own("model", "Model or assumption that the value rests on")
REASON = own("reason", "Why the value is not measurable")
QUANTITY = own("quantity", "Quantity whose change is given")
SINCE = own("since", "Time point that is compared with")
SINCES = {"baseline": own("since_baseline", "The first time point"), "previous": own("since_previous", "The previous time point")}
ABSOLUTE_CHANGE = own("absolute_change", "Later value minus earlier value")
RELATIVE_CHANGE = own("relative_change", "Change relative to the earlier value")
ANNUAL_CHANGE = own("annual_change", "Relative change per year at a constant rate")
DETECTABLE_DOWN = own("detectable_decrease", "Smallest detectable relative decrease")
DETECTABLE_UP = own("detectable_increase", "Smallest detectable relative increase")
EXCEEDS = own("exceeds_detectable", "Change is beyond the smallest detectable one")
UNKNOWN = own("cannot_be_said", "Cannot be said")
DETECTABLE_SOURCE = own("detectable_source", "Where the repeatability comes from")
DETECTABLE_PATIENTS = own("detectable_patients", "Patients whose repeats the repeatability comes from")
DETECTABLE_SOURCES = {
    "own_repeats": own("detectable_own_repeats", "Repeat exposures of the same cohort"),
    "phantom_profile": own("detectable_phantom_profile", "Simulated films"),
    "covariance": own("detectable_covariance", "Covariance of values measured together"),
}
VERDICT = own("verdict", "Verdict on the course over all time points")
VERDICTS = {verdict: code_of(concept) for verdict, concept in concepts.VERDICTS.items()}
VERDICT_PROBABILITY = own("verdict_probability", "Probability of the verdict")
EVALUABLE = own("evaluable_fraction", "Share of the deposits evaluable at this time point")
COMPARED = own("compared_fraction", "Share of the deposits that both time points show")
LEFT_OUT = own("left_out", "What the change leaves out")
NOT_COUNTED = own("not_counted", "Possible deposits that are not counted")
REVIEW = own("review", "A reader's review")


@dataclass(frozen=True, slots=True)
class MeasurandCodes:
    """Codes of a measurand: its quantity, its UCUM unit and its method."""

    name: Code
    unit: Code
    method: Code | None


def _measurand_codes(name: str, unit: str) -> MeasurandCodes:
    method = concepts.METHODS.get(name)
    return MeasurandCodes(code_of(concepts.QUANTITIES[name]), code_of(concepts.unit_concept(unit)), None if method is None else code_of(method))


CONCEPTS = {m.name: _measurand_codes(m.name, m.unit) for m in (*MEASURANDS, *TOTALS)}
"""Measurand name -> how it is written."""


def same(a: Code, b: Code) -> bool:
    """Whether two codes name one concept; meanings may be worded differently."""
    return (a.value, a.scheme_designator) == (b.value, b.scheme_designator)
