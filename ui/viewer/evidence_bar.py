"""The bar over the images while an evidence map lies on them."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QWidget

from ui.theme.theme import color, surface
from ui.viewer.texts import text
from ui.viewer.toolbar import Segment
from ui.viewer.viewport_model import Overlay
from ui.widgets import layout

NARROW = 640


class Legend(QWidget):
    """The gradient from lowering (blue) to raising (rose)."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(58, 10)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        gradient = QLinearGradient(0, 0, self.width(), 0)
        gradient.setColorAt(0, color("shap.neg"))
        gradient.setColorAt(0.5, color("bg.viewer"))
        gradient.setColorAt(1, color("shap.pos"))
        painter.fillRect(QRectF(self.rect()), gradient)


class EvidenceBar(QWidget):
    """Off, heat or contour; opacity; legend; what made the map."""

    overlayChanged = Signal(str)
    opacityChanged = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        surface(self, "panel")
        self.setFixedHeight(36)
        self._title, self._opacity_title, self._percent = QLabel(), QLabel(), QLabel()
        self._lowers, self._raises, self._method = QLabel(), QLabel(), QLabel()
        self._title.setProperty("role", "strong")
        for widget in (self._opacity_title, self._percent, self._lowers, self._raises, self._method):
            widget.setProperty("role", "secondary")
        self._percent.setFixedWidth(34)
        for widget in (self._raises, self._method):
            widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setFixedWidth(80)
        self.slider.valueChanged.connect(self._slid)
        self._modes: dict[Overlay, Segment] = {}
        modes = QHBoxLayout()
        modes.setSpacing(0)
        for mode in Overlay:
            button = Segment()
            button.clicked.connect(lambda _=False, m=mode: self.overlayChanged.emit(m.value))
            modes.addWidget(button)
            self._modes[mode] = button
        self._legend = Legend()
        items = (self._title, modes, 4, self._opacity_title, self.slider, self._percent, 4)
        legend = (self._lowers, self._legend)
        row = layout.row(*items, *legend, gap=6, margins=(10, 4, 10, 4))
        row.addWidget(self._raises, 3)
        row.addWidget(self._method, 1)
        self.setLayout(row)
        self._raises_label = self._method_label = ""
        self.retranslate()

    def show_map(self, raises: str, method: str) -> None:
        """What the rose end raises, and how the map was made."""
        self._raises_label, self._method_label = raises, method
        self.retranslate()

    def show_state(self, overlay: Overlay, opacity: float) -> None:
        """Mark the mode and the opacity in force."""
        for mode, button in self._modes.items():
            button.setChecked(mode is overlay)
        self.slider.blockSignals(True)
        self.slider.setValue(round(100 * opacity))
        self.slider.blockSignals(False)
        self._percent.setText(f"{round(100 * opacity)} %")

    def _slid(self, value: int) -> None:
        self._percent.setText(f"{value} %")
        self.opacityChanged.emit(value / 100)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The legend's words give way first; the tooltip keeps them."""
        super().resizeEvent(event)
        wide = self.width() >= NARROW
        for widget in (self._lowers, self._raises, self._method):
            widget.setVisible(wide)
        self._elide()

    def _elide(self) -> None:
        """Long finding names give way before the controls; the tooltip has them whole."""
        words = f"{text('raises')} {self._raises_label}".strip()
        for widget, whole in ((self._raises, words), (self._method, self._method_label)):
            room = max(widget.width(), 40)
            widget.setText(widget.fontMetrics().elidedText(whole, Qt.TextElideMode.ElideRight, room))
            widget.setToolTip(whole)

    def retranslate(self) -> None:
        """All words in the language in use."""
        self._title.setText(text("Evidence map"))
        self._opacity_title.setText(text("Opacity"))
        self.slider.setAccessibleName(text("Opacity"))
        for mode, words in ((Overlay.OFF, "Off"), (Overlay.HEAT, "Heat"), (Overlay.CONTOUR, "Contour")):
            self._modes[mode].setText(text(words))
            self._modes[mode].updateGeometry()
        self._lowers.setText(text("lowers"))
        self._elide()
        self._legend.setToolTip(f"{text('lowers')} – {text('raises')} {self._raises_label} · {self._method_label}")
