"""Drawn films that were measured once, and a workspace that holds them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from calcitrack.io.workspace import Workspace
from calcitrack.model.assessment import Assessment
from calcitrack.review.session import ReviewSession


@pytest.fixture(scope="session")
def film_folder(reviews: ModuleType, drawn: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three visits of one forearm, the last with a repeat exposure."""
    return reviews.write_films(tmp_path_factory.mktemp("films"), drawn)


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
