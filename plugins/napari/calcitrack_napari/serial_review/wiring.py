"""Connects the panel and the mouse with what they do."""

from __future__ import annotations

from calcitrack_napari.serial_review.context import Review
from calcitrack_napari.serial_review.panel import Panel
from calcitrack_napari.serial_review.views import View


def wire(panel: Panel, review: Review) -> None:
    """Connect the panel's buttons and boxes and the viewer's mouse with the review."""
    for name, button in panel.buttons.items():
        button.clicked.connect(lambda _=False, name=name: review.run(name))
    panel.help_button.clicked.connect(lambda: review.run("help") if review.is_open else review.show_keys())
    panel.open_button.clicked.connect(review.ask_workspace)
    panel.measure_button.clicked.connect(review.ask_measure)
    panel.stop_button.clicked.connect(review.stop_work)
    panel.publish_button.clicked.connect(review.publish)
    panel.export_button.clicked.connect(review.ask_export)
    panel.timelines.activated.connect(lambda n: review.change_timeline(panel.timelines.itemData(n)))
    panel.films.valueChanged.connect(review.show_film)
    panel.view.activated.connect(lambda n: review.show_film(review.image, list(View)[n]))
    for box in (panel.order, panel.only):
        box.activated.connect(lambda _: review.refresh_list())
    panel.table.clicked.connect(lambda index: review.select(panel.model.shown[index.row()].deposit_id))
    panel.fate.activated.connect(lambda _: review.run("fate"))
    panel.pattern.activated.connect(lambda _: review.run("pattern"))
    panel.comment.editingFinished.connect(lambda: review.run("comment"))
    for line in (panel.comment, panel.relink, panel.reader):
        line.returnPressed.connect(line.clearFocus)  # so that keys go to the viewer again
    panel.reader.editingFinished.connect(review.change_reader)
    panel.relink.returnPressed.connect(lambda: review.run("relink"))
    review.viewer.mouse_move_callbacks.append(lambda _viewer, _event: review.point())
    review.viewer.mouse_drag_callbacks.append(lambda _viewer, event: review.click(event))
