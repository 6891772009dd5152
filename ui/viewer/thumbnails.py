"""The strip of series below the image: one tile each, prior studies marked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QDrag, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QScrollArea, QWidget

from ui.theme.theme import color, surface
from ui.viewer.texts import text
from ui.viewer.viewport import SERIES_MIME
from ui.widgets import paint

TILE_WIDTH, PICTURE_HEIGHT, CAPTION_HEIGHT = 114, 62, 19


@dataclass(frozen=True, slots=True)
class Entry:
    """One tile. `badge` is "", "φ" or "prior"; `pixels` grey (h, w) or RGB (h, w, 3), None until decoded."""

    key: str
    caption: str
    count: int
    badge: str = ""
    pixels: NDArray[np.uint8] | None = None


class Tile(QWidget):
    """One series; click shows it, drag takes it to a viewport."""

    chosen = Signal(str)

    def __init__(self, entry: Entry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry, self.selected = entry, False
        self._pressed: QPoint | None = None
        self.setFixedSize(TILE_WIDTH, PICTURE_HEIGHT + CAPTION_HEIGHT)
        self.setAccessibleName(f"{entry.caption}, {entry.count}")
        self.setToolTip(entry.caption)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Picture, badge, caption, count."""
        painter = QPainter(self)
        painter.fillRect(QRect(0, 0, TILE_WIDTH, PICTURE_HEIGHT), color("bg.viewer"))
        painter.fillRect(QRect(0, PICTURE_HEIGHT, TILE_WIDTH, CAPTION_HEIGHT), color("bg.raised"))
        if self.entry.pixels is not None:
            self._paint_picture(painter, self.entry.pixels)
        if self.entry.badge:
            words = text(self.entry.badge)
            rect = QRect(4, 4, paint.width(words, 11) + 9, 16)
            paint.box(painter, QRectF(rect), "info.tint", "info.line", radius=3)
            paint.text(painter, rect, words, "info", px=11, align=paint.CENTRE)
        area = QRect(6, PICTURE_HEIGHT, TILE_WIDTH - 34, CAPTION_HEIGHT)
        paint.text(painter, area, self.entry.caption, "text.1" if self.selected else "text.2", px=11)
        area = QRect(TILE_WIDTH - 32, PICTURE_HEIGHT, 26, CAPTION_HEIGHT)
        paint.text(painter, area, str(self.entry.count), "text.3", px=11, align=paint.RIGHT)
        line = "accent" if self.selected else "line.subtle"
        paint.box(painter, QRectF(self.rect()), None, line, radius=3)
        if self.selected:
            paint.box(painter, QRectF(self.rect()).adjusted(1, 1, -1, -1), None, line, radius=2)

    def _paint_picture(self, painter: QPainter, pixels: NDArray[np.uint8]) -> None:
        height, width = pixels.shape[:2]
        form = QImage.Format.Format_RGB888 if pixels.ndim == 3 else QImage.Format.Format_Grayscale8
        image = QImage(pixels.data, width, height, pixels.strides[0], form)
        scale = max(TILE_WIDTH / width, PICTURE_HEIGHT / height)
        part = QRectF(0, 0, TILE_WIDTH / scale, PICTURE_HEIGHT / scale)
        part.moveCenter(QRectF(0, 0, width, height).center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(0, 0, TILE_WIDTH, PICTURE_HEIGHT), image, part)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where, to tell a click from a drag."""
        self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the series."""
        if self._pressed is None:
            return
        if (event.position().toPoint() - self._pressed).manhattanLength() < QApplication.startDragDistance():
            return
        self._pressed = None
        data = QMimeData()
        data.setData(SERIES_MIME, self.entry.key.encode())
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.setPixmap(self.grab())
        drag.exec(Qt.DropAction.CopyAction)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """A click shows the series."""
        if self._pressed is not None:
            self._pressed = None
            self.chosen.emit(self.entry.key)


class Strip(QScrollArea):
    """All tiles in a row."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles: dict[str, Tile] = {}
        self._inner = QWidget()
        surface(self._inner, "panel")
        self._row = QHBoxLayout(self._inner)
        self._row.setContentsMargins(10, 9, 10, 9)
        self._row.setSpacing(9)
        self._row.addStretch(1)
        self.setWidget(self._inner)
        self.setWidgetResizable(True)
        self.setFixedHeight(PICTURE_HEIGHT + CAPTION_HEIGHT + 20)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(text("Image series"))

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Replace all tiles."""
        for tile in self._tiles.values():
            self._row.removeWidget(tile)
            tile.deleteLater()
        self._tiles = {}
        for entry in entries:
            tile = Tile(entry)
            tile.chosen.connect(self.chosen)
            self._row.insertWidget(len(self._tiles), tile)
            self._tiles[entry.key] = tile

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """The small pictures at hand, by key."""
        return {key: tile.entry.pixels for key, tile in self._tiles.items() if tile.entry.pixels is not None}

    def set_picture(self, key: str, pixels: NDArray[np.uint8]) -> None:
        """The small picture of a series, once decoded."""
        tile = self._tiles.get(key)
        if tile is not None:
            tile.entry = Entry(
                key, tile.entry.caption, tile.entry.count, tile.entry.badge, np.ascontiguousarray(pixels)
            )
            tile.update()

    def set_badge(self, key: str, badge: str) -> None:
        """Mark or unmark a tile."""
        tile = self._tiles.get(key)
        if tile is not None and tile.entry.badge != badge:
            tile.entry = Entry(key, tile.entry.caption, tile.entry.count, badge, tile.entry.pixels)
            tile.update()

    def select(self, keys: Sequence[str]) -> None:
        """Mark the series that are shown."""
        for key, tile in self._tiles.items():
            tile.selected = key in keys
            tile.update()
        if keys and keys[0] in self._tiles:
            self.ensureWidgetVisible(self._tiles[keys[0]])
