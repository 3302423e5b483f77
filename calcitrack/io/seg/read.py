"""Read a DICOM Segmentation of any program (binary, fractional or label map) frame by frame, with its segments and referenced images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels
from pydicom.sr.coding import Code

from calcitrack.errors import DamagedFileError, ImageTooLargeError, SegmentationImportError
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.sources import DEFAULT_LIMITS, FileSource
from calcitrack.io.seg.write import LABELMAP_STORAGE
from calcitrack.model.display import counted
from calcitrack.model.image import Mask

SEGMENTATION_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", LABELMAP_STORAGE)
"""SOP Classes: Segmentation, Label Map Segmentation."""
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
    """

    source: str
    sop_instance_uid: str
    shape: tuple[int, int]
    segments: tuple[Segment, ...]
    frames: tuple[FrameFacts, ...]
    fractional: bool
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
            Pixel data that are missing, incomplete or in an unknown form.
        """
        top = float(self.dataset.get("MaximumFractionalValue") or 255) if self.fractional else 1.0
        for facts, pixels in zip(self.frames, self._decoded(), strict=False):
            if image not in facts.images:
                continue
            if facts.segment is None:
                yield from ((s.number, pixels == s.number) for s in self.segments if s.number)
            else:
                yield facts.segment, np.asarray(pixels >= INSIDE_FROM * top)

    def _decoded(self) -> Iterator[NDArray[Any]]:
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
    dataset = open_dataset(FileSource(Path(path)), DEFAULT_LIMITS, pixels=True).dataset
    name = str(path)
    if str(dataset.get("SOPClassUID", "")) not in SEGMENTATION_CLASSES:
        kind = str(dataset.get("Modality", "")) or "an unknown kind"
        raise SegmentationImportError(name, f"a DICOM object of modality {kind}", "a DICOM Segmentation", "export the outlines as DICOM SEG")
    try:
        with collected_warnings():
            opened = _opened(dataset, name)
    except (AttributeError, ValueError, TypeError, KeyError, IndexError) as error:
        reason = " ".join(str(error).split())
        raise DamagedFileError(
            name, f"a header that breaks off or contradicts itself ({reason})", "a whole Segmentation", "export it again"
        ) from error
    rows, columns = opened.shape
    if rows * columns > DEFAULT_LIMITS.max_pixels:
        raise ImageTooLargeError(
            name, f"{rows} x {columns} pixels", f"at most {DEFAULT_LIMITS.max_pixels} of them", "draw on the image as it was sent"
        )
    if not opened.images and opened.frames:
        raise SegmentationImportError(
            name, "no reference to an image", "the SOP Instance UID of the radiograph that it was drawn on", "export it with its source images"
        )
    return opened


def _opened(dataset: Dataset, name: str) -> SegmentationFile:
    shared = next(iter(dataset.get("SharedFunctionalGroupsSequence", []) or []), Dataset())
    groups = list(dataset.get("PerFrameFunctionalGroupsSequence", []) or [])
    whole, labelmap = _listed_images(dataset), str(dataset.SOPClassUID) == LABELMAP_STORAGE
    return SegmentationFile(
        source=name,
        sop_instance_uid=str(dataset.SOPInstanceUID),
        shape=(int(dataset.Rows), int(dataset.Columns)),
        segments=tuple(_segment(s) for s in dataset.SegmentSequence),
        frames=tuple(_frame((group, shared), whole, labelmap=labelmap) for group in groups),
        fractional=str(dataset.get("SegmentationType", "")).strip() == "FRACTIONAL",
        dataset=dataset,
    )


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
