"""Processor time of ``import calcitrack`` and ``calcitrack --help``: median of fresh interpreters, user and system time together.

``python -m benchmarks.import_time`` (``--runs 5``).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys

ASKED_S = {"import calcitrack": 0.3, "calcitrack --help": 0.6}
"""What each may take at most, seconds of processor time: below it a program is felt to start at once."""
PROGRAMS = {
    "import calcitrack": [sys.executable, "-c", "import calcitrack"],
    "calcitrack --help": [sys.executable, "-c", "from calcitrack.cli import app; app(['--help'])"],
    "a Python that does nothing": [sys.executable, "-c", "pass"],
}


def processor_seconds(command: list[str]) -> float:
    """User and system time of one run, seconds."""
    before = os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 this interpreter, without a shell
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    print("| | median, s | least, s | most, s | asked, s |\n|---|---|---|---|---|")
    for name, command in PROGRAMS.items():
        processor_seconds(command)  # the first run reads files that lie in memory afterwards
        taken = [processor_seconds(command) for _ in range(runs)]
        print(f"| {name} | {statistics.median(taken):.2f} | {min(taken):.2f} | {max(taken):.2f} | {ASKED_S.get(name, '')} |")


if __name__ == "__main__":
    main()
