"""UIDs that follow from what they name, so that the same run writes the same object."""

from __future__ import annotations

import uuid

UID_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://calcitrack.readthedocs.io/uid")
"""UUID namespace of everything this program derives (RFC 9562, section 5.5)."""


def derived_uid(*parts: str) -> str:
    """A UID that is the same whenever its parts are the same (DICOM PS3.5, B.2: ``2.25.`` and a UUID as an integer).

    Examples
    --------
    >>> derived_uid("series", "1.2.3") == derived_uid("series", "1.2.3")
    True
    >>> derived_uid("series", "1.2.3") == derived_uid("segmentation", "1.2.3")
    False
    """
    return f"2.25.{uuid.uuid5(UID_NAMESPACE, '|'.join(parts)).int}"
