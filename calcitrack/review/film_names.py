"""What a film is called on the screen: by visit and date, or by a letter where the reader is blinded."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from calcitrack.assess.blinding import film_letter
from calcitrack.model.assessment import ImageAssessment


def film_name(image: ImageAssessment) -> str:
    """Visit, repeat and date in a few words."""
    day = _day(image)
    return f"visit {image.time_point}{_repeat(image)}, {day.isoformat() if day else 'no date'}"


@dataclass(frozen=True, eq=False, slots=True)
class FilmNames:
    """Names of the films of an assessment.

    Parameters
    ----------
    images
        Films in order of time.
    blinded
        Films are called by letters, and no day is stated.
    """

    images: tuple[ImageAssessment, ...]
    blinded: bool = False

    def name(self, k: int) -> str:
        """What a film is called."""
        image = self.images[k]
        return f"Film {film_letter(image.time_point)}{_repeat(image)}" if self.blinded else film_name(image)

    def where(self, k: int) -> str:
        """Which visit of how many a film shows; with its day unless the reader is blinded."""
        image, visits = self.images[k], self.images[-1].time_point
        if self.blinded:
            return f"{self.name(k)}, {image.time_point} of {visits}"
        return f"visit {image.time_point} of {visits}{_repeat(image)} · {_day(image) or 'no date'}"


def _repeat(image: ImageAssessment) -> str:
    return f", repeat {image.repeat}" if image.repeat else ""


def _day(image: ImageAssessment) -> dt.date | None:
    facts = image.exposure.acquisition
    return facts.acquisition_time.date() if facts.acquisition_time else facts.study_date
