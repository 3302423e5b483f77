"""Write the table of attributes that DICOM PS3.15, table E.1-1 (Basic Profile), names: ``python benchmarks/make_profile_table.py``.

The attributes and their actions are those of the standard's edition 2026c as the package dicom-anonymizer (BSD-3-Clause) lists them;
run it again with a later edition's module to follow the standard.
"""

from __future__ import annotations

import csv
import importlib
import sys
from pathlib import Path

from pydicom.datadict import keyword_for_tag

EDITION = "2026c"
LISTS = {
    "D_TAGS": "D",
    "Z_TAGS": "Z",
    "X_TAGS": "X",
    "U_TAGS": "U",
    "Z_D_TAGS": "Z/D",
    "X_Z_TAGS": "X/Z",
    "X_D_TAGS": "X/D",
    "X_Z_D_TAGS": "X/Z/D",
    "X_Z_U_STAR_TAGS": "X/Z/U*",
}
OUT = Path(__file__).parent.parent / "calcitrack" / "io" / "deidentify" / "data" / "basic_profile.csv"


def main() -> int:
    """Write the table, sorted by tag."""
    lists = importlib.import_module(f"dicomanonymizer.dicom_anonymization_databases.dicomfields_{EDITION}")
    rows: list[tuple[str, str, str]] = []
    for name, action in LISTS.items():
        single = [tag for tag in getattr(lists, name) if len(tag) == 2]  # those with masks repeat: curves and overlays go as whole groups
        rows += [(f"{group:04X}{element:04X}", keyword_for_tag((group << 16) | element), action) for group, element in single]
    with OUT.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("tag", "keyword", "action"))
        writer.writerows(sorted(rows))
    print(f"{OUT.name}: {len(rows)} attributes of PS3.15 {EDITION}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
