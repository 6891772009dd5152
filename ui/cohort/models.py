"""One image under two models, or two versions or variants of one: maps side by side, and how far they agree."""

from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QComboBox, QDialog, QStackedWidget, QWidget

from core.domain.case import Case
from core.domain.explanation import ImageExplanation
from core.domain.imaging import ImageRef
from core.explain.compare import MapComparison
from core.progress import Report
from ui.cohort.service import words_of
from ui.explanation.image import Pair
from ui.session import Session
from ui.theme.theme import THEME, color, surface
from ui.thumbnails import Thumbnails
from ui.translate import bind, tr
from ui.viewer.overlay import heat_map
from ui.widgets.button import Button
from ui.widgets.layout import band, column, panel, row
from ui.widgets.panels import StatePanel, Strip
from ui.widgets.text import Elided, fixed
from ui.widgets.waterfall import sigmoid

KIND = "two models"
LIKE = 0.9
"""Correlation from which two maps are said to agree (expert estimate)."""
Made = tuple[ImageExplanation, ImageExplanation, MapComparison]


class ModelsDialog(QDialog):
    """Choose two readers of the image; both maps are computed in the background."""

    def __init__(
        self, session: Session, case: Case, ref: ImageRef, thumbnails: Thumbnails, parent: QWidget | None
    ) -> None:
        super().__init__(parent)
        self._session, self._case, self._ref = session, case, ref
        self._readers: tuple[Any, ...] = ()
        self.made: Made | None = None
        self._image: QImage | None = None
        self.setWindowTitle(tr("Compare models on this image"))
        self.resize(980, 680)
        surface(self, "panel")
        self.first, self.second = QComboBox(), QComboBox()
        for box, words in ((self.first, "First model"), (self.second, "Second model")):
            box.setMinimumWidth(300)
            bind(box, "setAccessibleName", words)
            box.activated.connect(lambda _i: self.ask())
        self.left, self.right = Pair(), Pair()
        self._names = Elided("", "text.2", 12), Elided("", "text.2", 12)
        self.said = Strip("info", "info")
        for part in (self.left, self.right):
            part.mode = "map"
        halves = row(
            column(self._names[0], self.left), column(self._names[1], self.right), gap=2, margins=(14, 8, 14, 8)
        )
        self._stack = QStackedWidget()
        self._waiting = StatePanel("layers", "Computing both maps", "", Button("Cancel", "x", on_click=self.reject))
        self._none = StatePanel("layers", "Nothing to compare", "")
        for page in (panel(column(self.said, halves, gap=0)), self._waiting, self._none):
            self._stack.addWidget(page)
        self._stack.setCurrentIndex(1)
        bar = row(self.first, fixed("compared with", "", "text.2"), self.second, None, margins=(14, 0, 14, 0))
        self.setLayout(column(band(bar, 46), self._stack, gap=0))
        self.layout().setStretch(1, 1)  # type: ignore[union-attr]
        THEME.dress(self)
        thumbnails.get(ref, self._pictured)
        session.jobs.start(
            "Models for this image", self._find, self._found, kind=KIND, failed=self._refused, quiet=True
        )

    def sizeHint(self) -> QSize:
        """Room for two pictures."""
        return QSize(980, 680)

    def _find(self, _report: Report) -> tuple[Any, ...]:
        from core.explain.models import readers

        return readers(self._ref)

    def _found(self, found: tuple[Any, ...]) -> None:
        if not self._alive():
            return
        self._readers = found
        for box in (self.first, self.second):
            for k, reader in enumerate(found):
                box.addItem(reader.name, k)
        if len(found) < 2:
            words = tr("Only one model reads this image. Install another model or version to compare.")
            self._none.say(tr("Nothing to compare"), words)
            self._stack.setCurrentIndex(2)
            return
        self.second.setCurrentIndex(1)
        self.ask()

    def ask(self) -> None:
        """Compute both maps."""
        first, second = (self._readers[int(box.currentData())] for box in (self.first, self.second))

        def work(report: Report) -> Made:
            from core.explain.models import beside
            from core.imaging.pixels import presentation

            return beside(first, second, self._ref, presentation(self._ref), report, baseline=self._baseline())

        self._stack.setCurrentIndex(1)
        self._session.jobs.start("Two models", work, self._arrived, kind=KIND, failed=self._refused)

    def _baseline(self) -> str:
        """The one of the map that is on the page, so that what is compared is what was seen."""
        maps = self._case.explanation.images if self._case.explanation else ()
        return next((m.baseline for m in maps if m.image_id == self._ref.id), "")

    def _arrived(self, made: Made) -> None:
        if not self._alive():
            return
        self.made = made
        found = made[2]
        shown = {"r": f"{found.r:.2f}", "p": f"{100 * found.same_sign:.0f}"}
        words = tr("The maps agree at r = {r}; {p} % of their weight has the same sign in both.", **shown)
        if found.r_halves is not None:
            words += " " + tr("Two runs of one model would agree at about {r}.", r=f"{found.r_halves:.2f}")
        tone = "info" if found.r >= LIKE else "amber"
        self.said.show_words(words, tone, "info" if tone == "info" else "alert")
        for label, one in zip(self._names, made[:2], strict=True):
            chance = f"{100 * sigmoid(one.value):.0f} %"
            label.set_words(f"{one.pack.name} {one.pack.version} · {chance} · {one.value:+.2f}".replace("-", "−"))
        self._draw()
        self._stack.setCurrentIndex(0)

    def _draw(self) -> None:
        if self.made is None:
            return
        rose, blue = (color(t).toTuple()[:3] for t in ("shap.pos", "shap.neg"))  # type: ignore[index]
        for part, one in zip((self.left, self.right), self.made[:2], strict=True):
            part.show_pair(self._ref, self._image, heat_map(one, rose, blue))  # type: ignore[arg-type]

    def _pictured(self, image: QImage | None) -> None:
        if self._alive():
            self._image = image
            self._draw()

    def _refused(self, error: Exception) -> None:
        if self._alive():
            self._none.say(tr("Nothing to compare"), words_of(self._session, error))
            self._stack.setCurrentIndex(2)

    def _alive(self) -> bool:
        from shiboken6 import isValid

        return bool(isValid(self))

    def done(self, result: int) -> None:
        """Closing stops the work."""
        self._session.jobs.cancel_kind("", KIND)
        super().done(result)
