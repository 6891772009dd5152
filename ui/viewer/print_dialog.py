"""Print images: which, in which layout, with a preview; to a PDF file or to a printer."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QSpinBox, QWidget

from core.errors import UserError
from core.imaging.pixels import Frame
from ui.translate import LANGUAGE
from ui.viewer import print_layout, print_pages
from ui.viewer.print_layout import LAYOUTS, PAGE, Printed
from ui.viewer.source import SeriesSource
from ui.viewer.texts import text
from ui.widgets.button import Button
from ui.widgets.layout import column, row
from ui.widgets.text import label

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

    from ui.viewer.viewer import Viewer

WHAT = (("shown", "Images on the screen"), ("series", "The whole series"), ("key", "Key images"))


class PageView(QWidget):
    """One page on a grey desk."""

    def __init__(self, dialog: PrintDialog) -> None:
        super().__init__()
        self._dialog = dialog
        self.setMinimumSize(QSize(420, 560))
        self.setAccessibleName(text("Preview of the page"))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The page that is leafed to."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(90, 96, 104))
        scale = min((self.width() - 24) / PAGE[0], (self.height() - 24) / PAGE[1])
        painter.translate((self.width() - PAGE[0] * scale) / 2, (self.height() - PAGE[1] * scale) / 2)
        painter.fillRect(0, 0, round(PAGE[0] * scale), round(PAGE[1] * scale), QColor(255, 255, 255))
        self._dialog.paint(painter, scale, self._dialog.page)


class PrintDialog(QDialog):
    """Pictures are drawn one a pass of the event loop, so that the window stays alive; saving waits for the last."""

    def __init__(self, viewer: Viewer) -> None:
        super().__init__(viewer)
        self.setWindowTitle(text("Print images"))
        self.resize(900, 720)
        self.viewer = viewer
        self.pictures: list[Printed] = []
        self.page = 0
        self._items: list[print_pages.Item] = []
        self._request = 0
        self._build()
        self._again()

    def _build(self) -> None:
        self.what, self.layout_box, self.step = QComboBox(), QComboBox(), QSpinBox()
        for key, words in WHAT:
            self.what.addItem(text(words), key)
        if self.viewer.key_images:
            self.what.setCurrentIndex(2)
        for columns, rows in LAYOUTS:
            self.layout_box.addItem(f"{columns} × {rows}", (columns, rows))
        self.step.setRange(1, 100)
        for signal in (self.what.currentIndexChanged, self.layout_box.currentIndexChanged, self.step.valueChanged):
            signal.connect(lambda *_: self._again())
        self.view = PageView(self)
        self.said = label("", "secondary", wrap=True)
        self.error = label("", "secondary", "red", wrap=True)
        self.before, self.after = (
            Button("", "", on_click=partial(self._leaf, -1)),
            Button(on_click=partial(self._leaf, 1)),
        )
        self.pdf = Button(kind="primary", on_click=self.choose_file)
        self.printer, self.close_button = Button(on_click=self._to_printer), Button(on_click=self.reject)
        for button, words in (
            (self.before, "‹"), (self.after, "›"), (self.pdf, "Save as PDF…"), (self.printer, "Print…"),
            (self.close_button, "Close"),
        ):  # fmt: skip
            button.setText(text(words))
            button.setAutoDefault(False)
        fields: list[object] = []
        for words, widget in (
            ("Images", self.what),
            ("Columns × rows", self.layout_box),
            ("Every n-th image", self.step),
        ):
            widget.setAccessibleName(text(words))
            fields += [label(text(words), "dense"), widget, 6]
        side = column(
            *fields, self.said, row(self.before, self.after, None), None, self.error, self.pdf, self.printer,
            self.close_button, gap=6,
        )  # fmt: skip
        whole = row(gap=14, margins=(14, 14, 14, 14))
        whole.addWidget(self.view, 1)
        whole.addLayout(side)
        self.setLayout(whole)

    def layout_chosen(self) -> tuple[int, int]:
        """(columns, rows)."""
        found = self.layout_box.currentData()
        return int(found[0]), int(found[1])

    def _again(self) -> None:
        """Draw all pictures anew for another choice; what the old one still draws is dropped."""
        self._request += 1
        self.step.setEnabled(self.what.currentData() == "series")
        self._items = print_pages.wanted(self.viewer, str(self.what.currentData()), self.step.value())
        self.pictures, self.page = [], 0
        self._say()
        self._next(self._request)

    def _next(self, request: int) -> None:
        if request != self._request or len(self.pictures) >= len(self._items):
            return
        item = self._items[len(self.pictures)]
        decode = print_pages.needs_decoding(item)
        task = decode if decode is not None else (lambda: None)
        self.viewer.decoder.run(task, partial(self._decoded, request, item))

    def _decoded(self, request: int, item: print_pages.Item, result: object) -> None:
        if request != self._request:
            return
        _view, source, index = item
        if isinstance(result, UserError):
            self._items.remove(item)
            self.error.setText(str(result))
        else:
            if isinstance(result, Frame) and isinstance(source, SeriesSource):
                source.cache.put(source.key(index), result)
            self.pictures.append(print_pages.picture(self.viewer, item, print_layout.cells(self.layout_chosen())[0]))
        self._say()
        self._next(request)

    def ready(self) -> bool:
        """Whether all pictures are drawn."""
        return bool(self._items) and len(self.pictures) == len(self._items)

    def _say(self) -> None:
        pages = print_layout.page_count(len(self._items), self.layout_chosen())
        if self._items:
            self.said.setText(text("{done} of {count} images, page {page} of {pages}", done=len(self.pictures),
                                   count=len(self._items), page=self.page + 1, pages=pages))  # fmt: skip
        else:
            self.said.setText(text("There is nothing to print in this choice."))
        for button in (self.pdf, self.printer):
            button.setEnabled(self.ready())
        self.before.setEnabled(self.page > 0)
        self.after.setEnabled(self.page + 1 < pages)
        self.view.update()

    def _leaf(self, by: int) -> None:
        last = print_layout.page_count(len(self._items), self.layout_chosen()) - 1
        self.page = min(max(self.page + by, 0), last)
        self._say()

    def head(self) -> print_layout.Head:
        """Head and foot of the pages."""
        synthetic = self.viewer.synthetic or any(v.synthetic for v in self.viewer.shown_viewports())
        return print_layout.head(self.viewer.identity, synthetic=synthetic, language=LANGUAGE.code)

    def paint(self, painter: QPainter, scale: float, page: int) -> None:
        """A page at `scale` pixels a millimetre."""
        layout = self.layout_chosen()
        size = layout[0] * layout[1]
        shown = self.pictures[page * size : (page + 1) * size]
        pages = print_layout.page_count(len(self._items), layout)
        print_pages.paint_page(painter, scale, self.head(), shown, layout, f"{page + 1} / {pages}")

    def choose_file(self) -> None:
        """Ask where to, then save."""
        path, _ = QFileDialog.getSaveFileName(self, text("Save as PDF…"), "images.pdf", "PDF (*.pdf)")
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Write the PDF in the background; the dialog closes when it is there."""
        task = partial(print_layout.write_pdf, path, tuple(self.pictures), self.layout_chosen(), self.head())
        self.pdf.setEnabled(False)
        self.viewer.decoder.run(task, self._saved)

    def _saved(self, result: object) -> None:
        if isinstance(result, UserError):
            self.error.setText(str(result))
            self.pdf.setEnabled(True)
        else:
            self.accept()

    def _to_printer(self) -> None:
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setFullPage(True)
        if QPrintDialog(printer, self).exec() == QDialog.DialogCode.Accepted:
            self._paint_all(printer)
            self.accept()

    def _paint_all(self, printer: QPrinter) -> None:
        painter = QPainter(printer)
        scale = printer.resolution() / 25.4
        for page in range(print_layout.page_count(len(self._items), self.layout_chosen())):
            if page:
                printer.newPage()
            self.paint(painter, scale, page)
        painter.end()

    def keyPressEvent(self, event: object) -> None:
        """Page keys leaf."""
        key = event.key()  # type: ignore[attr-defined]
        if key in {Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}:
            self._leaf(-1 if key == Qt.Key.Key_PageUp else 1)
        else:
            super().keyPressEvent(event)  # type: ignore[arg-type]
