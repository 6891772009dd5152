"""The right column: one pack, its calibration, subgroups, speed here, versions, shadow and card."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QGridLayout, QTextBrowser, QVBoxLayout, QWidget

from ui.models.drawings import Calibration, Divider, Forest, Speed
from ui.models.lines import Kept, PackLine, words_of
from ui.models.sections import classes_table, drift_charts, graphs_table, pairs_table
from ui.models.site_panel import SitePanel
from ui.translate import tr
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import band, clear, column, panel, row
from ui.widgets.panels import Icon, PanelHeader, StatePanel, Strip
from ui.widgets.text import Elided, fixed, label

SIGNED_LOOK = {
    "trusted": ("shieldcheck", "green", "Signature by a trusted key"),
    "shipped": ("shieldcheck", "green", "Shipped with the program"),
    "none": ("shieldalert", "amber", "Not signed"),
    "bad": ("shieldalert", "red", "Signature by no trusted key"),
}
DRIFT_WORDS = {"too few": "too few films", "stable": "none seen", "watch": "watch", "drift": "drift: look at it"}
MEASURE_WORDS = {"log_odds": "Answers", "ood": "Distance from the validated films"}
REFERENCES = {"pack": "the pack's validation films", "site": "this site's first films"}
STATE_WORDS = {"current": "In use", "earlier": "Kept for roll back", "shadow": "Candidate in shadow mode"}


class Detail(QWidget):
    """Shows a `PackLine`. `roll_back(id)` and `end_shadow(id)` are asked for here and done by the page."""

    roll_back = Signal(str)
    end_shadow = Signal(str)
    promote_candidate = Signal(str)
    look_back = Signal(str)
    calibrate = Signal(str, str)
    """Id of a pack; "fit", "apply" or "withdraw"."""

    def __init__(self) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.line: PackLine | None = None
        self.looked: dict[str, Any] = {}
        """sha256 of a pack -> what stored cases say of it (core.learning.look_back)."""
        self.fitted: dict[str, Any] = {}
        """sha256 of a pack -> a site calibration that is not in force yet."""

    def show_pack(self, pack: PackLine | None, speeds: tuple[tuple[str, float], ...]) -> None:
        """Replace what is shown."""
        clear(self._layout)
        self.line = pack
        if pack is None:
            self._layout.addWidget(StatePanel("cube", "No pack chosen"), 1)
            return
        self._layout.addWidget(self._head(pack))
        if pack.reliability or pack.subgroups or pack.ece is not None:
            self._layout.addWidget(self._quality(pack))
        if pack.figures:
            self._part("Own test", figures(pack))
        if pack.shown.classes:
            self._part("By class", classes_table(pack.shown.classes))
        if pack.shown.sets:
            self._part("Sets with stated coverage", pairs_table(pack.shown.sets))
        if pack.shown.gate:
            self._part("Input gate", pairs_table(pack.shown.gate))
        self._layout.addWidget(self._graphs(pack))
        self._layout.addWidget(self._speed(speeds))
        self._layout.addWidget(self._versions(pack))
        if pack.shadow is not None:
            self._layout.addWidget(self._shadow(pack, pack.shadow))
        self._layout.addWidget(self._history(pack))
        if pack.task == "image-classification":
            self._layout.addWidget(self._site(pack))
        self._part("Validated on", table(pack.facts))
        self._part("Licences", pairs_table(pack.shown.licences))
        note = Strip("info", "info")
        words = "Promotion needs a passed comparison and two people. Roll back is one step and never deletes a version."
        note.show_words(tr(words), "info", "info")
        self._layout.addLayout(column(note, margins=(12, 12, 12, 12)))
        self._layout.addStretch(1)

    def _part(self, title: str, body: QWidget) -> None:
        self._layout.addWidget(titled(title, body))

    def _graphs(self, pack: PackLine) -> QWidget:
        title = PanelHeader("Graphs and provider")
        title.set_note(pack.shown.provider)
        why = label(pack.shown.why, "secondary", wrap=True)
        return panel(column(title, graphs_table(pack.shown.graphs), column(why, margins=(14, 0, 14, 8)), gap=0))

    def _site(self, pack: PackLine) -> QWidget:
        made = SitePanel(pack, self.fitted.get(pack.sha256))
        made.fit.connect(lambda: self.calibrate.emit(pack.id, "fit"))
        made.put.connect(lambda: self.calibrate.emit(pack.id, "apply"))
        made.take.connect(lambda: self.calibrate.emit(pack.id, "withdraw"))
        return made

    def _head(self, pack: PackLine) -> QWidget:
        bad = pack.verdict not in ("", "ok")
        chip = Chip(tr("Altered") if bad else tr("In use"), "red" if bad else "green", icon="" if bad else "check")
        chip.setMinimumWidth(chip.sizeHint().width())
        card = Button("Model card", "doc", small=True, on_click=lambda: show_card(pack, self))
        card.setEnabled(bool(pack.card))
        name = Elided(f"{pack.name} {pack.version}", px=15, weight=600)
        icon, tone, words = SIGNED_LOOK[pack.signed]
        said = Elided(f"{tr(words)} · SHA-256 {pack.sha256[:6]}…{pack.sha256[-4:]}", "text.2", 12)
        under = row(Icon(icon, tone, 15), said, gap=6)
        head = band(column(row(name, chip, None, card), under, gap=4, margins=(14, 8, 14, 8)), 0)
        if bad:
            head.setToolTip(pack.verdict)
        return head

    def _quality(self, pack: PackLine) -> QWidget:
        held = []
        if pack.reliability or pack.ece is not None:
            title = PanelHeader("Calibration")
            title.set_note(f"ECE {pack.ece:.3f}" if pack.ece is not None else "")
            shown: QWidget = fixed("This pack keeps its calibration error, not its curve.", "secondary", wrap=True)
            if pack.reliability:
                shown = plot = Calibration()
                plot.show_bins(pack.reliability)
            held.append(panel(column(title, 6, column(shown, margins=(12, 0, 12, 8)), None, gap=0)))
        if pack.subgroups:
            title = PanelHeader("AUROC by subgroup")
            title.set_note(tr("95 % interval, held out"))
            forest = Forest()
            forest.show_rows(pack.subgroups)
            held.append(panel(column(title, 6, forest, None, gap=0)))
        made = row(gap=0)
        for k, part in enumerate(held):
            if k:
                made.addWidget(Divider())
            made.addWidget(part, 1)
        return panel(made)

    def _speed(self, speeds: tuple[tuple[str, float], ...]) -> QWidget:
        title = PanelHeader("Speed on this machine")
        title.set_note(tr("median a case, processor, log scale"))
        if not speeds:
            none = fixed("Not measured here yet: press Benchmark.", "secondary", wrap=True)
            return panel(column(title, panel(column(none, margins=(12, 8, 12, 10))), gap=0))
        bars = Speed()
        bars.show_rows(speeds)
        return panel(column(title, bars, gap=0))

    def _versions(self, pack: PackLine) -> QWidget:
        title = PanelHeader("Versions")
        title.set_note(tr("kept for roll back"))
        rows = [title]
        for kept in pack.versions:
            rows.append(band(self._version(pack, kept), 36))
        return panel(column(*rows, gap=0))

    def _version(self, pack: PackLine, kept: Kept) -> Any:
        tone = {"current": "green", "shadow": "accent"}.get(kept.state, "text.3")
        made = row(Icon("check" if kept.state == "current" else "clock", tone, 15), gap=8, margins=(12, 0, 12, 0))
        made.addWidget(label(kept.version, "medium"))
        since = tr("since {day}", day=kept.words) if kept.words else ""
        made.addWidget(Elided(f"{tr(STATE_WORDS[kept.state])} {since}".strip(), "text.2", 12), 1)
        if kept.state == "earlier":
            made.addWidget(Button("Roll back…", "undo", small=True, on_click=lambda: self.roll_back.emit(pack.id)))
        elif kept.state == "current":
            made.addWidget(Chip(tr("current"), "green"))
        else:
            made.addWidget(Button("End shadow", small=True, on_click=lambda: self.end_shadow.emit(pack.id)))
            ask = Button("Promote…", small=True, on_click=lambda: self.promote_candidate.emit(pack.id))
            made.addWidget(ask)
        return made

    def _history(self, pack: PackLine) -> QWidget:
        """What stored cases say: read on request, because every case is opened for it."""
        title = PanelHeader("Drift and doctors' findings")
        found = self.looked.get(pack.sha256)
        if found is None:
            words = fixed("Reads every stored case once.", "secondary")
            ask = Button("Look back", "clock", small=True, on_click=lambda: self.look_back.emit(pack.id))
            return panel(column(title, row(words, None, ask, margins=(12, 8, 12, 8)), gap=0))
        title.set_note(tr("{n} cases", n=found.cases))
        said = found.kept + found.denied
        rows = [("Findings kept", f"{found.kept} / {said}" if said else "—"), ("Nothing said", str(found.unsaid))]
        if found.drift is not None:
            rows.append(("Drift", tr(DRIFT_WORDS[found.drift.verdict])))
            rows += [
                (MEASURE_WORDS.get(m.name, m.name), f"PSI {m.psi:.2f} · n {m.n}" if m.psi == m.psi else f"n {m.n}")
                for m in found.drift.measures
            ]
            rows.append(("Refused by the gate", f"{found.drift.refused} / {found.drift.films}"))
            rows.append(("Reference", tr(REFERENCES[found.drift.reference])))
        else:
            rows.append(("Drift", tr("nothing to compare yet")))
        charts = drift_charts(found.drift) if found.drift is not None else []
        return panel(column(title, table(tuple(rows)), *charts, gap=0))

    def _shadow(self, pack: PackLine, found: dict[str, Any]) -> QWidget:
        title = PanelHeader("Shadow mode")
        title.set_note(tr("{n} cases", n=found["cases"]))
        rows = [("Candidate", str(found["candidate"]))]
        if found["agreement"] is not None:
            rows.append(("Agrees with the pack in use", f"{100 * found['agreement']:.0f} %"))
            rows.append(("Days", str(found["days"])))
            most = max(found["classes"].values(), key=lambda c: c["largest_difference"])
            rows.append(("Largest difference of probability", f"{most['largest_difference']:.2f}"))
        parts = [table(tuple(rows))]
        if found["agreement"] is not None:
            parts.append(pairs_table(tuple((name, shadow_words(one)) for name, one in found["classes"].items())))
        return panel(column(title, *parts, gap=0))


def shadow_words(found: dict[str, Any]) -> str:
    """How the candidate differs in one class: mean difference, and how often only one of the two called it."""
    return tr(
        "candidate {mean} on average; called by it alone {new}, by the pack in use alone {old}",
        mean=f"{found['mean_difference']:+.3f}",
        new=found["only_candidate"],
        old=found["only_in_service"],
    )


def titled(title: str, body: QWidget) -> QWidget:
    """A part of the page with its heading."""
    return panel(column(PanelHeader(title), body, gap=0))


def figures(pack: PackLine) -> QWidget:
    """The figures of the own test, two beside each other."""
    grid = QGridLayout()
    grid.setContentsMargins(14, 8, 14, 8)
    grid.setVerticalSpacing(5)
    grid.setHorizontalSpacing(10)
    for k, one in enumerate(pack.figures):
        at, side = k // 2, 2 * (k % 2)
        grid.addWidget(label(tr(one.name), "dense", "text.2"), at, side)
        grid.addWidget(label(words_of(one), "dense", select=True), at, side + 1)
        grid.setColumnStretch(side + 1, 1)
    return panel(grid)


def table(pairs: tuple[tuple[str, str], ...]) -> QWidget:
    """Names and values."""
    grid = QGridLayout()
    grid.setContentsMargins(14, 8, 14, 8)
    grid.setVerticalSpacing(5)
    grid.setColumnStretch(1, 1)
    for i, (name, value) in enumerate(pairs):
        grid.addWidget(label(tr(name), "dense", "text.2"), i, 0)
        grid.addWidget(label(value, "dense", wrap=True, select=True), i, 1)
    return panel(grid)


def show_card(pack: PackLine, parent: QWidget) -> None:
    """The model card in a window of its own."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(f"{tr('Model card')} – {pack.name}")
    dialog.resize(760, 720)
    text = QTextBrowser()
    text.setProperty("frame", "none")
    text.setMarkdown(pack.card)
    dialog.setLayout(column(text, margins=(14, 10, 14, 10)))
    dialog.exec()
    dialog.deleteLater()
