"""Versions of the segmentations of images. Each one is kept, and the last one of a reader counts."""

from __future__ import annotations

from dataclasses import dataclass

from calcitrack.errors import EditConflictError, InvalidValueError
from calcitrack.io.results.provenance import Clock
from calcitrack.io.workspace import audit
from calcitrack.io.workspace.codec import storable
from calcitrack.io.workspace.database import Database
from calcitrack.io.workspace.label_files import LabelFiles
from calcitrack.model.segmentation import Segmentation

PROGRAM, READER = "program", "reader"


@dataclass(frozen=True, slots=True)
class SegmentationVersion:
    """One version of the segmentation of an image; it never changes.

    Parameters
    ----------
    image
        SOP Instance UID of the image, or its path where it has none.
    number
        1, 2, ... for each image.
    digest
        SHA-256 of its content.
    reader
        Who edited it; empty where the program made it.
    based_on
        Number of the version that was edited; ``None`` where the program made it.
    comment
        The reader's own words.
    """

    image: str
    number: int
    digest: str
    reader: str
    based_on: int | None
    comment: str


_VERSION = """SELECT i.identity, s.version, s.digest, s.reader, b.version, s.comment FROM segmentations s JOIN images i ON i.id = s.image_id
    LEFT JOIN segmentations b ON b.id = s.based_on WHERE i.identity = ?"""


def versions_of(database: Database, image: str) -> tuple[SegmentationVersion, ...]:
    """All versions of an image, first to last."""
    return tuple(SegmentationVersion(*row) for row in database.rows(f"{_VERSION} ORDER BY s.version", storable(image)))


def head_of(database: Database, image: str) -> SegmentationVersion | None:
    """The current version: the last one of a reader, else the last one of the program, which never replaces a reader's."""
    row = database.row(f"{_VERSION} ORDER BY s.made_by = '{READER}' DESC, s.version DESC LIMIT 1", storable(image))
    return None if row is None else SegmentationVersion(*row)


def add_version(
    database: Database, image_id: int, digest: str, audit_id: int, *, reader: str = "", based_on: int | None = None, comment: str = ""
) -> int:
    """Add the next version of an image, and return its row.

    Parameters
    ----------
    based_on
        Row of the version that was edited.
    """
    (last,) = database.row("SELECT coalesce(max(version), 0) FROM segmentations WHERE image_id = ?", image_id)
    return database.insert(
        "segmentations",
        audit_id=audit_id,
        image_id=image_id,
        version=last + 1,
        digest=digest,
        made_by=READER if reader else PROGRAM,
        reader=storable(reader),
        based_on=based_on,
        comment=storable(comment),
    )


class Versions:
    """Reads and adds versions; `calcitrack.io.workspace.Workspace` describes each method.

    Parameters
    ----------
    database, files, clock
        Of the workspace.
    """

    def __init__(self, database: Database, files: LabelFiles, clock: Clock) -> None:
        self._database, self._files, self._clock = database, files, clock

    def head(self, image: str) -> SegmentationVersion:
        """The current version; an `InvalidValueError` where there is none."""
        head = head_of(self._database, image)
        if head is None:
            raise InvalidValueError(f"found no image {image!r} in the workspace; expected a SOP Instance UID, or a path, of a recorded one")
        return head

    def load(self, version: SegmentationVersion) -> Segmentation:
        """The segmentation of a version."""
        return self._files.load(version.digest)

    def edit(self, image: str, segmentation: Segmentation, based_on: SegmentationVersion, reader: str, comment: str) -> SegmentationVersion:
        """Add a reader's version, unless it changes nothing."""
        if not reader.strip():
            raise InvalidValueError("an edit names its reader; found an empty name")
        shape = self.load(based_on).labels.shape
        if segmentation.labels.shape != shape:
            raise InvalidValueError(f"{image}: the segmentation has the shape of the image, {shape}; found {segmentation.labels.shape}")
        digest = self._files.save(segmentation)
        database = self._database
        with database.writing():
            head = self.head(image)
            if head != based_on:
                raise _conflict(image, head, based_on, reader)
            if digest != head.digest:
                subject = f"image {image}"
                detail = {"based_on": head.number, "comment": comment}
                entry = audit.append(database, self._clock, reader, audit.EDITED, subject, before=head.digest, after=digest, detail=detail)
                image_id, base = database.row(
                    "SELECT i.id, s.id FROM images i JOIN segmentations s ON s.image_id = i.id WHERE i.identity = ? AND s.version = ?",
                    storable(image),
                    head.number,
                )
                add_version(database, image_id, digest, entry.number, reader=reader, based_on=base, comment=comment)
            return self.head(image)


def _conflict(image: str, head: SegmentationVersion, based_on: SegmentationVersion, reader: str) -> EditConflictError:
    newer = f"version {head.number} by {head.reader or 'the program'}"
    return EditConflictError(
        image,
        f"{newer}, made after version {based_on.number} that the edit of {reader} is based on",
        f"an edit of version {head.number}",
        "look at both, and edit the newer one; nothing was overwritten",
    )
