"""The file behind an exposure: it loads the pixels and identifies the content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from calcitrack.calibrate.intensity import classify
from calcitrack.errors import CorrectionError, InvalidValueError, ReadError
from calcitrack.io.cohort.manifest import ManifestRow
from calcitrack.io.files.limits import ReadLimits
from calcitrack.io.files.sources import FileSource
from calcitrack.io.images.read import read_source
from calcitrack.io.images.sidecar import sidecar_of
from calcitrack.model.corrections import NO_CORRECTION, FilmCorrection, corrected
from calcitrack.model.film_quality import MEASURE_ANYWAY
from calcitrack.model.image import Radiograph
from calcitrack.model.timeline import Exposure
from calcitrack.model.two_limbs import TwoLimbs
from calcitrack.segment.one_of_two import one_of_two

STEP_BYTES = 1 << 20
"""Files are read in pieces of this size."""

Stamp = tuple[int, int]
"""Bytes of a file and the time of its last change in nanoseconds, as the file system states them."""


@dataclass(frozen=True, slots=True)
class Content:
    """Identity of a file's content.

    Parameters
    ----------
    source
        Path as the user knows it; ``archive.zip!member`` inside an archive.
    size_bytes, sha256
        Of the file, or of the member of the archive.
    """

    source: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ExposureFile:
    """Loader of an image on disk, used as `Exposure.load`; small and picklable.

    Parameters
    ----------
    source
        The image.
    row
        The manifest's statements about it, which replace those of its header; ``None`` without a manifest row.
    limits
        Sizes beyond which it is refused.
    pseudonym
        Replaces the Patient ID; the birth date is removed. Empty for no pseudonym.
    correction
        The reader's corrections of it, which replace everything else.
    patient_id
        The Patient ID with its issuer, where the ID alone names several people; else empty.
    limb, both
        Of a picture of two limbs: which of them the image is, 1 or 2, and what is stated of their sides; else ``None``.
    """

    source: FileSource
    row: ManifestRow | None
    limits: ReadLimits
    pseudonym: str = ""
    correction: FilmCorrection = NO_CORRECTION
    patient_id: str = ""
    limb: int | None = None
    both: TwoLimbs | None = None

    def __call__(self) -> Radiograph:
        """The radiograph.

        Raises
        ------
        ReadError
            As `calcitrack.read_radiograph` does.
        """
        radiograph = with_correction(_with_row(read_source(self.source, self.limits), self.row, name_patient=not self.pseudonym), self.correction)
        if self.limb is not None and self.both is not None:
            radiograph = one_of_two(radiograph, self.limb, self.both)
        if not self.pseudonym:
            named = self.patient_id or radiograph.acquisition.patient_id
            return replace(radiograph, acquisition=replace(radiograph.acquisition, patient_id=named))
        acquisition = replace(radiograph.acquisition, patient_id=self.pseudonym, patient_birth_date=None)
        return replace(radiograph, acquisition=acquisition)


def with_correction(radiograph: Radiograph, correction: FilmCorrection) -> Radiograph:
    """Apply a reader's correction to a radiograph.

    Raises
    ------
    CorrectionError
        The correction does not fit the film.
    """
    try:
        return corrected(radiograph, correction)
    except InvalidValueError as error:
        raise CorrectionError(
            radiograph.source, f"a correction that does not fit ({error})", "one of this film", "draw it again, or take it back"
        ) from error


def _with_row(radiograph: Radiograph, row: ManifestRow | None, *, name_patient: bool) -> Radiograph:
    if row is None:
        return radiograph
    radiograph = _shown_as(radiograph, row.photometric_interpretation)
    acquisition, findings = row.acquisition(radiograph.acquisition, name_patient=name_patient)
    if row.spacing is not None:
        size = f"{row.spacing.row_mm} x {row.spacing.column_mm} mm"
        findings = (*findings, f"the manifest states a pixel of {size}; the header's size is not used")
    if row.measure_anyway:
        findings = (*findings, f"the manifest states {MEASURE_ANYWAY} {' '.join(sorted(row.measure_anyway))}")
    return replace(
        radiograph,
        acquisition=acquisition,
        spacing=row.spacing or radiograph.spacing,
        findings=(*radiograph.findings, *findings),
        measure_anyway=radiograph.measure_anyway | row.measure_anyway,
    )


def _shown_as(radiograph: Radiograph, photometric: str) -> Radiograph:
    """The picture with its dense end as a manifest states it; a DICOM header states it itself."""
    before = radiograph.acquisition
    if not photometric or photometric == before.photometric_interpretation:
        return radiograph
    if before.sop_class_uid:
        words = f"the manifest states photometric_interpretation {photometric}; it counts for pictures, and the DICOM header's is used"
        return replace(radiograph, findings=(*radiograph.findings, words))
    acquisition = replace(before, photometric_interpretation=photometric)
    calibration = classify(acquisition)
    sign = calibration.polarity * radiograph.calibration.polarity
    return replace(radiograph, pixels=sign * radiograph.pixels, acquisition=acquisition, calibration=calibration)


@dataclass(frozen=True, slots=True)
class FileState:
    """State of a file at one moment: path, limits and time stamp.

    Parameters
    ----------
    source, limits
        The file, and sizes beyond which it is refused.
    stamp
        ``None`` where no file existed. A member of an archive has the stamp of the archive.
    """

    source: FileSource
    limits: ReadLimits
    stamp: Stamp | None

    @classmethod
    def now(cls, source: FileSource, limits: ReadLimits) -> FileState:
        """Read the current state."""
        return cls(source, limits, _stamp(source))

    @property
    def untouched(self) -> bool:
        """Whether the file is unchanged since then."""
        return self.stamp is not None and _stamp(self.source) == self.stamp

    def may_hold(self, content: Content) -> bool:
        """False when the file's size alone shows that the content differs."""
        return bool(self.source.member) or self.stamp is None or self.stamp[0] == content.size_bytes

    def content(self) -> Content | None:
        """Size and SHA-256 of the content; ``None`` where it cannot be read."""
        digest, size = hashlib.sha256(), 0
        try:
            with self.source.open(self.limits) as stream:
                while piece := stream.read(STEP_BYTES):
                    digest.update(piece)
                    size += len(piece)
        except ReadError:
            return None
        return Content(self.source.name, size, digest.hexdigest())


def _stamp(source: FileSource) -> Stamp | None:
    try:
        status = source.path.stat()
    except (OSError, ValueError):  # ValueError: a null byte in the name
        return None
    return status.st_size, status.st_mtime_ns


def file_of(exposure: Exposure) -> Path | None:
    """The file on disk (an archive, where it lies in one) that an exposure is read from; ``None`` for an image that came from elsewhere."""
    return exposure.load.source.path if isinstance(exposure.load, ExposureFile) else None


def files_of(exposure: Exposure) -> tuple[FileState, ...] | None:
    """The files that an exposure is read from: the image, and the sidecar of a picture; ``None`` for an image that came from elsewhere."""
    load = exposure.load
    if not isinstance(load, ExposureFile):
        return None
    beside = sidecar_of(load.source)
    is_picture = not exposure.acquisition.sop_class_uid
    sources = (load.source, beside) if is_picture and beside.exists() else (load.source,)
    return tuple(FileState.now(s, load.limits) for s in sources)
