"""The viewer: tool bar, evidence bar, one to four viewports and the strip of series."""

from collections.abc import Sequence
from functools import partial
from itertools import chain, islice

import numpy as np
from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QImage, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QMenu, QVBoxLayout, QWidget

from core.domain.explanation import ImageExplanation
from core.domain.imaging import ImageRef, Measurement
from core.imaging.cache import DEFAULT_BUDGET, FrameCache
from core.imaging.sr_tree import read_tree
from core.imaging.study import series_of
from core.imaging.types import Series, Study
from core.imaging.volume_types import NotAVolume
from ui.theme.theme import THEME, color, surface
from ui.translate import LANGUAGE
from ui.viewer import actions, cuts, dress, objects
from ui.viewer.marks import History
from ui.viewer.overlay import HeatMap, heat_map
from ui.viewer.presets import hanging, keys, presets
from ui.viewer.shelf import Shelf
from ui.viewer.source import FAR, CutSource, SeriesSource
from ui.viewer.texts import text
from ui.viewer.thumbnails import Strip
from ui.viewer.toolbar import EvidenceBar, ToolBar, fill_menu
from ui.viewer.viewport import Viewport
from ui.viewer.viewport_model import Marks, Overlay, Tool, ViewportModel
from ui.viewer.worker import Decoder

MAX_VIEWPORTS = 4
READ_AHEAD_MS = 60
FEW = 4


class Viewer(QWidget):
    """Shows the images of one case. Holds no clinical logic: it paints and measures.

    `measurementsChanged` and `keyImagesChanged` fire after a change; `imageChanged` carries the id of the shown image.
    """

    measurementsChanged = Signal()
    keyImagesChanged = Signal()
    imageChanged = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, budget_bytes: int = DEFAULT_BUDGET) -> None:
        super().__init__(parent)
        surface(self, "viewer")
        self.cache = FrameCache(budget_bytes)
        self.decoder = Decoder(self.cache, self)
        self.marks: History[Marks] = History(())
        self.key_images: tuple[str, ...] = ()
        self._identity: tuple[str, ...] = ()
        self._synthetic = False
        self.shelf = Shelf()
        self._explanation: ImageExplanation | None = None
        self._heat: HeatMap | None = None
        self._overlay, self._opacity = Overlay.HEAT, 0.55
        self._preset = 1
        self._linked = True
        self._mode = self.layout_before = "1"
        self._wanted: tuple[ImageRef, ...] = ()
        self.tool_bar, self.evidence_bar, self.strip = ToolBar(), EvidenceBar(), Strip()
        self._grid_holder = QWidget()
        surface(self._grid_holder, "viewer")
        self._shown: tuple[Viewport, ...] = ()
        self.viewports = [self._viewport(number) for number in range(MAX_VIEWPORTS)]
        self.current = self.viewports[0]
        self._cine = QTimer(self)
        self._cine.timeout.connect(lambda: actions.cine_step(self))
        self._ahead = QTimer(self)
        self._ahead.setSingleShot(True)
        self._ahead.setInterval(READ_AHEAD_MS)
        self._ahead.timeout.connect(lambda: self._follow(self.current))
        self._build()
        self._connect()
        self.set_tool(Tool.WINDOW.value)
        self.set_layout("1")
        self._refresh()

    # Building

    def _viewport(self, number: int) -> Viewport:
        view = Viewport(ViewportModel(self.marks), self._grid_holder)
        view.activated.connect(partial(self._activate, number))
        view.scrolled.connect(partial(self._scrolled, number))
        view.changed.connect(self._refresh_soon)
        view.marksChanged.connect(self.measurementsChanged)
        view.maximised.connect(lambda: self.act("maximise"))
        view.menuWanted.connect(self._open_menu)
        view.dropped.connect(lambda key, n=number: self._show_in(n, key))
        view.pointed.connect(partial(self.point_at, number))
        return view

    def _build(self) -> None:
        self._grid = QGridLayout(self._grid_holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tool_bar)
        column.addWidget(self.evidence_bar)
        column.addWidget(self._grid_holder, 1)
        column.addWidget(self.strip)
        self.evidence_bar.hide()
        self.strip.hide()
        self.setMinimumWidth(360)
        self.setFocusProxy(self.viewports[0])
        self.setAccessibleName(text("Image viewer"))

    def _connect(self) -> None:
        self.tool_bar.action.connect(self.act)
        self.evidence_bar.overlayChanged.connect(lambda mode: self.set_overlay_mode(Overlay(mode)))
        self.evidence_bar.opacityChanged.connect(self.set_opacity)
        self.strip.chosen.connect(self.show_series)
        self.decoder.ready.connect(self._decoded)
        self.decoder.failed.connect(self._not_decoded)
        LANGUAGE.changed.connect(self._retranslate)
        THEME.changed.connect(self._retheme)
        self._shortcuts: list[QShortcut] = []
        self.use_keys(keys())
        self._refresh_timer = QTimer(self)
        self._refresh_timer.setSingleShot(True)
        self._refresh_timer.setInterval(0)
        self._refresh_timer.timeout.connect(self._refresh)

    def use_keys(self, table: dict[str, str]) -> None:
        """Replace the key map (key sequence -> action); single letters work only while the viewer has the focus."""
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)  # it would make its key ambiguous until it is deleted
            shortcut.deleteLater()
        self._shortcuts = []
        for sequence, action in table.items():
            made = QShortcut(QKeySequence(sequence), self)
            made.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            made.activated.connect(partial(self.act, action))
            made.activatedAmbiguously.connect(partial(self.act, action))  # the window has the key too (Ctrl+Z)
            self._shortcuts.append(made)

    # Public

    def set_identity(self, lines: Sequence[str], synthetic: bool = False) -> None:
        """Who the images are of; stands in every viewport and cannot be hidden."""
        self._identity, self._synthetic = tuple(lines), synthetic
        self._refresh()

    def show_study(self, study: Study | Sequence[Study], *, priors: Sequence[Study] = ()) -> None:
        """Fill the strip with the series of one or several studies, priors after them, and show the first."""
        current = (study,) if isinstance(study, Study) else tuple(study)
        self.clear()
        for group, badge in ((current, ""), (tuple(priors), "prior")):
            for member in group:
                prefix = member.time[:10] if badge else ""
                for series in dress.in_hanging_order(member.series):
                    self.shelf.add(series, prefix, badge)
                for path in self.shelf.add_objects(member, prefix, badge):
                    self.decoder.run(partial(objects.regions_of, path), self._regions_ready)
        self._fill_strip()
        if not self.shelf.series:
            return
        first = next(iter(self.shelf.series.values()))
        rule = hanging(first.modality, first.body_part)
        if rule.layout != "1" and len(self.shelf.series) > 1:
            self.act(f"layout:{rule.layout}")
        self._show_in(0, dress.series_key(first))

    def show_images(self, refs: Sequence[ImageRef]) -> None:
        """Fill the strip with the series the references belong to, and show the first. Failures are shown by name."""
        self.clear()
        self._wanted = tuple(refs)
        if len({ref.path for ref in refs}) <= FEW and not any(dress.in_large_folder(ref) for ref in refs):
            self._images_found(self._wanted, dress.series_of_all(self._wanted))
        else:
            self.decoder.run(partial(dress.series_of_all, self._wanted), partial(self._images_found, self._wanted))

    def _images_found(self, refs: tuple[ImageRef, ...], found: tuple[list[Series], str]) -> None:
        """The series of the references; dropped when other images were asked for meanwhile."""
        if refs != self._wanted:
            return
        series, failure = found
        for one in series:
            self.shelf.add(one, "", "")
        self.shelf.ids |= {(ref.path, ref.frame): ref.id for ref in refs}
        self._fill_strip()
        paths = self.shelf.paths()
        first = next((ref for ref in refs if ref.path in paths), None)
        if first is not None:
            self.show_image(first)
        else:
            self.current.model.error = failure
            self.current.update()

    def show_image(self, ref: ImageRef) -> None:
        """Show the image of a reference in the active viewport."""
        self.shelf.ids[ref.path, ref.frame] = ref.id
        key = self.shelf.paths().get(ref.path)
        if key is None:
            series = series_of(ref)
            key = self.shelf.add(series, "", "")
            self._fill_strip()
        addresses = self.shelf.series[key].addresses()
        index = next((i for i, a in enumerate(addresses) if (a.instance.path, a.frame) == (ref.path, ref.frame)), 0)
        self._show_in(self.viewports.index(self.current), key, index)

    def show_series(self, series: Series | str) -> None:
        """Show a series (or the strip's key of one) in the active viewport."""
        if isinstance(series, str) and series in self.shelf.reports:
            self._open_report(series)
            return
        key = series if isinstance(series, str) else self.shelf.add(series, "", "")
        if not isinstance(series, str):
            self._fill_strip()
        self._show_in(self.viewports.index(self.current), key)

    def clear(self) -> None:
        """Let go of all images (a case was closed)."""
        self._cine.stop()
        self.decoder.follow(iter(()))
        self.cache.clear()
        self.shelf, self._wanted = Shelf(), ()
        self.set_overlay(None)
        for view in self.viewports:
            view.show_nothing()
        self.set_layout("1")
        self._fill_strip()

    def set_overlay(self, explanation: ImageExplanation | None) -> None:
        """The evidence map of an image; shown over that image only. None takes it away."""
        self._explanation = explanation
        self.evidence_bar.setVisible(explanation is not None)
        if explanation is not None:
            self.evidence_bar.show_map(explanation.label.text(LANGUAGE.code), explanation.method)
        self._retheme()

    def set_overlay_mode(self, mode: Overlay) -> None:
        """Off, heat or contour."""
        self._overlay = mode
        self._refresh()

    def set_opacity(self, opacity: float) -> None:
        """Of the evidence map, 0-1."""
        self._opacity = min(max(opacity, 0.0), 1.0)
        self._refresh()

    def overlay_state(self) -> tuple[Overlay, float]:
        """Mode and opacity in force."""
        return self._overlay, self._opacity

    def measurements(self) -> tuple[Measurement, ...]:
        """All marks of the case."""
        return self.marks.now

    def set_measurements(self, measurements: Sequence[Measurement]) -> None:
        """Marks as stored with the case; the history begins anew."""
        self.marks.now, self.marks.past, self.marks.future = tuple(measurements), [], []
        self._refresh()

    def shown_image_id(self) -> str:
        """Id of the image in the active viewport."""
        return self.current.model.image_id()

    def set_language(self, language: str) -> None:
        """Texts again, in the language that `ui.translate` now uses."""
        del language
        self._retranslate()

    def apply_theme(self, tokens: dict[str, str] | None = None) -> None:
        """Colours again, from the theme now in use."""
        del tokens
        self._retheme()

    def picture(self) -> QImage:
        """The active viewport as seen, with identity, for copy and print."""
        return self.current.grab().toImage()

    # Series

    def _regions_ready(self, regions: object) -> None:
        if isinstance(regions, dict):
            for key, found in regions.items():
                self.shelf.regions[key] = (*self.shelf.regions.get(key, ()), *found)
            self._refresh()

    def _open_report(self, path: str) -> None:
        def show(lines: object) -> None:
            if isinstance(lines, tuple):
                objects.ReportDialog(self.shelf.reports.get(path, text("Report")), lines, self).show()

        self.decoder.run(partial(read_tree, path), show)

    def _fill_strip(self) -> None:
        entries = self.shelf.entries()
        self.strip.show_entries(entries)
        self.strip.setVisible(bool(entries))
        for key, series in self.shelf.series.items():
            self.decoder.run(partial(dress.thumbnail, series), partial(self._thumbnail_ready, key))

    def _thumbnail_ready(self, key: str, pixels: object) -> None:
        if isinstance(pixels, np.ndarray):
            self.strip.set_picture(key, pixels)

    def _show_in(self, number: int, key: str, index: int | None = None) -> None:
        series = self.shelf.series.get(key)
        if series is None:
            return
        if self._mode == "mpr":
            self.set_layout("1")
        source = SeriesSource(series, self.cache, self.shelf.ids)
        start = index if index is not None else dress.start_of(series)
        view = self.viewports[number]
        view.linked_crosshair = False
        view.setToolTip("")
        view.show_source(source, start)
        view.warnings = ()
        self.decoder.run(partial(dress.stack_reason, series), partial(self._reason_ready, view, source))
        self._preset = 1
        self._activate(number)
        self._follow(view)
        self.imageChanged.emit(self.shown_image_id())

    def _reason_ready(self, view: Viewport, source: SeriesSource, reason: object) -> None:
        if view.model.source is source and isinstance(reason, NotAVolume):
            view.warnings = (reason.reason,)
            view.update()

    def _follow(self, view: Viewport) -> None:
        """Decode what is on the screen first, then around it, the viewport that moved before the others."""
        views = sorted(self.shown_viewports(), key=lambda v: v is not view)
        shown = [(v.model.source, v.model.index) for v in views]
        stacks = [(source, index) for source, index in shown if isinstance(source, SeriesSource)]
        self.cache.focus(lambda key: min((s.distance(key, i) for s, i in stacks), default=FAR))
        first = [islice(source.plan(index), 1) for source, index in stacks]
        self.decoder.follow(chain(*first, *(source.plan(index) for source, index in stacks)))

    def _decoded(self, key: object) -> None:
        for view in self.viewports:
            source = view.model.source
            if isinstance(source, SeriesSource) and source.count and source.key(view.model.index) == key:
                view.update()
                self._refresh_soon()

    def _not_decoded(self, key: object, reason: str) -> None:
        for view in self.viewports:
            source = view.model.source
            if isinstance(source, SeriesSource) and source.count and source.key(view.model.index) == key:
                view.model.error = reason
                view.update()

    # Volumes

    def show_mpr(self) -> None:
        """Axial, coronal and sagittal cuts of the active series, linked by a crosshair; or say why not."""
        cuts.show(self)

    def point_at(self, number: int, column: float, row: float) -> None:
        """A point of one cut: all cuts go there."""
        cuts.point_at(self, number, column, row)

    # State

    def act(self, action: str) -> None:
        """Do what a key, a button or the menu names."""
        actions.perform(self, action)

    def set_tool(self, tool: str) -> None:
        """Use a tool in all viewports."""
        for view in self.viewports:
            view.interaction.tool = Tool(tool)
            view.interaction.cancel()
            view.setCursor(
                Qt.CursorShape.ArrowCursor if tool in {"window", "pan", "scroll"} else Qt.CursorShape.CrossCursor
            )
        self.tool_bar.show_tool(tool)

    def set_preset(self, key: int) -> None:
        """A numbered window for the active viewport."""
        image = self.current.frame()
        chosen = next((p for p in presets(self._modality()) if p.key == key), None)
        if image is None or chosen is None:
            return
        self._preset = key
        self.current.model.window = None if key == 1 else chosen.window(image)
        self.current.update()
        self._refresh()

    def _modality(self) -> str:
        source = self.current.model.source
        return source.instance(self.current.model.index).modality if source is not None and source.count else ""

    def set_layout(self, mode: str) -> None:
        """ "1", "2", "4" viewports, or "mpr"."""
        self._mode = mode
        count = {"1": 1, "2": 2, "4": 4, "mpr": 3}[mode]
        while self._grid.count():
            self._grid.takeAt(0)
        shown = self.viewports[:count]
        if count == 1:
            shown = [self.current]
        columns = 2 if count > 1 else 1
        self._shown = tuple(shown)
        for view in self.viewports:
            view.setVisible(view in shown)
        for number, view in enumerate(shown):
            self._grid.addWidget(
                view, number // columns, number % columns, 1, 2 if mode == "mpr" and number == 2 else 1
            )
        if self.current not in shown:
            self._activate(0)

    def layout_mode(self) -> str:
        """The layout in force."""
        return self._mode

    def shown_viewports(self) -> tuple[Viewport, ...]:
        """Viewports on the screen."""
        return self._shown

    def toggle_link(self) -> None:
        """Scroll stacks of other viewports along by patient position, or not."""
        self._linked = not self._linked

    def cine(self) -> QTimer:
        """The timer of the cine loop."""
        return self._cine

    def series_keys(self) -> list[str]:
        """Keys of all series in the strip's order."""
        return list(self.shelf.series)

    def show_in(self, view: Viewport, key: str) -> None:
        """Show a series in a viewport."""
        self._show_in(self.viewports.index(view), key)

    def refresh(self) -> None:
        """Bars and plates after a change."""
        self._refresh()

    def _activate(self, number: int) -> None:
        self.current = self.viewports[number]
        self.setFocusProxy(self.current)
        self._refresh_soon()

    def _scrolled(self, number: int, index: int) -> None:
        view = self.viewports[number]
        source = view.model.source
        if isinstance(source, SeriesSource) and source.key(index) not in self.cache and not source.quick(index):
            self._follow(view)
        else:
            # What is at hand is painted first; reading ahead waits for a pause.
            self._ahead.start()
        if self._linked and self._mode in {"2", "4"}:
            actions.follow_position(self, view)
        if isinstance(view.model.source, CutSource) and view.model.crosshair is not None:
            self.point_at(number, *view.model.crosshair)
        self.imageChanged.emit(self.shown_image_id())

    def _refresh_soon(self) -> None:
        if not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def _refresh(self) -> None:
        """Bars and plates after a change; the image itself is painted by its viewport."""
        for view in self._shown:
            self._dress(view)
        modality = self._modality()
        chosen = self._preset if self.current.model.window is None or self._preset != 1 else 0
        state = (modality, chosen, LANGUAGE.code)
        if state != getattr(self, "_shown_presets", None):
            self._shown_presets = state
            self.tool_bar.show_presets(presets(modality), chosen)
        self.evidence_bar.show_state(self._overlay, self._opacity)
        shown = [
            dress.series_key(v.model.source.series)
            for v in self.shown_viewports()
            if isinstance(v.model.source, SeriesSource)
        ]
        self.strip.select(shown)

    def _dress(self, view: Viewport) -> None:
        """Plates and overlay of one viewport."""
        source = view.model.source
        view.active = view is self.current and len(self._shown) > 1
        view.identity = (*self._identity, *dress.image_line(view))
        instance = source.instance(view.model.index) if source is not None and source.count else None
        view.synthetic = self._synthetic or (instance is not None and instance.synthetic)
        view.footer = dress.footer(view, self.series_keys(), self.key_images)
        here = self._explanation is not None and self._explanation.image_id == view.model.image_id()
        view.heat = self._heat if here else None
        view.regions = dress.regions_at(view, self.shelf.regions)
        view.heat_title = self._explanation.label.text(LANGUAGE.code) if self._explanation is not None else ""
        view.overlay, view.opacity = self._overlay, self._opacity
        view.update()

    def _retheme(self) -> None:
        rose, blue = color("shap.pos").getRgb()[:3], color("shap.neg").getRgb()[:3]
        self._heat = heat_map(self._explanation, rose, blue) if self._explanation is not None else None  # type: ignore[arg-type]
        self._refresh()

    def _retranslate(self) -> None:
        self.evidence_bar.retranslate()
        if self._explanation is not None:
            self.evidence_bar.show_map(self._explanation.label.text(LANGUAGE.code), self._explanation.method)
        self._refresh()

    def _open_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fill_menu(menu, self.act)
        menu.popup(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hold B: the original without the overlay."""
        if event.key() == Qt.Key.Key_B and not event.isAutoRepeat():
            self._blink(True)
        elif event.key() == Qt.Key.Key_Escape and self.current.interaction.cancel():
            self.current.update()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """The overlay comes back."""
        if event.key() == Qt.Key.Key_B and not event.isAutoRepeat():
            self._blink(False)
        else:
            super().keyReleaseEvent(event)

    def _blink(self, hidden: bool) -> None:
        for view in self.viewports:
            view.blink = hidden
            view.update()

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the background thread."""
        self.stop()
        super().closeEvent(event)

    def stop(self) -> None:
        """End the background thread and the cine loop; the viewer shows nothing new after it."""
        self._cine.stop()
        self.decoder.stop()

    def copy_image(self) -> None:
        """The active viewport to the clipboard, with identity."""
        QGuiApplication.clipboard().setImage(self.picture())
