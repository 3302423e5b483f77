"""Image + Segmentation -> Measurements."""

from calcitrack.callable_package import make_callable
from calcitrack.measure.deposits import measure
from calcitrack.measure.measurands import MEASURANDS, TOTALS
from calcitrack.measure.options import MeasureOptions

__all__ = ["MEASURANDS", "TOTALS", "MeasureOptions", "measure"]

make_callable(__name__)
