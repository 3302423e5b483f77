"""A few of the kills that benchmarks/kill_batch.py does many of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows forks no processes")
def test_a_killed_batch_goes_on_and_gives_the_same_bytes() -> None:
    """Batches are killed at random: nothing accepted is lost, nothing kept measured again, and the results are those of an undisturbed run."""
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("benchmarks are not part of the installed package")
    command = [sys.executable, "-m", "benchmarks.kill_batch", "--times", "3", "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)  # noqa: S603 a script of ours, without a shell
    assert done.returncode == 0, done.stderr
    heads, _, cells = ([c.strip() for c in line.strip("|").split("|")] for line in done.stdout.splitlines())
    found = dict(zip(heads, map(int, cells), strict=True))
    assert found["killed runs"] == 3
    assert found["rounds"] > 0
    assert found["measurements kept"] == 6 * found["rounds"]
    assert found["begun and lost in flight"] <= 3
    assert [found[h] for h in ("kept and measured again", "lost", "problems", "files that differ")] == [0, 0, 0, 0]
