"""Painted parts of the Models page: calibration plot, forest of intervals, training curves, speed bars, steps."""

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.models.lines import Figure
from ui.theme import icons
from ui.theme.theme import color
from ui.translate import tr
from ui.widgets import paint
from ui.widgets.chart import ticks


class Divider(QWidget):
    """A vertical line as tall as what stands beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(1)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        QPainter(self).fillRect(self.rect(), color("line.subtle"))


class Calibration(QWidget):
    """Share seen against predicted probability, with 95 % intervals; the number in each bin as a bar below."""

    def __init__(self) -> None:
        super().__init__()
        self._bins: tuple[dict[str, float], ...] = ()
        self._before: tuple[dict[str, float], ...] = ()
        self.setMinimumSize(200, 210)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(230)

    def show_bins(self, bins: tuple[dict[str, float], ...], before: tuple[dict[str, float], ...] = ()) -> None:
        """Replace the curve; `before` is drawn grey behind it."""
        self._bins, self._before = bins, before
        read = ", ".join(f"{b['p']:.2f}: {b['seen']:.2f}" for b in bins)
        self.setAccessibleName(f"{tr('Calibration')} {read}" if bins else tr("Calibration"))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        area = QRect(38, 8, self.width() - 52, self.height() - 48)
        for k in range(5):
            x, y = area.x() + k * area.width() // 4, area.bottom() - k * area.height() // 4
            painter.fillRect(area.x(), y, area.width(), 1, color("chart.grid"))
            painter.fillRect(x, area.y(), 1, area.height(), color("chart.grid"))
            paint.text(painter, QRect(0, y - 8, 32, 16), f"{k / 4:g}", "text.2", px=11, align=paint.RIGHT)
            paint.text(
                painter, QRect(x - 20, area.bottom() + 4, 40, 16), f"{k / 4:g}", "text.2", px=11, align=paint.CENTRE
            )
        caption = QRect(area.x(), area.bottom() + 21, area.width(), 16)
        paint.text(painter, caption, tr("predicted probability"), "text.2", px=11, align=paint.CENTRE)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(color("text.3"), 1.2)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.drawLine(area.bottomLeft(), area.topRight())
        if self._bins:
            self._paint_bins(painter, area)

    def _paint_bins(self, painter: QPainter, area: QRect) -> None:
        def at(x: float, y: float) -> QPointF:
            return QPointF(area.x() + x * area.width(), area.bottom() - y * area.height())

        if self._before:
            self._paint_before(painter, [at(b["p"], b["seen"]) for b in self._before], area)
        most = max(b["n"] for b in self._bins)
        for one in self._bins:
            tall = int(0.17 * area.height() * one["n"] / most)
            left = area.x() + int((math.floor(min(one["p"], 0.999) * 10) / 10 + 0.01) * area.width())
            painter.fillRect(QRect(left, area.bottom() - tall, int(0.08 * area.width()), tall), color("line.strong"))
        painter.setPen(QPen(color("chart.1"), 1.4))
        for one in self._bins:
            painter.drawLine(at(one["p"], one["low"]), at(one["p"], one["high"]))
        painter.setPen(QPen(color("chart.1"), 2))
        painter.drawPolyline(QPolygonF([at(b["p"], b["seen"]) for b in self._bins]))
        painter.setBrush(color("chart.1"))
        painter.setPen(Qt.PenStyle.NoPen)
        for one in self._bins:
            painter.drawEllipse(at(one["p"], one["seen"]), 3, 3)

    def _paint_before(self, painter: QPainter, places: list[QPointF], area: QRect) -> None:
        painter.setPen(QPen(color("text.3"), 1.6))
        painter.drawPolyline(QPolygonF(places))
        corner = QRect(area.x() + 8, area.y() + 2, area.width() - 16, 16)
        used = paint.text(painter, corner, tr("after"), "chart.1", px=11, weight=500)
        paint.text(painter, corner.adjusted(used + 10, 0, 0, 0), tr("before"), "text.3", px=11, weight=500)


class Forest(QWidget):
    """One line a subgroup: name, n, value, interval, and the interval drawn on a scale all rows share."""

    ROW = 38

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[Figure, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: tuple[Figure, ...]) -> None:
        """Replace the rows."""
        self._rows = rows
        self.setAccessibleName("; ".join(f"{r.name} {r.value}" for r in rows))
        self.setFixedHeight(max(10, self.ROW * len(rows) + 6))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        known = [x for r in self._rows for x in (r.interval or ((r.value, r.value) if r.value is not None else ()))]
        low = math.floor(min([x for x in known if x is not None], default=0.0) * 20) / 20
        high = math.ceil(max([x for x in known if x is not None], default=1.0) * 20) / 20
        span = max(0.05, high - low)
        for k, row in enumerate(self._rows):
            self._row(painter, QRect(10, 2 + k * self.ROW, self.width() - 20, self.ROW), row, (low, span))

    def _row(self, painter: QPainter, rect: QRect, row: Figure, scale: tuple[float, float]) -> None:
        x, y, wide = rect.x(), rect.y(), rect.width()
        numbers = f"{row.interval[0]:.2f}–{row.interval[1]:.2f}" if row.interval else ""
        right = paint.width("0.00–0.00", 12) + 4
        used = paint.text(painter, QRect(x, y, wide - right - 96, 18), row.name or tr("All cases"), px=12, weight=500)
        paint.text(painter, QRect(x + used + 6, y, 70, 18), f"n {row.n:,}", "text.2", px=11)
        value = f"{row.value:.2f}" if row.value is not None else tr("too few")
        spot = QRect(x + wide - right - 64, y, 58, 18)
        paint.text(painter, spot, value, px=12, weight=600, align=paint.RIGHT)
        paint.text(painter, QRect(x + wide - right, y, right, 18), numbers, "text.2", px=12, align=paint.RIGHT)
        painter.fillRect(x, y + 24, wide, 1, color("line.strong"))
        if row.value is None:
            return
        low, span = scale
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if row.interval:
            a, b = ((v - low) / span * wide for v in row.interval)
            painter.setPen(QPen(color("chart.1"), 2))
            painter.drawLine(QPointF(x + a, y + 24.5), QPointF(x + b, y + 24.5))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("chart.1"))
        painter.drawEllipse(QPointF(x + (row.value - low) / span * wide, y + 24.5), 4, 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


@dataclass(frozen=True, slots=True)
class Track:
    """A curve of a run: its name, (epochs done, value), colour token."""

    name: str
    points: tuple[tuple[float, float], ...]
    tone: str


class Curves(QWidget):
    """Curves over epochs; the epochs still to come are shaded; a dashed line where the pack in use stands."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.unit = "epoch"
        self._tracks: tuple[Track, ...] = ()
        self._epochs, self._now = 1, None
        self.setMinimumSize(170, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_tracks(self, tracks: tuple[Track, ...], epochs: int, now: float | None = None) -> None:
        """Replace the curves; `epochs` in all; `now`: the value of the pack in use."""
        self._tracks, self._epochs, self._now = tracks, max(1, epochs), now
        last = ", ".join(f"{t.name} {t.points[-1][1]:.3f}" for t in tracks if t.points)
        self.setAccessibleName(f"{tr(self.title)}: {last}")
        self.update()

    def sizeHint(self) -> QSize:
        """A small plot."""
        return QSize(280, 220)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        paint.text(painter, QRect(4, 2, self.width() - 8, 18), tr(self.title), px=12, weight=500)
        area = QRect(40, 28, self.width() - 52, self.height() - 72)
        values = [y for t in self._tracks for _, y in t.points] + ([self._now] if self._now is not None else [])
        if not values or area.height() < 20:
            paint.text(painter, area, tr("after the first epoch"), "text.3", px=12, align=paint.CENTRE)
            return
        air = (max(values) - min(values)) * 0.12 or 0.05
        low, high = min(values) - air, max(values) + air
        low = max(0.0, low) if min(values) >= 0 else low
        self._axes(painter, area, low, high)

        def at(x: float, y: float) -> QPointF:
            return QPointF(
                area.x() + x / self._epochs * area.width(), area.bottom() - (y - low) / (high - low) * area.height()
            )

        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._now is not None:
            self._in_use(painter, area, at(0, self._now).y())
        taken: list[QRect] = []
        for track in self._tracks:
            self._track(painter, area, track, [at(*p) for p in track.points], taken)

    def _axes(self, painter: QPainter, area: QRect, low: float, high: float) -> None:
        done = max((t.points[-1][0] for t in self._tracks if t.points), default=0.0)
        left = area.x() + int(done / self._epochs * area.width())
        painter.fillRect(QRect(left, area.y(), area.right() - left, area.height()), color("bg.raised"))
        for value in ticks(low, high, 4):
            y = area.bottom() - int((value - low) / (high - low) * area.height())
            painter.fillRect(area.x(), y, area.width(), 1, color("chart.grid"))
            paint.text(painter, QRect(0, y - 8, 34, 16), f"{value:g}", "text.2", px=11, align=paint.RIGHT)
        for value in ticks(0, self._epochs, 4):
            if value != int(value):
                continue
            x = area.x() + int(value / self._epochs * area.width())
            paint.text(
                painter, QRect(x - 20, area.bottom() + 5, 40, 16), f"{value:g}", "text.2", px=11, align=paint.CENTRE
            )
        caption = QRect(area.x(), area.bottom() + 22, area.width(), 16)
        paint.text(painter, caption, tr(self.unit), "text.2", px=11, align=paint.CENTRE)

    def _in_use(self, painter: QPainter, area: QRect, y: float) -> None:
        pen = QPen(color("text.2"), 1.2)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.drawLine(QPointF(area.x(), y), QPointF(area.right(), y))
        words = tr("now in use {value}", value=f"{self._now:.3f}")
        paint.text(
            painter, QRect(area.x(), int(y) + 3, area.width() - 4, 16), words, "text.2", px=11, align=paint.RIGHT
        )

    def _track(self, painter: QPainter, area: QRect, track: Track, places: list[QPointF], taken: list[QRect]) -> None:
        if not places:
            return
        painter.setPen(QPen(color(track.tone), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(places))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(track.tone))
        painter.drawEllipse(places[-1], 3.5, 3.5)
        words = f"{track.name} {track.points[-1][1]:.3f}".strip()
        wide = paint.width(words, 12, 500) + 4
        end = places[-1]
        left = int(end.x()) + 8 if end.x() + 8 + wide < area.right() else int(end.x()) - wide - 4
        spot = QRect(left, int(end.y()) - (8 if left > end.x() else 20), wide, 16)
        while any(spot.intersects(other) for other in taken):
            spot.translate(0, -17 if spot.top() > area.top() + 17 else 17)
        taken.append(spot)
        paint.text(painter, spot, words, track.tone, px=12, weight=500)


class Speed(QWidget):
    """Milliseconds a case of each pack on a log scale."""

    ROW = 26

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[tuple[str, float], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: tuple[tuple[str, float], ...]) -> None:
        """Name and milliseconds."""
        self._rows = rows
        self.setAccessibleName("; ".join(f"{name} {ms:.1f} ms" for name, ms in rows))
        self.setFixedHeight(self.ROW * len(rows) + 10)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        if not self._rows:
            return
        low = math.log10(min(ms for _, ms in self._rows)) - 0.5
        high = max(math.log10(max(ms for _, ms in self._rows)), low + 1)
        name_wide = min(190, self.width() // 3)
        room = self.width() - name_wide - 100
        for k, (name, ms) in enumerate(self._rows):
            y = 4 + k * self.ROW
            paint.text(painter, QRect(12, y, name_wide - 8, self.ROW), name, px=12)
            long = int(room * (math.log10(ms) - low) / (high - low))
            painter.fillRect(QRect(name_wide + 12, y + 9, max(4, long), 8), color("chart.1"))
            words = (
                f"{ms:.2f} ms"
                if ms < 1
                else f"{ms:.1f} ms"
                if ms < 100
                else f"{ms / 1000:.2f} s"
                if ms >= 1000
                else f"{ms:.0f} ms"
            )
            paint.text(painter, QRect(name_wide + 20 + max(4, long), y, 80, self.ROW), words, px=12)


class Steps(QWidget):
    """The steps of a fine-tuning: done, now, to come."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names, self.at = names, 0
        self.setFixedHeight(42)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_step(self, at: int) -> None:
        """Which step is the present one (0 the first); `len(names)` when all are done."""
        self.at = at
        now = tr(self.names[at]) if at < len(self.names) else tr("done")
        self.setAccessibleName(f"{min(at + 1, len(self.names))} / {len(self.names)}: {now}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        words = [tr(name) for name in self.names]
        wide = [paint.width(w, 13, 600) + 34 for w in words]
        gap = max(16, (self.width() - 28 - sum(wide)) // max(1, len(words) - 1))
        x, y = 14, self.height() // 2
        for k, name in enumerate(words):
            self._circle(painter, QRectF(x, y - 11, 22, 22), k)
            tone = "text.1" if k <= self.at else "text.2"
            area = QRect(x + 30, y - 10, wide[k], 20)
            paint.text(painter, area, name, tone, weight=600 if k == self.at else 500)
            if k < len(words) - 1:
                painter.fillRect(x + wide[k] + 8, y, max(0, gap - 16), 1, color("line.strong"))
            x += wide[k] + gap

    def _circle(self, painter: QPainter, rect: QRectF, k: int) -> None:
        done, now = k < self.at, k == self.at
        fill: str | QColor | None = "green.tint" if done else "accent.fill" if now else None
        paint.box(painter, rect, fill, "green.line" if done else None if now else "line.control", radius=11)
        if done:
            icons.draw(painter, "check", "green", int(rect.x()) + 4, int(rect.y()) + 4, 14)
        else:
            tone = "text.onfill" if now else "text.2"
            paint.text(painter, rect, str(k + 1), tone, px=12, weight=600, align=paint.CENTRE)
