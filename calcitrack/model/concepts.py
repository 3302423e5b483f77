"""Coded concepts that more than one form of output or input uses: findings, sides, body parts, views, measured quantities.

A concept is plain text here. `calcitrack.io.dicom.codes` turns it into pydicom's form; other writers into theirs. Codes are those of the DICOM
standard (PS3.16, context groups named as CID) where a concept is listed there, else of a scheme of our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from calcitrack.model.assessment import Fate
from calcitrack.model.judgement import Verdict

SNOMED_CT, DICOM, UCUM = "SCT", "DCM", "UCUM"
"""Designators of coding schemes (PS3.16, table 8-1)."""
OWN_SCHEME = "99CALCITRACK"
"""Coding scheme of concepts that PS3.16 lacks; private schemes begin with 99 (PS3.16, section 8)."""
OWN_SCHEME_NAME = "calcitrack measurement concepts"
MAX_MEANING = 64
"""Characters of a Code Meaning (VR LO; PS3.5, table 6.2-1)."""


@dataclass(frozen=True, slots=True)
class Concept:
    """A code and what it means. Two concepts are equal if value and scheme are; meanings may be worded differently.

    Parameters
    ----------
    value
        The code.
    scheme
        Designator of the coding scheme, such as ``SCT`` for SNOMED CT.
    meaning
        In words.

    Examples
    --------
    >>> Concept("72696002", "SCT", "Knee") == Concept("72696002", "SCT", "Knee joint")
    True
    """

    value: str
    scheme: str
    meaning: str = field(compare=False)


def own_concept(value: str, meaning: str) -> Concept:
    """A concept of our own scheme; a meaning that is too long for DICOM is cut.

    Examples
    --------
    >>> own_concept("fate_new", "Deposit: new").scheme
    '99CALCITRACK'
    """
    return Concept(value, OWN_SCHEME, meaning[:MAX_MEANING])


def _snomed(value: str, meaning: str) -> Concept:
    return Concept(value, SNOMED_CT, meaning)


CALCIFICATION = _snomed("18115005", "Pathologic calcification, calcified structure")
"""What a deposit is: finding of a report (CID 3802, CID 6335 to 6338) and property type of a segment (CID 7151, which is extensible)."""
ABNORMAL_STRUCTURE = _snomed("49755003", "Morphologically Abnormal Structure")
"""Its category, of a finding and of a segment (CID 7150)."""
UNSPECIFIC_TYPES = (_snomed("85756007", "Tissue"), ABNORMAL_STRUCTURE, _snomed("52988006", "Lesion"), _snomed("4147007", "Mass"))
"""Property types that drawing programs write where the reader chose none (3D Slicer, OHIF: Tissue), or that may well be a deposit."""

SIDES: Mapping[str, Concept] = MappingProxyType(
    {"L": _snomed("7771000", "Left"), "R": _snomed("24028007", "Right"), "B": _snomed("51440002", "Bilateral")}
)
"""Image Laterality -> side (CID 244)."""
BODY_PARTS: Mapping[str, Concept] = MappingProxyType(
    {
        "HAND": _snomed("85562004", "Hand"),
        "WRIST": _snomed("74670003", "Wrist"),
        "ELBOW": _snomed("16953009", "Elbow"),
        "FOREARM": _snomed("14975008", "Forearm"),
        "HUMERUS": _snomed("40983000", "Upper arm"),
        "FINGER": _snomed("7569003", "Finger"),
        "THUMB": _snomed("76505004", "Thumb"),
        "SHOULDER": _snomed("16982005", "Shoulder"),
        "KNEE": _snomed("72696002", "Knee"),
        "LEG": _snomed("30021000", "Lower leg"),
        "THIGH": _snomed("68367000", "Thigh"),
        "ANKLE": _snomed("70258002", "Ankle"),
        "FOOT": _snomed("56459004", "Foot"),
        "TOE": _snomed("29707007", "Toe"),
        "HIP": _snomed("24136001", "Hip"),
        "EXTREMITY": _snomed("66019005", "Extremity"),
        "BREAST": _snomed("76752008", "Breast"),
        "PELVIS": _snomed("816092008", "Pelvis"),
        "CHEST": _snomed("816094009", "Chest"),
    }
)
"""Body Part Examined -> anatomic region (CID 4031)."""
VIEWS: Mapping[str, Concept] = MappingProxyType(
    {
        "AP": _snomed("399348003", "antero-posterior"),
        "PA": _snomed("272479007", "postero-anterior"),
        "RL": _snomed("399198007", "right lateral"),
        "LL": _snomed("399173006", "left lateral"),
        "LATERAL": _snomed("399067008", "lateral"),
        "ML": _snomed("399260004", "medial-lateral"),
        "LM": _snomed("399352003", "lateral-medial"),
        "MLO": _snomed("399368009", "medio-lateral oblique"),
        "LMO": _snomed("399099002", "latero-medial oblique"),
        "CC": _snomed("399162004", "cranio-caudal"),
        "OBLIQUE": _snomed("399182000", "oblique"),
        "LO": _snomed("399184004", "left oblique"),
        "RO": _snomed("399236003", "right oblique"),
        "LPO": _snomed("399006002", "left posterior oblique"),
        "RPO": _snomed("399038007", "right posterior oblique"),
        "LAO": _snomed("399135007", "left anterior oblique"),
        "RAO": _snomed("399356000", "right anterior oblique"),
        "DP": _snomed("399335002", "dorsoplantar"),
    }
)
"""View Position -> view (CID 4010; CC: CID 4014)."""

QUANTITIES: Mapping[str, Concept] = MappingProxyType(
    {
        "area_mm2": _snomed("42798000", "Area"),
        "feret_mm": _snomed("103339001", "Long axis"),
        "ha_mass_mg": _snomed("118538004", "Mass"),
        "volume_mm3": _snomed("118565006", "Volume"),
        "deposit_count": Concept("111038", DICOM, "Number of calcifications"),
        "area_px": own_concept("area_px", "Area in pixels"),
        "contrast_mean": own_concept("contrast_mean", "Mean attenuation contrast"),
        "contrast_integral_mm2": own_concept("contrast_integral_mm2", "Attenuation contrast integrated over the area"),
        "over_bone_fraction": own_concept("over_bone_fraction", "Share of the deposit that lies over bone"),
        "relative_brightness": own_concept("relative_brightness", "Contrast relative to cortical bone"),
        "al_equivalent_mm3": own_concept("al_equivalent_mm3", "Aluminium equivalent"),
    }
)
"""Measurand -> the quantity that is measured (CID 7469; mass: CID 12304; number of calcifications: PS3.16, annex D)."""
METHODS: Mapping[str, Concept] = MappingProxyType(
    {
        "feret_mm": own_concept("method_feret", "Maximum Feret diameter"),
        "ha_mass_mg": own_concept("method_hydroxyapatite", "Hydroxyapatite by X-ray attenuation"),
        "volume_mm3": own_concept("method_volume", "Volume by the stated model"),
    }
)
"""Measurand -> how the quantity is measured, where its name alone does not say so."""
FATES: Mapping[Fate, Concept] = MappingProxyType({f: own_concept(f"fate_{f.value}", f"Deposit: {f.value.replace('_', ' ')}") for f in Fate})
VERDICTS: Mapping[Verdict, Concept] = MappingProxyType({v: own_concept(f"verdict_{v.value}", f"Calcinosis is {v.value}") for v in Verdict})


def unit_concept(unit: str) -> Concept:
    """The UCUM code of a measurand's unit; ``1`` is no unit.

    Examples
    --------
    >>> unit_concept("mm2").meaning, unit_concept("1").meaning
    ('mm2', 'no units')
    """
    return Concept("1", UCUM, "no units") if unit == "1" else Concept(unit, UCUM, unit.strip("{}"))
