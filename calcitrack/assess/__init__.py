"""The one composition: timeline in, assessment out. Pure: files are read only through `Exposure.load`."""

from calcitrack.assess.compose import assess
from calcitrack.assess.options import AssessOptions, Observer
from calcitrack.assess.revise import RevisedImage
from calcitrack.callable_package import make_callable

__all__ = ["AssessOptions", "Observer", "RevisedImage", "assess"]

make_callable(__name__)
