"""Conversion of assessment documents to database rows and back."""

from __future__ import annotations

import json

from calcitrack.io.workspace.codec import Json, dumps, storable
from calcitrack.io.workspace.database import Database
from calcitrack.io.workspace.versions import add_version
from calcitrack.model.timeline import image_id_of

TOTAL_LABEL = 0
"""Label under which `measurements` holds an image's totals; no deposit has it."""


def last_with_image(database: Database, image: str) -> str | None:
    """Id of the last recorded assessment that holds an image; ``None`` where there is none."""
    row = database.row(
        """SELECT a.assessment_id FROM outcomes o JOIN assessments a ON a.id = o.assessment JOIN exposures e ON e.assessment = a.id
        JOIN images i ON i.id = e.image_id WHERE i.identity = ? ORDER BY o.id DESC LIMIT 1""",
        storable(image),
    )
    return None if row is None else str(row[0])


def timeline_row(database: Database, key: Json) -> int:
    """Row of a timeline, inserted where there is none."""
    known = database.row("SELECT id FROM timelines WHERE key = ?", dumps(key))
    if known is not None:
        return int(known[0])
    return database.insert("timelines", key=dumps(key), **{name: storable(text) for name, text in key.items()})


def find_assessment(database: Database, assessment_id: str, digest: str | None = None) -> int | None:
    """Row of an assessment with this id; where several differ in content, the one that was the outcome of its timeline last."""
    row = database.row(
        """SELECT a.id FROM assessments a LEFT JOIN outcomes o ON o.assessment = a.id WHERE a.assessment_id = ?1 AND (?2 IS NULL OR a.digest = ?2)
        ORDER BY o.id DESC LIMIT 1""",
        *(assessment_id, digest),
    )
    return None if row is None else int(row[0])


def store(database: Database, document: Json, digest: str, timeline: int, audit_id: int) -> int:
    """Write a document as rows, and return the row of the assessment. Its segmentation files must exist already."""
    facts = {name: document[name] for name in ("time_points", "provenance", "findings", "failures", "joint") if name in document}
    row = database.insert(
        "assessments", audit_id=audit_id, timeline_id=timeline, assessment_id=document["assessment_id"], digest=digest, facts=dumps(facts)
    )
    for position, image in enumerate(document["images"]):
        _store_image(database, row, position, image, audit_id)
    links = [
        (row, name, uid, time_point, fate, "" if partners is None else dumps(partners))
        for name, uid, seen in document["tracks"]
        for time_point, fate, partners in seen
    ]
    database.insert_all("links", ("assessment", "deposit_id", "tracking_uid", "time_point", "fate", "partners"), links)
    return row


def _store_image(database: Database, assessment: int, position: int, image: Json, audit_id: int) -> None:
    facts = image["facts"]
    acquisition = facts["acquisition"]
    image_id = _image_row(database, acquisition["sop_instance_uid"], facts["source"], acquisition.get("limb"))
    known = database.row("SELECT id FROM segmentations WHERE image_id = ? AND digest = ? ORDER BY id LIMIT 1", image_id, image["segmentation"])
    version = int(known[0]) if known else add_version(database, image_id, image["segmentation"], audit_id)
    exposure = database.insert(
        "exposures",
        assessment=assessment,
        position=position,
        image_id=image_id,
        segmentation_id=version,
        time_point=image["time_point"],
        repeat=image["repeat"],
        facts=dumps(facts),
    )
    columns = ("exposure_id", "label", "deposit_id", "tracking_uid", "fate", "confidence", "centroid_row", "centroid_col")
    database.insert_all("deposits", columns, [(exposure, *d[:-1]) for d in image["deposits"]])
    results = [(TOTAL_LABEL, r) for r in image["totals"]] + [(d[0], r) for d in image["deposits"] for r in d[-1]]
    measurands = {tuple(r[1]): 0 for _, r in results}
    for what in measurands:
        measurands[what] = _measurand_row(database, what)
    columns = ("exposure_id", "label", "name", "measurand_id", "value", "sd", "model", "reason")
    database.insert_all("measurements", columns, [(exposure, label, r[0], measurands[tuple(r[1])], *r[2:]) for label, r in results])


def _image_row(database: Database, uid: str, source: str, limb: int | None) -> int:
    identity = image_id_of(uid, source, limb)
    known = database.row("SELECT id FROM images WHERE identity = ?", identity)
    return int(known[0]) if known else database.insert("images", identity=identity, sop_instance_uid=storable(uid), source=storable(source))


def _measurand_row(database: Database, what: tuple[str, ...]) -> int:
    known = database.row("SELECT id FROM measurands WHERE name = ? AND unit = ? AND definition = ? AND reference = ?", *what)
    return int(known[0]) if known else database.insert("measurands", **dict(zip(("name", "unit", "definition", "reference"), what, strict=True)))


def label_digests(database: Database, row: int) -> tuple[str, ...]:
    """Digests of the segmentations of an assessment's row, in the order of its images."""
    found = database.rows(
        "SELECT s.digest FROM exposures e JOIN segmentations s ON s.id = e.segmentation_id WHERE e.assessment = ? ORDER BY e.position", row
    )
    return tuple(digest for (digest,) in found)


def fetch(database: Database, row: int) -> Json:
    """The document of an assessment's row."""
    assessment_id, facts, key = database.row(
        "SELECT a.assessment_id, a.facts, t.key FROM assessments a JOIN timelines t ON t.id = a.timeline_id WHERE a.id = ?", row
    )
    images = database.rows(
        """SELECT e.id, s.digest, e.time_point, e.repeat, e.facts FROM exposures e JOIN segmentations s ON s.id = e.segmentation_id
        WHERE e.assessment = ? ORDER BY e.position""",
        row,
    )
    tracks: dict[str, list[Json]] = {}
    for name, uid, time_point, fate, partners in database.rows(
        "SELECT deposit_id, tracking_uid, time_point, fate, partners FROM links WHERE assessment = ? ORDER BY id", row
    ):
        tracks.setdefault(name, [name, uid, []])[2].append([time_point, fate, json.loads(partners) if partners else None])
    return {
        "assessment_id": assessment_id,
        "key": json.loads(key),
        **json.loads(facts),
        "tracks": list(tracks.values()),
        "images": [_fetch_image(database, *image) for image in images],
    }


def _fetch_image(database: Database, exposure: int, digest: str, time_point: int, repeat: int, facts: str) -> Json:
    results: dict[int, list[Json]] = {}
    for label, name, value, sd, model, reason, *measurand in database.rows(
        """SELECT m.label, m.name, m.value, m.sd, m.model, m.reason, w.name, w.unit, w.definition, w.reference
        FROM measurements m JOIN measurands w ON w.id = m.measurand_id WHERE m.exposure_id = ? ORDER BY m.id""",
        exposure,
    ):
        results.setdefault(label, []).append([name, measurand, value, sd, model, reason])
    deposits = database.rows(
        "SELECT label, deposit_id, tracking_uid, fate, confidence, centroid_row, centroid_col FROM deposits WHERE exposure_id = ? ORDER BY id",
        exposure,
    )
    return {
        "segmentation": digest,
        "time_point": time_point,
        "repeat": repeat,
        "facts": json.loads(facts),
        "deposits": [[*d, results.get(d[0], [])] for d in deposits],
        "totals": results.get(TOTAL_LABEL, []),
    }
