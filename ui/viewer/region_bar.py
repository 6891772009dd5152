"""The bar over the images while structures (segmentation, RT structure set) lie on them."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSlider, QToolButton, QWidget

from ui.theme.theme import surface
from ui.viewer.objects import Region, RegionLook, RegionMode
from ui.viewer.texts import text
from ui.viewer.toolbar import Segment
from ui.widgets import layout


class RegionBar(QWidget):
    """Which structures, how, how strong, blinking or not."""

    modeChanged = Signal(str)
    opacityChanged = Signal(float)
    hiddenChanged = Signal(str, bool)
    blinkChanged = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        surface(self, "panel")
        self.setFixedHeight(36)
        self._regions: dict[str, Region] = {}
        self._look = RegionLook()
        self.names = QToolButton()
        self.names.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.names.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.names.setMenu(QMenu(self.names))
        self.names.menu().aboutToShow.connect(self._fill)
        self._opacity_title, self._percent = QLabel(), QLabel()
        self._percent.setFixedWidth(34)
        for words in (self._opacity_title, self._percent):
            words.setProperty("role", "secondary")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setFixedWidth(80)
        self.slider.valueChanged.connect(self._slid)
        self._modes: dict[RegionMode, Segment] = {}
        modes = QHBoxLayout()
        modes.setSpacing(0)
        for mode in RegionMode:
            button = Segment()
            button.clicked.connect(lambda _=False, m=mode: self.modeChanged.emit(m.value))
            modes.addWidget(button)
            self._modes[mode] = button
        self.blink = Segment()
        self.blink.toggled.connect(self.blinkChanged)
        items = (self.names, modes, 4, self._opacity_title, self.slider, self._percent, 4, self.blink, None)
        self.setLayout(layout.row(*items, gap=6, margins=(10, 4, 10, 4)))
        self.retranslate()

    def show_regions(self, regions: Sequence[Region]) -> None:
        """The structures at hand, each once."""
        self._regions = {}
        for region in regions:
            self._regions.setdefault(region.label, region)
        self._title()

    def show_look(self, look: RegionLook) -> None:
        """Mark what is in force."""
        self._look = look
        for mode, button in self._modes.items():
            button.setChecked(mode is look.mode)
        self.slider.blockSignals(True)
        self.slider.setValue(round(100 * look.opacity))
        self.slider.blockSignals(False)
        self._percent.setText(f"{round(100 * look.opacity)} %")
        self._title()

    def _title(self) -> None:
        shown = len([label for label in self._regions if label not in self._look.hidden])
        self.names.setText(text("Structures {shown} / {count}", shown=shown, count=len(self._regions)))

    def _fill(self) -> None:
        menu = self.names.menu()
        menu.clear()
        for label, region in self._regions.items():
            swatch = QPixmap(12, 12)
            swatch.fill(QColor(*region.colour))
            entry = menu.addAction(QIcon(swatch), label)
            entry.setCheckable(True)
            entry.setChecked(label not in self._look.hidden)
            entry.toggled.connect(lambda on, name=label: self.hiddenChanged.emit(name, not on))

    def _slid(self, value: int) -> None:
        self._percent.setText(f"{value} %")
        self.opacityChanged.emit(value / 100)

    def retranslate(self) -> None:
        """All words in the language in use."""
        self._title()
        self._opacity_title.setText(text("Opacity"))
        self.slider.setAccessibleName(text("Opacity of structures"))
        for mode, words in ((RegionMode.OFF, "Off"), (RegionMode.FILL, "Filled"), (RegionMode.CONTOUR, "Contour")):
            self._modes[mode].setText(text(words))
            self._modes[mode].updateGeometry()
        self.blink.setText(text("Blink"))
        self.blink.updateGeometry()
