"""The panel of the widget *Calibrate film*: its buttons and boxes. `calcitrack_napari.calibrate.widget` connects them."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from calcitrack.model.corrections import SIDES
from calcitrack.review.film_corrections import Tool

HEADS = {Tool.LENGTH: "Known length", Tool.WEDGE: "Step wedge", Tool.REGION: "No deposits in", Tool.CROP: "Part to look at"}
VERBS = {Tool.LENGTH: "Draw line", Tool.WEDGE: "Mark", Tool.REGION: "Draw round it", Tool.CROP: "Draw box"}
TIPS = {
    Tool.LENGTH: "Drag a line along something of known size that lies at the limb, such as a scale; its length sets the size of a pixel",
    Tool.WEDGE: "Drag a box around the aluminium step wedge; it is looked for nowhere else on this film",
    Tool.REGION: "Drag around a ring, a cannula or a suture: no deposit is reported there",
    Tool.CROP: "Drag a box around the limb: nothing outside is looked at",
}
DEFAULT_MM = 10.0
MOST_MM = 500.0
"""Longer than the largest detector, 43 cm."""
AS_IN_FILE = "as in the file"


class CalibratePanel(QWidget):
    """The panel of the widget."""

    def __init__(self) -> None:
        super().__init__()
        self.film, self.words = QLabel("no review is open"), QLabel()
        self.summary = {tool: QLabel() for tool in Tool}
        self.draw = {tool: QPushButton(VERBS[tool]) for tool in Tool}
        self.clear = {tool: QPushButton("Take back") for tool in Tool}
        self.length_mm = QDoubleSpinBox()
        self.side, self.view, self.date = QComboBox(), QLineEdit(), QLineEdit()
        self.undo, self.redo, self.measure, self.stop = (QPushButton(t) for t in ("Undo", "Redo", "Measure again", "Stop"))
        self.progress = QProgressBar()
        self._dress()
        self._arrange()
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Maximum)

    def _dress(self) -> None:
        for label in (self.film, self.words):
            label.setWordWrap(True)
        self.length_mm.setRange(0.1, MOST_MM)
        self.length_mm.setDecimals(1)
        self.length_mm.setValue(DEFAULT_MM)
        self.length_mm.setSuffix(" mm")
        self.length_mm.setToolTip("How long the line is in the plane of the limb")
        self.side.addItems([AS_IN_FILE, *SIDES])
        self.view.setPlaceholderText(AS_IN_FILE)
        self.date.setPlaceholderText("as in the file, or 2024-05-31")
        for tool in Tool:
            self.draw[tool].setToolTip(TIPS[tool])
            self.draw[tool].setCheckable(True)
        for button in (*self.draw.values(), *self.clear.values(), self.undo, self.redo, self.measure, self.stop):
            button.setFocusPolicy(Qt.NoFocus)  # keys go to the viewer
        self.progress.hide()
        self.stop.hide()

    def _arrange(self) -> None:
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        for row, tool in enumerate(Tool):
            grid.addWidget(QLabel(HEADS[tool]), row, 0)
            grid.addWidget(self.summary[tool], row, 1)
            if tool is Tool.LENGTH:
                grid.addWidget(self.length_mm, row, 2)
            grid.addWidget(self.draw[tool], row, 3)
            grid.addWidget(self.clear[tool], row, 4)
        facts = QGridLayout()
        facts.setColumnStretch(1, 1)
        facts.setColumnStretch(3, 1)
        for place, (head, box) in enumerate((("Side", self.side), ("View", self.view), ("Date", self.date))):
            facts.addWidget(QLabel(head), place // 2, 2 * (place % 2))
            facts.addWidget(box, place // 2, 2 * (place % 2) + 1)
        buttons, work = QHBoxLayout(), QHBoxLayout()
        for button in (self.undo, self.redo, self.measure):
            buttons.addWidget(button)
        for part in (self.progress, self.stop):
            work.addWidget(part)
        whole = QVBoxLayout(self)
        whole.setSpacing(8)
        whole.addWidget(self.film)
        for layout in (grid, facts, buttons, work):
            whole.addLayout(layout)
        whole.addWidget(self.words)
