"""Which part of the panel does what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from calcitrack_napari.serial_review.views import View

if TYPE_CHECKING:
    from calcitrack_napari.serial_review.widget import ReviewWidget


def wire(widget: ReviewWidget) -> None:
    """Connect buttons, boxes, keys and mouse."""
    panel = widget.panel
    for name, button in panel.buttons.items():
        button.clicked.connect(lambda _=False, name=name: widget.run(name))
    panel.help_button.clicked.connect(lambda: widget.run("help") if widget.is_open else widget.show_keys())
    panel.open_button.clicked.connect(widget.ask_workspace)
    panel.measure_button.clicked.connect(widget.ask_measure)
    panel.stop_button.clicked.connect(widget.stop_work)
    panel.publish_button.clicked.connect(widget.publish)
    panel.export_button.clicked.connect(widget.ask_export)
    panel.timelines.activated.connect(lambda n: widget.change_timeline(panel.timelines.itemData(n)))
    panel.films.valueChanged.connect(widget.show_film)
    panel.view.activated.connect(lambda n: widget.show_film(widget.image, list(View)[n]))
    for box in (panel.order, panel.only):
        box.activated.connect(lambda _: widget.refresh_list())
    panel.table.clicked.connect(lambda index: widget.select(panel.model.shown[index.row()].deposit_id))
    panel.fate.activated.connect(lambda _: widget.run("fate"))
    panel.pattern.activated.connect(lambda _: widget.run("pattern"))
    panel.comment.editingFinished.connect(lambda: widget.run("comment"))
    for line in (panel.comment, panel.relink, panel.reader):
        line.returnPressed.connect(line.clearFocus)  # keys go to the viewer again
    panel.reader.editingFinished.connect(widget.change_reader)
    panel.relink.returnPressed.connect(lambda: widget.run("relink"))
    panel.edge.valueChanged.connect(lambda v: panel.edge_words.setText(f"{v} %"))
    panel.edge.valueChanged.connect(lambda _: widget.follow_edge())
    panel.edge_words.setText(f"{panel.edge.value()} %")
    widget.viewer.mouse_move_callbacks.append(lambda _viewer, _event: widget.point())
    widget.viewer.mouse_drag_callbacks.append(lambda _viewer, event: _clicked(widget, event))


def _clicked(widget: ReviewWidget, event: Any) -> Iterator[None]:
    """A click on a deposit selects it; a drag moves the film, and a brush paints."""
    if widget.scene is None or widget.session is None or str(widget.scene.outlines[widget.image].mode) != "pan_zoom":
        return
    dragged = False
    yield
    while event.type == "mouse_move":
        dragged = True
        yield
    if not dragged and widget.scene is not None and widget.session is not None:
        k, place = widget.pointed()
        found = widget.session.at(k, *place)
        if found:
            widget.select(found, move=False)
