"""Painted plots of a global view: findings with bar and swarm, one finding's dependence, subgroups."""

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.explain.cohort import LEAST, UNKNOWN, Cohort, Group, Importance, Point
from core.explain.cohort_export import few, swarm
from ui.theme.theme import color
from ui.translate import say, tr
from ui.widgets import paint
from ui.widgets.rows import PaintedRows
from ui.widgets.waterfall import ticks

LABEL, BAR = 190, 150
MOST_DOTS = 400
"""Dots painted a row: more lie on each other."""
GROUP_WORDS = {
    "under 18": "under 18 years", "18-39": "18 to 39", "40-64": "40 to 64", "65-79": "65 to 79",
    "80 and over": "80 and over", "female": "Female", "male": "Male", "other": "Other", UNKNOWN: "unknown",
}  # fmt: skip


def tone(place: float | None) -> QColor:
    """From low (or absent) to high (or present) value; grey where it is not known."""
    if place is None:
        return color("text.3")
    low, high = color("shap.neg"), color("shap.pos")
    mixed = (round(a + (b - a) * place) for a, b in zip(low.toTuple()[:3], high.toTuple()[:3], strict=True))  # type: ignore[index]
    return QColor(*mixed)


def thinned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """At most `MOST_DOTS`, evenly over the order of shares."""
    if len(points) <= MOST_DOTS:
        return points
    return tuple(points[k * (len(points) - 1) // (MOST_DOTS - 1)] for k in range(MOST_DOTS))


class FindingRows(PaintedRows):
    """A finding, its mean absolute share as a bar, and a dot for each case. `activated(finding)` shows its dependence."""

    def __init__(self) -> None:
        super().__init__(30, 14)
        self._longest, self._reach = 1.0, 1.0

    def show_cohort(self, cohort: Cohort) -> None:
        """Replace the rows."""
        self._longest = max((f.mean_absolute for f in cohort.findings), default=1.0) or 1.0
        self._reach = max((abs(p.weight) for f in cohort.findings for p in f.points), default=1.0) or 1.0
        self.show_rows(cohort.findings)

    def paint_row(self, painter: QPainter, rect: QRect, row: Importance) -> None:
        """Draw a row."""
        paint.text(painter, QRect(rect.x(), rect.y() + 1, LABEL - 10, 16), say(row.label), px=12, weight=500)
        words = tr("{n} cases", n=few(row.cases))
        paint.text(painter, QRect(rect.x(), rect.y() + 15, LABEL - 10, 14), words, "text.3", px=11)
        middle = rect.center().y()
        wide = round((BAR - 50) * row.mean_absolute / self._longest)
        painter.fillRect(QRect(rect.x() + LABEL, middle - 6, max(2, wide), 12), color("chart.1"))
        number = QRect(rect.x() + LABEL + wide + 6, middle - 9, 50, 18)
        paint.text(painter, number, f"{row.mean_absolute:.2f}", "text.2", px=12)
        room = QRectF(rect.x() + LABEL + BAR, rect.y(), rect.width() - LABEL - BAR, rect.height())
        if row.points:
            painter.fillRect(round(room.center().x()), rect.y(), 1, rect.height(), color("chart.grid"))
        self._paint_dots(painter, room, row)

    def _paint_dots(self, painter: QPainter, room: QRectF, row: Importance) -> None:
        if not row.points:
            words = tr("fewer than {n} cases", n=LEAST)
            paint.text(painter, room, words, "text.3", px=11, align=paint.CENTRE)
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        points = thinned(row.points)
        for (x, y), point in zip(swarm(points, self._reach, room.width() / 2 - 6, 11), points, strict=True):
            painter.setBrush(tone(point.place))
            painter.drawEllipse(QPointF(room.center().x() + x, room.center().y() + y), 2.4, 2.4)
        painter.restore()

    def sentence(self, row: Importance) -> str:
        """A row in words."""
        mean, cases = f"{row.mean_absolute:.2f}", few(row.cases)
        return f"{say(row.label)}: {tr('mean absolute share')} {mean}, {tr('{n} cases', n=cases)}"


class Dependence(QWidget):
    """One finding: its value across, its share upwards."""

    def __init__(self) -> None:
        super().__init__()
        self._finding: Importance | None = None
        self.setMinimumSize(260, 180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_finding(self, finding: Importance | None) -> None:
        """Replace the finding."""
        self._finding = finding
        self.setAccessibleName(say(finding.label) if finding else "")
        self.update()

    def sizeHint(self) -> QSize:
        """A small plot."""
        return QSize(340, 220)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        finding = self._finding
        known = [(p, p.value) for p in finding.points if p.value is not None] if finding else []
        if finding is None or not known:
            words = tr("No values to show: fewer than {n} cases have this finding.", n=LEAST) if finding else ""
            paint.text(painter, self.rect(), words, "text.3", px=12, align=paint.CENTRE)
            return
        area = QRect(48, 10, self.width() - 64, self.height() - 52)
        low, high = _range([value for _, value in known], bool(finding.unit))
        bottom, top = _range([p.weight for p, _ in known] + [0.0], True)
        self._paint_axes(painter, area, (low, high), (bottom, top), finding)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        step = max(1, len(known) // (4 * MOST_DOTS))
        for point, value in known[::step]:
            x = area.x() + (value - low) / (high - low) * area.width()
            y = area.bottom() - (point.weight - bottom) / (top - bottom) * area.height()
            painter.setBrush(tone(point.place))
            painter.drawEllipse(QPointF(x, y), 3, 3)

    def _paint_axes(
        self,
        painter: QPainter,
        area: QRect,
        across: tuple[float, float],
        upwards: tuple[float, float],
        finding: Importance,
    ) -> None:
        for tick in ticks(*upwards):
            y = area.bottom() - (tick - upwards[0]) / (upwards[1] - upwards[0]) * area.height()
            painter.fillRect(area.x(), round(y), area.width(), 1, color("line.control" if tick == 0 else "chart.grid"))
            paint.text(painter, QRect(0, round(y) - 8, 42, 16), f"{tick:+.1f}", "text.2", px=11, align=paint.RIGHT)
        marks = ticks(*across) if finding.unit else [0.0, 1.0]
        for tick in marks:
            x = area.x() + (tick - across[0]) / (across[1] - across[0]) * area.width()
            words = f"{tick:g}" if finding.unit else tr("present") if tick else tr("absent")
            paint.text(
                painter, QRect(round(x) - 40, area.bottom() + 4, 80, 16), words, "text.2", px=11, align=paint.CENTRE
            )
        caption = f"{say(finding.label)}{f' · {finding.unit}' if finding.unit else ''}"
        paint.text(
            painter, QRect(area.x(), area.bottom() + 22, area.width(), 16), caption, "text.2", px=12, align=paint.CENTRE
        )


def _range(values: list[float], measured: bool) -> tuple[float, float]:
    if not measured:
        return -0.5, 1.5
    low, high = min(values), max(values)
    margin = max(0.08 * (high - low), 1e-6, 0.02 * max(abs(low), abs(high)))
    return low - margin, high + margin


class GroupRows(PaintedRows):
    """A subgroup: cases, mean probability, and the shares of the strongest findings as one bar."""

    TONES = ("chart.1", "chart.2", "chart.3", "chart.4", "info")

    def __init__(self) -> None:
        super().__init__(26, 14)
        self.clickable = False
        self._longest = 1.0

    def show_cohort(self, cohort: Cohort) -> None:
        """Replace the rows."""
        most = len(self.TONES)
        self._longest = max((sum(g.shares[:most]) for g in cohort.groups), default=1.0) or 1.0
        self.show_rows(cohort.groups)

    def paint_row(self, painter: QPainter, rect: QRect, row: Group) -> None:
        """Draw a row."""
        paint.text(painter, QRect(rect.x(), rect.y(), 110, rect.height()), tr(GROUP_WORDS[row.name]), px=12, weight=500)
        area = QRect(rect.x() + 112, rect.y(), 60, rect.height())
        paint.text(painter, area, few(row.cases), "text.2", px=12, align=paint.RIGHT)
        if row.probability is None:
            words = tr("fewer than {n} cases", n=LEAST)
            paint.text(painter, rect.adjusted(190, 0, 0, 0), words, "text.3", px=11)
            return
        area = area.translated(56, 0)
        paint.text(painter, area, f"{round(100 * row.probability)} %", px=12, weight=600, align=paint.RIGHT)
        x, room = rect.x() + 240.0, rect.width() - 244
        for share, name in zip(row.shares, self.TONES, strict=False):
            wide = room * share / self._longest
            painter.fillRect(QRectF(x, rect.center().y() - 5, wide, 11), color(name))
            x += wide

    def sentence(self, row: Group) -> str:
        """A row in words."""
        chance = "" if row.probability is None else f", {round(100 * row.probability)} %"
        return f"{tr(GROUP_WORDS[row.name])}: {tr('{n} cases', n=few(row.cases))}{chance}"
