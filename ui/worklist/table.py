"""The table of cases: model and painting delegate. No cell widgets: it stays quick with thousands of rows."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QTextLayout, QTextOption
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from core.domain.case import CaseStatus
from core.domain.record import Sex
from ui.case.card import percent
from ui.theme import fonts, icons
from ui.theme.fonts import font
from ui.theme.theme import color
from ui.translate import bind, say, tr
from ui.widgets import chip, paint
from ui.worklist.rows import KINDS, PRESSING, CaseSummary, flag_kind, updated

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Patient", "Age", "Reason", "Data", "Top suggestion, 90 % interval", "Flag", "Status", "Time")
PATIENT, AGE, REASON, DATA, TOP, FLAG, STATUS, TIME = range(8)
WIDTHS = (163, 66, 160, 130, 190, 150, 122, 62)
ROW_HEIGHT = 49
KIND_ICONS = {"notes": "doc", "labs": "flask", "radiograph": "xray", "ct_mr": "ct", "ecg": "ecg", "genes": "dna"}
STATUS_LOOK = {
    CaseStatus.NEW: ("plus", "accent", "New"),
    CaseStatus.ANALYSING: ("bolt", "accent", "Analysing"),
    CaseStatus.TO_REVIEW: ("eye", "amber", "To review"),
    CaseStatus.SIGNED: ("check", "green", "Signed"),
    CaseStatus.IMPORT_ERROR: ("alert", "red", "Import error"),
}
SEX_LETTERS = {Sex.FEMALE: "F", Sex.MALE: "M", Sex.OTHER: "X", Sex.UNKNOWN: ""}


def age_text(age: float | None) -> str:
    """ "67 y", "8 mo", "12 d" or "" when unknown."""
    if age is None:
        return ""
    if age < 1 / 12:
        return tr("{n} d", n=int(age * 365.25))
    return tr("{n} mo", n=int(age * 12)) if age < 2 else tr("{n} y", n=int(age))


def sex_text(sex: Sex) -> str:
    """ "F", "M" or ""."""
    letter = SEX_LETTERS[sex]
    return tr(letter) if letter else ""


def sentence(row: CaseSummary) -> str:
    """A row read aloud."""
    parts = [row.name, row.mrn, age_text(row.age_years), row.reason]
    if row.top and row.probability is not None and row.interval:
        low, high = (round(100 * x) for x in row.interval)
        name = say(row.top)
        percent = round(100 * row.probability)
        parts.append(tr("{name}, {p} percent, interval {low} to {high}", name=name, p=percent, low=low, high=high))
    if row.flag:
        parts.append(say(row.flag.label))
    parts.append(tr(STATUS_LOOK[row.status][2]))
    return ", ".join(part for part in parts if part)


class CaseModel(QAbstractTableModel):
    """Rows of cases; progress of running analyses beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[CaseSummary] = []
        self.running: dict[str, tuple[float | None, str]] = {}

    def show_rows(self, rows: list[CaseSummary]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def show_running(self, running: dict[str, tuple[float | None, str]]) -> None:
        """Progress by case id: (share or None, what)."""
        if running == self.running:
            return
        self.running = running
        if self.rows:
            self.dataChanged.emit(self.index(0, STATUS), self.index(len(self.rows) - 1, STATUS))

    def rowCount(self, parent: Index | None = None) -> int:
        """Cases."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """Columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The row itself for the delegate, a sentence for screen readers."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return sentence(row)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == REASON:
            return row.reason
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column names in the language in use."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(COLUMNS[section])
        return None

    def row_of(self, case_id: str) -> int:
        """Position of a case; -1 when filtered away."""
        return next((i for i, row in enumerate(self.rows) if row.id == case_id), -1)


class CaseDelegate(QStyledItemDelegate):
    """Paints two lines, icons, bars and chips."""

    def __init__(self, parent: QWidget, model: CaseModel) -> None:
        super().__init__(parent)
        self._model = model
        self.hover = -1
        self.compact = False

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Fixed height."""
        return QSize(80, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One cell."""
        row = self._model.rows[index.row()]
        rect: QRect = option.rect  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        selected = bool(state & QStyle.StateFlag.State_Selected)
        self._background(painter, rect, selected=selected, hover=index.row() == self.hover)
        if index.column() == PATIENT and row.flag and row.status is not CaseStatus.SIGNED:
            tone = "red" if flag_kind(row) in PRESSING else "amber"
            painter.fillRect(rect.x(), rect.y(), 3, rect.height() - 1, color(tone))
        cell = rect.adjusted(14 if index.column() == PATIENT else 8, 0, -14 if index.column() == TIME else -4, -1)
        signed = row.status is CaseStatus.SIGNED
        tone = "text.2" if signed else "text.1"
        match index.column():
            case 0:
                two_lines(painter, cell, row.name or "—", row.mrn, tone)
            case 1:
                words = " ".join(x for x in (age_text(row.age_years), sex_text(row.sex)) if x) or "—"
                paint.text(painter, cell, words, "text.2")
            case 2:
                paragraph(painter, cell, row.reason, tone)
            case 3:
                self._kinds(painter, cell, row)
            case 4:
                self._top(painter, cell, row, muted=signed)
            case 5:
                flag(painter, cell, row)
            case 6:
                self._status(painter, cell, row)
            case 7:
                paint.text(painter, cell, clock(row), "text.2", align=paint.RIGHT)

    def _background(self, painter: QPainter, rect: QRect, *, selected: bool, hover: bool) -> None:
        token = "bg.selected" if selected else "bg.hover" if hover else "bg.panel"
        painter.fillRect(rect, color(token))
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, color("line.subtle"))

    def _kinds(self, painter: QPainter, cell: QRect, row: CaseSummary) -> None:
        x = cell.x()
        for kind in KINDS:
            there = kind in row.kinds
            if self.compact and not there:
                continue
            icons.draw(painter, KIND_ICONS[kind], "text.1" if there else "line.strong", x, cell.center().y() - 7, 14)
            x += 20

    def _top(self, painter: QPainter, cell: QRect, row: CaseSummary, *, muted: bool) -> None:
        middle = cell.center().y()
        upper = QRect(cell.x(), middle - 18, cell.width() - 2, 18)
        lower = QRect(cell.x(), middle, cell.width() - 42, 16)
        if row.top is not None and row.probability is not None and row.interval:
            paint.text(painter, upper, say(row.top), "text.2" if muted else "text.1", px=12, weight=500)
            paint.probability(painter, lower, row.probability, row.interval, muted=muted)
            area = QRect(lower.right(), middle - 1, 42, 18)
            paint.text(painter, area, percent(row.probability), "text.1", px=12, weight=600, align=paint.RIGHT)
        elif row.no_estimate:
            paint.text(painter, upper, tr("No estimate"), "amber", px=12, weight=500)
            paint.no_estimate(painter, lower)
        else:
            waiting = "Waiting for your decision" if row.status is CaseStatus.IMPORT_ERROR else "Not analysed yet"
            words = tr("Running on this machine") if row.id in self._model.running else tr(waiting)
            paint.text(painter, cell, words, "text.2", px=12)

    def _status(self, painter: QPainter, cell: QRect, row: CaseSummary) -> None:
        if row.id in self._model.running:
            share, what = self._model.running[row.id]
            analysing(painter, cell, share, what)
            return
        icon, tone, words = STATUS_LOOK[row.status]
        middle = cell.center().y() - (9 if row.signed_by else 0)
        icons.draw(painter, icon, tone, cell.x(), middle - 7, 15)
        area = QRect(cell.x() + 21, middle - 10, cell.width() - 21, 20)
        paint.text(painter, area, tr(words), tone, weight=500)
        if row.signed_by:
            paint.text(painter, area.translated(0, 18), row.signed_by, "text.3", px=11)


def clock(row: CaseSummary) -> str:
    """Time of day of the last change."""
    when = updated(row)
    return when.astimezone().strftime("%H:%M") if when else ""


def two_lines(painter: QPainter, cell: QRect, first: str, second: str, tone: str) -> None:
    """Name and number."""
    middle = cell.center().y()
    paint.text(painter, QRect(cell.x(), middle - 17, cell.width(), 18), first, tone, weight=500)
    paint.text(painter, QRect(cell.x(), middle + 1, cell.width(), 16), second, "text.3", px=11)


def paragraph(painter: QPainter, cell: QRect, words: str, tone: str) -> None:
    """At most two lines of text, the second elided."""
    lines = wrapped(words, cell.width(), 12, 2)
    height = 17
    y = cell.center().y() - height * len(lines) // 2 + 1
    for line in lines:
        paint.text(painter, QRect(cell.x(), y, cell.width(), height), line, tone, px=12)
        y += height


def wrapped(words: str, width: int, px: int, most: int) -> list[str]:
    """Break text into at most `most` lines; the last keeps what is left."""
    layout = QTextLayout(" ".join(words.split()), font(px))
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    lines: list[str] = []
    text = layout.text()
    while len(lines) < most:
        made = layout.createLine()
        if not made.isValid():
            break
        made.setLineWidth(width)
        start = made.textStart()
        lines.append(text[start:] if len(lines) == most - 1 else text[start : start + made.textLength()].strip())
    layout.endLayout()
    metrics = QFontMetrics(font(px))
    return [metrics.elidedText(line, Qt.TextElideMode.ElideRight, width) for line in lines]


def flag(painter: QPainter, cell: QRect, row: CaseSummary) -> None:
    """The flag chip."""
    if row.flag is None:
        return
    kind = flag_kind(row)
    pressing = kind in PRESSING
    chip.draw(
        painter,
        QPoint(cell.x(), cell.center().y() - 9),
        say(row.flag.label),
        "plain" if kind == "import_error" else "red" if pressing else "amber",
        icon="" if kind == "import_error" else "stop" if kind == "stop" else "shieldalert" if pressing else "alert",
        solid=kind == "time_critical",
        limit=cell.width(),
    )


def analysing(painter: QPainter, cell: QRect, share: float | None, what: str) -> None:
    """Progress in the status column."""
    middle = cell.center().y()
    top = QRect(cell.x(), middle - 20, cell.width(), 16)
    paint.text(painter, top, tr("Analysing"), "accent", px=12)
    if share is not None:
        paint.text(painter, top, f"{round(100 * share)} %", "text.1", px=12, align=paint.RIGHT)
    paint.progress(painter, QRect(cell.x(), middle - 4, cell.width(), 8), share or 0.0)
    paint.text(painter, QRect(cell.x(), middle + 6, cell.width(), 15), tr(what) if what else "", "text.3", px=11)


class CaseTable(QTableView):
    """The table. `opened` on Enter or double click, `previewed` on Space, `current_changed` on selection."""

    opened = Signal(str)
    current_changed = Signal(str)
    previewed = Signal()

    def __init__(self) -> None:
        super().__init__()
        bind(self, "setAccessibleName", "Worklist")
        self.cases = CaseModel()
        self.setModel(self.cases)
        self._delegate = CaseDelegate(self, self.cases)
        self.setItemDelegate(self._delegate)
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        fonts.caption(header)
        header.setSectionsClickable(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setFixedHeight(30)
        for i, wide in enumerate(WIDTHS):
            self.setColumnWidth(i, wide)
        self.selectionModel().currentRowChanged.connect(self._moved)

    def resizeEvent(self, event: object) -> None:
        """Reason and top suggestion share the room that is left; the columns never overflow."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        room = self.viewport().width()
        wide = list(WIDTHS)
        if room < sum(WIDTHS):
            wide[DATA], wide[FLAG], wide[STATUS] = 108, 146, 108
        self._delegate.compact = room < sum(WIDTHS)
        spare = room - sum(wide)
        for column, share in ((REASON, 0.4), (TOP, 0.4), (FLAG, 0.2)):
            wide[column] += int(spare * share)
        for i, value in enumerate(wide):
            self.setColumnWidth(i, max(40, value))

    def current(self) -> str:
        """The case under the cursor, or ""."""
        at = self.currentIndex().row()
        return self.cases.rows[at].id if 0 <= at < len(self.cases.rows) else ""

    def select(self, case_id: str) -> None:
        """Move to a case."""
        at = self.cases.row_of(case_id)
        if at >= 0:
            self.selectRow(at)

    def show_rows(self, rows: list[CaseSummary]) -> None:
        """Replace the rows, keeping the case selected where it is still there."""
        keep = self.current()
        self.cases.show_rows(rows)
        if rows:
            self.selectRow(max(0, self.cases.row_of(keep)))
        else:
            self.current_changed.emit("")

    def _moved(self, now: QModelIndex, _before: QModelIndex) -> None:
        if 0 <= now.row() < len(self.cases.rows):
            self.current_changed.emit(self.cases.rows[now.row()].id)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover the whole row."""
        self._hover(self.rowAt(int(event.position().y())))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: object) -> None:
        """No hover."""
        self._hover(-1)
        super().leaveEvent(event)  # type: ignore[arg-type]

    def _hover(self, row: int) -> None:
        if row != self._delegate.hover:
            self._delegate.hover = row
            self.viewport().update()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Open."""
        if self.current():
            self.opened.emit(self.current())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Space previews."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current():
            self.opened.emit(self.current())
        elif event.key() == Qt.Key.Key_Space:
            self.previewed.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: object) -> None:
        """The rows, then the focus ring round the current one."""
        super().paintEvent(event)  # type: ignore[arg-type]
        index = self.currentIndex()
        if self.hasFocus() and index.isValid():
            first = self.visualRect(index.siblingAtColumn(0))
            last = self.visualRect(index.siblingAtColumn(TIME))
            paint.focus_ring(QPainter(self.viewport()), first.united(last).adjusted(0, 0, 0, -1), 0)
