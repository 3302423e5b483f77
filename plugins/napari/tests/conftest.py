"""Small drawn films, written as DICOM files and measured once, and a workspace that holds them."""

from __future__ import annotations

import datetime as dt
import gc
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from calcitrack import AssessOptions, Radiograph, SegmentOptions, assess, read_cohort
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.review.session import ReviewSession
from calcitrack.segment import Method

os.environ.setdefault("NAPARI_CONFIG", "")  # the settings of whoever runs the tests stay out of them
os.environ.setdefault("MPLBACKEND", "agg")

ROOT = Path(__file__).resolve().parents[3]
FIRST = dt.date(2021, 3, 1)
TRANSPARENT = AssessOptions(segment=SegmentOptions(method=Method.TRANSPARENT, min_confidence=0.3))
"""The drawn limbs are no anatomy that the network has seen."""
WAIT_MS = 60_000
"""For work in the background on a busy machine."""
DX_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"


def _drawn() -> ModuleType:
    spec = importlib.util.spec_from_file_location("drawn_films", ROOT / "tests" / "drawn_films.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def _write(path: Path, film: Radiograph, date: dt.date, number: int) -> None:
    """The film's stored values as a DX image FOR PROCESSING, linear in the beam."""
    stored = np.clip(-film.pixels, 0, 65535).round().astype("<u2")
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = DX_PROCESSING
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = f"2.25.77{number}"
    made.StudyInstanceUID, made.SeriesInstanceUID = f"2.25.78{number}", f"2.25.79{number}"
    made.PatientID, made.Modality, made.BodyPartExamined, made.ImageLaterality, made.ViewPosition = "DRAWN", "DX", "FOREARM", "L", "AP"
    made.PresentationIntentType, made.PhotometricInterpretation = "FOR PROCESSING", "MONOCHROME1"
    made.PixelIntensityRelationship, made.PixelIntensityRelationshipSign = "LIN", 1
    made.StudyDate = made.AcquisitionDate = date.strftime("%Y%m%d")
    made.StudyTime = made.AcquisitionTime = f"10{number % 60:02d}00"
    made.KVP, made.FilterMaterial, made.FilterThicknessMinimum, made.FilterThicknessMaximum = 55, "ALUMINUM", 3, 3
    made.ImagerPixelSpacing = [film.spacing.row_mm, film.spacing.column_mm]
    made.EstimatedRadiographicMagnificationFactor = 1.0
    made.Rows, made.Columns = stored.shape
    made.SamplesPerPixel, made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 1, 16, 16, 15, 0
    made.PixelData = stored.tobytes()
    made["PixelData"].VR = "OW"
    made.save_as(path, enforce_file_format=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> None:
    """Keep the garbage collector off a failure: its frames hold events that Qt has freed, and to look at those ends the process."""
    if call.excinfo is not None:
        gc.freeze()


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One deposit grows, one vanishes after baseline, one appears at the last of three visits, which has a repeat exposure."""
    drawn, folder = _drawn(), tmp_path_factory.mktemp("films")
    growing = [drawn.Disc(40, 22, r, 150.0) for r in (1.5, 2.0, 2.5)]
    vanishing, appearing = drawn.Disc(75, 60, 2.0, 200.0), drawn.Disc(95, 24, 1.6, 250.0)
    visits = [[growing[0], vanishing], [growing[1]], [growing[2], appearing], [growing[2], appearing]]
    for k, discs in enumerate(visits):
        date = FIRST + dt.timedelta(days=200 * min(k, 2))
        _write(folder / f"film{k}.dcm", drawn.draw(discs, pitch_mm=0.25, seed=k + 1), date, k + 1)
    return folder


@pytest.fixture(scope="session")
def assessment(films: Path) -> Assessment:
    """What calcitrack finds on the films: D001 vanishes, D002 grows, D003 appears."""
    (timeline,) = read_cohort(films).timelines
    return assess(timeline, options=TRANSPARENT)


@pytest.fixture(scope="session")
def kept(assessment: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the assessment; not to be written to."""
    folder = tmp_path_factory.mktemp("kept") / "workspace"
    with Workspace.create(folder) as workspace:
        workspace.record(assessment)
    return folder


@pytest.fixture
def folder(kept: Path, tmp_path: Path) -> Path:
    """A workspace of the test's own."""
    return Path(shutil.copytree(kept, tmp_path / "workspace"))


@pytest.fixture
def workspace(folder: Path) -> Iterator[Workspace]:
    """The same, open."""
    with Workspace.open(folder) as opened:
        yield opened


@pytest.fixture
def session(workspace: Workspace) -> ReviewSession:
    """Anna's review of the films."""
    return ReviewSession.open(workspace, "anna")


@pytest.fixture(scope="module")
def viewer() -> Iterator[Any]:
    """One viewer for all tests of a file; starting it is what takes time."""
    import napari
    from qtpy.QtWidgets import QApplication

    made = napari.Viewer(show=True)
    made.window._qt_window.resize(1400, 600)  # drawn by the processor: each pixel costs time
    gc.collect()
    gc.freeze()  # napari collects garbage after each layer that goes; what is loaded is none
    gc.disable()
    yield made
    QApplication.processEvents()
    made.close()
    QApplication.processEvents()
    gc.enable()
    gc.collect()


@pytest.fixture
def widget(viewer: Any, qtbot: Any, folder: Path) -> Iterator[Any]:
    """Anna reviews the drawn films."""
    from calcitrack_napari.serial_review.widget import ReviewWidget

    made = ReviewWidget(viewer)
    dock = viewer.window.add_dock_widget(made, name="Serial review", area="right")
    made.panel.reader.setText("anna")
    made.open_workspace(folder)
    assert made.session is not None, made.panel.words.text()
    qtbot.waitUntil(lambda: all(made.session.state.is_ready(k) for k in range(4)), timeout=WAIT_MS)
    yield made
    made.close_review()
    viewer.window.remove_dock_widget(dock)
    viewer.layers.clear()
