"""What nouns show at a prompt and in a notebook."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from html.parser import HTMLParser
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcitrack import Cohort, Exposure, Timeline, TimelineKey, TimePoint, judge
from calcitrack.assess.options import AssessOptions
from calcitrack.change import series_of
from calcitrack.model.display import HTML_ROWS, TEXT_ROWS, Card, beside_limit, percent_beside_limit, sparkline
from calcitrack.model.measurement import ImageMeasurements

HOSTILE = "<script>alert('P & 1')</script>"


class Tags(HTMLParser):
    """Every element that a browser would make."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 the parser's signature
        """An element begins."""
        self.names.append(tag)

    def handle_data(self, data: str) -> None:
        """Text between elements."""
        self.texts.append(data)


KINDS = (
    "Radiograph",
    "Exposure",
    "TimePoint",
    "Timeline",
    "Segmentation",
    "Measurement",
    "ImageMeasurements",
    "ImageAssessment",
    "Assessment",
    "Cohort",
    "CohortAssessment",
    "Judgement",
)


def nouns(made: ModuleType, patient: str = "P1") -> dict[str, object]:
    """One noun of each kind that shows itself, all of one patient."""
    assessment = made.assessment(patient)
    exposures = tuple(Exposure.of(made.picture(source=f"{patient} {k}.dcm")) for k in range(2))
    key = TimelineKey(patient, "HAND", "L", "PA", "DX")
    points = (TimePoint(1, dt.date(2021, 3, 8), exposures[:1]), TimePoint(2, dt.date(2021, 9, 1), exposures[1:]))
    timeline = Timeline(key, points)
    first = assessment.images[0]
    return {
        "Radiograph": made.picture(source=f"{patient}.dcm"),
        "Exposure": exposures[0],
        "TimePoint": points[0],
        "Timeline": timeline,
        "Segmentation": first.segmentation,
        "Measurement": first.totals["area_mm2"],
        "ImageMeasurements": ImageMeasurements(tuple(d.deposit for d in first.deposits), first.totals),
        "ImageAssessment": first,
        "Assessment": assessment,
        "Cohort": Cohort((timeline,), made.cohort(assessment).files),
        "CohortAssessment": made.cohort(assessment),
        "Judgement": judge(series_of(assessment)),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_noun_is_one_to_a_few_lines_and_begins_with_its_class(made: ModuleType, kind: str) -> None:
    """A line is no longer than a screen is wide, and there are at most a title, a header, six rows and the number of the others."""
    text = repr(nouns(made)[kind])
    assert text.startswith(f"{kind}(")
    lines = text.splitlines()
    assert len(lines) <= TEXT_ROWS + 3
    assert max(map(len, lines)) <= 150


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_gets_balanced_html_without_anything_of_the_files(made: ModuleType, kind: str) -> None:
    """Texts of headers are shown as they are and make no element."""
    page = nouns(made, HOSTILE)[kind]._repr_html_()  # type: ignore[attr-defined]
    tags = Tags(page)
    assert set(tags.names) <= {"div", "strong", "table", "thead", "tbody", "tr", "th", "td", "svg", "polyline", "circle"}
    assert all(page.count(f"<{name}>") + page.count(f"<{name} ") == page.count(f"</{name}>") for name in {"div", "table", "tr", "th", "td", "svg"})
    assert "script" not in tags.names


def test_hostile_text_is_shown_as_it_is() -> None:
    """Name, facts, header, rows and the course's name are escaped."""
    page = Card(HOSTILE, HOSTILE, (HOSTILE,), (HOSTILE,), ((HOSTILE,),), ((0, 1), (1, 2)), HOSTILE).html()
    tags = Tags(page)
    assert "script" not in tags.names
    assert sum(HOSTILE in text for text in tags.texts) == 6  # kind, name, facts, the course's name, header, row


def test_an_assessment_shows_its_time_points(made: ModuleType) -> None:
    """One row for each time point, with its date and totals; the course of the burden is drawn with one dot for each."""
    assessment = made.assessment()
    lines = repr(assessment).splitlines()
    assert lines[0] == "Assessment(P1 / HAND / R / PA: 3 time points, 4 images, 3 deposits)"
    assert [line.split()[:2] for line in lines[2:]] == [[str(p.index), str(p.date)] for p in assessment.time_points]
    assert assessment._repr_html_().count("<circle") == 3


def test_pixels_are_shown_only_where_no_size_is_stated(made: ModuleType) -> None:
    """Square millimetres take the place of pixels where there are any."""
    assert "area_px" not in repr(made.assessment())
    assert "area_px" in repr(made.assessment(sized=False, mass=False))


def test_an_image_shows_its_deposits_in_the_order_of_their_ids(made: ModuleType) -> None:
    """Deposit, fate and measures, and the source of the film in the title."""
    image = made.assessment().images[-1]
    assert repr(image).splitlines()[0].startswith(f"ImageAssessment({image.exposure.source}: time point 3, repeat 1, ")
    turned = replace(image, deposits=image.deposits[::-1])
    assert re.findall(r"^  (D\d+)", repr(turned), flags=re.MULTILINE) == ["D001", "D002"]


def test_long_tables_say_how_much_they_leave_out() -> None:
    """A prompt shows six rows, a notebook sixty."""
    card = Card("Cohort", "", (), ("timeline",), tuple((str(k),) for k in range(100)))
    assert card.text().splitlines()[-1].strip() == f"... and {100 - TEXT_ROWS} more"
    assert f"... and {100 - HTML_ROWS} more" in card.html()


def test_a_course_is_drawn_from_zero_to_its_largest_value() -> None:
    """Equal values lie on one line; a course of zeros does not divide by zero."""
    assert sparkline([(0, 0.0), (1, 0.0)], "x").count("cy=") == 2
    heights = re.findall(r'cy="([\d.]+)"', sparkline([(0, 1.0), (5, 2.0), (10, 0.0)], "x"))
    assert float(heights[1]) < float(heights[0]) < float(heights[2])
    assert re.findall(r'cx="([\d.]+)"', sparkline([(3, 1.0), (3, 1.0)], "x")) == ["4.0", "4.0"]


def test_a_verdict_that_cannot_be_given_says_why(made: ModuleType) -> None:
    """The reason takes the place of the verdict."""
    judged = judge(series_of(made.assessment(visits=1, repeat=False)))
    assert judged.reason
    assert judged.reason in repr(judged)
    assert repr(replace(judged, reason="", headline=None)).endswith("no verdict)")


def test_digests_rest_on_representations_that_stay() -> None:
    """The id of an assessment is made of the options as Python writes a dataclass; they do not show a card."""
    assert repr(AssessOptions()).startswith("AssessOptions(calibrate=CalibrateOptions(log_gain_from_noise=True, ")


@given(limit=st.sampled_from([0.05, 0.25, 0.6, 1.25, 3.0, 130.0]), step=st.floats(1e-4, 2.0), places=st.integers(0, 3), up=st.booleans())
def test_a_value_beside_its_limit_lies_on_its_side_of_it(limit: float, step: float, places: int, *, up: bool) -> None:
    """Law: whoever reads both numbers sees the limit broken, in decimals and in percent; far from it no decimals are added."""
    value = limit + step if up else limit - step
    for said, printed_limit in ((beside_limit(value, limit, places), limit), (percent_beside_limit(value, limit).removesuffix(" %"), 100 * limit)):
        assert (float(said) > round(printed_limit, 6)) == up, said
    assert beside_limit(limit + 2.0, limit, 0) == f"{limit + 2.0:.0f}"
