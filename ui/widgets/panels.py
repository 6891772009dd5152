"""Panel headers, collapsible sections, segmented controls, message strips and the empty / loading / error panels."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ui.theme import icons
from ui.theme.theme import restyle
from ui.translate import bind
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.layout import band, column, row
from ui.widgets.text import Elided, fixed, label


class Icon(QWidget):
    """An icon by itself."""

    def __init__(self, name: str, tone: str = "text.2", size: int = 16) -> None:
        super().__init__()
        self.name, self.tone, self._size = name, tone, size
        self.setFixedSize(size, size)

    def show_icon(self, name: str, tone: str) -> None:
        """Another icon or tone."""
        self.name, self.tone = name, tone
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        icons.draw(QPainter(self), self.name, self.tone, 0, 0, self._size)


class PanelHeader(QFrame):
    """Title, secondary text, and whatever stands at the right. Height 34."""

    def __init__(self, title: str, *right: QWidget, height: int = 34) -> None:
        super().__init__()
        self.title = fixed(title, "strong")
        self.note = Elided("", "text.3", 12)
        self.note.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setLayout(row(self.title, self.note, *right, margins=(12, 0, 12, 0)))
        self.setProperty("band", "bottom")
        self.setFixedHeight(height)
        self.right = right

    def set_note(self, words: str) -> None:
        """The grey text after the title."""
        self.note.set_words(words)


class SectionHead(QToolButton):
    """The header of a collapsible section: chevron, title, count."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setChecked(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(30)
        self._count = ""
        self._title = ""
        bind(self, "set_title", title)

    def set_title(self, title: str) -> None:
        """Title in the language in use."""
        self._title = title
        self.setAccessibleName(f"{title} {self._count}".strip())
        self.update()

    def set_count(self, words: str) -> None:
        """The grey text after the title."""
        self._count = words
        self.set_title(self._title)

    def sizeHint(self) -> QSize:
        """Full width."""
        return QSize(120, 30)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        icons.draw(painter, "chevd" if self.isChecked() else "chevr", "text.3", 12, 8, 14)
        area = self.rect().adjusted(34, 0, 0, 0)
        used = paint.text(painter, area, self._title, px=13, weight=600)
        paint.text(painter, area.adjusted(used + 7, 0, 0, 0), self._count, "text.3", px=12)
        if self.hasFocus():
            paint.focus_ring(painter, self.rect())


class Section(QWidget):
    """A collapsible part of the record column."""

    def __init__(self, title: str, content: QWidget, *right: QWidget) -> None:
        super().__init__()
        self.head = SectionHead(title)
        self.content = content
        head = band(row(self.head, *right, gap=4, margins=(0, 0, 12, 0)), 31)
        self.setLayout(column(head, content, gap=0))
        self.head.toggled.connect(content.setVisible)


class SegmentButton(QToolButton):
    """One choice; never narrower than its words."""

    def sizeHint(self) -> QSize:
        """The words and some room."""
        return QSize(paint.width(self.text(), 13, 500) + 22, 26)

    def minimumSizeHint(self) -> QSize:
        """The same."""
        return self.sizeHint()


class Segmented(QWidget):
    """A row of exclusive choices; `items` are (value, English text). `translate` off for data such as names."""

    chosen = Signal(str)

    def __init__(
        self, items: tuple[tuple[str, str], ...], value: str = "", *, small: bool = True, translate: bool = True
    ) -> None:
        super().__init__()
        self._layout = QHBoxLayout(self)
        self._layout.setSpacing(0)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._group = QButtonGroup(self)
        self._small, self._translate = small, translate
        self._buttons: dict[str, QToolButton] = {}
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_items(items, value)

    def set_items(self, items: tuple[tuple[str, str], ...], value: str = "") -> None:
        """Replace the choices."""
        for old in self._buttons.values():
            self._group.removeButton(old)
            self._layout.removeWidget(old)
            old.hide()
            old.setParent(None)
            old.deleteLater()
        self._buttons = {key: self._button(key, words) for key, words in items}
        self.set_value(value or (items[0][0] if items else ""))

    def _button(self, key: str, words: str) -> QToolButton:
        made = SegmentButton()
        made.setCheckable(True)
        made.setProperty("seg", "true")
        made.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if self._translate:
            bind(made, "setText", words)
        else:
            made.setText(words)
        made.clicked.connect(lambda _checked=False: self.chosen.emit(key))
        self._group.addButton(made)
        self._layout.addWidget(made)
        return made

    def value(self) -> str:
        """The chosen value."""
        return next((key for key, made in self._buttons.items() if made.isChecked()), "")

    def set_value(self, value: str) -> None:
        """Choose without emitting."""
        if value in self._buttons:
            self._buttons[value].setChecked(True)


class Strip(QFrame):
    """A one-line coloured strip with an optional action: stale results, messages, red flags."""

    def __init__(self, tone: str = "amber", icon: str = "alert") -> None:
        super().__init__()
        self.icon = Icon(icon, tone)
        self.words = label("", "dense", wrap=True)
        self.words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.actions = QHBoxLayout()
        self.actions.setSpacing(6)
        self.setLayout(row(self.icon, self.words, self.actions, margins=(10, 6, 10, 6)))
        self.setProperty("alert", tone)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def show_words(self, words: str, tone: str, icon: str = "alert") -> None:
        """Say something."""
        self.words.setText(words)
        self.setAccessibleName(words)
        self.icon.show_icon(icon, tone)
        restyle(self, alert=tone)


class StatePanel(QWidget):
    """Empty, error, missing: an icon, one line, what to do, one or two actions. Centred."""

    def __init__(self, icon: str, title: str, hint: str = "", *actions: Button, tone: str = "text.3") -> None:
        super().__init__()
        self.icon = Icon(icon, tone, 24)
        self.title = fixed(title, "medium")
        self.hint: QLabel = fixed(hint, "secondary", wrap=True) if hint else label("", "secondary", wrap=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.title.setWordWrap(True)
        holder = QVBoxLayout(self)
        holder.setContentsMargins(20, 16, 20, 16)
        holder.addStretch(1)
        holder.addLayout(row(None, self.icon, None))
        holder.addWidget(self.title)
        holder.addWidget(self.hint)
        self.hint.setVisible(bool(hint))
        if actions:
            holder.addLayout(row(None, *actions, None, gap=6))
        holder.addStretch(1)

    def say(self, title: str, hint: str = "") -> None:
        """Show already translated words."""
        self.title.setText(title)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))


def link(words: str, on_click: Callable[[], object]) -> Button:
    """A text button."""
    return Button(words, kind="link", small=True, on_click=on_click)
