"""Reading sessions as rows. A plan is written once, and each step from *to do* to *done* is a further row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

from calcitrack.errors import InvalidValueError
from calcitrack.io.results.provenance import Clock
from calcitrack.io.workspace import audit
from calcitrack.io.workspace.codec import Json, canonical, decode, dumps, encode, storable
from calcitrack.io.workspace.database import Database
from calcitrack.io.workspace.runs import recorded_assessments
from calcitrack.model.reading import CaseReading, CaseState, FilmReading, PlannedCase, ReadingPlan, ReadingSession
from calcitrack.model.timeline import TimelineKey
from calcitrack.reading.planning import CaseFacts


class Sessions:
    """Reading sessions of a workspace; `calcitrack.io.workspace.Workspace.sessions` gives them.

    Parameters
    ----------
    database, clock
        Of the workspace.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def cases(self) -> tuple[CaseFacts, ...]:
        """The last assessment of each timeline, for `calcitrack.reading.plan_reading`."""
        found = []
        for recorded in recorded_assessments(self._database, None):
            rows = self._database.rows(
                """SELECT e.time_point FROM exposures e JOIN assessments a ON a.id = e.assessment
                WHERE a.assessment_id = ? AND a.digest = ? ORDER BY e.position""",
                *(recorded.assessment_id, recorded.digest),
            )
            if rows:
                found.append(CaseFacts(recorded.assessment_id, recorded.digest, tuple(int(t) for (t,) in rows)))
        return tuple(found)

    def start(self, reader: str, plan: ReadingPlan) -> ReadingSession:
        """Begin a session.

        Raises
        ------
        InvalidValueError
            No reader, or a case that is not on record.
        """
        if not reader.strip():
            raise InvalidValueError("a session names its reader; found an empty name; write your name or initials")
        name, content = storable(reader.strip()), encode(plan)
        digest = _digest([name, content])
        with self._database.writing():
            for case in plan.cases:
                self._assessment(case)
            detail = {"condition": plan.condition, "cases": len(plan.cases), "seed": plan.seed}
            entry = audit.append(self._database, self._clock, name, audit.SESSION_STARTED, "session", after=digest, detail=detail)
            number = self._database.insert("sessions", audit_id=entry.number, reader=name, plan=dumps(content), digest=digest)
        return ReadingSession(number, name, plan)

    def all(self, reader: str | None = None) -> tuple[ReadingSession, ...]:
        """Sessions in the order of their start; optionally only those of one reader."""
        name_filter = None if reader is None else storable(reader.strip())
        rows = self._database.rows("SELECT id, reader, plan FROM sessions WHERE (?1 IS NULL OR reader = ?1) ORDER BY id", name_filter)
        return tuple(ReadingSession(n, name, decode(ReadingPlan, json.loads(plan)), self._states(n)) for n, name, plan in rows)

    def get(self, number: int) -> ReadingSession:
        """A session.

        Raises
        ------
        InvalidValueError
            There is none of this number.
        """
        found = next((s for s in self.all() if s.number == number), None)
        if found is None:
            raise InvalidValueError(f"found no session {number} in the workspace; expected one of {[s.number for s in self.all()]}")
        return found

    def begin(self, session: ReadingSession, case: PlannedCase) -> ReadingSession:
        """Record that a case is in review; repeating it changes nothing."""
        if self.get(session.number).state(case.number) is CaseState.BEGUN:
            return self.get(session.number)
        return self._note(session, case, CaseState.BEGUN, ())

    def finish(self, session: ReadingSession, case: PlannedCase, films: Sequence[FilmReading]) -> ReadingSession:
        """Record that a case is done, with the reading of each film.

        Parameters
        ----------
        films
            In order of time.
        """
        return self._note(session, case, CaseState.DONE, films)

    def readings(self) -> tuple[CaseReading, ...]:
        """Finished cases in order of completion; of a case that was read again, the last reading."""
        rows = self._database.rows(
            """SELECT r.session, r.number, t.key, u.at, r.films FROM readings r JOIN assessments a ON a.id = r.assessment
            JOIN timelines t ON t.id = a.timeline_id LEFT JOIN audit u ON u.id = r.audit_id
            WHERE r.id IN (SELECT max(id) FROM readings GROUP BY session, number) AND r.state = ? ORDER BY r.id""",
            CaseState.DONE.value,
        )
        sessions = {s.number: s for s in self.all()}
        return tuple(
            CaseReading(
                sessions[session],
                sessions[session].plan.cases[number - 1],
                decode(TimelineKey, json.loads(key)),
                at or "",
                decode(tuple[FilmReading, ...], json.loads(films)),
            )
            for session, number, key, at, films in rows
        )

    def _note(self, session: ReadingSession, case: PlannedCase, state: CaseState, films: Sequence[FilmReading]) -> ReadingSession:
        content = encode(list(films))
        with self._database.writing():
            digest = _digest([session.number, case.number, state.value, content])
            what = audit.CASE_DONE if state is CaseState.DONE else audit.CASE_BEGUN
            detail = {"case": case.number}
            entry = audit.append(self._database, self._clock, session.reader, what, f"session {session.number}", after=digest, detail=detail)
            self._database.insert(
                "readings",
                audit_id=entry.number,
                session=session.number,
                number=case.number,
                assessment=self._assessment(case),
                state=state.value,
                films=dumps(content),
                digest=digest,
            )
        return self.get(session.number)

    def _assessment(self, case: PlannedCase) -> int:
        row = self._database.row("SELECT id FROM assessments WHERE assessment_id = ? AND digest = ?", case.assessment_id, case.digest)
        if row is None:
            raise InvalidValueError(f"{case.name}: found no assessment {case.assessment_id!r} in the workspace; expected one on record")
        return int(row[0])

    def _states(self, number: int) -> dict[int, CaseState]:
        rows = self._database.rows("SELECT number, state FROM readings WHERE session = ? ORDER BY id", number)
        return {n: CaseState(state) for n, state in rows}


def problems(database: Database) -> Iterator[str]:
    """Sessions and readings that were changed after they were made."""
    rows = database.rows("SELECT s.id, s.reader, s.plan, s.digest, a.after FROM sessions s LEFT JOIN audit a ON a.id = s.audit_id ORDER BY s.id")
    for number, reader, plan, digest, digest_in_trail in rows:
        if not _digest([reader, json.loads(plan)]) == digest == digest_in_trail:
            yield f"the plan of session {number}, of {reader}, was changed after it was made"
    rows = database.rows(
        "SELECT r.session, r.number, r.state, r.films, r.digest, a.after FROM readings r LEFT JOIN audit a ON a.id = r.audit_id ORDER BY r.id"
    )
    for session, number, state, films, digest, digest_in_trail in rows:
        if not _digest([session, number, state, json.loads(films)]) == digest == digest_in_trail:
            yield f"the reading of case {number} of session {session} was changed after it was made"


def _digest(content: Json) -> str:
    return hashlib.sha256(canonical(content)).hexdigest()
