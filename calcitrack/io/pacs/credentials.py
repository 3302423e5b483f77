"""Accounts of DICOMweb servers: from the environment, or from the keyring of the system. They are never written or shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from calcitrack.errors import PacsError
from calcitrack.io.pacs.options import PREFIX


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account.

    Parameters
    ----------
    user, password
        For basic authentication.
    token
        For bearer authentication; takes precedence over user and password.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.user or self.token)


def credentials_for(origin: str, environment: Mapping[str, str] | None = None) -> Credentials:
    """Find the account for a server: ``CALCITRACK_PACS_TOKEN``, else ``_USER`` with ``_PASSWORD``, else what the keyring holds.

    Parameters
    ----------
    origin
        Scheme, host and port, such as ``https://pacs.example``: the name of the service in the keyring.
    environment
        ``None`` for that of the process.

    Returns
    -------
    Credentials
        Empty where none are stated anywhere.

    Raises
    ------
    PacsError
        A password without a user.
    """
    values = os.environ if environment is None else environment
    token, user, password = (values.get(PREFIX + name, "") for name in ("TOKEN", "USER", "PASSWORD"))
    if token:
        return Credentials(token=token)
    if password and not user:
        raise PacsError(f"{PREFIX}PASSWORD", "a password without a user", f"{PREFIX}USER as well", "set both")
    if user and password:
        return Credentials(user, password)
    return _from_keyring(origin, user)


def _from_keyring(service: str, user: str) -> Credentials:
    try:
        import keyring
    except ImportError:
        return Credentials(user)
    try:
        found = keyring.get_credential(service, user or None)
    except Exception:  # no keyring, a locked one, no session bus: each backend raises its own errors; the server says if it needs an account
        return Credentials(user)
    return Credentials(user) if found is None else Credentials(found.username, found.password)
