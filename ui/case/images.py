"""The images of a case: the viewer, and what the models said about the image shown."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QFileDialog, QFrame, QHBoxLayout, QSizePolicy, QStackedWidget, QWidget

from core.domain.case import Case, CaseStatus
from core.domain.explanation import ImageExplanation
from core.domain.imaging import ConformalSet, ImagePrediction, NoEstimate
from core.progress import Report
from ui.case.banner import who
from ui.case.card import interval_words, percent
from ui.exporting import may_export
from ui.importing import ImageQuestion
from ui.keymap import Binding
from ui.session import Session
from ui.settings import Settings
from ui.theme.theme import surface
from ui.translate import say, tr
from ui.viewer import export, options
from ui.viewer.detached import DetachedViewer
from ui.viewer.names import labels, name
from ui.viewer.viewer import Viewer
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import clear, column, row
from ui.widgets.panels import Icon, StatePanel
from ui.widgets.text import Elided, label
from ui.words import range_look, refusal_words

OBJECT_KINDS = frozenset(
    f"DICOM {kind}"
    for kind in ("structured report", "segmentation", "RT structure set", "presentation state", "encapsulated document",
                 "waveform")
)  # fmt: skip
"""What the import names in its reports and the viewer shows beside the images."""


def viewer_keys(settings: Settings | None = None) -> tuple[Binding, ...]:
    """The viewer's keys for the F1 sheet."""
    table = options.key_table(options.load(settings))
    found: dict[str, tuple[str, ...]] = {}
    for key, action in table.items():
        found[action] = (*found.get(action, ()), key)
    return tuple(Binding(action, found[action], "Viewer", name(action)) for action in labels() if action in found)


def prediction_words(prediction: ImagePrediction) -> str:
    """ "Opacity 83 % (79–87)"."""
    return f"{say(prediction.name)} {percent(prediction.probability)} ({interval_words(prediction.interval)})"


def set_words(found: ConformalSet) -> str:
    """What a conformal set says, in two or three words."""
    if found.present:
        return tr("undecided") if found.absent else tr("present")
    return tr("absent") if found.absent else tr("unlike both")


def _set_chip(found: ConformalSet) -> Chip:
    words = f"{set_words(found)} · {100 * found.coverage:g} %"
    chip = Chip(words, "amber" if found.present == found.absent else "plain")
    chip.setToolTip(
        tr(
            "At {coverage} coverage the answer is: {answer}. Fitted for each class on the pack's validation films.",
            coverage=f"{100 * found.coverage:g} %",
            answer=set_words(found),
        )
    )
    return chip


class Said(QFrame):
    """What the models said about the image on screen: numbers, or why there are none."""

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self.setProperty("band", "top")
        self._parts = QHBoxLayout()
        self._parts.setSpacing(8)
        self._parts.setContentsMargins(0, 0, 0, 0)
        self.explain = Button("Evidence map", "layers", small=True)
        self.answer = Button("Age and view…", "edit", small=True)
        held = row(self._parts, self.answer, self.explain, margins=(12, 0, 12, 0))
        held.setStretch(0, 1)
        self.setLayout(held)
        self.setFixedHeight(34)

    def show_words(
        self, predictions: list[ImagePrediction], refusals: list[NoEstimate], found: ImageExplanation | None
    ) -> None:
        """Fill."""
        clear(self._parts)
        if found is not None and found.curves and not all(check.passed for check in found.checks):
            wrong = Chip(tr("Map failed a check"), "amber", icon="alert")
            wrong.setToolTip(", ".join(say(check.name) for check in found.checks if not check.passed))
            self._parts.addWidget(wrong)
        for prediction in predictions[:2]:
            self._parts.addWidget(label(prediction_words(prediction), "medium"))
            if prediction.conformal is not None:
                self._parts.addWidget(_set_chip(prediction.conformal))
            self._parts.addWidget(label(f"{prediction.pack.name} {prediction.pack.version}", "caption"))
            said, tone, icon = range_look(prediction.ood, short=True)
            chip = Chip(said, tone, icon=icon)
            chip.setToolTip(range_look(prediction.ood)[0])
            self._parts.addWidget(chip)
        for refusal in refusals[: 1 if predictions else 2]:
            self._parts.addWidget(Icon("alert", "amber", 15))
            words = Elided(refusal_words(refusal), "amber", 12)
            words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._parts.addWidget(words, 1)
        self._parts.addStretch(1)
        self.explain.setVisible(bool(predictions) and found is None)
        self.setVisible(bool(predictions or refusals) or self.answer.isVisibleTo(self))


class ImagePane(QWidget):
    """The viewer of one case; nothing is decoded before the pane is first shown."""

    added = Signal()

    def __init__(self, case_id: str, session: Session) -> None:
        super().__init__()
        surface(self, "viewer")
        self._case_id, self._session = case_id, session
        self._shown: tuple[str, ...] = ()
        self._viewer: Viewer | None = None
        self.said = Said()
        self._empty = StatePanel(
            "xray", "No image in this case", "Import a DICOM file or folder, PNG or JPEG.",
            Button("Import…", "upload", on_click=self.added.emit),
        )  # fmt: skip
        self._stack = QStackedWidget()
        self._away = StatePanel(
            "swap", "Images are shown in another window", "Close that window or bring them back to see them here.",
            Button("Bring back", on_click=self.bring_back),
        )  # fmt: skip
        self._detached: DetachedViewer | None = None
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._away)
        held = column(self._stack, self.said, gap=0)
        held.setStretch(0, 1)
        self.setLayout(held)
        self.said.explain.clicked.connect(lambda _c=False: self._explain())
        self.said.answer.clicked.connect(lambda _c=False: self._ask())

    @property
    def viewer(self) -> Viewer:
        """The viewer; made for the first image, as most of the time to open a case is spent on it."""
        if self._viewer is None:
            self._viewer = Viewer(settings=self._session.settings)
            self._stack.insertWidget(0, self._viewer)
            self._viewer.asked.connect(self._asked)
            self._viewer.may_export = self._may_print
            self._viewer.imageChanged.connect(lambda _id: self._show_said())
            self._viewer.measurementsChanged.connect(self._measured)
        return self._viewer

    def show_case(self, case: Case) -> None:
        """Show the case's images; the same images are not loaded twice."""
        objects = tuple(
            self._session.local_file(case.id, f.path) for f in case.files if f.kind in OBJECT_KINDS and not f.error
        )
        if not case.images and not objects:
            self._stack.setCurrentWidget(self._empty)
            self.said.hide()
            return
        identity = who(case, self._session)
        lines = (f"{identity.name} · {identity.sex} {identity.age}", identity.number)
        self.viewer.set_identity(lines, identity.synthetic)
        if self._detached is not None:
            self._detached.show_identity(" · ".join(lines), synthetic=identity.synthetic)
        ids = (*(image.id for image in case.images), *objects)
        if ids != self._shown:
            self._shown = ids
            self.viewer.show_images(case.images, objects)
            self.viewer.set_measurements(case.measurements)
        self._stack.setCurrentWidget(self._away if self._detached is not None else self.viewer)
        self._show_said()

    def reload(self) -> None:
        """More of the case's images can be opened than before."""
        case = self._current()
        if case is not None and self._shown:
            self._shown = ()
            self.show_case(case)

    def _current(self) -> Case | None:
        return self._session.cases.get(self._case_id)

    def _map(self, case: Case, image_id: str) -> ImageExplanation | None:
        images = case.explanation.images if case.explanation else ()
        return next((image for image in images if image.image_id == image_id), None)

    def _show_said(self) -> None:
        case = self._current()
        if case is None:
            return
        image_id = self.viewer.shown_image_id()
        found = self._map(case, image_id)
        self.viewer.set_overlay(found)
        ref = next((i for i in case.images if i.id == image_id), None)
        open_question = ref is not None and ref.stated_by == "user" and case.status is not CaseStatus.SIGNED
        self.said.answer.setVisible(open_question)
        running = self._session.jobs.running(self._case_id, f"map {image_id}") is not None
        self.said.explain.setEnabled(not running)
        self.said.show_words(
            [p for p in case.predictions if p.image_id == image_id],
            [r for r in case.refusals if r.image_id == image_id],
            found,
        )

    def _ask(self) -> None:
        """What DICOM would have said about a picture; then the models look again."""
        case = self._current()
        ref = next((i for i in case.images if i.id == self.viewer.shown_image_id()), None) if case else None
        if case is None or ref is None:
            return
        dialog = ImageQuestion(ref, ref.age_years, self)
        if dialog.exec():
            age, view = dialog.value()
            self._session.answer_image(self._case_id, ref.id, age, view)

    def _explain(self) -> None:
        if self._viewer is not None and self._viewer.shown_image_id():
            self._session.explain_image(self._case_id, self.viewer.shown_image_id())
            self._show_said()

    def _measured(self) -> None:
        case = self._current()
        if case is not None and case.measurements != self.viewer.measurements():
            self._session.measured(self._case_id, self.viewer.measurements())

    def _asked(self, what: str) -> None:
        """What the viewer cannot do alone."""
        verb, _, argument = what.partition(":")
        if verb == "detach":
            self.bring_back() if self._detached is not None else self.detach()
        elif verb == "fullscreen":
            self.detach()
            if self._detached is not None:
                self._detached.switch_full_screen()
        elif verb == "export":
            self._export(argument)

    def detach(self) -> None:
        """The images in a window of their own, on another screen where there is one."""
        if self._viewer is None or self._detached is not None:
            return
        lines = self._viewer.identity
        self._detached = DetachedViewer(self._viewer, " · ".join(lines), self._viewer.synthetic)
        self._detached.returned.connect(self.bring_back)
        self._stack.setCurrentWidget(self._away)
        self._detached.place(self.window())
        self._viewer.current.setFocus()

    def bring_back(self) -> None:
        """The images back in the case; nothing of their state is lost."""
        window, self._detached = self._detached, None
        if window is None or self._viewer is None:
            return
        self._stack.insertWidget(0, self._viewer)
        self._stack.setCurrentWidget(self._viewer)
        self._viewer.show()
        window.returned.disconnect(self.bring_back)
        window.close()
        window.deleteLater()
        self._viewer.current.setFocus()

    def _may_print(self) -> bool:
        """Whether pages may leave; kept in the audit trail where they may."""
        who = may_export(self._session)
        if who:
            self._session.store.audit.add_or_keep("export", who, self._case_id, kind="images")
        return bool(who)

    def _export(self, kind: str) -> None:
        """Measurements or key images to a DICOM file."""
        case = self._current()
        if case is None or self._viewer is None or not (who := may_export(self._session)):
            return
        path, _ = QFileDialog.getSaveFileName(self, name(f"export:{kind}"), f"{kind}.dcm", "DICOM (*.dcm)")
        if path:
            sources, marks = export.sources_of(self._viewer, case.images), self._viewer.measurements()
            audit = self._session.store.audit

            def work(_report: Report) -> None:
                export.write(kind, Path(path), marks, sources, who)
                audit.add_or_keep("export", who, self._case_id, kind=kind)

            self._session.jobs.start("Export", work, lambda _n: None, case_id=self._case_id, kind="export")

    def undo_mark(self) -> bool:
        """Undo in the viewer, if the focus is in it."""
        inside = self._viewer is not None and self._viewer.isAncestorOf(QApplication.focusWidget() or self)
        if inside and self._viewer is not None:
            self._viewer.act("undo")
        return inside

    def stop(self) -> None:
        """The case was closed."""
        self.bring_back()
        if self._viewer is not None:
            self._viewer.stop()
