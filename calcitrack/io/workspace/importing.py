"""A reader's DICOM Segmentation, drawn in another program, as the next version of an image's segmentation."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from os import PathLike

import numpy as np

from calcitrack.errors import InvalidValueError, SegmentationImportError
from calcitrack.io.seg.match import Imported, import_segmentation
from calcitrack.io.seg.read import SegmentationFile, read_segmentation
from calcitrack.io.workspace.versions import SegmentationVersion
from calcitrack.io.workspace.workspace import Workspace
from calcitrack.model.display import counted
from calcitrack.model.segmentation import Labels, Segmentation
from calcitrack.model.timeline import image_id_of


@dataclass(frozen=True, slots=True)
class ImportedVersion:
    """Outcome for one image.

    Parameters
    ----------
    version
        The version that now holds the reader's outlines.
    before
        The version on which they are based; the same where nothing was changed.
    deposits, added, removed, redrawn
        Numbers of deposits: now, and against the version before.
    """

    version: SegmentationVersion
    before: SegmentationVersion
    deposits: int
    added: int
    removed: int
    redrawn: int
    findings: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether there is a new version."""
        return self.version != self.before


def import_into(
    workspace: Workspace,
    path: str | PathLike[str],
    *,
    reader: str,
    comment: str = "",
    segments: Collection[int] | None = None,
    based_on: int | None = None,
    replace_all: bool = False,
) -> tuple[ImportedVersion, ...]:
    """Accept a DICOM Segmentation as a reader's edit of each image that it lies on.

    Parameters
    ----------
    segments
        Numbers of the segments to take; all when ``None``, and then all must be deposits.
    based_on
        Number of the version that the reader started from; the one that counts now when ``None``.
    replace_all
        Accept also what leaves none of an image's deposits, or lays all of them elsewhere.

    Returns
    -------
    tuple of ImportedVersion
        One an image, in the order in which the file refers to them.

    Raises
    ------
    SegmentationImportError
        It is no Segmentation, it refers to no image of the workspace or has another grid, a segment is no deposit, two overlap, or it would
        empty an image or move its deposits. Nothing is accepted then, for any image.
    EditConflictError
        Somebody else's edit came after the version it is based on.
    InvalidValueError
        No reader, or no such version.
    """
    file = read_segmentation(path)
    _check_shows_one_limb(workspace, file)
    known = [(uid, workspace.assessment_with(uid)) for uid in file.images]
    found = [(uid, assessment) for uid, assessment in known if assessment is not None]
    if not found:
        named = ", ".join(file.images) or "none: it has no frames, or was cut off, so nothing says which image is meant"
        raise SegmentationImportError(
            file.source, f"outlines of an image that is not in the workspace ({named})", "one that was measured into it", "measure that image first"
        )
    drawn: list[tuple[Imported, SegmentationVersion, Segmentation]] = []
    for uid, assessment in found:
        image = next(i for i in assessment.images if i.exposure.acquisition.sop_instance_uid == uid)
        base = _base(workspace, uid, based_on)
        segmentation = workspace.segmentation(base)
        drawn.append((import_segmentation(file, image, segmentation, segments=segments), base, segmentation))
    if not replace_all:
        for imported, _, before in drawn:
            _check_kept(file.source, imported.segmentation.labels, before.labels)
    words = comment or f"imported from DICOM Segmentation {file.sop_instance_uid}"
    return tuple(_accepted(workspace, *one, reader=reader, comment=words) for one in drawn)


def _check_shows_one_limb(workspace: Workspace, file: SegmentationFile) -> None:
    """Refuse outlines on a picture of two limbs: a Segmentation refers to the picture as a whole, and does not say whose they are.

    Raises
    ------
    SegmentationImportError
        The picture was measured as two limbs.
    """
    for uid in file.images:
        if any(workspace.assessment_with(image_id_of(uid, "", limb)) is not None for limb in (1, 2)):
            found = f"outlines on a picture of two limbs ({uid}), which do not say whose they are"
            raise SegmentationImportError(
                file.source, found, "outlines on a picture of one limb", "draw them in the viewer, on each limb's own timeline"
            )


def _check_kept(source: str, labels: Labels, before: Labels) -> None:
    """Refuse outlines that leave nothing of the deposits that are there: more often a mistake of the file than of the deposits.

    Raises
    ------
    SegmentationImportError
        No pixel is left of any deposit and none was drawn, or the same deposits lie elsewhere.
    """
    had, now = np.unique(before[before > 0]), np.unique(labels[labels > 0])
    action = "check the file; if that is meant, say so (--replace-all)"
    if had.size and not now.size:
        raise SegmentationImportError(source, f"no outline where {counted(had.size, 'deposit was', 'deposits were')}", "outlines of deposits", action)
    moved = [v for v in np.intersect1d(had, now) if not ((labels == v) & (before == v)).any()]
    areas, areas_before = (sorted(np.unique(image[image > 0], return_counts=True)[1].tolist()) for image in (labels, before))
    same_elsewhere = bool(areas) and areas == areas_before and not ((labels > 0) & (before > 0)).any()
    if moved or same_elsewhere:
        count = len(moved) or had.size
        raise SegmentationImportError(
            source, f"{counted(count, 'known deposit')} at another place, off the old one by more than its size", "outlines on the deposits", action
        )


def _base(workspace: Workspace, uid: str, number: int | None) -> SegmentationVersion:
    if number is None:
        return workspace.head(uid)
    versions = workspace.versions(uid)
    for version in versions:
        if version.number == number:
            return version
    raise InvalidValueError(f"{uid}: found no version {number} in the workspace; expected one of {[v.number for v in versions]}")


def _accepted(
    workspace: Workspace, imported: Imported, base: SegmentationVersion, before: Segmentation, *, reader: str, comment: str
) -> ImportedVersion:
    version = workspace.edit(imported.image, imported.segmentation, based_on=base, reader=reader, comment=comment)
    now, then = set(imported.segmentation.label_values), set(before.label_values)
    redrawn = sum(bool(((imported.segmentation.labels == v) != (before.labels == v)).any()) for v in now & then)
    return ImportedVersion(version, base, len(now), len(now - then), len(then - now), redrawn, imported.findings)
