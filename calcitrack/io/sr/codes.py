"""Codes of measurement reports: from DICOM PS3.16 where a concept is listed there, else of a scheme of our own.

Standard codes are held against pydicom's copy of the PS3.16 context groups in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.sr.coding import Code

from calcitrack.io.dicom.anatomy_codes import BODY_PART_CODES, BODY_PART_MEANINGS
from calcitrack.measure.measurands import MEASURANDS, TOTALS
from calcitrack.model.assessment import Fate
from calcitrack.model.calibration import Tier
from calcitrack.model.judgement import Verdict
from calcitrack.model.spacing import SpacingBasis

SCHEME = "99CALCITRACK"
"""Coding scheme of concepts that PS3.16 lacks; private schemes begin with 99 (PS3.16, section 8)."""
SCHEME_NAME = "calcitrack measurement concepts"
MAX_MEANING = 64
"""Characters of a Code Meaning (VR LO; PS3.5, table 6.2-1)."""

CALCIFICATION = Code("18115005", "SCT", "Pathologic calcification, calcified structure")
"""Finding, CID 6335 to 6338; the segments of the Segmentation have the same code as their property type."""
ABNORMAL_STRUCTURE = Code("49755003", "SCT", "Morphologically Abnormal Structure")
"""Finding category, CID 7150."""
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
UNITLESS = Code("1", "UCUM", "no units")
IMAGE_LIBRARY, IMAGE_LIBRARY_GROUP = Code("111028", "DCM", "Image Library"), Code("126200", "DCM", "Image Library Group")
MODALITY = Code("121139", "DCM", "Modality")
ROWS, COLUMNS = Code("110910", "DCM", "Pixel Data Rows"), Code("110911", "DCM", "Pixel Data Columns")
PIXELS = Code("{pixels}", "UCUM", "Pixels")
MODALITY_CODES = {"CR": Code("CR", "DCM", "Computed Radiography"), "DX": Code("DX", "DCM", "Digital Radiography")}
"""CID 29."""
SIDE_CODES = {"L": Code("7771000", "SCT", "Left"), "R": Code("24028007", "SCT", "Right"), "B": Code("51440002", "SCT", "Bilateral")}
"""CID 244."""


def own(value: str, meaning: str) -> Code:
    """A code of our own scheme."""
    return Code(value, SCHEME, meaning[:MAX_MEANING])


SPREAD_95 = own("interval_95", "Distance to the end of the 95 % interval")
FATE = own("fate", "Fate of the deposit at this time point")
FATES = {f: own(f"fate_{f.value}", f"Deposit: {f.value.replace('_', ' ')}") for f in Fate}
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
DETECTABLE_SOURCES = {
    "own_repeats": own("detectable_own_repeats", "Repeat exposures of the same cohort"),
    "phantom_profile": own("detectable_phantom_profile", "Simulated films"),
}
VERDICT = own("verdict", "Verdict on the course over all time points")
VERDICTS = {v: own(f"verdict_{v.value}", f"Calcinosis is {v.value}") for v in Verdict}
VERDICT_PROBABILITY = own("verdict_probability", "Probability of the verdict")
REVIEW = own("review", "A reader's review")

_CONCEPTS = {
    "area_mm2": Code("42798000", "SCT", "Area"),
    "feret_mm": Code("103339001", "SCT", "Long axis"),
    "ha_mass_mg": Code("118538004", "SCT", "Mass"),
    "volume_mm3": Code("118565006", "SCT", "Volume"),
    "deposit_count": Code("111038", "DCM", "Number of calcifications"),
    "area_px": own("area_px", "Area in pixels"),
    "contrast_mean": own("contrast_mean", "Mean attenuation contrast"),
    "contrast_integral_mm2": own("contrast_integral_mm2", "Attenuation contrast integrated over the area"),
    "over_bone_fraction": own("over_bone_fraction", "Share of the deposit that lies over bone"),
    "relative_brightness": own("relative_brightness", "Contrast relative to cortical bone"),
    "al_equivalent_mm3": own("al_equivalent_mm3", "Aluminium equivalent"),
}
_METHODS = {
    "feret_mm": own("method_feret", "Maximum Feret diameter"),
    "ha_mass_mg": own("method_hydroxyapatite", "Hydroxyapatite by X-ray attenuation"),
    "volume_mm3": own("method_volume", "Volume by the stated model"),
}


@dataclass(frozen=True, slots=True)
class Concept:
    """How a measurand is written: its concept name, method and UCUM unit."""

    name: Code
    unit: Code
    method: Code | None


def _unit(unit: str) -> Code:
    return UNITLESS if unit == "1" else Code(unit, "UCUM", unit.strip("{}"))


CONCEPTS = {m.name: Concept(_CONCEPTS[m.name], _unit(m.unit), _METHODS.get(m.name)) for m in (*MEASURANDS, *TOTALS)}
"""Measurand name -> how it is written."""
SITES: dict[str, Code] = {}
"""Body Part Examined -> anatomic region (CID 4031)."""
for _value, _term in BODY_PART_CODES.items():
    if _value.isdigit():  # SNOMED CT, not its SNOMED-RT twin
        _meaning = next((m for m, t in BODY_PART_MEANINGS.items() if t == _term), _term.lower())
        SITES.setdefault(_term, Code(_value, "SCT", _meaning.capitalize()))


def same(a: Code, b: Code) -> bool:
    """Whether two codes name one concept; meanings may be worded differently."""
    return (a.value, a.scheme_designator) == (b.value, b.scheme_designator)
