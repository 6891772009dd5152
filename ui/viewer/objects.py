"""What lies beside the pictures of a study: segment outlines over them, and reports as a readable tree."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QDialog, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from core.imaging.segmentation import Segmentation, read_segmentation
from core.imaging.sr_tree import SrLine
from ui.viewer.texts import text
from ui.viewer.transform import Transform

FILL = 0.22
Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Region:
    """One segment on one image: its outlines in pixels."""

    label: str
    colour: tuple[int, int, int]
    outlines: tuple[Outline, ...]


Regions = dict[tuple[str, int], tuple[Region, ...]]


def regions_of(path: str) -> Regions:
    """Outlines of a segmentation file by (SOP instance UID, frame). Raises `Unreadable`. Runs in the background."""
    return outlined(read_segmentation(path))


def outlined(found: Segmentation) -> Regions:
    """Masks as outlines, half a pixel outside the outermost pixel centres."""
    import cv2

    segments = {s.number: s for s in found.segments}
    regions: Regions = {}
    for key, masks in found.masks.items():
        made = []
        for number, mask in masks:
            contours, _ = cv2.findContours(mask.astype("uint8"), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            outlines = tuple(tuple((float(x), float(y)) for x, y in c[:, 0]) for c in contours if len(c) > 2)
            segment = segments.get(number)
            label, colour = (segment.label, segment.colour) if segment else (str(number), (255, 196, 0))
            made.append(Region(label, colour, outlines))
        regions[key] = tuple(made)
    return regions


def paint_regions(painter: QPainter, regions: tuple[Region, ...], place: Transform, opacity: float) -> None:
    """Filled outlines; holes stay open (odd-even rule)."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for region in regions:
        line, fill = QColor(*region.colour), QColor(*region.colour)
        fill.setAlphaF(min(1.0, FILL * opacity / 0.55))
        painter.setPen(QPen(line, 1.4))
        painter.setBrush(fill)
        for outline in region.outlines:
            shape = QPolygonF([QPointF(*place.to_screen(p)) for p in outline])
            painter.drawPolygon(shape, Qt.FillRule.OddEvenFill)
    painter.restore()


class ReportDialog(QDialog):
    """A structured report as a tree of concept and value."""

    def __init__(self, title: str, lines: tuple[SrLine, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(620, 560)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels([text("Concept"), text("Value")])
        self.tree.setColumnWidth(0, 300)
        self._fill(lines)
        self.tree.expandAll()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tree)

    def _fill(self, lines: tuple[SrLine, ...]) -> None:
        branch: list[QTreeWidgetItem] = []
        for line in lines:
            item = QTreeWidgetItem([line.concept or line.kind.lower(), line.value])
            item.setToolTip(1, line.value)
            del branch[line.depth :]
            if branch:
                branch[-1].addChild(item)
            else:
                self.tree.addTopLevelItem(item)
            branch.append(item)
