"""The durable record of a project: what was measured, and what readers drew, said and stated of it."""

from __future__ import annotations

from calcitrack.errors import EditConflictError, InvalidValueError, WorkspaceError
from calcitrack.io.workspace import assessments, audit, corrections, journal, reviews
from calcitrack.io.workspace.assessments import SegmentationVersion
from calcitrack.io.workspace.codec import encode, storable
from calcitrack.io.workspace.corrections import CorrectionStep
from calcitrack.io.workspace.journal import JournalEntry
from calcitrack.io.workspace.records import Records
from calcitrack.io.workspace.review_steps import step_json
from calcitrack.io.workspace.sessions import Sessions
from calcitrack.model.corrections import FilmCorrection
from calcitrack.model.review import MadeReview, Review
from calcitrack.model.review_steps import ReviewStep
from calcitrack.model.segmentation import Segmentation


class Workspace(Records):
    """A workspace, open: what was measured, and what readers made of it. Use it in a ``with`` statement, in one thread, as `Records`."""

    def versions(self, image: str) -> tuple[SegmentationVersion, ...]:
        """All versions of the segmentation of an image, first to last.

        Parameters
        ----------
        image
            Its SOP Instance UID, or its path where it has none.
        """
        return assessments.versions_of(self._database, image)

    def head(self, image: str) -> SegmentationVersion:
        """The version that counts: the last one of a reader, else the last one of the program.

        Raises
        ------
        InvalidValueError
            Nothing of this image is on record.
        """
        head = assessments.head_of(self._database, image)
        if head is None:
            raise InvalidValueError(f"found no image {image!r} in the workspace; expected a SOP Instance UID, or a path, of a recorded one")
        return head

    def segmentation(self, version: SegmentationVersion) -> Segmentation:
        """What a version holds.

        Raises
        ------
        WorkspaceDamagedError
            Its file is gone or damaged.
        """
        return self._files.load(version.digest)

    def edit(self, image: str, segmentation: Segmentation, *, based_on: SegmentationVersion, reader: str, comment: str = "") -> SegmentationVersion:
        """Accept a reader's segmentation of an image as its next version.

        Parameters
        ----------
        based_on
            The version that the reader started from.

        Returns
        -------
        SegmentationVersion
            The new version; `based_on` itself where nothing was changed.

        Raises
        ------
        EditConflictError
            Somebody else's edit has come in between. Both are kept: look at `head` and edit that.
        InvalidValueError
            No reader, an unknown image, or a grid of another shape.
        """
        if not reader.strip():
            raise InvalidValueError("an edit names its reader; found an empty name")
        wanted = self.segmentation(based_on).labels.shape
        if segmentation.labels.shape != wanted:
            raise InvalidValueError(f"{image}: the segmentation has the shape of the image, {wanted}; found {segmentation.labels.shape}")
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
                assessments.add_version(database, image_id, digest, entry.number, reader=reader, based_on=base, comment=comment)
            return self.head(image)

    def review(self, review: Review) -> None:
        """Accept what a reader says. Readers do not get into each other's way: each has reviews of its own.

        Raises
        ------
        InvalidValueError
            The assessment, or the deposit, image or time point in it, is not on record.
        """
        database = self._database
        with database.writing():
            row = self._row(review.assessment_id)
            reviews.check_subject(database, row, review)
            before, after = reviews.former(database, row, review), reviews.review_digest(review)
            subject = f"assessment {review.assessment_id}"
            entry = audit.append(database, self._clock, review.reader, audit.REVIEWED, subject, before=before, after=after, detail=encode(review))
            reviews.add(database, row, review, entry.number)

    def reviews(self, assessment_id: str | None = None, *, reader: str | None = None, superseded: bool = False) -> tuple[Review, ...]:
        """What readers said, in the order in which they said it.

        Parameters
        ----------
        assessment_id, reader
            Only those.
        superseded
            Also what the same reader later said otherwise.
        """
        made = reviews.reviews_of(self._database, assessment_id=assessment_id, reader=reader, superseded=superseded)
        return tuple(m.review for m in made)

    def made_reviews(self) -> tuple[MadeReview, ...]:
        """What readers said and did not take back, each with its timeline and when it was said, in that order."""
        return reviews.reviews_of(self._database, assessment_id=None, reader=None, superseded=False)

    def note(self, assessment_id: str, words: str, step: ReviewStep, *, reader: str, after: int, reading: str = "") -> JournalEntry:
        """Keep one step of a reader's review. Each reader has a journal of their own for each assessment.

        Parameters
        ----------
        words
            What was done.
        step
            The step itself, so that it can be applied again and undone.
        after
            Position of the reader's last step that the caller knows of; 0 for none.
        reading
            Which of the reader's readings it belongs to; empty for the reader's own review.

        Raises
        ------
        EditConflictError
            The same reader has gone on with the same assessment elsewhere.
        InvalidValueError
            No reader, or the assessment is not on record.
        """
        if not reader.strip():
            raise InvalidValueError("a step of a review names its reader; found an empty name")
        with self._database.writing():
            entry = JournalEntry(after + 1, reader, assessment_id, words, step_json(step), "", "", reading)
            return journal.append(self._database, self._clock, self._row(assessment_id), entry)

    def journal(self, assessment_id: str, *, reader: str | None = None) -> tuple[JournalEntry, ...]:
        """Steps of reviews of an assessment in their order; of one reader only where asked for."""
        return journal.entries(self._database, assessment_id, reader)

    @property
    def sessions(self) -> Sessions:
        """Reading sessions: plans, how far each one is, and what was read."""
        return Sessions(self._database, self._clock)

    def correct(self, image: str, correction: FilmCorrection, step: str, *, reader: str, after: int | None = None) -> CorrectionStep:
        """Keep what a reader states about a film, for everybody: the next measurement of its timeline goes by it.

        Parameters
        ----------
        image
            Its SOP Instance UID, or its path where it has none.
        correction
            All that holds of the film from now on.
        step
            What was done, in words.
        after
            Position of the film's last step that the reader knows of; ``None`` for whichever it is.

        Raises
        ------
        InvalidValueError
            No reader, or nothing of the film is on record.
        EditConflictError
            Somebody else's step has come in between.
        """
        return self._correct(corrections.new_step(image, reader, corrections.SET, step, correction), after)

    def correct_again(self, image: str, kind: str, *, reader: str) -> CorrectionStep | None:
        """``undo`` the last step of a film that holds, also one of another day, or ``redo`` the last undone one; ``None`` where there is none."""
        known = corrections.again(self.correction_steps(image), kind)
        return None if known is None else self._correct(corrections.new_step(image, reader, kind, *known), None)

    def _correct(self, step: CorrectionStep, after: int | None) -> CorrectionStep:
        if not step.reader.strip():
            raise InvalidValueError("a correction names its reader; found an empty name")
        with self._database.writing():
            return corrections.append(self._database, self._clock, step, after)

    def corrections(self) -> dict[str, FilmCorrection]:
        """Film -> what readers state about it now, by SOP Instance UID, or path where it has none."""
        return corrections.in_force(self._database)

    def correction_steps(self, image: str) -> tuple[CorrectionStep, ...]:
        """Steps of what readers state about a film, in their order."""
        return corrections.steps_of(self._database, image)


def _conflict(image: str, head: SegmentationVersion, based_on: SegmentationVersion, reader: str) -> WorkspaceError:
    made = f"version {head.number} by {head.reader or 'the program'}"
    return EditConflictError(
        image,
        f"{made}, made after version {based_on.number} that the edit of {reader} is based on",
        f"an edit of version {head.number}",
        "look at both, and edit the newer one; nothing was overwritten",
    )
