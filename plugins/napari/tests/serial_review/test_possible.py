"""Possible deposits in the real viewer: list, broken lines, one key to accept and one to dismiss."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    pytest.skip("no display: run it under xvfb-run, as `make test` does", allow_module_level=True)

from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from calcitrack.review.deposit_list import ReaderVerdict
from calcitrack_napari.napari_io import reader
from calcitrack_napari.serial_review.table import HEADS
from calcitrack_napari.serial_review.views import View
from calcitrack_napari.serial_review.widget import ReviewWidget

FILM = 2
"""The film that shows two possible deposits; the review begins there."""


@pytest.fixture
def possible_widget(widget: ReviewWidget, qtbot: QtBot, folder_with_possible: Path) -> ReviewWidget:
    """Anna reviews the films with possible deposits."""
    widget.open_workspace(folder_with_possible)
    assert widget.session is not None, widget.panel.words.text()
    qtbot.waitUntil(lambda: all(widget.session.state.is_ready(k) for k in range(4)), timeout=60_000)
    return widget


def texts(widget: ReviewWidget, column: int) -> list[str]:
    """A column of the list."""
    model = widget.panel.model
    return [model.data(model.index(row, column), Qt.DisplayRole) for row in range(model.rowCount())]


def test_possible_deposits_are_listed_first_and_drawn_broken(possible_widget: ReviewWidget, viewer: Any) -> None:
    """They are chosen first, have lines around them and no place in the layer that is edited, and films without any look as before."""
    widget = possible_widget
    assert widget.image == FILM
    assert texts(widget, 0)[:2] == ["P1 possible", "P2 possible"]
    assert texts(widget, HEADS.index("Sure"))[:2] == ["60 %", "80 %"]
    assert widget.deposit_id == "P1"
    lines = widget.scene.possible[FILM]
    assert lines.visible
    assert not lines.editable
    assert set(np.unique(lines.data)) == {0, 1, 2}
    inside = widget.session.state.images[FILM].segmentation.possible > 0
    assert not widget.scene.outlines[FILM].data[inside].any()
    assert not any(widget.scene.possible[k].data.any() for k in (0, 1, 3))
    widget.show_film(FILM, View.ALL)
    assert viewer.canvas.grid.actual_shape(viewer.layers) == (1, 3)
    widget.run("outlines")
    assert not lines.visible
    widget.run("outlines")


def test_one_key_accepts_and_one_dismisses(possible_widget: ReviewWidget) -> None:
    """Each goes on to the next; the accepted one is drawn, listed and counted as a deposit; undo takes both back."""
    widget, state = possible_widget, possible_widget.session.state
    deposits = len(state.deposit_ids())
    widget.run("accept")
    assert len(state.deposit_ids()) == deposits + 1
    new = state.deposit_ids()[-1]
    assert widget.deposit_id == "P2"
    assert state.verdict(new, FILM) is ReaderVerdict.ACCEPTED
    assert widget.panel.words.text().startswith(f"accept P1 as {new}")
    assert (widget.scene.outlines[FILM].data == int(new[1:])).sum() == 144
    assert set(np.unique(widget.scene.possible[FILM].data)) == {0, 2}
    widget.run("reject")
    assert widget.panel.words.text().startswith("dismiss P2")
    assert not widget.scene.possible[FILM].data.any()
    assert not any(name.endswith("possible") for name in texts(widget, 0))
    assert widget.deposit_id in state.deposit_ids()
    widget.run("undo")
    assert widget.deposit_id == "P2"
    widget.run("undo")
    assert set(np.unique(widget.scene.possible[FILM].data)) == {0, 1, 2}
    assert len(state.deposit_ids()) == deposits
    assert not (widget.scene.outlines[FILM].data == int(new[1:])).any()


def test_it_is_no_deposit_for_the_other_tools(possible_widget: ReviewWidget) -> None:
    """They say what to do first; what is painted meanwhile is a new deposit; the plot shows the burden alone."""
    widget = possible_widget
    widget.select("P2")
    for name in ("fill", "split", "merge", "erase", "fate", "relink"):
        widget.run(name)
        assert "P2 is a possible deposit; accept it first (A), or dismiss it (R)" in widget.panel.words.text(), name
    assert widget.session.steps == 0
    assert widget.scene.outlines[FILM].selected_label == int(widget.session.new_id()[1:])
    widget.presenter.draw_plot()
    assert widget.scene.place_of(FILM, "P2") is not None
    assert widget.scene.place_of(0, "P2") is None
    widget.show_film(0)
    assert widget.deposit_id != "P2"


def test_a_workspace_and_exported_results_show_them(possible_widget: ReviewWidget, folder_with_possible: Path, tmp_path: Path) -> None:
    """As a layer of their own beside that of the deposits of their film."""
    from calcitrack.review.publish import export

    possible = possible_widget.session.state.images[FILM].segmentation.possible
    for place in (folder_with_possible, export(possible_widget.session.revised(), tmp_path / "R")):
        shown = [(data, keywords["name"]) for data, keywords, _ in reader.read(str(place)) if keywords["name"].startswith("possible")]
        assert len(shown) == 1
        np.testing.assert_array_equal(shown[0][0], possible)


def test_what_needs_attention_stands_above_the_list(possible_widget: ReviewWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a film of the timeline was refused, or the one that is shown is doubted; nothing stands there otherwise."""
    widget = possible_widget
    assert widget.panel.attention.isHidden()
    said = {1: ("visit 3 is not measured: found a negative", "this film: metal")}
    monkeypatch.setattr("calcitrack_napari.serial_review.presenter.attention", lambda _assessment, image: said.get(image, ()))
    widget.show_film(1)
    assert not widget.panel.attention.isHidden()
    assert widget.panel.attention.text() == "⚠ Needs your attention\nvisit 3 is not measured: found a negative\nthis film: metal"
    widget.show_film(0)
    assert widget.panel.attention.isHidden()
