from __future__ import annotations

import io
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from calcitrack.figures import timeline_figure
from calcitrack.model.spacing import Spacing, SpacingBasis


def texts(figure: Figure) -> list[str]:
    """Everything that is written in the figure."""
    return [t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text")) if t.get_text()]


def joined_lines(figure: Figure) -> int:
    """How many pairs of neighbouring time points are joined by a line."""
    return sum(len(line.get_xdata()) == 2 and line.get_linestyle() == "-" and line.get_linewidth() == 2 for line in figure.axes[0].lines)


@pytest.mark.parametrize(
    ("mass", "sized", "label"),
    [(True, True, "Hydroxyapatite mass\n(mg)"), (False, True, "Deposit area\n(mm², at the detector)"), (False, False, "Deposit area\n(pixels)")],
)
def test_the_best_measurable_burden_is_drawn_with_its_unit(made: ModuleType, mass: bool, sized: bool, label: str) -> None:
    """Mass where it is measurable, else area with the plane in which its millimetres hold, else pixels."""
    figure = timeline_figure(made.assessment(mass=mass, sized=sized))
    assert figure.axes[0].get_ylabel() == label


def test_points_stand_at_their_real_dates(made: ModuleType) -> None:
    """The distance between points is the time between visits, not their number."""
    figure = timeline_figure(made.assessment())
    ticks = figure.axes[1].get_xticks()
    assert np.diff(ticks).tolist() == [(b - a).days for a, b in zip(made.DAYS, made.DAYS[1:], strict=False)]
    assert [t.get_text() for t in figure.axes[1].get_xticklabels()] == [d.isoformat() for d in made.DAYS]


def test_fates_and_counts_are_written(made: ModuleType) -> None:
    """The number of deposits, new ones and resolved ones can be read as text."""
    words = texts(timeline_figure(made.assessment()))
    assert {"2", "3", " +1 new", " 1 resolved"} <= set(words)
    assert any("First to last in 438 days: hydroxyapatite mass 4.5 → 4.5 mg, change +0 ± 0.3 mg (+0 %)\nWithin the stated" in w for w in words)


def test_unlike_millimetres_are_not_joined(made: ModuleType) -> None:
    """Areas whose millimetres hold in different planes are not connected by a line; like ones are."""
    plain = made.assessment(mass=False)
    assert joined_lines(timeline_figure(plain)) == 2
    other = Spacing(0.19, 0.19, SpacingBasis.MAGNIFICATION_CORRECTED, "ERMF", 1.05)
    mixed = replace(plain, images=tuple(replace(i, spacing=other) if i.time_point == 3 else i for i in plain.images))
    assert joined_lines(timeline_figure(mixed)) == 1


def test_one_time_point_is_enough(made: ModuleType) -> None:
    """A single visit gives a picture that says that there is no change yet."""
    assert any("One time point" in w for w in texts(timeline_figure(made.assessment(visits=1, repeat=False))))


def test_a_visit_that_could_not_be_read_is_shown_as_such(made: ModuleType) -> None:
    """A time point without a readable image leaves a gap with the words 'not read', not a zero."""
    whole = made.assessment()
    lost = replace(whole.time_points[1], n_exposures=0, deposit_count=None, totals={}, from_baseline={}, from_previous={}, fates={})
    figure = timeline_figure(replace(whole, time_points=(whole.time_points[0], lost, whole.time_points[2])))
    assert "not read" in texts(figure)
    assert joined_lines(figure) == 0


def test_a_timeline_without_a_date_is_drawn(made: ModuleType) -> None:
    """Images without any date have no date on the axis."""
    whole = made.assessment(visits=1, repeat=False)
    undated = replace(whole, time_points=(replace(whole.time_points[0], date=None),))
    assert "date not stated" in texts(timeline_figure(undated))


def test_the_figure_is_written_without_pyplot(made: ModuleType) -> None:
    """The figure renders by itself, and no global figure is left behind."""
    import matplotlib.pyplot as plt

    stream = io.BytesIO()
    timeline_figure(made.assessment()).savefig(stream)
    assert plt.get_fignums() == []
    assert min(Image.open(stream).size) > 500
