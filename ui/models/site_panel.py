"""Calibration of a pack on this site's own signed cases: fitted, shown before and after, put in force, taken back."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from core.errors import UserError
from core.progress import Report
from core.store.users import Permission
from ui.models.drawings import Calibration
from ui.models.lines import PackLine
from ui.models.sections import pairs_table
from ui.models.sentences import error_words
from ui.session import Session
from ui.translate import tr
from ui.widgets.button import Button
from ui.widgets.layout import column, panel, row
from ui.widgets.panels import PanelHeader
from ui.widgets.text import fixed, label


class SiteCalibrations:
    """The work behind the panel. `fitted`: sha256 of a pack -> a calibration that is not in force, or why there is none."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.fitted: dict[str, Any] = {}

    def fit(self, pack: PackLine, done: Any) -> None:
        """Fit on signed cases, in the background; nothing is changed by it."""
        store, user = self._session.store, self._session.user

        def work(report: Report) -> Any:
            from core.inference import packs, site
            from core.verbs.models_site import of_cases

            store.users.require(Permission.VIEW, user)
            found = packs.find(pack.id)
            code = found.labels[0].code.code
            pairs = of_cases(store, found, code, report)
            try:
                return site.fit_site(
                    found, code, [p[0] for p in pairs], [p[1] for p in pairs], patients=[p[2] for p in pairs]
                )
            except UserError as error:
                return error

        def keep(made: Any) -> None:
            self.fitted[pack.sha256] = made
            done()

        self._session.jobs.start("Calibrating on signed cases", work, keep, kind="site calibration")

    def change(self, pack: PackLine, *, apply: bool, done: Any) -> None:
        """Put the fitted one in force, or take away the one in force; needs the permission to install packs, audited."""
        session, made = self._session, self.fitted.get(pack.sha256)

        def work(_report: Report) -> None:
            from core.inference import packs, site

            who = session.store.users.require(Permission.INSTALL_PACKS, session.user)
            found = packs.find(pack.id)
            if apply:
                site.apply(found, made)
            else:
                site.withdraw(found, found.labels[0].code.code)
            words = "site_calibration" if apply else "site_calibration_withdrawn"
            session.store.audit.add(words, who, "", pack=pack.id, version=pack.version)

        def ended(_value: Any) -> None:
            self.fitted.pop(pack.sha256, None)
            done()

        session.jobs.start("Changing the calibration", work, ended, kind="site calibration")


class SitePanel(QWidget):
    """What holds at this site, with the diagram before and after, and what can be done."""

    fit = Signal()
    put = Signal()
    take = Signal()

    def __init__(self, pack: PackLine, fitted: Any) -> None:
        super().__init__()
        title = PanelHeader("Calibration at this site")
        shown = fitted if fitted is not None else pack.site
        parts: list[Any] = [title]
        if isinstance(shown, UserError):
            parts.append(column(label(error_words(shown), "secondary", "amber", wrap=True), margins=(14, 8, 14, 4)))
        elif shown is not None:
            title.set_note(tr("in force") if fitted is None else tr("fitted, not in force"))
            parts += self._shown(shown)
        else:
            words = fixed("The pack's own probabilities hold. Signed cases where a doctor said whether the finding is there"
                          " can shift them to this site.", "secondary", wrap=True)  # fmt: skip
            parts.append(column(words, margins=(14, 8, 14, 4)))
        parts.append(self._actions(pack, fitted))
        self.setLayout(column(panel(column(*parts, gap=0)), gap=0))

    def _shown(self, made: Any) -> list[Any]:
        rows = (
            (tr("Signed cases"), tr("{n}, {m} with the finding", n=made.n, m=made.positives)),
            (tr("Calibration error"), tr("{before} before, {after} after", before=f"{made.before:.3f}",
                                         after=f"{made.after:.3f}")),
            (tr("Log-loss a case"), tr("{gain} less, cross-validated by patient", gain=f"{made.gain:.4f}")),
            (tr("Made"), made.made[:10]),
        )  # fmt: skip
        parts: list[Any] = [pairs_table(rows)]
        if made.reliability_after:
            plot = Calibration()
            plot.show_bins(made.reliability_after, made.reliability_before)
            parts.append(column(plot, margins=(12, 0, 12, 4)))
        return parts

    def _actions(self, pack: PackLine, fitted: Any) -> Any:
        made: list[Any] = [None]
        if fitted is not None and not isinstance(fitted, UserError):
            made.append(Button("Put in force", "check", small=True, kind="primary", on_click=self.put.emit))
        elif pack.site is not None:
            made.append(Button("Take back", "undo", small=True, on_click=self.take.emit))
        made.append(Button("Calibrate on signed cases", "scale", small=True, on_click=self.fit.emit))
        return row(*made, margins=(14, 6, 12, 10))
