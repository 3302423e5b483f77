"""Coded body parts and views -> the defined terms that Body Part Examined and View Position use.

Codes are those of `calcitrack.model.concepts` and their SNOMED-RT twins, as older editions of DICOM PS3.16 list them. If a code is unknown, its
meaning is looked up by words.
"""

from __future__ import annotations

from calcitrack.io.dicom.header import Header
from calcitrack.model.concepts import BODY_PARTS, VIEWS
from calcitrack.model.two_limbs import Lie, TwoLimbs

_OTHER_BODY_PART_CODES = {
    "85050009": "HUMERUS",
    "29836001": "HIP",
    "T-D8700": "HAND",
    "T-15460": "WRIST",
    "T-15430": "ELBOW",
    "T-D8500": "FOREARM",
    "T-D8200": "HUMERUS",
    "T-12410": "HUMERUS",
    "T-D8800": "FINGER",
    "T-D8810": "THUMB",
    "T-D2220": "SHOULDER",
    "T-D9200": "KNEE",
    "T-D9400": "LEG",
    "T-D9100": "THIGH",
    "T-15750": "ANKLE",
    "T-D9700": "FOOT",
    "T-D9800": "TOE",
    "T-15710": "HIP",
    "T-D2500": "HIP",
    "T-D0300": "EXTREMITY",
    "T-04000": "BREAST",
}
"""The bone of the upper arm and the region of the hip, and SNOMED-RT codes, which older devices write."""
BODY_PART_CODES = {concept.value: part for part, concept in BODY_PARTS.items()} | _OTHER_BODY_PART_CODES

BODY_PART_MEANINGS = {
    "wrist": "WRIST",
    "elbow": "ELBOW",
    "hand": "HAND",
    "forearm": "FOREARM",
    "lower arm": "FOREARM",
    "upper arm": "HUMERUS",
    "finger": "FINGER",
    "thumb": "THUMB",
    "shoulder": "SHOULDER",
    "knee": "KNEE",
    "knee joint": "KNEE",
    "lower leg": "LEG",
    "leg": "LEG",
    "thigh": "THIGH",
    "ankle": "ANKLE",
    "foot": "FOOT",
    "toe": "TOE",
    "hip": "HIP",
    "pelvis": "PELVIS",
    "chest": "CHEST",
    "thorax": "CHEST",
    "abdomen": "ABDOMEN",
    "breast": "BREAST",
}

_OTHER_VIEW_CODES = {
    "R-10206": "AP",
    "R-40888": "PA",
    "R-10214": "PA",
    "R-10232": "RL",
    "R-10236": "LL",
    "R-102CD": "LATERAL",
    "R-10224": "ML",
    "R-10228": "LM",
    "R-10226": "MLO",
    "R-10230": "LMO",
    "R-10242": "CC",
    "R-102C1": "OBLIQUE",
    "R-10238": "LO",
    "R-10234": "RO",
    "R-10212": "LPO",
    "R-10210": "RPO",
    "R-10220": "LAO",
    "R-40985": "RAO",
    "R-102C4": "DP",
}
"""SNOMED-RT codes."""
VIEW_CODES = {concept.value: view for view, concept in VIEWS.items()} | _OTHER_VIEW_CODES

VIEW_MEANINGS = {
    "antero-posterior": "AP",
    "anteroposterior": "AP",
    "postero-anterior": "PA",
    "posteroanterior": "PA",
    "dorsopalmar": "PA",
    "dorsoplantar": "DP",
    "right lateral": "RL",
    "left lateral": "LL",
    "lateral": "LATERAL",
    "oblique": "OBLIQUE",
}

SIDES = {"R": "R", "RIGHT": "R", "L": "L", "LEFT": "L", "B": "B", "BOTH": "B", "BILATERAL": "B"}
"""Image Laterality's terms and the words that some writers put there; U (unpaired) states no side."""

TOWARDS = {"L": "RL", "R": "LR"}
"""Order of the sides of two limbs along a way towards the patient's left, and right."""


def read_body_part(header: Header) -> str:
    """Body Part Examined, else the anatomic region's code; empty and a finding where neither is stated."""
    part = header.code("BodyPartExamined")
    if part:
        return part
    for item in _coded_items(header, "AnatomicRegionSequence"):
        part = _term(item, BODY_PART_CODES, BODY_PART_MEANINGS)
        if part:
            return part
        header.note(f"anatomic region {_words(item)} has no Body Part Examined term here; not used")
    header.note("the body part is not stated")
    return ""


def read_view(header: Header) -> str:
    """View Position, else the view's code; empty and a finding where neither is stated."""
    view = header.code("ViewPosition")
    if view:
        return view
    for item in _coded_items(header, "ViewCodeSequence"):
        view = _term(item, VIEW_CODES, VIEW_MEANINGS)
        if view:
            return view
        header.note(f"view {_words(item)} has no View Position term here; not used")
    header.note("the view is not stated")
    return ""


def read_laterality(header: Header) -> str:
    """``L``, ``R`` or ``B`` from Image Laterality, Laterality or Frame Laterality; empty and a finding where no side is stated."""
    codes = {k: header.code(k) for k in ("ImageLaterality", "Laterality")}
    codes["FrameLaterality"] = next((v for v in map(_frame_laterality, _frame_groups(header)) if v), "")
    sides: dict[str, str] = {}
    for keyword, value in codes.items():
        if value in SIDES:
            sides[keyword] = SIDES[value]
        elif value and value != "U":
            header.note(f"{keyword} holds {value[:16]!r}, which names no side; ignored")
    if not sides:
        header.note("the body part is stated as unpaired: no side" if "U" in codes.values() else "the side (laterality) is not stated")
        return ""
    keyword, side = next(iter(sides.items()))
    if set(sides.values()) != {side}:
        header.note(f"the header contradicts itself on the side: {', '.join(f'{k} {v}' for k, v in sides.items())}; {keyword} is used")
    return side


def read_two_limbs(header: Header) -> TwoLimbs | None:
    """Sides of two limbs, should the picture show two, by Patient Orientation (0020,0020); ``None`` where it tells none.

    The first value is the direction of the rows from left to right, the second that of the columns from top to bottom (PS3.3, C.7.6.1.1.1): where
    a row goes to the patient's left, the limb at the left of the picture is the right one.
    """
    directions = header.texts("PatientOrientation")
    for towards, lie in zip(directions, Lie, strict=False):
        order = TOWARDS.get(towards.upper()[:1])
        if order is not None:
            return TwoLimbs(order, f"Patient Orientation {'/'.join(directions)}", lie)
    return None


def _frame_groups(header: Header) -> tuple[Header, ...]:
    return (*header.items("SharedFunctionalGroupsSequence"), *header.items("PerFrameFunctionalGroupsSequence")[:1])


def _frame_laterality(group: Header) -> str:
    return next((item.code("FrameLaterality") for item in group.items("FrameAnatomySequence")), "")


def _coded_items(header: Header, keyword: str) -> tuple[Header, ...]:
    own = header.items(keyword)
    if own or keyword != "AnatomicRegionSequence":
        return own
    return tuple(i for g in _frame_groups(header) for f in g.items("FrameAnatomySequence") for i in f.items(keyword))


def _term(item: Header, codes: dict[str, str], meanings: dict[str, str]) -> str:
    return codes.get(item.text("CodeValue")) or meanings.get(item.text("CodeMeaning").lower(), "")


def _words(item: Header) -> str:
    meaning, code, scheme = (item.text(k) for k in ("CodeMeaning", "CodeValue", "CodingSchemeDesignator"))
    return f"{meaning or 'without meaning'} ({code or 'no code'}, {scheme or 'no scheme'})"
