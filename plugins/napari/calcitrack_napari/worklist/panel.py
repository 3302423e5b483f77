"""The panel of the widget *Worklist*: its buttons, boxes and list. `calcitrack_napari.worklist.widget` connects them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from calcitrack.model.reading import CaseState
from calcitrack.reading.planning import REPEATED_SHARE

HEADS = ("Case", "Status")
MARKS = {CaseState.TO_DO: "to do", CaseState.BEGUN: "▸ in review", CaseState.DONE: "✓ done"}
COLOURS = {CaseState.TO_DO: None, CaseState.BEGUN: QColor("#F0A30A"), CaseState.DONE: QColor("#9A9A9A")}
NO_PARENT = QModelIndex()
MOST_SEED = 999_999


class CaseTable(QAbstractTableModel):
    """Cases of a session and their states, as Qt shows them."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: tuple[tuple[str, CaseState], ...] = ()

    def show(self, rows: Sequence[tuple[str, CaseState]]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.shown = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = NO_PARENT) -> int:  # noqa: N802 Qt's name
        """Rows."""
        return 0 if parent.isValid() else len(self.shown)

    def columnCount(self, parent: QModelIndex = NO_PARENT) -> int:  # noqa: N802 Qt's name
        """Columns."""
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.DisplayRole) -> Any:  # noqa: N802 Qt's name
        """Heads."""
        return HEADS[section] if orientation == Qt.Horizontal and role == Qt.DisplayRole else None

    def data(self, index: QModelIndex, role: int = Qt.DisplayRole) -> Any:
        """One cell in one role."""
        name, state = self.shown[index.row()]
        if role == Qt.DisplayRole:
            return (name, MARKS[state])[index.column()]
        if role == Qt.ForegroundRole and COLOURS[state] is not None:
            return QBrush(COLOURS[state])
        return None


class CaseBar(QWidget):
    """The bar above the review: name of the case, progress, and the button that leads to the next case."""

    def __init__(self) -> None:
        super().__init__()
        self.name, self.progress, self.done_button = QLabel(), QProgressBar(), QPushButton("Done and next")
        self.name.setStyleSheet("font-weight: bold;")
        self.done_button.setToolTip("Keep what was found on the films of this case, and open the next one (Shift-D)")
        self.done_button.setFocusPolicy(Qt.NoFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(9, 6, 9, 0)
        for part in (self.name, self.progress, self.done_button):
            row.addWidget(part)
        row.setStretch(1, 1)

    def show_progress(self, name: str, done: int, total: int) -> None:
        """Show the case and how many are done."""
        self.name.setText(name)
        _fill(self.progress, done, total)


class WorklistPanel(QWidget):
    """The panel of the worklist."""

    def __init__(self) -> None:
        super().__init__()
        self.reader, self.sessions = QLineEdit(), QComboBox()
        self.open_button, self.new_button = QPushButton("Open workspace…"), QPushButton("New session…")
        self.blinded, self.suggestion, self.others = (
            QCheckBox(t) for t in ("blinded: no patient, no date, shuffled", "show what the program found", "show outlines of other readers")
        )
        self.repeated, self.seed, self.create_button = QSpinBox(), QSpinBox(), QPushButton("Start session")
        self.form, self.progress = QFrame(), QProgressBar()
        self.model, self.table = CaseTable(), QTableView()
        self.next_button, self.skip_button, self.close_button = (QPushButton(t) for t in ("Start next", "Skip this case", "Close session"))
        self.words = QLabel("Open a workspace to see its cases.")
        self._dress()
        self._arrange()
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Expanding)

    def _dress(self) -> None:
        self.reader.setPlaceholderText("your name or initials")
        self.sessions.setPlaceholderText("no session yet")
        self.blinded.setChecked(True)
        self.repeated.setRange(0, 100)
        self.repeated.setSuffix(" %")
        self.repeated.setValue(round(100 * REPEATED_SHARE))
        self.repeated.setToolTip("Share of cases that are shown again later, unannounced: they say how well you agree with yourself")
        self.seed.setRange(0, MOST_SEED)
        self.seed.setValue(1)
        self.seed.setToolTip("Decides the order; the same seed gives each reader an order of their own")
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setFocusPolicy(Qt.NoFocus)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.Stretch)
        self.table.setMinimumHeight(170)
        self.words.setWordWrap(True)
        self.form.setFrameShape(QFrame.StyledPanel)
        for part in (self.form, self.skip_button):
            part.hide()
        _fill(self.progress, 0, 0)

    def _arrange(self) -> None:
        form = QFormLayout(self.form)
        for box in (self.blinded, self.suggestion, self.others):
            form.addRow(box)
        form.addRow("Shown again", self.repeated)
        form.addRow("Seed", self.seed)
        form.addRow(self.create_button)
        whole = QVBoxLayout(self)
        whole.setSpacing(6)
        for parts in ((QLabel("Reader"), self.reader, self.open_button), (self.sessions, self.new_button)):
            row = QHBoxLayout()
            for part in parts:
                row.addWidget(part)
            row.setStretch(len(parts) - 2, 1)
            whole.addLayout(row)
        whole.addWidget(self.form)
        whole.addWidget(self.progress)
        whole.addWidget(self.table, 1)
        row = QHBoxLayout()
        for part in (self.next_button, self.skip_button, self.close_button):
            row.addWidget(part)
        whole.addLayout(row)
        whole.addWidget(self.words)

    def show_progress(self, done: int, total: int) -> None:
        """Show how many cases are done."""
        _fill(self.progress, done, total)


def _fill(bar: QProgressBar, done: int, total: int) -> None:
    bar.setMaximum(max(total, 1))
    bar.setValue(done)
    bar.setFormat(f"{done} of {total} done" if total else "no cases")
