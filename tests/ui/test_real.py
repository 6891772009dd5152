"""The real stages behind the real window: a sample case is read, analysed, shown, edited and exported."""

from pathlib import Path

import pytest

from core.domain.case import CaseStatus
from core.domain.finding import Status
from core.paths import RESOURCES
from tests.ui.conftest import Pump
from ui import translate
from ui.importing import FilesDialog, ImageQuestion

SAMPLE = RESOURCES / "samples" / "chinese-note"


@pytest.fixture
def window(open_window, pump: Pump):  # type: ignore[no-untyped-def]
    made = open_window()
    made.asks = False
    made.session.import_paths([SAMPLE])
    pump(made.jobs)
    return made


def test_from_file_to_report(window, pump: Pump, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    rows = window.session.rows
    assert len(rows) == 1 and rows[0].status is CaseStatus.TO_REVIEW and rows[0].top is not None
    assert not list(window.session.local.path.glob("import-*")), "an import left an empty folder behind"
    window.session.open_case(rows[0].id)
    pump(window.jobs)
    workspace = window.current_workspace()
    workspace.review.differential.working.emit("阑尾炎")
    pump(window.jobs)
    assert workspace.review.differential.cards and workspace.review.findings.rows.rows
    for page in ("record", "explanation", "treatment", "report", "audit"):
        workspace.show_page(page)
        pump(window.jobs)
    assert "%" in workspace.page("report").page.toPlainText()
    for kind in ("pdf", "html", "json"):
        window.session.export(rows[0].id, tmp_path / f"r.{kind}", kind, "zh")
    pump(window.jobs)
    assert (tmp_path / "r.pdf").read_bytes()[:5] == b"%PDF-" and (tmp_path / "r.json").stat().st_size > 1000
    assert not list(tmp_path.glob("*.new"))
    events = [e.action for e in window.session.store.audit.events(case_id=rows[0].id)]
    assert events.count("export") == 3


def test_denying_a_finding_moves_the_estimate(window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    case_id = window.session.rows[0].id
    window.session.open_case(case_id)
    pump(window.jobs)
    before = window.session.cases[case_id].assessment
    top = before.hypotheses[0]
    strongest = max(top.evidence_for, key=lambda e: e.weight)
    finding = next(f for f in window.session.cases[case_id].findings if f.id == strongest.finding_id)
    window.current_workspace().review.findings.state(finding.code, finding.label, (), Status.ABSENT)
    pump(window.jobs)
    after = window.session.cases[case_id].assessment
    moved = next((h.log_odds for h in after.hypotheses if h.id == top.id), float("-inf"))
    assert after.id != before.id and moved < top.log_odds
    assert case_id not in window.session.outdated


def test_unreadable_file_says_so(window, pump: Pump, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    bad = tmp_path / "broken.dcm"
    bad.write_bytes(b"\x00\x01not a film")
    window.session.import_paths([bad])
    pump(window.jobs)
    assert window.message_bar.isVisible() and len(window.session.rows) == 1


def test_picture_asks_age_and_view(app, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from core.domain.imaging import ImageRef

    dialog = ImageQuestion(ImageRef("i", "film.png", stated_by="user"), None, None)
    assert dialog.value() == (None, "")
    dialog.age.setValue(3.5)
    dialog.view.setCurrentIndex(2)
    assert dialog.value() == (3.5, "AP")
    dialog.deleteLater()


def test_files_dialog_names_what_was_not_read(app) -> None:  # type: ignore[no-untyped-def]
    from PySide6.QtWidgets import QLabel

    from core.domain.case import FileReport

    dialog = FilesDialog((FileReport("/x/a.dcm", "dicom", (("images", 3),), ("1 frame",), "truncated"),), None)
    words = {label.text() for label in dialog.findChildren(QLabel)}
    assert {"a.dcm", "1 frame", "truncated"} <= words
    dialog.deleteLater()


def test_new_case_knows_only_what_was_written(app) -> None:  # type: ignore[no-untyped-def]
    from core.domain.record import Sex
    from ui.dialogs import NewCaseDialog

    dialog = NewCaseDialog(None)
    assert dialog.problem() == "" and dialog.patient().age_years is None and dialog.patient().sex is Sex.UNKNOWN
    dialog.born.setText("02/03/1958")
    assert dialog.problem()
    dialog.born.setText("1958-03-02")
    assert dialog.problem() == "" and str(dialog.patient().birth_date) == "1958-03-02"
    dialog.deleteLater()


def test_reasons_are_asked_for(app) -> None:  # type: ignore[no-untyped-def]
    from ui.dialogs import OVERRIDE_REASONS, ReasonDialog

    dialog = ReasonDialog("Override", "x", OVERRIDE_REASONS, None, second=True)
    assert dialog.problem()
    dialog.code.setCurrentIndex(dialog.code.findData("other"))
    dialog.second_user.setText("Dr B")
    dialog.text.setText("short")
    assert dialog.problem()
    dialog.text.setText("long enough to mean something")
    assert dialog.problem() == ""
    dialog.second_user.clear()
    assert dialog.problem()
    assert not dialog.ok.isDefault() and not dialog.ok.autoDefault()
    dialog.deleteLater()


def test_typed_note_in_a_new_case_is_assessed(open_window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    from PySide6.QtTest import QTest

    from core.domain.case import Case
    from core.domain.record import Patient, Record, Sex

    window = open_window()
    window.session.create(Case("new", "2025-11-14", "2025-11-14", record=Record(Patient(sex=Sex.MALE, age_years=60))))
    pump(window.jobs)
    notes = window.current_workspace().review.notes
    notes.editor.setFocus()
    QTest.keyClicks(notes.editor, "Crushing chest pain radiating to the left arm, sweating and nausea.")
    pump(until=lambda: window.session.cases["new"].assessment is not None)
    pump(window.jobs)
    stored = window.session.store.load("new")
    assert stored.assessment is not None and stored.assessment.hypotheses
    assert stored.record.notes[0].text.startswith("Crushing") and stored.findings


def test_what_if_flips_any_finding_and_two_diagnoses_compare(window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    from core.knowledge.vocabulary import load
    from ui.explanation.whatif import FlipDialog, Question, candidates

    case_id = window.session.rows[0].id
    window.session.open_case(case_id)
    pump(until=lambda: window.current_workspace() is not None)
    pump(window.jobs)
    case = window.session.cases[case_id]
    workspace = window.current_workspace()
    workspace.show_page("explanation")
    pump(window.jobs)
    page = workspace.page("explanation")
    top, second = case.assessment.hypotheses[:2]
    told = [
        e for e in top.evidence_for if e.code.code != "note_wording"
    ]  # the whole note may speak for the second still more
    strongest = max(told, key=lambda e: e.weight)
    finding = next(f for f in case.findings if f.id == strongest.finding_id)
    page.what_if.append(Question(finding.code, finding.label, Status.ABSENT))
    entry = load().entries["hemoptysis"]
    assert entry in candidates(case.findings, entry.label.en)
    dialog = FlipDialog(case.findings, None)
    dialog.chosen.connect(page.what_if.append)
    dialog.field.setText(entry.label.en)
    dialog.rows.set_status.emit(entry, Status.PRESENT)
    dialog.deleteLater()
    pump(window.jobs)
    *_, denied, added = page.what_if.rows.rows
    assert denied.after < denied.before and added.after is not None
    page.against.setCurrentIndex(page.against.findData(second.id))
    page.against.activated.emit(page.against.currentIndex())
    shown = page._values()
    assert shown.compared_with == second.id and shown.log_odds == pytest.approx(top.log_odds - second.log_odds)
    page._choose(second.id)
    assert page.against.currentData() == "base" and page._values().hypothesis_id == second.id


def test_health_says_what_is_due_and_what_is_missing(open_window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window = open_window()
    window.asks = False
    window.session.import_paths([RESOURCES / "samples" / "adult-chest-pain"])
    pump(window.jobs)
    window.session.open_case(window.session.rows[0].id)
    pump(until=lambda: window.current_workspace() is not None)
    review = window.current_workspace().review
    review.show_pane("health")
    pump(until=lambda: bool(review.health.reminders.rows))
    pane = review.health
    assert pane.scores.rows and pane.risks.rows
    assert "G3b" in pane.kidney.text() and "albuminuria missing" in pane.kidney.text()
    assert any(row.missing for row in (*pane.scores.rows, *pane.risks.rows))
    window.switch_language()
    window.grab()
    pump(window.jobs)
    assert not {words for words in translate.MISSING if words.isascii()}
