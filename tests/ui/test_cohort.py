"""Views beyond one case in the real window: a cohort, similar cases, two cases and two models side by side."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QWidget

from core.domain.case import Action, Decision
from tests.core import tiny_pack
from tests.core.explain import made
from tests.ui import builders
from tests.ui.conftest import Pump
from ui.cohort import view
from ui.cohort.compare import CompareDialog
from ui.cohort.models import ModelsDialog
from ui.cohort.plots import MOST_DOTS, thinned
from ui.cohort.similar import SimilarDialog
from ui.cohort.view import CohortDialog
from ui.explanation.screen import ExplanationPage
from ui.theme.theme import THEME
from ui.translate import LANGUAGE, MISSING

SIX = [made.case(k, {"fever": 1.0, "crp": 0.2 * k}, {"crp": 20.0 * k}) for k in range(1, 7)]


@pytest.fixture
def page(open_window, pump: Pump):  # type: ignore[no-untyped-def]
    window = open_window(*SIX, builders.rowan())
    window.session.store.decide("case-2", Decision("", Action.WORKING_DIAGNOSIS, "case", "", "", text="Pneumonia"))
    window.session.open_case("case-1")
    pump(window.jobs)
    workspace = window.current_workspace()
    workspace.review.differential.working.emit("")
    workspace.show_page("explanation")
    pump(window.jobs)
    found = workspace.page("explanation")
    assert isinstance(found, ExplanationPage)
    return window, found


def painted(part: QWidget) -> int:
    """How many colours a widget shows: a blank one has few."""
    image = part.grab().toImage()
    return len({image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)})


def test_a_cohort(page, pump: Pump, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window, explanation = page
    dialog = explanation.all_cases()
    assert isinstance(dialog, CohortDialog)
    pump(window.jobs)
    assert dialog.cohort is not None and dialog.cohort.hypothesis_id == "pneumonia" and dialog.cohort.listed == 6
    assert [f.label.en for f in dialog.findings.rows][:2] == ["fever", "crp"] and painted(dialog) > 20
    dialog.save_table(tmp_path / "c.csv")
    dialog.save_picture(tmp_path / "c.png")
    text = (tmp_path / "c.csv").read_text("utf-8-sig")
    assert "crp" in text and "SECRET" not in text and (tmp_path / "c.png").stat().st_size > 5000
    assert [e.action for e in window.session.store.audit.events()].count("export") == 2
    store = window.session.store
    store.policy = replace(store.policy, export_allowed=False)
    dialog.save_table(tmp_path / "forbidden.csv")
    dialog.save_picture(tmp_path / "forbidden.png")
    assert not list(tmp_path.glob("forbidden.*"))
    dialog.ask("embolism")
    pump(window.jobs)
    assert dialog.cohort.hypothesis_id == "embolism"
    dialog.ask("nothing of the kind")
    pump(window.jobs)
    assert dialog._stack.currentIndex() == 2 and not dialog.table.isEnabled()
    dialog.reject()


def test_closing_a_cohort_stops_its_work(page, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window, explanation = page
    dialog = explanation.all_cases()
    job = window.jobs.running("", "cohort")
    assert job is not None
    dialog.reject()
    pump(window.jobs)
    assert job.stale and not job.active


def test_similar_cases_with_their_outcome(page, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window, explanation = page
    dialog = explanation.similar_cases()
    assert isinstance(dialog, SimilarDialog)
    pump(window.jobs)
    rows = dialog.rows.rows
    assert [r.similar.case_id for r in rows][-1] == builders.rowan().id, (
        "Rowan has a CRP too, and little else of theirs"
    )
    assert len(rows) == 6 and all(r.similar.case_id != "case-1" for r in rows)
    second = next(r for r in rows if r.similar.case_id == "case-2")
    assert "Pneumonia" in dialog.rows.sentence(second)
    seen = [e for e in window.session.store.audit.events(case_id="case-3") if e.action == "view"]
    assert {e.user for e in seen} == {"Dr A. Example"}
    dialog.rows.activated.emit(second)
    pump(window.jobs)
    assert "case-2" in window.session.cases


def test_two_cases_side_by_side(page, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window, explanation = page
    dialog = explanation.compare_cases()
    assert isinstance(dialog, CompareDialog)
    dialog.field.setText("SECRETPATIENT 5")
    assert dialog.cases.count() == 2
    dialog.choose("case-5")
    pump(window.jobs)
    assert dialog.rows.rows[0].code[1] == "crp" and dialog.rows.rows[0].value == pytest.approx(-0.8)
    assert "crp" in dialog.said.words.text() and painted(dialog) > 20
    dialog.choose(builders.rowan().id)
    pump(window.jobs)
    assert dialog._stack.currentIndex() == 1, "no diagnosis in common"
    dialog.reject()


def test_two_models_on_one_image(  # type: ignore[no-untyped-def]
    page, pump: Pump, profile: Path, tmp_path: Path
) -> None:
    from dataclasses import replace

    window, explanation = page
    tiny_pack.write(profile / "models" / "tiny")
    tiny_pack.write(profile / "models-previous" / "tiny", pairwise=8.0, version="0.9.0")
    film = tmp_path / "film.png"
    Image.fromarray(tiny_pack.picture(3)).save(film)
    ref = replace(
        builders.image(str(film)), id="i1", rows=120, columns=100, modality="DX", view="PA", body_part="CHEST",
        age_years=3.0,
    )  # fmt: skip
    dialog = ModelsDialog(window.session, SIX[0], ref, explanation._thumbnails, explanation)
    dialog.open()
    pump(window.jobs)
    names = [dialog.first.itemText(k) for k in range(dialog.first.count())]
    assert names[-2:] == ["tiny 1.0.0 · fp32", "tiny 0.9.0 · fp32"], "the version before is there too"
    dialog.first.setCurrentIndex(len(names) - 2)
    dialog.second.setCurrentIndex(len(names) - 1)
    dialog.ask()
    pump(window.jobs)
    assert dialog.made is not None and dialog.made[0].pack.version == "1.0.0" and dialog.made[2].r > 0.3
    dialog.second.setCurrentIndex(len(names) - 2)
    dialog.ask()
    pump(window.jobs)
    assert dialog.made[2].r == pytest.approx(1), "a model agrees with itself"
    dialog.reject()
    dialog.deleteLater()


def test_all_of_it_in_chinese_and_light(page, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window, explanation = page
    LANGUAGE.use("zh")
    THEME.apply("light", "zh")
    pump(window.jobs)
    MISSING.clear()
    for dialog in (explanation.all_cases(), explanation.similar_cases(), explanation.compare_cases()):
        pump(window.jobs)
        for rows in (getattr(dialog, name) for name in ("rows", "findings", "groups") if hasattr(dialog, name)):
            assert all(rows.sentence(row) for row in rows.rows)
        assert painted(dialog) > 10
        dialog.reject()
    source = "".join(path.read_text("utf-8") for path in Path(view.__file__).parent.glob("*.py"))
    assert not [words for words in MISSING if words in source]


def test_dots_are_thinned_evenly() -> None:
    from core.explain.cohort import Point

    points = tuple(Point(float(k), None, None) for k in range(5 * MOST_DOTS))
    kept = thinned(points)
    assert len(kept) == MOST_DOTS and kept[0] == points[0] and kept[-1] == points[-1]


def test_the_worklist_opens_it_over_the_cases_it_shows(open_window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window = open_window(*SIX, builders.rowan())
    window.worklist.search.setText("SECRETPATIENT")
    window.worklist._search()
    pump(window.jobs)
    window.worklist.over_these()
    (dialog,) = window.worklist.findChildren(CohortDialog)
    pump(window.jobs)
    assert dialog.cohort is not None and dialog.cohort.cases == 6, "Rowan is not among those found"
    dialog.reject()


def test_what_the_doctor_thinks_of_a_map_is_noted(open_window, pump: Pump, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    film = tmp_path / "film.png"
    Image.fromarray(tiny_pack.picture(3)).save(film)
    case = builders.rowan(film=str(film))
    window = open_window(case)
    window.session.open_case(case.id)
    pump(window.jobs)
    workspace = window.current_workspace()
    workspace.review.differential.working.emit("")
    workspace.show_page("explanation")
    pump(window.jobs)
    image = workspace.page("explanation").image
    assert image.yes.isVisibleTo(image)
    image.no.click()
    pump(window.jobs)
    assert not image.yes.isVisibleTo(image), "asked once a map"
    event = next(e for e in window.session.store.audit.events(case_id=case.id) if e.action == "map_verdict")
    assert '"right":false' in event.detail and event.user == "Dr A. Example"
