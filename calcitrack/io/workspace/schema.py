"""Tables of the workspace, as numbered steps: step n turns a database of version n - 1 into one of version n.

A step that was released is never edited; a change is a new step. `docs/reference/workspace.md` describes the tables.
"""

from __future__ import annotations

APPLICATION_ID = 0x63616C63
"""``calc`` in ASCII, in the header of the database file (SQLite, PRAGMA application_id): tells a workspace from other databases."""

IMMUTABLE = (
    "images",
    "timelines",
    "segmentations",
    "assessments",
    "exposures",
    "measurands",
    "deposits",
    "measurements",
    "links",
    "outcomes",
    "files",
    "measured",
    "sources",
    "journal",
    "sessions",
    "readings",
    "corrections",
    "revisions",
)
"""Tables whose rows are written once: the database itself refuses to change or remove them."""
APPEND_ONLY = ("audit", "reviews", *IMMUTABLE)
_ADDED_LATER = frozenset({"measured", "sources", "journal", "sessions", "readings", "corrections", "revisions"})

_TABLES = (
    """CREATE TABLE audit (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL,
        before TEXT NOT NULL, after TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL UNIQUE)""",
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, program TEXT NOT NULL, version TEXT NOT NULL, libraries TEXT NOT NULL,
        options TEXT NOT NULL, inputs TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT)""",
    """CREATE TABLE images (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, sop_instance_uid TEXT NOT NULL, source TEXT NOT NULL)""",
    """CREATE TABLE timelines (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, patient_id TEXT NOT NULL, body_part TEXT NOT NULL, laterality TEXT NOT NULL,
        view TEXT NOT NULL, modality TEXT NOT NULL)""",
    """CREATE TABLE segmentations (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, image_id INTEGER NOT NULL REFERENCES images, version INTEGER NOT NULL,
        digest TEXT NOT NULL, made_by TEXT NOT NULL CHECK (made_by IN ('program', 'reader')), reader TEXT NOT NULL,
        based_on INTEGER REFERENCES segmentations, comment TEXT NOT NULL, UNIQUE (image_id, version))""",
    """CREATE TABLE assessments (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, timeline_id INTEGER NOT NULL REFERENCES timelines,
        assessment_id TEXT NOT NULL, digest TEXT NOT NULL, facts TEXT NOT NULL, UNIQUE (assessment_id, digest))""",
    """CREATE TABLE exposures (
        id INTEGER PRIMARY KEY, assessment INTEGER NOT NULL REFERENCES assessments, position INTEGER NOT NULL,
        image_id INTEGER NOT NULL REFERENCES images, segmentation_id INTEGER NOT NULL REFERENCES segmentations, time_point INTEGER NOT NULL,
        repeat INTEGER NOT NULL, facts TEXT NOT NULL, UNIQUE (assessment, position))""",
    """CREATE TABLE measurands (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL, definition TEXT NOT NULL, reference TEXT NOT NULL,
        UNIQUE (name, unit, definition, reference))""",
    """CREATE TABLE deposits (
        id INTEGER PRIMARY KEY, exposure_id INTEGER NOT NULL REFERENCES exposures, label INTEGER NOT NULL, deposit_id TEXT NOT NULL,
        tracking_uid TEXT NOT NULL, fate TEXT NOT NULL, confidence REAL NOT NULL, centroid_row REAL NOT NULL, centroid_col REAL NOT NULL,
        UNIQUE (exposure_id, label))""",
    """CREATE TABLE measurements (
        id INTEGER PRIMARY KEY, exposure_id INTEGER NOT NULL REFERENCES exposures, label INTEGER NOT NULL, name TEXT NOT NULL,
        measurand_id INTEGER NOT NULL REFERENCES measurands, value REAL, sd REAL, model TEXT NOT NULL, reason TEXT NOT NULL,
        UNIQUE (exposure_id, label, name), CHECK ((value IS NULL) = (reason <> '')))""",
    """CREATE TABLE links (
        id INTEGER PRIMARY KEY, assessment INTEGER NOT NULL REFERENCES assessments, deposit_id TEXT NOT NULL, tracking_uid TEXT NOT NULL,
        time_point INTEGER NOT NULL, fate TEXT NOT NULL, partners TEXT NOT NULL, UNIQUE (assessment, deposit_id, time_point))""",
    """CREATE TABLE outcomes (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, run_id INTEGER REFERENCES runs,
        timeline_id INTEGER NOT NULL REFERENCES timelines, assessment INTEGER REFERENCES assessments, reason TEXT NOT NULL, sources TEXT NOT NULL,
        CHECK ((assessment IS NULL) = (reason <> '')))""",
    """CREATE TABLE files (
        id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs, source TEXT NOT NULL, status TEXT NOT NULL, facts TEXT NOT NULL)""",
    """CREATE TABLE reviews (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, assessment INTEGER NOT NULL REFERENCES assessments,
        reader TEXT NOT NULL, kind TEXT NOT NULL, slot TEXT NOT NULL, deposit_id TEXT NOT NULL, image TEXT NOT NULL, time_point INTEGER,
        value TEXT NOT NULL, comment TEXT NOT NULL, digest TEXT NOT NULL)""",
    "CREATE INDEX outcomes_of_timeline ON outcomes (timeline_id, id)",
    "CREATE INDEX reviews_of_subject ON reviews (assessment, reader, slot)",
    "CREATE INDEX audit_of_subject ON audit (subject)",
    "CREATE INDEX files_of_run ON files (run_id)",
    "CREATE INDEX segmentations_of_digest ON segmentations (digest)",
)


def _guards(table: str) -> tuple[str, str]:
    return tuple(  # type: ignore[return-value]
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    )


STEPS: tuple[tuple[str, ...], ...] = (
    (
        *_TABLES,
        *(guard for table in APPEND_ONLY if table not in _ADDED_LATER for guard in _guards(table)),
        "CREATE TRIGGER runs_no_delete BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'runs is append-only'); END",
        """CREATE TRIGGER runs_end_once BEFORE UPDATE ON runs WHEN OLD.finished_at IS NOT NULL OR NEW.finished_at IS NULL OR NEW.id <> OLD.id
        OR NEW.audit_id <> OLD.audit_id OR NEW.version <> OLD.version OR NEW.options <> OLD.options OR NEW.inputs <> OLD.inputs
        OR NEW.started_at <> OLD.started_at BEGIN SELECT RAISE(ABORT, 'a run ends once, and nothing else of it changes'); END""",
    ),
    (
        "ALTER TABLE runs ADD COLUMN made_by TEXT NOT NULL DEFAULT ''",
        "DROP TRIGGER runs_end_once",
        """CREATE TRIGGER runs_end_once BEFORE UPDATE ON runs WHEN OLD.finished_at IS NOT NULL OR NEW.finished_at IS NULL OR NEW.id <> OLD.id
        OR NEW.audit_id <> OLD.audit_id OR NEW.version <> OLD.version OR NEW.options <> OLD.options OR NEW.inputs <> OLD.inputs
        OR NEW.started_at <> OLD.started_at OR NEW.made_by <> OLD.made_by
        BEGIN SELECT RAISE(ABORT, 'a run ends once, and nothing else of it changes'); END""",
        """CREATE TABLE measured (
            id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, run_id INTEGER NOT NULL REFERENCES runs,
            timeline_id INTEGER NOT NULL REFERENCES timelines, assessment INTEGER NOT NULL REFERENCES assessments, request TEXT NOT NULL,
            unread INTEGER NOT NULL)""",
        """CREATE TABLE sources (
            id INTEGER PRIMARY KEY, measured INTEGER NOT NULL REFERENCES measured, source TEXT NOT NULL, size_bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL)""",
        "CREATE INDEX outcomes_of_assessment ON outcomes (assessment, id)",
        "CREATE INDEX measured_of_timeline ON measured (timeline_id, id)",
        "CREATE INDEX sources_of_measured ON sources (measured)",
        *(guard for table in ("measured", "sources") for guard in _guards(table)),
    ),
    (
        """CREATE TABLE journal (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, assessment INTEGER NOT NULL REFERENCES assessments,
        reader TEXT NOT NULL, position INTEGER NOT NULL, step TEXT NOT NULL, change TEXT NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL,
        UNIQUE (assessment, reader, position))""",
        *_guards("journal"),
    ),
    (
        "ALTER TABLE journal ADD COLUMN reading TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE sessions (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, reader TEXT NOT NULL, plan TEXT NOT NULL, digest TEXT NOT NULL)""",
        """CREATE TABLE readings (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, session INTEGER NOT NULL REFERENCES sessions, number INTEGER NOT NULL,
        assessment INTEGER NOT NULL REFERENCES assessments, state TEXT NOT NULL, films TEXT NOT NULL, digest TEXT NOT NULL)""",
        "CREATE INDEX readings_of_session ON readings (session, number, id)",
        *(guard for table in ("sessions", "readings") for guard in _guards(table)),
    ),
    (
        """CREATE TABLE corrections (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, image_id INTEGER NOT NULL REFERENCES images, position INTEGER NOT NULL,
        reader TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('set', 'undo', 'redo')), step TEXT NOT NULL, correction TEXT NOT NULL,
        previous TEXT NOT NULL, digest TEXT NOT NULL, UNIQUE (image_id, position))""",
        "CREATE INDEX exposures_of_image ON exposures (image_id)",
        *_guards("corrections"),
    ),
    (
        """CREATE TABLE revisions (
        id INTEGER PRIMARY KEY, audit_id INTEGER NOT NULL REFERENCES audit, based_on INTEGER NOT NULL REFERENCES assessments,
        assessment INTEGER NOT NULL REFERENCES assessments, reader TEXT NOT NULL)""",
        "CREATE INDEX revisions_of_assessment ON revisions (based_on, id)",
        *_guards("revisions"),
    ),
)
"""Version -> statements, the first one being version 1."""

SCHEMA_VERSION = len(STEPS)
"""Version that this program writes (PRAGMA user_version)."""
