"""The record column: reason, timeline, problems, medicines, laboratory values with their course."""

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from core.domain.case import Case
from core.domain.plan import Tier
from core.domain.record import Medication, Problem
from ui.case.facts import Series, TimelineLine, current_medicines, series, timeline
from ui.theme import icons
from ui.theme.theme import surface
from ui.translate import say, tr
from ui.widgets import bars, paint
from ui.widgets.chip import Chip
from ui.widgets.layout import band, column, panel, row, scroll
from ui.widgets.panels import Section
from ui.widgets.rows import PaintedRows
from ui.widgets.text import Elided, fixed, label

TIMELINE_SHOWN = 6
LABS_SHOWN = 40
TIER_ICONS = {Tier.STOP: ("stop", "red"), Tier.CAUTION: ("alert", "amber"), Tier.INFO: ("info", "info")}


def short_time(time: str) -> str:
    """ "11-14 08:55", or the date alone for another year or no time of day."""
    if "T" in time:
        return f"{time[5:10]} {time[11:16]}" if time[11:16] else time[:10]
    return time[:10]


class TimelineRows(PaintedRows):
    """Time, icon, title."""

    def __init__(self) -> None:
        super().__init__(22)

    def paint_row(self, painter: QPainter, rect: QRect, row: TimelineLine) -> None:
        """Draw a row."""
        paint.text(painter, QRect(rect.x() - 2, rect.y(), 84, rect.height()), short_time(row.time), "text.3", px=12,
                   align=paint.RIGHT)  # fmt: skip
        icons.draw(painter, row.icon, "accent" if row.target else "text.2", rect.x() + 91, rect.y() + 4, 14)
        area = rect.adjusted(113, 0, 0, 0)
        paint.text(painter, area, self._title(row), "text.1" if row.target else "text.2", px=12)

    def _title(self, row: TimelineLine) -> str:
        if row.title == "laboratory":
            return tr("Blood panel · {n} results", n=row.count)
        if row.title == "vital-signs":
            return tr("Vital signs · {n}", n=row.count)
        return row.title

    def sentence(self, row: TimelineLine) -> str:
        """A row in words."""
        return f"{row.time[:16].replace('T', ' ')} {self._title(row)}"


class ProblemRows(PaintedRows):
    """Text, code, year."""

    def paint_row(self, painter: QPainter, rect: QRect, row: Problem) -> None:
        """Draw a row."""
        code = row.codes[0].code if row.codes else ""
        year = row.onset[:4]
        tone = "text.3" if row.status in ("resolved", "inactive") else "text.1"
        paint.text(painter, rect, year, "text.3", px=12, align=paint.RIGHT)
        paint.text(painter, rect.adjusted(0, 0, -38, 0), code, "text.3", px=12, align=paint.RIGHT)
        room = rect.width() - 46 - paint.width(code, 12)
        paint.text(painter, QRect(rect.x(), rect.y(), room, rect.height()), row.text, tone, px=12)

    def sentence(self, row: Problem) -> str:
        """A row in words."""
        code = f"{row.codes[0].system} {row.codes[0].code}" if row.codes else ""
        return ", ".join(x for x in (row.text, code, row.onset, row.status) if x)


class MedicineRows(PaintedRows):
    """Name, dosage, and an icon where a rule of the plan concerns it."""

    def __init__(self) -> None:
        super().__init__()
        self.tiers: dict[str, Tier] = {}

    def paint_row(self, painter: QPainter, rect: QRect, row: Medication) -> None:
        """Draw a row."""
        half = int(rect.width() * 0.5)
        paint.text(painter, QRect(rect.x(), rect.y(), half - 6, rect.height()), row.text, px=12)
        area = QRect(rect.x() + half, rect.y(), rect.width() - half - 26, rect.height())
        paint.text(painter, area, row.dosage, "text.2", px=12)
        if row.id in self.tiers:
            name, tone = TIER_ICONS[self.tiers[row.id]]
            icons.draw(painter, name, tone, rect.right() - 15, rect.y() + 3, 15)

    def sentence(self, row: Medication) -> str:
        """A row in words."""
        return ", ".join(x for x in (row.text, row.dosage, row.status, row.start[:10], row.reason) if x)


class LabRows(PaintedRows):
    """Name, course, value, unit, H or L."""

    def paint_row(self, painter: QPainter, rect: QRect, row: Series) -> None:
        """Draw a row."""
        name_wide = int(rect.width() * 0.33)
        line_wide = int(rect.width() * 0.19)
        paint.text(painter, QRect(rect.x(), rect.y(), name_wide, rect.height()), say(row.name), px=12)
        line = QRect(rect.x() + name_wide + 6, rect.y() + 3, line_wide, rect.height() - 6)
        bars.sparkline(painter, line, row.values[-8:], (row.low, row.high), row.tone if row.mark else "text.2")
        number = QRect(line.right() + 4, rect.y(), 56, rect.height())
        weight = 600 if row.mark else 400
        paint.text(painter, number, row.text, row.tone, px=12, weight=weight, align=paint.RIGHT)
        unit = QRect(number.right() + 8, rect.y(), rect.right() - number.right() - 24, rect.height())
        paint.text(painter, unit, row.unit.split("/1.73")[0], "text.3", px=11)
        paint.text(painter, rect, row.mark, row.tone, px=12, weight=600, align=paint.RIGHT)

    def sentence(self, row: Series) -> str:
        """A row in words."""
        course = ", ".join(f"{t[:10]}: {v:g}" for t, v in list(zip(row.times, row.values, strict=True))[-5:])
        mark = {"H": tr("high"), "L": tr("low")}.get(row.mark, "")
        return f"{say(row.name)} {row.text} {row.unit} {mark}\n{course}".strip()


class RecordColumn(QWidget):
    """340 px, or a drawer over the viewer on narrow windows. `asked(target)` opens a note or an image."""

    asked = Signal(str)
    fact_asked = Signal(str)
    """A problem, medicine or value was chosen: its id; the Record page shows what it says and where it stands."""

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self._reason = label("", "title", wrap=True)
        self._when = Elided("", "text.2", 11)
        self.timeline, self.problems = TimelineRows(), ProblemRows()
        self.medicines, self.labs = MedicineRows(), LabRows()
        self._check = Chip("", "amber", icon="alert")
        self._sections = (
            Section("Timeline", self.timeline),
            Section("Problems", self.problems),
            Section("Medicines", self.medicines, self._check),
            Section("Labs and vitals", self.labs),
        )
        head = row(fixed("Reason for encounter", "caption"), None, self._when)
        top = band(column(head, self._reason, gap=6, margins=(12, 10, 12, 12)), 0)
        self.setLayout(column(top, scroll(panel(column(*self._sections, None, gap=0))), gap=0))
        self.problems.activated.connect(lambda line: self.fact_asked.emit(line.id))
        self.medicines.activated.connect(lambda line: self.fact_asked.emit(line.id))
        self.labs.activated.connect(lambda line: self.fact_asked.emit(line.latest.id))
        self.timeline.activated.connect(lambda line: self.asked.emit(line.target) if line.target else None)

    def section(self, index: int) -> Section:
        """Timeline, problems, medicines, labs."""
        return self._sections[index]

    def counts(self) -> tuple[int, int]:
        """(medicines to check, abnormal values) for the drawer's badges."""
        return len(self.medicines.tiers), sum(bool(row.mark) for row in self.labs.rows)

    def show_case(self, case: Case) -> None:
        """Fill from a case."""
        self._reason.setText(case.reason or tr("No reason stated"))
        notes = case.record.notes
        newest = max(notes, key=lambda n: n.time) if notes else None
        self._when.set_words(" ".join((newest.title, newest.time[11:16])) if newest else "")
        lines = timeline(case)
        self.timeline.show_rows(lines[:TIMELINE_SHOWN])
        self._sections[0].head.set_count(tr("{n} of {total}", n=min(len(lines), TIMELINE_SHOWN), total=len(lines)))
        self.problems.show_rows(case.record.problems)
        self._sections[1].head.set_count(str(len(case.record.problems)))
        self._show_medicines(case)
        values = series(case)
        abnormal = sum(bool(v.mark) for v in values)
        self.labs.show_rows(values[:LABS_SHOWN])
        self._sections[3].head.set_count(tr("{n} · {m} abnormal", n=len(values), m=abnormal))

    def _show_medicines(self, case: Case) -> None:
        medicines = current_medicines(case)
        tiers: dict[str, Tier] = {}
        order = list(Tier)
        for alert in case.plan.alerts if case.plan else ():
            for drug in alert.drugs:
                for medicine in medicines:
                    if drug.casefold() in (medicine.id.casefold(), medicine.text.casefold().split(" ")[0]):
                        tiers[medicine.id] = min(tiers.get(medicine.id, alert.tier), alert.tier, key=order.index)
        self.medicines.tiers = tiers
        self.medicines.show_rows(medicines)
        self._sections[2].head.set_count(str(len(medicines)))
        to_check = sum(t is not Tier.INFO for t in tiers.values())
        self._check.set_words(tr("{n} to check", n=to_check))
        self._check.setVisible(to_check > 0)
