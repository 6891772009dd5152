"""The viewer: tool bar, bars for what lies over the images, one to four viewports and the strip of series."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QImage, QKeyEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from core.domain.explanation import ImageExplanation
from core.domain.imaging import ImageRef, Measurement
from core.imaging.cache import FrameCache
from core.imaging.types import Series, Study
from ui.theme.theme import THEME, surface
from ui.translate import LANGUAGE
from ui.viewer import actions, cuts, dress, options
from ui.viewer.evidence import Evidence
from ui.viewer.evidence_bar import EvidenceBar
from ui.viewer.gestures import in_force
from ui.viewer.grid import Grid
from ui.viewer.histogram_panel import HistogramPanel
from ui.viewer.keyboard import Shortcuts
from ui.viewer.linking import Linker
from ui.viewer.marks import KEY, History
from ui.viewer.menu import fill_menu
from ui.viewer.opening import Opener
from ui.viewer.overlays import Overlays
from ui.viewer.presets import presets
from ui.viewer.reading import Reader
from ui.viewer.region_bar import RegionBar
from ui.viewer.shelf import Shelf
from ui.viewer.source import SeriesSource
from ui.viewer.texts import text
from ui.viewer.thumbnails import Strip
from ui.viewer.toolbar import ToolBar
from ui.viewer.viewport import Viewport
from ui.viewer.viewport_model import Marks, Overlay, Tool
from ui.viewer.worker import Decoder

if TYPE_CHECKING:
    from ui.settings import Settings


class Viewer(QWidget):
    """Shows the images of one case. Holds no clinical logic: it paints and measures.

    `measurementsChanged` and `keyImagesChanged` fire after a change; `imageChanged` carries the id of the shown image;
    `asked` carries what only the owner can do: "detach", "fullscreen", "export:sr", "export:ko".
    """

    measurementsChanged = Signal()
    keyImagesChanged = Signal()
    imageChanged = Signal(str)
    asked = Signal(str)

    def __init__(
        self, parent: QWidget | None = None, *, budget_bytes: int = 0, settings: "Settings | None" = None
    ) -> None:
        super().__init__(parent)
        surface(self, "viewer")
        self.settings = settings
        self.options = options.load(settings)
        self._budget = budget_bytes
        self.cache = FrameCache(budget_bytes or self.options.budget_bytes)
        self.smooth = self.options.smooth
        self.decoder = Decoder(self.cache, self)
        self.marks: History[Marks] = History(())
        self.identity: tuple[str, ...] = ()
        self.may_export: Callable[[], bool] = lambda: True
        """Asked before pages are printed or saved; the owner puts the organisation's answer here."""
        self.synthetic = False
        self.opener = Opener(self)
        self.linker = Linker()
        self.overlays = Overlays(self)
        self._preset = 1
        self.tool_bar, self.histogram, self.strip = ToolBar(), HistogramPanel(), Strip()
        self.grid = Grid(self.marks)
        self.reader = Reader(self)
        self._timers()
        self._build()
        self._connect()
        self.set_tool(Tool.WINDOW.value)
        self._refresh()

    # Building

    def _timers(self) -> None:
        self._cine, self._refresh_timer = QTimer(self), QTimer(self)
        self._cine.timeout.connect(lambda: actions.cine_step(self))
        self._refresh_timer.setSingleShot(True)
        self._refresh_timer.setInterval(0)
        self._refresh_timer.timeout.connect(self._refresh)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.tool_bar, self.evidence_bar, self.region_bar, self.grid, self.histogram, self.strip):
            column.addWidget(widget, 1 if widget is self.grid else 0)
        for hidden in (self.evidence_bar, self.region_bar, self.histogram, self.strip):
            hidden.hide()
        self.setMinimumWidth(360)
        self.setFocusProxy(self.viewports[0])
        self.setAccessibleName(text("Image viewer"))

    def _connect(self) -> None:
        for number, view in enumerate(self.viewports):
            view.activated.connect(partial(self.grid.activate, number))
            view.scrolled.connect(partial(self._scrolled, number))
            view.changed.connect(self.refresh_soon)
            view.marksChanged.connect(self.measurementsChanged)
            view.maximised.connect(lambda: self.act("maximise"))
            view.menuWanted.connect(self._open_menu)
            view.dropped.connect(lambda key, v=view: self.show_in(v, key))
            view.pointed.connect(partial(self.point_at, number))
        self.grid.activated.connect(self._activated)
        self.tool_bar.action.connect(self.act)
        self.histogram.curve.dragged.connect(self._set_window)
        self.histogram.colourChosen.connect(self.set_colours)
        self.strip.chosen.connect(self.show_series)
        LANGUAGE.changed.connect(self._retranslate)
        THEME.changed.connect(self._retheme)
        options.CHANGES.saved.connect(self.use_options)
        self._shortcuts = Shortcuts(self, self.act)
        self._use(self.options)

    def use_options(self) -> None:
        """Keys, mouse and memory as the user last saved them."""
        self.options = options.load(self.settings)
        self._use(self.options)

    def _use(self, found: options.Options) -> None:
        self.use_keys(options.key_table(found))
        table = in_force(found.mouse)
        for view in self.viewports:
            view.gestures.table = table
        self.cache.resize(self._budget or found.budget_bytes)
        self.smooth = found.smooth
        for view in self.viewports:
            view.model.smooth = found.smooth
            view.update()

    def use_keys(self, table: dict[str, str]) -> None:
        """Replace the key map (key sequence -> action); single letters work only while the viewer has the focus."""
        self._shortcuts.use(table)
        self.keys = options.keys_of(table)
        self.tool_bar.show_keys(self.keys)

    # What is shown

    @property
    def viewports(self) -> list[Viewport]:
        """All viewports, shown or not."""
        return self.grid.views

    @property
    def current(self) -> Viewport:
        """The active viewport."""
        return self.grid.current

    @property
    def shelf(self) -> Shelf:
        """What is at hand."""
        return self.opener.shelf

    @property
    def key_images(self) -> tuple[str, ...]:
        """Ids of the images marked as key images."""
        return tuple(m.image_id for m in self.marks.now if m.kind == KEY)

    def set_identity(self, lines: Sequence[str], synthetic: bool = False) -> None:
        """Who the images are of; stands in every viewport and cannot be hidden."""
        self.identity, self.synthetic = tuple(lines), synthetic
        self._refresh()

    def show_study(self, study: Study | Sequence[Study], *, priors: Sequence[Study] = ()) -> None:
        """Fill the strip with the series of one or several studies, priors after them, and show the first."""
        self.opener.study((study,) if isinstance(study, Study) else tuple(study), tuple(priors))

    def show_images(self, refs: Sequence[ImageRef], objects: Sequence[str] = ()) -> None:
        """Fill the strip with the series the references belong to, and show the first. Failures are shown by name.

        `objects` are files of reports, states, outlines, documents that belong to the images.
        """
        self.opener.images(refs, objects)

    def show_image(self, ref: ImageRef) -> None:
        """Show the image of a reference in the active viewport."""
        self.opener.image(ref)

    def show_series(self, series: Series | str) -> None:
        """Show a series (or what the strip's tile of that key stands for) in the active viewport."""
        if isinstance(series, str) and self.opener.open_tile(series):
            return
        key = series if isinstance(series, str) else self.shelf.add(series)
        if not isinstance(series, str):
            self.opener.fill_strip()
        self.show_in(self.current, key)

    def show_in(self, view: Viewport, key: str) -> None:
        """Show a series in a viewport."""
        self.opener.show_in(view, key)

    def shown_in(self, view: Viewport) -> None:
        """A viewport got another series."""
        self._preset = 1
        self.grid.activate(self.viewports.index(view))
        self.reader.follow(view)
        self.imageChanged.emit(self.shown_image_id())

    def series_keys(self) -> list[str]:
        """Keys of all series in the strip's order."""
        return list(self.shelf.series)

    def shown_image_id(self) -> str:
        """Id of the image in the active viewport."""
        return self.current.model.image_id()

    def clear(self) -> None:
        """Let go of all images (a case was closed)."""
        self._cine.stop()
        self.overlays.set_blinking(False)
        self.decoder.follow(iter(()))
        self.cache.clear()
        self.linker.forget()
        self.opener.forget()
        self.set_overlay(None)
        for view in self.viewports:
            view.show_nothing()
        self.set_layout("1")
        self.opener.fill_strip()
        self.overlays.show_regions()

    # Volumes

    def show_mpr(self) -> None:
        """Axial, coronal and sagittal cuts of the active series, linked by a crosshair; or say why not."""
        cuts.show(self)

    def point_at(self, number: int, column: float, row: float) -> None:
        """A point of one cut: all cuts go there."""
        cuts.point_at(self, number, column, row)

    # Overlays

    @property
    def evidence(self) -> Evidence:
        """What lies over the images, and how."""
        return self.overlays.evidence

    @property
    def evidence_bar(self) -> EvidenceBar:
        """The bar of the evidence map."""
        return self.overlays.map_bar

    @property
    def region_bar(self) -> RegionBar:
        """The bar of the structures."""
        return self.overlays.region_bar

    def set_overlay(self, explanation: ImageExplanation | None) -> None:
        """The evidence map of an image; shown over that image only. None takes it away."""
        self.overlays.show_map(explanation)

    def set_overlay_mode(self, mode: Overlay) -> None:
        """Off, heat or contour."""
        self.overlays.set_mode(mode)

    def set_opacity(self, opacity: float) -> None:
        """Of the evidence map, 0-1."""
        self.overlays.set_opacity(opacity)

    def overlay_state(self) -> tuple[Overlay, float]:
        """Mode and opacity in force."""
        return self.evidence.overlay, self.evidence.opacity

    # Marks

    def measurements(self) -> tuple[Measurement, ...]:
        """All marks of the case."""
        return self.marks.now

    def set_measurements(self, measurements: Sequence[Measurement]) -> None:
        """Marks as stored with the case; the history begins anew."""
        self.marks.now, self.marks.past, self.marks.future = tuple(measurements), [], []
        self._refresh()

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

    def _set_window(self, window: object) -> None:
        self.current.model.window = window  # type: ignore[assignment]
        self.current.update()
        self.refresh_soon()

    def set_colours(self, name: str) -> None:
        """Pseudo-colours of the active viewport; "" is grey."""
        self.current.model.colours = name
        self.current.update()
        self._refresh()

    def _modality(self) -> str:
        source = self.current.model.source
        return source.instance(self.current.model.index).modality if source is not None and source.count else ""

    def set_layout(self, mode: str) -> None:
        """ "1", "2", "3", "4" viewports, or "mpr"."""
        self.grid.set_mode(mode)
        self.refresh_soon()

    def layout_mode(self) -> str:
        """The layout in force."""
        return self.grid.mode

    def shown_viewports(self) -> tuple[Viewport, ...]:
        """Viewports on the screen."""
        return self.grid.shown

    def toggle_link(self) -> None:
        """Scroll stacks of other viewports along, or not."""
        self.linker.on = not self.linker.on
        self._refresh()

    def cine(self) -> QTimer:
        """The timer of the cine loop."""
        return self._cine

    def refresh(self) -> None:
        """Bars and plates after a change."""
        self._refresh()

    def _activated(self) -> None:
        self.setFocusProxy(self.current)
        self.refresh_soon()

    def _scrolled(self, number: int, index: int) -> None:
        self.reader.scrolled(self.viewports[number], index)
        self.imageChanged.emit(self.shown_image_id())

    def refresh_soon(self) -> None:
        """Bars and plates once the event loop is idle."""
        if not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def _refresh(self) -> None:
        """Bars and plates after a change; the image itself is painted by its viewport."""
        for view in self.shown_viewports():
            dress.dress(self, view)
        model = self.current.model
        modality = self._modality()
        chosen = self._preset if model.window is None or self._preset != 1 else 0
        state = (modality, chosen, LANGUAGE.code)
        if state != getattr(self, "_shown_presets", None):
            self._shown_presets = state
            self.tool_bar.show_presets(presets(modality), chosen)
        self.overlays.show_state()
        if self.histogram.isVisible():
            self.show_histogram()
        sources = [v.model.source for v in self.shown_viewports()]
        self.strip.select([dress.series_key(s.series) for s in sources if isinstance(s, SeriesSource)])

    def show_histogram(self) -> None:
        """The panel's curve for the active viewport."""
        image, model = self.current.frame(), self.current.model
        voi = model.voi(image) if image is not None and not image.colour else None
        inverted = image is not None and image.inverted != model.invert
        self.histogram.show_frame(image, voi, model.colours, inverted=inverted)

    def _retheme(self) -> None:
        self.evidence.colour()
        self._refresh()

    def _retranslate(self) -> None:
        self.overlays.retranslate()
        self.histogram.retranslate()
        self._refresh()

    def set_language(self, language: str) -> None:
        """Texts again, in the language that `ui.translate` now uses."""
        del language
        self._retranslate()

    def apply_theme(self, tokens: dict[str, str] | None = None) -> None:
        """Colours again, from the theme now in use."""
        del tokens
        self._retheme()

    def _open_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fill_menu(menu, self.act, self.keys)
        menu.popup(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Hold B: the original without the overlay."""
        if event.key() == Qt.Key.Key_B and not event.isAutoRepeat():
            self.overlays.hide(True)
        elif event.key() == Qt.Key.Key_Escape and self.current.interaction.cancel():
            self.current.update()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """The overlay comes back."""
        if event.key() == Qt.Key.Key_B and not event.isAutoRepeat():
            self.overlays.hide(False)
        else:
            super().keyReleaseEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """End the background thread."""
        self.stop()
        super().closeEvent(event)

    def stop(self) -> None:
        """End the background thread and the timers; the viewer shows nothing new after it."""
        self._cine.stop()
        self.overlays.set_blinking(False)
        self.decoder.stop()

    def picture(self) -> QImage:
        """The active viewport as seen, with identity, for copy and print."""
        return self.current.grab().toImage()

    def copy_image(self) -> None:
        """The active viewport to the clipboard, with identity."""
        QGuiApplication.clipboard().setImage(self.picture())
