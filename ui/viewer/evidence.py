"""What lies over the images of a case: the evidence map and the structures, and how both are drawn."""

from dataclasses import replace

from core.domain.explanation import ImageExplanation
from ui.theme.theme import color
from ui.viewer.objects import RegionLook, RegionMode
from ui.viewer.overlay import HeatMap, heat_map
from ui.viewer.viewport_model import Overlay


class Evidence:
    """State only; the viewer paints it and the bars show it."""

    def __init__(self) -> None:
        self.explanation: ImageExplanation | None = None
        self.heat: HeatMap | None = None
        self.overlay, self.opacity = Overlay.HEAT, 0.55
        self.regions = RegionLook()

    def show(self, explanation: ImageExplanation | None) -> None:
        """Another map, or none."""
        self.explanation = explanation
        self.colour()

    def colour(self) -> None:
        """The map in the colours of the theme in use."""
        rose, blue = color("shap.pos").getRgb(), color("shap.neg").getRgb()
        found = self.explanation
        self.heat = heat_map(found, rose[:3], blue[:3]) if found is not None else None  # type: ignore[arg-type]

    def title(self, language: str) -> str:
        """What the map's rose end raises."""
        return self.explanation.label.text(language) if self.explanation is not None else ""

    def lies_on(self, image_id: str) -> bool:
        """Whether the map is about an image."""
        return self.explanation is not None and self.explanation.image_id == image_id

    def step_opacity(self, by: float) -> None:
        """Both overlays clearer or fainter."""
        self.opacity = min(max(self.opacity + by, 0.0), 1.0)
        self.regions = replace(self.regions, opacity=min(max(self.regions.opacity + by, 0.0), 1.0))

    def next_mode(self) -> None:
        """Off, heat (fill), contour, in turn, for both overlays."""
        modes = tuple(Overlay)
        self.overlay = modes[(modes.index(self.overlay) + 1) % len(modes)]
        look = {Overlay.OFF: RegionMode.OFF, Overlay.HEAT: RegionMode.FILL, Overlay.CONTOUR: RegionMode.CONTOUR}
        self.regions = replace(self.regions, mode=look[self.overlay])

    def hide(self, label: str, *, hidden: bool) -> None:
        """Hide a structure, or show it again."""
        names = self.regions.hidden | {label} if hidden else self.regions.hidden - {label}
        self.regions = replace(self.regions, hidden=names)
