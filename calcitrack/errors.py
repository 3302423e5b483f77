"""Every exception that calcitrack raises on purpose.

Each message says what was found, what was expected and what to do, in that order, and names the file where there is one.
"""

from __future__ import annotations


class CalcitrackError(Exception):
    """Base of all errors raised on purpose; catch this one to go on with the next file.

    Examples
    --------
    >>> from calcitrack import CalcitrackError, read_radiograph
    >>> try:
    ...     film = read_radiograph("flim.dcm")
    ... except CalcitrackError as error:
    ...     print(type(error).__name__)
    NotFoundError
    """


class InvalidValueError(CalcitrackError, ValueError):
    """A value handed to a constructor or function breaks its stated rule."""


class ExplainedError(CalcitrackError):
    """An error that says what to do about it.

    Parameters
    ----------
    source
        The file, the member of an archive or the folder, as the user knows it.
    found
        What is there.
    expected
        What would have been read.
    action
        What the user can do about it.

    Examples
    --------
    >>> error = ReadError("a.dcm", "half of the pixel data", "all of them", "export the image again")
    >>> print(error)
    a.dcm: found half of the pixel data; expected all of them; export the image again
    >>> error.action
    'export the image again'
    """

    def __init__(self, source: str, found: str, expected: str, action: str) -> None:
        super().__init__(source, found, expected, action)
        self.source = source
        self.found = found
        self.expected = expected
        self.action = action

    def __str__(self) -> str:
        break_ = "\n" if "\n" in self.found else "; "  # several problems stand on a line each
        return f"{self.source}: found {self.found}{break_}expected {self.expected}; {self.action}"


class ReadError(ExplainedError):
    """A file cannot become an image.

    Examples
    --------
    >>> from calcitrack import ReadError
    >>> issubclass(NotFoundError, ReadError)
    True
    """


class NotFoundError(ReadError):
    """Nothing exists at this path, or it may not be opened."""


class NotAnImageFileError(ReadError):
    """The file is neither DICOM nor a picture that calcitrack reads."""


class NotARadiographError(ReadError):
    """A valid DICOM object of another kind: CT, MR, a report, a segmentation, a screenshot, a directory."""


class UnsupportedImageError(ReadError):
    """A radiograph in a form that is not read: several frames, colour, a transfer syntax without a decoder."""


class DamagedFileError(ReadError):
    """The file claims to be an image, but its header or its pixel data are broken or incomplete."""


class ImageTooLargeError(ReadError):
    """The image would need more memory than the stated limit."""


class FilmRefusedError(ReadError):
    """The picture shows that it is no film that can be measured: a negative, another part of the body, two limbs, a wrong pixel size."""


class SidecarError(ReadError):
    """The sidecar of a PNG, JPEG or TIFF picture is missing or does not state what is needed."""


class ManifestError(ReadError):
    """A manifest.csv cannot be used; the message lists every problem in it."""


class CorrectionError(ReadError):
    """A file of corrections cannot be used, or what a reader states about a film does not fit the film; the message lists every problem."""


class CourseError(ReadError):
    """A treatments.csv or labs.csv cannot be used; the message lists every problem in it."""


class TablesError(CalcitrackError):
    """Several tables from people cannot be used; the message is that of each, one below the other."""


class SamePixelsError(ReadError):
    """An image holds the pixels of another one of its timeline under another name: it is no exposure of its own, and does not count again."""


class SegmentationImportError(ReadError):
    """A DICOM Segmentation cannot be laid onto its radiograph: another image or grid, overlapping segments, or segments that are no deposits."""


class UnsupportedModalityError(ExplainedError):
    """No pipeline measures images of a timeline's modality; the message says what is measured."""


class OwnCodeError(ExplainedError):
    """A segmenter or measurand of the user's own raised an exception, or gave something else than it has to."""


class ResultsError(CalcitrackError):
    """A results folder cannot be written or read."""


class WorkspaceError(ExplainedError):
    """A workspace cannot be opened, read or written; nothing that was accepted before is lost."""


class WorkspaceReadOnlyError(WorkspaceError):
    """The workspace was opened for reading, or its folder cannot be written."""


class WorkspaceFullError(WorkspaceError):
    """The disk, or the quota, has no room for what was to be written."""


class WorkspaceLockedError(WorkspaceError):
    """Another process has been writing for longer than a writer waits."""


class WorkspaceDamagedError(WorkspaceError):
    """A file of the workspace does not hold what was written into it."""


class WorkspaceVersionError(WorkspaceError):
    """The schema of the workspace is not one that this program works with."""


class EditConflictError(WorkspaceError):
    """An edit rests on a version that another one has replaced meanwhile; both are kept, and nothing was overwritten."""


class DeidentifyError(ExplainedError):
    """Files cannot be de-identified as asked; nothing has been written."""


class KeyFileError(DeidentifyError):
    """The key of a de-identification cannot be read or written."""


class PseudonymError(ExplainedError):
    """A map of pseudonyms cannot be used, or does not name every patient."""


class ClusterError(ExplainedError):
    """A Dask cluster cannot be used, or was lost; what was handed on before stays."""


class PacsError(ExplainedError):
    """A PACS cannot be asked as wanted, or did not do what it was asked for."""


class PacsRefusedError(PacsError):
    """The server does not let this user, program or certificate do what was asked; asking again changes nothing."""


class PacsUnreachableError(PacsError):
    """The server does not answer, or went away; asking again later may help."""
