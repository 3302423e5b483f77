"""An image with its labels as an xarray Dataset: named dimensions, coordinates in mm, and what the values mean as attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from calcitrack.model.arguments import expect
from calcitrack.model.assessment import ImageAssessment, ordered
from calcitrack.model.image import Radiograph
from calcitrack.model.segmentation import Segmentation

if TYPE_CHECKING:
    import xarray as xr

DIMENSIONS = ("row", "column")


def to_xarray(image: Radiograph | ImageAssessment, segmentation: Segmentation | None = None) -> xr.Dataset:
    """Make a Dataset of a radiograph and what was found on it (needs ``pip install "calcitrack[xarray]"``).

    Parameters
    ----------
    image
        A radiograph; or an image of an assessment, whose pixels are loaded and whose segmentation is used.
    segmentation
        Outlines on the radiograph's grid; none when ``None``.

    Returns
    -------
    Variables with the dimensions (row, column): ``pixels`` (float32, larger is denser) and ``valid`` (bool); with a segmentation also ``labels``
    (uint16, 0 is no deposit), ``limb`` and ``bone`` (bool), and ``possible`` (uint16) where there are possible deposits. The coordinates are
    centres of pixels, in mm from the first one's where the size of a pixel is stated, else in pixels. Of an assessed image, ``deposit_label``
    gives the label of each ``deposit_id``. Attributes are texts and numbers, so that the Dataset can be written as netCDF or Zarr. Patient, dates
    and UIDs are left out.

    Raises
    ------
    ImportError
        xarray is not installed.
    ReadError
        The image cannot be loaded any more.

    Examples
    --------
    >>> from calcitrack import to_xarray
    >>> from calcitrack.phantom.small import small_radiograph, small_segmentation
    >>> film = to_xarray(small_radiograph(), small_segmentation())
    >>> dict(film.sizes), float(film["column"][1]), film["column"].attrs["units"]
    ({'row': 160, 'column': 120}, 0.3, 'mm')
    >>> int((film["labels"] == 1).sum())
    137
    """
    try:
        import xarray as xr
    except ImportError as error:
        raise ImportError('to_xarray: found no xarray; expected xarray 2024.6 or later; pip install "calcitrack[xarray]"') from error

    expect("to_xarray", "image", image, Radiograph, ImageAssessment)
    expect("to_xarray", "segmentation", segmentation, Segmentation, type(None))
    radiograph = image.exposure.radiograph() if isinstance(image, ImageAssessment) else image
    outlines = image.segmentation if isinstance(image, ImageAssessment) and segmentation is None else segmentation
    arrays = {"pixels": radiograph.pixels, "valid": radiograph.valid_mask}
    if outlines is not None:
        arrays |= {"labels": outlines.labels, "limb": outlines.limb, "bone": outlines.bone}
        arrays |= {} if outlines.possible is None else {"possible": outlines.possible}
    variables = {name: (DIMENSIONS, np.array(array)) for name, array in arrays.items()}
    dataset = xr.Dataset(variables, _positions(radiograph), _attributes(image, radiograph))
    if isinstance(image, ImageAssessment):
        deposits = ordered(image.deposits)
        dataset = dataset.assign_coords(deposit_id=("deposit_id", np.array([d.deposit_id for d in deposits], dtype=np.str_)))
        dataset["deposit_label"] = ("deposit_id", np.array([d.deposit.label for d in deposits], np.uint16))
    return dataset


def _positions(radiograph: Radiograph) -> dict[str, tuple[str, np.ndarray, dict[str, str]]]:
    """Centres of the pixels along both dimensions."""
    sizes = (radiograph.spacing.row_mm, radiograph.spacing.column_mm)
    units = "mm" if None not in sizes else "pixels"
    along = zip(DIMENSIONS, radiograph.shape, sizes, strict=True)
    return {name: (name, np.arange(count) * (size or 1.0), {"units": units}) for name, count, size in along}


def _attributes(image: Radiograph | ImageAssessment, radiograph: Radiograph) -> dict[str, str | int]:
    """Attributes: the meaning of the values and of the millimetres."""
    calibration = image.calibration
    return {
        "spacing_basis": radiograph.spacing.basis.value,
        "spacing_source": radiograph.spacing.source,
        "calibration_tier": calibration.tier.value,
        "calibration_reason": calibration.reason,
        "intensity": calibration.relationship.value,
        "polarity": calibration.polarity,
    }
