from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SLEEPER = """
import time
import pytest

def busy():
    begun = time.process_time()
    while time.process_time() - begun < 0.5:
        pass

{marker}
def test_long():
    busy()
"""


@pytest.mark.parametrize(("marker", "code", "said"), [("", 1, True), ("@pytest.mark.slow", 0, False)], ids=["unmarked", "marked"])
def test_a_slow_test_without_the_marker_fails_the_check(tmp_path: Path, marker: str, code: int, said: bool) -> None:
    """`make check` stays quick by itself: a test that takes more processor time than allowed has to be marked."""
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "test_one.py").write_text(SLEEPER.format(marker=marker), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow: long\n    shared: external\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:napari",
        "-p",
        "no:pytest-qt",
        "-p",
        "no:cacheprovider",
        "--cpu-limit=0.2",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)  # noqa: S603 this interpreter
    assert done.returncode == code, done.stdout + done.stderr
    assert ("mark it slow, or make it faster" in done.stdout) is said
