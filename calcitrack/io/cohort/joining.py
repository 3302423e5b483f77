"""Timelines that are perhaps one: the same place of the same person, written in two ways, and the manifest that would join them. Pure."""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from calcitrack.model.display import counted
from calcitrack.model.timeline import Timeline

SIDE_WORDS = {"LEFT": "L", "L": "L", "LT": "L", "LI": "L", "LINKS": "L", "RIGHT": "R", "R": "R", "RT": "R", "RE": "R", "RECHTS": "R"}
"""Words of a body part that state a side."""
MOST_LINES = 5
"""Lines of a manifest that a hint shows; the others are alike."""
TO_STATE = {"acquisition_date": "YYYY-MM-DD", "laterality": "L or R"}
"""What stands in a line for a fact that nothing states."""


@dataclass(frozen=True, slots=True)
class JoinHint:
    """Two timelines that are perhaps one.

    Parameters
    ----------
    kept, joined
        The timeline with more films, and the one whose films the manifest would move there.
    why
        What is written in two ways, or not stated.
    folder
        Where the manifest has to lie.
    header, lines
        Of the manifest; no lines where a film lies in an archive, which a manifest cannot name.
    """

    kept: Timeline
    joined: Timeline
    why: tuple[str, ...]
    folder: str
    header: str
    lines: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Lines for the console."""
        said = f"{self.joined.key} is perhaps {self.kept.key}: {', '.join(self.why)}."
        if not self.lines:
            return (said, "  Its films lie in an archive: unpack it, and state the facts in a manifest.csv.")
        more = len(self.lines) - MOST_LINES
        likewise = (f"    and likewise for {counted(more, 'more film')}",) if more > 0 else ()
        told = f"  To join them, write these lines into {Path(self.folder) / 'manifest.csv'} and measure with --manifest:"
        return (said, told, *(f"    {line}" for line in (self.header, *self.lines[:MOST_LINES])), *likewise)


def join_hints(timelines: Sequence[Timeline], *, name_patients: bool = True) -> tuple[JoinHint, ...]:
    """Timelines that differ only in how an identity is written, or that lack a side or a date which another one states.

    Parameters
    ----------
    name_patients
        False where pseudonyms stand for Patient IDs: then none is compared, since the manifest's IDs come before them.

    Examples
    --------
    >>> import datetime as dt
    >>> from calcitrack import Exposure, Timeline, TimelineKey, TimePoint
    >>> from calcitrack.model.image import Acquisition
    >>> def timeline(patient, film):
    ...     exposure = Exposure(Acquisition(patient_id=patient), load=None, source=film)
    ...     return Timeline(TimelineKey(patient, "HAND", "L", "PA", "DX"), (TimePoint(1, dt.date(2021, 3, 8), (exposure,)),))
    >>> (hint,) = join_hints([timeline("P-001", "films/a.dcm"), timeline("p001", "films/b.dcm")])
    >>> hint.words[0]
    'p001 / HAND / L / PA is perhaps P-001 / HAND / L / PA: the patient IDs P-001 and p001 differ in writing only.'
    >>> hint.header, hint.lines
    ('path,patient_id', ('b.dcm,P-001',))
    """
    ranked = sorted(timelines, key=lambda t: -len(t.files))
    sides: dict[tuple[str, str], set[str]] = {}
    for t in timelines:
        part, side = _place(t)
        sides.setdefault((_letters(t.key.patient_id), part), set()).update({side} - {""})
    hints: list[JoinHint] = []
    taken: set[int] = set()
    for one, other in itertools.combinations(ranked, 2):
        if id(other) in taken:
            continue
        both = len(sides[_letters(one.key.patient_id), _place(one)[0]]) > 1
        hint = _hint(one, other, both_sides=both, name_patients=name_patients)
        if hint is not None:
            taken.add(id(other))
            hints.append(hint)
    return tuple(hints)


def _hint(kept: Timeline, joined: Timeline, *, both_sides: bool, name_patients: bool) -> JoinHint | None:
    mine, its = kept.key, joined.key
    if mine.modality != its.modality or mine.view != its.view or not mine.patient_id:
        return None
    part, side = _place(kept)
    other_part, other_side = _place(joined)
    if _letters(mine.patient_id) != _letters(its.patient_id) or part != other_part or not part:
        return None
    if mine.patient_id != its.patient_id and not name_patients:
        return None
    if side and other_side and side != other_side:
        return None
    facts: dict[str, str] = {}
    why: list[str] = []
    for column, told, value in _differences(kept, joined, TO_STATE["laterality"] if both_sides and not (side and other_side) else side or other_side):
        why.append(told)
        facts[column] = value
    if not why:
        return None
    files = [e.source for t in joined.time_points for e in t.exposures]
    if any("!" in f for f in files):
        return JoinHint(kept, joined, tuple(why), "", "", ())
    folder = os.path.commonpath([Path(f).parent for f in files])
    lines = tuple(_line([os.path.relpath(f, folder or "."), *facts.values()]) for f in files)
    return JoinHint(kept, joined, tuple(why), folder, _line(["path", *facts]), lines)


def _differences(kept: Timeline, joined: Timeline, side: str) -> Iterator[tuple[str, str, str]]:
    """Column of the manifest, what differs, and what the manifest would state."""
    mine, its = kept.key, joined.key
    if mine.patient_id != its.patient_id:
        yield "patient_id", f"the patient IDs {mine.patient_id} and {its.patient_id} differ in writing only", mine.patient_id
    if mine.body_part != its.body_part:
        yield "body_part", f"the body parts are called {mine.body_part} and {its.body_part}", mine.body_part
    if mine.laterality != its.laterality:
        unstated = "no side is stated" if not its.laterality else "only this one states a side"
        yield "laterality", unstated, side or TO_STATE["laterality"]
    dates = [p.date for p in joined.time_points]
    if None in dates:
        yield "acquisition_date", "no date is stated", TO_STATE["acquisition_date"]


def _place(timeline: Timeline) -> tuple[str, str]:
    """Body part without words of its side, and the side that key or words state."""
    words = re.split(r"[\W_]+", timeline.key.body_part.upper())
    side = next((SIDE_WORDS[w] for w in words if w in SIDE_WORDS), "")
    return " ".join(w for w in words if w and w not in SIDE_WORDS), timeline.key.laterality or side


def _letters(patient_id: str) -> str:
    """A Patient ID without case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", patient_id).casefold()


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()
