"""Makes the picture of the README from the sample data: `python docs/images/make.py`."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from calcitrack import assess, judge, read_cohort
from calcitrack.change import Precision, own_precision, series_of
from calcitrack.figures import overlay_image, timeline_figure
from calcitrack.model.assessment import Assessment

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "sample_data" / "radiographs"
PATIENT = "DEV03"
HEIGHT_PX = 760
"""Fits a README on a large screen, and keeps the file small."""


def timeline_picture(assessment: Assessment, precision: Precision) -> Image.Image:
    """The burden over real dates, judged as `calcitrack demo` does: by the repeat exposures of all samples."""
    buffer = io.BytesIO()
    timeline_figure(assessment, judge(assessment, precision=precision)).savefig(buffer)
    return Image.open(buffer).convert("RGB")


def overlay_picture(assessment: Assessment) -> Image.Image:
    """The deposits outlined on the last visit's first exposure."""
    last = assessment.time_points[-1].index
    image = next(i for i in assessment.images if i.time_point == last and i.repeat == 0)
    return Image.fromarray(overlay_image(image.exposure.load(), image, assessment.key))


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    """All pictures in the same height, left to right."""
    scaled = [p.resize((round(p.width * HEIGHT_PX / p.height), HEIGHT_PX), Image.Resampling.LANCZOS) for p in pictures]
    joined = Image.new("RGB", (sum(p.width for p in scaled), HEIGHT_PX), "white")
    left = 0
    for picture in scaled:
        joined.paste(picture, (left, 0))
        left += picture.width
    return joined


def main() -> None:
    """Write the picture beside this file."""
    assessments = [assess(timeline) for timeline in read_cohort(SAMPLES).timelines]
    precision = own_precision(series_of(a) for a in assessments)
    assessment = next(a for a in assessments if a.key.patient_id == PATIENT)
    picture = side_by_side([timeline_picture(assessment, precision), overlay_picture(assessment)])
    picture.save(HERE / "timeline-and-overlay.png", optimize=True)


if __name__ == "__main__":
    main()
