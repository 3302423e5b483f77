"""How many planted identifiers a copy still holds: ``python -m benchmarks.deidentify_recall [FILMS]``.

Each film is a simulated picture with its own Patient ID and name; one of them is planted in a place of its kind. A copy that is written and holds the
planted bytes is a leak; one that is not written was withheld. Films in which nothing is planted show how often chance withholds a copy.
Places and pictures are drawn with a fixed seed.
"""

from __future__ import annotations

import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from calcitrack.io.deidentify import Status, deidentify

FILMS = 200
"""Of each kind."""
SHAPE = (200, 160)
SEED = 20
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Plant = Callable[[Dataset, np.random.Generator], bytes]


def film(rng: np.random.Generator, number: int, patient_id: str, name: str) -> Dataset:
    """A radiograph: smooth, with noise, 12 bits."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    picture = 1500 + 900 * np.cos(rows / 40) * np.sin(columns / 30) + rng.normal(0, 15, SHAPE)
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = f"2.25.{1000 + number}"
    made.StudyInstanceUID, made.SeriesInstanceUID = f"2.25.{500000 + number}", f"2.25.{700000 + number}"
    made.SpecificCharacterSet = "ISO_IR 192"
    made.PatientID, made.PatientName, made.Modality, made.StudyDate = patient_id, name, "DX", "20240131"
    made.Rows, made.Columns, made.SamplesPerPixel, made.PhotometricInterpretation = *SHAPE, 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 12, 11, 0
    made.PixelData = np.clip(picture, 0, 4095).astype("<u2").tobytes()
    made["PixelData"].VR = "OW"
    return made


def _in_pixels(made: Dataset, rng: np.random.Generator, text: bytes) -> bytes:
    content = bytearray(made.PixelData)
    at = int(rng.integers(0, len(content) - len(text)))
    content[at : at + len(text)] = text
    made.PixelData = bytes(content)
    return text


def id_in_pixels(made: Dataset, rng: np.random.Generator) -> bytes:
    """The Patient ID at any byte of the picture."""
    return _in_pixels(made, rng, str(made.PatientID).encode())


def name_in_pixels(made: Dataset, rng: np.random.Generator) -> bytes:
    """The family name there."""
    return _in_pixels(made, rng, str(made.PatientName).split("^")[0].encode())


def behind_the_picture(made: Dataset, rng: np.random.Generator) -> bytes:
    """The Patient ID behind the last pixel."""
    text = str(made.PatientID).encode()
    made.PixelData = bytes(made.PixelData) + bytes(int(rng.integers(0, 4)) * 2) + text.ljust(len(text) + len(text) % 2)
    return text


def in_model(made: Dataset, rng: np.random.Generator) -> bytes:
    """The Patient ID within a word of the model's name."""
    made.ManufacturerModelName = f"DR{made.PatientID}{LETTERS[int(rng.integers(26))]}"
    return str(made.PatientID).encode()


def full_width(made: Dataset, rng: np.random.Generator) -> bytes:  # noqa: ARG001 a plant is asked with it
    """The Patient ID in full-width characters, in Manufacturer."""
    made.Manufacturer = "".join(chr(ord(c) + 0xFEE0) for c in str(made.PatientID))
    return str(made.Manufacturer).encode()


def decomposed(made: Dataset, rng: np.random.Generator) -> bytes:
    """A name with accents as characters of their own, in Manufacturer."""
    name = f"M\u00fcller{LETTERS[int(rng.integers(26))].lower()}stein\u00e9"
    made.PatientName = f"{name}^X"
    made.Manufacturer = unicodedata.normalize("NFD", name)
    return str(made.Manufacturer).encode()


def _jpeg(made: Dataset, comment: bytes, behind: bytes) -> None:
    import io

    grey = (np.frombuffer(made.PixelData, "<u2").reshape(SHAPE) >> 4).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "JPEG", quality=95, comment=comment)
    made.PixelData = encapsulate([stream.getvalue() + behind])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit = 7
    made.file_meta.TransferSyntaxUID = JPEGBaseline8Bit


def jpeg_comment(made: Dataset, rng: np.random.Generator) -> bytes:  # noqa: ARG001 a plant is asked with it
    """The Patient ID in a comment of a JPEG."""
    text = str(made.PatientID).encode()
    _jpeg(made, b"made for " + text, b"")
    return text


def behind_the_jpeg(made: Dataset, rng: np.random.Generator) -> bytes:  # noqa: ARG001 a plant is asked with it
    """The Patient ID behind its end mark."""
    text = str(made.PatientID).encode()
    _jpeg(made, b"", text)
    return text


def nothing(made: Dataset, rng: np.random.Generator) -> bytes:  # noqa: ARG001 a plant is asked with it
    """Nothing planted."""
    return b""


def nothing_in_a_jpeg(made: Dataset, rng: np.random.Generator) -> bytes:  # noqa: ARG001 a plant is asked with it
    """Nothing planted in a compressed picture."""
    _jpeg(made, b"", b"")
    return b""


def _where_planted(copy: Path) -> bytes:
    """Pixel data and the maker's words of a copy, in lower case; elsewhere, in new UIDs, a short number may be by chance."""
    made = pydicom.dcmread(copy)
    return b"\n".join((bytes(made.PixelData), str(made.get("Manufacturer")).encode(), str(made.get("ManufacturerModelName")).encode())).lower()


def digits(rng: np.random.Generator, n: int) -> str:
    """A number as a Patient ID."""
    return "".join(str(d) for d in rng.integers(1, 10, n))


def mixed(rng: np.random.Generator, n: int) -> str:
    """Letters and digits as a Patient ID."""
    return "QX" + digits(rng, n - 2)


PLANTS: tuple[tuple[str, Plant, Callable[[np.random.Generator], str]], ...] = (
    *((f"ID of {n} digits in pixels", id_in_pixels, lambda rng, n=n: digits(rng, n)) for n in (4, 5, 6, 8)),
    ("ID of 7 characters in pixels", id_in_pixels, lambda rng: mixed(rng, 7)),
    ("family name in pixels", name_in_pixels, lambda rng: mixed(rng, 7)),
    ("ID behind the last pixel", behind_the_picture, lambda rng: mixed(rng, 7)),
    ("ID within the model's name", in_model, lambda rng: digits(rng, 4)),
    ("ID in full-width characters", full_width, lambda rng: mixed(rng, 7)),
    ("name in decomposed letters", decomposed, lambda rng: mixed(rng, 7)),
    ("ID in a comment of a JPEG", jpeg_comment, lambda rng: digits(rng, 5)),
    ("ID behind the end of a JPEG", behind_the_jpeg, lambda rng: digits(rng, 5)),
    ("nothing, ID of 4 digits", nothing, lambda rng: digits(rng, 4)),
    ("nothing, ID of 4 digits, JPEG", nothing_in_a_jpeg, lambda rng: digits(rng, 4)),
)


def main(arguments: list[str]) -> int:
    """Print a line for each kind of place."""
    count = int(arguments[0]) if arguments else FILMS
    print(f"{'planted':32} films  written clean  withheld  refused  leaked")
    for kind, (words, plant, patient_id) in enumerate(PLANTS):
        rng = np.random.default_rng([SEED, kind])
        with tempfile.TemporaryDirectory() as place:
            folder, out = Path(place) / "in", Path(place) / "out"
            folder.mkdir()
            planted = {}
            for k in range(count):
                name = f"Zy{LETTERS[int(rng.integers(26))]}{LETTERS[int(rng.integers(26))]}wvut^Quibbler"
                made = film(rng, k, patient_id(rng), name)
                path = folder / f"{k:04}.dcm"
                planted[str(path)] = plant(made, rng).lower()
                pydicom.dcmwrite(path, made, enforce_file_format=True)
            report = deidentify([folder], out)
            counts = Counter(f.status for f in report.files)
            leaks = sum(bool(planted[f.source]) and planted[f.source] in _where_planted(out / f.written_as) for f in report.of(Status.WRITTEN))
        written = counts[Status.WRITTEN] - leaks
        print(f"{words:32} {count:5}  {written:13}  {counts[Status.WITHHELD]:8}  {counts[Status.REFUSED]:7}  {leaks:6}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
