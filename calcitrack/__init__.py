"""Measure calcinosis on serial radiographs and say whether it progresses, halts or regresses.

Each name is imported on first use: ``import calcitrack`` itself loads no library.

>>> from calcitrack import read_cohort, assess
"""

from typing import TYPE_CHECKING

from calcitrack.lazy_names import on_first_use
from calcitrack.version import __version__

if TYPE_CHECKING:
    from calcitrack.assess import AssessOptions, assess
    from calcitrack.batch import assess_cohort
    from calcitrack.biplane.combine import combine_views
    from calcitrack.calibrate import CalibrateOptions, calibrate
    from calcitrack.change.judge import judge
    from calcitrack.change.judged_cohort import judge_cohort
    from calcitrack.change.series import series_of
    from calcitrack.errors import CalcitrackError, ReadError
    from calcitrack.io.cohort.read import read_cohort
    from calcitrack.io.images.read import read_radiograph
    from calcitrack.io.results.export import read_results, write_results
    from calcitrack.measure import MeasureOptions, measure
    from calcitrack.model.assessment import Assessment
    from calcitrack.model.cohort import Cohort, CohortAssessment
    from calcitrack.model.image import Radiograph, Volume
    from calcitrack.model.measurement import Measurement, NotMeasurable
    from calcitrack.model.patient import Patient, patients_of
    from calcitrack.model.segmentation import Segmentation
    from calcitrack.model.timeline import Exposure, Timeline, TimelineKey, TimePoint
    from calcitrack.segment import SegmentOptions, segment
    from calcitrack.tables.arrays import to_xarray
    from calcitrack.tables.dataframes import to_dataframe
else:  # a type checker that saw __getattr__ would take every misspelt name for granted
    SOURCES = {
        "calcitrack.assess": ("AssessOptions", "assess"),
        "calcitrack.batch": ("assess_cohort",),
        "calcitrack.biplane.combine": ("combine_views",),
        "calcitrack.calibrate": ("CalibrateOptions", "calibrate"),
        "calcitrack.change.judge": ("judge",),
        "calcitrack.change.judged_cohort": ("judge_cohort",),
        "calcitrack.change.series": ("series_of",),
        "calcitrack.errors": ("CalcitrackError", "ReadError"),
        "calcitrack.io.cohort.read": ("read_cohort",),
        "calcitrack.io.images.read": ("read_radiograph",),
        "calcitrack.io.results.export": ("read_results", "write_results"),
        "calcitrack.measure": ("MeasureOptions", "measure"),
        "calcitrack.model.assessment": ("Assessment",),
        "calcitrack.model.cohort": ("Cohort", "CohortAssessment"),
        "calcitrack.model.image": ("Radiograph", "Volume"),
        "calcitrack.model.measurement": ("Measurement", "NotMeasurable"),
        "calcitrack.model.patient": ("Patient", "patients_of"),
        "calcitrack.model.segmentation": ("Segmentation",),
        "calcitrack.model.timeline": ("Exposure", "TimePoint", "Timeline", "TimelineKey"),
        "calcitrack.segment": ("SegmentOptions", "segment"),
        "calcitrack.tables.arrays": ("to_xarray",),
        "calcitrack.tables.dataframes": ("to_dataframe",),
    }
    """Module -> the public names that it holds; the same as the imports above, which a test compares."""
    __getattr__, __dir__ = on_first_use(__name__, SOURCES)

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
    "Patient",
    "Radiograph",
    "ReadError",
    "SegmentOptions",
    "Segmentation",
    "TimePoint",
    "Timeline",
    "TimelineKey",
    "Volume",
    "__version__",
    "assess",
    "assess_cohort",
    "calibrate",
    "combine_views",
    "judge",
    "judge_cohort",
    "measure",
    "patients_of",
    "read_cohort",
    "read_radiograph",
    "read_results",
    "segment",
    "series_of",
    "to_dataframe",
    "to_xarray",
    "write_results",
]
