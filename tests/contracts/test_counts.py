"""A number and its noun agree wherever the program speaks."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import calcitrack

PLUGIN = importlib.util.find_spec("calcitrack_napari")
FOLDERS = [Path(p) for p in (*calcitrack.__path__, *((PLUGIN and PLUGIN.submodule_search_locations) or ()))]
NOUNS = (
    "assessments|cases|cells|changes|corrections|days|deposits|entries|exposures|films|findings|folders|images|links|objects|observations|pairs|"
    "patients|people|problems|readers|readings|reasons|regions|reports|reviews|rows|segmentations|segments|sessions|slices|steps|strings|studies|"
    "threads|time points|timelines|values|visits|workers"
)
"""What the program counts, and may find one of."""
NO_COUNTS = {"STEPS[1]", "calibration.relationship", "gain.per_neper", "program", "self.patient_id"}
"""Names, and measures and bounds that are never one."""


def miscounted(source: str) -> Iterator[str]:
    """Numbers in texts of a module that one of these nouns follows as a plural, whatever the number is; constants are known when they are written."""
    for text in ast.walk(ast.parse(source)):
        if not isinstance(text, ast.JoinedStr):
            continue
        for value, after in zip(text.values, text.values[1:], strict=False):
            if not (isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant)):
                continue
            name, words = ast.unparse(value.value), str(after.value)
            if re.match(rf" ([a-z]+ )?({NOUNS})\b", words) and not (name.isupper() or name in NO_COUNTS or "counted(" in name):
                yield f"line {value.lineno}: {{{name}}}{words[:30]}"


def test_one_deposit_is_not_one_deposits() -> None:
    """Texts count with `calcitrack.model.display.counted`."""
    found = {str(p): wrong for folder in FOLDERS for p in sorted(folder.rglob("*.py")) if (wrong := list(miscounted(p.read_text(encoding="utf-8"))))}
    assert found == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('f"{len(found)} deposits, sure"', True),
        ('f"{n} simulated people"', True),
        ('f"{MOST} deposits"', False),
        ("f\"{counted(n, 'deposit')}, {n} of them new\"", False),
        ('f"{key} states"', False),
    ],
)
def test_the_test_above_knows_a_wrong_text(text: str, wrong: bool) -> None:
    """It finds what it looks for, and nothing else."""
    assert bool(list(miscounted(text))) is wrong
