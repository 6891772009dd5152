"""The Record page: every fact is a line, search finds it, a line opens its source at the place, growth has its charts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from core.domain.basics import Coding, Quantity, Source
from core.domain.case import Case
from core.domain.record import Observation, Record, Sex
from tests.ui import builders
from tests.ui.conftest import Pump
from ui.record.drawings import course_drawing, course_of, date_ticks, growth_drawing, seconds_of
from ui.record.lines import counts, excerpt_of, found, lines, telling
from ui.record.screen import RecordPage
from ui.translate import LANGUAGE
from ui.widgets.chart import Chart, Dot, Drawing, ticks
from ui.window import Window

LABS = (
    "Test,Result,Unit,Reference range,Flag,Date,Patient name,Patient ID,DOB,Sex\n"
    'Creatinine,1.2,mg/dL,0.6-1.1,H,2025-01-02,"SAMPLE, Ada SYNTHETIC",SYN-9,1958-03-02,F\n'
    'Creatinine,126,umol/L,50-98,H,2025-11-02,"SAMPLE, Ada SYNTHETIC",SYN-9,1958-03-02,F\n'
    'Potassium,4.6,mmol/L,3.5-5.1,,2025-11-02,"SAMPLE, Ada SYNTHETIC",SYN-9,1958-03-02,F\n'
)


def test_every_fact_is_a_line_newest_first() -> None:
    case = builders.rowan()
    made = lines(case)
    record = case.record
    facts = sum(
        len(part)
        for part in (
            record.problems, record.medications, record.allergies, record.observations, record.events, record.notes,
            record.phenotypes, record.variants, record.family, case.images,
        )
    )  # fmt: skip
    assert len(made) == facts and len({(line.section, line.id) for line in made}) == facts
    assert [line.time or "0" for line in made] == sorted((line.time or "0" for line in made), reverse=True)
    assert sum(counts(made).values()) == facts


def test_search_wants_every_word_in_any_language_and_code() -> None:
    made = lines(builders.rowan())
    crp = found(made, "1988-5")
    assert crp and {line.id for line in found(made, "crp")} >= {line.id for line in crp}
    assert {line.id for line in found(made, "C反应蛋白")} >= {line.id for line in crp}
    assert found(made, "crp nosuchword") == () and found(made, "", "notes") == tuple(
        line for line in made if line.section == "notes"
    )


@pytest.mark.parametrize(
    ("text", "words", "part"),
    [
        ("a" * 200 + " fever here " + "b" * 200, "fever", "fever"),
        ("none of it", "fever", ""),
        ("发热三天", "发热", "发热"),
    ],
)
def test_the_words_found_in_a_note_are_marked(text: str, words: str, part: str) -> None:
    shown, places = excerpt_of(text, words)
    assert "".join(shown[a:b] for a, b in places) == part and len(shown) <= 130


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, (0, 2.5, 5, 7.5, 10)), (0.13, 0.42, (0.2, 0.3, 0.4)), (5, 5, (5,)), (float("nan"), 1, ())],
)
def test_ticks_are_round(low: float, high: float, expected: tuple[float, ...]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_a_chart_reads_its_points_by_key_and_mouse(app: object) -> None:
    chart = Chart()
    chart.resize(400, 240)
    dots = (Dot(0, 1, "first"), Dot(10, 3, "second"), Dot(20, 2, "third", "red"))
    chart.show_drawing(Drawing("CRP", "mg/L", dots, lambda x: f"{x:g}", 0.0, 2.5))
    chart.grab()
    assert "CRP: first; second; third" in chart.accessibleName()
    at = chart.place(10, 3)
    assert chart.nearest(at.x() + 3, at.y() - 3) == 1 and chart.nearest(at.x() + 60, at.y() + 60) == -1
    for key, said in ((Qt.Key.Key_Left, "third"), (Qt.Key.Key_Left, "second"), (Qt.Key.Key_Right, "third")):
        QTest.keyClick(chart, key)
        assert chart.accessibleDescription() == said
    chart.show_drawing(None)
    chart.grab()
    chart.deleteLater()


@pytest.fixture
def page(open_window: Callable[..., Window], pump: Pump, tmp_path: Path) -> RecordPage:
    (tmp_path / "labs.csv").write_text(LABS)
    window = open_window()
    window.session.import_paths([tmp_path / "labs.csv"])
    pump(window.jobs)
    (tmp_path / "labs.csv").unlink()
    window.session.open_case(window.session.rows[0].id)
    pump(window.jobs)
    workspace = window.current_workspace()
    assert workspace is not None
    workspace.show_page("record")
    pump(window.jobs)
    made = workspace.page("record")
    assert isinstance(made, RecordPage)
    return made


def test_a_line_opens_its_file_at_the_place(page: RecordPage, pump: Pump) -> None:
    line = next(r for r in page.rows.rows if r.title == "Potassium")
    page.choose(line)
    pump(page._session.jobs)
    text = page.detail.text.toPlainText()
    assert text.startswith("Test,Result") and "Creatinine" in text
    (lit,) = {s.cursor.selectedText() for s in page.detail.text.extraSelections()}
    assert lit.startswith("Potassium,4.6")
    assert not page.detail.chart.isVisible()


def test_a_value_shows_its_course_in_one_unit(page: RecordPage, pump: Pump) -> None:
    page.search.setText("creatinine")
    pump(until=lambda: len(page.rows.rows) == 2)
    assert page._count.words() == "2 of 3"
    page.choose(page.rows.rows[0])
    drawing = page.detail.chart.drawing
    assert drawing is not None and drawing.unit == "µmol/L" and (drawing.low, drawing.high) == (50, 98)
    assert [d.y for d in drawing.dots] == pytest.approx([106.1, 126.0], abs=0.1)
    assert all(d.tone in ("amber", "red") for d in drawing.dots)


def test_sections_narrow_down_and_nothing_found_is_said(page: RecordPage, pump: Pump) -> None:
    page._choose_section(next(r for r in page.sections.rows if r[0] == "notes"))
    assert page._list.currentWidget() is page._empty
    page.open(page._lines[0].id)
    assert page.rows.chosen == page._lines[0].id and len(page.rows.rows) == 3


def test_ctrl_f_searches_the_record_of_a_case(page: RecordPage, pump: Pump) -> None:
    window = page.window()
    assert isinstance(window, Window)
    window.show_tab(page._case_id)
    window._find()
    assert page.search.hasFocus()


def child() -> Case:
    case = builders.rowan()
    taken = tuple(
        Observation(
            f"w{n}", (Coding("LOINC", "29463-7"),), "Weight", (Source("f", "fhir"),), category="vital-signs",
            value=Quantity(kg, "kg"), time=f"2025-{n:02d}-14",
        )
        for n, kg in ((2, 3.4), (5, 6.1), (8, 7.6))
    )  # fmt: skip
    patient = replace(case.record.patient, birth_date=date(2025, 2, 14), sex=Sex.FEMALE, synthetic=True)
    return replace(case, record=Record(patient=patient, observations=taken))


def test_growth_of_a_child(open_window: Callable[..., Window], pump: Pump) -> None:
    window = open_window(child())
    window.session.open_case("c-rowan")
    pump(window.jobs)
    workspace = window.current_workspace()
    assert workspace is not None
    workspace.show_page("record")
    pump(window.jobs)
    page = workspace.page("record")
    assert isinstance(page, RecordPage)
    page._choose_section(next(r for r in page.sections.rows if r[0] == "growth"))
    assert page.growth.isVisible() and not page.detail.isVisible() and page.growth.standard.value() == "who"
    drawing = page.growth.charts[0].drawing
    assert drawing is not None and len(drawing.curves) == 7 and "centile" in drawing.dots[-1].words
    page.growth.grab()
    page.growth._draw("cdc")
    assert not any(cell.isVisible() for cell in page.growth.cells) and page.growth._note.text()
    LANGUAGE.use("zh")
    pump(window.jobs)
    assert "百分位" in growth_drawing(page._growth[0]).dots[-1].words


def test_a_course_needs_two_values_and_dates() -> None:
    case = child()
    line = next(x for x in lines(case) if x.id == "w2")
    course = course_of(case, line)
    assert course is not None and len(course.taken) == 3
    undated = replace(
        case, record=replace(case.record, observations=tuple(replace(o, time="") for o in case.record.observations))
    )
    course = course_of(undated, next(x for x in lines(undated) if x.id == "w2"))
    assert course is not None and course_drawing(undated, course) is None
    single = replace(case, record=replace(case.record, observations=case.record.observations[:1]))
    assert course_of(single, lines(single)[0]) is None
    assert "29463-7" in telling(line.fact) and "3.4" in telling(line.fact)


def test_the_record_column_leads_to_the_record(open_window: Callable[..., Window], pump: Pump) -> None:
    window = open_window(builders.rowan())
    window.session.open_case("c-rowan")
    pump(window.jobs)
    workspace = window.current_workspace()
    assert workspace is not None
    labs = workspace.review.record.labs
    QTest.mouseClick(labs, Qt.MouseButton.LeftButton, pos=QPoint(20, 12))
    pump(window.jobs)
    page = workspace.page("record")
    assert isinstance(page, RecordPage)
    assert workspace.tabs.current == "record" and page.rows.chosen == labs.rows[0].latest.id


def test_undoing_a_merge_asks_first(open_window, pump, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from ui.dialogs import Dialog

    window = open_window(builders.rowan())
    window.session.open_case("c-rowan")
    pump(window.jobs)
    page = window.current_workspace().page("record")
    asked, undone, answer = [], [], [0]
    monkeypatch.setattr(Dialog, "exec", lambda self: asked.append(self.windowTitle()) or answer[0])
    monkeypatch.setattr(window.session, "unmerge", undone.append)
    page._unmerge.click()
    assert asked == ["Undo merge"] and undone == []
    answer[0] = 1
    page._unmerge.click()
    assert undone == ["c-rowan"]


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("1980-09-10", "1988-09-10", ["1982-01-01", "1984-01-01", "1986-01-01", "1988-01-01"]),
        ("2025-01-15", "2025-09-20", ["2025-03-01", "2025-05-01", "2025-07-01", "2025-09-01"]),
        ("2025-03-01", "2025-03-05", ["2025-03-01", "2025-03-02", "2025-03-03", "2025-03-04", "2025-03-05"]),
        ("2025-03-01T06:00", "2025-03-01T08:30", ["2025-03-01T06:00", "2025-03-01T07:00", "2025-03-01T08:00"]),
    ],
)
def test_dates_on_an_axis_are_firsts_of_years_months_or_days(first: str, last: str, shown: list[str]) -> None:
    low, high = seconds_of(first), seconds_of(last)
    assert low is not None and high is not None
    assert list(date_ticks(low, high, 5)) == [seconds_of(day) for day in shown]
