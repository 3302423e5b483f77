"""Folders, archives, media and lists -> Cohort: timelines of radiographs, and the outcome of every file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path

from calcitrack.errors import CorrectionError, NotFoundError
from calcitrack.io.cohort.corrections import Corrections, correction_of, laid_over, read_corrections
from calcitrack.io.cohort.discover import FoundFile, Inputs, find_files
from calcitrack.io.cohort.exposure_file import ExposureFile
from calcitrack.io.cohort.grouping import build_timelines, skip_copies
from calcitrack.io.cohort.manifest import Manifest, ManifestRow, read_manifest
from calcitrack.io.cohort.people import ISSUER_MARK, with_contradictions, with_issuers
from calcitrack.io.cohort.pseudonyms import check_all_have_pseudonyms
from calcitrack.io.cohort.scan import ScannedFile, scan_file
from calcitrack.io.files.limits import DEFAULT_LIMITS, ReadLimits
from calcitrack.io.files.sources import FileSource, archives_kept_open, compare_bytes
from calcitrack.io.sheets.dates import DateOrder
from calcitrack.model.arguments import expect_paths
from calcitrack.model.cohort import Cohort, FileRecord, FileStatus
from calcitrack.model.corrections import FilmCorrection
from calcitrack.model.image import Acquisition
from calcitrack.model.timeline import Exposure, image_id_of
from calcitrack.model.two_limbs import BOTH, ONE_SIDE, PAIRED_PARTS, TwoLimbs

MAX_WORKERS = 8
"""Threads that read headers. Parsing holds the interpreter (0.8 ms a file), so that they help only where a disk or network share makes one wait;
processes were slower for 2000 files (1.6 s against 5.1 s), because each has to start and import first."""


def read_cohort(
    inputs: Inputs,
    *,
    manifest: Manifest | str | PathLike[str] | None = None,
    dates: DateOrder | None = None,
    pseudonyms: Mapping[str, str] | None = None,
    corrections: Corrections | str | PathLike[str] | None = None,
    recorded: Corrections | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    limits: ReadLimits = DEFAULT_LIMITS,
) -> Cohort:
    """Find the radiographs among files and put them on timelines. Only headers are read.

    Parameters
    ----------
    inputs
        A folder, file, zip archive or DICOMDIR, or several of them.
    manifest
        A CSV file or Excel workbook that states what headers do not (columns in `calcitrack.io.cohort.manifest`), or what `read_manifest` read
        of it; it wins over headers, with a finding.
    dates
        What stands first in the manifest's dates such as 04/05/2024, ``"day-first"`` or ``"month-first"``; ``None`` where the file has to prove it.
    pseudonyms
        Patient ID -> pseudonym, which is used instead everywhere (`calcitrack.io.cohort.pseudonyms`); it comes after the manifest.
    corrections
        What a reader states about films (`calcitrack.model.corrections`), by SOP Instance UID or path, or the JSON file that says so
        (`calcitrack.io.cohort.corrections`), each film of which has to be there; it wins over headers and manifest, with a finding.
    recorded
        What a workspace holds of films (`Workspace.corrections`), whether they are there or not; `corrections` are laid over it.
    workers
        Threads; by default one for each CPU and at most 8.
    progress
        Called with (files done, files found) as the scan goes on, from the calling thread.
    limits
        Sizes beyond which a file is refused.

    Returns
    -------
    Cohort
        Timelines by patient, body part, side, view and modality; and one record for every file, in the order of the inputs.

    Raises
    ------
    NotFoundError
        Nothing exists at any of the paths. Where some exist, the others are failed records.
    ManifestError
        With every problem of the manifest.
    CorrectionError
        With every problem of the file of corrections, or the films that are not there.
    PseudonymError
        An image's Patient ID has no pseudonym though some are given.

    Notes
    -----
    Bad image files raise nothing: they are failed or skipped records.

    Examples
    --------
    >>> from calcitrack import read_cohort
    >>> from calcitrack.io.phantom.samples import sample_radiographs
    >>> read_cohort(sample_radiographs() / "DEV04")
    Cohort(1 timeline, 5 files read)
      timeline               time points  exposures
      DEV04 / HAND / L / PA  4            5
    >>> read_cohort("flims")
    Traceback (most recent call last):
    calcitrack.errors.NotFoundError: flims: found nothing that can be opened; expected a folder, a file, a zip archive or a DICOMDIR; check the path
    """
    expect_paths("read_cohort", "inputs", inputs)
    _check_something_exists(inputs)
    stated = manifest if manifest is None or isinstance(manifest, Manifest) else read_manifest(Path(manifest), dates and DateOrder(dates))
    found = find_files(inputs, limits)
    if stated is not None:
        stated.check_used(f.source.path for f in found if not f.source.member)
    with archives_kept_open(f.source.path for f in found if f.source.member):
        scanned = _scan_all(found, limits, workers, progress)
    described = [_with_manifest(file, stated, name_patient=pseudonyms is None) for file in scanned]
    described = with_issuers(described, lambda file: (row := _row_of(file.source, stated)) is not None and bool(row.patient_id))
    if pseudonyms is not None:
        read = [f for f in described if f.status is FileStatus.READ]
        check_all_have_pseudonyms([(f.source.name, f.acquisition.patient_id) for f in read if f.acquisition is not None], pseudonyms)
        described = [_with_pseudonym(file, pseudonyms) for file in described]
    files = skip_copies(with_contradictions(described), lambda a, b: compare_bytes(a.source, b.source, limits))
    known = _all_corrections(corrections, recorded or {}, files)
    exposures = [e for f in files if f.status is FileStatus.READ for e in _exposures(f, stated, limits, pseudonyms, known)]
    return Cohort(build_timelines(exposures), tuple(_record(f) for f in files))


def _scan_all(found: Sequence[FoundFile], limits: ReadLimits, workers: int | None, progress: Callable[[int, int], None] | None) -> list[ScannedFile]:
    threads = workers or min(os.cpu_count() or 1, MAX_WORKERS)
    scanned = []
    with ThreadPoolExecutor(threads) as pool:
        for done, file in enumerate(pool.map(partial(_scan_found, limits=limits), found), start=1):
            scanned.append(file)
            if progress is not None:
                progress(done, len(found))
    return scanned


def _scan_found(file: FoundFile, limits: ReadLimits) -> ScannedFile:
    if file.failure:
        return ScannedFile(file.source, FileStatus.FAILED, file.failure)
    if file.skip:
        return ScannedFile(file.source, FileStatus.SKIPPED, file.skip)
    return scan_file(file.source, limits)


def _row_of(source: FileSource, manifest: Manifest | None) -> ManifestRow | None:
    return None if source.member or manifest is None else manifest.row_of(source.path)


def _with_manifest(file: ScannedFile, manifest: Manifest | None, *, name_patient: bool) -> ScannedFile:
    if manifest is not None and not file.source.member and file.source.path.absolute() == manifest.path.absolute():
        return ScannedFile(file.source, FileStatus.SKIPPED, "the manifest")
    row = _row_of(file.source, manifest)
    if row is None or file.acquisition is None:
        return file
    acquisition, findings = row.acquisition(file.acquisition, name_patient=name_patient)
    placed = replace(file, acquisition=acquisition, findings=(*file.findings, *findings), two_limbs=row.two_limbs or file.two_limbs)
    if file.lacks_sidecar and acquisition.patient_id and acquisition.acquisition_time is not None:
        return replace(placed, status=FileStatus.READ, reason="")
    return placed


def _check_something_exists(inputs: Inputs) -> None:
    """Raise when no path exists: a typing error must not give an empty cohort."""
    paths = [inputs] if isinstance(inputs, str | PathLike) else list(inputs)
    if paths and not any(os.path.lexists(path) for path in paths):
        named = ", ".join(os.fspath(path) for path in paths)
        raise NotFoundError(named, "nothing that can be opened", "a folder, a file, a zip archive or a DICOMDIR", "check the path")


def _with_pseudonym(file: ScannedFile, pseudonyms: Mapping[str, str]) -> ScannedFile:
    if file.acquisition is None:
        return file
    pseudonym = pseudonyms.get(file.acquisition.patient_id, "")
    acquisition = replace(file.acquisition, patient_id=pseudonym, patient_birth_date=None)
    return replace(file, acquisition=acquisition)


def _all_corrections(
    corrections: Corrections | str | PathLike[str] | None, recorded: Corrections, files: Sequence[ScannedFile]
) -> dict[str, FilmCorrection]:
    """All corrections by SOP Instance UID (by path where a film has none), as the workspace names films."""
    if corrections is None:
        return dict(recorded)
    given = corrections if isinstance(corrections, Mapping) else read_corrections(corrections)
    image_ids: dict[str, str] = {}
    for f in files:
        uid = f.acquisition.sop_instance_uid if f.acquisition else ""
        names = [n for n in (uid, f.source.name, str(Path(f.source.name).resolve())) if n]
        for limb in (None, 1, 2) if f.two_limbs else (None,):
            image_ids |= {image_id_of(n, "", limb): image_id_of(uid, f.source.name, limb) for n in names}
    lost = [name for name in given if name not in image_ids]
    if lost:
        found = f"films that are not among the input files: {', '.join(lost)}"
        where = "corrections" if isinstance(corrections, Mapping) else str(corrections)
        raise CorrectionError(where, found, "films of the inputs", "correct these names, or hand over their folder")
    return laid_over({image_ids[name]: correction for name, correction in given.items()}, recorded)


def _exposures(
    file: ScannedFile, manifest: Manifest | None, limits: ReadLimits, pseudonyms: Mapping[str, str] | None, corrections: Corrections
) -> Iterator[Exposure]:
    """The image of a file, or both of a picture of two limbs."""
    if file.acquisition is None:
        raise AssertionError(f"{file.source.name} is marked as read, but has no header facts")
    patient = file.acquisition.patient_id
    pseudonym = patient if pseudonyms is not None else ""
    with_issuer = patient if not pseudonym and ISSUER_MARK in patient else ""
    whole: FilmCorrection = correction_of(file.acquisition, file.source.name, corrections)
    load = ExposureFile(file.source, _row_of(file.source, manifest), limits, pseudonym, whole, with_issuer)
    facts = whole.acquisition(file.acquisition)
    both = _two_limbs(file, facts)
    if both is None:
        yield Exposure(facts, load, file.source.name, (*file.findings, *whole.words), whole)
        return
    for limb in (1, 2):
        facts = replace(file.acquisition, laterality=both.side(limb), limb=limb)
        correction = replace(correction_of(facts, file.source.name, corrections).over(whole), laterality="")
        findings = (*file.findings, both.words(limb), *correction.words)
        load = replace(load, correction=correction, limb=limb, both=both)
        yield Exposure(correction.acquisition(facts), load, file.source.name, findings, correction)


def _two_limbs(file: ScannedFile, facts: Acquisition) -> TwoLimbs | None:
    """What is stated of the sides of two limbs in a picture; ``None`` for a picture of one, and where nothing tells the sides.

    A person who states sides says that there are two limbs. Patient Orientation stands in films of one limb too: it counts where both sides are
    stated of a limb.
    """
    both = file.two_limbs
    if both is None or facts.laterality in ONE_SIDE:
        return None
    by_a_person = both.lie is None
    return both if by_a_person or (facts.laterality == BOTH and facts.body_part_examined in PAIRED_PARTS) else None


def _record(file: ScannedFile) -> FileRecord:
    acquisition = None if file.acquisition is None else replace(file.acquisition, patient_birth_date=None)
    both = None if acquisition is None or file.status is not FileStatus.READ else _two_limbs(file, acquisition)
    split = () if both is None else (f"two limbs in one picture, each followed by itself: {both.stated}; look whether that is so",)
    return FileRecord(file.source.name, file.status, file.reason, acquisition, file.findings, (*file.attention, *split))
