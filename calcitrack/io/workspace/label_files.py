"""Segmentation files beside the database: one file per content, named by its digest, and written completely or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from calcitrack.errors import WorkspaceDamagedError
from calcitrack.io.workspace.codec import canonical
from calcitrack.io.workspace.failures import disk_error
from calcitrack.model.segmentation import Segmentation

FOLDER = "segmentations"
SUFFIX = ".npz"
ARRAYS = ("labels", "limb", "bone")
"""Members of every file beside its facts."""
POSSIBLE = "possible"
"""A further member of a file with possible deposits; one without has the digest that it had before there were any."""
PARTIAL_PREFIX = ".partial-"
"""A file under way; one that is left belongs to a process that was ended."""
COMPRESSION = 1
"""zlib's fastest level: label maps are nearly all zeros, of which level 6 makes a tenth less in four times the time."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Of every member, so that one content gives one file (the earliest time that a zip archive can state)."""


def _parts(segmentation: Segmentation) -> dict[str, np.ndarray]:
    facts: dict[str, object] = {
        "shape": list(segmentation.labels.shape),
        "confidence": {str(k): float(v) for k, v in segmentation.confidence.items()},
        "supported": sorted(segmentation.supported),
        "findings": list(segmentation.findings),
    }
    if segmentation.widening:  # files of versions without it keep their digest
        facts["widening"] = {str(k): float(w) for k, w in segmentation.widening.items()}
    if segmentation.possible is not None:  # likewise
        facts["possible_confidence"] = {str(k): float(c) for k, c in segmentation.possible_confidence.items()}
    return {
        "labels": segmentation.labels.astype("<u2"),
        "limb": np.packbits(segmentation.limb),
        "bone": np.packbits(segmentation.bone),
        "facts": np.frombuffer(canonical(facts), np.uint8),
        **({} if segmentation.possible is None else {POSSIBLE: segmentation.possible.astype("<u2")}),
    }


def segmentation_digest(segmentation: Segmentation) -> str:
    """SHA-256 of a segmentation's content (labels, limb, bone, confidence, support, findings, possible ones), not of the compressed file."""
    return _digest(_parts(segmentation))


def _digest(parts: dict[str, np.ndarray]) -> str:
    sha256 = hashlib.sha256(b"calcitrack segmentation 1\n")
    for name in ("facts", *ARRAYS, *((POSSIBLE,) if POSSIBLE in parts else ())):
        sha256.update(np.ascontiguousarray(parts[name]).tobytes())
    return sha256.hexdigest()


class LabelFiles:
    """The segmentation files of one workspace.

    Parameters
    ----------
    folder
        The workspace's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER

    def path(self, digest: str) -> Path:
        """Path of the segmentation with this digest, in one of 256 folders so that none grows large."""
        return self._folder / digest[:2] / f"{digest}{SUFFIX}"

    def save(self, segmentation: Segmentation) -> str:
        """Write a segmentation unless it exists, and return its digest. On return the file survives a crash of the machine.

        Raises
        ------
        WorkspaceError
            The disk is full, or the folder cannot be written.
        """
        parts = _parts(segmentation)
        digest = _digest(parts)
        place = self.path(digest)
        if not place.exists():
            try:
                _write_durably(place, _packed(parts))
            except OSError as error:
                raise disk_error(place, error) from error
        return digest

    def load(self, digest: str) -> Segmentation:
        """Read a segmentation and verify its digest.

        Raises
        ------
        WorkspaceDamagedError
            The file is missing, or its content differs from its digest.
        """
        place = self.path(digest)
        action = "restore the file from a backup of the workspace"
        try:
            with place.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:  # a stream of ours is closed whatever NumPy finds in it
                parts = {name: stored[name] for name in ("facts", *ARRAYS, *((POSSIBLE,) if POSSIBLE in stored else ()))}
            found = _digest(parts)
            segmentation = _segmentation(parts)
        except FileNotFoundError as error:
            raise WorkspaceDamagedError(str(place), "no file", "the segmentation that the database lists", action) from error
        except Exception as error:  # NumPy, zipfile and the tokenizer of array headers raise many kinds on broken files; all mean the same here
            raise WorkspaceDamagedError(str(place), f"a file that cannot be read ({error})", "a segmentation of calcitrack", action) from error
        if found != digest:
            raise WorkspaceDamagedError(str(place), f"content with the digest {found[:12]}", f"{digest[:12]}", action)
        return segmentation

    def all_digests(self) -> Iterator[str]:
        """Digests of all files in the folder, whether or not the database lists them."""
        yield from sorted(p.stem for p in self._folder.glob(f"??/*{SUFFIX}") if not p.name.startswith(PARTIAL_PREFIX))

    def partial(self) -> tuple[Path, ...]:
        """Files that were not written completely."""
        return tuple(sorted(self._folder.glob(f"??/{PARTIAL_PREFIX}*")))


def _packed(parts: dict[str, np.ndarray]) -> bytes:
    """A NumPy ``.npz`` archive, with the same bytes for the same arrays."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in parts.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), member.getvalue(), zipfile.ZIP_DEFLATED, COMPRESSION)
    return stream.getvalue()


def _segmentation(parts: dict[str, np.ndarray]) -> Segmentation:
    facts = json.loads(parts["facts"].tobytes())
    shape = tuple(facts["shape"])
    limb, bone = (np.unpackbits(parts[name], count=shape[0] * shape[1]).astype(bool).reshape(shape) for name in ("limb", "bone"))
    return Segmentation(
        labels=parts["labels"],
        limb=limb,
        bone=bone,
        confidence={int(k): v for k, v in facts["confidence"].items()},
        widening={int(k): w for k, w in facts.get("widening", {}).items()},
        supported=frozenset(facts["supported"]),
        findings=tuple(facts["findings"]),
        possible=parts.get(POSSIBLE),
        possible_confidence={int(k): c for k, c in facts.get("possible_confidence", {}).items()},
    )


def _write_durably(place: Path, content: bytes) -> None:
    """Write a file completely or not at all: write a temporary file, flush it, rename it, and flush the folder."""
    for folder in (place.parent.parent, place.parent):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            _flush_folder(folder.parent)
    handle, name = tempfile.mkstemp(prefix=PARTIAL_PREFIX, dir=place.parent)
    aside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        aside.chmod(0o644 & ~_umask())
        aside.replace(place)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    _flush_folder(place.parent)


def _umask() -> int:
    """Permission mask of this process. `mkstemp` denies others reading, but colleagues on a shared drive need it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    """Flush a folder so that a new name survives a crash; Windows needs no flush and cannot open folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
