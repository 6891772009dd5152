"""Whether to believe an explanation: curves, checks, and where it comes from."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QWidget

from core.domain.case import Case
from core.domain.explanation import Check, Curve, FindingExplanation, ImageExplanation
from core.domain.serial import to_json
from ui.frame.facts import PROVIDER_WORDS
from ui.theme.theme import surface
from ui.translate import say, tr
from ui.widgets import paint
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.layout import column, row
from ui.widgets.panels import PanelHeader
from ui.widgets.plots import Line, Plot
from ui.widgets.rows import PaintedRows
from ui.widgets.text import label
from ui.words import engine_words, method_words

HIDDEN = {
    "blur": "blurred",
    "soft_blur": "softly blurred",
    "mean": "grey, the film's mean",
    "inpaint": "filled from around",
}
"""What stands in for a hidden region, by the name of the baseline."""
TONES = {"deletion": ("chart.2", False), "insertion": ("chart.3", False)}


def figure(value: float) -> str:
    """A figure short enough for a table."""
    if value and abs(value) < 0.001:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        digits = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{mantissa} × 10{digits}"
    return f"{value:.2f}"


def verdict(check: Check) -> str:
    """Why a failing check fails: a flat curve proves nothing."""
    return tr("no contrast, fails") if check.text == "no contrast" else tr("fails")


class CheckRows(PaintedRows):
    """Name and value; a failed one is red and says so."""

    def __init__(self) -> None:
        super().__init__(21, 4)
        self.clickable = False

    def paint_row(self, painter: QPainter, rect: QRect, row: Check) -> None:
        """Draw a row."""
        words = figure(row.value) if row.passed else f"{figure(row.value)} · {verdict(row)}"
        tone = "green" if row.passed else "red"
        wide = paint.width(words, 12, 500) + 8
        paint.text(painter, rect.adjusted(0, 0, -wide, 0), say(row.name), "text.2", px=12)
        paint.text(painter, rect, words, tone, px=12, weight=500, align=paint.RIGHT)

    def sentence(self, row: Check) -> str:
        """A row in words."""
        return " · ".join((say(row.name), figure(row.value), tr("pass") if row.passed else verdict(row)))


class PairRows(PaintedRows):
    """Name and value."""

    def __init__(self) -> None:
        super().__init__(23, 4)
        self.clickable = False

    def paint_row(self, painter: QPainter, rect: QRect, row: tuple[str, str]) -> None:
        """Draw a row."""
        used = paint.width(tr(row[0]), 12) + 8
        paint.text(painter, rect, tr(row[0]), "text.2", px=12)
        paint.text(painter, rect.adjusted(used, 0, 0, 0), row[1], px=12, weight=500, align=paint.RIGHT)

    def sentence(self, row: tuple[str, str]) -> str:
        """A row in words."""
        return f"{tr(row[0])}: {row[1]}"


def plot_line(curve: Curve) -> Line:
    """A curve as it is drawn."""
    tone, dashed = TONES.get(curve.name, ("text.2", True))
    return Line(f"{tr(curve.name)} {curve.auc:.2f}", tuple(zip(curve.share, curve.value, strict=True)), tone, dashed)


class Fidelity(QWidget):
    """Deletion and insertion against random, and the checks. Failures are not hidden."""

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self._verdict = Chip("", "green", icon="check")
        self.header = PanelHeader("Fidelity", self._verdict)
        self.plot = Plot()
        self.checks = CheckRows()
        self._hint = label("", "caption", wrap=True)
        right = QWidget()
        right.setLayout(column(self.checks, self._hint, None, gap=4, margins=(0, 4, 0, 0)))
        held = row(self.plot, right, gap=16, margins=(10, 6, 14, 8))
        held.setStretch(0, 3)
        held.setStretch(1, 3)
        self.setLayout(column(self.header, held, gap=0))
        self.layout().setStretch(1, 1)

    def show_case(self, findings: FindingExplanation | None, image: ImageExplanation | None) -> None:
        """Fill."""
        checks = (*(findings.checks if findings else ()), *(image.checks if image else ()))
        passed = sum(check.passed for check in checks)
        self.header.set_note(tr("is this explanation faithful to the model?"))
        whole = passed == len(checks)
        self._verdict.set_tone("green" if whole else "red", "check" if whole else "alert")
        self._verdict.set_words(tr("{n} of {total} checks pass", n=passed, total=len(checks)))
        self._verdict.setVisible(bool(checks))
        self.checks.show_rows(checks)
        curves = image.curves if image else ()
        self.plot.setVisible(bool(curves))
        self.plot.show_lines(tuple(plot_line(c) for c in curves), tr("share of regions changed"))
        words = tr("Lower deletion and higher insertion are better.") if curves else ""
        self._hint.setText(words if checks else tr("No check was run on this explanation."))


class Provenance(QWidget):
    """Method, model, provider, seed, hashes."""

    def __init__(self) -> None:
        super().__init__()
        surface(self)
        self._copy = Button("Copy record", "doc", kind="link", small=True, on_click=self._to_clipboard)
        self.header = PanelHeader("Method and provenance", self._copy)
        self.left, self.right = PairRows(), PairRows()
        self._warning = label("", "secondary", "amber", wrap=True)
        self._record: FindingExplanation | None = None
        held = row(column(self.left, None), column(self.right, None), gap=22, margins=(10, 6, 10, 4))
        self.setLayout(column(self.header, held, column(self._warning, margins=(14, 0, 14, 8)), None, gap=0))

    def show_case(self, case: Case, findings: FindingExplanation | None, image: ImageExplanation | None) -> None:
        """Fill."""
        self._record = findings
        self._copy.setEnabled(findings is not None)
        unknown = tr("unknown")
        version = findings.versions[0] if findings and findings.versions else None
        digest = case.assessment.input_sha256 if case.assessment else ""
        groups = {c.group for c in findings.contributions if c.group} if findings else set()
        self.left.show_rows(
            (
                ("Method", (method_words(findings.method) if findings else unknown)),
                ("Evaluations", f"{findings.evaluations:,}" if findings else unknown),
                ("Time", tr("{seconds} s", seconds=f"{findings.seconds:.2f}") if findings else unknown),
                ("Image method", method_words(image.method) if image else "—"),
                ("Image evaluations", f"{image.evaluations:,}" if image else "—"),
                ("Hidden regions", tr(HIDDEN.get(image.baseline, image.baseline)) if image else "—"),
            )
        )
        self.right.show_rows(
            (
                ("Engine", f"{engine_words(version.name)} {version.version}" if version else unknown),
                ("Table hash", (_short(version.sha256) if version else "") or unknown),
                ("Input hash", _short(digest) or unknown),
                ("Provider", PROVIDER_WORDS.get(image.provider, image.provider) or unknown if image else "CPU"),
                ("Random seed", str(image.seed) if image else "—"),
            )
        )
        words = (
            tr("{n} groups of findings are correlated; their share is counted once.", n=len(groups)) if groups else ""
        )
        self._warning.setText(words)

    def _to_clipboard(self) -> None:
        if self._record is not None:
            QApplication.clipboard().setText(to_json(self._record, indent=2).decode())


def _short(digest: str) -> str:
    return f"{digest[:4]}…{digest[-4:]}" if len(digest) > 8 else digest
