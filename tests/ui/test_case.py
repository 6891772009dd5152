"""The case screen: the doctor's diagnosis first, decisions, edits that assess again, stale and refused states."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from core import pipeline
from core.diagnosis import silence
from core.domain.assessment import Evidence
from core.domain.basics import Coding, Label
from core.domain.case import Action, Case, CaseStatus
from core.domain.finding import Finding, Origin, Status
from core.knowledge import hpo
from core.progress import Report
from core.store.decisions import standing
from core.store.store import Store
from tests.ui import builders
from tests.ui.conftest import Pump
from ui.case.differential import agreement, working_decision
from ui.case.findings import search, with_status
from ui.case.notes import looks_chinese
from ui.case.vocabulary import search_terms
from ui.case.workspace import Workspace
from ui.widgets.button import Button
from ui.widgets.chip import Chip
from ui.widgets.text import Elided
from ui.window import Window
from ui.words import evidence_words, is_silence


@pytest.fixture
def window(open_window, pump: Pump) -> Window:  # type: ignore[no-untyped-def]
    made: Window = open_window(builders.rowan())
    made.session.open_case("c-rowan")
    pump(made.jobs)
    return made


def workspace_of(window: Window) -> Workspace:
    found = window.current_workspace()
    assert found is not None
    return found


def skip(window: Window, pump: Pump, words: str = "") -> Workspace:
    workspace = workspace_of(window)
    workspace.review.differential.working.emit(words)
    pump(window.jobs)
    return workspace


def stored(window: Window) -> Case:
    return window.session.store.load("c-rowan")


def test_suggestions_are_hidden_until_the_doctor_spoke(window: Window, pump: Pump) -> None:
    differential = workspace_of(window).review.differential
    assert differential.cards == [] and not differential.next.isVisible()
    differential._ask.field.setText("Pneumonia")
    QTest.keyClick(differential._ask.field, Qt.Key.Key_Return)
    pump(window.jobs)
    assert len(differential.cards) >= 4 and differential.next.isVisible()
    decision = working_decision(stored(window))
    assert decision is not None and decision.text == "Pneumonia" and decision.at and decision.user == "Dr A. Example"


def test_red_flags_show_even_before(window: Window) -> None:
    assert workspace_of(window).review.differential._flags.count() == 1


def test_skipping_is_logged_too(window: Window, pump: Pump) -> None:
    skip(window, pump)
    decision = working_decision(stored(window))
    assert decision is not None and decision.reason == "skipped"
    differential = workspace_of(window).review.differential
    assert differential.cards and differential._working._words.words() == ""
    assert differential._working._none.isVisible() and differential._working._none.words() == "not entered"
    assert stored(window).working_diagnosis == ""
    assert not differential._working._agrees.isVisible()


def test_cant_miss_is_never_folded(window: Window, pump: Pump) -> None:
    case = window.session.cases["c-rowan"]
    assert case.assessment is not None
    rare = replace(case.assessment.hypotheses[-1], id="dissection", probability=0.001, cant_miss=True)
    window.session.cases["c-rowan"] = replace(
        case, assessment=replace(case.assessment, hypotheses=(*case.assessment.hypotheses, rare))
    )
    differential = skip(window, pump).review.differential
    shown = [card.hypothesis.id for card in differential.cards]
    assert "dissection" in shown and "tuberculosis" not in shown


def test_accept_and_reject_are_stored(window: Window, pump: Pump, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = skip(window, pump)
    first, second = (c.hypothesis.id for c in workspace.review.differential.cards[:2])
    workspace.act_on("accept", first)
    pump(window.jobs)
    monkeypatch.setattr("ui.case.workspace.ReasonDialog", FakeReason)
    workspace.act_on("reject", second)
    pump(window.jobs)
    kinds = {d.target: (d.action, d.reason) for d in stored(window).decisions}
    assert kinds[f"hypothesis:{first}"] == (Action.ACCEPT, "")
    assert kinds[f"hypothesis:{second}"] == (Action.REJECT, "excluded")
    assert workspace.review.differential.cards[0].buttons["accept"].property("state") == "accepted"


class FakeReason:
    """A reason dialog that was filled in."""

    def __init__(self, *_args: Any, **_more: Any) -> None:
        pass

    def exec(self) -> bool:
        return True

    def value(self) -> dict[str, str]:
        return {"reason": "excluded", "text": "", "second_user": "", "second_pin": ""}


def test_enter_on_a_card_never_accepts(window: Window, pump: Pump) -> None:
    workspace = skip(window, pump)
    QTest.keyClick(workspace.review.differential.cards[0], Qt.Key.Key_Return)
    pump(window.jobs)
    assert not [d for d in stored(window).decisions if d.action is Action.ACCEPT]
    assert workspace.tabs.current == "explanation"


def test_accept_and_reject_have_equal_weight(window: Window, pump: Pump) -> None:
    card = skip(window, pump).review.differential.cards[0]
    accept, reject = card.buttons["accept"], card.buttons["reject"]
    assert accept.height() == reject.height() and not accept.property("kind") and not reject.property("kind")
    assert not accept.isDefault() and not accept.autoDefault()


def test_typing_a_note_assesses_again_and_is_saved(window: Window, pump: Pump, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def fake(case: Case, findings: Any, _report: Report = lambda *_: None, *, now: object) -> Case:
        seen.append(case.record.notes[0].text)
        assert case.assessment is not None
        return replace(case, findings=tuple(findings), assessment=replace(case.assessment, id=f"as-{len(seen) + 1}"))

    monkeypatch.setattr(pipeline, "reassess", fake)
    monkeypatch.setattr("core.findings.find.find", lambda *_a: ())
    workspace = skip(window, pump)
    workspace.review.show_pane("note")
    workspace.review.notes.editor.setFocus()
    QTest.keyClicks(workspace.review.notes.editor, "No fever. ")
    pump(until=lambda: bool(seen))
    pump(window.jobs)
    assert seen[-1].startswith("No fever. ") or "No fever. " in seen[-1]
    assert stored(window).record.notes[0].text == seen[-1]
    assert workspace.review.notes.editor.toPlainText() == seen[-1]


def test_results_of_an_older_state_are_dropped(window: Window, pump: Pump, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    gate = threading.Event()

    def slow(case: Case, _report: Report, *, now: object) -> Case:
        gate.wait(5)
        return replace(case, reason="from the old state")

    monkeypatch.setattr(pipeline, "analyse", slow)
    monkeypatch.setattr(pipeline, "reassess", lambda case, findings, _r, *, now: replace(case, reason="edited"))
    skip(window, pump)
    window.session.analyse("c-rowan")
    window.session.edit_findings("c-rowan", ())
    gate.set()
    pump(window.jobs)
    assert window.session.cases["c-rowan"].reason == "edited"


def test_failed_reassessment_leaves_a_stale_strip_and_no_accept(
    window: Window, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_a: object, **_k: object) -> Case:
        raise RuntimeError("engine fell over")

    monkeypatch.setattr(pipeline, "reassess", fail)
    workspace = skip(window, pump)
    window.session.edit_findings("c-rowan", ())
    pump(window.jobs)
    workspace.show_case(window.session.cases["c-rowan"])
    differential = workspace.review.differential
    assert differential._stale.isVisible()
    assert not differential.cards[0].buttons["accept"].isEnabled()
    assert window.message_bar.isVisible()


def test_refused_case_shows_no_number(open_window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    case = next(c for c in builders.cases() if c.id == "c-004211")
    window = open_window(case)
    window.session.open_case(case.id)
    pump(window.jobs)
    workspace = workspace_of(window)
    words = [label.words() for label in workspace.findChildren(Elided)] + [
        c.words() for c in workspace.findChildren(Chip)
    ]
    assert workspace.review.differential.cards == [] and "No estimate" in words
    assert not any("%" in word for word in words)


def test_signed_case_is_read_only(window: Window, pump: Pump) -> None:
    workspace = skip(window, pump)
    window.session.sign("c-rowan", "")
    pump(window.jobs)
    assert stored(window).status is CaseStatus.SIGNED
    card = workspace.review.differential.cards[0]
    assert not card.buttons["accept"].isEnabled() and workspace.review.notes.editor.isReadOnly()
    assert not workspace._sign.isEnabled() and not workspace.review.findings.rows.editable


def test_agreement_is_by_what_was_named_first() -> None:
    hypotheses = builders.assessment().hypotheses
    assert agreement("Pneumonia; exclude PE", hypotheses) == 1
    assert agreement("肺炎，排除肺栓塞", hypotheses) == 1
    assert agreement("Pulmonary embolism, maybe pneumonia", hypotheses) == 2
    assert agreement("Gout", hypotheses) == 0


def test_clinicians_word_replaces_what_was_read() -> None:
    read = builders.findings()[0]
    said = replace(read, id="c-1", status=Status.ABSENT, origin=Origin.CLINICIAN)
    after: tuple[Finding, ...] = with_status(builders.findings(), said)
    assert [f.status for f in after if f.code == read.code] == [Status.ABSENT]
    assert len(after) == len(builders.findings())


def test_vocabulary_search_in_both_languages() -> None:
    assert "fever" in [entry.id for entry in search("fever")]
    assert any("发热" in entry.label.zh for entry in search("发热"))
    assert search("") == () and search("qqqq zzzz") == ()


def test_language_of_a_note() -> None:
    assert looks_chinese("患者发热三天") and not looks_chinese("Fever for 3 days")


def test_closing_cancels_and_forgets(window: Window, pump: Pump) -> None:
    window.session.close_case("c-rowan")
    pump(window.jobs)
    assert window.workspaces == {} and "c-rowan" not in window.session.cases
    assert window.stack.currentWidget() is window.worklist


def test_store_refuses_what_breaks_a_rule(window: Window, pump: Pump) -> None:
    skip(window, pump)
    window.session.decide("c-rowan", Action.REJECT, "hypothesis:pulmonary_embolism")
    pump(window.jobs)
    assert window.message_bar.isVisible()
    assert isinstance(window.session.store, Store) and not [
        d for d in stored(window).decisions if d.action is Action.REJECT
    ]


def test_nothing_is_impossible_or_certain() -> None:
    from ui.case.card import interval_words, percent

    assert [percent(p) for p in (0.0, 0.001, 0.71, 0.999, 1.0)] == ["0 %", "< 1 %", "71 %", "> 99 %", "> 99 %"]
    assert interval_words((0.62, 0.79)) == "62–79" and interval_words((0.001, 0.999)) == "<1 – >99"


def test_undo_withdraws_the_last_decision_of_this_session(window: Window, pump: Pump) -> None:
    workspace = skip(window, pump)
    first = workspace.review.differential.cards[0].hypothesis.id
    for name in ("accept", "undo"):
        workspace.review.differential.select(first)
        workspace.act(name)
        pump(window.jobs)
        card = workspace.review.differential.cards[0]
        assert card.buttons["accept"].text() == ("Accepted" if name == "accept" else "Accept")
    assert [d.action for d in stored(window).decisions][-2:] == [Action.ACCEPT, Action.WITHDRAW]
    workspace.act("undo")
    pump(window.jobs)
    assert len(stored(window).decisions) == 3 and window.message_bar.isVisible()


def test_undone_rejection_brings_back_the_acceptance(window: Window, pump: Pump) -> None:
    skip(window, pump)
    for action in (Action.ACCEPT, Action.REJECT):
        window.session.decide("c-rowan", action, "hypothesis:pulmonary_embolism", reason="known")
        pump(window.jobs)
    window.session.undo("c-rowan")
    pump(window.jobs)
    last = [d for d in standing(stored(window)) if d.target == "hypothesis:pulmonary_embolism"]
    assert [d.action for d in last] == [Action.ACCEPT]


def test_f6_walks_through_the_panels_and_back(window: Window, pump: Pump) -> None:
    workspace = skip(window, pump)
    window.activateWindow()
    pump(until=window.isActiveWindow)

    def here() -> int:
        parts = [window.appbar, window.rail, *workspace.panels(), window.jobstrip]
        focus = window.focusWidget()
        return max(i for i, p in enumerate(parts) if p is focus or (focus and p.isAncestorOf(focus)))

    workspace.tabs.setFocus()
    places = [here()]
    for _ in range(4):
        window.move_panel(1)
        places.append(here())
    assert places[:4] == sorted(set(places[:4])) and len(set(places)) == len(places)
    window.move_panel(-1)
    assert here() == places[-2]


def test_same_gene_is_folded_under_the_first(window: Window, pump: Pump) -> None:
    case = window.session.cases["c-rowan"]
    assert case.assessment is not None
    top = case.assessment.hypotheses[0]
    marfan = [
        replace(top, id=f"OMIM:{i}", probability=0.3 - i / 100, group="gene:FBN1", cant_miss=i == 2) for i in range(4)
    ]
    assessment = replace(case.assessment, hypotheses=(*marfan, replace(top, id="other", group="lung")))
    window.session.cases["c-rowan"] = replace(case, assessment=assessment)
    differential = skip(window, pump).review.differential
    assert [card.hypothesis.id for card in differential.cards] == ["OMIM:0", "OMIM:2", "other"]
    more = next(b for b in differential.findChildren(Button) if b.text().startswith("Same gene FBN1"))
    assert more.text() == "Same gene FBN1 · 2 more" and "29 %" in more.toolTip()
    more.click()
    assert [c.hypothesis.id for c in differential.cards] == ["OMIM:0", "OMIM:1", "OMIM:2", "OMIM:3", "other"]


def test_findings_are_found_added_and_denied_by_keyboard(window: Window, pump: Pump) -> None:
    skip(window, pump)
    review = workspace_of(window).review
    review.show_pane("findings")
    pane = review.findings
    pane.field.setFocus()
    QTest.keyClicks(pane.field, "hemopt")
    QTest.keyClick(pane.field, Qt.Key.Key_Return)
    pump(window.jobs)
    stated = [f for f in window.session.cases["c-rowan"].findings if f.origin is Origin.CLINICIAN]
    assert [f.label.en for f in stated] == ["Hemoptysis"] and pane.field.text() == ""
    pane.rows._current = next(i for i, f in enumerate(pane.rows.rows) if f.id == stated[0].id)
    for key, status in (("-", Status.ABSENT), ("+", Status.PRESENT)):
        QTest.keyClicks(pane.rows, key)
        pump(window.jobs)
        now = next(f for f in window.session.cases["c-rowan"].findings if f.code == stated[0].code)
        assert now.status is status
        pane.rows._current = next(i for i, f in enumerate(pane.rows.rows) if f.code == stated[0].code)
    QTest.keyClicks(pane.rows, "?")
    pump(window.jobs)
    assert stated[0].code not in {f.code for f in window.session.cases["c-rowan"].findings}


def test_search_that_finds_nothing_says_so(window: Window, pump: Pump) -> None:
    skip(window, pump)
    review = workspace_of(window).review
    review.show_pane("findings")
    QTest.keyClicks(review.findings.field, "xyzzy")
    pump(window.jobs)
    assert review.findings._nothing.isVisible() and not review.findings.found.isVisible()
    review.findings.field.clear()
    pump(window.jobs)
    assert not review.findings._nothing.isVisible()


def test_phenotype_terms_are_found_beside_the_common_list() -> None:
    if hpo.newest() is None:
        pytest.skip("no pack of rare diseases was built")
    terms = search_terms("ectopia lentis")
    assert terms and terms[0].hpo == "HP:0001083" and terms[0].coding.system == "HP"
    assert search_terms("hp:0001083")[0] == terms[0] and search_terms("") == ()


def test_a_chip_says_what_is_absent_and_what_was_only_not_said() -> None:
    told = Coding("consilium", "cough"), Label("Cough", "咳嗽"), -0.4, Origin.NOTE
    unsaid = Label("Not found in the note (no denial, weak): Fever, Rash", "病历中未读到：发热")
    silent = Evidence(Coding("consilium", silence.CODE), unsaid, -0.5, Origin.NOTE, "note.x")
    assert evidence_words(Evidence(*told, "f", "absent, 3 d")) == "no: Cough"
    assert evidence_words(Evidence(*told, "f", "present")) == "Cough"
    assert evidence_words(silent) == "Not found in the note (no denial, weak)" and is_silence(silent)


@pytest.mark.parametrize(
    ("words", "first"), [("头痛", "Headache"), ("咳嗽", "Cough"), ("Fever", "Fever"), ("cough", "Cough")]
)
def test_the_finding_of_that_name_comes_first(words: str, first: str) -> None:
    assert search(words)[0].label.en == first
