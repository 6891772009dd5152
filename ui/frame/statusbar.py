"""The status bar: facts about this machine at the left, the decision-support line, time of saving and user."""

from dataclasses import dataclass

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ui.pacs.state import ARCHIVES
from ui.theme import icons
from ui.theme.theme import color, surface
from ui.translate import LANGUAGE, tr
from ui.widgets import paint


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: icon, words, and their short form for narrow windows."""

    icon: str
    words: str
    short: str = ""
    tone: str = "text.2"


def network_fact() -> Fact:
    """Offline, or the archives the program may connect to."""
    on = bool(ARCHIVES.names)
    return Fact("link" if on else "wifioff", ARCHIVES.words(), ARCHIVES.short(), "amber" if on else "text.2")


class StatusBar(QWidget):
    """24 px, painted. The decision-support line can't be hidden."""

    def __init__(self) -> None:
        super().__init__()
        surface(self, "app")
        self.setFixedHeight(24)
        self._facts: tuple[Fact, ...] = ()
        self._saved = ""
        self._user = ""
        LANGUAGE.changed.connect(self.update)
        ARCHIVES.changed.connect(self._show_network)

    def show_facts(self, facts: tuple[Fact, ...]) -> None:
        """Replace the facts at the left."""
        self._facts = facts
        self.setAccessibleName("; ".join(fact.words for fact in facts))
        self.update()

    def _show_network(self) -> None:
        fact = network_fact()
        self.show_facts(tuple(fact if f.icon in ("link", "wifioff") else f for f in self._facts))

    def show_saved(self, time: str) -> None:
        """The clock time of the last save."""
        self._saved = time
        self.update()

    def show_user(self, name: str) -> None:
        """Who works here."""
        self._user = name
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("bg.app"))
        painter.fillRect(0, 0, self.width(), 1, color("line.subtle"))
        left = self._paint_right(painter)
        x = 12
        for fact in self._facts:
            words = fact.words if self.width() >= 1440 else fact.short or fact.words
            wide = paint.width(words, 11) + 20
            if x + wide > left - 20:
                break
            icons.draw(painter, fact.icon, "green" if fact.tone == "green" else "text.2", x, 5, 14)
            paint.text(painter, QRect(x + 20, 0, wide, 24), words, fact.tone, px=11)
            x += wide + 12
            painter.fillRect(x, 6, 1, 12, color("line.subtle"))
            x += 12

    def _paint_right(self, painter: QPainter) -> int:
        x = self.width() - 12
        parts = [(self._user, "person", "text.2")] if self._user else []
        if self._saved and self.width() >= 1440:
            parts.append((tr("Saved {time}", time=self._saved), "", "text.2"))
        parts.append((tr("Decision support only. The clinician decides."), "", "text.2"))
        for i, (words, icon, tone) in enumerate(parts):
            if i:
                painter.fillRect(x, 6, 1, 12, color("line.subtle"))
                x -= 12
            wide = paint.width(words, 11) + 2
            x -= wide
            paint.text(painter, QRect(x, 0, wide, 24), words, tone, px=11)
            if icon:
                x -= 20
                icons.draw(painter, icon, "text.2", x, 5, 14)
            x -= 12
        return x
