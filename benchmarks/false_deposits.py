"""What is found on films that show no calcinosis: all of it is false.

    python benchmarks/false_deposits.py FOLDER [--method transparent]

Reads every radiograph and picture of the folder, whether or not it could be placed on a timeline.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from calcitrack import ReadError, SegmentOptions, calibrate, read_radiograph, segment
from calcitrack.segment import Method


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--method", type=Method, choices=list(Method), default=Method.NETWORK)
    arguments = parser.parse_args()
    counts = []
    for path in sorted(p for p in arguments.folder.iterdir() if p.is_file()):
        try:
            film = calibrate(read_radiograph(path))
        except ReadError as error:
            print(f"{path.name}: {error}")
            continue
        counts.append(len(segment(film, SegmentOptions(method=arguments.method)).label_values))
        print(f"{path.name:<40}{counts[-1]:>5}")
    print(f"{len(counts)} films, {sum(counts)} deposits, {sum(counts) / max(1, len(counts)):.1f} a film")


if __name__ == "__main__":
    main()
