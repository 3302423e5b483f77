"""Measure calcinosis on serial radiographs and say whether it progresses, halts or regresses.

>>> from calcitrack import read_cohort, assess
"""

from calcitrack.assess import AssessOptions, assess
from calcitrack.batch import assess_cohort
from calcitrack.calibrate import CalibrateOptions, calibrate
from calcitrack.errors import CalcitrackError, ReadError
from calcitrack.io.cohort import read_cohort
from calcitrack.io.exports import read_results, write_results
from calcitrack.io.reader import read_radiograph
from calcitrack.measure import MeasureOptions, measure
from calcitrack.model.assessment import Assessment
from calcitrack.model.cohort import Cohort, CohortAssessment
from calcitrack.model.image import Radiograph
from calcitrack.model.measurement import Measurement, NotMeasurable
from calcitrack.model.segmentation import Segmentation
from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint
from calcitrack.segment import SegmentOptions, segment
from calcitrack.version import __version__

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
    "measure",
    "read_cohort",
    "read_radiograph",
    "read_results",
    "segment",
    "write_results",
]
