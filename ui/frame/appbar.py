"""The app bar: name, tabs, search, the badges that can't be hidden, theme, help, lock."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from ui.frame.tabs import TabStrip
from ui.pacs.state import ARCHIVES
from ui.theme.theme import color, surface
from ui.translate import bind
from ui.widgets import paint
from ui.widgets.button import Button, IconButton
from ui.widgets.chip import Chip
from ui.widgets.layout import row
from ui.widgets.search import SearchField
from ui.widgets.text import label

LONGEST_NAME = 16
"""Letters of an archive's name on the badge."""


class Logo(QWidget):
    """The mark: a ring with a notch, and a dot."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(20, 20)
        self.setAccessibleName("Consilium")

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        paint.box(painter, QRectF(0, 0, 20, 20), "accent.fill", None, radius=5)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(color("text.onfill"), 2)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawArc(QRectF(5, 5, 10, 10), 45 * 16, 270 * 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("text.onfill"))
        painter.drawEllipse(QRectF(11, 8.5, 3, 3))


class AppBar(QFrame):
    """40 px at the top of the window."""

    def __init__(self) -> None:
        super().__init__()
        surface(self, "app")
        self.setProperty("band", "bottom")
        self.setFixedHeight(40)
        self.name = label("Consilium", "title")
        self.tabs = TabStrip()
        self.search = SearchField("Search everything", "Ctrl K")
        self.search.setFixedWidth(248)
        self.search_icon = IconButton("search", "Search everything", key="Ctrl+K")
        self.synthetic = Chip("SYNTHETIC", "violet")
        bind(self.synthetic, "set_words", "SYNTHETIC")
        self.offline = Chip("OFFLINE", "green", icon="wifioff")
        self.fetch = IconButton("download", "Fetch from archive", on_click=self._fetch)
        for badge in (self.synthetic, self.offline):
            badge.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.theme = IconButton("sun", "Switch theme", key="Ctrl+Shift+T")
        self.help = IconButton("help", "Keyboard and help", key="F1")
        self.lock = Button("Lock", "lock")
        self.lock_icon = IconButton("lock", "Lock", key="Ctrl+L")
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Preferred)
        self.setLayout(
            row(
                Logo(),
                self.name,
                32,
                self.tabs,
                spacer,
                self.search,
                self.search_icon,
                self.fetch,
                self.synthetic,
                self.offline,
                self.theme,
                self.help,
                self.lock,
                self.lock_icon,
                margins=(16, 0, 12, 0),
            )
        )
        self.fit(1600)
        ARCHIVES.changed.connect(self.show_archives)
        ARCHIVES.read()
        self.show_archives()

    def show_archives(self) -> None:
        """Offline where no archive is configured; otherwise which ones the program may connect to."""
        names = ARCHIVES.names
        if not names:
            self.offline.set_tone("green", "wifioff")
            bind(self.offline, "set_words", "OFFLINE")
        else:
            self.offline.set_tone("amber", "link")
            more = f" +{len(names) - 1}" if len(names) > 1 else ""
            bind(self.offline, "set_words", "ARCHIVE {name}", name=names[0][:LONGEST_NAME] + more)
        self.offline.setToolTip(ARCHIVES.words())
        self.fetch.setVisible(bool(names))

    def _fetch(self) -> None:
        from ui.pacs.fetch import open_fetch

        open_fetch(self.window())

    def sizeHint(self) -> QSize:
        """Wide."""
        return QSize(1000, 40)

    def fit(self, width: int) -> None:
        """What gives way as the window narrows; the badges never do."""
        roomy = width > 1300
        self.name.setVisible(roomy)
        self.search.setVisible(roomy)
        self.search.setFixedWidth(248 if width >= 1600 else 190)
        self.search_icon.setVisible(not roomy)
        self.theme.setVisible(roomy)
        self.lock.setVisible(roomy)
        self.lock_icon.setVisible(not roomy)
