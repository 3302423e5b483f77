"""What of the widget *Serial review* is shown while a case of a session is read."""

from __future__ import annotations

from calcitrack_napari.serial_review.table import HEADS
from calcitrack_napari.serial_review.widget import ReviewWidget

TIME_COLUMNS = tuple(HEADS.index(name) for name in ("Fate", "Change"))
"""Columns of the deposit list that follow from the order of visits, which a blinded reader does not know."""


def blind(review: ReviewWidget, *, blinded: bool) -> None:
    """Hide what leads to other timelines and readers, and where the session is blinded, what speaks of time or counts for others."""
    panel = review.panel
    panel.reader.setEnabled(False)
    for part in (panel.open_button, panel.measure_button, panel.timelines):
        part.hide()
    for part in (panel.plot, panel.fate, panel.publish_button, panel.export_button):
        part.setVisible(not blinded)
    panel.plot_wanted = not blinded
    panel.said.addWidget(panel.pattern, 0, 0 if blinded else 1, 1, 2 if blinded else 1)
    for column in TIME_COLUMNS:
        panel.table.setColumnHidden(column, blinded)


def unlock(review: ReviewWidget) -> None:
    """Show everything again."""
    panel = review.panel
    panel.reader.setEnabled(True)
    for part in (panel.open_button, panel.measure_button, panel.timelines, panel.plot, panel.fate, panel.publish_button, panel.export_button):
        part.show()
    panel.plot_wanted = True
    panel.said.addWidget(panel.pattern, 0, 1)
    for column in TIME_COLUMNS:
        panel.table.setColumnHidden(column, False)
