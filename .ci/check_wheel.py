"""Says what is wrong with the wheels of the package and of the plugin in a folder. Usage, in the checkout: python .ci/check_wheel.py FOLDER."""

from __future__ import annotations

import hashlib
import re
import sys
import tomllib
import zipfile
from pathlib import Path

MAX_BYTES = 20_000_000
"""Larger wheels are slow to install where the network is slow; the sample data are most of it."""
DATA = "calcitrack/_sample_data/"


PLUGIN = "calcitrack_napari"
ROOT = "plugins/napari/"
MANIFEST = f"{PLUGIN}/napari.yaml"


def plugin_problems(wheel: Path) -> list[str]:
    """One sentence for each thing that is wrong with the plugin's wheel: napari finds it by an entry point, and each command by its module."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        found = [f"{wheel.name} holds {name}, which is no part of the plugin" for name in sorted(names) if not name.startswith(PLUGIN)]
        if MANIFEST not in names:
            return [*found, f"{wheel.name} lacks {MANIFEST}"]
        found += [f"{wheel.name} lacks {name.removeprefix(ROOT)}" for name in sorted(_files(ROOT + PLUGIN)) if name.removeprefix(ROOT) not in names]
        modules = set(re.findall(rf"python_name: ({PLUGIN}[\w.]*):", archive.read(MANIFEST).decode()))
        files = {module: module.replace(".", "/") for module in modules}
        found += [f"{wheel.name} lacks the module {m} of {MANIFEST}" for m, f in sorted(files.items()) if not {f"{f}.py", f"{f}/__init__.py"} & names]
        entries = "".join(archive.read(n).decode() for n in names if n.endswith("entry_points.txt"))
    if not modules:
        found.append(f"{MANIFEST} of {wheel.name} names no command")
    if "[napari.manifest]" not in entries:
        found.append(f"{wheel.name} lacks the entry point napari.manifest, by which napari finds it")
    return found


def problems(wheel: Path) -> list[str]:
    """One sentence for each thing that is wrong; empty for a good wheel."""
    found = [] if wheel.stat().st_size < MAX_BYTES else [f"{wheel.name} has {wheel.stat().st_size} bytes; less than {MAX_BYTES} are allowed"]
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        wanted = {DATA + "manifest.toml", DATA + "README.md", *_files("calcitrack")}
        found += [f"{wheel.name} lacks {name}" for name in sorted(wanted - names)]
        found += [f"{wheel.name} holds {name}, which is no part of the package" for name in sorted(names) if not name.startswith("calcitrack")]
        if DATA + "manifest.toml" in names:
            found += _data_problems(archive, names)
    return found


def _files(package: str) -> set[str]:
    """Every file of the checkout's package, code and data alike."""
    return {path.as_posix() for path in Path(package).rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def _data_problems(archive: zipfile.ZipFile, names: set[str]) -> list[str]:
    manifest = tomllib.loads(archive.read(DATA + "manifest.toml").decode())
    found = []
    for entry in manifest["file"]:
        name = DATA + entry["path"]
        if name not in names or hashlib.sha256(archive.read(name)).hexdigest() != entry["sha256"]:
            found.append(f"{name} is missing or is not the file of the manifest")
    return found


def main(folder: str) -> int:
    """Exit status: 0 for one good wheel of each."""
    wheels = {stem: sorted(Path(folder).glob(f"{stem}-*.whl")) for stem in ("calcitrack", PLUGIN)}
    found = [f"{folder} holds {len(of)} wheels of {stem}; expected one" for stem, of in wheels.items() if len(of) != 1]
    for stem, check in (("calcitrack", problems), (PLUGIN, plugin_problems)):
        found += [p for wheel in wheels[stem] for p in check(wheel)]
    good = [f"{wheel.name}: {wheel.stat().st_size / 1e6:.2f} MB, complete" for of in wheels.values() for wheel in of]
    sys.stdout.writelines(f"{line}\n" for line in found or good)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
