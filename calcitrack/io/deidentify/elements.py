"""Raw access to the elements of a data set: nothing is converted, because a conversion may fail or change bytes."""

from __future__ import annotations

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

UNKNOWN = "UN"


def tags_of(dataset: Dataset) -> list[BaseTag]:
    """Tags in order; the data set may change during the iteration."""
    return sorted(dataset.keys())


def vr_of(dataset: Dataset, tag: BaseTag) -> str:
    """Value representation of the file or, where it states none, of the dictionary."""
    vr: str | None = dataset.get_item(tag).VR
    if vr and vr != UNKNOWN:
        return str(vr)
    try:
        return UNKNOWN if tag.is_private else dictionary_VR(tag)
    except KeyError:
        return UNKNOWN


def raw_value(dataset: Dataset, tag: BaseTag) -> bytes:
    """Bytes of a value that was not converted; empty for others."""
    value: object = dataset.get_item(tag).value
    return value if isinstance(value, bytes) else b""
