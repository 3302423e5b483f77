"""Small drawn films, written as DICOM files and measured once, and a workspace that holds them."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from calcitrack import AssessOptions
from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.review.session import ReviewSession

os.environ.setdefault("NAPARI_CONFIG", "")  # the settings of whoever runs the tests stay out of them
os.environ.setdefault("MPLBACKEND", "agg")

SHARED_TESTS = Path(__file__).resolve().parents[3] / "tests"
"""Tests of the package, whose drawn films are used here, too."""
WAIT_MS = 60_000
"""For work in the background on a busy machine."""


def _module(name: str) -> ModuleType:
    """A module of the package's tests, which are no package."""
    spec = importlib.util.spec_from_file_location(name, SHARED_TESTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> None:
    """Keep the garbage collector off a failure: its frames hold events that Qt has freed, and to look at those ends the process."""
    if call.excinfo is not None:
        gc.freeze()


@pytest.fixture(scope="session")
def reviews() -> ModuleType:
    """Drawn films, measured and recorded in a workspace to be reviewed: the functions of made_reviews.py."""
    return _module("made_reviews")


@pytest.fixture(scope="session")
def drawn() -> ModuleType:
    """Films drawn from formulas: the functions of drawn_films.py."""
    return _module("drawn_films")


@pytest.fixture(scope="session")
def film_folder(reviews: ModuleType, drawn: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three visits of one forearm, the last with a repeat exposure."""
    return reviews.write_films(tmp_path_factory.mktemp("films"), drawn)


@pytest.fixture(scope="session")
def options(reviews: ModuleType) -> AssessOptions:
    """Settings with which the program measures the films."""
    return reviews.OPTIONS


@pytest.fixture(scope="session")
def assessment(reviews: ModuleType, drawn: ModuleType, film_folder: Path) -> Assessment:
    """The deposits of the films: D001 vanishes, D002 grows, D003 appears."""
    return reviews.measured(film_folder, drawn)


@pytest.fixture(scope="session")
def kept(reviews: ModuleType, assessment: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the assessment; not to be written to."""
    return reviews.recorded(tmp_path_factory.mktemp("kept") / "workspace", assessment)


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


@pytest.fixture
def folder_with_possible(reviews: ModuleType, assessment: Assessment, tmp_path: Path) -> Path:
    """A workspace in which a film of the last visit shows two possible deposits."""
    return reviews.recorded(tmp_path / "possible", reviews.with_possible(assessment))


@pytest.fixture
def asked(folder_with_possible: Path) -> Iterator[ReviewSession]:
    """Anna's review of it."""
    with Workspace.open(folder_with_possible) as opened:
        yield ReviewSession.open(opened, "anna")


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
