"""The sample data: three simulated people with their visits, one of them treated, shipped with the program."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

from calcitrack.errors import NotFoundError, ResultsError
from calcitrack.io.cohort.read import read_cohort
from calcitrack.model.timeline import Timeline

MANIFEST = "manifest.toml"
RADIOGRAPHS = "radiographs"
_PACKAGE = Path(__file__).resolve().parents[2]
_PLACES = (_PACKAGE / "_sample_data", _PACKAGE.parent / "sample_data")
"""In an installed wheel, and in a checkout."""


def sample_folder() -> Path:
    """Folder of the sample data, with its ``manifest.toml``.

    Raises
    ------
    NotFoundError
        Neither the package nor the checkout holds them.
    """
    for place in _PLACES:
        if (place / MANIFEST).is_file():
            return place
    raise NotFoundError(str(_PLACES[0]), "no sample data", f"a folder with {MANIFEST}", "install calcitrack from a wheel, or work in a full checkout")


def sample_radiographs() -> Path:
    """Folder with the DICOM files of the sample patients, for `calcitrack.read_cohort`."""
    return sample_folder() / RADIOGRAPHS


def sample_timelines() -> tuple[Timeline, ...]:
    """The timelines of the sample patients; no pixel has been decoded yet.

    Examples
    --------
    >>> from calcitrack.io.phantom.samples import sample_timelines
    >>> len(sample_timelines())
    3
    """
    return read_cohort(sample_radiographs()).timelines


def check_samples(folder: Path | None = None) -> int:
    """Compare every sample file with the hash in the manifest.

    Returns
    -------
    int
        Number of files that were checked.

    Raises
    ------
    ResultsError
        Files are missing or changed; the message names all of them.
    """
    folder = folder or sample_folder()
    listed = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8"))["file"]
    wrong = [str(entry["path"]) for entry in listed if not _is_same(folder / entry["path"], entry["sha256"])]
    if wrong:
        raise ResultsError(f"{folder}: found sample files that are missing or changed: {', '.join(wrong)}; install calcitrack again")
    return len(listed)


def _is_same(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
