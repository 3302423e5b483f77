"""Says what is wrong with the one wheel in a folder: its size, its type marker, its sample data. Usage: python check_wheel.py FOLDER."""

from __future__ import annotations

import hashlib
import sys
import tomllib
import zipfile
from pathlib import Path

MAX_BYTES = 20_000_000
"""Larger wheels are slow to install where the network is slow; the sample data are most of it."""
DATA = "calcitrack/_sample_data/"


def problems(wheel: Path) -> list[str]:
    """One sentence for each thing that is wrong; empty for a good wheel."""
    found = [] if wheel.stat().st_size < MAX_BYTES else [f"{wheel.name} has {wheel.stat().st_size} bytes; less than {MAX_BYTES} are allowed"]
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        wanted = {"calcitrack/py.typed", "calcitrack/__init__.py", DATA + "manifest.toml", DATA + "README.md"}
        found += [f"{wheel.name} lacks {name}" for name in sorted(wanted - names)]
        found += [f"{wheel.name} holds {name}, which is no part of the package" for name in sorted(names) if not name.startswith("calcitrack")]
        if DATA + "manifest.toml" in names:
            found += _data_problems(archive, names)
    return found


def _data_problems(archive: zipfile.ZipFile, names: set[str]) -> list[str]:
    manifest = tomllib.loads(archive.read(DATA + "manifest.toml").decode())
    found = []
    for entry in manifest["file"]:
        name = DATA + entry["path"]
        if name not in names or hashlib.sha256(archive.read(name)).hexdigest() != entry["sha256"]:
            found.append(f"{name} is missing or is not the file of the manifest")
    return found


def main(folder: str) -> int:
    """Exit status: 0 for exactly one good wheel."""
    wheels = sorted(Path(folder).glob("*.whl"))
    found = [p for wheel in wheels for p in problems(wheel)] if len(wheels) == 1 else [f"{folder} holds {len(wheels)} wheels; expected one"]
    sys.stdout.writelines(f"{line}\n" for line in found or [f"{wheels[0].name}: {wheels[0].stat().st_size / 1e6:.1f} MB, complete"])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
