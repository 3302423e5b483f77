"""Measure calcinosis on serial radiographs and say whether it progresses, halts or regresses.

>>> from calcitrack import read_cohort, assess
"""

import importlib
from typing import TYPE_CHECKING, Any

from calcitrack.assess import AssessOptions, assess
from calcitrack.biplane.combine import combine_views
from calcitrack.calibrate import CalibrateOptions, calibrate
from calcitrack.change import judge
from calcitrack.errors import CalcitrackError, ReadError
from calcitrack.measure import MeasureOptions, measure
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort, CohortAssessment
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import Measurement, NotMeasurable
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint
from calcitrack.segment import SegmentOptions, segment
from calcitrack.version import __version__

if TYPE_CHECKING:
    from calcitrack.batch import assess_cohort
    from calcitrack.io.cohort.read import read_cohort
    from calcitrack.io.images.read import read_radiograph
    from calcitrack.io.results.export import read_results, write_results

_EDGES = {
    "assess_cohort": "calcitrack.batch",
    "read_cohort": "calcitrack.io.cohort.read",
    "read_radiograph": "calcitrack.io.images.read",
    "read_results": "calcitrack.io.results.export",
    "write_results": "calcitrack.io.results.export",
}
"""Names that need pydicom, pandas or matplotlib: imported on first use (PEP 562), so that the program starts at once."""


def __getattr__(name: str) -> Any:
    if name not in _EDGES:
        raise AttributeError(f"module 'calcitrack' has no attribute {name!r}")
    return getattr(importlib.import_module(_EDGES[name]), name)


__all__ = [
    "AssessOptions",
    "Assessment",
    "CalcitrackError",
    "CalibrateOptions",
    "Cohort",
    "CohortAssessment",
    "Exposure",
    "MeasureOptions",
    "Measurement",
    "NotMeasurable",
    "Radiograph",
    "ReadError",
    "SegmentOptions",
    "Segmentation",
    "TimePoint",
    "Timeline",
    "TimelineKey",
    "__version__",
    "assess",
    "assess_cohort",
    "calibrate",
    "combine_views",
    "judge",
    "measure",
    "read_cohort",
    "read_radiograph",
    "read_results",
    "segment",
    "write_results",
]
