"""Films and accounts for the tests of a PACS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import keyring
import numpy as np
import pytest
from keyring.backends.fail import Keyring
from pydicom.uid import generate_uid

NAME, BIRTH = "Zzmarkername^Qqsecret", "19010203"


@pytest.fixture(autouse=True)
def empty_keyring() -> Iterator[None]:
    """A keyring that holds nothing: that of who runs the tests is none of their business."""
    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def account(pacs_server: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account of the PACS, in the environment."""
    monkeypatch.setenv("CALCITRACK_PACS_USER", pacs_server.USER)
    monkeypatch.setenv("CALCITRACK_PACS_PASSWORD", pacs_server.PASSWORD)


@pytest.fixture
def films(write_dicom_file: Callable[..., Path], tmp_path: Path) -> Callable[..., list[Path]]:
    """Writes a patient's films, a study each: a soft limb with a bone and a dense spot that grows; all UIDs are new."""

    def write(patient: str, visits: int = 2, **elements: Any) -> list[Path]:
        paths = []
        folder = tmp_path / "sent" / patient
        folder.mkdir(parents=True)
        for visit in range(visits):
            rows, columns = np.mgrid[:200, :150]
            film = 500 + 300 * (abs(columns - 75) < 60) + 700 * (abs(columns - 75) < 12) + 500 * (np.hypot(rows - 90, columns - 110) < 5 + visit)
            film = (film + np.random.default_rng(visit).normal(0, 3, film.shape)).astype("<u2")
            day = f"202{visit + 1}0308"
            facts = {
                "PatientID": patient,
                "PatientName": NAME,
                "PatientBirthDate": BIRTH,
                "PatientSex": "F",
                "AccessionNumber": f"{patient}-{visit + 1}",
                "StudyInstanceUID": generate_uid(),
                "SeriesInstanceUID": generate_uid(),
                "StudyDate": day,
                "AcquisitionDate": day,
                "ImagerPixelSpacing": [0.2, 0.2],
                **elements,
            }
            paths.append(write_dicom_file(folder / f"visit{visit + 1}.dcm", film, **facts))
        return paths

    return write
