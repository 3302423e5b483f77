"""One DICOM file -> Radiograph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from calcitrack.calibrate.intensity import ValuePath, classify, polarity
from calcitrack.errors import DamagedFileError, UnsupportedImageError
from calcitrack.io.dicom.acquisition import read_acquisition
from calcitrack.io.dicom.header import Header
from calcitrack.io.dicom.masks import aperture_mask, padding_mask
from calcitrack.io.dicom.modality_lut import apply_modality_lut, read_value_path
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.dicom.pixel_data import DecodedFrame, cut_off, decode_frame
from calcitrack.io.dicom.pixel_layout import COLOURS, GREY, PixelLayout, read_layout
from calcitrack.io.dicom.sop_classes import check_radiograph
from calcitrack.io.dicom.spacing import read_spacing
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.limits import DEFAULT_LIMITS, ReadLimits
from calcitrack.io.files.sources import FileSource
from calcitrack.model.calibration import Calibration, Relationship
from calcitrack.model.image import Acquisition, FloatImage, Mask, Radiograph
from calcitrack.model.spacing import Spacing


@dataclass(frozen=True, slots=True)
class DicomFacts:
    """Facts of a header, read before any pixel is decoded."""

    acquisition: Acquisition
    spacing: Spacing
    calibration: Calibration


def read_facts(header: Header, source: str) -> DicomFacts:
    """Facts of a radiograph's header; what is missing or odd is a finding of ``header``.

    Raises
    ------
    NotARadiographError
        Another kind of DICOM object.
    """
    check_radiograph(header, source)
    acquisition = read_acquisition(header)
    _note_burned_in(header)
    path = read_value_path(header)
    calibration = classify(acquisition, path)
    _note_direction(acquisition, path, calibration, header)
    return DicomFacts(acquisition, read_spacing(header), calibration)


def read_dicom(source: FileSource, limits: ReadLimits = DEFAULT_LIMITS) -> Radiograph:
    """Radiograph from a DICOM file.

    Pixels are the stored values after the modality LUT or rescale, times the polarity, so that larger is denser.
    The VOI LUT (a window, or a table) is never applied, not even to images FOR PRESENTATION: it is a choice of display that
    may differ from visit to visit and may clip; contrasts are measured on the values before it. A presentation image is
    tier C or B in any case, and nothing absolute is derived from it.

    Raises
    ------
    ReadError
        One of its subclasses, by what is wrong.
    """
    opened = open_dataset(source, limits, pixels=True)
    header = Header(opened.dataset)
    with collected_warnings() as notes, meaningful_numbers(source.name):
        facts = read_facts(header, source.name)
        check_form(header, source.name)
        if opened.cut_pixel_bytes is not None:
            raise cut_off(opened.dataset, source.name, opened.cut_pixel_bytes)
        layout = read_layout(header, source.name, limits)
        frame = decode_frame(opened.dataset, source.name, limits, layout)
        facts = _with_bits(facts, frame.layout, header)
        pixels, valid = _measured_pixels(frame, header, facts.calibration.polarity, source.name)
    return Radiograph(
        pixels=pixels,
        valid=valid,
        spacing=facts.spacing,
        acquisition=facts.acquisition,
        calibration=facts.calibration,
        source=source.name,
        findings=_once((*opened.findings, *header.findings, *frame.findings, *(f"pydicom: {n}" for n in notes))),
    )


@contextmanager
def meaningful_numbers(source: str) -> Iterator[None]:
    """Context in which a number of a header that no arithmetic can use makes the file a damaged one.

    Raises
    ------
    DamagedFileError
        Such a number was met.
    """
    try:
        yield
    except OverflowError as error:
        raise DamagedFileError(
            source, "a number in the header beyond any meaning", "positions and values of a picture", "export the image again"
        ) from error


def _with_bits(facts: DicomFacts, layout: PixelLayout, header: Header) -> DicomFacts:
    """Facts with the bits that the values have, where the header states others."""
    path = read_value_path(header)
    if (layout.bits_stored, layout.signed) == (path.bits, path.signed):
        return facts
    acquisition = replace(facts.acquisition, bits_stored=layout.bits_stored)
    return replace(facts, acquisition=acquisition, calibration=classify(acquisition, replace(path, bits=layout.bits_stored, signed=layout.signed)))


def _measured_pixels(frame: DecodedFrame, header: Header, polarity: int, source: str) -> tuple[FloatImage, Mask]:
    """Pixels with padding filled by the least dense valid value, and the valid mask."""
    layout = frame.layout
    pixels = polarity * apply_modality_lut(frame.values, header, source)
    valid = aperture_mask(header, (layout.rows, layout.columns))
    padding = padding_mask(frame.values, header, signed=layout.signed, bits_allocated=layout.bits_allocated)
    if padding is not None:
        if padding.all():
            raise DamagedFileError(source, "an image whose every pixel is padding", "a picture", "export the image again")
        pixels[padding] = pixels[~padding].min()
        valid &= ~padding
    if not np.isfinite(pixels).all():
        raise DamagedFileError(source, "a modality transform that gives values beyond any number", "finite values", "export the image again")
    return pixels, valid


def check_form(header: Header, source: str) -> None:
    """Return when the header states one grey frame.

    Raises
    ------
    UnsupportedImageError
        Colour, or several frames.
    """
    frames = header.integer("NumberOfFrames") or 1
    if frames > 1:
        raise UnsupportedImageError(source, f"{frames} frames", "a single frame", "export the frame to be measured as an image of its own")
    photometric = header.code("PhotometricInterpretation")
    if not photometric:
        header.note("PhotometricInterpretation is missing; taken for MONOCHROME2")
    elif photometric not in GREY:
        known = photometric.startswith(COLOURS)
        found = f"a colour image ({photometric})" if known else f"PhotometricInterpretation {photometric}, which DICOM does not know"
        raise UnsupportedImageError(source, found, "MONOCHROME1 or MONOCHROME2", "export the original radiograph")


def _note_burned_in(header: Header) -> None:
    if header.code("BurnedInAnnotation") == "YES":
        header.note("the header says that text is burned into the picture; it may be mistaken for dense structures")


def _note_direction(acquisition: Acquisition, path: ValuePath, calibration: Calibration, header: Header) -> None:
    """Findings about which end of the values is dense, and which value stands for no beam."""
    for words in polarity(acquisition, path).contradictions:
        header.warn(words)
    if calibration.relationship is Relationship.LIN and acquisition.pixel_intensity_relationship_sign == -1:
        without_beam = (calibration.polarity * calibration.no_beam - path.intercept) / path.slope
        header.note(f"LIN with sign -1: {without_beam:.0f}, the largest stored value, is taken for no beam, which no attribute states")


def _once(findings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(findings))
