"""Mouse work on a viewport: window, pan, zoom, scroll, and drawing and moving marks. No Qt types beyond points."""

from dataclasses import dataclass, replace

from core.domain.imaging import Measurement
from core.imaging.pixels import Frame
from ui.viewer.marks import POINTS, nearest, new_mark
from ui.viewer.transform import Point, Transform, zoomed_at
from ui.viewer.viewport_model import Tool, ViewportModel

REACH_PX = 9.0
SCROLL_PX = 12.0
_MARK_TOOLS = frozenset(
    (
        Tool.LENGTH,
        Tool.ANGLE,
        Tool.ELLIPSE,
        Tool.RECTANGLE,
        Tool.FREEHAND,
        Tool.TEXT,
        Tool.ARROW,
        Tool.PROBE,
        Tool.RATIO,
    )
)


@dataclass(slots=True)
class Drag:
    """One press of a button until its release."""

    how: str
    start: Point
    last: Point
    point: int = -1
    moved: bool = False
    rest: float = 0.0
    original: Measurement | None = None


class Interaction:
    """Turns presses, moves and releases (screen pixels) into changes of a viewport's model."""

    def __init__(self, model: ViewportModel) -> None:
        self.model = model
        self.tool = Tool.WINDOW
        self.drag: Drag | None = None

    def press(self, at: Point, how: str, image: Frame, place: Transform) -> str:
        """Begin a drag: "tool" for the active tool, else pan, zoom, window or scroll; "" does nothing.

        Returns "text" where a text is to be asked for, else "".
        """
        if how != "tool":
            self.drag = Drag(how, at, at) if how else None
            return ""
        if self.model.draft is not None:
            self._next_point(at, place)
            return ""
        hit = nearest(self.model.shown_marks(), place.to_image(at), REACH_PX / place.scale)
        if hit is not None and (self.tool in _MARK_TOOLS or hit[1] >= 0):
            self.model.selected = hit[0].id
            self.drag = Drag("mark", at, at, hit[1], original=hit[0])
            return ""
        self.model.selected = ""
        return self._begin(at, image, place)

    def _begin(self, at: Point, image: Frame, place: Transform) -> str:
        if self.tool not in _MARK_TOOLS:
            self.drag = Drag(self.tool.value, at, at)
            return ""
        where = place.to_image(at)
        if not _inside(where, image):
            return ""
        if self.tool is Tool.PROBE:
            self.model.keep(new_mark("probe", self.model.image_id(), (where,)))
            return ""
        if self.tool is Tool.TEXT:
            self.model.draft = new_mark("text", self.model.image_id(), (where,))
            return "text"
        points = (where,) if self.tool is Tool.FREEHAND else (where, where)
        self.model.draft = new_mark(self.tool.value, self.model.image_id(), points)
        self.drag = Drag("draw", at, at, len(points) - 1)
        return ""

    def _next_point(self, at: Point, place: Transform) -> None:
        """A further press while a mark of several parts is open: its next leg begins."""
        draft = self.model.draft
        assert draft is not None
        where = place.to_image(at)
        if draft.kind == "ratio" and len(draft.points) == 2:
            self.model.draft = replace(draft, points=(*draft.points, where, where))
            self.drag = Drag("draw", at, at, 3)
        elif draft.kind == "angle":
            self.drag = Drag("draw", at, at, 2)

    def move(self, at: Point, image: Frame, place: Transform, screen: tuple[int, int]) -> int:
        """Go on with the drag. Returns images to scroll by."""
        drag = self.drag
        if drag is None:
            self._hover(at, place)
            return 0
        dx, dy = at[0] - drag.last[0], at[1] - drag.last[1]
        drag.last = at
        drag.moved = drag.moved or abs(at[0] - drag.start[0]) + abs(at[1] - drag.start[1]) > 3
        model = self.model
        if drag.how == "window":
            model.drag_window(image, dx, dy)
        elif drag.how == "pan":
            model.pose = replace(
                model.pose, zoom=model.pose.zoom or place.scale, pan=(model.pose.pan[0] + dx, model.pose.pan[1] + dy)
            )
        elif drag.how == "zoom" and drag.moved:
            size = (image.stored.shape[0], image.stored.shape[1])
            model.pose = zoomed_at(model.pose, 1.01**-dy, drag.start, size, model.aspect(), screen)
        elif drag.how == "scroll":
            drag.rest += dy
            steps = int(drag.rest / SCROLL_PX)
            drag.rest -= steps * SCROLL_PX
            return steps
        elif drag.how == "draw":
            self._draw(at, place)
        elif drag.how == "mark" and drag.moved:
            self._shift(drag, at, place)
        return 0

    def _hover(self, at: Point, place: Transform) -> None:
        """An open angle's last leg follows the pointer."""
        draft = self.model.draft
        if draft is not None and draft.kind == "angle" and len(draft.points) == 3:
            self.model.draft = self.model.measured(replace(draft, points=(*draft.points[:2], place.to_image(at))))

    def _draw(self, at: Point, place: Transform) -> None:
        draft, drag = self.model.draft, self.drag
        if draft is None or drag is None:
            return
        where = place.to_image(at)
        if draft.kind == "freehand":
            self.model.draft = replace(draft, points=(*draft.points, where))
            return
        points = list(draft.points)
        if draft.kind == "ratio":
            where = (where[0], points[drag.point - 1][1])
        points[drag.point] = where
        draft = replace(draft, points=tuple(points))
        self.model.draft = self.model.measured(draft) if len(points) == POINTS[draft.kind] else draft

    def _shift(self, drag: Drag, at: Point, place: Transform) -> None:
        assert drag.original is not None
        a, b = place.to_image(drag.start), place.to_image(at)
        dx, dy = b[0] - a[0], b[1] - a[1]
        points = [
            (x + dx, y + dy) if drag.point in {-1, i} else (x, y) for i, (x, y) in enumerate(drag.original.points)
        ]
        if drag.original.kind == "ratio" and drag.point >= 0:
            partner = drag.point ^ 1
            points[partner] = (points[partner][0], points[drag.point][1])
        self.model.draft = self.model.measured(replace(drag.original, points=tuple(points)))

    def release(self) -> bool:
        """End the drag. True when marks changed."""
        drag, self.drag = self.drag, None
        draft = self.model.draft
        if drag is None or draft is None:
            return False
        if drag.how == "mark":
            return self.model.keep(draft)
        if drag.how != "draw":
            return False
        if draft.kind == "angle" and len(draft.points) == 2:
            if not drag.moved:
                self.model.draft = None
                return False
            self.model.draft = replace(draft, points=(*draft.points, draft.points[1]))
            return False
        if draft.kind == "ratio" and len(draft.points) == 2:
            if not drag.moved:
                self.model.draft = None
            return False
        return self.model.keep(draft)

    def cancel(self) -> bool:
        """Give up the mark being drawn."""
        had = self.model.draft is not None
        self.model.draft, self.drag = None, None
        return had


def _inside(point: Point, image: Frame) -> bool:
    rows, columns = image.stored.shape[:2]
    return -0.5 <= point[0] <= columns - 0.5 and -0.5 <= point[1] <= rows - 0.5
