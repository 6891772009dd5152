"""Icons: one SVG each, recoloured by replacing `currentColor`, stroke 1.5 px at any size."""

import re
from functools import cache, lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from core.paths import RESOURCES
from ui.theme.theme import color

STROKE_PX = 1.5
VIEW_BOX = 24


@cache
def _svg(name: str) -> str:
    return (RESOURCES / "icons" / f"{name}.svg").read_text("utf-8")


@lru_cache(maxsize=2048)
def _pixmap(name: str, rgba: int, size: int, ratio: float) -> QPixmap:
    shade = QColor.fromRgba(rgba)
    svg = _svg(name).replace("currentColor", shade.name())
    svg = re.sub(r'stroke-width="[\d.]+"', f'stroke-width="{STROKE_PX * VIEW_BOX / size:.3f}"', svg)
    made = QPixmap(round(size * ratio), round(size * ratio))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setOpacity(shade.alphaF())
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, made.width(), made.height()))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


def pixmap(name: str, token: str | QColor, size: int = 16, ratio: float = 1.0) -> QPixmap:
    """The icon in a token's colour, `size` logical pixels wide."""
    shade = color(token) if isinstance(token, str) else token
    return _pixmap(name, shade.rgba(), size, ratio)


def draw(painter: QPainter, name: str, token: str | QColor, x: float, y: float, size: int = 16) -> None:
    """Paint the icon with its top left corner at (x, y)."""
    ratio = painter.device().devicePixelRatioF()
    painter.drawPixmap(round(x), round(y), pixmap(name, token, size, ratio))


def icon(name: str, token: str = "text.2", size: int = 16) -> QIcon:
    """A QIcon for places that take nothing else (menus, window)."""
    return QIcon(pixmap(name, token, size, 2.0))
