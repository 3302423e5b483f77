"""Where bytes come from: a file on disk, or a member of a zip archive read in memory."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO

from calcitrack.errors import DamagedFileError, ImageTooLargeError, NotAnImageFileError, NotFoundError, UnsupportedImageError
from calcitrack.io.limits import ReadLimits

EXPECTED = "a DICOM file or a PNG or TIFF picture"


@dataclass(frozen=True, slots=True)
class FileSource:
    """One file, wherever it lies; small and picklable.

    Parameters
    ----------
    path
        The file on disk: the image itself, or the zip archive that holds it.
    member
        Name inside the archive; empty for a file of its own.
    """

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """As the user knows it: ``folder/file.dcm`` or ``archive.zip!member``."""
        return f"{self.path}!{self.member}" if self.member else str(self.path)

    @property
    def suffix(self) -> str:
        """File name extension in lower case, with its dot."""
        return Path(self.member or self.path.name).suffix.lower()

    def sibling(self, name: str) -> FileSource:
        """The file of this name in the same folder (of the disk or of the archive)."""
        if self.member:
            folder, slash, _ = self.member.rpartition("/")
            return FileSource(self.path, f"{folder}{slash}{name}")
        return FileSource(self.path.with_name(name))

    def exists(self) -> bool:
        """Whether there is a regular file (or a member) of this name."""
        if not self.member:
            return self.path.is_file()
        try:
            with zipfile.ZipFile(self.path) as archive:
                return self.member in archive.namelist()
        except (OSError, zipfile.BadZipFile):
            return False

    @contextmanager
    def open(self, limits: ReadLimits) -> Iterator[BinaryIO]:
        """Open for reading at the first byte; the stream can seek.

        Raises
        ------
        NotFoundError
            Nothing there, or no permission.
        NotAnImageFileError
            A folder, device, socket or pipe (opening one could wait for ever).
        ImageTooLargeError
            More bytes than ``limits.max_file_bytes``.
        DamagedFileError, UnsupportedImageError
            The archive is broken or encrypted.
        """
        if self.member:
            yield BytesIO(self._member_bytes(limits))
            return
        _check_regular(self.path, limits)
        try:
            stream = self.path.open("rb")
        except OSError as error:
            raise NotFoundError(self.name, f"a file that cannot be opened ({error.strerror})", "a readable file", "check its permissions") from error
        with stream:
            yield stream

    def _member_bytes(self, limits: ReadLimits) -> bytes:
        _check_regular(self.path, ReadLimits(limits.max_pixels, max(limits.max_file_bytes, self.path.stat().st_size if self.path.is_file() else 1)))
        try:
            with zipfile.ZipFile(self.path) as archive:
                info = archive.getinfo(self.member)
                if info.flag_bits & _ENCRYPTED:
                    raise UnsupportedImageError(self.name, "an encrypted archive member", "a plain one", "unpack the archive with its password first")
                if info.file_size > limits.max_file_bytes:
                    raise _too_large(self.name, info.file_size, limits)
                with archive.open(info) as stream:
                    content = stream.read(limits.max_file_bytes + 1)
        except KeyError as error:
            raise NotFoundError(self.name, "no such member in the archive", "one of its members", "check the name") from error
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
            raise DamagedFileError(self.name, f"an archive that cannot be read ({error})", "a whole zip archive", "fetch it again") from error
        if len(content) > limits.max_file_bytes:
            raise _too_large(self.name, len(content), limits)
        return content


_ENCRYPTED = 0x1
"""Bit 0 of a zip member's general purpose flag (APPNOTE 4.4.4)."""


def source_of(path: str | PathLike[str] | FileSource) -> FileSource:
    """The source that a user's path names."""
    return path if isinstance(path, FileSource) else FileSource(Path(fspath(path)))


def _too_large(name: str, size: int, limits: ReadLimits) -> ImageTooLargeError:
    return ImageTooLargeError(
        name, f"{size} bytes", f"at most {limits.max_file_bytes} bytes", "check that this is one image, or raise ReadLimits.max_file_bytes"
    )


def _check_regular(path: Path, limits: ReadLimits) -> None:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise NotFoundError(str(path), f"nothing that can be opened ({reason})", "a file", "check the path") from error
    if stat.S_ISDIR(status.st_mode):
        raise NotAnImageFileError(str(path), "a folder", EXPECTED, "hand folders to read_cohort")
    if not stat.S_ISREG(status.st_mode):
        raise NotAnImageFileError(str(path), "a device, pipe or socket", EXPECTED, "copy its content into a file first")
    if status.st_size > limits.max_file_bytes:
        raise _too_large(str(path), status.st_size, limits)
