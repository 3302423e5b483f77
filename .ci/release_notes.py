"""Prints the section of one version of CHANGELOG.md. Usage, in the checkout: python .ci/release_notes.py v1.2.3."""

from __future__ import annotations

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
VERSION = Path(__file__).parents[1] / "calcitrack" / "version.py"


def release_notes(changelog: str, version: str) -> str:
    """Text of the section ``## VERSION`` or ``## [VERSION] - DATE``, without its head.

    Raises
    ------
    ValueError
        There is no such section, or nothing is in it.
    """
    head = re.compile(rf"^## \[?{re.escape(version)}\]?(?:\s.*)?$", flags=re.MULTILINE)
    found = head.search(changelog)
    if found is None:
        heads = ", ".join(re.findall(r"^## (.*)$", changelog, flags=re.MULTILINE))
        raise ValueError(f"CHANGELOG.md has no section for {version}; found: {heads}; rename Unreleased before the tag is made")
    section = re.split(r"^## ", changelog[found.end() :], maxsplit=1, flags=re.MULTILINE)[0].strip()
    if not section:
        raise ValueError(f"the section for {version} in CHANGELOG.md is empty; say what changed for users")
    return section + "\n"


def check_version(source: str, version: str) -> None:
    """Raise `ValueError` where the package states another version than the tag."""
    stated = re.search(r'__version__\s*=\s*"([^"]+)"', source)
    if stated is None or stated[1] != version:
        raise ValueError(f"the tag says {version}, calcitrack/version.py says {stated[1] if stated else 'none'}; make them the same")


def main(tag: str) -> int:
    """Exit status: 0 with the notes on standard output, 1 with a reason on standard error."""
    version = tag.removeprefix("v")
    try:
        check_version(VERSION.read_text(encoding="utf-8"), version)
        notes = release_notes(CHANGELOG.read_text(encoding="utf-8"), version)
    except ValueError as error:
        sys.stderr.write(f"release_notes: {error}\n")
        return 1
    sys.stdout.write(notes)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
