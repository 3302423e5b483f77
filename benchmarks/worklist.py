"""How long a reader waits for the next case of a worklist, prepared ahead and not.

Each case of a blinded session is opened twice: once as it is when nothing was prepared (films read, blinded, made ready to be edited), and once when
that was done while the case before was reviewed. Drawing it on the screen comes on top of both. Run it from the repository root, with the plugin
installed::

    OMP_NUM_THREADS=1 python -m benchmarks.worklist --workspace project

``project`` is a workspace with some patients in it; it is copied, and stays as it is::

    calcitrack measure sample_data/radiographs/DEV03 sample_data/radiographs/DEV04 --out results --workspace project
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from calcitrack.review.worklist import Desk, prepare

READER = "benchmark"


def run(source: Path, rounds: int) -> dict[str, Any]:
    """Milliseconds, by the clock and of the processor, over all cases and rounds."""
    waits: dict[str, list[tuple[float, float]]] = {"not_prepared": [], "prepared": []}
    films = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(source, Path(place) / "workspace"))
        for _ in range(rounds):
            desk = Desk(folder, READER)
            session = desk.start(blinded=True, show_suggestion=True, show_others=False, repeated=0.0, seed=1)
            for case in session.plan.cases:
                began = (time.perf_counter(), time.process_time())
                made = prepare(folder, session, case)
                half = (time.perf_counter(), time.process_time())
                review = desk.open(made)
                end = (time.perf_counter(), time.process_time())
                waits["not_prepared"].append((end[0] - began[0], end[1] - began[1]))
                waits["prepared"].append((end[0] - half[0], end[1] - half[1]))
                films += len(review.state.images)
                desk.finish()
            desk.close()
    return {"cases": len(waits["prepared"]), "films": films, **{name: _spread(values) for name, values in waits.items()}}


def _spread(values: list[tuple[float, float]]) -> dict[str, float]:
    wall, cpu = (1000 * np.array(column) for column in zip(*values, strict=True))
    return {
        "wall_p50_ms": round(float(np.median(wall)), 1),
        "wall_max_ms": round(float(wall.max()), 1),
        "cpu_p50_ms": round(float(np.median(cpu)), 1),
        "cpu_max_ms": round(float(cpu.max()), 1),
    }


def main() -> None:
    """Print the times as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.workspace, arguments.rounds), indent=1))


if __name__ == "__main__":
    main()
