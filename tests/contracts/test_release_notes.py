from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import calcitrack

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "release_notes.py"
CHANGELOG = """# Changelog

## Unreleased

- Not yet.

## [0.2.0] - 2026-12-01

### Added

- Something.

### Fixed

- Another thing, of 0.1.0.

## 0.1.0

- First.
"""


@pytest.fixture
def script() -> ModuleType:
    """The script as a module; it is no part of the installed package."""
    if not SCRIPT.exists():
        pytest.skip("runs against an installed wheel, without the checkout's files")
    spec = importlib.util.spec_from_file_location("release_notes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_notes_are_the_section_of_the_version(script: ModuleType) -> None:
    """With or without brackets and date; nothing of the sections around it."""
    assert script.release_notes(CHANGELOG, "0.2.0") == "### Added\n\n- Something.\n\n### Fixed\n\n- Another thing, of 0.1.0.\n"
    assert script.release_notes(CHANGELOG, "0.1.0") == "- First.\n"


def test_a_version_without_notes_is_refused(script: ModuleType) -> None:
    """A dot of the version stands for a dot; a missing or empty section says what to do."""
    with pytest.raises(ValueError, match=r"no section for 0\.2; found: Unreleased, \[0\.2\.0\] - 2026-12-01, 0\.1\.0; rename Unreleased"):
        script.release_notes(CHANGELOG, "0.2")
    with pytest.raises(ValueError, match="is empty; say what changed"):
        script.release_notes("## 1.0.0\n\n## 0.9.0\n\n- Old.\n", "1.0.0")


def test_a_tag_of_another_version_is_refused(script: ModuleType) -> None:
    """The package's own version is accepted; the program ends with 1 and a reason for another."""
    script.check_version((ROOT / "calcitrack" / "version.py").read_text(encoding="utf-8"), calcitrack.__version__)
    done = subprocess.run([sys.executable, str(SCRIPT), "v99.0.0"], capture_output=True, text=True, check=False)  # noqa: S603 this interpreter
    assert (done.returncode, done.stdout) == (1, "")
    assert f"the tag says 99.0.0, calcitrack/version.py says {calcitrack.__version__}" in done.stderr
