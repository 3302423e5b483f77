"""De-identify a folder: copies, each checked before it gets its name, and a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from calcitrack.errors import DeidentifyError, ImageTooLargeError, NotAnImageFileError, NotFoundError, ReadError, UnsupportedImageError
from calcitrack.io.cohort.discover import FoundFile, find_files
from calcitrack.io.cohort.pseudonyms import check_all_have_pseudonyms, rows_of_nobody
from calcitrack.io.deidentify.identifiers import FoundIdentifiers
from calcitrack.io.deidentify.key_file import patients_of, read_key, write_key
from calcitrack.io.deidentify.one_file import Copy, Means, deidentified, identifiers_of, is_media_directory, patient_of
from calcitrack.io.deidentify.outcomes import DeidentifyReport, FileOutcome, Status
from calcitrack.io.deidentify.patients import Patients
from calcitrack.io.deidentify.report_files import write_report
from calcitrack.io.deidentify.secret import Secret
from calcitrack.io.deidentify.verification import Others, remaining_identifiers
from calcitrack.io.dicom.parse import META_SEARCH_BYTES, looks_like_dicom, open_dataset
from calcitrack.io.files.library_warnings import collected_warnings
from calcitrack.io.files.limits import DEFAULT_LIMITS, ReadLimits
from calcitrack.io.files.sources import FileSource, archives_kept_open
from calcitrack.model.progress import Progress

NOT_COPIED = "not a DICOM file; not copied"
MEDIA_DIRECTORY = "a DICOM directory; it lists names and files, and is not copied"
REASONS: tuple[tuple[type[ReadError], str], ...] = (
    (UnsupportedImageError, "a kind of DICOM object or of storage that is not de-identified"),
    (ImageTooLargeError, "larger than the limit"),
    (NotFoundError, "cannot be opened"),
    (NotAnImageFileError, NOT_COPIED),
)
"""Wording of an error in the report: the error's own words may quote the file."""
DAMAGED = "damaged: it cannot be read, or not be written again"


@dataclass(frozen=True, slots=True)
class DeidentifyOptions:
    """Settings of `deidentify`.

    Parameters
    ----------
    key
        File that keeps the secret and the list of patients; ``None`` for a secret that is forgotten.
    pseudonyms
        Patient ID -> pseudonym, for pseudonyms that the user chose.
    mask_text
        Cover text that is found in radiographs.
    limits
        Sizes beyond which a file is refused.
    """

    key: Path | None = None
    pseudonyms: Mapping[str, str] | None = None
    mask_text: bool = False
    limits: ReadLimits = DEFAULT_LIMITS


def deidentify(inputs: Sequence[Path], out: Path, options: DeidentifyOptions | None = None, progress: Progress | None = None) -> DeidentifyReport:
    """De-identify every DICOM file of the inputs into a new or empty folder.

    Parameters
    ----------
    inputs
        Folders, files, zip archives or a DICOMDIR.
    out
        New or empty folder, neither inside an input folder nor around one.
    options
        ``None`` for the defaults.
    progress
        Called with (steps done, steps in all). Each file has two steps: collect its identifiers; clean, check and write it.

    Returns
    -------
    DeidentifyReport
        One outcome for each file. A bad file is an outcome, not an exception. A copy in which an identifier was found is not kept.

    Raises
    ------
    DeidentifyError
        The output folder or the key cannot be used. Nothing has been written then.
    PseudonymError
        Pseudonyms are chosen, and a patient has none. Nothing has been written then.
    """
    options = options or DeidentifyOptions()
    _check_folders(inputs, out, options.key)
    secret, known = (Secret(), {}) if options.key is None else read_key(options.key)
    found = sorted(find_files(list(inputs), options.limits), key=lambda f: f.source.name)  # the order in which timelines sort equal times
    stated = _stated(found, options.limits)
    patients = Patients(secret, options.pseudonyms, (person for _, person in stated), patients_of(known))
    means = Means(secret, patients, options.mask_text, options.limits)
    unused = _rows_of_nobody([(name, patients.named(*person)) for name, person in stated], options)
    if options.key is not None:  # before any copy: an interrupted run must not leave copies whose secret is lost
        write_key(options.key, secret, known, ())
    out.mkdir(parents=True, exist_ok=True)
    steps, total = 0, 2 * len(found)

    def step() -> None:
        nonlocal steps
        steps += 1
        if progress is not None:
            progress(steps, total)

    with archives_kept_open(f.source.path for f in found if f.source.member):
        everyone = FoundIdentifiers()
        for file in found:
            if not file.skip and not file.failure:
                everyone.add(identifiers_of(file.source, options.limits))
            step()
        others = Others.of(everyone.telling())
        outcomes = []
        for number, file in enumerate(found, start=1):
            outcomes.append(_outcome(number, file, out, means, others))
            step()
    if options.key is not None:
        write_key(options.key, secret, known, means.patients.known.values())
    report = DeidentifyReport(tuple(outcomes), len(means.patients.known), options.mask_text, options.key is not None, unused)
    write_report(out, report)
    return report


def _stated(found: Sequence[FoundFile], limits: ReadLimits) -> list[tuple[str, tuple[str, str]]]:
    """Name of each file that states a patient, with Patient ID and issuer."""
    with archives_kept_open(f.source.path for f in found if f.source.member):
        stated = [(f.source.name, patient_of(f.source, limits)) for f in found if not f.skip and not f.failure]
    return [(name, person) for name, person in stated if person is not None and person[0]]


def _rows_of_nobody(patients: Sequence[tuple[str, str]], options: DeidentifyOptions) -> tuple[int, ...]:
    """Rows of the map that no patient has.

    Raises
    ------
    PseudonymError
        A patient has no row. A pseudonym of chance beside chosen ones would pass for one of them.
    """
    if options.pseudonyms is None:
        return ()
    check_all_have_pseudonyms(patients, options.pseudonyms)
    return rows_of_nobody((patient for _, patient in patients), options.pseudonyms)


def _check_folders(inputs: Sequence[Path], out: Path, key: Path | None) -> None:
    place = out.resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DeidentifyError(str(out), "a file, or a folder that is not empty", "a new or empty folder", "name another folder")
    for one in inputs:
        source = one.resolve()
        if place == source or source in place.parents or (source.is_dir() and place in source.parents):
            raise DeidentifyError(str(out), f"a folder that shares its place with the input {one}", "a folder beside it", "name another folder")
    if key is not None and place in key.resolve().parents:
        raise DeidentifyError(
            str(key), "a key inside the output folder", "a place that is not handed on with the files", "name a file somewhere else"
        )


def _outcome(number: int, file: FoundFile, out: Path, means: Means, others: Others) -> FileOutcome:
    if file.failure:
        return FileOutcome(number, file.source.name, Status.REFUSED, REASONS[2][1])
    if file.skip:
        return FileOutcome(number, file.source.name, Status.SKIPPED, _skip_reason(file.skip))
    try:
        with collected_warnings():  # which quote values, and are told to nobody
            reason = _not_for_us(file.source, means.limits)
            if reason:
                return FileOutcome(number, file.source.name, Status.SKIPPED, reason)
            copy = deidentified(file.source, means, number)
            remaining = remaining_identifiers(copy.content, copy.name, copy.own, others)
    except ReadError as error:
        return FileOutcome(number, file.source.name, *_refusal(error))
    except Exception:  # pydicom raises many kinds on broken files; such a file is not written, and the others go on
        return FileOutcome(number, file.source.name, Status.REFUSED, DAMAGED)
    name = "" if remaining else _write(out, copy)
    return FileOutcome(
        number,
        file.source.name,
        Status.WITHHELD if remaining else Status.WRITTEN,
        "; ".join(str(s) for s in remaining),
        name,
        copy.patient.pseudonym,
        copy.kind,
        copy.counts,
        copy.emptied,
        copy.text.state,
        copy.text.boxes,
        copy.text.overlay_bits,
        len(copy.own),
        copy.left_out,
    )


def _skip_reason(skip: str) -> str:
    """Reason that quotes no name."""
    return skip if "list" not in skip else "an archive; its files are listed one by one"


def _refusal(error: ReadError) -> tuple[Status, str]:
    reason = next((r for kind, r in REASONS if isinstance(error, kind)), DAMAGED)
    return (Status.SKIPPED if reason == NOT_COPIED else Status.REFUSED), reason


def _not_for_us(source: FileSource, limits: ReadLimits) -> str:
    with source.open(limits) as stream:
        head = stream.read(META_SEARCH_BYTES)
    if not looks_like_dicom(head):
        return NOT_COPIED
    return MEDIA_DIRECTORY if is_media_directory(open_dataset(source, limits, pixels=False).dataset) else ""


def _write(out: Path, copy: Copy) -> str:
    """Move a copy into place; a second one of the same name gets a number."""
    path, number = out / copy.name, 2
    while path.exists():
        path = (out / copy.name).with_stem(f"{Path(copy.name).stem}-{number}")
        number += 1
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(copy.content)
    part.replace(path)
    return path.relative_to(out).as_posix()
