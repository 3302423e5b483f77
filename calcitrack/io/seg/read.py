"""Read a DICOM Segmentation of any program (binary, fractional or label map) frame by frame, with its segments and referenced images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels
from pydicom.sr.coding import Code

from calcitrack.errors import CalcitrackError, DamagedFileError, ImageTooLargeError, SegmentationImportError
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.files.library_warnings import collected_warnings, impersonal_reason
from calcitrack.io.files.limits import DEFAULT_LIMITS
from calcitrack.io.files.sources import FileSource
from calcitrack.io.seg.write import LABELMAP_STORAGE
from calcitrack.model.display import counted
from calcitrack.model.image import Mask

OUTLINES_OF_OTHERS = {
    "RTSTRUCT": ", whose contours are points in the patient's space, which a radiograph has not",
    "SR": ", whose values are other measurements than those of this program; its outlines would have to be given too",
    "PR": ", whose drawings are for display and say of no pixel whether it belongs to them",
}
"""Why outlines that other objects hold are not read."""
SEGMENTATION_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", LABELMAP_STORAGE)
"""SOP Classes: Segmentation, Label Map Segmentation."""
BACKGROUND = Code("125040", "DCM", "Background")
"""Property type of the segment of a label map that is no segment (PS3.16, CID 7150 ff.)."""
INSIDE_FROM = 0.5
"""Share of the largest value from which a pixel of a fractional segment is inside: more likely, or more of it, than not."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Coded description of a segment.

    Parameters
    ----------
    category, kind
        Property category and type; ``None`` where none is stated.
    tracking_uid
        Identity over time; empty where none is stated.
    """

    number: int
    label: str
    category: Code | None
    kind: Code | None
    tracking_uid: str


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """Position of one frame: images, segment and plane.

    Parameters
    ----------
    images
        SOP Instance UIDs of the images that it refers to.
    segment
        The segment that it shows; ``None`` for a frame of a label map.
    position_mm, orientation
        Image Position and Orientation (Patient), three and six numbers; ``None`` where none is stated.
    spacing_mm
        (row, column) spacing.
    """

    images: tuple[str, ...]
    segment: int | None
    position_mm: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing_mm: tuple[float, ...] | None


@dataclass(frozen=True, eq=False, slots=True)
class SegmentationFile:
    """An opened Segmentation; `masks` decodes it.

    Parameters
    ----------
    source
        Name of the file, as shown to the user.
    fractional
        Whether its pixels are probabilities or shares of a pixel.
    background
        Numbers of segments that are no segment but what lies around them: 0, what Pixel Padding Value of a label map names, and what is coded so.
    """

    source: str
    sop_instance_uid: str
    shape: tuple[int, int]
    segments: tuple[Segment, ...]
    frames: tuple[FrameFacts, ...]
    fractional: bool
    background: frozenset[int]
    dataset: Dataset

    @property
    def images(self) -> tuple[str, ...]:
        """SOP Instance UIDs of all images that it refers to, in the order of the frames."""
        return tuple(dict.fromkeys(uid for f in self.frames for uid in f.images))

    def masks(self, image: str) -> Iterator[tuple[int, Mask]]:
        """(segment number, mask of the shape (rows, columns)) of each frame of this image; frames are decoded one at a time.

        Raises
        ------
        DamagedFileError
            Pixel data that are missing, incomplete or in an unknown form, or a frame or pixel of a segment that is not described.
        """
        inside_from = self.inside_from
        for facts, pixels in zip(self.frames, self._decoded(), strict=False):
            if image not in facts.images:
                continue
            if facts.segment is None:
                self._check_described(np.unique(pixels))
                yield from ((s.number, pixels == s.number) for s in self.segments if s.number not in self.background)
            else:
                yield facts.segment, np.asarray(pixels >= inside_from)

    @property
    def inside_from(self) -> float:
        """Least value of a pixel that is inside.

        Half of Maximum Fractional Value of a fractional Segmentation. Some programs write two values only, 0 and another one, whatever they
        state as the largest: then the other one is inside.

        Raises
        ------
        DamagedFileError
            Several values above 0 of which none reaches half of the largest one that is stated, or one lies above it.
        """
        if not self.fractional:
            return INSIDE_FROM
        top = float(self.dataset.get("MaximumFractionalValue") or 255)
        found = sorted({int(v) for pixels in self._decoded() for v in np.unique(pixels)} - {0})
        if len(found) == 1:
            return float(found[0])
        if found and not INSIDE_FROM * top <= found[-1] <= top:
            raise self._damaged(f"fractional values up to {found[-1]} where Maximum Fractional Value is {top:g}")
        return INSIDE_FROM * top

    def check_frames(self) -> None:
        """Return when the header accounts for each frame.

        Raises
        ------
        DamagedFileError
            A frame of a segment that is not described, or more or fewer frames than are stated.
        """
        unknown = sorted({f.segment for f in self.frames if f.segment is not None} - {s.number for s in self.segments})
        if unknown:
            raise self._damaged(f"a frame of segment {unknown[0]}, which the header does not describe")
        stated = int(self.dataset.get("NumberOfFrames") or len(self.frames))
        if stated != len(self.frames):
            raise self._damaged(f"{counted(stated, 'frame')} stated, and the place of {len(self.frames)} described")

    def _check_length(self) -> None:
        """Refuse uncompressed pixel data that are longer than their frames; shorter ones break off when they are decoded."""
        data = self.dataset
        if "PixelData" not in data or data["PixelData"].is_undefined_length:
            return
        bits = self.shape[0] * self.shape[1] * len(self.frames) * int(data.get("BitsAllocated") or 1)
        due, there = -(-bits // 8), len(data.PixelData)
        if there > due + due % 2:  # a byte of padding makes the length even
            raise self._damaged(f"pixel data of {counted(there, 'byte')} where {due} are due: rows or frames padded to whole bytes, or a wrong size")

    def _check_described(self, values: NDArray[Any]) -> None:
        unknown = sorted({int(v) for v in values} - {s.number for s in self.segments} - self.background)
        if unknown:
            raise self._damaged(f"pixels of {counted(len(unknown), 'segment')} that the header does not describe ({unknown[0]})")

    def _decoded(self) -> Iterator[NDArray[Any]]:
        self._check_length()
        done = 0
        try:
            with collected_warnings():
                for pixels in iter_pixels(self.dataset):
                    done += 1
                    yield np.asarray(pixels)
        except Exception as error:  # decoders raise many kinds on broken pixel data; all mean the same here
            reason = " ".join(str(error).split()) or type(error).__name__
            raise self._damaged(f"pixel data that cannot be decoded ({reason})") from error
        if done < len(self.frames):
            raise self._damaged(f"{counted(done, 'frame')} of pixel data for {counted(len(self.frames), 'frame')} of the header")

    def _damaged(self, found: str) -> DamagedFileError:
        return DamagedFileError(self.source, found, "a whole Segmentation", "export it again")


def read_segmentation(path: str | PathLike[str]) -> SegmentationFile:
    """Open a DICOM Segmentation.

    Raises
    ------
    ReadError
        It is no DICOM file, or too large.
    SegmentationImportError
        It is a DICOM object of another kind, or it names no image.
    DamagedFileError
        Its header contradicts itself.
    """
    name = str(path)
    try:
        with collected_warnings():  # which quote values, and are told to nobody
            return _read(path, name)
    except CalcitrackError:
        raise
    except Exception as error:  # pydicom converts on access, and raises many kinds on broken values; all mean the same here
        reason = impersonal_reason(error)
        found = f"a header that breaks off or contradicts itself ({reason})"
        raise DamagedFileError(name, found, "a whole Segmentation", "export it again") from error


def _read(path: str | PathLike[str], name: str) -> SegmentationFile:
    dataset = open_dataset(FileSource(Path(path)), DEFAULT_LIMITS, pixels=True).dataset
    if str(dataset.get("SOPClassUID", "")) not in SEGMENTATION_CLASSES:
        kind = str(dataset.get("Modality", "")) or "an unknown kind"
        words = OUTLINES_OF_OTHERS.get(kind, "")
        found = f"a DICOM object of modality {kind}{words}"
        raise SegmentationImportError(name, found, "a DICOM Segmentation", "export the outlines as DICOM SEG")
    opened = _opened(dataset, name)
    rows, columns = opened.shape
    if rows * columns > DEFAULT_LIMITS.max_pixels:
        raise ImageTooLargeError(
            name, f"{rows} x {columns} pixels", f"at most {DEFAULT_LIMITS.max_pixels} of them", "draw on the image as it was sent"
        )
    if not opened.images and opened.frames:
        raise SegmentationImportError(
            name, "no reference to an image", "the SOP Instance UID of the radiograph that it was drawn on", "export it with its source images"
        )
    opened.check_frames()
    return opened


def _opened(dataset: Dataset, name: str) -> SegmentationFile:
    shared = next(iter(dataset.get("SharedFunctionalGroupsSequence", []) or []), Dataset())
    groups = list(dataset.get("PerFrameFunctionalGroupsSequence", []) or [])
    whole, labelmap = _listed_images(dataset), str(dataset.SOPClassUID) == LABELMAP_STORAGE
    segments = tuple(_segment(s) for s in dataset.SegmentSequence)
    return SegmentationFile(
        source=name,
        sop_instance_uid=str(dataset.SOPInstanceUID),
        shape=(int(dataset.Rows), int(dataset.Columns)),
        segments=segments,
        frames=tuple(_frame((group, shared), whole, labelmap=labelmap) for group in groups),
        background=_background(dataset, segments, labelmap=labelmap),
        fractional=str(dataset.get("SegmentationType", "")).strip() == "FRACTIONAL",
        dataset=dataset,
    )


def _background(dataset: Dataset, segments: Sequence[Segment], *, labelmap: bool) -> frozenset[int]:
    """Numbers of what lies around the segments. In a label map Pixel Padding Value names it, any number; 0 is one then only if it has no code."""
    coded = {s.number for s in segments if s.kind == BACKGROUND}
    padding = dataset.get("PixelPaddingValue") if labelmap else None
    named = {int(padding)} if padding is not None else {0}
    described = {s.number for s in segments}
    return frozenset(coded | named | ({0} - described))


def _segment(item: Dataset) -> Segment:
    return Segment(
        int(item.SegmentNumber),
        str(item.get("SegmentLabel", "") or "").strip(),
        _code(item, "SegmentedPropertyCategoryCodeSequence"),
        _code(item, "SegmentedPropertyTypeCodeSequence"),
        str(item.get("TrackingUID", "") or "").strip(),
    )


def _code(item: Dataset, keyword: str) -> Code | None:
    coded = next(iter(item.get(keyword, []) or []), None)
    if coded is None:
        return None
    value = coded.get("CodeValue") or coded.get("LongCodeValue") or ""
    return Code(str(value), str(coded.get("CodingSchemeDesignator", "")), str(coded.get("CodeMeaning", "")))


def _listed_images(dataset: Dataset) -> tuple[str, ...]:
    """Images that the object as a whole refers to. A single one stands for frames that name none."""
    series = dataset.get("ReferencedSeriesSequence", []) or []
    listed = [str(i.ReferencedSOPInstanceUID) for s in series for i in s.get("ReferencedInstanceSequence", []) or []]
    listed += [str(i.ReferencedSOPInstanceUID) for i in dataset.get("SourceImageSequence", []) or []]
    found = tuple(dict.fromkeys(listed))
    return found if len(found) == 1 else ()


def _frame(groups: tuple[Dataset, Dataset], whole: tuple[str, ...], *, labelmap: bool) -> FrameFacts:
    """Facts of a frame: its own functional groups first, then the shared ones."""
    derived = _items(groups, "DerivationImageSequence")
    images = tuple(str(s.ReferencedSOPInstanceUID) for d in derived for s in d.get("SourceImageSequence", []) or [])
    segment = None if labelmap else int(_items(groups, "SegmentIdentificationSequence")[0].ReferencedSegmentNumber)
    return FrameFacts(
        images or whole,
        segment,
        _numbers(groups, "PlanePositionSequence", "ImagePositionPatient"),
        _numbers(groups, "PlaneOrientationSequence", "ImageOrientationPatient"),
        _numbers(groups, "PixelMeasuresSequence", "PixelSpacing"),
    )


def _items(groups: tuple[Dataset, Dataset], keyword: str) -> list[Dataset]:
    return next((list(g[keyword].value) for g in groups if g.get(keyword)), [])


def _numbers(groups: tuple[Dataset, Dataset], sequence: str, keyword: str) -> tuple[float, ...] | None:
    item = next(iter(_items(groups, sequence)), None)
    value = None if item is None else item.get(keyword)
    return None if not value else tuple(float(v) for v in value)
