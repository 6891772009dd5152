"""The bars over the images and what they change: evidence map and structures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from core.domain.explanation import ImageExplanation
from ui.translate import LANGUAGE
from ui.viewer.evidence import Evidence
from ui.viewer.evidence_bar import EvidenceBar
from ui.viewer.objects import RegionMode
from ui.viewer.region_bar import RegionBar
from ui.viewer.viewport_model import Overlay

if TYPE_CHECKING:
    from ui.viewer.viewer import Viewer

BLINK_MS = 500


class Overlays:
    """Connects the two bars with the state they show."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.evidence, self.map_bar, self.region_bar = Evidence(), EvidenceBar(), RegionBar()
        self._blinker = QTimer(viewer)
        self._blinker.setInterval(BLINK_MS)
        self._blinker.timeout.connect(lambda: self.hide(not viewer.current.blink))
        self.map_bar.overlayChanged.connect(lambda mode: self.set_mode(Overlay(mode)))
        self.map_bar.opacityChanged.connect(self.set_opacity)
        self.region_bar.modeChanged.connect(lambda mode: self._look(mode=RegionMode(mode)))
        self.region_bar.opacityChanged.connect(lambda share: self._look(opacity=share))
        self.region_bar.hiddenChanged.connect(self._hide_region)
        self.region_bar.blinkChanged.connect(self.set_blinking)

    def show_map(self, explanation: ImageExplanation | None) -> None:
        """The evidence map of an image; shown over that image only. None takes it away."""
        self.evidence.show(explanation)
        self.map_bar.setVisible(explanation is not None)
        self._name_map()
        self.viewer.refresh()

    def _name_map(self) -> None:
        found = self.evidence.explanation
        if found is not None:
            self.map_bar.show_map(self.evidence.title(LANGUAGE.code), found.method)

    def set_mode(self, mode: Overlay) -> None:
        """Of the evidence map."""
        self.evidence.overlay = mode
        self.viewer.refresh()

    def set_opacity(self, opacity: float) -> None:
        """Of the evidence map, 0-1."""
        self.evidence.opacity = min(max(opacity, 0.0), 1.0)
        self.viewer.refresh()

    def show_regions(self) -> None:
        """Structures came or went."""
        regions = self.viewer.shelf.all_regions()
        self.region_bar.show_regions(regions)
        self.region_bar.setVisible(bool(regions))
        self.viewer.refresh()

    def _look(self, **changed: object) -> None:
        self.evidence.regions = replace(self.evidence.regions, **changed)  # type: ignore[arg-type]
        self.viewer.refresh()

    def _hide_region(self, label: str, hidden: bool) -> None:
        self.evidence.hide(label, hidden=hidden)
        self.viewer.refresh()

    def set_blinking(self, on: bool) -> None:
        """Overlays come and go by themselves, or stay."""
        if on:
            self._blinker.start()
        else:
            self._blinker.stop()
            self.hide(False)
        self.region_bar.blink.setChecked(on)

    def blinking(self) -> bool:
        """Whether overlays come and go."""
        return self._blinker.isActive()

    def hide(self, hidden: bool) -> None:
        """The original without overlays, or with them."""
        for view in self.viewer.viewports:
            view.blink = hidden
            view.update()

    def show_state(self) -> None:
        """The bars as the state is."""
        self.map_bar.show_state(self.evidence.overlay, self.evidence.opacity)
        self.region_bar.show_look(self.evidence.regions)

    def retranslate(self) -> None:
        """All words in the language in use."""
        self.map_bar.retranslate()
        self.region_bar.retranslate()
        self._name_map()
