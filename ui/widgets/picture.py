"""A picture that fills its room, cropped to it; black where there is none."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ui.theme.theme import color


class Picture(QWidget):
    """Shows a QImage; `fit` keeps the whole picture, otherwise it is cropped."""

    def __init__(self, height: int = 0, *, fit: bool = False) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._fit = fit
        if height:
            self.setFixedHeight(height)

    def show_image(self, image: QImage | None) -> None:
        """Replace the picture."""
        self._image = image
        self.setVisible(image is not None)
        self.update()

    def sizeHint(self) -> QSize:
        """Wide."""
        return QSize(200, 160)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("bg.viewer"))
        if self._image is None or self._image.isNull():
            return
        mode = Qt.AspectRatioMode.KeepAspectRatio if self._fit else Qt.AspectRatioMode.KeepAspectRatioByExpanding
        size = self._image.size().scaled(self.size(), mode)
        area = QRectF(0, 0, size.width(), size.height())
        area.moveCenter(QRectF(self.rect()).center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(area, self._image)
