"""Whether a folder lies on a network drive, where SQLite's write-ahead log cannot be relied upon (https://www.sqlite.org/wal.html)."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/mounts")
NETWORK = frozenset({"nfs", "nfs4", "cifs", "smbfs", "smb3", "fuse.sshfs", "9p", "afs", "ceph", "fuse.ceph", "glusterfs", "fuse.glusterfs", "lustre"})
"""Types of file systems, as Linux names them, whose memory maps are not shared between machines, or not surely."""


def on_network_drive(folder: Path, mounts: Path = MOUNTS) -> bool:
    """True for a UNC path of Windows, and for folders below a mount of a network type on Linux; elsewhere it is not known, and False."""
    place = folder.resolve()
    if str(place).startswith("\\\\"):
        return True
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    kinds = {Path(words[1].replace("\\040", " ")): words[2] for words in map(str.split, lines) if len(words) > 2}
    return next((kinds[p] in NETWORK for p in (place, *place.parents) if p in kinds), False)
