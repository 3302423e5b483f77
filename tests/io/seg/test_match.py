from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from highdicom.seg import SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from calcitrack.errors import DamagedFileError, NotAnImageFileError, ReadError, SegmentationImportError
from calcitrack.io.dicom.output_options import SegmentationKind
from calcitrack.io.seg.match import Imported, import_segmentation
from calcitrack.io.seg.read import read_segmentation
from calcitrack.io.seg.write import completed, write_segmentation
from calcitrack.io.sr.codes import ABNORMAL_STRUCTURE, CALCIFICATION
from calcitrack.model.assessment import Fate, ImageAssessment

TISSUE = Code("85756007", "SCT", "Tissue")
BONE = Code("272673000", "SCT", "Bone")
MADE_WITH = {"assessment_id": "0a1b", "program": "calcitrack", "version": "0.0.made"}


@pytest.fixture
def image(films: ModuleType, made: ModuleType, tmp_path: Path) -> ImageAssessment:
    """Three deposits on an image whose file exists; the program was 90 % sure of the first two, and the third rests on another film."""
    image = made.image("P1", 2, 0, (Fate.PERSISTENT, Fate.PERSISTENT, Fate.NEW))
    films.header(image).save_as(tmp_path / "visit.dcm", enforce_file_format=True)
    sure = replace(image.segmentation, confidence={1: 0.9, 2: 0.9, 3: 0.4}, supported=frozenset({3}))
    return replace(films.described(image, tmp_path / "visit.dcm"), segmentation=sure)


def laid(path: Path, image: ImageAssessment, **more: Any) -> Imported:
    """The Segmentation of this file on its image."""
    return import_segmentation(read_segmentation(path), image, image.segmentation, **more)


def foreign(
    films: ModuleType, image: ImageAssessment, pixels: NDArray[Any], kind: str = "BINARY", types: tuple[Code, ...] = (CALCIFICATION,) * 2
) -> Dataset:
    """A Segmentation as a program built on highdicom writes it: no plane, no tracking, its own names."""
    segments = [SegmentDescription(k, f"mine {k}", ABNORMAL_STRUCTURE, t, "MANUAL") for k, t in enumerate(types, start=1)]
    return highdicom.seg.Segmentation(
        source_images=[completed(films.header(image))],
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=segments,
        series_instance_uid=generate_uid(entropy_srcs=["series"]),
        series_number=5,
        sop_instance_uid=generate_uid(entropy_srcs=["object"]),
        instance_number=1,
        manufacturer="others",
        manufacturer_model_name="drawing",
        software_versions="1",
        device_serial_number="1",
    )


def two(image: ImageAssessment) -> NDArray[np.uint8]:
    """Two deposits at new places, shape (rows, columns)."""
    drawn = np.zeros(image.segmentation.labels.shape, np.uint8)
    drawn[50:60, 20:25], drawn[80:84, 30:40] = 1, 2
    return drawn


@pytest.mark.parametrize("kind", SegmentationKind)
def test_what_was_written_comes_back_as_it_was(image: ImageAssessment, tmp_path: Path, kind: SegmentationKind) -> None:
    """Out and in again changes nothing: labels, confidence, support, limb and bone."""
    write_segmentation(tmp_path / "seg.dcm", image, kind=kind, **MADE_WITH)
    back, before = laid(tmp_path / "seg.dcm", image).segmentation, image.segmentation
    for name in ("labels", "limb", "bone"):
        assert np.array_equal(getattr(back, name), getattr(before, name)), name
    assert (dict(back.confidence), back.supported) == (dict(before.confidence), before.supported)


def test_a_redrawn_deposit_keeps_its_identity_and_loses_its_confidence(image: ImageAssessment, tmp_path: Path) -> None:
    """A segment with a deposit's tracking UID is that deposit, whatever its number; a redrawn one was drawn by the reader, a left one was not."""
    write_segmentation(tmp_path / "seg.dcm", image, **MADE_WITH)
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    pixels = seg.pixel_array.copy()
    pixels[1, 0:3, 0:3] = 1
    seg.PixelData = np.packbits(pixels.ravel(), bitorder="little").tobytes()
    first, second, third = seg.SegmentSequence
    first.TrackingUID, third.TrackingUID = third.TrackingUID, first.TrackingUID
    seg.save_as(tmp_path / "seg.dcm")
    back, before = laid(tmp_path / "seg.dcm", image).segmentation, image.segmentation.labels
    assert np.array_equal(back.labels == 1, before == 3)
    assert np.array_equal(back.labels == 3, before == 1)
    assert (back.labels == 2).sum() == (before == 2).sum() + 9
    assert dict(back.confidence) == {}
    assert second.TrackingUID == "2.25.772"


def test_possible_deposits_stay_unless_one_is_drawn_as_a_deposit(made: ModuleType, image: ImageAssessment, tmp_path: Path) -> None:
    """What a reader outlined over a possible deposit decides it; the other one stays possible."""
    asked = made.with_possible(image)
    base = asked.segmentation
    drawn = np.where(base.possible == 2, 1, base.labels)
    write_segmentation(tmp_path / "seg.dcm", replace(asked, segmentation=replace(base, labels=drawn, possible=None)), **MADE_WITH)
    back = laid(tmp_path / "seg.dcm", asked).segmentation
    assert back.possible_values == (1,)
    assert dict(back.possible_confidence) == {1: 0.7}
    np.testing.assert_array_equal(back.labels, drawn)


def by_values(films: ModuleType, image: ImageAssessment, path: Path, largest: int, scale: int | None) -> Path:
    """A fractional Segmentation whose two deposits have this value, or grow from 1 to it, and another stated largest value."""
    seg = foreign(films, image, two(image), "FRACTIONAL")
    frames = (seg.pixel_array > 0).astype(np.uint8) * (scale or 1)
    if scale is None:
        frames[0, 50:60, 20:25] = np.arange(1, 51).reshape(10, 5)
    seg.MaximumFractionalValue = largest
    seg.PixelData = frames.tobytes()
    seg.save_as(path)
    return path


@pytest.mark.parametrize(("largest", "scale"), [(255, 1), (255, 100), (1, 255), (255, 255), (1, 1)])
def test_a_fractional_segment_of_two_values_counts_by_the_larger_one(
    films: ModuleType, image: ImageAssessment, tmp_path: Path, largest: int, scale: int
) -> None:
    """Whatever is stated as the largest: 0 and 1 of 255 are a mask."""
    back = laid(by_values(films, image, tmp_path / "seg.dcm", largest, scale), image)
    np.testing.assert_array_equal(back.segmentation.labels > 0, two(image) > 0)


@pytest.mark.parametrize("largest", [255, 10])
def test_fractional_values_on_another_scale_are_refused(films: ModuleType, image: ImageAssessment, tmp_path: Path, largest: int) -> None:
    """Several values up to 50 are neither shares of 255 nor of 10."""
    with pytest.raises(DamagedFileError, match=f"fractional values up to 50 where Maximum Fractional Value is {largest}"):
        laid(by_values(films, image, tmp_path / "seg.dcm", largest, None), image)


@pytest.mark.parametrize("axis", [-1, None])
def test_padded_rows_and_frames_are_refused(films: ModuleType, image: ImageAssessment, tmp_path: Path, axis: int | None) -> None:
    """Single bits run on over rows and frames; rows or frames of whole bytes make the pixel data longer than the header allows."""
    seg = foreign(films, image, two(image))
    frames = np.pad(seg.pixel_array, ((0, 0), (0, 0), (0, 0)))
    packed = (
        np.packbits(frames, axis=axis, bitorder="little").tobytes()
        if axis
        else b"".join(np.packbits(f.ravel(), bitorder="little").tobytes() + b"\0\0" for f in frames)
    )
    seg.PixelData = packed + b"\0" * (len(packed) % 2)
    seg.save_as(tmp_path / "seg.dcm")
    with pytest.raises(DamagedFileError, match="rows or frames padded"):
        laid(tmp_path / "seg.dcm", image)


def test_frames_and_pixels_of_unknown_segments_are_refused(films: ModuleType, image: ImageAssessment, tmp_path: Path) -> None:
    """A segment that is not described may be anything; so may a frame more or less than stated."""
    seg = foreign(films, image, two(image))
    seg.PerFrameFunctionalGroupsSequence[1].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 7
    seg.save_as(tmp_path / "seg.dcm")
    with pytest.raises(DamagedFileError, match="a frame of segment 7, which the header does not describe"):
        read_segmentation(tmp_path / "seg.dcm")
    seg = foreign(films, image, two(image))
    seg.NumberOfFrames = 3
    seg.save_as(tmp_path / "seg.dcm")
    with pytest.raises(DamagedFileError, match="3 frames stated, and the place of 2 described"):
        read_segmentation(tmp_path / "seg.dcm")
    seg = foreign(films, image, two(image), "LABELMAP")
    seg.PixelData = np.where(two(image) == 2, 9, two(image)).astype(np.uint8).tobytes()
    seg.save_as(tmp_path / "seg.dcm")
    with pytest.raises(DamagedFileError, match=r"the header does not describe \(9\)"):
        laid(tmp_path / "seg.dcm", image)


@pytest.mark.parametrize("coded", [True, False])
def test_the_background_of_a_label_map_has_any_number(films: ModuleType, image: ImageAssessment, tmp_path: Path, coded: bool) -> None:
    """It is the segment that Pixel Padding Value names, or that is coded as background."""
    seg = foreign(films, image, two(image), "LABELMAP", (CALCIFICATION, CALCIFICATION, TISSUE))
    seg.PixelData = np.where(two(image) == 0, 3, two(image)).astype(np.uint8).tobytes()
    if coded:
        seg.SegmentSequence[-1].SegmentedPropertyTypeCodeSequence[0].CodeValue = "125040"
        seg.SegmentSequence[-1].SegmentedPropertyTypeCodeSequence[0].CodingSchemeDesignator = "DCM"
        seg.SegmentSequence[-1].SegmentedPropertyTypeCodeSequence[0].CodeMeaning = "Background"
    else:
        seg.PixelPaddingValue = 3
    seg.save_as(tmp_path / "seg.dcm")
    back = laid(tmp_path / "seg.dcm", image).segmentation.labels
    np.testing.assert_array_equal(back > 0, two(image) > 0)
    assert len(np.unique(back)) == 3


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_a_segmentation_of_another_program_gives_new_deposits(films: ModuleType, image: ImageAssessment, tmp_path: Path, kind: str) -> None:
    """Segments without a known identity get labels of their own, above those that were there."""
    drawn = two(image)
    foreign(films, image, drawn, kind).save_as(tmp_path / "seg.dcm")
    imported = laid(tmp_path / "seg.dcm", image)
    assert np.array_equal(imported.segmentation.labels, np.where(drawn > 0, drawn + 3, 0))
    assert (imported.image, imported.findings) == (image.exposure.acquisition.sop_instance_uid, ())


def test_a_fractional_segment_is_taken_from_half_on(films: ModuleType, image: ImageAssessment, tmp_path: Path) -> None:
    """A pixel is inside where it is more likely inside than not, and the reader is told so."""
    share = np.zeros((1, *image.segmentation.labels.shape, 1), np.float32)
    share[0, 50, 20:24, 0] = (0.2, 0.49, 0.51, 1.0)
    foreign(films, image, share, "FRACTIONAL", (CALCIFICATION,)).save_as(tmp_path / "seg.dcm")
    imported = laid(tmp_path / "seg.dcm", image)
    assert np.argwhere(imported.segmentation.labels).tolist() == [[50, 22], [50, 23]]
    assert imported.findings == ("fractional segments: pixels of at least half the largest value were taken",)


def test_dcmqi_writes_what_is_read(films: ModuleType, made: ModuleType, tmp_path: Path) -> None:
    """A Segmentation that itkimage2segimage made of a label map on a film that states a plane is imported pixel by pixel."""
    image = made.image("P1", 2, 0, (Fate.PERSISTENT,))
    (tmp_path / "films").mkdir()
    films.film(image).save_as(tmp_path / "films" / "visit.dcm", enforce_file_format=True)
    image, drawn = films.described(image, tmp_path / "films" / "visit.dcm"), two(image)
    films.write_voxels(tmp_path / "drawn.nrrd", drawn.astype(np.uint16), 0.2)
    category, kind = (dict(zip(("CodeValue", "CodingSchemeDesignator", "CodeMeaning"), code, strict=False)) for code in (ABNORMAL_STRUCTURE, TISSUE))
    segments = [
        {
            "labelID": k,
            "SegmentLabel": f"mine {k}",
            "SegmentDescription": "drawn",
            "SegmentAlgorithmType": "MANUAL",
            "SegmentedPropertyCategoryCodeSequence": category,
            "SegmentedPropertyTypeCodeSequence": kind,
            "recommendedDisplayRGBValue": [255, 0, 0],
        }
        for k in (1, 2)
    ]
    meta = {
        "ContentCreatorName": "Made^Reader",
        "SeriesDescription": "drawn",
        "SeriesNumber": "5",
        "InstanceNumber": "1",
        "segmentAttributes": [segments],
    }
    (tmp_path / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    names = {"--inputImageList": "drawn.nrrd", "--inputDICOMDirectory": "films", "--inputMetadata": "meta.json", "--outputDICOM": "seg.dcm"}
    films.told_by("itkimage2segimage", *(a for option, name in names.items() for a in (option, tmp_path / name)))
    imported = laid(tmp_path / "seg.dcm", image)
    assert np.array_equal(imported.segmentation.labels, np.where(drawn > 0, drawn + 1, 0))
    assert imported.findings == (
        "taken as deposits although not coded as calcification: 1 'mine 1' (Tissue (85756007, SCT)), 2 'mine 2' (Tissue (85756007, SCT))",
    )


def test_bone_is_no_deposit_unless_it_is_chosen(films: ModuleType, image: ImageAssessment, tmp_path: Path) -> None:
    """A segment coded as something else is refused by name; the reader may choose segments, and then their codes do not matter."""
    foreign(films, image, two(image), types=(CALCIFICATION, BONE)).save_as(tmp_path / "seg.dcm")
    with pytest.raises(SegmentationImportError, match=r"segments that are no deposits: 2 'mine 2', coded as Bone \(272673000, SCT\); expected calc"):
        laid(tmp_path / "seg.dcm", image)
    assert laid(tmp_path / "seg.dcm", image, segments=[1]).segmentation.label_values == (4,)
    assert laid(tmp_path / "seg.dcm", image, segments=[1, 2]).segmentation.label_values == (4, 5)
    with pytest.raises(SegmentationImportError, match="found no segment 7; expected one of its own: 1 'mine 1', 2 'mine 2'"):
        laid(tmp_path / "seg.dcm", image, segments=[7])


def test_codes_of_the_older_scheme_and_words_are_understood(films: ModuleType, image: ImageAssessment, tmp_path: Path) -> None:
    """SNOMED-RT's code is that of SNOMED CT, and a code of another scheme counts as a deposit where its words say so."""
    types = (Code("M-55420", "SRT", "Pathologic calcification"), Code("1", "99OTHER", "Subcutaneous calcinosis"))
    foreign(films, image, two(image), types=types).save_as(tmp_path / "seg.dcm")
    assert laid(tmp_path / "seg.dcm", image).findings == ()


def test_overlapping_segments_are_refused(films: ModuleType, image: ImageAssessment, tmp_path: Path) -> None:
    """A pixel belongs to one deposit; the message names both segments and how much they share."""
    stacked = np.stack([two(image) > 0, two(image) == 1], axis=-1)[None].astype(np.uint8)
    foreign(films, image, stacked).save_as(tmp_path / "seg.dcm")
    with pytest.raises(SegmentationImportError, match=r"segments 1 'mine 1' and 2 'mine 2', which share 50 pixels; expected deposits that do not"):
        laid(tmp_path / "seg.dcm", image)
    assert laid(tmp_path / "seg.dcm", image, segments=[1]).segmentation.label_values == (4,)


def test_another_image_is_refused(films: ModuleType, made: ModuleType, image: ImageAssessment, tmp_path: Path) -> None:
    """Outlines of another radiograph of the same size are not laid onto this one."""
    other = made.image("P2", 1, 0, (Fate.BASELINE,))
    foreign(films, other, two(other)).save_as(tmp_path / "seg.dcm")
    uid = other.exposure.acquisition.sop_instance_uid
    with pytest.raises(
        SegmentationImportError, match=f"outlines of the image {uid}; expected outlines of {image.exposure.acquisition.sop_instance_uid}"
    ):
        laid(tmp_path / "seg.dcm", image)


def moved(seg: Dataset) -> None:
    """Two pixels down."""
    for group in seg.PerFrameFunctionalGroupsSequence:
        group.PlanePositionSequence[0].ImagePositionPatient = [0, 0.4, 0]


def mirrored(seg: Dataset) -> None:
    """Rows run the other way."""
    seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]


def coarser(seg: Dataset) -> None:
    """Pixels of another size."""
    seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0.4, 0.4]


def smaller(seg: Dataset) -> None:
    """Fewer rows."""
    seg.Rows = 119


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (moved, "a grid that lies 2.0 pixels beside the radiograph; expected one that lies on it"),
        (mirrored, r"a grid that is turned or mirrored \(orientation -1, 0, 0, 0, 1, 0\); expected that of the radiograph"),
        (coarser, "pixels of 0.4 x 0.4 mm; expected those of the radiograph, 0.2 x 0.2 mm"),
        (smaller, "a grid of 119 x 90 pixels; expected that of the radiograph, 120 x 90"),
    ],
)
def test_another_grid_is_refused(image: ImageAssessment, tmp_path: Path, change: Callable[[Dataset], None], message: str) -> None:
    """Outlines that do not lie pixel on pixel would be measured at the wrong place or with the wrong size."""
    write_segmentation(tmp_path / "seg.dcm", image, **MADE_WITH)
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    change(seg)
    seg.save_as(tmp_path / "seg.dcm")
    with pytest.raises(SegmentationImportError, match=message):
        laid(tmp_path / "seg.dcm", image)


def test_a_plane_of_the_radiograph_itself_is_kept_to(films: ModuleType, made: ModuleType, tmp_path: Path) -> None:
    """Where the film states where it lies, a Segmentation lies there too, and one in the flat plane does not."""
    image = made.image("P1", 2, 0, (Fate.PERSISTENT,))
    film = films.film(image)
    film.ImagePositionPatient, film.ImageOrientationPatient = [10, 20, 30], [0, 1, 0, 0, 0, -1]
    film.save_as(tmp_path / "visit.dcm", enforce_file_format=True)
    image = films.described(image, tmp_path / "visit.dcm")
    write_segmentation(tmp_path / "seg.dcm", image, **MADE_WITH)
    assert films.errors_of(tmp_path / "seg.dcm") == []
    assert np.array_equal(laid(tmp_path / "seg.dcm", image).segmentation.labels, image.segmentation.labels)
    seg = pydicom.dcmread(tmp_path / "seg.dcm")
    seg.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    seg.save_as(tmp_path / "seg.dcm")
    with pytest.raises(SegmentationImportError, match="turned or mirrored"):
        laid(tmp_path / "seg.dcm", image)


def test_a_film_without_size_takes_outlines_without_size(films: ModuleType, made: ModuleType, tmp_path: Path) -> None:
    """Pixels are pixels, also where nothing states how large they are."""
    image = made.image("P1", 1, 0, (Fate.BASELINE,), sized=False)
    films.header(image).save_as(tmp_path / "visit.dcm", enforce_file_format=True)
    image = films.described(image, tmp_path / "visit.dcm")
    write_segmentation(tmp_path / "seg.dcm", image, **MADE_WITH)
    assert np.array_equal(laid(tmp_path / "seg.dcm", image).segmentation.labels, image.segmentation.labels)


@pytest.mark.parametrize(("modality", "words"), [("RTSTRUCT", "contours are points"), ("SR", "other measurements"), ("PR", "for display")])
def test_outlines_of_other_objects_are_refused_by_name(image: ImageAssessment, tmp_path: Path, modality: str, words: str) -> None:
    """With why they are not read, and what to export instead."""
    other = pydicom.dcmread(image.exposure.source)
    other.Modality, other.SOPClassUID = modality, "1.2.840.10008.5.1.4.1.1.481.3"
    other.save_as(tmp_path / "other.dcm")
    with pytest.raises(SegmentationImportError, match=f"modality {modality}, whose .*{words}.*; export the outlines"):
        read_segmentation(tmp_path / "other.dcm")


def test_damaged_and_other_files_are_refused(films: ModuleType, image: ImageAssessment, tmp_path: Path) -> None:
    """Each message says what was found: another kind of object, pixel data cut short, no reference to an image."""
    with pytest.raises(SegmentationImportError, match="found a DICOM object of modality DX; expected a DICOM Segmentation"):
        read_segmentation(image.exposure.source)
    (tmp_path / "notes.txt").write_text("no DICOM", encoding="utf-8")
    with pytest.raises(NotAnImageFileError):
        read_segmentation(tmp_path / "notes.txt")
    seg = foreign(films, image, two(image))
    seg.save_as(tmp_path / "seg.dcm")
    cut = pydicom.dcmread(tmp_path / "seg.dcm")
    cut.PixelData = cut.PixelData[:100]
    cut.save_as(tmp_path / "cut.dcm")
    with pytest.raises(DamagedFileError, match="pixel data that cannot be decoded"):
        laid(tmp_path / "cut.dcm", image)
    lost = pydicom.dcmread(tmp_path / "seg.dcm")
    del lost.ReferencedSeriesSequence
    for group in lost.PerFrameFunctionalGroupsSequence:
        del group.DerivationImageSequence
    lost.pop("SourceImageSequence", None)
    lost.save_as(tmp_path / "lost.dcm")
    with pytest.raises(SegmentationImportError, match="no reference to an image"):
        read_segmentation(tmp_path / "lost.dcm")
    broken = pydicom.dcmread(tmp_path / "seg.dcm")
    del broken.SegmentSequence
    broken.save_as(tmp_path / "broken.dcm")
    with pytest.raises(DamagedFileError, match="a header that breaks off or contradicts itself"):
        read_segmentation(tmp_path / "broken.dcm")


@pytest.mark.shared
def test_segmentations_of_the_corpus_are_read_or_refused_by_name(shared_dir: Path) -> None:
    """Real Segmentations of many programs and encodings: each is decoded as pydicom decodes it, or refused with a sentence."""
    folder, read = shared_dir / "real" / "dicom_robustness", 0
    for path in sorted(p for p in folder.rglob("*.dcm") if p.stem.startswith(("seg_image", "liver", "sparse-labelmap", "partial_overlaps"))):
        with suppress(ReadError):  # any other error fails the test
            file = read_segmentation(path)
            pixels = sum(int(mask.sum()) for image in file.images for _, mask in file.masks(image))
            assert pixels > 0 or not file.frames
            read += 1
    assert read > 15
    cr = read_segmentation(folder / "highdicom" / "seg_image_cr_binary.dcm")
    ((_, mask),) = cr.masks(cr.images[0])
    assert np.array_equal(mask, cr.dataset.pixel_array > 0)
