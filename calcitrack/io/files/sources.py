"""Sources of bytes: a file on disk or a member of a zip archive, within limits; and comparison of two sources."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from io import BufferedReader, RawIOBase
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO, cast

from calcitrack.errors import (
    DamagedFileError,
    ImageTooLargeError,
    NotAnImageFileError,
    NotFoundError,
    ReadError,
    UnsupportedImageError,
)
from calcitrack.io.files.limits import ReadLimits

EXPECTED = "a DICOM file or a PNG, JPEG or TIFF picture"


_KEPT_OPEN: dict[Path, zipfile.ZipFile] = {}
"""Archives of a scan in progress; reading through one `ZipFile` is thread-safe, and its directory is read once instead of once a member."""


@contextmanager
def archives_kept_open(paths: Iterable[Path]) -> Iterator[None]:
    """Context that keeps these archives open while their members are read."""
    with ExitStack() as stack:
        for path in dict.fromkeys(paths):
            if path not in _KEPT_OPEN:
                with suppress(OSError, zipfile.BadZipFile):
                    _KEPT_OPEN[path] = stack.enter_context(zipfile.ZipFile(path))
                    stack.callback(_KEPT_OPEN.pop, path, None)
        yield


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    open_archive = _KEPT_OPEN.get(path)
    if open_archive is not None:
        yield open_archive
        return
    with zipfile.ZipFile(path) as archive:
        yield archive


@dataclass(frozen=True, slots=True)
class FileSource:
    """One file on disk or in an archive; small and picklable.

    Parameters
    ----------
    path
        The file on disk: the image itself, or the zip archive that holds it.
    member
        Name inside the archive; empty for a file on disk.
    """

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """Name as the user knows it: ``folder/file.dcm`` or ``archive.zip!member``."""
        return f"{self.path}!{self.member}" if self.member else str(self.path)

    @property
    def suffix(self) -> str:
        """File name extension in lower case, with its dot."""
        return Path(self.member or self.path.name).suffix.lower()

    def sibling(self, name: str) -> FileSource:
        """The file of this name in the same folder, on disk or in the archive."""
        if self.member:
            folder, slash, _ = self.member.rpartition("/")
            return FileSource(self.path, f"{folder}{slash}{name}")
        return FileSource(self.path.with_name(name))

    def exists(self) -> bool:
        """True for the name of a regular file or of a member."""
        if not self.member:
            return self.path.is_file()
        try:
            with _archive(self.path) as archive:
                return self.member in archive.NameToInfo
        except (OSError, zipfile.BadZipFile):
            return False

    @contextmanager
    def open(self, limits: ReadLimits) -> Iterator[BinaryIO]:
        """Open for reading at the first byte; the stream can seek.

        Raises
        ------
        NotFoundError
            No such file, or no permission.
        NotAnImageFileError
            A folder, device, socket or pipe (opening one could block forever).
        ImageTooLargeError
            More bytes than ``limits.max_file_bytes``.
        DamagedFileError, UnsupportedImageError
            The archive is broken or encrypted.
        """
        _check_regular(self.path, limits, archive=bool(self.member))
        try:
            with self._archive_member(limits) if self.member else self.path.open("rb") as stream:
                yield stream
        except PermissionError as error:
            raise NotFoundError(self.name, f"a file that cannot be opened ({error.strerror})", "a readable file", "check its permissions") from error
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
            raise DamagedFileError(self.name, f"bytes that cannot be read ({error})", "a whole file", "fetch it again") from error

    @contextmanager
    def _archive_member(self, limits: ReadLimits) -> Iterator[BinaryIO]:
        """Stream of a member; zipfile never gives more bytes than its directory states, so the stated size is the one to check."""
        with _archive(self.path) as archive:
            try:
                info = archive.getinfo(self.member)
            except KeyError as error:
                raise NotFoundError(self.name, "no such member in the archive", "one of its members", "check the name") from error
            if info.flag_bits & _ENCRYPTED:
                raise UnsupportedImageError(self.name, "an encrypted archive member", "a plain one", "unpack the archive with its password first")
            if info.file_size > limits.max_file_bytes:
                raise _too_large(self.name, info.file_size, limits)
            with archive.open(info) as stream, BufferedReader(cast("RawIOBase", stream), _BUFFER_BYTES) as buffered:
                yield buffered


_BUFFER_BYTES = 1 << 18
"""A header fits, so that pydicom's small steps back and forth stay in memory."""
_ENCRYPTED = 0x1
"""Bit 0 of a zip member's general purpose flag (APPNOTE 4.4.4)."""


def source_of(path: str | PathLike[str] | FileSource) -> FileSource:
    """Source for a user's path."""
    return path if isinstance(path, FileSource) else FileSource(Path(fspath(path)))


def too_much_work(name: str, asked: int, limits: ReadLimits) -> ImageTooLargeError:
    """Error for a compressed picture that a decoder would go over too often."""
    found = f"a compressed picture that asks for {asked} pixels to be decoded: more passes over it than any encoder writes"
    return ImageTooLargeError(name, found, f"at most {limits.max_decoded_pixels}", "export it again, or raise ReadLimits.max_decoded_pixels")


def _too_large(name: str, size: int, limits: ReadLimits) -> ImageTooLargeError:
    return ImageTooLargeError(
        name, f"{size} bytes", f"at most {limits.max_file_bytes} bytes", "check that this is one image, or raise ReadLimits.max_file_bytes"
    )


def _check_regular(path: Path, limits: ReadLimits, *, archive: bool) -> None:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise NotFoundError(str(path), f"nothing that can be opened ({reason})", "a file", "check the path") from error
    if stat.S_ISDIR(status.st_mode):
        raise NotAnImageFileError(str(path), "a folder", EXPECTED, "hand folders to calcitrack measure, or to read_cohort in Python")
    if not stat.S_ISREG(status.st_mode):
        raise NotAnImageFileError(str(path), "a device, pipe or socket", EXPECTED, "copy its content into a file first")
    if status.st_size > limits.max_file_bytes and not archive:
        raise _too_large(str(path), status.st_size, limits)


STEP_BYTES = 1 << 20
"""Size of the pieces in which files are compared, bytes."""


class Copy(Enum):
    """Relation of the second of two files with one identity to the first."""

    SAME = auto()
    """The same bytes."""
    SHORTER = auto()
    """The beginning of the first: it was cut short on its way."""
    LONGER = auto()
    """It goes on where the first ends: the first was cut short."""
    OTHER = auto()
    """Other bytes, or bytes that cannot be read."""


def compare_bytes(one: FileSource, other: FileSource, limits: ReadLimits) -> Copy:
    """Read both files until they differ or one of them ends."""
    try:
        with one.open(limits) as first, other.open(limits) as second:
            while True:
                one_block, other_block = first.read(STEP_BYTES), second.read(STEP_BYTES)
                if one_block == other_block:
                    if not one_block:
                        return Copy.SAME
                    continue
                if one_block.startswith(other_block):
                    return Copy.SHORTER
                return Copy.LONGER if other_block.startswith(one_block) else Copy.OTHER
    except ReadError:
        return Copy.OTHER
