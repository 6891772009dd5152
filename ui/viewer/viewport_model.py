"""The state of one viewport: what is shown, how, and the marks on it. No Qt."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from core.domain.imaging import Measurement
from core.imaging.pixels import Frame
from core.imaging.presentation_state import PresentationState
from core.imaging.window import Table, Window
from ui.viewer.marks import History, complete, evaluated
from ui.viewer.source import Source, aspect_of
from ui.viewer.transform import Pose, Transform, transform

Marks = tuple[Measurement, ...]


class Tool(StrEnum):
    """What the left button does."""

    WINDOW = "window"
    PAN = "pan"
    ZOOM = "zoom"
    SCROLL = "scroll"
    LENGTH = "length"
    ANGLE = "angle"
    ELLIPSE = "ellipse"
    RECTANGLE = "rectangle"
    FREEHAND = "freehand"
    TEXT = "text"
    ARROW = "arrow"
    PROBE = "probe"
    RATIO = "ratio"


class Overlay(StrEnum):
    """How the evidence map is drawn."""

    OFF = "off"
    HEAT = "heat"
    CONTOUR = "contour"


@dataclass(slots=True)
class ViewportModel:
    """One viewport. `window` None means the file's own; `marks` are shared by all viewports of the viewer."""

    marks: History[Marks]
    source: Source | None = None
    index: int = 0
    pose: Pose = field(default_factory=Pose)
    window: Window | Table | None = None
    invert: bool = False
    smooth: bool = True
    colours: str = ""
    """Id of the pseudo-colour table, "" for grey."""
    state: PresentationState | None = None
    """The presentation state that was asked for; in force on the images it names."""
    selected: str = ""
    draft: Measurement | None = None
    crosshair: tuple[float, float] | None = None
    error: str = ""
    _range: tuple[Frame, Window] | None = None

    def frame(self) -> Frame | None:
        """The frame shown, if it is decoded."""
        return self.source.get(self.index) if self.source is not None and not self.error else None

    def show(self, source: Source, index: int = 0) -> None:
        """Show another source from the start."""
        self.source, self.index = source, min(max(index, 0), max(source.count - 1, 0))
        self.pose, self.window, self.invert, self.colours, self.state = Pose(), None, False, "", None
        self.draft, self.selected, self.crosshair, self.error, self._range = None, "", None, "", None

    def go(self, index: int) -> bool:
        """Move to an image; False where it is already shown."""
        if self.source is None:
            return False
        wanted = min(max(index, 0), self.source.count - 1)
        if wanted == self.index:
            return False
        before = self.applied()
        self.index, self.draft, self.error = wanted, None, ""
        if self.state is not None:
            self._pose_by_state(before)
        return True

    def key(self) -> tuple[str, int]:
        """(SOP instance UID, frame) of the shown image."""
        return self.source.object_key(self.index) if self.source is not None and self.source.count else ("", 0)

    def applied(self) -> PresentationState | None:
        """The presentation state in force on the shown image."""
        return self.state if self.state is not None and self.state.names(self.key()) else None

    def apply(self, state: PresentationState | None) -> None:
        """Show images as a presentation state says, or as they are."""
        before, self.state, self.window = self.applied(), state, None
        self._pose_by_state(before)

    def _pose_by_state(self, before: PresentationState | None) -> None:
        """Turn, flip, area and inversion by the state that now holds; nothing where the same one held before."""
        now = self.applied()
        area = now.of(now.areas, self.key()) if now is not None else None
        corners = area.corners if area is not None and not self._whole(area.corners) else None
        if now is before:
            if now is not None:
                self.pose = replace(self.pose, area=corners)
            return
        if now is None:
            self.pose, self.invert = Pose(), False
            return
        zoom = area.magnification if area is not None and area.mode == "MAGNIFY" else 0.0
        turned = Pose(zoom=zoom, area=corners, turns=now.turns)
        self.pose = turned.mirrored() if now.flipped else turned
        image = self.frame()
        self.invert = now.inverse != (image is not None and image.inverted)

    def _whole(self, corners: tuple[tuple[float, float], tuple[float, float]]) -> bool:
        """Whether an area is the whole image (to a pixel)."""
        if self.source is None:
            return True
        instance = self.source.instance(self.index)
        whole = ((-0.5, -0.5), (instance.columns - 0.5, instance.rows - 0.5))
        return all(abs(a - b) <= 1 for p, q in zip(corners, whole, strict=True) for a, b in zip(p, q, strict=True))

    def aspect(self) -> float:
        """Pixel height over width of the shown image."""
        return aspect_of(self.source.spacing(self.index)) if self.source is not None else 1.0

    def transform(self, image: Frame, screen: tuple[int, int]) -> Transform:
        """Where the image's pixels land in a viewport of (width, height)."""
        return transform(self.pose, (image.stored.shape[0], image.stored.shape[1]), self.aspect(), screen)

    def voi(self, image: Frame) -> Window | Table:
        """The window in force."""
        if self.window is not None:
            return self.window
        state = self.applied()
        stated: Window | Table | None = state.of(state.voi, self.key()) if state is not None else None
        if stated is not None:
            return stated
        return image.windows[0] if image.windows else self.full_range(image)

    def full_range(self, image: Frame) -> Window:
        """The image's own range; looked for once a frame, not at every paint."""
        if self._range is None or self._range[0] is not image:
            self._range = image, image.full_range()
        return self._range[1]

    def drag_window(self, image: Frame, right: float, down: float) -> None:
        """Left-right changes the width, up-down the level, in steps of the image's own range."""
        voi = self.voi(image)
        if isinstance(voi, Table):
            voi = self.full_range(image)
        full = self.full_range(image)
        step = max(full.width / 1000, 1e-6)
        self.window = replace(voi, width=max(voi.width + right * step, step), centre=voi.centre + down * step, name="")

    def image_id(self) -> str:
        """Id of the shown image, "" when there is none."""
        return self.source.image_id(self.index) if self.source is not None else ""

    def shown_marks(self) -> Marks:
        """Marks on the shown image, the one being drawn last."""
        here = tuple(m for m in self.marks.now if m.image_id == self.image_id())
        if self.draft is None:
            return here
        return (*(m for m in here if m.id != self.draft.id), self.draft)

    def measured(self, mark: Measurement) -> Measurement:
        """The mark with values from the shown image."""
        if self.source is None:
            return mark
        return evaluated(mark, self.source.get(self.index), self.source.spacing(self.index))

    def keep(self, mark: Measurement) -> bool:
        """Add the mark, or put it in place of the one with its id. False when it is not complete."""
        self.draft = None
        if not complete(mark):
            return False
        mark = self.measured(mark)
        others = tuple(m for m in self.marks.now if m.id != mark.id)
        self.marks.change((*others, mark))
        self.selected = mark.id
        return True

    def remove_selected(self) -> bool:
        """Remove the selected mark."""
        left = tuple(m for m in self.marks.now if m.id != self.selected)
        if len(left) == len(self.marks.now):
            return False
        self.marks.change(left)
        self.selected = ""
        return True

    def orientation(self) -> tuple[str, str, str, str] | None:
        """Patient directions at the (left, top, right, bottom) edge; None where the plane is not stated."""
        plane = self.source.plane(self.index) if self.source is not None else None
        if plane is None:
            return None
        along = {(1, 0): plane.row, (-1, 0): _minus(plane.row), (0, 1): plane.column, (0, -1): _minus(plane.column)}
        linear = transform(Pose(1.0, (0, 0), self.pose.turns, self.pose.flipped), (1, 1), 1.0, (1, 1)).matrix[:, :2]
        edges = []
        for screen in ((-1, 0), (0, -1), (1, 0), (0, 1)):
            image = (round(float(linear[:, 0] @ screen)), round(float(linear[:, 1] @ screen)))
            edges.append(_letters(along[image]))
        return edges[0], edges[1], edges[2], edges[3]


def _minus(v: tuple[float, float, float]) -> tuple[float, float, float]:
    return -v[0], -v[1], -v[2]


def _letters(direction: tuple[float, float, float]) -> str:
    """L/R, P/A, H/F by descending share (PS3.3 C.7.6.1.1.1); shares below 0.3 are left out."""
    names = (("L", "R"), ("P", "A"), ("H", "F"))
    parts = sorted(((abs(d), names[i][0 if d > 0 else 1]) for i, d in enumerate(direction)), reverse=True)
    return "".join(letter for share, letter in parts if share > 0.3)
