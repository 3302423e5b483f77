"""PNG, JPEG or TIFF with a sidecar -> Radiograph, for people without DICOM files."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import PHOTOMETRIC_INTERPRETATION, TiffImageFile

from calcitrack.calibrate.intensity import classify
from calcitrack.errors import DamagedFileError, ImageTooLargeError, UnsupportedImageError
from calcitrack.io.dicom.codestream import decoded_pixels
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.limits import DEFAULT_LIMITS, ReadLimits
from calcitrack.io.files.sources import FileSource, too_much_work
from calcitrack.io.images.sidecar import Sidecar, read_sidecar, sidecar_of
from calcitrack.model.film_quality import MEASURE_ANYWAY, FilmProblem
from calcitrack.model.image import Acquisition, Radiograph
from calcitrack.model.spacing import Spacing
from calcitrack.model.two_limbs import TwoLimbs

JPEG_START = b"\xff\xd8\xff"
PICTURE_STARTS = (b"\x89PNG\r\n\x1a\n", JPEG_START, b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
"""PNG, JPEG, and TIFF and BigTIFF in both byte orders."""
FORMATS = ("PNG", "JPEG", "TIFF")
LOSSY_TIFF = ("jpeg", "tiff_jpeg", "webp")
"""Pillow's names of the compressions of TIFF that lose detail."""
LOSSY = "a lossy picture: JPEG has changed its grey values, and blurred or added fine structures; deposits of few pixels and all areas are less sure"
TURNS = {
    2: "mirrored left to right",
    3: "turned by 180 degrees",
    4: "mirrored top to bottom",
    5: "mirrored along its diagonal",
    6: "turned by 90 degrees clockwise",
    7: "mirrored along its other diagonal",
    8: "turned by 90 degrees counterclockwise",
}
"""What each value of the Orientation tag asks a viewer to do (Exif 2.32, 4.6.4; TIFF 6.0, page 36)."""
LIES_ON_ITS_SIDE = 5
"""From this value on, rows and columns change places."""
A_PICTURE = "a whole PNG, JPEG or TIFF"
GREY_MODES = ("L", "I;16", "I;16B", "I;16L", "LA")
COLOUR_MODES = ("RGB", "RGBA", "P", "PA")
WIDE_MODES = ("I;16", "I;16B", "I;16L")
PNG_DEPTH_AT = 24
"""Bit depth in the IHDR chunk (PNG specification, 11.2.1); Pillow would reduce 16-bit colour to 8 bits without a word."""
TIFF_DEPTH_TAG = 258
WHITE_IS_ZERO = 0
"""TIFF PhotometricInterpretation; Pillow inverts such pictures of 8 bits itself, and not those of 16."""


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """Facts of a picture and its sidecar, read before any pixel is decoded."""

    acquisition: Acquisition
    spacing: Spacing
    has_sidecar: bool
    findings: tuple[str, ...]
    two_limbs: TwoLimbs | None = None
    measure_anyway: frozenset[FilmProblem] = frozenset()

    @property
    def attention(self) -> tuple[str, ...]:
        """Those of the findings that the console says too."""
        return tuple(f for f in self.findings if f == LOSSY)


def looks_like_picture(head: bytes) -> bool:
    """Whether a file that begins with these bytes is PNG, JPEG or TIFF."""
    return head.startswith(PICTURE_STARTS)


def read_picture_facts(source: FileSource, limits: ReadLimits) -> PictureFacts:
    """Facts from the picture's header and its sidecar.

    Raises
    ------
    SidecarError
        The sidecar is broken; a missing one is a finding.
    DamagedFileError, UnsupportedImageError, ImageTooLargeError
        By what is wrong with the picture.
    """
    with source.open(limits) as stream, collected_warnings(), _opened(source, stream, limits) as image:
        return _facts(image, source, limits)


def read_picture(source: FileSource, limits: ReadLimits = DEFAULT_LIMITS) -> Radiograph:
    """Read a radiograph from a grey PNG or TIFF of 8 or 16 bits, or a grey JPEG; tier C, since nothing states what its values mean.

    It is turned upright as its Orientation tag (Exif, TIFF) asks, with a finding. That a picture is lossy is one too.
    Grey stored as colour is accepted when its channels are equal; an alpha channel is ignored. Both are findings.
    Resolution tags (dpi) are not used: they state the size of a print.

    Raises
    ------
    ReadError
        As `read_picture_facts`.
    """
    with source.open(limits) as stream, collected_warnings(), _opened(source, stream, limits) as image:
        facts = _facts(image, source, limits)
        values, findings = _grey_values(image, source)
    calibration = classify(facts.acquisition)
    return Radiograph(
        pixels=calibration.polarity * values.astype(np.float32),
        spacing=facts.spacing,
        acquisition=facts.acquisition,
        calibration=calibration,
        source=source.name,
        findings=(*facts.findings, *findings),
        measure_anyway=facts.measure_anyway,
    )


def _opened(source: FileSource, stream: object, limits: ReadLimits) -> Image.Image:
    """Open the picture and check its header; pixels are not decoded yet."""
    try:
        image = Image.open(stream, formats=FORMATS)  # type: ignore[arg-type]
        several = bool(getattr(image, "is_animated", False))  # not n_frames, which reads all pages of a TIFF, each against all before
    except Image.DecompressionBombError as error:
        raise ImageTooLargeError(source.name, "a picture that is too large", f"at most {limits.max_pixels} pixels", "reduce it") from error
    except UnidentifiedImageError as error:  # its words hold the path, which a blinded reader must not see
        raise DamagedFileError(source.name, "a picture with a broken header", A_PICTURE, "export it again") from error
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, OverflowError, ArithmeticError) as error:
        raise DamagedFileError(source.name, f"a picture with a broken header ({error})", A_PICTURE, "export it again") from error
    if image.width * image.height > limits.max_pixels:
        raise ImageTooLargeError(source.name, f"a picture of {image.height} x {image.width} pixels", f"at most {limits.max_pixels}", "reduce it")
    if several:
        raise UnsupportedImageError(source.name, "more than one page", "a single one", "save the page to be measured as a file of its own")
    _check_mode(image, source)
    if image.format in ("JPEG", "MPO"):
        with source.open(limits) as content:
            asked = decoded_pixels(content.read(), image.width * image.height)
        if asked > limits.max_decoded_pixels:
            raise too_much_work(source.name, asked, limits)
    return image


def _check_mode(image: Image.Image, source: FileSource) -> None:
    if image.mode not in (*GREY_MODES, *COLOUR_MODES):
        raise UnsupportedImageError(source.name, f"pixels of the kind {image.mode!r}", "grey of 8 or 16 bits", "save it as grey PNG or TIFF")
    if image.format in ("PNG", "TIFF") and image.mode not in WIDE_MODES and _depth(image, source) > 8:
        raise UnsupportedImageError(source.name, "16-bit colour or alpha", "grey of 8 or 16 bits", "save it as 16-bit grey without alpha")


def _depth(image: Image.Image, source: FileSource) -> int:
    if isinstance(image, TiffImageFile):
        return int(max(image.tag_v2.get(TIFF_DEPTH_TAG, (8,))))
    with source.open(ReadLimits()) as stream:
        return stream.read(PNG_DEPTH_AT + 1)[PNG_DEPTH_AT]


def _facts(image: Image.Image, source: FileSource, limits: ReadLimits) -> PictureFacts:
    own_sidecar = read_sidecar(source, limits)
    sidecar = own_sidecar or Sidecar()
    findings = ["a picture without DICOM header: its grey values have no stated relationship to the beam"]
    if own_sidecar is None:
        findings.append(f"no sidecar {sidecar_of(source).name}: neither patient, date nor pixel size is stated")
    if sidecar.spacing is None:
        findings.append("nothing states the size of a pixel: lengths and areas are counted in pixels")
    orientation = _orientation(image)
    if _is_lossy(image):
        findings.append(LOSSY)
    if sidecar.measure_anyway:
        findings.append(f"the sidecar states {MEASURE_ANYWAY} {' '.join(sorted(sidecar.measure_anyway))}")
    if orientation in TURNS:
        findings.append(f"the picture was {TURNS[orientation]}, as its Orientation tag asks")
    rows, columns = _upright_shape(image, orientation)
    inverted = isinstance(image, TiffImageFile) and image.mode in WIDE_MODES and image.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == WHITE_IS_ZERO
    acquisition = Acquisition(
        patient_id=sidecar.patient_id,
        body_part_examined=sidecar.body_part,
        laterality=sidecar.laterality,
        view_position=sidecar.view,
        study_date=sidecar.acquisition_time.date() if sidecar.acquisition_time else None,
        acquisition_time=sidecar.acquisition_time,
        time_of_day_known=sidecar.acquisition_time is None or sidecar.acquisition_time.time() != dt.time(),
        photometric_interpretation=sidecar.photometric_interpretation or ("MONOCHROME1" if inverted else "MONOCHROME2"),
        bits_stored=16 if image.mode in WIDE_MODES else 8,
        rows=rows,
        columns=columns,
    )
    return PictureFacts(
        acquisition, sidecar.spacing or Spacing.uncalibrated(), own_sidecar is not None, tuple(findings), sidecar.two_limbs, sidecar.measure_anyway
    )


def _is_lossy(image: Image.Image) -> bool:
    return image.format in ("JPEG", "MPO") or (isinstance(image, TiffImageFile) and image.info.get("compression") in LOSSY_TIFF)


def _orientation(image: Image.Image) -> int:
    """Value of the Orientation tag; 1, upright, where there is none or it cannot be read."""
    try:
        stated = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # Pillow raises many kinds on broken Exif; a picture without it is whole
        return 1
    return stated if isinstance(stated, int) and stated in TURNS else 1


def _upright_shape(image: Image.Image, orientation: int) -> tuple[int, int]:
    """Rows and columns once the picture stands upright. Of a TIFF, Pillow states them so before it turns the pixels."""
    lies = orientation >= LIES_ON_ITS_SIDE and not isinstance(image, TiffImageFile)
    return (image.width, image.height) if lies else (image.height, image.width)


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture with its pixels as the Orientation tag asks. Pillow does that itself for TIFF."""
    return image if orientation == 1 or isinstance(image, TiffImageFile) else ImageOps.exif_transpose(image)


def _grey_values(image: Image.Image, source: FileSource) -> tuple[NDArray[np.integer], tuple[str, ...]]:
    """Grey values, shape (rows, columns), and findings about dropped channels."""
    try:
        upright = _upright(image, _orientation(image))
        values = np.asarray(upright.convert("RGBA") if upright.mode in ("P", "PA") else upright)
    except (OSError, ValueError, SyntaxError, MemoryError, OverflowError, IndexError) as error:
        raise DamagedFileError(source.name, f"pixel data that breaks off ({error})", A_PICTURE, "export it again") from error
    if values.ndim == 2:
        return values, ()
    findings = []
    if values.shape[2] in (2, 4):
        if (values[..., -1] != np.iinfo(values.dtype).max).any():
            findings.append("the picture's alpha channel is ignored")
        values = values[..., :-1]
    if (values != values[..., :1]).any():
        raise UnsupportedImageError(source.name, "a colour picture", "grey, or colour with equal channels", "save it as grey")
    if values.shape[2] > 1:
        findings.append("grey stored as colour; one channel is used")
    return values[..., 0], tuple(findings)
