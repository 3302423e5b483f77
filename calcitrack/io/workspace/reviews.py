"""Reviews as rows. Every review is kept, and the last one of a reader on a subject counts."""

from __future__ import annotations

import hashlib
import json

from calcitrack.errors import InvalidValueError
from calcitrack.io.results.provenance import Clock
from calcitrack.io.workspace import audit
from calcitrack.io.workspace.codec import canonical, decode, encode, storable
from calcitrack.io.workspace.database import Database
from calcitrack.model.review import MadeReview, Review, ReviewKind
from calcitrack.model.timeline import TimelineKey

_COLUMNS = "r.reader, r.kind, a.assessment_id, r.deposit_id, r.image, r.time_point, r.value, r.comment"


def review_digest(review: Review) -> str:
    """SHA-256 of a review's content."""
    return hashlib.sha256(canonical(encode(review))).hexdigest()


def _check_subject(database: Database, assessment: int, review: Review) -> None:
    """Raise if the assessment does not contain the subject of a review.

    Raises
    ------
    InvalidValueError
        No such deposit, image or time point.
    """
    subjects = {
        "deposit": (review.deposit_id, "SELECT 1 FROM links WHERE assessment = ? AND deposit_id = ?"),
        "image": (review.image, "SELECT 1 FROM exposures e JOIN images i ON i.id = e.image_id WHERE e.assessment = ? AND i.identity = ?"),
        "time point": (review.time_point, "SELECT 1 FROM exposures WHERE assessment = ? AND time_point = ?"),
    }
    for what, (name, query) in subjects.items():
        if name not in ("", None) and database.row(query, assessment, storable(name) if isinstance(name, str) else name) is None:
            raise InvalidValueError(f"assessment {review.assessment_id} holds no {what} {name}; expected one of its own")


def _replaced_digest(database: Database, assessment: int, review: Review) -> str:
    """Digest of the review that this one replaces (same reader, slot and subject); empty where there is none."""
    row = database.row(
        """SELECT r.digest FROM reviews r JOIN assessments a ON a.id = r.assessment WHERE a.assessment_id =
        (SELECT assessment_id FROM assessments WHERE id = ?) AND reader = ? AND slot = ? AND deposit_id = ? AND image = ? AND time_point IS ?
        ORDER BY r.id DESC LIMIT 1""",
        *(assessment, storable(review.reader), review.kind.slot, storable(review.deposit_id), storable(review.image), review.time_point),
    )
    return "" if row is None else str(row[0])


def add(database: Database, clock: Clock, assessment: int, review: Review) -> None:
    """Accept a review, inside a transaction.

    Parameters
    ----------
    assessment
        Row of its assessment.

    Raises
    ------
    InvalidValueError
        The assessment does not hold the deposit, image or time point.
    """
    _check_subject(database, assessment, review)
    replaced, digest = _replaced_digest(database, assessment, review), review_digest(review)
    subject = f"assessment {review.assessment_id}"
    entry = audit.append(database, clock, review.reader, audit.REVIEWED, subject, before=replaced, after=digest, detail=encode(review))
    database.insert(
        "reviews",
        audit_id=entry.number,
        assessment=assessment,
        reader=storable(review.reader),
        kind=review.kind.value,
        slot=review.kind.slot,
        deposit_id=storable(review.deposit_id),
        image=storable(review.image),
        time_point=review.time_point,
        value=storable(review.value),
        comment=storable(review.comment),
        digest=digest,
    )


def reviews_of(database: Database, *, assessment_id: str | None, reader: str | None, superseded: bool) -> tuple[MadeReview, ...]:
    """Reviews in chronological order.

    Parameters
    ----------
    assessment_id, reader
        Only those; all when ``None``.
    superseded
        Include reviews replaced by a later one of the same reader, slot and subject.
    """
    last = """r.id IN (SELECT max(s.id) FROM reviews s JOIN assessments b ON b.id = s.assessment
        GROUP BY b.assessment_id, s.reader, s.slot, s.deposit_id, s.image, s.time_point)"""
    rows = database.rows(
        f"""SELECT t.key, u.at, {_COLUMNS} FROM reviews r JOIN assessments a ON a.id = r.assessment JOIN timelines t ON t.id = a.timeline_id
        LEFT JOIN audit u ON u.id = r.audit_id
        WHERE (? IS NULL OR a.assessment_id = ?) AND (? IS NULL OR r.reader = ?) AND (? OR {last}) ORDER BY r.id""",  # noqa: S608 names of ours
        *(assessment_id, assessment_id, reader, reader, superseded),
    )
    return tuple(MadeReview(_review(*row), decode(TimelineKey, json.loads(key)), at or "") for key, at, *row in rows)


def _review(reader: str, kind: str, assessment_id: str, deposit_id: str, image: str, time_point: int | None, value: str, comment: str) -> Review:
    return Review(
        reader=reader,
        kind=ReviewKind(kind),
        assessment_id=assessment_id,
        deposit_id=deposit_id,
        image=image,
        time_point=time_point,
        value=value,
        comment=comment,
    )
