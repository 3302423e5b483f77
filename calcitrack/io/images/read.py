"""One file, DICOM or picture -> one Radiograph."""

from __future__ import annotations

from os import PathLike

from calcitrack.io.dicom.parse import META_SEARCH_BYTES, looks_like_dicom, not_an_image
from calcitrack.io.dicom.read import read_dicom
from calcitrack.io.files.limits import DEFAULT_LIMITS, ReadLimits
from calcitrack.io.files.sources import FileSource, source_of
from calcitrack.io.images.picture import looks_like_picture, read_picture
from calcitrack.model.arguments import expect
from calcitrack.model.image import Radiograph


def read_radiograph(path: str | PathLike[str], *, limits: ReadLimits = DEFAULT_LIMITS) -> Radiograph:
    """Read one radiograph from a DICOM file, or from a PNG, JPEG or TIFF picture with its sidecar ``NAME.json``.

    Parameters
    ----------
    path
        A DICOM file (with or without preamble), a PNG, a JPEG or a TIFF.
    limits
        Sizes beyond which a file is refused before memory is allocated.

    Returns
    -------
    Radiograph
        Pixels float32, shape (rows, columns), larger is denser; spacing with its basis; calibration tier with its reason;
        and findings: what was missing, assumed, repaired or ignored.

    Raises
    ------
    ReadError
        Always one of its subclasses, which say what was found, what was expected and what to do.

    Examples
    --------
    >>> from calcitrack import read_radiograph
    >>> from calcitrack.io.phantom.samples import sample_timelines
    >>> film = read_radiograph(sample_timelines()[0].time_points[0].exposures[0].source)
    >>> film.shape, str(film.spacing), film.calibration.tier.value
    ((1358, 1007), '0.175 x 0.175 mm (detector)', 'A')
    """
    expect("read_radiograph", "path", path, PathLike)
    return read_source(source_of(path), limits)


def read_source(source: FileSource, limits: ReadLimits = DEFAULT_LIMITS) -> Radiograph:
    """As `read_radiograph`, for a file on disk or a member of an archive."""
    with source.open(limits) as stream:
        head = stream.read(META_SEARCH_BYTES)
    if looks_like_dicom(head):
        return read_dicom(source, limits)
    if looks_like_picture(head):
        return read_picture(source, limits)
    raise not_an_image(source, head)
