"""The panel beside the films: its buttons, boxes, list and plot. `calcitrack_napari.serial_review.wiring` connects them."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSlider,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from calcitrack.figures.palette import FATE_MARKS
from calcitrack.model.assessment import Fate
from calcitrack.review.deposit_list import PATTERNS
from calcitrack_napari.serial_review.context import Entries
from calcitrack_napari.serial_review.keys import COMMANDS
from calcitrack_napari.serial_review.list_order import FILTERS, ORDERS
from calcitrack_napari.serial_review.plot import BurdenPlot
from calcitrack_napari.serial_review.table import HEADS, DepositTable
from calcitrack_napari.serial_review.views import View

NO_FATE, NO_PATTERN = "fate as found", "no pattern"
TOOLS = (("outline", "Outline"), ("fill", "Fill"), ("split", "Split"), ("merge", "Merge"), ("erase", "Erase"))
JUDGEMENTS = (("accept", "Accept"), ("reject", "Reject"), ("undo", "Undo"), ("redo", "Redo"))
WARNING_STYLE = "color: #F0A30A;"
"""What is wrong or doubted, in a colour that stands out on dark grey."""
TIME_COLUMNS = tuple(HEADS.index(name) for name in ("Fate", "Change (95 %)", "Moved"))
"""Columns of the list that follow from the order of visits, which a blinded reader does not know."""


class Panel(QWidget):
    """The panel at the right of the films."""

    def __init__(self) -> None:
        super().__init__()
        self.reader, self.patient, self.words, self.attention, self.moved = QLineEdit(), QLabel(), QLabel(), QLabel(), QLabel()
        self.reader.setPlaceholderText("your name or initials")
        self.open_button, self.measure_button, self.stop_button = (QPushButton(t) for t in ("Open workspace…", "Measure opened films…", "Stop"))
        self.timelines, self.view, self.order, self.only = (QComboBox() for _ in range(4))
        self.view.addItems([v.value for v in View])
        self.order.addItems(list(ORDERS))
        self.only.addItems(list(FILTERS))
        self.films, self.where = QSlider(Qt.Horizontal), QLabel("no review is open")
        self.model, self.table = DepositTable(), QTableView()
        self.buttons = {name: QPushButton(words) for name, words in (*JUDGEMENTS, *TOOLS)}
        self.fate, self.pattern, self.comment, self.relink = QComboBox(), QComboBox(), QLineEdit(), QLineEdit()
        self.plot, self.progress = BurdenPlot(), QProgressBar()
        self.plot_wanted = True
        self.publish_button, self.export_button, self.help_button = (QPushButton(t) for t in ("Publish", "Export results…", "Keys"))
        self.help_words = QLabel()
        self._dress()
        self._arrange()
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Expanding)

    def entries(self) -> Entries:
        """What stands in the boxes about the selected deposit."""
        fates = {mark.words: Fate(value) for value, mark in FATE_MARKS.items()}
        pattern = self.pattern.currentText() if self.pattern.currentIndex() else ""
        return Entries(fates.get(self.fate.currentText()), pattern, self.comment.text().strip(), self.relink.text().strip().upper())

    def show_moves(self, words: str) -> None:
        """Show what moved in one line below the plot; nothing where nothing did."""
        self.moved.setText(words)
        self.moved.setVisible(bool(words))

    def restrict_to_case(self, *, blinded: bool) -> None:
        """Hide what leads to other timelines and readers; where the session is blinded, also what tells of time or counts for others."""
        self.reader.setEnabled(False)
        for part in (self.open_button, self.measure_button, self.timelines):
            part.hide()
        for part in (self.plot, self.fate, self.publish_button, self.export_button):
            part.setVisible(not blinded)
        self.plot_wanted = not blinded
        self.boxes.addWidget(self.pattern, 0, 0 if blinded else 1, 1, 2 if blinded else 1)
        self._hide_time(hidden=blinded)

    def lift_restrictions(self) -> None:
        """Show everything that `restrict_to_case` hides."""
        self.reader.setEnabled(True)
        for part in (self.open_button, self.measure_button, self.timelines, self.plot, self.fate, self.publish_button, self.export_button):
            part.show()
        self.plot_wanted = True
        self.boxes.addWidget(self.pattern, 0, 1)
        self._hide_time(hidden=False)

    def _hide_time(self, *, hidden: bool) -> None:
        for column in TIME_COLUMNS:
            self.table.setColumnHidden(column, hidden)

    def _dress(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setSelectionBehavior(QAbstractItemView.SelectRows)
        table.setSelectionMode(QAbstractItemView.SingleSelection)
        table.setShowGrid(False)
        table.setFocusPolicy(Qt.NoFocus)  # keys go to the viewer
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeToContents)
        table.horizontalHeader().setStretchLastSection(True)
        table.setMinimumHeight(170)
        self.fate.addItems([NO_FATE, *(mark.words for mark in FATE_MARKS.values())])
        self.pattern.addItems([NO_PATTERN, *PATTERNS])
        self.comment.setPlaceholderText("comment on the deposit")
        self.relink.setPlaceholderText("is really … (D012)")
        self.films.setRange(0, 0)
        self.films.setPageStep(1)
        self.progress.hide()
        self.stop_button.hide()
        self.where.setMinimumWidth(300)
        for label in (self.words, self.where, self.help_words, self.attention, self.moved):
            label.setWordWrap(True)
        self.attention.hide()
        self.moved.hide()
        self.attention.setStyleSheet(WARNING_STYLE)
        self.help_words.hide()
        self.help_words.setTextFormat(Qt.RichText)
        keys = {c.name: c for c in COMMANDS}
        for name, button in self.buttons.items():
            button.setToolTip(f"{keys[name].words} ({keys[name].key})")
        for box in (self.timelines, self.view, self.order, self.only, self.fate, self.pattern, self.films, *self.buttons.values()):
            box.setFocusPolicy(Qt.NoFocus)
        self.publish_button.setToolTip(
            "Make your outlines and what follows from them the version that counts in the workspace, and what you said its reviews"
        )

    def _arrange(self) -> None:
        whole = QVBoxLayout(self)
        whole.setSpacing(6)
        whole.addLayout(_row(QLabel("Reader"), self.reader, self.open_button, self.measure_button))
        whole.addLayout(_row(self.progress, self.stop_button))
        whole.addWidget(self.timelines)
        whole.addLayout(_row(self.films, self.where))
        whole.addWidget(self.attention)
        whole.addLayout(_row(QLabel("Show"), self.view, QLabel("List"), self.only, QLabel("by"), self.order))
        whole.addWidget(self.table, 3)
        whole.addLayout(_row(*(self.buttons[name] for name, _ in JUDGEMENTS)))
        whole.addLayout(_row(*(self.buttons[name] for name, _ in TOOLS)))
        self.boxes = QGridLayout()
        for place, part in enumerate((self.fate, self.pattern, self.relink, self.comment)):
            self.boxes.addWidget(part, place // 2, place % 2)
        whole.addLayout(self.boxes)
        whole.addWidget(self.plot, 2)
        whole.addWidget(self.moved)
        whole.addWidget(self.help_words)
        whole.addWidget(self.words)
        whole.addLayout(_row(self.publish_button, self.export_button, self.help_button))


def _row(*parts: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(6)
    for part in parts:
        row.addWidget(part)
    return row
