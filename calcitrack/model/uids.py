"""UIDs derived from their content, so that a repeated run writes the same objects."""

from __future__ import annotations

import uuid

UID_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://calcitrack.readthedocs.io/uid")
"""UUID namespace of everything this program derives (RFC 9562, section 5.5)."""


def derived_uid(*parts: str) -> str:
    """A UID that depends on its parts alone (DICOM PS3.5, B.2: ``2.25.`` and a UUID as an integer).

    Examples
    --------
    >>> derived_uid("series", "1.2.3") == derived_uid("series", "1.2.3")
    True
    >>> derived_uid("series", "1.2.3") == derived_uid("segmentation", "1.2.3")
    False
    """
    return f"2.25.{uuid.uuid5(UID_NAMESPACE, '|'.join(parts)).int}"
