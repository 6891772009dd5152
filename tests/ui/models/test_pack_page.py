"""A pack's page: sets, gate, graphs with their losses, licences, drift over time, calibration at this site."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel

from core.inference import packs, site
from core.inference.drift import Observation, drift
from core.learning.look_back import LookBack
from tests.ui.conftest import Pump
from ui import translate
from ui.models.drawings import Calibration
from ui.models.screen import Models
from ui.models.sections import drift_charts
from ui.models.shown import GraphLine, loss_words
from ui.widgets.chart import Chart
from ui.window import Window

Opened = Callable[..., Window]
CHEST = "cxr-pneumonia-paediatric"


@pytest.fixture
def page(open_window: Opened, pump: Pump) -> Models:
    window = open_window()
    window.show_tab("models")
    pump(window.jobs)
    return window.models


def line(page: Models, pack_id: str = CHEST):  # type: ignore[no-untyped-def]
    return next(one for one in page.lines if one.id == pack_id)


def test_the_page_says_what_the_manifest_states(page: Models) -> None:
    shown, manifest = line(page).shown, packs.find(CHEST).manifest
    stated = manifest.get("conformal")
    assert bool(shown.sets) == bool(stated)
    if stated:
        assert (f"{100 * stated['coverage']:g} %") in [value for _, value in shown.sets]
    assert shown.gate and str(manifest["metrics"]["own_test"]["n"]) in shown.gate[1][1]
    assert {g.kind for g in shown.graphs} == {"fp32", "int8-static"} and sum(g.taken for g in shown.graphs) == 1
    assert shown.provider == "Processor (CPU)" and shown.why
    assert [value for _, value in shown.licences][1:] == [d["licence"] for d in manifest["training_data"]]


def test_a_loss_is_said_as_measured_and_never_made_up() -> None:
    one = GraphLine("int8-static", 3.0, "auroc", 0.0013, 0.991, None, 100, False, True)
    assert loss_words(one) == "AUROC -0.0013 · 99.1 %"
    blank = GraphLine("fp16", 3.0, "", None, None, None, 0, False, False)
    assert loss_words(blank) == "loss not measured"


def observations() -> list[Observation]:
    rng = np.random.default_rng(0)
    return [
        Observation(f"2026-{m:02d}-{d:02d}", float(rng.normal(0, 1)), float(rng.random()))
        for m in (5, 6, 7)
        for d in range(1, 28)
    ]


def test_drift_is_drawn_by_month_over_its_reference(page: Models) -> None:
    pack = packs.find(CHEST)
    found = drift(observations(), dict(pack.manifest))
    page.detail.looked[pack.sha256] = LookBack(found, 5, 1, 2, 8)
    page._choose(line(page))
    charts = [c for c in page.detail.findChildren(Chart) if c.drawing is not None]
    assert len(charts) == 2 and all(len(c.drawing.dots) == 3 for c in charts if c.drawing)
    band = {name: (low, high) for name, low, _, high in found.bands}["log_odds"]
    assert charts[0].drawing is not None and (charts[0].drawing.low, charts[0].drawing.high) == band
    assert not drift_charts(drift(observations()[:27], dict(pack.manifest))), "one month is no curve"


def test_a_site_calibration_is_fitted_shown_put_in_force_and_taken_back(
    page: Models, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    odds = rng.normal(0, 3, 300)
    outcome = rng.random(300) < 1 / (1 + np.exp(-(0.4 * odds - 1)))
    pairs = [(float(o), bool(y), str(k)) for k, (o, y) in enumerate(zip(odds, outcome, strict=True))]
    monkeypatch.setattr("core.verbs.models_site.of_cases", lambda *_a: pairs)
    page.detail.calibrate.emit(CHEST, "fit")
    pump(page._session.jobs)
    made = page.detail.fitted[line(page).sha256]
    assert made.n == 300 and made.after < made.before and sum(b["n"] for b in made.reliability_after) == 300
    plots = [p for p in page.detail.findChildren(Calibration) if p._before]
    assert plots and plots[0]._bins == made.reliability_after
    pack = packs.find(CHEST)
    assert site.in_force(pack, pack.labels[0].code.code) is None, "fitting changes nothing"
    page.detail.calibrate.emit(CHEST, "apply")
    pump(page._session.jobs)
    assert line(page).site is not None and line(page).site.reliability_before == made.reliability_before
    page.detail.calibrate.emit(CHEST, "withdraw")
    pump(page._session.jobs)
    assert line(page).site is None
    actions = [e.action for e in page._session.store.audit.events()]
    assert {"site_calibration", "site_calibration_withdrawn"} <= set(actions)


def test_too_few_cases_are_said_in_chinese(page: Models, pump: Pump) -> None:
    translate.LANGUAGE.use("zh")
    pump(page._session.jobs)
    translate.MISSING.clear()
    page.detail.calibrate.emit(CHEST, "fit")
    pump(page._session.jobs)
    said = [one.text() for one in page.detail.findChildren(QLabel)]
    assert any("不足以校准" in words for words in said)
    for one in page.lines:
        page._choose(one)
        page.grab()
    assert not translate.MISSING


def test_an_old_calibration_without_bins_is_still_read(profile: Path) -> None:
    pack = packs.find(CHEST)
    rng = np.random.default_rng(1)
    odds = rng.normal(0, 3, 300)
    outcome = rng.random(300) < 1 / (1 + np.exp(-(0.4 * odds - 1)))
    site.apply(pack, site.fit_site(pack, pack.labels[0].code.code, odds.tolist(), outcome.tolist()))
    path = profile / "site-calibration" / f"{CHEST}.json"
    data = json.loads(path.read_text("utf-8"))
    for entry in data["entries"]:
        del entry["reliability_before"], entry["reliability_after"]
    path.write_text(json.dumps(data), "utf-8")
    kept = site.in_force(pack, pack.labels[0].code.code)
    assert kept is not None and kept.reliability_after == ()
