"""The Models page: what it shows of packs, and the wizard from data to a promoted pack."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.domain.case import CaseStatus
from core.inference import packs
from core.learning import background
from core.learning.run_log import read_run
from tests.core.learning import tiny
from tests.ui import builders
from tests.ui.conftest import Pump
from ui import translate
from ui.models.lines import read_packs, words_of
from ui.models.promotion import PromoteDialog, guard_words
from ui.models.screen import Models
from ui.models.tune import CHECKS, DATA, PROMOTE, TRAIN, VALIDATE
from ui.window import Window

Opened = Callable[..., Window]


@pytest.fixture
def page(open_window: Opened, pump: Pump) -> Models:
    window = open_window()
    window.show_tab("models")
    pump(window.jobs)
    return window.models


def test_packs_show_their_measure_with_interval_and_subgroups(page: Models) -> None:
    lines = {line.id: line for line in page.lines}
    stated = json.loads((packs.find("icu-mortality-48h").folder / "manifest.json").read_text("utf-8"))["metrics"]
    icu = lines["icu-mortality-48h"]
    assert icu.main.value == stated["own_test"]["auroc"] and icu.ece == stated["own_test"]["ece"]
    assert len(icu.subgroups) == 1 + len(stated["subgroups"]) and icu.signed == "shipped"
    assert words_of(icu.main).startswith(f"{stated['own_test']['auroc']:.3f} ")
    page.filter.setText("intensive")
    assert [row.id for row in page.rows.rows] == ["icu-mortality-48h"]
    assert page.detail.line is not None and page.detail.line.id == "icu-mortality-48h"


def test_an_altered_pack_is_named(page: Models, profile: Path) -> None:
    from tests.core import tiny_pack

    pack = tiny_pack.write(profile / "models" / "tiny")
    (pack.folder / "MODEL_CARD.md").write_text("other", "utf-8")
    line = next(x for x in read_packs(lambda *_: None, check=True) if x.id == "tiny")
    assert "altered" in line.verdict and line.signed == "none"


def test_speed_is_measured_here(page: Models, pump: Pump) -> None:
    assert all(line.milliseconds is None for line in page.lines)
    page.benchmark()
    pump(page._session.jobs)
    assert all(line.milliseconds and line.milliseconds > 0 for line in page.lines)


def fill(page: Models, data: Path) -> None:
    form = page.tune.form
    form.task.set_value("table")
    form.data.setText(str(data))
    form.pack.setText("wizard-table")
    form.cant_miss.setText("sepsis")
    form.epochs.setValue(3)


def test_the_wizard_says_what_is_wrong_with_data(page: Models, tmp_path: Path, pump: Pump) -> None:
    tune = page.tune
    tune._next()
    pump(page._session.jobs)
    assert tune.problem.isVisible() and tune.steps.at == DATA
    (tmp_path / "few.csv").write_text(
        "patient,label,x\n" + "".join(f"p{k},{'ab'[k < 2]},1\n" for k in range(30)), "utf-8"
    )
    fill(page, tmp_path / "few.csv")
    tune.form.cant_miss.setText("")
    tune._next()
    pump(page._session.jobs)
    assert tune.steps.at == CHECKS and not tune.go.isEnabled()


def test_from_data_to_a_promoted_pack(
    page: Models, tmp_path: Path, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    monkeypatch.setattr("core.learning.promote._CHANCE_MOST", 1.0)  # 30 test cases: calibration is not the point here
    monkeypatch.setattr("core.learning.promote.chance_error", lambda p: 1.0)
    tune, jobs = page.tune, page._session.jobs
    fill(page, tiny.table(tmp_path / "t.csv", n=200))
    tune._next()
    pump(jobs)
    assert tune.steps.at == CHECKS
    tune._next()
    assert tune.steps.at == TRAIN and tune.run is not None
    pump(until=lambda: read_run(tune.run).state in ("running", "done") if tune.run else False)
    pump(until=lambda: (tune.poll(), pump(jobs), tune.steps.at == VALIDATE)[2])
    assert tune.state.result["pack"] == "wizard-table" and len(tune.state.losses) == 3
    tune._next()
    pump(jobs)
    assert tune.steps.at == PROMOTE
    assert {guard_words(g) for g in tune._table.guards}
    dialog = PromoteDialog(page._session, page)
    assert dialog.problem()
    dialog.second.setText(page._session.user)
    assert dialog.problem(), "not the same person twice"
    dialog.second.setText("Dr B. Example")
    assert not dialog.problem()
    monkeypatch.setattr("ui.models.tune.PromoteDialog.exec", lambda self: self.second.setText("Dr B") or 1)
    tune._promote()
    pump(jobs)
    assert packs.find("wizard-table").manifest["metrics"]["own_test"] == tune.state.result["test"]
    assert "promote_pack" in [e.action for e in page._session.store.audit.events()]
    assert "wizard-table" in [line.id for line in page.lines], "the list was read again"
    dialog.deleteLater()


def test_a_paused_run_is_shown_and_goes_on(page: Models, tmp_path: Path, pump: Pump) -> None:
    from core.learning.recipe import from_json
    from core.learning.run_log import RunLog

    run = background.new_run(from_json({"task": "table", "data": str(tiny.table(tmp_path / "t.csv")), "epochs": 4}))
    log = RunLog(run, 28)
    log.write("start", step=0)
    log.step(7, 0, 0.6)
    log.write("epoch", epoch=0, loss=0.6, validation_loss=0.65, f1=0.5)
    log.write("stopped")
    page.tune.open_run(run)
    pump(page._session.jobs)
    assert page.tune.resume.isVisible() and not page.tune.pause.isVisible()
    assert page.tune.bar.share == pytest.approx(0.25) and page.tune.state.losses == ((1.0, 0.6),)
    assert page.tune.earlier.findText(run.name) >= 0


def test_the_page_speaks_chinese(page: Models, pump: Pump) -> None:
    translate.MISSING.clear()
    translate.LANGUAGE.use("zh")
    pump(page._session.jobs)
    for line in page.lines:
        page._choose(line)
        page.grab()
    for k in range(4):
        page.tune.pages.setCurrentIndex(k)
        page.grab()
    assert not translate.MISSING


def test_stored_cases_tell_of_drift_and_of_what_doctors_kept(open_window: Opened, pump: Pump) -> None:
    cases = [case for case in builders.cases() if case.status is not CaseStatus.SIGNED]
    window = open_window(*cases)
    window.show_tab("models")
    pump(window.jobs)
    page = window.models
    page.look_back("cxr-pneumonia-paediatric")
    pump(window.jobs)
    found = page.detail.looked[packs.find("cxr-pneumonia-paediatric").sha256]
    read = [p for c in cases for p in c.predictions if p.pack.name == "cxr-pneumonia-paediatric"]
    assert found.kept + found.denied + found.unsaid == len(read)
