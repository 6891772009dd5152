"""The interaction matrix: factors and medicines against medicines; on narrow windows a list of its non-empty cells."""

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from core.domain.basics import Label
from core.domain.plan import Matrix, MatrixCell, Tier
from ui.theme import icons
from ui.theme.theme import color
from ui.translate import say, tr
from ui.widgets import chip, paint
from ui.widgets.rows import PaintedRows

TIER_LOOK = {Tier.STOP: ("stop", "red"), Tier.CAUTION: ("alert", "amber"), Tier.INFO: ("info", "info")}
TIER_WORDS = {Tier.STOP: "stop", Tier.CAUTION: "caution", Tier.INFO: "info"}
LEFT, TOP, MOST_WIDE, HIGH, GAP = 176, 100, 34, 20, 2


class MatrixView(QWidget):
    """Painted; arrows move the focus between non-empty cells, Enter or a click asks for the alert."""

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._matrix: Matrix | None = None
        self._rows: list[tuple[str, str]] = []
        self._columns: list[tuple[str, str, bool]] = []
        self._cells: dict[tuple[str, str], MatrixCell] = {}
        self._current = 0
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)

    def show_matrix(self, matrix: Matrix) -> None:
        """Replace the matrix."""
        names = {key: say(words) for key, words in matrix.names}
        self._matrix = matrix
        self._columns = [(d, names.get(d, d), False) for d in matrix.current]
        self._columns += [(d, names.get(d, d), True) for d in matrix.proposed]
        self._rows = [(_factor_key(f), say(f)) for f in matrix.factors] + [(d, names.get(d, d)) for d in matrix.current]
        self._cells = {}
        for cell in matrix.cells:
            key = (cell.row, cell.column)
            kept = self._cells.get(key)
            if kept is None or list(Tier).index(cell.tier) < list(Tier).index(kept.tier):
                self._cells[key] = cell
        self._current = min(self._current, max(0, len(self._cells) - 1))
        self.setAccessibleName("; ".join(cell_words(cell, names) for cell in matrix.cells[:20]))
        self.setMinimumHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """All rows."""
        return QSize(500, TOP + (HIGH + GAP) * len(self._rows) + 20)

    def _step(self) -> int:
        room = self.width() - LEFT - 14
        return max(20, min(MOST_WIDE, room // max(1, len(self._columns))))

    def _cell_rect(self, row: int, column: int) -> QRect:
        gap = 8 if self._matrix and row >= len(self._matrix.factors) else 0
        step = self._step()
        return QRect(LEFT + column * step, TOP + row * (HIGH + GAP) + gap, step - GAP, HIGH)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        if self._matrix is None:
            return
        painter = QPainter(self)
        for j, (_key, name, proposed) in enumerate(self._columns):
            self._paint_head(painter, j, name, proposed=proposed)
        focused = list(self._cells)[self._current] if self._cells else ("", "")
        factors = len(self._matrix.factors)
        for i, (row_key, row_name) in enumerate(self._rows):
            first = self._cell_rect(i, 0)
            weight = 600 if i < factors else 400
            area = QRect(6, first.y(), LEFT - 14, HIGH)
            paint.text(painter, area, row_name, "text.1" if i < factors else "text.2", px=12, weight=weight,
                       align=paint.RIGHT)  # fmt: skip
            for j, (column_key, _name, _proposed) in enumerate(self._columns):
                if i >= factors and j <= i - factors:
                    continue
                self._paint_cell(painter, self._cell_rect(i, j), self._find(row_key, column_key), focused)
        if self._matrix.current and self._matrix.proposed:
            x = LEFT + len(self._matrix.current) * self._step() - 2
            painter.fillRect(x, 10, 1, self._cell_rect(len(self._rows) - 1, 0).bottom() - 10, color("line.strong"))

    def _find(self, row: str, column: str) -> MatrixCell | None:
        return self._cells.get((row, column)) or self._cells.get((column, row))

    def _paint_head(self, painter: QPainter, column: int, name: str, *, proposed: bool) -> None:
        rect = self._cell_rect(0, column)
        painter.save()
        painter.translate(rect.center().x() + 1, TOP - 6)
        painter.rotate(-90)
        tone = "accent" if proposed else "text.1"
        paint.text(painter, QRect(0, -8, TOP - 8, 17), name, tone, px=12, weight=600 if proposed else 400)
        painter.restore()

    def _paint_cell(self, painter: QPainter, rect: QRect, cell: MatrixCell | None, focused: tuple[str, str]) -> None:
        if cell is None:
            painter.fillRect(rect, color("bg.raised"))
            return
        icon, tone = TIER_LOOK[cell.tier]
        look = chip.style(tone, solid=cell.tier is Tier.STOP)
        paint.box(painter, QRectF(rect), look.fill, look.line, radius=3)
        icons.draw(painter, icon, look.word, rect.center().x() - 6, rect.center().y() - 6, 14)
        if self.hasFocus() and (cell.row, cell.column) == focused:
            paint.focus_ring(painter, rect.adjusted(-2, -2, 2, 2))

    def _at(self, at: QPoint) -> MatrixCell | None:
        for i, (row_key, _row) in enumerate(self._rows):
            for j, (column_key, _column, _p) in enumerate(self._columns):
                if self._cell_rect(i, j).contains(at):
                    return self._find(row_key, column_key)
        return None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ask for the alert of a cell."""
        cell = self._at(event.position().toPoint())
        if cell is not None:
            self._current = list(self._cells.values()).index(cell)
            self.asked.emit(cell.alert_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and Enter."""
        back, on = (Qt.Key.Key_Left, Qt.Key.Key_Up), (Qt.Key.Key_Right, Qt.Key.Key_Down)
        step = -1 if event.key() in back else 1 if event.key() in on else 0
        if step and self._cells:
            self._current = (self._current + step) % len(self._cells)
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._cells:
            self.asked.emit(list(self._cells.values())[self._current].alert_id)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """The tooltip names row, column and tier."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._matrix is not None:
            cell = self._at(event.pos())
            names = {key: say(words) for key, words in self._matrix.names}
            QToolTip.showText(event.globalPos(), cell_words(cell, names) if cell else "", self)
            return True
        return super().event(event)


def _factor_key(factor: Label) -> str:
    return factor.en


def cell_words(cell: MatrixCell, names: dict[str, str]) -> str:
    """A cell in words."""
    return f"{names.get(cell.row, cell.row)} + {names.get(cell.column, cell.column)}: {tr(TIER_WORDS[cell.tier])}"


class CellRows(PaintedRows):
    """The matrix as a list."""

    def __init__(self) -> None:
        super().__init__(24)
        self.names: dict[str, str] = {}

    def show_matrix(self, matrix: Matrix) -> None:
        """Non-empty cells, Stop first."""
        self.names = {key: say(words) for key, words in matrix.names}
        self.names |= {f.en: say(f) for f in matrix.factors}
        unique = {(frozenset((cell.row, cell.column)), cell.tier): cell for cell in reversed(matrix.cells)}
        self.show_rows(sorted(unique.values(), key=lambda cell: list(Tier).index(cell.tier)))

    def paint_row(self, painter: QPainter, rect: QRect, row: MatrixCell) -> None:
        """Draw a row."""
        icon, tone = TIER_LOOK[row.tier]
        icons.draw(painter, icon, tone, rect.x(), rect.y() + 5, 14)
        words = f"{self.names.get(row.row, row.row)} + {self.names.get(row.column, row.column)}"
        paint.text(painter, rect.adjusted(22, 0, 0, 0), words, px=12)

    def sentence(self, row: MatrixCell) -> str:
        """A row in words."""
        return cell_words(row, self.names)
