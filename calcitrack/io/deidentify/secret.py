"""Keyed replacement of identifiers: one secret always gives the same pseudonyms, date offsets and UIDs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid

from dicognito.randomizer import Randomizer
from dicognito.uianonymizer import UIAnonymizer
from pydicom.uid import UID

from calcitrack.io.dicom.sop_classes import STANDARD_ROOT

SECRET_BYTES = 32
"""As many as HMAC-SHA256 gives (RFC 2104, 3)."""
LEAST_OFFSET_DAYS, MOST_OFFSET_DAYS = 365, 3650
"""Dates move into the past by one to ten years: far enough to hide the season, near enough for every date to stay after Röntgen's year."""
PSEUDONYM_CHARACTERS = 10
"""Fifty bits: two of a million patients share one with a chance of one in two thousand."""


class KeyedRandomizer(Randomizer):
    """dicognito's randomizer with HMAC-SHA256 instead of MD5: numbers do not reveal the secret, and identifiers cannot be tried without it."""

    def __init__(self, secret: bytes) -> None:
        super().__init__(seed="")
        self._secret = secret

    def digest(self, purpose: str, value: str) -> bytes:
        """Derive 32 bytes from a value and a purpose."""
        return hmac.new(self._secret, f"{purpose}\0{value}".encode(), hashlib.sha256).digest()

    def to_int(self, original_value: str) -> int:
        """Derive a large integer from a value."""
        return int.from_bytes(self.digest("value", original_value))


class KeyedUIDs(UIAnonymizer):
    """dicognito's replacement of UIDs, in the UUID-derived form of PS3.5, B.2; UIDs of the standard itself stay."""

    def __init__(self, randomizer: KeyedRandomizer) -> None:
        super().__init__(randomizer)
        self._digests = randomizer

    def new_uid(self, old: str) -> str:
        """New UID of an object; the same secret gives the same one."""
        old = old.strip(" \0")
        if not old or old.startswith(STANDARD_ROOT):
            return old
        return UID(f"2.25.{uuid.UUID(bytes=self._digests.digest('uid', old)[:16], version=5).int}")

    def _new_ui(self, ui: str) -> str:
        return self.new_uid(ui)


class Secret:
    """Source of everything that replaces an identifier.

    Parameters
    ----------
    value
        At least 32 random bytes; ``None`` draws new ones, which nothing stores.
    """

    def __init__(self, value: bytes | None = None) -> None:
        self.value = secrets.token_bytes(SECRET_BYTES) if value is None else value
        self.randomizer = KeyedRandomizer(self.value)
        self.uids = KeyedUIDs(self.randomizer)

    def pseudonym(self, patient: str) -> str:
        """Pseudonym of letters and digits for a patient."""
        letters = base64.b32encode(self.randomizer.digest("patient", patient)).decode("ascii")
        return f"P-{letters[:PSEUDONYM_CHARACTERS]}"

    def offset_days(self, patient: str) -> int:
        """Offset of a patient's dates, days; negative."""
        span = MOST_OFFSET_DAYS - LEAST_OFFSET_DAYS + 1
        return -(LEAST_OFFSET_DAYS + int.from_bytes(self.randomizer.digest("dates", patient)) % span)
