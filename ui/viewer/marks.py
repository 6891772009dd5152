"""Marks on images: kinds, how many points each takes, values, hit test; undo and redo. No Qt."""

import math
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from core.domain.basics import Quantity
from core.domain.imaging import Measurement
from core.imaging import measure
from core.imaging.pixels import Frame, value_at

Point = tuple[float, float]
T = TypeVar("T")

POINTS = {
    "length": 2,
    "angle": 3,
    "ellipse": 2,
    "rectangle": 2,
    "freehand": 0,
    "ratio": 4,
    "text": 1,
    "arrow": 2,
    "probe": 1,
    "key": -1,
}
"""Points of each kind; 0 means as many as are drawn, -1 that the mark is on the image as a whole."""
KEY = "key"
"""The kind of a mark that says: this is a key image."""
MAX_MARKS = 500
_SHOWN_UNITS = {"[hnsf'U]": "HU", "deg": "°", "mm2": "mm²", "{pixel}": "px", "{pixel}2": "px²", "1": ""}


def new_mark(kind: str, image_id: str, points: Sequence[Point], text: str = "") -> Measurement:
    """A mark without values yet."""
    return Measurement(f"mark:{uuid.uuid4().hex[:12]}", image_id, kind, tuple(points), text=text)


def evaluated(mark: Measurement, image: Frame | None, spacing: measure.Spacing) -> Measurement:
    """The mark with its values computed from the image it lies on."""
    values: measure.Values = ()
    if mark.kind in {"length", "arrow"} and len(mark.points) == 2 and mark.kind == "length":
        values = measure.length(mark.points, spacing)
    elif mark.kind == "angle" and len(mark.points) == 3:
        values = measure.angle(mark.points, spacing)
    elif mark.kind == "ratio" and len(mark.points) == 4:
        values = measure.cardiothoracic(mark.points)
    elif mark.kind in measure.MASKS and image is not None and len(mark.points) >= 2:
        values = measure.region(mark.kind, image, mark.points, spacing)
    elif mark.kind == "probe" and image is not None:
        values = _probe(mark.points[0], image)
    return replace(mark, values=values)


def _probe(point: Point, image: Frame) -> measure.Values:
    value = value_at(image, round(point[0]), round(point[1]))
    if value is None:
        return ()
    if isinstance(value, tuple):
        return tuple((name, Quantity(float(v), "1")) for name, v in zip("RGB", value, strict=True))
    return (("value", Quantity(value, "[hnsf'U]" if image.unit == "HU" else image.unit or "1")),)


def number(quantity: Quantity) -> str:
    """A quantity as shown on the image."""
    unit = _SHOWN_UNITS.get(quantity.unit, quantity.unit)
    digits = f"{quantity.value:.0f}" if unit == "HU" or abs(quantity.value) >= 1000 else f"{quantity.value:.1f}"
    return f"{digits} {unit}".strip() if unit != "°" else f"{digits}°"


def label(mark: Measurement, say: Callable[..., str]) -> tuple[str, ...]:
    """Lines of the plate beside a mark."""
    values = dict(mark.values)
    if mark.kind in {"text", "arrow"}:
        return (mark.text,) if mark.text else ()
    if mark.kind == "ratio":
        ratio = values.get("ratio")
        return (say("Cardiothoracic ratio {value}", value=f"{ratio.value:.2f}"),) if ratio is not None else ()
    if mark.kind in measure.MASKS and "mean" in values:
        mean, sd = number(values["mean"]), f"{values['sd'].value:.1f}"
        spread = f"{values['min'].value:.0f} – {values['max'].value:.0f}"
        return f"{mean} ± {sd}", f"{spread} · {number(values['area'])}"
    return tuple(number(q) for q in values.values())


def complete(mark: Measurement) -> bool:
    """Whether a mark has all its points and an extent."""
    wanted = POINTS[mark.kind]
    if wanted < 0:
        return True
    if wanted == 0:
        return len(mark.points) >= 3
    if len(mark.points) < wanted:
        return False
    return wanted == 1 or math.dist(mark.points[0], mark.points[1]) > 0.5


def nearest(marks: Sequence[Measurement], at: Point, reach: float) -> tuple[Measurement, int] | None:
    """The mark and point index within `reach` image pixels of `at`; index -1 for the body of a mark."""
    best: tuple[float, Measurement, int] | None = None
    for mark in marks:
        for index, point in enumerate(mark.points):
            distance = math.dist(point, at)
            if distance <= reach and (best is None or distance < best[0]):
                best = (distance, mark, index)
    if best is not None:
        return best[1], best[2]
    for mark in marks:
        if any(_to_segment(at, a, b) <= reach for a, b in _edges(mark)):
            return mark, -1
    return None


def _edges(mark: Measurement) -> list[tuple[Point, Point]]:
    points = list(mark.points)
    if mark.kind in {"ellipse", "rectangle"} and len(points) == 2:
        (x0, y0), (x1, y1) = points
        points = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    elif mark.kind == "freehand":
        points.append(points[0])
    elif mark.kind == "ratio" and len(points) == 4:
        return [(points[0], points[1]), (points[2], points[3])]
    return list(zip(points, points[1:], strict=False))


def _to_segment(p: Point, a: Point, b: Point) -> float:
    (ax, ay), (bx, by) = a, b
    length2 = (bx - ax) ** 2 + (by - ay) ** 2
    share = 0.0 if length2 == 0 else min(max(((p[0] - ax) * (bx - ax) + (p[1] - ay) * (by - ay)) / length2, 0), 1)
    return math.dist(p, (ax + share * (bx - ax), ay + share * (by - ay)))


@dataclass(slots=True)
class History(Generic[T]):
    """States that can be undone and redone; `now` is the state in force."""

    now: T
    past: list[T] = field(default_factory=list)
    future: list[T] = field(default_factory=list)
    limit: int = 200

    def change(self, state: T) -> None:
        """A new state; what was undone before is forgotten."""
        if state == self.now:
            return
        self.past.append(self.now)
        del self.past[: -self.limit]
        self.now, self.future = state, []

    def undo(self) -> bool:
        """Back one state; False at the beginning."""
        if not self.past:
            return False
        self.future.append(self.now)
        self.now = self.past.pop()
        return True

    def redo(self) -> bool:
        """Forward one state; False at the end."""
        if not self.future:
            return False
        self.past.append(self.now)
        self.now = self.future.pop()
        return True
