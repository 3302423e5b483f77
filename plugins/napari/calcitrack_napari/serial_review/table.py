"""Qt model of the deposit list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QBrush, QColor, QFont, QIcon, QPixmap

from calcitrack.figures.palette import FATE_MARKS, POSSIBLE_MARK
from calcitrack.model.assessment import DepositId
from calcitrack.review.deposit_list import DepositRow, ReaderVerdict
from calcitrack_napari.napari_io.layers import COLOURS
from calcitrack_napari.serial_review.list_order import change_words, with_sd

HEADS = ("Deposit", "Fate", "Area, mm² (95 %)", "HA, mg (95 %)", "Change (95 %)", "Moved", "Sure", "Review", "Pattern")
TIPS = (
    "Identity over all visits, in its colour on the films; a possible deposit, which is not counted, has a name on this film alone",
    "What became of it at this visit",
    "Area with its 95 % half width",
    "Hydroxyapatite with its 95 % half width; empty where the film carries no mass",
    "Since the visit before, with its 95 % interval, and in percent: of the mass where both films carry one, else of the area",
    "By how much its mass (else area) on all films together moved at this visit when your outlines were published; empty where it did not",
    "Estimated probability that it is a deposit",
    "What you said of it",
    "Pattern of calcinosis, and * where there is a comment",
)
MARKS = {ReaderVerdict.OPEN: "", ReaderVerdict.ACCEPTED: "✓ accepted", ReaderVerdict.REJECTED: "✗ rejected"}
FAINT = QColor("#9A9A9A")
SWATCH_PX = 12
NO_PARENT = QModelIndex()


class DepositTable(QAbstractTableModel):
    """The deposit list as Qt shows it."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: tuple[DepositRow, ...] = ()
        self._moved: Mapping[str, str] = {}

    def show(self, rows: tuple[DepositRow, ...], moved: Mapping[str, str] | None = None) -> None:
        """Show other rows. Where the deposits are the same, only their contents change, and the selection stays.

        Parameters
        ----------
        moved
            Deposit id -> by how much its value moved at this visit, in words.
        """
        self._moved = moved or {}
        if [r.deposit_id for r in rows] == [r.deposit_id for r in self.shown]:
            self.shown = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(HEADS) - 1))
            return
        self.beginResetModel()
        self.shown = rows
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = NO_PARENT) -> int:  # noqa: N802 Qt's name
        """Rows."""
        return 0 if parent.isValid() else len(self.shown)

    def columnCount(self, parent: QModelIndex = NO_PARENT) -> int:  # noqa: N802 Qt's name
        """Columns."""
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.DisplayRole) -> Any:  # noqa: N802 Qt's name
        """Heads and their explanations."""
        if orientation == Qt.Horizontal and role == Qt.DisplayRole:
            return HEADS[section]
        if orientation == Qt.Horizontal and role == Qt.ToolTipRole:
            return TIPS[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.DisplayRole) -> Any:
        """One cell in one role."""
        row = self.shown[index.row()]
        if role == Qt.DisplayRole:
            return _texts(row, self._moved.get(row.deposit_id, ""))[index.column()]
        if role == Qt.TextAlignmentRole and index.column() in (2, 3, 4, 5, 6):
            return Qt.AlignRight | Qt.AlignVCenter
        if role == Qt.DecorationRole and index.column() == 0:
            return _swatch(POSSIBLE_MARK.colour if row.possible else COLOURS[(DepositId.parse(row.deposit_id).number - 1) % len(COLOURS)])
        if role == Qt.ForegroundRole and ((row.label is None and not row.possible) or row.verdict is ReaderVerdict.REJECTED):
            return QBrush(FAINT)
        if role == Qt.FontRole and row.verdict is ReaderVerdict.REJECTED and index.column() == 0:
            struck = QFont()
            struck.setStrikeOut(True)
            return struck
        if role == Qt.ToolTipRole:
            return row.comment or TIPS[index.column()]
        return None


def _texts(row: DepositRow, moved: str) -> tuple[str, ...]:
    fate = "" if row.fate is None else FATE_MARKS[row.fate.value].words
    sure = "" if row.confidence is None else f"{100 * row.confidence:.0f} %"
    pattern = f"{row.pattern}{' *' if row.comment else ''}".strip()
    area, mass = with_sd(row.value("area_mm2")), with_sd(row.value("ha_mass_mg"))
    name = f"{row.deposit_id} possible" if row.possible else row.deposit_id
    return name, fate, area, mass, change_words(row), moved, sure, MARKS[row.verdict], pattern


def _swatch(colour: str) -> QIcon:
    pixels = QPixmap(SWATCH_PX, SWATCH_PX)
    pixels.fill(QColor(colour))
    return QIcon(pixels)
