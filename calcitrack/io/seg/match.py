"""Import a Segmentation of another program onto its radiograph: same image, same grid, deposits only, no overlap."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calcitrack.errors import ReadError, ResultsError, SegmentationImportError
from calcitrack.io.dicom.codes import code_of
from calcitrack.io.seg.read import FrameFacts, Segment, SegmentationFile
from calcitrack.io.seg.write import source_header
from calcitrack.model.assessment import ImageAssessment
from calcitrack.model.concepts import CALCIFICATION, UNSPECIFIC_TYPES
from calcitrack.model.display import counted
from calcitrack.model.segmentation import Labels, Segmentation

CALCIUM_WORDS = re.compile(r"calcif|calcin|calcium|deposit", re.IGNORECASE)
"""Code meanings of other schemes that name a deposit."""
FLAT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""Orientation of an image that states none."""
PLACE_TOLERANCE_PX = 0.5
"""A grid that lies half a pixel off lies on other pixels."""
TURN_TOLERANCE = 1e-3
"""Cosines are written with about six digits; a thousandth is 0.06 degrees."""
SPACING_TOLERANCE = 0.01
"""Relative; pixel sizes are written with three digits or more."""
DEFAULT_SPACING_MM = (1.0, 1.0)
"""What programs write that found no pixel size in the radiograph."""


@dataclass(frozen=True, eq=False, slots=True)
class Imported:
    """A reader's segmentation of one image.

    Parameters
    ----------
    image
        SOP Instance UID of the radiograph.
    segmentation
        Imported deposits; limb and bone are those of the base, and so are the possible deposits that no imported one touches.
    findings
        How pixels or codes were interpreted, for the reader.
    """

    image: str
    segmentation: Segmentation
    findings: tuple[str, ...]


def import_segmentation(file: SegmentationFile, image: ImageAssessment, base: Segmentation, *, segments: Collection[int] | None = None) -> Imported:
    """Import a Segmentation onto one of the images that it refers to.

    Parameters
    ----------
    file
        As `calcitrack.io.seg.read.read_segmentation` opened it.
    image
        The radiograph as it was assessed; a segment with the tracking UID of one of its deposits keeps that deposit's label.
    base
        Source of limb and bone, and of the confidence of unchanged deposits.
    segments
        Numbers of the segments to import, whatever their codes; ``None`` imports all, which must then all be deposits.

    Raises
    ------
    SegmentationImportError
        It was drawn on another image or grid, a segment is no deposit, or two segments overlap.
    DamagedFileError
        Its pixel data cannot be decoded.
    """
    uid = image.exposure.acquisition.sop_instance_uid
    if uid not in file.images and file.frames:
        raise SegmentationImportError(
            file.source, f"outlines of the image {', '.join(file.images)}", f"outlines of {uid}", "import it for the image that it was drawn on"
        )
    chosen, findings = _chosen(file, segments)
    _check_grid(file, [f for f in file.frames if uid in f.images], image, base)
    drawn = _drawn(file, uid, chosen, base.labels.shape)
    labels = _labels_of(chosen, image)
    imported: Labels = np.zeros(base.labels.shape, np.uint16)
    for segment in chosen:
        imported[drawn == segment.number + 1] = labels[segment.number]
    unchanged = {v for v in base.label_values if np.array_equal(imported == v, base.labels == v)}
    segmentation = replace(
        base.with_possible(base.undecided(imported)),
        labels=imported,
        confidence={k: v for k, v in base.confidence.items() if k in unchanged},
        widening={k: w for k, w in base.widening.items() if k in unchanged},
        supported=base.supported & unchanged,
    )
    if file.fractional:
        findings = (*findings, _fractional_words(file))
    return Imported(uid, segmentation, findings)


def _fractional_words(file: SegmentationFile) -> str:
    least = file.inside_from
    stated = float(file.dataset.get("MaximumFractionalValue") or 255)
    if least < stated / 2:
        return f"fractional segments of two values, 0 and {least:g}, where the largest is stated as {stated:g}: pixels of {least:g} were taken"
    return "fractional segments: pixels of at least half the largest value were taken"


def _chosen(file: SegmentationFile, wanted: Collection[int] | None) -> tuple[list[Segment], tuple[str, ...]]:
    """The segments to import. The empty segment of an image without deposits is imported like others: it has no pixels."""
    known = [s for s in file.segments if s.number not in file.background]
    if wanted is not None:
        missing = sorted(set(wanted) - {s.number for s in known})
        if missing:
            has = ", ".join(_named(s) for s in known) or "none"
            raise SegmentationImportError(file.source, f"no segment {missing[0]}", f"one of its own: {has}", "name one of them")
        return [s for s in known if s.number in wanted], ()
    others = [s for s in known if not (_is_deposit(s) or _is_unspecific(s))]
    if others:
        names = "; ".join(f"{_named(s)}, coded as {_meaning(s)}" for s in others)
        raise SegmentationImportError(
            file.source, f"segments that are no deposits: {names}", "calcifications, or tissue without a code of its own", "choose with --segment"
        )
    vague = [s for s in known if not _is_deposit(s)]
    names = ", ".join(f"{_named(s)} ({_meaning(s)})" for s in vague)
    return known, (f"taken as deposits although not coded as calcification: {names}",) if vague else ()


def _is_deposit(segment: Segment) -> bool:
    kind = segment.kind
    return kind is not None and (kind == code_of(CALCIFICATION) or bool(CALCIUM_WORDS.search(kind.meaning)))


def _is_unspecific(segment: Segment) -> bool:
    return segment.kind is None or any(segment.kind == code_of(concept) for concept in UNSPECIFIC_TYPES)


def _named(segment: Segment) -> str:
    return f"{segment.number} {segment.label!r}" if segment.label else str(segment.number)


def _meaning(segment: Segment) -> str:
    return "nothing" if segment.kind is None else f"{segment.kind.meaning} ({segment.kind.value}, {segment.kind.scheme_designator})"


def _check_grid(file: SegmentationFile, frames: Sequence[FrameFacts], image: ImageAssessment, base: Segmentation) -> None:
    """Refuse a Segmentation whose pixels do not coincide with the radiograph's.

    Raises
    ------
    SegmentationImportError
        Another size, orientation, place or pixel size.
    """
    rows, columns = base.labels.shape
    action = "export it on the grid of the radiograph"
    if file.shape != (rows, columns):
        found = f"a grid of {file.shape[0]} x {file.shape[1]} pixels"
        raise SegmentationImportError(file.source, found, f"that of the radiograph, {rows} x {columns}", action)
    position, orientation = _plane(image)
    for frame in frames:
        if frame.orientation is not None and not np.allclose(frame.orientation, orientation, rtol=0, atol=TURN_TOLERANCE):
            turned = f"a grid that is turned or mirrored (orientation {_list(frame.orientation)})"
            raise SegmentationImportError(file.source, turned, f"that of the radiograph ({_list(orientation)})", action)
        spacing = frame.spacing_mm or DEFAULT_SPACING_MM
        if frame.spacing_mm is not None and not any(np.allclose(spacing, s, rtol=SPACING_TOLERANCE) for s in _spacings(image)):
            expected = " or ".join(_list(s) for s in _spacings(image)[:-1]) or "none stated"
            raise SegmentationImportError(file.source, f"pixels of {_list(spacing)} mm", f"those of the radiograph, {expected} mm", action)
        shift = _shift_px(frame, position, orientation, spacing)
        if shift > PLACE_TOLERANCE_PX:
            found = f"a grid that lies {shift:.1f} pixels beside the radiograph"
            raise SegmentationImportError(file.source, found, "one that lies on it", action)


def _plane(image: ImageAssessment) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Position and orientation of the radiograph; the default plane where it states none, or where its file is missing."""
    try:
        header = source_header(image.exposure)
        position, orientation = header.get("ImagePositionPatient"), header.get("ImageOrientationPatient")
    except (ResultsError, ReadError):
        position = orientation = None
    return tuple(float(v) for v in position or (0, 0, 0)), tuple(float(v) for v in orientation or FLAT)


def _spacings(image: ImageAssessment) -> list[tuple[float, float]]:
    """Pixel sizes that a drawing program may have used for the radiograph: as measured, at the detector, none."""
    spacing = image.spacing
    known: list[tuple[float, float]] = []
    if spacing.row_mm is not None and spacing.column_mm is not None:
        known.append((spacing.row_mm, spacing.column_mm))
        if spacing.magnification is not None:
            known.append((spacing.row_mm * spacing.magnification, spacing.column_mm * spacing.magnification))
    return [*known, DEFAULT_SPACING_MM]


def _shift_px(frame: FrameFacts, position: Sequence[float], orientation: Sequence[float], spacing: Sequence[float]) -> float:
    """Distance in the plane between the first pixels of a frame and of the radiograph, in pixels."""
    if frame.position_mm is None:
        return 0.0
    away = np.subtract(frame.position_mm, position)
    along_row, along_column = np.array(orientation[:3]), np.array(orientation[3:])
    return float(np.hypot(away @ along_row / spacing[1], away @ along_column / spacing[0]))


def _drawn(file: SegmentationFile, image: str, chosen: Sequence[Segment], shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """Map of segment numbers plus 1, shape (rows, columns), 0 outside; a label map may number a segment 0.

    Raises
    ------
    SegmentationImportError
        Two segments share pixels: a deposit is one or the other.
    """
    drawn = np.zeros(shape, np.uint16)
    by_number = {s.number: s for s in chosen}
    for number, mask in file.masks(image):
        if number not in by_number:
            continue
        shared = mask & (drawn > 0) & (drawn != number + 1)
        if shared.any():
            other = by_number[int(drawn[shared][0]) - 1]
            found = f"segments {_named(other)} and {_named(by_number[number])}, which share {counted(int(shared.sum()), 'pixel')}"
            raise SegmentationImportError(file.source, found, "deposits that do not overlap", "draw them apart, or choose with --segment")
        drawn[mask] = number + 1
    return drawn


def _labels_of(chosen: Sequence[Segment], image: ImageAssessment) -> Mapping[int, int]:
    """Segment number -> label: that of the deposit with the same tracking UID, else a new one."""
    known = {t.tracking_uid: t.deposit.label for t in image.deposits}
    labels: dict[int, int] = {}
    for segment in chosen:
        if segment.tracking_uid in known:
            labels[segment.number] = known.pop(segment.tracking_uid)
    free = max((t.deposit.label for t in image.deposits), default=0)
    for segment in chosen:
        if segment.number not in labels:
            free += 1
            labels[segment.number] = free
    return labels


def _list(numbers: Sequence[float]) -> str:
    return " x ".join(f"{n:g}" for n in numbers) if len(numbers) == 2 else ", ".join(f"{n:g}" for n in numbers)
