from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pydicom
import pytest

from calcitrack.errors import EditConflictError, InvalidValueError, SegmentationImportError
from calcitrack.io.dicom.output_options import DicomOutput
from calcitrack.io.sr.read import read_report
from calcitrack.io.workspace import Workspace
from calcitrack.io.workspace.exporting import export_results
from calcitrack.io.workspace.importing import import_into
from calcitrack.model.assessment import Assessment
from calcitrack.model.review import Review, ReviewKind


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of a size that is written quickly."""
    monkeypatch.setattr("calcitrack.figures.overlay.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.pair.LONG_SIDE", 150)
    monkeypatch.setattr("calcitrack.figures.page.DPI", 30)


@pytest.fixture
def assessment(films: ModuleType, made: ModuleType, tmp_path: Path) -> Assessment:
    """Two visits on DICOM films."""
    return films.on_disk(made.assessment("P1", visits=2, repeat=False), tmp_path)


@pytest.fixture
def workspace(assessment: Assessment, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace that holds it."""
    with Workspace.create(tmp_path / "W") as opened:
        opened.record(assessment)
        yield opened


def results(workspace: Workspace, tmp_path: Path, **more: object) -> list[Path]:
    """Segmentations of a results folder, in the order of the visits."""
    export_results(workspace, tmp_path / "R", **more)
    return sorted((tmp_path / "R" / "seg").glob("*.dcm"), key=lambda p: str(pydicom.dcmread(p).SourceImageSequence[0].ReferencedSOPInstanceUID))


def without_first(path: Path) -> Path:
    """The Segmentation as a reader gives it back who took the first deposit away."""
    seg = pydicom.dcmread(path)
    pixels = seg.pixel_array.copy()
    pixels[0] = 0
    seg.PixelData = np.packbits(pixels.ravel(), bitorder="little").tobytes()
    seg.save_as(path.with_name("edited.dcm"))
    return path.with_name("edited.dcm")


def test_outlines_of_a_reader_are_the_next_version(workspace: Workspace, assessment: Assessment, tmp_path: Path) -> None:
    """The version names the reader and the object that it came from; the audit trail has it; what was not drawn anew stays as it was."""
    edited = without_first(results(workspace, tmp_path)[0])
    (made,) = import_into(workspace, edited, reader="anna")
    uid = assessment.images[0].exposure.acquisition.sop_instance_uid
    assert (made.version, made.deposits, made.added, made.removed, made.redrawn) == (workspace.head(uid), 1, 0, 1, 0)
    assert (made.version.number, made.version.reader, made.version.based_on, made.changed) == (2, "anna", 1, True)
    assert made.version.comment == f"imported from DICOM Segmentation {pydicom.dcmread(edited).SOPInstanceUID}"
    now = workspace.segmentation(made.version).labels
    assert np.array_equal(now, np.where(assessment.images[0].segmentation.labels == 1, 0, assessment.images[0].segmentation.labels))
    assert workspace.history(who="anna")[-1].what == "segmentation edited"
    assert workspace.check().clean


def emptied(pixels: np.ndarray) -> np.ndarray:
    """No outline at all."""
    return np.zeros_like(pixels)


def shifted(pixels: np.ndarray) -> np.ndarray:
    """The same outlines half a picture further down."""
    return np.roll(pixels, pixels.shape[1] // 2, axis=1)


@pytest.mark.parametrize(("redraw", "said"), [(emptied, "no outline where 2 deposits were"), (shifted, "at another place")])
@pytest.mark.parametrize("known", [True, False])
def test_what_would_empty_or_move_deposits_stops(
    workspace: Workspace, tmp_path: Path, redraw: Callable[[np.ndarray], np.ndarray], said: str, known: bool
) -> None:
    """It is more often a mistake of the file, with and without identities; whoever means it says so."""
    seg = pydicom.dcmread(results(workspace, tmp_path)[0])
    seg.PixelData = np.packbits(redraw(seg.pixel_array).ravel(), bitorder="little").tobytes()
    for segment in seg.SegmentSequence if not known else ():
        del segment.TrackingUID
    seg.save_as(tmp_path / "other.dcm")
    with pytest.raises(SegmentationImportError, match=said):
        import_into(workspace, tmp_path / "other.dcm", reader="anna")
    (made,) = import_into(workspace, tmp_path / "other.dcm", reader="anna", replace_all=True)
    assert made.changed


@pytest.mark.parametrize("kind", ["binary", "labelmap"])
def test_our_own_outlines_change_nothing(workspace: Workspace, tmp_path: Path, kind: str) -> None:
    """A Segmentation that came back as it was is no edit."""
    for path in results(workspace, tmp_path, dicom=DicomOutput(kind)):
        (made,) = import_into(workspace, path, reader="anna")
        assert not made.changed
    assert workspace.history(who="anna") == ()


def test_an_edit_in_between_is_not_overwritten(workspace: Workspace, tmp_path: Path) -> None:
    """Who says which version they started from is told when another reader came in between; both stay."""
    edited = without_first(results(workspace, tmp_path)[1])
    import_into(workspace, edited, reader="anna")
    with pytest.raises(EditConflictError, match="version 2 by anna, made after version 1 that the edit of ben is based on"):
        import_into(workspace, edited, reader="ben", based_on=1, segments=[3])
    with pytest.raises(InvalidValueError, match=r"found no version 9 in the workspace; expected one of \[1, 2\]"):
        import_into(workspace, edited, reader="ben", based_on=9)


def test_outlines_of_an_unknown_image_are_refused(made: ModuleType, films: ModuleType, workspace: Workspace, tmp_path: Path) -> None:
    """The message names the image, and what to do."""
    (tmp_path / "other").mkdir()
    with Workspace.create(tmp_path / "V") as other:
        other.record(films.on_disk(made.assessment("P2", visits=1, repeat=False), tmp_path / "other"))
        (path,) = results(other, tmp_path)
    with pytest.raises(SegmentationImportError, match=r"an image that is not in the workspace \(2\.25\.\d+\); .* measure that image first"):
        import_into(workspace, path, reader="anna")


def report(workspace: Workspace, tmp_path: Path) -> pydicom.Dataset:
    """The report of the first visit, as an export writes it."""
    export_results(workspace, tmp_path / "R")
    return min((pydicom.dcmread(p) for p in (tmp_path / "R" / "sr").glob("*.dcm")), key=lambda ds: str(ds.StudyInstanceUID))


def test_an_accepted_assessment_is_exported_verified(workspace: Workspace, assessment: Assessment, tmp_path: Path) -> None:
    """Accepted as a whole: verified by that reader at that time. Rejected by another, or with outlines drawn anew: not any more."""
    accept = Review(reader="Anna Schmidt", kind=ReviewKind.ACCEPT, assessment_id=assessment.assessment_id)
    one = Review(reader="Ben", kind=ReviewKind.REJECT, assessment_id=assessment.assessment_id, deposit_id="D001", comment="a sesamoid bone")
    workspace.review(one)
    assert report(workspace, tmp_path).VerificationFlag == "UNVERIFIED"
    workspace.review(accept)
    verified = report(workspace, tmp_path)
    (observer,) = verified.VerifyingObserverSequence
    moment = workspace.history(who="Anna Schmidt")[-1].at
    assert (verified.VerificationFlag, str(observer.VerifyingObserverName)) == ("VERIFIED", "Schmidt^Anna")
    assert str(observer.VerificationDateTime)[:14] == moment[:19].replace("-", "").replace("T", "").replace(":", "")
    (path,) = [p for p in (tmp_path / "R" / "sr").glob("*.dcm") if pydicom.dcmread(p).SOPInstanceUID == verified.SOPInstanceUID]
    said = {g.tracking_id: g.texts.get("99CALCITRACK:review") for g in read_report(path).groups}
    assert said["D001"] == ("Ben: rejected (a sesamoid bone)",)
    assert said["burden"] == ("Anna Schmidt: accepted",)
    uid = assessment.images[0].exposure.acquisition.sop_instance_uid
    base = workspace.head(uid)
    workspace.edit(uid, workspace.segmentation(base).keeping((1,)), based_on=base, reader="Ben")
    assert report(workspace, tmp_path).VerificationFlag == "UNVERIFIED"


def test_a_rejected_assessment_is_not_verified(workspace: Workspace, assessment: Assessment, tmp_path: Path) -> None:
    """One reader's acceptance does not outweigh another's rejection."""
    for reader, kind in (("anna", ReviewKind.ACCEPT), ("ben", ReviewKind.REJECT)):
        workspace.review(Review(reader=reader, kind=kind, assessment_id=assessment.assessment_id))
    assert report(workspace, tmp_path).VerificationFlag == "UNVERIFIED"
