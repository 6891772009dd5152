"""The filter column of the worklist."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QInputDialog, QSizePolicy, QWidget

from core.domain.case import CaseStatus
from ui.settings import Settings
from ui.theme import icons
from ui.theme.theme import color
from ui.translate import bind, tr, unbind
from ui.widgets import paint
from ui.widgets.layout import clear, column, line, panel, row, scroll
from ui.widgets.panels import Segmented, link
from ui.widgets.text import fixed, label
from ui.worklist.rows import KINDS, Counts, Filter
from ui.worklist.slider import RangeSlider
from ui.worklist.table import KIND_ICONS

VIEW_LOOK = {
    "all": ("list", "accent", "All cases"),
    "red_flags": ("shieldalert", "red", "Red flags"),
    "to_review": ("eye", "amber", "To review"),
    "disagreements": ("swap", "text.2", "Disagreements"),
    "signed_today": ("check", "green", "Signed today"),
}
STATUS_WORDS = {
    CaseStatus.NEW: "New",
    CaseStatus.ANALYSING: "Analysing",
    CaseStatus.TO_REVIEW: "To review",
    CaseStatus.SIGNED: "Signed",
    CaseStatus.IMPORT_ERROR: "Import error",
}
KIND_WORDS = {
    "notes": "Notes",
    "labs": "Labs",
    "radiograph": "Radiograph",
    "ct_mr": "CT or MR",
    "ecg": "ECG",
    "genes": "Genes (VCF)",
}
RECEIVED = (("today", "Today"), ("week", "7 d"), ("all", "All"))


class FilterLine(QAbstractButton):
    """A checkable line with an icon or a check box, words, and a count at the right."""

    def __init__(
        self, words: str, icon: str = "", tone: str = "text.2", *, box: bool = False, height: int = 30
    ) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setFixedHeight(height)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._icon, self._tone, self._box, self._count = icon, tone, box, 0
        bind(self, "setText", words)

    def set_count(self, count: int) -> None:
        """How many cases it stands for."""
        self._count = count
        self.setAccessibleName(f"{self.text()} {count}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        middle = self.height() // 2
        x = 8
        if self._box:
            self._paint_box(painter, QRect(0, middle - 8, 15, 15))
            x = 23
        elif self.isChecked():
            paint.box(painter, self.rect().toRectF(), "bg.selected", None)
        elif self.underMouse():
            paint.box(painter, self.rect().toRectF(), "bg.hover", None)
        if self._icon:
            icons.draw(painter, self._icon, self._tone, x, middle - 8, 16 if not self._box else 15)
            x += 26 if not self._box else 22
        words = "red" if self._tone == "red" and self._box else "text.1"
        area = QRect(x, 0, self.width() - x - 40, self.height())
        paint.text(painter, area, self.text(), words, px=13 if not self._box else 12)
        right = QRect(self.width() - 50, 0, 42 if not self._box else 50, self.height())
        paint.text(painter, right, str(self._count), "text.3", px=12, align=paint.RIGHT)
        if self.hasFocus():
            paint.focus_ring(painter, self.rect())

    def _paint_box(self, painter: QPainter, rect: QRect) -> None:
        on = self.isChecked()
        edge = "accent.fill" if on else "text.2" if self.underMouse() else "line.control"
        paint.box(painter, rect.toRectF(), "accent.fill" if on else "bg.input", edge, radius=3)
        if on:
            icons.draw(painter, "check", "text.onfill", rect.x() + 2, rect.y() + 2, 11)

    def enterEvent(self, event: object) -> None:
        """Hover."""
        self.update()

    def leaveEvent(self, event: object) -> None:
        """No hover."""
        self.update()


def head(words: str, *right: QWidget) -> QWidget:
    """A group's heading."""
    holder = QWidget()
    holder.setLayout(row(fixed(words, "strong"), None, *right, margins=(0, 0, 0, 2)))
    return holder


class Filters(QWidget):
    """204 px: views, status, data, probability, date, saved views."""

    changed = Signal(object)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.filter = Filter()
        self._views = {key: FilterLine(words, icon, tone) for key, (icon, tone, words) in VIEW_LOOK.items()}
        self._statuses = {status: self._status_line(status) for status in CaseStatus}
        self._kinds = {k: FilterLine(KIND_WORDS[k], KIND_ICONS[k], "text.2", box=True, height=24) for k in KINDS}
        self._slider = RangeSlider()
        bind(self._slider, "setAccessibleName", "Probability of the top suggestion, from and to")
        self._range = label(tr("any"), "secondary", "text.3")
        self._received = Segmented(RECEIVED, "all")
        self._received.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._saved = column(gap=0)
        self._wire()
        self._build()
        self._show_saved()
        self._show()

    def _status_line(self, status: CaseStatus) -> FilterLine:
        tone = "red" if status is CaseStatus.IMPORT_ERROR else "text.2"
        return FilterLine(STATUS_WORDS[status], "", tone, box=True, height=24)

    def _wire(self) -> None:
        for key, view in self._views.items():
            view.clicked.connect(lambda _c=False, key=key: self._set(view=key))
        for status, box in self._statuses.items():
            box.clicked.connect(lambda on=False, status=status: self._toggle("statuses", status, on))
        for kind, box in self._kinds.items():
            box.clicked.connect(lambda on=False, kind=kind: self._toggle("kinds", kind, on))
        self._slider.changed.connect(lambda low, high: self._set(lowest=low, highest=high))
        self._received.chosen.connect(lambda value: self._set(received=value))

    def _build(self) -> None:
        group = (12, 10, 12, 10)
        feet = row(link("Reset filters", self.reset), None, link("Save view…", self._save_view), margins=(8, 8, 8, 8))
        content = column(
            column(*self._views.values(), gap=0, margins=(6, 6, 6, 6)),
            line(),
            column(head("Status"), *self._statuses.values(), gap=0, margins=group),
            line(),
            column(head("Data in the case"), *self._kinds.values(), gap=0, margins=group),
            line(),
            column(head("Top suggestion", self._range), self._slider, gap=2, margins=group),
            line(),
            column(head("Received"), self._received, gap=6, margins=group),
            line(),
            column(head("Saved views"), self._saved, gap=0, margins=group),
            line(),
            feet,
            None,
            gap=0,
        )
        self.setLayout(column(scroll(panel(content)), gap=0))

    def _set(self, **changes: Any) -> None:
        self.filter = replace(self.filter, **changes)
        self._show()
        self.changed.emit(self.filter)

    def set_filter(self, wanted: Filter) -> None:
        """Use a whole filter."""
        self.filter = wanted
        self._show()
        self.changed.emit(self.filter)

    def reset(self) -> None:
        """Show everything again."""
        self.set_filter(Filter())

    def _toggle(self, name: str, value: object, on: bool) -> None:
        now: frozenset[object] = getattr(self.filter, name)
        self._set(**{name: now | {value} if on else now - {value}})

    def _show(self) -> None:
        for key, view in self._views.items():
            view.setChecked(key == self.filter.view)
        for status, box in self._statuses.items():
            box.setChecked(status in self.filter.statuses)
        for kind, box in self._kinds.items():
            box.setChecked(kind in self.filter.kinds)
        self._slider.set_range(self.filter.lowest, self.filter.highest)
        low, high = round(100 * self.filter.lowest), round(100 * self.filter.highest)
        self._range.setText(tr("any") if (low, high) == (0, 100) else f"{low}–{high} %")
        self._received.set_value(self.filter.received)

    def show_counts(self, found: Counts) -> None:
        """Write the number of cases beside each line."""
        for key, number in found.views.items():
            self._views[key].set_count(number)
        for status, box in self._statuses.items():
            box.set_count(found.statuses[status])
        for kind, box in self._kinds.items():
            box.set_count(found.kinds[kind])

    def retranslate(self) -> None:
        """Texts that hold data."""
        self._show()
        self._show_saved()

    def _show_saved(self) -> None:
        clear(self._saved)
        views: dict[str, Any] = self._settings.get("views") or {}
        if not views:
            self._saved.addWidget(fixed("None yet", "secondary", "text.3"))
        for name, value in views.items():
            self._saved.addWidget(SavedLine(name, lambda value=value: self.set_filter(filter_from(value))))

    def _save_view(self) -> None:
        name, agreed = QInputDialog.getText(self, tr("Save view"), tr("Name of the view"))
        if agreed and name.strip():
            self._settings.set("views", {**(self._settings.get("views") or {}), name.strip(): filter_to(self.filter)})
            self._show_saved()


class SavedLine(FilterLine):
    """A saved view: a star and its name."""

    def __init__(self, name: str, on_click: Callable[[], object]) -> None:
        super().__init__("", height=24)
        self.setCheckable(False)
        self.setText(name)
        unbind(self)
        self.clicked.connect(lambda _c=False: on_click())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        icons.draw(painter, "star", "text.2", 0, 5, 14)
        area = QRect(22, 0, self.width() - 22, self.height())
        paint.text(painter, area, self.text(), color("text.2"), px=12)
        if self.hasFocus():
            paint.focus_ring(painter, self.rect())


def filter_to(wanted: Filter) -> dict[str, Any]:
    """A filter as JSON values."""
    return {**asdict(wanted), "statuses": sorted(wanted.statuses), "kinds": sorted(wanted.kinds)}


def filter_from(value: dict[str, Any]) -> Filter:
    """A filter from JSON values; unknown names are ignored."""
    known = {k: v for k, v in value.items() if k in Filter.__slots__}
    statuses = frozenset(CaseStatus(x) for x in known.pop("statuses", list(CaseStatus)) if x in list(CaseStatus))
    return Filter(**{**known, "statuses": statuses, "kinds": frozenset(known.get("kinds", ())) & frozenset(KINDS)})
