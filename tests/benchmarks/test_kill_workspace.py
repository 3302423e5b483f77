"""A few of the kills that benchmarks/kill_workspace.py does many of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(os.name == "nt", reason="Windows forks no processes")
def test_what_was_accepted_outlasts_a_killed_process() -> None:
    """Writers are killed at random moments: the check is clean after each, and every accepted assessment, edit and review is there."""
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("benchmarks are not part of the installed package")
    command = [sys.executable, "-m", "benchmarks.kill_workspace", "--times", "5", "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)  # noqa: S603 a script of ours, without a shell
    assert done.returncode == 0, done.stderr
    cells = [int(cell) for cell in done.stdout.splitlines()[-1].strip("|").split("|")]
    assert cells[0] == 5
    assert sum(cells[1:4]) > 0
    assert cells[4:6] == [0, 0]
