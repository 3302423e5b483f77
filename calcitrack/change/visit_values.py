"""What all images together give at a visit: the mean over the exposures that stand for its day."""

from __future__ import annotations

from collections.abc import Sequence

from calcitrack.model.assessment import NOTHING_READ, Assessment
from calcitrack.model.evaluable import evaluable_of
from calcitrack.model.joint import NOT_SAID, JointSeries
from calcitrack.model.measurement import Measurement, NotMeasurable, Result


def exposures_of(assessment: Assessment, time_point: int) -> tuple[int, ...]:
    """Positions of the images that stand for a visit: as for changes, those that lie on the baseline and show as much as the others of that day."""
    images = tuple(k for k, image in enumerate(assessment.images) if image.time_point == time_point)
    if len(images) < 2:
        return images
    return tuple(evaluable_of(assessment.images, assessment.tracks).exposures.get(time_point, images))


def at_visit(series: JointSeries, images: Sequence[int], unread: str = NOTHING_READ) -> Result:
    """Mean of a series over the exposures of a visit that have a value, or the reason why there is none.

    Parameters
    ----------
    images
        As `exposures_of` gives them.
    unread
        Why there is none (`calcitrack.model.assessment.unread_reasons`), where that is known.
    """
    known = [k for k in images if k in series.images]
    if not known:
        return NotMeasurable(series.measurand, series.missing.get(images[0], NOT_SAID) if images else unread)
    (value,), ((variance,),) = series.combined([known])
    return Measurement(series.measurand, value, variance**0.5)
