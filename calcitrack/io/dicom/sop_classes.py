"""SOP classes: which DICOM objects are radiographs, and the names of the others."""

from __future__ import annotations

from pydicom.uid import UID

from calcitrack.errors import NotARadiographError
from calcitrack.io.dicom.header import Header

DX_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
SECONDARY_CAPTURE_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.7.2",
    "1.2.840.10008.5.1.4.1.1.7.3",
    "1.2.840.10008.5.1.4.1.1.7.1",
    "1.2.840.10008.5.1.4.1.1.7.4",
)
"""Single-frame, multi-frame grey of 8 and 16 bits, single-bit and true colour; the last two are refused by their pixels."""
FLUOROSCOPY_CLASSES = ("1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2")
"""XA and RF."""
PROJECTION_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.1",
    "1.2.840.10008.5.1.4.1.1.1.1",
    DX_FOR_PROCESSING,
    "1.2.840.10008.5.1.4.1.1.1.2",
    "1.2.840.10008.5.1.4.1.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.1.3",
    "1.2.840.10008.5.1.4.1.1.1.3.1",
)
"""CR, DX, MG and IO; the last three for presentation and for processing (PS3.4, table B.5-1)."""
RADIOGRAPH_MODALITIES = ("DX", "CR", "MG", "IO", "PX", "RG", "RF", "XA")
"""Defined terms of Modality (0008,0060) for projection radiography; RG is conventional film."""
CAPTURE_MODALITIES = (*RADIOGRAPH_MODALITIES, "", "OT", "SC", "HC", "FS")
"""Modalities that a secondary capture of a radiograph may carry: also other, hard copy and film digitised."""
STANDARD_ROOT = "1.2.840.10008."
EXPECTED_KINDS = "a CR, DX, MG, IO, XA, RF or secondary capture image"


def class_uid(header: Header) -> str:
    """SOP Class UID, from the dataset or else from the meta group."""
    meta = getattr(header.dataset, "file_meta", None)
    return header.text("SOPClassUID") or (Header(meta).text("MediaStorageSOPClassUID") if meta is not None else "")


def check_radiograph(header: Header, source: str) -> None:
    """Return when the dataset is a radiograph by its class or, where that is missing or private, its modality.

    What limits its use is added to the header's findings.

    Raises
    ------
    NotARadiographError
        It is another kind of object; the message names it.
    """
    uid, modality = class_uid(header), header.code("Modality")
    if uid in PROJECTION_CLASSES:
        return
    if uid in FLUOROSCOPY_CLASSES:
        header.note(f"{UID(uid).name}: a fluoroscopic frame; grey values are automatic and spacing holds at the detector at best")
        return
    if uid in SECONDARY_CAPTURE_CLASSES:
        if modality not in CAPTURE_MODALITIES:
            raise _other(source, f"a secondary capture of modality {modality}")
        header.note("secondary capture: a copy of a picture; its grey values have no stated relationship to the beam")
        return
    if not uid.startswith(STANDARD_ROOT) and modality in RADIOGRAPH_MODALITIES and header.has("Rows"):
        header.note(f"SOP class {'is missing' if not uid else uid + ' is private'}; taken for a radiograph by its modality {modality}")
        return
    raise _other(source, _name(uid, modality))


def _name(uid: str, modality: str) -> str:
    if not uid:
        return f"a data set without SOP class and modality {modality}" if modality else "a data set that states neither SOP class nor modality"
    name = UID(uid).name
    kind = f"SOP class {uid}" if name == uid else name
    return f"{kind}, modality {modality}" if modality else kind


def _other(source: str, found: str) -> NotARadiographError:
    return NotARadiographError(source, found, EXPECTED_KINDS, "leave it out; only projection radiographs are measured")
