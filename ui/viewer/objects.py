"""What lies beside the pictures of a study: segment outlines over them, and reports as a readable tree."""

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QDialog, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from core.errors import Unreadable
from core.imaging.outlines import on_series, read_outlines
from core.imaging.segmentation import COLOURS, Segmentation, read_segmentation
from core.imaging.sr_tree import SrLine
from core.imaging.types import Series
from ui.viewer.texts import text
from ui.viewer.transform import Transform

FILL = 0.4
Outline = tuple[tuple[float, float], ...]


class RegionMode(StrEnum):
    """How structures are drawn."""

    OFF = "off"
    FILL = "fill"
    CONTOUR = "contour"


@dataclass(frozen=True, slots=True)
class RegionLook:
    """How structures are drawn, and the names of those that are hidden."""

    mode: RegionMode = RegionMode.FILL
    opacity: float = 0.55
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Region:
    """One segment or structure on one image: its outlines in pixels. Open outlines are lines, single points crosses."""

    label: str
    colour: tuple[int, int, int]
    outlines: tuple[Outline, ...]
    closed: bool = True


Regions = dict[tuple[str, int], tuple[Region, ...]]


def regions_of(path: str) -> Regions:
    """Outlines of a segmentation file by (SOP instance UID, frame). Raises `Unreadable`. Runs in the background."""
    return outlined(read_segmentation(path))


def structures_of(path: str, series: tuple[Series, ...]) -> Regions:
    """Outlines of an RT structure set on the series at hand. Raises `Unreadable`. Runs in the background."""
    structures = read_outlines(path)
    numbers = {s.number: place for place, s in enumerate(structures)}
    regions: Regions = {}
    for one in series:
        for key, drawn in on_series(structures, one).items():
            made = [
                Region(
                    d.structure.name or str(d.structure.number),
                    d.structure.colour or COLOURS[numbers[d.structure.number] % len(COLOURS)],
                    (tuple((float(x), float(y)) for x, y in d.points),),
                    d.closed,
                )
                for d in drawn
            ]
            regions[key] = (*regions.get(key, ()), *made)
    if not regions:
        raise Unreadable("The structure set's contours lie on none of the images at hand.")
    return regions


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


def paint_regions(painter: QPainter, regions: tuple[Region, ...], place: Transform, look: RegionLook) -> None:
    """Outlines, filled where asked; holes stay open (odd-even rule)."""
    if look.mode is RegionMode.OFF:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for region in regions:
        if region.label in look.hidden:
            continue
        path = QPainterPath()
        path.setFillRule(Qt.FillRule.OddEvenFill)
        for outline in region.outlines:
            _add(path, [QPointF(*place.to_screen(p)) for p in outline], closed=region.closed)
        line, fill = QColor(*region.colour), QColor(*region.colour)
        line.setAlphaF(min(1.0, look.opacity + 0.35))
        fill.setAlphaF(FILL * look.opacity)
        if look.mode is RegionMode.FILL and region.closed:
            painter.fillPath(path, fill)
        painter.strokePath(path, QPen(line, 1.6))
    painter.restore()


def _add(path: QPainterPath, points: list[QPointF], *, closed: bool) -> None:
    if len(points) == 1:
        p = points[0]
        for arm in (QPointF(5, 0), QPointF(0, 5)):
            path.moveTo(p - arm)
            path.lineTo(p + arm)
        return
    path.addPolygon(QPolygonF(points))
    if closed:
        path.closeSubpath()


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
