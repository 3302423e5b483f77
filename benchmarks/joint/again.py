"""CPU seconds a film that measuring all films together once more takes, as after a reader's edit, and whether it gives the same values.

    OMP_NUM_THREADS=1 python -m benchmarks.joint.again FOLDER

Every timeline of the folder is measured; then all of its films are read and measured together again from the assessment alone.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from calcitrack import assess, read_cohort
from calcitrack.assess.joint_again import joint_again


def main() -> None:
    """Print one line a timeline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for timeline in read_cohort(parser.parse_args().folder).timelines:
        assessment = assess(timeline)
        begun = time.process_time()
        joint = joint_again(assessment)
        each = (time.process_time() - begun) / max(1, len(assessment.images))
        rows, columns = assessment.images[0].segmentation.labels.shape
        same = "the same values" if joint == assessment.joint else "OTHER VALUES"
        print(f"{timeline.key}: {len(assessment.images)} x {rows * columns / 1e6:.1f} MP, {each:.2f} CPU seconds each, {same}")


if __name__ == "__main__":
    main()
