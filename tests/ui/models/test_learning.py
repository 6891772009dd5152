"""Learning in the real window: trees, adapters, a search, pretraining, collecting, shadow mode, promotion by two."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel

from core.inference import packs
from core.learning import background, shadow, study
from core.learning.recipe import Task, TrainRecipe, from_json
from core.learning.run_log import RunLog, read_run
from core.learning.search import search, tried
from core.store.users import Role
from tests.core.learning import tiny
from tests.ui.conftest import Pump
from ui import translate
from ui.models.learn_forms import CollectDialog, tried_words
from ui.models.promotion import GuardRows
from ui.models.screen import Models
from ui.models.tune import CHECKS, DATA, PROMOTE, TRAIN, TRIALS_PAGE, VALIDATE
from ui.window import Window

Opened = Callable[..., Window]
pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("lightgbm", reason="the training extra is not installed")


@pytest.fixture
def page(open_window: Opened, pump: Pump) -> Models:
    window = open_window()
    window.show_tab("models")
    pump(window.jobs)
    return window.models


def started(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Runs that would have been started in a process of their own; the tests run them here."""
    found: list[Path] = []

    class Ended:
        def is_alive(self) -> bool:
            return False

    monkeypatch.setattr(background, "start", lambda run: found.append(run) or Ended())
    return found


def table_form(page: Models, data: Path, learner: str) -> None:
    form = page.tune.form
    form.task.set_value("table")
    form.learner.set_value(learner)
    form._chosen()
    form.data.setText(str(data))
    form.pack.setText("window-table")
    form.cant_miss.setText("sepsis")


def finish(page: Models, pump: Pump) -> None:
    """Do the work of the run that was started, then let the window read it."""
    assert page.tune.run is not None
    background._KINDS[background.plan_of(page.tune.run)["kind"]](page.tune.run, background.plan_of(page.tune.run))
    page.tune.poll()
    pump(page._session.jobs)


def test_trees_are_chosen_trained_and_shown(
    page: Models, tmp_path: Path, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = started(monkeypatch)
    table_form(page, tiny.table(tmp_path / "t.csv", n=200), "trees")
    assert page.tune.form.values()["learner"] == "trees" and not page.tune.form.epochs.isVisible()
    page.tune._next()
    pump(page._session.jobs)
    assert page.tune.steps.at == CHECKS and page.tune.search.isVisible()
    page.tune._next()
    assert page.tune.steps.at == TRAIN and runs == [page.tune.run]
    finish(page, pump)
    assert page.tune.steps.at == VALIDATE and page.tune.state.result["pack"] == "window-table"
    words = [w.text() for w in page.tune.train_page.findChildren(QLabel)]
    assert "Boosted trees" in words and "Leaves a tree" in words


def test_a_search_shows_its_trials_and_trains_with_the_best(
    page: Models, tmp_path: Path, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna", reason="the training extra is not installed")
    started(monkeypatch)
    table_form(page, tiny.table(tmp_path / "t.csv", n=200), "trees")
    page.tune._next()
    pump(page._session.jobs)
    page.tune.trials.setValue(3)
    page.tune.search.click()
    assert page.tune.kind == "search" and page.tune.pages.currentIndex() == TRIALS_PAGE
    first = page.tune.run
    finish(page, pump)
    assert first is not None and len(tried(first)) == 3
    rows = page.tune.trials_page.rows
    assert [r.loss for r in rows.rows if r.state == "complete"] == sorted(
        r.loss for r in rows.rows if r.state == "complete"
    )
    assert "Learning rate" in tried_words(rows.rows[0]) and page.tune.go.text() == "Train with the best"
    page.tune._next()
    assert page.tune.kind == "train" and page.tune.run != first and page.tune.run is not None
    best = next(r for r in rows.rows if r.number == rows.best)
    assert read_run(page.tune.run).recipe["leaves"] == best.params["leaves"]
    page.tune.open_run(first)
    pump(page._session.jobs)
    assert page.tune.kind == "search" and page.tune.pages.currentIndex() == TRIALS_PAGE, (
        "an earlier search opens as one"
    )


def test_a_stopped_search_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="the training extra is not installed")
    from core.progress import Cancelled

    own = from_json({"task": "table", "data": str(tiny.table(tmp_path / "t.csv")), "learner": "trees", "rounds": 20})
    run = background.new_run(own, {"kind": "search", "trials": 3})

    def stop(done: int, _total: int, what: str) -> None:
        if what == "searching" and done == 1:
            (run / "stop").touch()

    with pytest.raises(Cancelled):
        search(own, run, 3, stop)
    assert read_run(run).state == "stopped" and 1 <= len(tried(run)) < 3
    search(own, run, 3)
    assert read_run(run).state == "done" and len(tried(run)) == 3
    result = read_run(run).result
    assert result is not None and result["trials"] == 3


def test_notes_are_covered_pretrained_on_and_lead_to_texts(
    page: Models, tmp_path: Path, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(monkeypatch)
    notes = tmp_path / "notes"
    notes.mkdir()
    for k in range(12):
        name = "Patient name: Rowan Testpatient, phone 555-014-7788.\n" if k == 3 else ""
        (notes / f"{k}.txt").write_text(name + "the patient has fever cough chills and sputum for days\n", "utf-8")
    form = page.tune.form
    form.task.set_value("notes")
    form._chosen()
    form.data.setText(str(notes))
    form.model.setText(str(tiny.bert(tmp_path / "bert")))
    form.epochs.setValue(1)
    form.cover.setChecked(False)
    page.tune._next()
    pump(page._session.jobs)
    assert page.tune.steps.at == CHECKS and not page.tune.go.isEnabled(), "names are never learned as they are"
    page.tune.begin()
    form.cover.setChecked(True)
    page.tune._next()
    pump(page._session.jobs)
    assert page.tune.go.isEnabled() and not page.tune.search.isVisible()
    page.tune._next()
    assert page.tune.kind == "pretrain" and page.tune.steps.at == TRAIN
    finish(page, pump)
    assert page.tune.steps.at == VALIDATE and page.tune.state.result["covered"] >= 1
    assert page.tune.go.text() == "Use for texts"
    page.tune._next()
    values = form.values()
    assert page.tune.steps.at == DATA and values["task"] == "text" and values["lora_rank"] == 0
    assert Path(values["model"]).joinpath("config.json").is_file()
    form.adapter.set_value("8")
    assert form.values()["lora_rank"] == 8


def test_signed_cases_are_collected_only_with_a_reason(page: Models, pump: Pump) -> None:
    dialog = CollectDialog(page)
    assert dialog.problem()
    dialog.basis.setText("policy 12 of the practice")
    dialog.without.setText("c-1， c-2")
    assert not dialog.problem() and dialog.value()["exclude"] == ["c-1", "c-2"]
    page.tune.collect_cases(dialog.value())
    pump(page._session.jobs)
    assert "signed cases" in page.tune.problem.accessibleName(), "an empty store has too few"
    dialog.deleteLater()


@pytest.fixture
def served(page: Models, tmp_path: Path, pump: Pump) -> tuple[Models, Path]:
    """A finished run, and a pack of its id in service."""
    from core.learning import promote

    recipe = TrainRecipe(
        Task.TABLE, str(tiny.table(tmp_path / "t.csv", n=200)), learner="trees", rounds=20, about={"id": "shadowed"}
    )
    study.train(recipe, tmp_path / "run")
    promote.promote(tmp_path / "run", by="Dr A", limits=promote.Limits(ece=1.0))
    page.refresh()
    pump(page._session.jobs)
    return page, tmp_path / "run"


def test_shadow_mode_is_compared_promoted_and_ended(
    served: tuple[Models, Path], pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, run = served
    monkeypatch.setattr("core.learning.promote.chance_error", lambda p: 1.0)
    monkeypatch.setattr("core.learning.promote._CHANCE_MOST", 1.0)
    page.tune.open_run(run)
    pump(page._session.jobs)
    page.tune._next()
    pump(page._session.jobs)
    assert page.tune.steps.at == PROMOTE and page.tune.shadow.isVisible()
    translate.LANGUAGE.use("zh")
    pump(page._session.jobs)
    titles = [w.accessibleName() for w in page.tune.findChildren(GuardRows)]
    assert any("年龄" in words and "百分点" in words for words in titles), "the guardrails follow the language"
    translate.LANGUAGE.use("en")
    pump(page._session.jobs)
    page.tune.shadow.click()
    pump(page._session.jobs)
    pack = packs.find("shadowed")
    rows = [{"marker": str(k / 5), "age": "40", "sex": "F", "noise": "0", "site": "A"} for k in range(12)]
    assert shadow.observe(pack, rows, [str(k) for k in range(12)]) == 12
    page.refresh()
    pump(page._session.jobs)
    page._choose(next(line for line in page.lines if line.id == "shadowed"))
    words = [w.text() for w in page.detail.findChildren(QLabel)]
    assert "100 %" in words and any("on average" in w for w in words), "the same trees agree in all"
    page.tune.begin()
    page.detail.promote_candidate.emit("shadowed")
    pump(page._session.jobs)
    assert page.tune.steps.at == PROMOTE and page.tune.run == run.resolve() and page.tune.go.isEnabled()
    page.detail.end_shadow.emit("shadowed")
    pump(page._session.jobs)
    actions = [e.action for e in page._session.store.audit.events()]
    assert {"shadow_pack", "shadow_ended"} <= set(actions) and not shadow.in_shadow("shadowed")


def test_promotion_needs_an_administrator_and_a_signer(
    served: tuple[Models, Path], pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, run = served
    monkeypatch.setattr("core.learning.promote.chance_error", lambda p: 1.0)
    monkeypatch.setattr("core.learning.promote._CHANCE_MOST", 1.0)
    users = page._session.store.users
    users.add("chief", Role.ADMINISTRATOR, "long enough password")
    users.sign_in("chief", "long enough password")
    users.add("doc", Role.CLINICIAN, "another password", pin="1234")
    page.tune.open_run(run)
    pump(page._session.jobs)
    page.tune._next()
    pump(page._session.jobs)

    def promote(second: str, pin: str) -> None:
        monkeypatch.setattr(
            "ui.models.tune.PromoteDialog.exec", lambda self: (self.second.setText(second), self.pin.setText(pin), 1)[2]
        )
        page.tune._promote()
        pump(page._session.jobs)

    promote("doc", "0000")
    assert page.tune.problem.isVisible() and "promote_pack" not in [e.action for e in users._audit.events()]
    promote("doc", "1234")
    event = next(e for e in page._session.store.audit.events() if e.action == "promote_pack")
    assert event.user == "chief" and "doc" in event.detail
    monkeypatch.setattr(page, "_sure", lambda _words: True)
    before = packs.find("shadowed").pack_version
    page.detail.roll_back.emit("shadowed")
    pump(page._session.jobs)
    assert packs.find("shadowed").pack_version != before
    users.sign_in("doc", "another password")
    page.detail.roll_back.emit("shadowed")
    pump(page._session.jobs)
    assert packs.find("shadowed").pack_version != before, "a clinician cannot roll back"


def test_learning_speaks_chinese(page: Models, tmp_path: Path, pump: Pump) -> None:
    run = background.new_run(
        from_json({"task": "table", "data": str(tiny.table(tmp_path / "t.csv")), "learner": "trees"}),
        {"kind": "search", "trials": 5},
    )
    log = RunLog(run, 5)
    log.write("start", step=0)
    log.write("stopped")
    translate.LANGUAGE.use("zh")
    pump(page._session.jobs)
    translate.MISSING.clear()
    for task in ("image", "text", "table", "notes"):
        page.tune.form.task.set_value(task)
        page.tune.form._chosen()
        page.grab()
    page.tune.open_run(run)
    pump(page._session.jobs)
    page.grab()
    dialog = CollectDialog(page)
    dialog.grab()
    dialog.deleteLater()
    assert page.tune.resume.isVisible() and not translate.MISSING
