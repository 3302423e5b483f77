"""Timelines that are perhaps one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from calcitrack.io.cohort.joining import join_hints
from calcitrack.io.cohort.manifest import read_manifest
from calcitrack.model.image import Acquisition
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint

DAY = dt.date(2021, 3, 8)


def timeline(patient: str, part: str, side: str, *films: str, day: dt.date | None = DAY) -> Timeline:
    """One visit with these films."""
    exposures = tuple(Exposure(Acquisition(patient_id=patient), load=None, source=f) for f in films)
    return Timeline(TimelineKey(patient, part, side, "PA", "DX"), (TimePoint(1, day, exposures),))


@pytest.mark.parametrize(
    ("patient", "part", "side", "day", "header", "line"),
    [
        ("p-001", "HAND", "L", DAY, "path,patient_id", "c.dcm,P-001"),
        ("P001", "HAND", "L", DAY, "path,patient_id", "c.dcm,P-001"),
        ("P-001", "LEFT HAND", "L", DAY, "path,body_part", "c.dcm,HAND"),
        ("P-001", "LEFT HAND", "", DAY, "path,body_part,laterality", "c.dcm,HAND,L"),
        ("P-001", "HAND", "", DAY, "path,laterality", "c.dcm,L"),
        ("P-001", "HAND", "L", None, "path,acquisition_date", "c.dcm,YYYY-MM-DD"),
        ("p 001", "HAND", "", DAY, "path,patient_id,laterality", "c.dcm,P-001,L"),
    ],
)
def test_a_timeline_written_in_another_way_gets_the_line_that_joins_it(
    patient: str, part: str, side: str, day: dt.date | None, header: str, line: str
) -> None:
    """Each fact that differs, or is missing, is a column; the larger timeline is kept."""
    kept = timeline("P-001", "HAND", "L", "films/a.dcm", "films/b.dcm")
    for order in (1, -1):
        (hint,) = join_hints([kept, timeline(patient, part, side, "films/c.dcm", day=day)][::order])
        assert (hint.kept.key, hint.header, hint.lines) == (kept.key, header, (line,))
        assert hint.folder == "films"


def test_the_line_is_one_that_the_manifest_reads(tmp_path: Path) -> None:
    """Law: what the hint says can be pasted into a file, also where a name has a comma."""
    source = str(tmp_path / "a,b.dcm")
    (hint,) = join_hints([timeline("P-001", "HAND", "L", "x/1.dcm", "x/2.dcm"), timeline("p001", "HAND", "L", source)])
    path = Path(hint.folder) / "manifest.csv"
    path.write_text("\n".join((hint.header, *hint.lines)), encoding="utf-8")
    row = read_manifest(path).row_of(Path(source))
    assert row is not None
    assert row.patient_id == "P-001"


@pytest.mark.parametrize(
    "other",
    [
        timeline("P-002", "HAND", "L", "c.dcm"),
        timeline("P-001", "HAND", "R", "c.dcm"),
        timeline("P-001", "RIGHT HAND", "", "c.dcm"),
        timeline("P-001", "FOOT", "L", "c.dcm"),
        timeline("", "HAND", "L", "c.dcm"),
    ],
)
def test_other_people_parts_and_sides_are_no_hint(other: Timeline) -> None:
    """What is truly different stays apart without a word."""
    assert join_hints([timeline("P-001", "HAND", "L", "a.dcm"), other]) == ()


def test_of_two_hands_a_side_has_to_be_stated() -> None:
    """Where both sides of a patient are there, the hint does not guess."""
    hands = [timeline("P-001", "HAND", s, f"{s}.dcm", f"{s}2.dcm") for s in "LR"]
    (hint,) = join_hints([*hands, timeline("P-001", "HAND", "", "c.dcm")])
    assert hint.lines == ("c.dcm,L or R",)


def test_many_films_are_not_all_listed() -> None:
    """Five lines are shown, and how many are alike; films of an archive cannot be named in a manifest."""
    films = [f"films/{k}.dcm" for k in range(7)]
    (hint,) = join_hints([timeline("P-001", "HAND", "L", *[f"x/{k}.dcm" for k in range(8)]), timeline("p-001", "HAND", "L", *films)])
    assert hint.words[-1] == "    and likewise for 2 more films"
    (packed,) = join_hints([timeline("P-001", "HAND", "L", "a.dcm"), timeline("p-001", "HAND", "L", "films.zip!a.dcm")])
    assert packed.words[-1] == "  Its films lie in an archive: unpack it, and state the facts in a manifest.csv."


def test_pseudonyms_are_not_compared() -> None:
    """A manifest states IDs before the pseudonyms replace them."""
    assert join_hints([timeline("P-001", "HAND", "L", "a.dcm"), timeline("p-001", "HAND", "L", "b.dcm")], name_patients=False) == ()
