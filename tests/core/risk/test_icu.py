"""Reading intensive-care stays, the measures, and the additive model's exact shares (SYNTHETIC stays)."""

from pathlib import Path

import numpy as np
import pytest

from core.domain.serial import from_json, to_json
from core.errors import UserError
from core.inference.icu import NAMES, AdditiveModel, features, read_stay
from core.learning import icu
from core.verbs import run

_HEAD = "Time,Parameter,Value\n00:00,RecordID,1\n00:00,Age,70\n00:00,Gender,1\n00:00,Height,-1\n00:00,ICUType,2\n"


def _stay(folder: Path, text: str, name: str = "1") -> Path:
    path = folder / f"{name}.txt"
    path.write_text(_HEAD + text, "utf-8")
    return path


def _value(path: Path, name: str) -> float:
    return float(features(read_stay(path))[NAMES.index(name)])


def test_features_of_a_stay(tmp_path: Path) -> None:
    path = _stay(
        tmp_path,
        "01:00,HR,80\n25:00,HR,104\n02:00,NISysABP,100\n02:00,HR,90\n03:00,pH,735\n04:00,HR,9999\n05:00,Urine,50\n",
    )
    assert (_value(path, "HR_first"), _value(path, "HR_last"), _value(path, "HR_count")) == (80, 104, 3)
    assert _value(path, "HR_day2") == 104
    assert _value(path, "HR_trend") == pytest.approx(19.70, abs=0.01)
    assert _value(path, "pH_mean") == pytest.approx(7.35)
    assert _value(path, "SI_mean") == pytest.approx(0.9)
    assert _value(path, "urine_0_48h") == 50
    assert np.isnan(_value(path, "height")) and np.isnan(_value(path, "Lactate_max"))
    assert _value(path, "Lactate_count") == 0


def test_a_damaged_file_is_left_out_and_told(tmp_path: Path) -> None:
    for number in range(3):
        _stay(tmp_path, "01:00,HR,80\nbroken\n02:00,HR\n", f"{number}")
    (tmp_path / "2.txt").write_text("no header", "utf-8")
    (tmp_path / "Outcomes-x.txt").write_text("RecordID,In-hospital_death\n0,1\n1,0\n2,0\n3,\n", "utf-8")
    stays = icu.load(tmp_path)
    assert stays.ids == ("0", "1") and len(stays.skipped) == 1
    with pytest.raises(UserError):
        icu.load(tmp_path / "nothing")
    assert run(["evaluate", "icu", str(tmp_path / "nothing")]) == 2


def test_measures() -> None:
    y = np.array([0.0, 0, 1, 1])
    assert icu.auroc(y, np.array([0.1, 0.2, 0.3, 0.4])) == 1
    assert icu.auroc(y, np.full(4, 0.5)) == 0.5
    assert icu.event1(y, np.array([0.1, 0.9, 0.3, 0.8])) == pytest.approx(2 / 3)
    assert icu.event1(y, np.array([0.1, 0.9, 0.3, 0.8]), 0.5) == 0.5
    assert icu.ece(np.tile(y, 100), np.full(400, 0.5)) < 0.2


def _stays(n: int = 400) -> icu.Stays:
    rng = np.random.default_rng(0)
    x = np.full((n, len(NAMES)), np.nan)
    x[:, :4] = rng.normal(size=(n, 4))
    x[rng.random(n) < 0.2, 3] = np.nan
    y = (rng.random(n) < 1 / (1 + np.exp(-1.5 * x[:, 0] + x[:, 1]))).astype(float)
    return icu.Stays(x, y, tuple(map(str, range(n))), ())


def test_shares_are_the_models_own_and_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    real = icu._boosting
    monkeypatch.setattr(icu, "_boosting", lambda seed: real(seed).set_params(max_iter=40, max_features=1.0))
    stays = _stays()
    model = icu.train(stays, 0.5)
    kept = icu._usable(stays.x)
    boosted = icu._boosting(0).fit(stays.x[:, kept], stays.y)
    ours = np.array([model.logit(row) for row in stays.x])
    assert np.abs(ours - boosted.decision_function(stays.x[:, kept])).max() < 1e-6
    for row in stays.x[:5]:
        assert model.base + sum(share for _, share in model.shares(row)) == pytest.approx(model.logit(row))
    every = np.array([[share for _, share in model.shares(row)] for row in stays.x])
    assert np.abs(every.mean(0)).max() < 1e-9
    assert from_json(to_json(model), AdditiveModel) == model
    assert icu.auroc(stays.y, ours) > 0.75
