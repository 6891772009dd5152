"""The image beside its evidence map, and the regions that count most."""

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from core.domain.case import Case
from core.domain.explanation import ImageExplanation
from core.domain.imaging import ImageRef
from ui.theme.theme import THEME, color, surface
from ui.thumbnails import Thumbnails
from ui.translate import say, tr
from ui.viewer.overlay import HeatMap, heat_map
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.layout import band, column, panel, row
from ui.widgets.panels import PanelHeader, Segmented, StatePanel, Strip
from ui.widgets.rows import PaintedRows
from ui.widgets.text import fixed, label

OPACITY = 0.7
REGIONS = 4
LIKE = 0.9
"""Correlation from which the preview is said to agree with the sampled map (expert estimate)."""
ROWS = ("upper", "middle", "lower")
COLUMNS = ("left", "centre", "right")


def regions(explanation: ImageExplanation) -> tuple[tuple[str, float], ...]:
    """Contributions summed over a 3 x 3 division of the image as seen, largest first. Places are of the picture (left
    is the viewer's left), not of the body."""
    sums: dict[str, float] = {}
    for i, value in enumerate(explanation.values):
        row, column_ = divmod(i, explanation.columns)
        place = f"{ROWS[3 * row // explanation.rows]} {COLUMNS[3 * column_ // explanation.columns]}"
        sums[place] = sums.get(place, 0.0) + value
    return tuple(sorted(sums.items(), key=lambda item: -abs(item[1])))


def errors(explanation: ImageExplanation) -> dict[str, float]:
    """Standard error of each place's sum, its regions' errors taken as independent."""
    sums: dict[str, float] = {}
    for i, error in enumerate(explanation.standard_errors):
        row, column_ = divmod(i, explanation.columns)
        place = f"{ROWS[3 * row // explanation.rows]} {COLUMNS[3 * column_ // explanation.columns]}"
        sums[place] = sums.get(place, 0.0) + error**2
    return {place: total**0.5 for place, total in sums.items()}


def standing(explanation: ImageExplanation) -> tuple[str, str]:
    """What to say of a map, and its tone: a preview, on its way, finished (with the preview's word kept or not), failed."""
    error = sum(explanation.standard_errors) / max(1, len(explanation.standard_errors))
    if explanation.method == "one-pass":
        return tr("Preview, foretold in one pass. The sampled map follows."), "info"
    if not explanation.curves:
        shown = {"n": f"{explanation.evaluations:,}", "error": f"{error:.3f}"}
        return tr("On its way: {n} evaluations, ± {error} a region.", **shown), "info"
    wrong = [say(check.name) for check in explanation.checks if not check.passed]
    if wrong:
        return tr("This map failed a check ({names}). Do not rely on it.", names=", ".join(wrong)), "amber"
    if explanation.preview_r is None:
        return "", "info"
    shown = {"r": f"{explanation.preview_r:.2f}", "n": f"{explanation.evaluations:,}", "error": f"{error:.3f}"}
    if explanation.preview_r >= LIKE:
        return tr("Sampled: {n} evaluations, ± {error} a region. The preview agreed (r = {r}).", **shown), "info"
    return tr(
        "Sampled: {n} evaluations, ± {error} a region. The preview differed (r = {r}): go by this map.", **shown
    ), "info"


class RegionRows(PaintedRows):
    """Place and contribution, with its standard error."""

    def __init__(self) -> None:
        super().__init__(22, 14)
        self.clickable = False

    def paint_row(self, painter: QPainter, rect: QRect, row: tuple[str, float, float]) -> None:
        """Draw a row."""
        paint.text(painter, rect, tr(row[0]), px=12)
        error = f"± {row[2]:.2f}"
        paint.text(painter, rect, error, "text.2", px=12, align=paint.RIGHT)
        words = f"{row[1]:+.2f}".replace("-", "−")
        tone = "shap.posText" if row[1] > 0 else "shap.negText"
        inner = rect.adjusted(0, 0, -paint.width(error, 12) - 6, 0)
        paint.text(painter, inner, words, tone, px=12, weight=600, align=paint.RIGHT)

    def sentence(self, row: tuple[str, float, float]) -> str:
        """A row in words."""
        return f"{tr(row[0])} {row[1]:+.2f} ± {row[2]:.2f}"


class Pair(QWidget):
    """Original and map side by side, or one over the other while blinking."""

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._ref: ImageRef | None = None
        self._map: HeatMap | None = None
        self.mode = "pair"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(180)

    def show_pair(self, ref: ImageRef, image: QImage | None, found: HeatMap | None) -> None:
        """Replace picture and map."""
        self._ref, self._image, self._map = ref, image, found
        self.setAccessibleName(tr("Original and evidence map"))
        self.update()

    def sizeHint(self) -> QSize:
        """About square halves."""
        return QSize(480, 300)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("bg.viewer"))
        if self._image is None or self._ref is None:
            return
        if self.mode == "pair":
            half = self.width() // 2 - 1
            self._paint_one(painter, QRect(0, 0, half, self.height()), tr("Original"), with_map=False)
            self._paint_one(painter, QRect(half + 2, 0, half, self.height()), tr("Evidence map"), with_map=True)
        else:
            name = "Evidence map" if self.mode == "map" else "Original"
            self._paint_one(painter, self.rect(), tr(name), with_map=self.mode == "map")

    def _paint_one(self, painter: QPainter, room: QRect, name: str, *, with_map: bool) -> None:
        assert self._image is not None
        size = self._image.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        area = QRectF(0, 0, size.width(), size.height())
        area.moveCenter(QRectF(room).center())
        painter.save()
        painter.setClipRect(room)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(area, self._image)
        if with_map and self._map is not None:
            self._paint_map(painter, area)
        painter.restore()
        wide = paint.width(name, 12) + 12
        plate = QRect(room.x() + 6, room.y() + 6, wide, 20)
        paint.box(painter, QRectF(plate), "viewer.plate", None, radius=3)
        paint.text(painter, plate, name, "viewer.text", px=12, align=paint.CENTRE)

    def _paint_map(self, painter: QPainter, area: QRectF) -> None:
        assert self._map is not None and self._ref is not None and self._image is not None
        columns = self._ref.columns or self._map.box[2]
        rows = self._ref.rows or self._map.box[3]
        sx, sy = area.width() / columns, area.height() / rows
        x0, y0, x1, y1 = self._map.box
        target = QRectF(area.x() + x0 * sx, area.y() + y0 * sy, (x1 - x0) * sx, (y1 - y0) * sy)
        rgba = self._map.rgba
        heat = QImage(rgba.tobytes(), rgba.shape[1], rgba.shape[0], QImage.Format.Format_RGBA8888)
        painter.setOpacity(OPACITY)
        painter.drawImage(target, heat)
        painter.setOpacity(1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for outlines, token in ((self._map.raising, "shap.pos"), (self._map.lowering, "shap.neg")):
            painter.setPen(QPen(color(token), 1.5))
            for outline in outlines:
                points = [QPointF(area.x() + x * sx, area.y() + y * sy) for x, y in outline]
                painter.drawPolygon(QPolygonF(points))


class ImagePanel(QWidget):
    """The image part of an explanation. `asked(image id)` asks for a map, `judged(image id, right)` says whether the one
    shown points to the right place."""

    asked = Signal(str)
    judged = Signal(str, bool)

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        surface(self)
        self._thumbnails = thumbnails
        self._case: Case | None = None
        self._ref: ImageRef | None = None
        self._judged: tuple[str, int, int] = ("", 0, 0)
        self.mode = Segmented((("pair", "Side by side"), ("map", "Map"), ("original", "Original")), "pair")
        self.header = PanelHeader("Image", self.mode)
        self.pair, self.rows = Pair(), RegionRows()
        ask = Button("Evidence map", "layers", on_click=self._ask)
        self._none = StatePanel("xray", "No image in this case", "The explanation rests on the record alone.")
        self._unexplained = StatePanel(
            "layers", "No evidence map yet", "Computing it takes some seconds and can be cancelled.", ask
        )
        self.said = Strip("info", "info")
        self.yes = Button("Yes", "check", small=True, on_click=lambda: self._judge(right=True))
        self.no = Button("No", "x", small=True, on_click=lambda: self._judge(right=False))
        heads = row(fixed("Region", "caption"), None, fixed("Contribution", "caption"), margins=(14, 4, 14, 0))
        self._question = label("", "dense", wrap=True)
        verdict = band(row(self._question, self.yes, self.no, margins=(14, 0, 14, 0)), 38, "top")
        verdict.layout().setStretch(0, 1)
        shown = panel(column(self.said, self.pair, heads, self.rows, verdict, gap=0))
        shown.layout().setStretch(1, 1)
        self._stack = QStackedWidget()
        for part in (shown, self._none, self._unexplained):
            self._stack.addWidget(part)
        self.setLayout(column(self.header, self._stack, gap=0))
        self.layout().setStretch(1, 1)
        self.mode.chosen.connect(self._mode)
        THEME.changed.connect(self._again)

    def _mode(self, mode: str) -> None:
        self.pair.mode = mode
        self.pair.update()

    def _ask(self) -> None:
        if self._ref is not None:
            self.asked.emit(self._ref.id)

    def _judge(self, *, right: bool) -> None:
        if self._ref is not None:
            self._ask_verdict(tr("Noted in the audit trail. Thank you."))
            self.judged.emit(self._ref.id, right)

    def _ask_verdict(self, said: str = "") -> None:
        """Ask whether the map points to the right place, or say that the answer was taken."""
        self._question.setText(said or tr("Does this map point to the right place?"))
        for made in (self.yes, self.no):
            made.setVisible(not said)

    def _again(self) -> None:
        if self._case is not None:
            self.show_case(self._case)

    @property
    def ref(self) -> ImageRef | None:
        """The image shown, or that could be explained."""
        return self._ref

    def show_case(self, case: Case) -> ImageExplanation | None:
        """Fill; returns the explanation shown."""
        self._case = case
        maps = {m.image_id: m for m in case.explanation.images} if case.explanation else {}
        predicted = {p.image_id for p in case.predictions}
        explained = [i for i in case.images if i.id in maps]
        candidates = explained or [i for i in case.images if i.id in predicted]
        self._ref = candidates[0] if candidates else None
        self.header.set_note(self._ref.description or self._ref.modality if self._ref else "")
        self.mode.setVisible(bool(explained))
        if not explained:
            refused = next((say(r.reason) for r in case.refusals), "")
            self._stack.setCurrentIndex(2 if self._ref else 1)
            if not self._ref:
                self._say_none(case, refused)
            return None
        self._stack.setCurrentIndex(0)
        return self._show_map(explained[0], maps[explained[0].id])

    def _say_none(self, case: Case, refused: str) -> None:
        if refused:
            self._none.say(tr("No estimate"), refused)
        elif case.images:
            self._none.say(tr("No model looked at this image"), tr("The explanation rests on the record alone."))
        else:
            self._none.say(tr("No image in this case"), tr("The explanation rests on the record alone."))

    def _show_map(self, ref: ImageRef, explanation: ImageExplanation) -> ImageExplanation:
        if self._judged != (ref.id, explanation.seed, explanation.evaluations):
            self._judged = (ref.id, explanation.seed, explanation.evaluations)
            self._ask_verdict()
        rose, blue = (color(t).toTuple()[:3] for t in ("shap.pos", "shap.neg"))
        found = heat_map(explanation, rose, blue)  # type: ignore[arg-type]
        spread = errors(explanation)
        self.rows.show_rows(tuple((place, value, spread[place]) for place, value in regions(explanation)[:REGIONS]))
        words, tone = standing(explanation)
        self.said.setVisible(bool(words))
        if words:
            self.said.show_words(words, tone, "alert" if tone == "amber" else "info")

        def arrived(image: QImage | None) -> None:
            from shiboken6 import isValid

            if isValid(self) and self._ref is ref:
                self.pair.show_pair(ref, image, found)

        self._thumbnails.get(ref, arrived)
        return explanation
