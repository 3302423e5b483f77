"""Summary at the end of `measure` and `demo`, as text and as JSON."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import PurePath
from types import MappingProxyType

from rich.console import Console
from rich.table import Table
from rich.text import Text

from calcitrack.change import JudgedCohort
from calcitrack.cli.attention import Attention
from calcitrack.cli.exits import ExitCode
from calcitrack.cli.timeline_line import TimelineLine
from calcitrack.figures import change_sentences, judgement_sentences
from calcitrack.io.cohort.joining import JoinHint
from calcitrack.io.results.outputs import TIMELINES
from calcitrack.io.results.writer import Written
from calcitrack.model.assessment import COVERAGE_FACTOR
from calcitrack.model.cohort import FileRecord, FileStatus, TimelineFailure
from calcitrack.model.display import counted
from calcitrack.model.judgement import TOTAL, BurdenSeries, JudgedChange, Judgement
from calcitrack.model.moved import Moves
from calcitrack.model.timeline import TimelineKey
from calcitrack.reporting.change_words import depends_on, refused_changes, short_change
from calcitrack.reporting.moved_words import moved_sentence
from calcitrack.reporting.possible_words import possible_sentence
from calcitrack.tables import TIMELINE
from calcitrack.tables.cells import Cell, Row

MOST_TIMELINES = 40
"""Timelines shown in the table, a screen or two; timeline.csv has all of them."""
MOST_FAILURES = 10
"""Failed files shown with their reason; images.csv has all of them."""
NOTHING = "-"
SINCE = "since first (95 %)"
"""Change of the burden that the verdict is about, with its interval."""
NARROW = "HA mass (95 %)"
"""Mass of each film alone, beside a burden of all films together that is no mass."""
Columns = tuple[tuple[str, int], ...]


def _columns(*burden: tuple[str, int]) -> Columns:
    return (("date", 10), ("deposits", 8), *burden, (SINCE, 11), ("new", 3), ("resolved", 8), ("not evaluable", 9))


ALONE = _columns(("area", 10), ("HA mg (95 %)", 13))
TOGETHER: Mapping[str, Columns] = MappingProxyType(
    {
        "ha_mass_joint_mg": _columns(("area", 10), ("HA mg, all films (95 %)", 13)),
        "area_joint_mm2": _columns(("area mm², all films (95 %)", 13), (NARROW, 10)),
        "contrast_joint_mm2": _columns(("contrast mm², all films (95 %)", 13), (NARROW, 10)),
    }
)
"""Headings and least widths: of values of each film alone; and where the verdict rests on all films together, of the burden by all of them, so that
its changes are the differences of the values beside them. The tables line up, even on a terminal of 80 characters."""
TABLE_WIDTH = sum(width + 1 for _, width in ALONE)
OF_ALL_FILMS = "all films: all films of the timeline measured together; "
Changes = Mapping[Cell, JudgedChange]
ATTENTION = "Needs your attention"
"""Heading of what ends the summary."""
SEE_ATTENTION = f"(see {ATTENTION})"
IN_BRACKETS = re.compile(r"\((.*)\)$")
"""The reason of a registration, which ends that of a change."""
WITHOUT_PART = re.compile(r"(visit \d+ takes no part): .*?(?=; visit \d+ takes no part: |\)\.$)")
"""Why a visit takes no part in a trend: it stands below the table."""
NO_CHANGE, PARTLY = "none*", "*"
"""Where there is no change, and what marks one that is not about all deposits; a line below the table says why."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was measured, and what was not.

    Parameters
    ----------
    interrupted
        Ctrl-C ended it before all timelines were measured.
    judged
        What was judged of all timelines, and the treatments that were taken into account.
    kept
        What the workspace held and keeps, for machines; ``None`` without one.
    hints
        Timelines that are perhaps one.
    unused
        Manifests that lie among the films and were not given, each with the command that uses it.
    """

    written: Written
    timelines: tuple[TimelineLine, ...]
    files: tuple[FileRecord, ...]
    lost: tuple[TimelineFailure, ...]
    interrupted: bool = False
    judged: JudgedCohort = field(default_factory=JudgedCohort)
    kept: Mapping[str, object] | None = None
    hints: tuple[JoinHint, ...] = ()
    unused: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> list[tuple[str, str]]:
        """(path, reason) of each file that should have been measured and was not."""
        scanned = [(f.source, f.reason) for f in self.files if f.status is FileStatus.FAILED]
        unread = [(f.exposure.source, str(f.error)) for line in self.timelines for f in line.failures if not f.is_copy]
        return list(dict.fromkeys(scanned + unread + [(s, t.reason) for t in self.lost for s in t.sources]))

    @property
    def skipped(self) -> Counter[str]:
        """Reason -> number of files that are no images to measure."""
        copies = sum(f.is_copy for line in self.timelines for f in line.failures)
        counts = Counter(_kind_of_reason(f) for f in self.files if f.status is FileStatus.SKIPPED)
        return counts + Counter({"the pixels of another film": copies})

    @property
    def attention(self) -> Attention:
        """What needs a reader's attention."""
        return Attention.of(self.timelines, self.files)

    @property
    def possible(self) -> tuple[int, int]:
        """Number of possible deposits, and of films that show one."""
        counts = [n for line in self.timelines for n in line.possible if n]
        return sum(counts), len(counts)

    @property
    def exit_code(self) -> ExitCode:
        """Exit code of the command."""
        if not self.written.n_images:
            return ExitCode.NOTHING
        return ExitCode.PARTLY if self.failed or self.written.problems else ExitCode.DONE


def _kind_of_reason(record: FileRecord) -> str:
    """The reason without the file's own name, so that a hundred pictures without sidecar are one line."""
    stem = record.source.removesuffix(PurePath(record.source).suffix)
    return re.sub(rf"(?<!\w){re.escape(stem)}(?=\.\w)", "NAME", record.reason)


def summary_json(summary: Summary) -> str:
    """The summary as JSON: rows with the column names of ``timeline.csv``, and every file that failed."""
    content = {
        "results": str(summary.written.folder.resolve()),
        "exit_code": int(summary.exit_code),
        "files": {"measured": summary.written.n_images, "skipped": summary.skipped.total(), "failed": len(summary.failed)},
        "timelines": [{name: row.get(name) for name in TIMELINE.names} for line in summary.timelines for row in line.rows],
        "possible": dict(zip(("deposits", "films"), summary.possible, strict=True)),
        "changes": [_change_json(j, c) for j in summary.judged.judgements for c in j.changes if c.subject == TOTAL and c.since == "baseline"],
        "verdicts": [_verdict_json(j) for j in summary.judged.judgements],
        "course_findings": list(summary.judged.courses.findings),
        "failed": [{"path": path, "reason": reason} for path, reason in summary.failed],
        "skipped": [{"reason": reason, "files": n} for reason, n in summary.skipped.most_common()],
        "attention": [{"said": words, "files": files} for words, files in summary.attention.files.items()],
        "hints": [{"said": h.words[0], "folder": h.folder, "manifest": [h.header, *h.lines]} for h in summary.hints],
        "unused_manifests": [{"path": path, "command": command} for path, command in summary.unused.items()],
        "problems": [{"source": p.source, "output": p.output, "reason": p.reason} for p in summary.written.problems],
        "moved": [moves_json(m) for m in summary.written.moves],
        "workspace": summary.kept,
    }
    return json.dumps(content, indent=1, default=_plain, allow_nan=False) + "\n"


def _change_json(judgement: Judgement, change: JudgedChange) -> dict[str, object]:
    absolute = change.absolute
    return {
        **_key(judgement.key),
        "time_point": change.to_time_point,
        "measurand": change.measurand,
        "change": None if absolute is None else absolute.value,
        "change_low": None if absolute is None else absolute.low,
        "change_high": None if absolute is None else absolute.high,
        "exceeds_sdc": change.exceeds_sdc,
        "reason": change.reason,
    }


def _verdict_json(judgement: Judgement) -> dict[str, object]:
    trend = judgement.headline
    return {
        **_key(judgement.key),
        "measurand": judgement.burden,
        "verdict": None if trend is None else trend.verdict,
        "probability": None if trend is None else trend.probability,
        "since": None if trend is None or not trend.treatment else trend.treatment,
        "depends_on": list(depends_on(judgement)),
        "said": list(judgement_sentences(judgement)),
    }


def moves_json(moves: Moves) -> dict[str, object]:
    """What moved of a timeline, for machines."""
    return {
        **_key(moves.key),
        "before": moves.before_id,
        "now": moves.after_id,
        "reason": moves.reason,
        "values": [asdict(v) | {"difference": v.difference} for v in moves.values],
    }


def _key(key: TimelineKey) -> dict[str, str]:
    return {"patient_id": key.patient_id, "body_part": key.body_part, "laterality": key.laterality, "view": key.view, "modality": key.modality}


def _plain(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"no JSON value: {value!r}")


def summary_text(summary: Summary, console: Console) -> str:
    """The summary as text, in the console's width and colours."""
    with console.capture() as captured:
        for line in summary.timelines[:MOST_TIMELINES]:
            _say(console, line.title, style="bold")
            changes, burden = _changes_since_first(summary, line), _burden_of(summary, line)
            columns = ALONE if burden is None else TOGETHER[burden.measurand]
            rows = [_cells(row, changes.get(row.get("time_point")), burden) for row in line.rows]
            if console.width >= TABLE_WIDTH:
                console.print(_table(columns, rows, console.width - TABLE_WIDTH))
            else:
                _print_list(columns, rows, console)
            not_compared = _not_compared(line, changes)
            for said in (*_together(burden), *not_compared, *_aluminium(line), *_events(line), *_no_mass(line, not_compared)):
                _say(console, said)
            for assumption in line.assumed:
                _say(console, f"  HA mass rests on: {assumption}")
            console.print()
        hidden = len(summary.timelines) - MOST_TIMELINES
        if hidden > 0:
            _say(console, f"and {counted(hidden, 'more timeline')} in timeline.csv")
        not_counted = possible_sentence(*summary.possible)
        if not_counted:
            _say(console, f"{not_counted}; look at {'it' if summary.possible[0] == 1 else 'them'} in napari or in possible.csv")
        _print_files(summary, console)
        _say(console, f"Results: {summary.written.folder}", style="bold")
        if summary.written.n_images:
            _say(console, f"Look at the overlays first, before any number is believed: {summary.written.folder / TIMELINES}")
        for said in moved_lines(summary.written.moves):
            _say(console, said)
        _print_verdicts(summary, console)
        _print_hints(summary, console)
        _print_attention(summary, console)
    return captured.get()


WHERE_MOVED = "moved.csv has all that moved, and the workspace keeps what was said before"


def moved_lines(every: Sequence[Moves], more: str = WHERE_MOVED) -> Iterator[str]:
    """What moved against the version that the workspace held before, a timeline a line.

    Parameters
    ----------
    more
        Where the rest is.
    """
    told = [(m, said) for m in every if (said := moved_sentence(m))]
    for moves, said in told[:MOST_TIMELINES]:
        yield f"{moves.key}: {said}; {more}"
    if len(told) > MOST_TIMELINES:
        yield f"and {counted(len(told) - MOST_TIMELINES, 'more timeline')} of which values moved; {more}"


def _changes_since_first(summary: Summary, line: TimelineLine) -> Changes:
    """Time point -> change of the burden that the timeline's verdict is about."""
    mine = next((j for j in summary.judged.judgements if j.assessment_id == line.series.assessment_id), None)
    changes = () if mine is None else mine.changes
    return {c.to_time_point: c for c in changes if mine and c.subject == TOTAL and c.measurand == mine.burden and c.since == "baseline"}


def _burden_of(summary: Summary, line: TimelineLine) -> BurdenSeries | None:
    """What all films together give of the burden that the timeline's verdict is about; ``None`` where the verdict rests on films alone."""
    mine = next((j for j in summary.judged.judgements if j.assessment_id == line.series.assessment_id), None)
    return line.series.total(mine.burden) if mine is not None and mine.burden in TOGETHER else None


def _print_hints(summary: Summary, console: Console) -> None:
    """Manifests that were not used; timelines that are perhaps one, and the manifest that would join them."""
    for path, command in list(summary.unused.items())[:MOST_FAILURES]:
        _say(console, f"{path} lies among the files and was not used. To use it: {command}")
    for hint in summary.hints[:MOST_FAILURES]:
        for line in hint.words:
            _say(console, line)
    if len(summary.hints) > MOST_FAILURES:
        _say(console, f"and {counted(len(summary.hints) - MOST_FAILURES, 'more timeline')} that may belong to others: see timeline.csv")


def _print_attention(summary: Summary, console: Console) -> None:
    """What may turn a measurement into its opposite, and on which films."""
    lines, left_out = summary.attention.lines(MOST_FAILURES)
    if lines:
        _say(console, ATTENTION, style="bold")
    for line in lines:
        _say(console, f"  {line}", style="red")
    if left_out:
        _say(console, f"  and {left_out} more in images.csv")


def _print_verdicts(summary: Summary, console: Console) -> None:
    """What treatments and laboratory results were used, and the verdict on each timeline with more than one visit."""
    for finding in summary.judged.courses.findings:
        _say(console, finding)
    courses = summary.judged.courses.by_patient
    if courses:
        rows = sum(len(c.treatments) for c in courses), sum(len(c.labs) for c in courses)
        _say(
            console,
            f"Used: {counted(rows[0], 'row')} of treatments, {counted(rows[1], 'row')} of laboratory results, {counted(len(courses), 'patient')}",
        )
    several = {line.key: line for line in summary.timelines if len(line.rows) > 1}
    for judgement in [j for j in summary.judged.judgements if j.key in several][:MOST_TIMELINES]:
        _say(console, several[judgement.key].title, style="bold")
        for sentence in (*_change_once(judgement, several[judgement.key]), *judgement_sentences(judgement), *_others(judgement)):
            _say(console, "  " + WITHOUT_PART.sub(r"\1", sentence))


def _change_once(judgement: Judgement, line: TimelineLine) -> Iterator[str]:
    """The change in words. Why there is none stands below the table, or with its file at the end where a film was not measured."""
    valued = {row.get("time_point") for row in line.rows if row.get("deposit_count") is not None}
    below = {change.reason for change in refused_changes(judgement) if change.to_time_point in valued}
    refused = [f.error.found for f in line.failures]
    for sentence in change_sentences(judgement):
        if not any(sentence.endswith(f": {reason}.") for reason in below):
            at = min((sentence.find(f": found {found}") for found in refused if f": found {found}" in sentence), default=-1)
            yield sentence if at < 0 else f"{sentence[:at]} {SEE_ATTENTION}."


def _others(judgement: Judgement) -> tuple[str, ...]:
    """Whose films, beside the patient's own, decide about this timeline; nothing where nobody's do."""
    others = depends_on(judgement)
    return (f"Depends on the repeat exposures of {', '.join(others)}: without them in this run, it may be judged otherwise.",) if others else ()


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style, overflow="fold"), highlight=False)


def _table(columns: Columns, rows: Sequence[Sequence[str]], room: int) -> Table:
    """The table of a timeline; `room` is what the terminal is wider than it has to be, characters."""
    table = Table(box=None, padding=(0, 0, 0, 1), header_style="italic")
    for name, width in columns:
        most = width + room if name in (SINCE, NARROW) else None  # a longer interval takes another line, and no place from other columns
        heading = name.replace("not ", "not\n").replace(" first ", " first\n").replace(", all films ", ",\nall films\n")
        table.add_column(heading, justify="right", min_width=width, max_width=most)
    for row in rows:
        table.add_row(*row)
    return table


def _print_list(columns: Columns, rows: Sequence[Sequence[str]], console: Console) -> None:
    """One sentence for each time point, for a terminal that is too narrow for the table."""
    for day, deposits, *others in rows:
        parts = [f"{value} {name}".replace("\n", ", ") for (name, _), value in zip(columns[2:], others, strict=True) if value != NOTHING]
        _say(console, f"  {day}: {', '.join([counted(int(deposits), 'deposit') if deposits.isdecimal() else deposits, *parts])}")


def _cells(row: Row, change: JudgedChange | None, burden: BurdenSeries | None) -> tuple[str, ...]:
    """Cells of a time point in the order of the columns; where `burden` is of all films together, with its value."""
    count = row.get("deposit_count")
    together = None if burden is None else _of_all_films(burden, row.get("time_point"))
    mass = _with_interval(row, "ha_mass_mg")
    of_area = burden is not None and burden.unit != "mg"
    sizes = (together or "", mass) if of_area else (_area(row), mass if together is None else together)
    compared = row.get("time_point") != 1 and count is not None
    changed = compared and change is not None and change.absolute is not None  # what came and went is told where a change is
    return (
        _day(row),
        "no value" if count is None else str(count),
        *sizes,
        _change(change) if compared else NOTHING,
        str(row.get("n_new")) if changed else NOTHING,
        str(row.get("n_resolved")) if changed else NOTHING,
        NOTHING if count is None else str(row.get("n_not_evaluable")),
    )


def _not_compared(line: TimelineLine, changes: Changes) -> tuple[str, ...]:
    """What the changes since the first visit leave out, or why there are none; what stands at the end with its file is not said twice."""
    told = [(_day(row), c) for row in line.rows if row.get("deposit_count") is not None and (c := changes.get(row.get("time_point"))) is not None]
    words = [_not_compared_line(day, c.left_out if c.absolute is not None else c.reason) for day, c in told if c.left_out or c.absolute is None]
    return tuple(IN_BRACKETS.sub(lambda m: SEE_ATTENTION if any(m[1] in said for _, said in line.misplaced) else m[0], w) for w in words)


def _not_compared_line(day: str, words: str) -> str:
    return f"  * {day}: {words}"


def _no_mass(line: TimelineLine, told: Collection[str]) -> Iterator[str]:
    """Why there is no mass; at which visits, where others have one or another reason. Of a visit without any value the table says so.

    Parameters
    ----------
    told
        Lines that say the same of a change.
    """
    day = {row.get("time_point"): _day(row) for row in line.rows if row.get("deposit_count") is not None}
    for reason, time_points in line.no_mass:
        days = [day[t] for t in time_points if t in day and _not_compared_line(day[t], reason) not in told]
        where = "" if len(days) == len(day) else f" on {', '.join(days)}"
        if days:
            yield f"  HA mass is not measurable{where}: {reason}"


def _of_all_films(burden: BurdenSeries, time_point: Cell) -> str:
    """The burden of a time point by all films together, and the half width of its 95 % interval."""
    found = next(((k, p) for k, p in enumerate(burden.points) if p.time_point == time_point), None)
    if found is None or burden.covariance is None:
        return NOTHING
    k, point = found
    return f"{point.mean:.1f} ± {COVERAGE_FACTOR * burden.covariance[k][k] ** 0.5:.1f}"


def _together(burden: BurdenSeries | None) -> tuple[str, ...]:
    """Which of the table's values are of all films together, and which of each film alone."""
    if burden is None:
        return ()
    alone = "areas are of each film alone" if burden.unit == "mg" else "masses are of each film alone"
    return (f"  {OF_ALL_FILMS}the changes are theirs, and their intervals are narrower than those of the values, whose errors are shared; {alone}",)


def _aluminium(line: TimelineLine) -> tuple[str, ...]:
    """The aluminium equivalents of films with a step wedge, in the order of the time points; nothing where there are none."""
    if all(row.get("al_equivalent_mm3") is None for row in line.rows):
        return ()
    return ("  aluminium equivalent, mm Al x mm² (95 %): " + ", ".join(_with_interval(row, "al_equivalent_mm3") for row in line.rows),)


def _events(line: TimelineLine) -> tuple[str, ...]:
    """How often deposits merged, split, reappeared, or are unlike before in outline only; nothing where none is."""
    words = {
        "n_merged": "merged", "n_split": "split", "n_reappeared": "reappeared",
        "n_not_outlined": "not outlined", "n_first_outlined": "first outlined",
    }  # fmt: skip
    counts = {word: sum(n for row in line.rows if isinstance(n := row.get(column), int)) for column, word in words.items()}
    parts = [f"{n} {word}" for word, n in counts.items() if n]
    return (f"  deposits over all visits: {', '.join(parts)} (events.csv says which)",) if parts else ()


def _area(row: Row) -> str:
    mm2, px = row.get("area_mm2"), row.get("area_px")
    if isinstance(mm2, float | int):
        return f"{mm2:.1f} mm²"
    return f"{px:.0f} px" if isinstance(px, float | int) else NOTHING


def _with_interval(row: Row, name: str) -> str:
    """A value and the half width of its 95 % interval."""
    value, sd = row.get(name), row.get(f"{name}_sd")
    if not isinstance(value, float | int):
        return NOTHING
    return f"{value:.1f} ± {COVERAGE_FACTOR * sd:.1f}" if isinstance(sd, float | int) else f"{value:.1f}"


def _change(change: JudgedChange | None) -> str:
    """A change in its unit and its 95 % interval, in two lines; marked where it is not about all deposits."""
    if change is None:
        return NOTHING
    if change.absolute is None:
        return NO_CHANGE
    value, interval = short_change(change)
    return f"{value}{PARTLY if change.left_out else ''}\n{interval}"


def _day(row: Row) -> str:
    date = row.get("date")
    return date.isoformat() if isinstance(date, dt.date) else "undated"


def _print_files(summary: Summary, console: Console) -> None:
    failed, skipped = summary.failed, summary.skipped
    _say(console, f"{counted(summary.written.n_images, 'image')} measured, {counted(skipped.total(), 'file')} skipped, {len(failed)} failed")
    for reason, n in skipped.most_common(MOST_FAILURES):
        _say(console, f"  skipped {n}: {reason}")
    if len(skipped) > MOST_FAILURES:
        _say(console, f"  and {counted(len(skipped) - MOST_FAILURES, 'more reason')} in images.csv")
    below = {source for files in summary.attention.files.values() for source in files}
    here = [(path, reason) for path, reason in failed if path not in below]
    for path, reason in here[:MOST_FAILURES]:
        _say(console, f"  failed: {reason if path in reason else f'{path}: {reason}'}", style="red")
    if len(here) > MOST_FAILURES:
        _say(console, f"  and {len(here) - MOST_FAILURES} more in images.csv")
    if len(here) < len(failed):
        _say(console, f"  failed {len(failed) - len(here)}: see {ATTENTION}")
    for problem in summary.written.problems[:MOST_FAILURES]:
        _say(console, f"  no {problem.output} for {problem.source}: {problem.reason}", style="red")
