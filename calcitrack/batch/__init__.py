"""Many timelines: in this process, in several local ones, or on a Dask cluster. One timeline that fails is one row, and the others go on."""

from calcitrack.batch.one import CRASHED, OUT_OF_MEMORY, PROCESS_ENDED, TIME_LIMIT_S, Outcome
from calcitrack.batch.progress import Observe, Stopped, StoppedError, count_images
from calcitrack.batch.resume import keep_in
from calcitrack.batch.run import assess_cohort, iter_assessments, sensible_workers

__all__ = [
    "CRASHED",
    "OUT_OF_MEMORY",
    "PROCESS_ENDED",
    "TIME_LIMIT_S",
    "Observe",
    "Outcome",
    "Stopped",
    "StoppedError",
    "assess_cohort",
    "count_images",
    "iter_assessments",
    "keep_in",
    "sensible_workers",
]
