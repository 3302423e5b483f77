from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage

from calcitrack.errors import ResultsError
from calcitrack.io.dicom.output_options import SegmentationKind
from calcitrack.io.seg import write as dicom_seg
from calcitrack.io.seg.write import segmentation_object, write_label_picture, write_segmentation
from calcitrack.model.assessment import Fate, ImageAssessment
from calcitrack.model.uids import derived_uid

MADE_WITH = {"assessment_id": "0a1b", "program": "calcitrack", "version": "0.0.made"}


@pytest.fixture
def image(films: ModuleType, made: ModuleType, tmp_path: Path) -> ImageAssessment:
    """Three deposits on an image whose file exists."""
    image = made.image("P1", 2, 0, (Fate.PERSISTENT, Fate.PERSISTENT, Fate.NEW))
    path = tmp_path / "visit.dcm"
    films.header(image).save_as(path, enforce_file_format=True)
    return films.described(image, path)


def written(image: ImageAssessment, path: Path) -> Dataset:
    """What a reader finds in the file."""
    write_segmentation(path, image, **MADE_WITH)
    return pydicom.dcmread(path)


def test_each_deposit_is_a_segment_with_its_identity(image: ImageAssessment, tmp_path: Path) -> None:
    """Segments carry the deposit id and the tracking UID, and their frames are the deposits' pixels."""
    seg = written(image, tmp_path / "seg.dcm")
    segments = seg.SegmentSequence
    assert [(s.SegmentLabel, s.TrackingID, s.TrackingUID) for s in segments] == [(f"D00{i}", f"D00{i}", f"2.25.77{i}") for i in (1, 2, 3)]
    for k, group in enumerate(seg.PerFrameFunctionalGroupsSequence):
        label = int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        assert np.array_equal(seg.pixel_array[k] > 0, image.segmentation.labels == label)


def test_segments_follow_the_ids_and_not_the_labels(image: ImageAssessment, tmp_path: Path) -> None:
    """When an image's label 1 is deposit D003, the segment called D003 holds the pixels of label 1."""
    first, second, third = image.deposits
    swapped = (replace(first, deposit_id="D003"), second, replace(third, deposit_id="D001"))
    seg = written(replace(image, deposits=swapped), tmp_path / "seg.dcm")
    assert [s.TrackingID for s in seg.SegmentSequence] == ["D001", "D002", "D003"]
    assert np.array_equal(seg.pixel_array[2] > 0, image.segmentation.labels == 1)


def test_patient_and_study_are_those_of_the_image(films: ModuleType, image: ImageAssessment, tmp_path: Path) -> None:
    """The object is filed under the same patient and study, and refers to the image."""
    seg, source = written(image, tmp_path / "seg.dcm"), films.header(image)
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyID", "AccessionNumber"):
        assert seg[keyword].value == source[keyword].value, keyword
    assert seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert seg.SeriesInstanceUID != source.SeriesInstanceUID


def test_detector_spacing_is_carried_and_named(image: ImageAssessment, tmp_path: Path) -> None:
    """An image with only ImagerPixelSpacing gives a segmentation with that pixel spacing, and its basis is said."""
    seg = written(image, tmp_path / "seg.dcm")
    assert list(seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing) == [0.2, 0.2]
    assert seg.ContentDescription == "pixel spacing basis: detector (ImagerPixelSpacing)"


def test_no_size_is_invented(films: ModuleType, made: ModuleType) -> None:
    """An image without a stated size gives a segmentation without pixel spacing."""
    image = made.image("P1", 1, 0, (Fate.BASELINE,), sized=False)
    seg = segmentation_object(films.header(image), image, **MADE_WITH)
    assert "PixelMeasuresSequence" not in seg.SharedFunctionalGroupsSequence[0]


def test_an_image_without_deposits_says_so(films: ModuleType, made: ModuleType) -> None:
    """Nothing found is one empty segment that names no deposit, not a missing object."""
    image = made.image("P1", 1, 0, ())
    seg = segmentation_object(films.header(image), image, **MADE_WITH)
    assert [s.SegmentLabel for s in seg.SegmentSequence] == ["no deposit found"]
    assert "TrackingID" not in seg.SegmentSequence[0]
    assert not seg.pixel_array.any()


def test_the_same_run_writes_the_same_bytes(image: ImageAssessment, tmp_path: Path) -> None:
    """One UID never names two contents: writing again gives identical files, and another assessment gives other UIDs."""
    write_segmentation(tmp_path / "a.dcm", image, **MADE_WITH)
    write_segmentation(tmp_path / "b.dcm", image, **MADE_WITH)
    write_segmentation(tmp_path / "c.dcm", image, **{**MADE_WITH, "assessment_id": "ffff"})
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()
    a, c = pydicom.dcmread(tmp_path / "a.dcm"), pydicom.dcmread(tmp_path / "c.dcm")
    assert a.SOPInstanceUID != c.SOPInstanceUID
    assert a.SeriesInstanceUID != c.SeriesInstanceUID


def test_derived_uids_are_valid_and_differ() -> None:
    """Derived UIDs keep to the 64 characters of the standard and depend on every part."""
    uids = {derived_uid(kind, str(i)) for kind in ("series", "segmentation") for i in range(200)}
    assert len(uids) == 400
    assert all(pydicom.uid.UID(u).is_valid for u in uids)


@pytest.mark.parametrize("left_out", ["PatientName", "PatientBirthDate", "AccessionNumber", "StudyDate", "ReferringPhysicianName", "ContentDate"])
def test_headers_with_holes_are_good_enough(films: ModuleType, made: ModuleType, left_out: str) -> None:
    """A header that lacks a patient or study attribute still gives a segmentation; an unknown value stays unknown."""
    image = made.image("P1", 1, 0, (Fate.BASELINE,))
    ds = films.header(image, ComputedRadiographyImageStorage)
    del ds[left_out]
    seg = segmentation_object(ds, image, **MADE_WITH)
    assert not seg.get(left_out) or left_out == "ContentDate"
    assert left_out not in ds


def test_a_header_without_uids_is_refused(films: ModuleType, made: ModuleType) -> None:
    """Without a study to be filed under there is no segmentation, and the message names what is missing."""
    image = made.image("P1", 1, 0, (Fate.BASELINE,))
    ds = films.header(image)
    del ds.StudyInstanceUID
    with pytest.raises(ResultsError, match="does not state StudyInstanceUID"):
        segmentation_object(ds, image, **MADE_WITH)


def test_a_file_that_changed_is_refused(films: ModuleType, image: ImageAssessment, tmp_path: Path) -> None:
    """If another image lies under the name now, no segmentation with the wrong patient is written."""
    other = films.header(image)
    other.SOPInstanceUID = "2.25.1"
    other.save_as(tmp_path / "visit.dcm", enforce_file_format=True)
    with pytest.raises(ResultsError, match="another one now"):
        write_segmentation(tmp_path / "seg.dcm", image, **MADE_WITH)
    (tmp_path / "visit.dcm").unlink()
    with pytest.raises(ResultsError, match="could not be read again"):
        write_segmentation(tmp_path / "seg.dcm", image, **MADE_WITH)


def test_images_in_an_archive_are_found_again(films: ModuleType, image: ImageAssessment, tmp_path: Path) -> None:
    """A source named archive.zip!member is read from the archive, also when the archive's name holds an exclamation mark."""
    path = tmp_path / "all!.zip"
    with ZipFile(path, "w") as archive:
        archive.write(tmp_path / "visit.dcm", "in/visit.dcm")
    zipped = films.described(image, Path(f"{path}!in/visit.dcm"))
    assert written(zipped, tmp_path / "seg.dcm").PatientID == "P1"


def test_very_large_objects_are_compressed_without_loss(image: ImageAssessment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the size limit the frames are stored as lossless JPEG 2000 and read back as the same pixels."""
    plain = written(image, tmp_path / "plain.dcm").pixel_array
    monkeypatch.setattr(dicom_seg, "MAX_UNCOMPRESSED_BYTES", 1)
    packed = written(image, tmp_path / "packed.dcm")
    assert packed.file_meta.TransferSyntaxUID.name == "JPEG 2000 Image Compression (Lossless Only)"
    assert np.array_equal(packed.pixel_array, plain)


@pytest.mark.parametrize("count", [0, 1, 12])
@pytest.mark.parametrize("kind", SegmentationKind)
def test_size_limit_counts_what_is_written(
    films: ModuleType, made: ModuleType, monkeypatch: pytest.MonkeyPatch, count: int, kind: SegmentationKind
) -> None:
    """An object is left uncompressed at a limit of just the bytes that its pixels take, and compressed below: also a label map of many deposits."""
    image = made.image("P1", 1, 0, (Fate.BASELINE,) * count)
    bits = image.segmentation.labels.size * (max(1, count) if kind is SegmentationKind.BINARY else 8)
    for limit, compressed in ((bits // 8, False), (bits // 8 - 1, True)):
        monkeypatch.setattr(dicom_seg, "MAX_UNCOMPRESSED_BYTES", limit)
        seg = segmentation_object(films.header(image), image, kind=kind, **MADE_WITH)
        assert seg.file_meta.TransferSyntaxUID.is_compressed == compressed
        assert compressed or len(seg.PixelData) - bits / 8 < 2


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize("kind", SegmentationKind)
def test_dciodvfy_finds_no_error(films: ModuleType, made: ModuleType, tmp_path: Path, count: int, sized: bool, kind: SegmentationKind) -> None:
    """The independent DICOM validator accepts the object, with and without deposits and pixel size, binary and as a label map."""
    image = made.image("P1", 1, 0, (Fate.BASELINE,) * count, sized=sized)
    segmentation_object(films.header(image), image, kind=kind, **MADE_WITH).save_as(tmp_path / "seg.dcm", enforce_file_format=True)
    assert films.errors_of(tmp_path / "seg.dcm") == []


@pytest.mark.parametrize("kind", SegmentationKind)
def test_dcmqi_reads_the_same_deposits(films: ModuleType, image: ImageAssessment, tmp_path: Path, kind: SegmentationKind) -> None:
    """An independent reader finds the same pixels, names, tracking UIDs and codes."""
    write_segmentation(tmp_path / "seg.dcm", image, kind=kind, **MADE_WITH)
    films.told_by("segimage2itkimage", "--inputDICOM", tmp_path / "seg.dcm", "--outputDirectory", tmp_path, "-p", "q", "-t", "nrrd")
    groups = json.loads((tmp_path / "q-meta.json").read_text(encoding="utf-8"))["segmentAttributes"]
    segments = [(k, s) for k, group in enumerate(groups, start=1) for s in group]
    assert [(s["SegmentLabel"], s["TrackingUniqueIdentifier"]) for _, s in segments] == [(f"D00{i}", f"2.25.77{i}") for i in (1, 2, 3)]
    assert {s["SegmentedPropertyTypeCodeSequence"]["CodeValue"] for _, s in segments} == {"18115005"}
    for k, segment in segments:
        pixels = films.voxels(tmp_path / f"q-{k}.nrrd")
        assert np.array_equal(pixels == segment["labelID"], image.segmentation.labels == int(segment["SegmentLabel"][1:]))


def test_a_label_picture_numbers_deposits_by_identity(image: ImageAssessment, tmp_path: Path) -> None:
    """In the label picture of an image that is not DICOM, the value of a pixel is the number in its deposit's id."""
    deposits = tuple(replace(t, deposit_id=f"D{300 + t.deposit.label}") for t in image.deposits)
    write_label_picture(tmp_path / "labels.png", replace(image, deposits=deposits))
    labels = np.array(Image.open(tmp_path / "labels.png"))
    assert np.array_equal(labels, np.where(image.segmentation.labels > 0, image.segmentation.labels + 300, 0))
