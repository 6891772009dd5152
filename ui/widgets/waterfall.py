"""A waterfall of contributions from a base to a value, in log-odds or probability."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QToolTip, QWidget

from ui.theme.theme import color
from ui.translate import tr
from ui.widgets import paint

LABEL = 184
ROW = 31
TOP = 34
BOTTOM = 44
LEAST = 0.005


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow: its label, the value behind it, its contribution in log-odds (nats)."""

    label: str
    detail: str
    value: float


def sigmoid(x: float) -> float:
    """Probability of a log-odds."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def logit(p: float) -> float:
    """Log-odds of a probability, kept off 0 and 1."""
    p = min(max(p, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))


def slope(base: float, end: float, calibrated: float | None) -> float | None:
    """How much of a step in log-odds the calibrated scale takes, so that it begins at the base rate and ends at the
    probability shown elsewhere. 1 where nothing was calibrated; None where calibration turned the direction round."""
    if calibrated is None:
        return 1.0
    if abs(end - base) < LEAST:
        return None
    found = (logit(calibrated) - base) / (end - base)
    return found if found > 0 else None


def percent(value: float) -> str:
    """ "71 %"; nothing is 0 or 100 %."""
    return "< 1 %" if 0 < value < 0.005 else "> 99 %" if value > 0.995 else f"{100 * value:.0f} %"


def shorten(steps: tuple[Step, ...], most: int) -> tuple[Step, ...]:
    """The `most` largest in falling size, the rest, and what would print as 0.00, as one sum."""
    ranked = sorted(steps, key=lambda s: -abs(s.value))
    telling = sum(abs(s.value) >= LEAST for s in ranked)
    if len(ranked) <= min(most, telling) + 1:
        return tuple(ranked)
    most = min(most, telling)
    rest = ranked[most:]
    other = Step(tr("{n} other findings", n=len(rest)), tr("sum"), sum(s.value for s in rest))
    return (*ranked[:most], other)


def ticks(low: float, high: float) -> list[float]:
    """Round positions between two values, about six."""
    span = max(high - low, 1e-9)
    size = 10 ** math.floor(math.log10(span / 5))
    step = next(size * k for k in (1, 2, 2.5, 5, 10) if span / (size * k) <= 6)
    first = math.ceil(low / step)
    return [round((first + i) * step, 10) for i in range(int((high - low) / step) + 1) if (first + i) * step <= high]


class Waterfall(QWidget):
    """Arrows to the right raise, to the left lower; sign and direction repeat the colour."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: tuple[Step, ...] = ()
        self._base = 0.0
        self._as_probability = False
        self._calibrated: float | None = None
        self._slope: float | None = 1.0
        self.setMinimumHeight(TOP + BOTTOM + 4 * ROW)

    def show_steps(
        self, steps: tuple[Step, ...], base: float, *, as_probability: bool = False, calibrated: float | None = None
    ) -> None:
        """Show steps (in the order given) from `base` log-odds. `calibrated`: the probability shown elsewhere for the
        sum; the probability axis is stretched to begin at the base rate and to end there."""
        self._steps, self._base, self._as_probability = steps, base, as_probability
        self._calibrated = calibrated
        end = base + sum(s.value for s in steps)
        spoken = [f"{s.label} {s.value:+.2f}" for s in steps]
        self._slope = slope(base, end, calibrated)
        stretched = self._slope is not None and abs(self._slope - 1) > LEAST
        hint = tr("Probabilities run evenly in log-odds from the base rate to the calibrated estimate.")
        self.setToolTip(hint if stretched else "")
        begin = tr("from {base} to {end} log-odds", base=f"{base:+.2f}", end=f"{end:+.2f}")
        self.setAccessibleName(f"{begin}: {', '.join(spoken)}")
        self.setMinimumHeight(TOP + BOTTOM + ROW * len(steps) if len(steps) > 11 else TOP + BOTTOM + 24 * len(steps))
        self.update()

    def sizeHint(self) -> QSize:
        """All rows."""
        return QSize(480, TOP + BOTTOM + ROW * max(4, len(self._steps)))

    def words_at(self, y: float) -> str:
        """The whole label, detail and size of the step at a height; "" beside the steps."""
        if not self._steps:
            return ""
        at = int((y - TOP) // self._row_height())
        if y < TOP or at >= len(self._steps):
            return ""
        step = self._steps[at]
        size = f"{step.value:+.2f}".replace("-", "−")
        return "\n".join(x for x in (step.label, step.detail, size) if x)

    def event(self, event: QEvent) -> bool:
        """A step's words are cut at the width of the column: the tooltip has them all."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            words = self.words_at(event.pos().y()) or self.toolTip()
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def _row_height(self) -> int:
        return max(1, min(ROW, (self.height() - TOP - BOTTOM) // len(self._steps)))

    def probability(self, log_odds: float) -> float:
        """What the probability axis says at a place of the log-odds axis."""
        return sigmoid(self._base + (self._slope if self._slope is not None else 1.0) * (log_odds - self._base))

    def _scale(self, log_odds: float) -> float:
        return self.probability(log_odds) if self._as_probability else log_odds

    def _range(self) -> tuple[float, float]:
        at, points = self._base, [self._base]
        for step in self._steps:
            at += step.value
            points.append(at)
        scaled = [self._scale(p) for p in points]
        low, high = min(scaled), max(scaled)
        margin = max(0.12 * (high - low), 0.02 if self._as_probability else 0.1)
        return low - margin, high + 2.2 * margin

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        if not self._steps:
            return
        painter = QPainter(self)
        low, high = self._range()
        left, right = LABEL, self.width() - 16

        def x_of(log_odds: float) -> float:
            return left + (self._scale(log_odds) - low) / (high - low) * (right - left)

        height = self._row_height()
        bottom = TOP + height * len(self._steps)
        self._paint_axis(painter, low, high, left, right, bottom)
        end = self._base + sum(s.value for s in self._steps)
        self._paint_ends(painter, x_of(self._base), x_of(end), bottom, end)
        at = self._base
        for i, step in enumerate(self._steps):
            y = TOP + i * height
            self._paint_label(painter, step, y, height)
            span = (x_of(at), x_of(at + step.value))
            self._paint_arrow(painter, span, QRect(0, y, 0, height), step.value >= 0, self._said(at, step))
            at += step.value

    def _paint_axis(self, painter: QPainter, low: float, high: float, left: int, right: int, bottom: int) -> None:
        for tick in ticks(low, high):
            if self._as_probability and not 0 <= tick <= 1:
                continue
            x = round(left + (tick - low) / (high - low) * (right - left))
            painter.fillRect(x, TOP, 1, bottom - TOP, color("chart.grid"))
            upper = f"{100 * tick:.0f} %" if self._as_probability else f"{tick:+.1f}" if tick else "0.0"
            area = QRect(x - 30, bottom + 6, 60, 15)
            paint.text(painter, area, upper, "text.2", px=11, align=paint.CENTRE)
            if not self._as_probability and self._slope is not None:
                words = percent(self.probability(tick))
                paint.text(painter, area.translated(0, 16), words, "text.2", px=11, align=paint.CENTRE)
        both = (tr("log-odds"), tr("probability")) if self._slope is not None else (tr("log-odds"),)
        names = (tr("probability"),) if self._as_probability else both
        for i, name in enumerate(names):
            area = QRect(0, bottom + 6 + 16 * i, LABEL - 34, 15)
            paint.text(painter, area, name, "text.3", px=11, align=paint.RIGHT)

    def _paint_ends(self, painter: QPainter, start: float, end: float, bottom: int, value: float) -> None:
        pen = QPen(color("text.2"), 1)
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        for x in (start, end):
            painter.drawLine(QPointF(x, TOP - 10), QPointF(x, bottom))
        base = tr("base {value} · {p}", value=f"{self._base:+.2f}", p=percent(sigmoid(self._base)))
        known = self._calibrated if self._calibrated is not None else sigmoid(value)
        final = f"f(x) {value:+.2f} · {percent(known)}"
        base_wide, final_wide = paint.width(base, 12), paint.width(final, 12, 600)
        first = QRect(max(0, min(int(start - base_wide / 2), self.width() - base_wide)), 4, base_wide + 2, 18)
        x = max(0, min(int(end - final_wide / 2), self.width() - final_wide - 4))
        if start <= end:
            x = max(x, first.right() + 10)
        else:
            x = min(x, first.x() - final_wide - 10)
        paint.text(painter, first, base, "text.2", px=12)
        paint.text(painter, QRect(x, 4, final_wide + 2, 18), final, "text.1", px=12, weight=600)

    def _paint_label(self, painter: QPainter, step: Step, y: int, height: int) -> None:
        if height >= 28:
            paint.text(painter, QRect(14, y, LABEL - 20, 16), step.label, px=12, weight=500)
            paint.text(painter, QRect(14, y + 14, LABEL - 20, 14), step.detail, "text.3", px=11)
        else:
            used = paint.text(painter, QRect(14, y, LABEL - 20, height), step.label, px=12, weight=500)
            area = QRect(20 + used, y, max(0, LABEL - 26 - used), height)
            paint.text(painter, area, step.detail, "text.3", px=11)

    def _said(self, at: float, step: Step) -> str:
        """A step's size in the unit of the axis: nats, or points of percent at the place where it stands."""
        if not self._as_probability:
            return f"{step.value:+.2f}".replace("-", "−")
        points = 100 * (self.probability(at + step.value) - self.probability(at))
        return f"{points:+.0f}".replace("-", "−") if abs(points) >= 0.5 else "±0"

    def _paint_arrow(self, painter: QPainter, span: tuple[float, float], line: QRect, raises: bool, words: str) -> None:
        (start, end), height = span, line.height()
        middle, half = line.y() + min(height, 28) / 2, 8.0
        tip = 6.0 if raises else -6.0
        if abs(end - start) < 6:
            tip = end - start
        points = [
            QPointF(start, middle - half),
            QPointF(end - tip, middle - half),
            QPointF(end, middle),
            QPointF(end - tip, middle + half),
            QPointF(start, middle + half),
        ]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("shap.pos" if raises else "shap.neg"))
        painter.drawPolygon(QPolygonF(points))
        painter.restore()
        wide = paint.width(words, 12, 600) + 2
        tone = "shap.posText" if raises else "shap.negText"
        x = end + 6 if raises else end - wide - 6
        paint.text(painter, QRect(int(x), int(middle - 9), wide, 18), words, tone, px=12, weight=600)
        painter.fillRect(round(end), int(middle + half), 1, max(0, height - int(2 * half)), color("text.3"))
