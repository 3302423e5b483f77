"""The external files that no one here made: each is an image or a typed error, quickly and in silence."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from calcitrack.errors import NotARadiographError, ReadError
from calcitrack.io.cohort.read import read_cohort
from calcitrack.io.dicom.parse import open_dataset
from calcitrack.io.dicom.pixel_data import decode_frame, transfer_syntax
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.files.sources import FileSource
from calcitrack.io.images.read import read_radiograph
from calcitrack.model.cohort import FileStatus
from calcitrack.model.image import Radiograph

pytestmark = pytest.mark.shared

SECONDS_A_FILE = 5.0
"""Far above what any file needs, also on a busy machine; a hang is longer."""
LOSSY = (
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.53",
    "1.2.840.10008.1.2.4.55",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.91",
)


def files_of(folder: Path) -> list[Path]:
    """All files, by name; at least one, since a test over none would prove nothing."""
    found = sorted(p for p in folder.rglob("*") if p.is_file())
    assert found, folder
    return found


def stored_values(path: Path) -> np.ndarray:
    """First frame."""
    limits = ReadLimits()
    return decode_frame(open_dataset(FileSource(path), limits, pixels=True).dataset, path.name, limits).values


def test_every_file_is_an_image_or_a_typed_error(shared_dir: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No other exception, no warning (they are errors here), nothing printed, no file that takes long."""
    slow, vague = [], []
    for path in files_of(shared_dir / "real" / "dicom_robustness"):
        start = time.perf_counter()
        try:
            assert isinstance(read_radiograph(path), Radiograph)
        except ReadError as error:
            vague += [] if error.source == str(path) and error.found and error.expected and error.action else [path]
        slow += [path] if time.perf_counter() - start > SECONDS_A_FILE else []
    assert (slow, vague) == ([], [])
    assert capfd.readouterr() == ("", "")


def test_one_ct_slice_in_all_transfer_syntaxes_decodes_and_the_lossless_ones_agree(shared_dir: Path) -> None:
    """Every lossless copy holds the same pixels; every lossy one decodes to the same size."""
    reference: np.ndarray | None = None
    syntaxes = set()
    for path in files_of(shared_dir / "real" / "dicom_robustness" / "ct_all_syntaxes"):
        header = open_dataset(FileSource(path), ReadLimits(), pixels=False).dataset
        if header.Modality != "CT":
            continue
        values = stored_values(path)
        syntax = transfer_syntax(header)
        syntaxes.add(syntax)
        assert values.shape == (512, 512)
        if syntax not in LOSSY:
            reference = values if reference is None else reference
            np.testing.assert_array_equal(values, reference)
    assert len(syntaxes) == 15
    assert set(LOSSY) < syntaxes


def test_one_film_in_several_encodings_is_the_same_picture(shared_dir: Path) -> None:
    """Films of one person in uncompressed, run-length and JPEG 2000 form are equal, through the whole reader."""
    same: dict[tuple[str, tuple[int, int]], list[Radiograph]] = {}
    for path in files_of(shared_dir / "real" / "limbs"):
        if (image := read_radiograph(path)).acquisition.patient_id:
            same.setdefault((image.acquisition.patient_id, image.shape), []).append(image)
    assert max(len(images) for images in same.values()) == 3
    for first, *others in same.values():
        for other in others:
            np.testing.assert_array_equal(other.pixels, first.pixels)


def test_limbs_are_read(shared_dir: Path) -> None:
    """An adult hand with a broken JPEG 2000 marker, a lower leg, children's hands as pictures."""
    for path in files_of(shared_dir / "real" / "limbs"):
        image = read_radiograph(path)
        assert np.ptp(image.pixels[image.valid_mask]) > 100


def test_the_phantom_set_is_ten_timelines(shared_dir: Path) -> None:
    """34 images; six people with four visits and a repeat at the last, four with one visit."""
    cohort = read_cohort(shared_dir / "phantom" / "radiographs")
    visits = sorted([len(p.exposures) for p in t.time_points] for t in cohort.timelines)
    assert visits == [[1]] * 4 + [[1, 1, 1, 2]] * 6
    assert sum(f.status is FileStatus.READ for f in cohort.files) == 34


def test_a_scan_of_the_corpus_has_one_record_a_file(shared_dir: Path) -> None:
    """Nothing is lost, and scan and reader agree on what is no radiograph."""
    folder = shared_dir / "real" / "dicom_robustness"
    records = {r.source: r for r in read_cohort(folder).files}
    paths = files_of(folder)
    assert len(paths) <= len(records)
    for path in paths:
        try:
            read_radiograph(path)
        except NotARadiographError:
            assert records[str(path)].status is FileStatus.SKIPPED
        except ReadError:
            assert records[str(path)].status is not FileStatus.READ
