"""The key file: a secret with which later runs give the same pseudonyms, dates and UIDs, and the list of patients."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from calcitrack.errors import KeyFileError
from calcitrack.io.deidentify.patients import PatientPseudonym
from calcitrack.io.deidentify.secret import SECRET_BYTES, Secret
from calcitrack.model.display import counted

FORMAT = "calcitrack de-identification key"
VERSION = 1
OWNER_ONLY = 0o600
OTHERS_MAY = 0o077
EXPECTED = "a key that calcitrack deidentify wrote, or no file, for a new one"


def read_key(path: Path) -> tuple[Secret, dict[str, dict[str, object]]]:
    """Secret and known patients of a key file; new ones where there is no file.

    Raises
    ------
    KeyFileError
        The file is something else, or cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Secret(), {}
    except (OSError, ValueError) as error:
        raise KeyFileError(str(path), "a file that cannot be read as a key", EXPECTED, "check its name and permissions") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or content.get("version") != VERSION:
        raise KeyFileError(str(path), "a file of another kind or version", EXPECTED, "name another file")
    try:
        secret = bytes.fromhex(content["secret"])
        patients = {str(name): dict(record) for name, record in dict(content["patients"]).items()}
    except (KeyError, TypeError, ValueError) as error:
        raise KeyFileError(str(path), "a key without its secret or its patients", EXPECTED, "restore it from a copy") from error
    if len(secret) < SECRET_BYTES:
        raise KeyFileError(str(path), f"a secret of {counted(len(secret), 'byte')}", f"{SECRET_BYTES} bytes", "restore it from a copy")
    return Secret(secret), patients


def write_key(path: Path, secret: Secret, known: dict[str, dict[str, object]], patients: Iterable[PatientPseudonym]) -> None:
    """Write the key, readable by its owner only; the old file stays until the new one is complete.

    Raises
    ------
    KeyFileError
        It cannot be written.
    """
    people = {**known, **{p.pseudonym: _record(p) for p in patients}}
    content = {"format": FORMAT, "version": VERSION, "secret": secret.value.hex(), "patients": dict(sorted(people.items()))}
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
            stream.write("\n")
        part.replace(path)
    except OSError as error:
        raise KeyFileError(str(path), f"a place that cannot be written ({error.strerror})", "a writable folder", "name another file") from error


def patients_of(known: dict[str, dict[str, object]]) -> tuple[PatientPseudonym, ...]:
    """The patients that a key knows."""
    return tuple(PatientPseudonym(str(r.get("patient_id", "")), name, 0, str(r.get("issuer", ""))) for name, r in known.items())


def _record(patient: PatientPseudonym) -> dict[str, object]:
    issuer = {"issuer": patient.issuer} if patient.issuer else {}
    return {"patient_id": patient.original_id, **issuer, "offset_days": patient.offset_days}


def is_open_to_others(path: Path) -> bool:
    """True where others than the owner may read the key, on systems that know."""
    return os.name == "posix" and path.exists() and bool(path.stat().st_mode & OTHERS_MAY)
