"""Coded body parts and views -> the defined terms that Body Part Examined and View Position use.

Codes are SNOMED CT with their SNOMED-RT twins, as DICOM PS3.16 lists them in CID 4031 (Common Anatomic Regions) and CID 4010 (DX View);
where a code is unknown, its meaning is looked up by words.
"""

from __future__ import annotations

from calcitrack.io.dicom.header import Header

BODY_PART_CODES = {
    "85562004": "HAND",
    "T-D8700": "HAND",
    "74670003": "WRIST",
    "T-15460": "WRIST",
    "16953009": "ELBOW",
    "T-15430": "ELBOW",
    "14975008": "FOREARM",
    "T-D8500": "FOREARM",
    "40983000": "HUMERUS",
    "T-D8200": "HUMERUS",
    "85050009": "HUMERUS",
    "T-12410": "HUMERUS",
    "7569003": "FINGER",
    "T-D8800": "FINGER",
    "76505004": "THUMB",
    "T-D8810": "THUMB",
    "16982005": "SHOULDER",
    "T-D2220": "SHOULDER",
    "72696002": "KNEE",
    "T-D9200": "KNEE",
    "30021000": "LEG",
    "T-D9400": "LEG",
    "68367000": "THIGH",
    "T-D9100": "THIGH",
    "70258002": "ANKLE",
    "T-15750": "ANKLE",
    "56459004": "FOOT",
    "T-D9700": "FOOT",
    "29707007": "TOE",
    "T-D9800": "TOE",
    "24136001": "HIP",
    "T-15710": "HIP",
    "29836001": "HIP",
    "T-D2500": "HIP",
    "66019005": "EXTREMITY",
    "T-D0300": "EXTREMITY",
    "76752008": "BREAST",
    "T-04000": "BREAST",
    "816092008": "PELVIS",
    "816094009": "CHEST",
}

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

VIEW_CODES = {
    "399348003": "AP",
    "R-10206": "AP",
    "272479007": "PA",
    "R-40888": "PA",
    "R-10214": "PA",
    "399198007": "RL",
    "R-10232": "RL",
    "399173006": "LL",
    "R-10236": "LL",
    "399067008": "LATERAL",
    "R-102CD": "LATERAL",
    "399260004": "ML",
    "R-10224": "ML",
    "399352003": "LM",
    "R-10228": "LM",
    "399368009": "MLO",
    "R-10226": "MLO",
    "399099002": "LMO",
    "R-10230": "LMO",
    "399162004": "CC",
    "R-10242": "CC",
    "399182000": "OBLIQUE",
    "R-102C1": "OBLIQUE",
    "399184004": "LO",
    "R-10238": "LO",
    "399236003": "RO",
    "R-10234": "RO",
    "399006002": "LPO",
    "R-10212": "LPO",
    "399038007": "RPO",
    "R-10210": "RPO",
    "399135007": "LAO",
    "R-10220": "LAO",
    "399356000": "RAO",
    "R-40985": "RAO",
    "399335002": "DP",
    "R-102C4": "DP",
}

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
    stated = {k: header.code(k) for k in ("ImageLaterality", "Laterality")}
    stated["FrameLaterality"] = next((v for v in map(_frame_laterality, _frame_groups(header)) if v), "")
    sides: dict[str, str] = {}
    for keyword, value in stated.items():
        if value in SIDES:
            sides[keyword] = SIDES[value]
        elif value and value != "U":
            header.note(f"{keyword} holds {value[:16]!r}, which names no side; ignored")
    if not sides:
        header.note("the body part is stated as unpaired: no side" if "U" in stated.values() else "the side (laterality) is not stated")
        return ""
    keyword, side = next(iter(sides.items()))
    if set(sides.values()) != {side}:
        header.note(f"the header contradicts itself on the side: {', '.join(f'{k} {v}' for k, v in sides.items())}; {keyword} is used")
    return side


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
