"""The fuzzers run, find what is bad, and find nothing bad in a few seconds; what an hour by hand found is tested where it was."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from calcitrack.errors import InvalidValueError

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="limits of processor time and memory are those of Linux")]


@pytest.fixture(scope="module", autouse=True)
def _benchmarks_can_be_imported() -> None:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))


def test_a_minute_of_broken_inputs_gives_values_and_typed_errors_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A minute of processor time over all kinds; each is tried some hundred times or more."""
    from benchmarks.fuzz import kinds, main

    assert main(["--seconds", "60"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(kinds())
    assert all(int(line.split()[1]) > 50 for line in lines)


def test_what_is_bad_is_counted(tmp_path: Path) -> None:
    """An error of another kind, and a warning that escapes; a typed error and a value are not. The input is kept."""
    from benchmarks import fuzz

    def use(folder: Path) -> None:
        number = int((folder / "n").read_text())
        if number == 1:
            raise InvalidValueError("typed")
        if number == 2:
            raise ZeroDivisionError("untyped")
        if number == 4:
            import warnings

            warnings.warn("Invalid value Zzmarkername", stacklevel=1)

    numbers = iter((0, 1, 2, 4, *([0] * 100_000)))

    def make(_: np.random.Generator, folder: Path) -> None:
        (folder / "n").write_text(str(next(numbers)))

    tally = fuzz.fuzz("made", fuzz.Kind(make, use), seed=1, seconds=0.3, keep=tmp_path)
    assert [number for number, _ in tally.bad] == [2, 3]
    assert "ZeroDivisionError" in tally.bad[0][1]
    assert "a warning of a library was shown" in tally.bad[1][1]
    assert tally.errors == 1
    assert (tmp_path / "made" / "2" / "n").read_text() == "2"
