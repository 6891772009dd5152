"""Filters and order of the worklist; the table and preview show them."""

from dataclasses import replace
from datetime import timedelta

from PySide6.QtCore import Qt

from core.domain.case import CaseStatus
from core.store.summary import CaseSummary, summarize
from tests.ui import builders
from tests.ui.conftest import Pump
from ui.worklist.filters import filter_from, filter_to
from ui.worklist.rows import Filter, in_view, ordered, passes
from ui.worklist.table import age_text, sentence, wrapped

NOW = builders.NOW


def rows() -> list[CaseSummary]:
    return [summarize(case) for case in builders.cases()]


def names(found: list[CaseSummary]) -> list[str]:
    return [row.name.split(",")[0] for row in found]


def test_time_critical_first_signed_last() -> None:
    shown = names(ordered(rows()))
    assert shown[0] == "SAMPLESEN" and shown[-1] == "FIXTURE"
    assert set(shown[1:4]) == {"TESTPATIENT", "DEMO-ARCHER", "SPECIMEN"}


def test_views() -> None:
    assert sum(in_view(r, "red_flags", NOW) for r in rows()) == 4
    assert names([r for r in rows() if in_view(r, "signed_today", NOW)]) == ["FIXTURE"]
    assert all(in_view(r, "all", NOW) for r in rows())


def test_status_kind_probability_and_words() -> None:
    new_only = Filter(statuses=frozenset({CaseStatus.NEW}))
    assert names([r for r in rows() if passes(r, new_only, NOW)]) == ["样例，明", "NULLMAN"]
    assert names([r for r in rows() if passes(r, Filter(kinds=frozenset({"genes"})), NOW)]) == ["TESTPATIENT"]
    sure = Filter(lowest=0.9)
    assert "TESTFALL" in names([r for r in rows() if r.top and passes(r, sure, NOW)])
    assert "SAMPLESEN" not in names([r for r in rows() if passes(r, sure, NOW)])
    assert names([r for r in rows() if passes(r, Filter(words="体重"), NOW)]) == ["样例，明"]
    assert names([r for r in rows() if passes(r, Filter(words="ROWAN cough"), NOW)]) == ["TESTPATIENT"]


def test_received() -> None:
    old = replace(rows()[0], updated_at=(NOW - timedelta(days=3)).isoformat())
    assert not passes(old, Filter(received="today"), NOW)
    assert passes(old, Filter(received="week"), NOW) and passes(old, Filter(), NOW)


def test_saved_filter_round_trip() -> None:
    wanted = Filter("red_flags", frozenset({CaseStatus.NEW}), frozenset({"labs"}), 0.2, 0.7, "week", "x")
    assert filter_from(filter_to(wanted)) == wanted
    assert filter_from({"statuses": ["of a later version"], "unknown": 1}).statuses == frozenset()


def test_age_words() -> None:
    assert [age_text(a) for a in (None, 0.05, 0.9, 4.6, 67.2)] == ["", "18 d", "10 mo", "4 y", "67 y"]


def test_row_is_read_aloud_whole() -> None:
    words = sentence(rows()[0])
    assert "Pneumonia, right lower lobe, 71 percent, interval 62 to 79" in words
    assert "PE not excluded" in words and "To review" in words


def test_reason_breaks_into_two_lines(app) -> None:  # type: ignore[no-untyped-def]
    lines = wrapped("Cough, fever and right pleuritic chest pain for three days now", 150, 12, 2)
    assert len(lines) == 2 and lines[1].endswith("…")


def test_table_shows_what_passes(open_window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window = open_window(*[c for c in builders.cases() if c.status is not CaseStatus.SIGNED])
    screen = window.worklist
    assert len(screen.table.cases.rows) == 10
    screen.filters.set_filter(Filter(view="red_flags"))
    assert len(screen.table.cases.rows) == 4
    screen.filters.set_filter(Filter(words="no such word"))
    assert screen.stack.currentIndex() == 1
    screen.filters.reset()
    screen.table.select("c-rowan")
    pump(window.jobs)
    assert screen.preview._case is not None and screen.preview._case.id == "c-rowan"
    index = screen.table.cases.index(0, 0)
    assert screen.table.cases.data(index, Qt.ItemDataRole.AccessibleTextRole)


def test_full_text_search_narrows_the_list(open_window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window = open_window(*[c for c in builders.cases() if c.status is not CaseStatus.SIGNED])
    window.worklist.search.setText("haemoptysis")
    pump(until=lambda: len(window.worklist.table.cases.rows) == 1)
    assert window.worklist.table.cases.rows[0].id == "c-rowan"
    window.worklist.search.clear()
    pump(until=lambda: len(window.worklist.table.cases.rows) == 10)


def test_thousands_of_rows_paint_quickly(open_window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    import time

    window = open_window()
    many = [replace(row, id=f"{row.id}-{i}") for i in range(1000) for row in rows()]
    window.worklist.stack.setCurrentIndex(0)
    window.worklist.table.show_rows(many)
    window.grab()
    started = time.perf_counter()
    window.worklist.table.scrollToBottom()
    window.worklist.table.viewport().grab()
    assert time.perf_counter() - started < 0.5


def test_ten_thousand_cases_are_sorted_beside_the_window(open_window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window = open_window(builders.rowan())
    row = window.session.rows[0]
    many = tuple(replace(row, id=f"c{i}", name=f"PATIENT-{i:05}") for i in range(10_000))
    window.session._listed(many)
    assert window.worklist.table.model().rowCount() < 10_000
    pump(until=lambda: window.worklist.table.model().rowCount() == 10_000)
    window.worklist.filters.set_filter(Filter(words="PATIENT-00042"))
    pump(until=lambda: window.worklist.table.model().rowCount() == 1)


def test_a_saved_case_renews_its_own_row(open_window, pump: Pump, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    window = open_window(builders.rowan())
    window.session.open_case("c-rowan")
    pump(window.jobs)
    monkeypatch.setattr(window.session.store, "list", lambda **_f: 1 / 0)
    window.current_workspace().review.differential.working.emit("Pneumonia")
    pump(window.jobs)
    assert window.session.rows[0].working_diagnosis == "Pneumonia"
