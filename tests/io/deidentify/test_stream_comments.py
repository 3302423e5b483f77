"""Comments inside compressed pictures go, and their pixels stay."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless

from calcitrack.io.deidentify import Status, deidentify
from calcitrack.io.deidentify.stream_comments import clean_streams, without_comments

MARK = b"XPID778899 Zzmarkername"
PICTURE = np.random.default_rng(5).integers(0, 250, (64, 48)).astype(np.uint8)


def jpeg(*, progressive: bool = False) -> bytes:
    """With a comment, segments of applications and a name behind its end."""
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()
    Image.fromarray(PICTURE).save(stream, "JPEG", comment=MARK, exif=exif, quality=90, progressive=progressive)
    return stream.getvalue() + MARK


def jpeg_2000() -> bytes:
    """With a comment in the main header, and a name behind its end."""
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, "JPEG2000", no_jp2=True, comment=MARK.decode())
    return stream.getvalue() + MARK


def jpeg_ls() -> bytes:
    """With a comment behind its first marker, and a name behind its end."""
    import jpeg_ls as codec

    whole = bytes(codec.encode_array(PICTURE))
    return whole[:2] + b"\xff\xfe" + (len(MARK) + 2).to_bytes(2, "big") + MARK + whole[2:] + MARK


def decoded(frame: bytes) -> np.ndarray:
    """Pixels by the library that each kind is made with."""
    if b"\xff\xf7" in frame[:40]:
        import jpeg_ls as codec

        return np.asarray(codec.decode(np.frombuffer(frame, np.uint8)))
    return np.asarray(Image.open(io.BytesIO(frame)))


STREAMS = {"baseline": jpeg(), "progressive": jpeg(progressive=True), "jpeg 2000": jpeg_2000(), "jpeg-ls": jpeg_ls()}


@pytest.mark.parametrize("kind", STREAMS)
def test_nothing_but_the_picture_stays(kind: str) -> None:
    """The mark is gone everywhere; the pixels are those of before; a second time changes nothing."""
    frame = STREAMS[kind]
    cleaned = without_comments(frame)
    assert MARK in frame
    assert MARK not in cleaned
    assert (decoded(cleaned) == decoded(frame[: -len(MARK)])).all()
    assert without_comments(cleaned) == cleaned


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_that_breaks_off_stays_as_it_is(kind: str) -> None:
    """Wherever it is cut; the search for identifiers covers it."""
    frame = STREAMS[kind][: -len(MARK)]
    for length in range(2, len(frame) - 2, 97):
        cut = frame[:length]
        assert without_comments(cut) in (cut, without_comments(frame))


@pytest.mark.parametrize(("kind", "syntax"), [("baseline", JPEGBaseline8Bit), ("jpeg 2000", JPEG2000Lossless), ("jpeg-ls", JPEGLSLossless)])
def test_a_copy_holds_no_comment(film, kind: str, syntax: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """It was withheld before, since the identifier was found; now it is written, without it."""
    path = film("a.dcm", pixels=PICTURE.astype("<u2"))
    dataset = pydicom.dcmread(path)
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.Rows, dataset.Columns = PICTURE.shape
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([STREAMS[kind]])
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path)
    report = deidentify([tmp_path / "in"], tmp_path / "out")
    assert [f.status for f in report.files] == [Status.WRITTEN]
    (copy,) = (tmp_path / "out").rglob("*.dcm")
    assert MARK not in copy.read_bytes()
    frame = next(generate_frames(pydicom.dcmread(copy).PixelData, number_of_frames=1))
    assert (decoded(without_comments(frame)) == decoded(without_comments(STREAMS[kind]))).all()


def test_frames_in_several_fragments_are_left_alone(film) -> None:  # type: ignore[no-untyped-def]
    """Which fragment belongs to which frame is not guessed."""
    dataset = pydicom.dcmread(film("a.dcm"))
    dataset.NumberOfFrames = 2
    dataset.PixelData = encapsulate([STREAMS["baseline"], STREAMS["baseline"]], fragments_per_frame=2)
    dataset["PixelData"].is_undefined_length = True
    before = dataset.PixelData
    assert clean_streams(dataset) == 0
    assert dataset.PixelData == before
