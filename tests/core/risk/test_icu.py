"""Intensive-care stays, their features, the trees' exact Shapley values, the gate and the verbs (SYNTHETIC stays)."""

import importlib
import itertools
import json
import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.domain.basics import Coding, Quantity, Source
from core.domain.record import Event, Observation, Patient, Record, Sex
from core.errors import Unreadable, UserError
from core.inference import icu as run_time
from core.inference import packs
from core.inference.dry_run import check_reference
from core.inference.icu_features import features, group, points, table
from core.inference.icu_stay import Stay, read_stay, statics
from core.inference.trees import Leaves
from core.learning import icu, icu_measure, icu_pack, icu_trees
from core.paths import RESOURCES
from core.risk.icu_record import stay_from
from core.verbs import run

_HEAD = "Time,Parameter,Value\n00:00,RecordID,1\n00:00,Age,70\n00:00,Gender,1\n00:00,Height,-1\n00:00,ICUType,2\n"
_SHIPPED = RESOURCES / "models" / run_time.PACK


def _stay(folder: Path, text: str, name: str = "1") -> Path:
    path = folder / f"{name}.txt"
    path.write_text(_HEAD + text, "utf-8")
    return path


def _hourly(rng: np.random.Generator, ill: float, hours: int = 48) -> str:
    """A SYNTHETIC stay: the iller, the faster the heart, the lower the coma scale, the higher the urea."""
    lines = []
    for hour in range(0, hours, 2):
        lines.append(f"{hour:02}:10,HR,{80 + 25 * ill + rng.normal(0, 5):.0f}")
        lines.append(f"{hour:02}:10,NISysABP,{125 - 15 * ill + rng.normal(0, 8):.0f}")
        if hour % 6 == 0:
            lines.append(f"{hour:02}:20,GCS,{max(3, min(15, round(14 - 4 * ill))):.0f}")
            lines.append(f"{hour:02}:20,Urine,{max(5, 300 - 120 * ill):.0f}")
        if hour % 12 == 0:
            lines.append(f"{hour:02}:30,BUN,{20 * math.exp(0.5 * ill):.1f}")
            lines.append(f"{hour:02}:30,Creatinine,{1.1 * math.exp(0.3 * ill):.2f}")
            lines.append(f"{hour:02}:30,Na,{139 + rng.normal(0, 2):.0f}")
    return "\n".join(lines) + "\n"


def _folder(folder: Path, n: int = 120) -> Path:
    rng = np.random.default_rng(3)
    (folder / "set-x").mkdir(parents=True)
    rows = ["RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"]
    for number in range(n):
        ill = rng.normal()
        _stay(folder / "set-x", _hourly(rng, ill), f"{number}")
        died = int(rng.random() < 1 / (1 + math.exp(1 - 2 * ill)))
        rows.append(f"{number},1,1,5,{10 if died or number % 9 == 0 else -1},{died}")
    (folder / "Outcomes-x.txt").write_text("\n".join(rows) + "\n", "utf-8")
    return folder


def _small(patch: pytest.MonkeyPatch) -> None:
    """A recipe that takes a second."""
    patch.setattr(icu, "RECIPE", {**icu.RECIPE, "n_estimators": 12, "min_child_samples": 8, "num_leaves": 4})
    for name in ("DRAWS", "_PARTS", "_FOLDS"):
        patch.setattr(icu, name, 2)
    patch.setattr(icu_measure, "_ROUNDS", 20)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, icu.Stays]:
    """(data, pack, stays): a small pack trained on SYNTHETIC stays."""
    try:
        importlib.import_module("lightgbm")
    except (ImportError, OSError) as error:
        pytest.skip(f"LightGBM cannot be loaded: {error}")
    folder = tmp_path_factory.mktemp("icu")
    data = _folder(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        _small(patch)
        stays = icu.load(data)
        icu_pack.build(stays, folder / run_time.PACK, "2026-01-31")
    return data, folder / run_time.PACK, stays


def test_features_of_a_stay(tmp_path: Path) -> None:
    text = "01:00,HR,80\n25:00,HR,104\n02:00,NISysABP,100\n02:00,HR,90\n03:00,pH,735\n04:00,HR,9999\n05:00,Urine,50\n"
    stay = read_stay(_stay(tmp_path, text))
    found = features(stay)
    assert (found["HR_first"], found["HR_last"], found["HR_count"]) == (80, 104, 3)
    assert (found["HR_mean0_12"], found["HR_max24_48"], found["HR_n36_48"]) == (85, 104, 0)
    assert found["HR_slope"] == pytest.approx(19.70, abs=0.01)
    assert found["pH_mean"] == pytest.approx(7.35)
    assert found["SI_mean"] == pytest.approx(0.9)
    assert found["ur0_48"] == 50 and found["ur24_48"] == 0
    assert found["hr110"] == 0 and found["sbp90"] == 0
    assert "height" not in found and "Lactate_max" not in found and found["Lactate_count"] == 0
    assert stay.dropped == {"HR": 1}


def test_missing_is_never_normal(tmp_path: Path) -> None:
    bare = features(read_stay(_stay(tmp_path, "01:00,HR,80\n")))
    assert not [name for name in bare if name.startswith(("ur", "sofa_nerves", "GCS_last", "gcs_"))]
    assert bare["unit_2"] == 1 and bare["saps_1"] == 3  # 3 points for the age of 70, none for what is not known
    assert math.isnan(points(math.nan, [[1, 0], [None, 2]])) and points(1, [[1, 0], [None, 2]]) == 2


def test_every_feature_belongs_to_a_named_group(tmp_path: Path) -> None:
    stay = read_stay(_stay(tmp_path, _hourly(np.random.default_rng(0), 0) + "01:00,MechVent,1\n"))
    for name in features(stay):
        assert run_time.label(group(name)).zh, name
    codes = [code for spec in table()["channels"].values() for code in spec.get("loinc", ())]
    assert len(codes) == len(set(codes))


def test_a_damaged_file_is_left_out_and_told(tmp_path: Path) -> None:
    for number in range(3):
        _stay(tmp_path, "01:00,HR,80\nbroken\n02:00,HR\n03:00,HR,nan\n", f"{number}")
    (tmp_path / "2.txt").write_text("no header", "utf-8")
    (tmp_path / "Outcomes-x.txt").write_text("RecordID,In-hospital_death\n0,1\n1,0\n2,0\n3,\n", "utf-8")
    stays = icu.load(tmp_path)
    assert [s.id for s in stays.stays] == ["0", "1"] and len(stays.skipped) == 1
    with pytest.raises(UserError):
        icu.load(tmp_path / "nothing")
    (tmp_path / "big.txt").write_bytes(b"x" * (5 << 20))
    with pytest.raises(Unreadable):
        read_stay(tmp_path / "big.txt")
    assert run(["evaluate", "icu", str(tmp_path / "nothing")]) == 2


def test_measures() -> None:
    y = np.array([0.0, 0, 1, 1])
    assert icu.auroc(y, np.array([0.1, 0.2, 0.3, 0.4])) == 1
    assert icu.auroc(y, np.full(4, 0.5)) == 0.5
    assert icu.event1(y, np.array([0.1, 0.9, 0.3, 0.8])) == pytest.approx(2 / 3)
    assert icu.event1(y, np.array([0.1, 0.9, 0.3, 0.8]), 0.5) == 0.5
    assert icu.ece(np.tile(y, 100), np.full(400, 0.5)) < 0.2
    assert icu_measure.called(y, np.array([1.0, 0, 1, 0]))["event1_preset"] == 0.5
    assert icu_measure.figures(np.zeros(4), y)["auroc"] is None


def test_parts_hold_out_every_stay_once() -> None:
    y = np.array([1.0] * 7 + [0.0] * 30)
    held = [h for _, h in icu.folds(y, 4, 0)]
    assert sorted(np.concatenate(held)) == list(range(37))
    assert all(1 <= y[h].sum() <= 2 for h in held)


def _game(leaves: Leaves, x: np.ndarray[Any, Any], known: frozenset[int]) -> float:
    """What the trees give when only some features are known, by the definition."""
    total = leaves.constant
    for row in range(len(leaves.value)):
        weight = 1.0
        for step in range(leaves.feature.shape[1]):
            name = int(leaves.feature[row, step])
            if name >= 0:
                weight *= float(leaves.fits(x)[row, step]) if name in known else float(leaves.share[row, step])
        total += weight * float(leaves.value[row])
    return total


def test_shapley_values_are_those_of_the_definition() -> None:
    """Two leaves' paths over three features, one of them missing, against the sum over all coalitions."""
    inf = np.inf
    leaves = Leaves(
        feature=np.array([[0, 1, 2], [0, 2, -1], [1, -1, -1]], np.int32),
        low=np.array([[-inf, 2, -inf], [1, 0, -inf], [-inf, -inf, -inf]], np.float32),
        high=np.array([[1, inf, 5], [inf, 3, inf], [2, inf, inf]], np.float32),
        lost=np.array([[True, False, True], [False, True, True], [False, True, True]]),
        share=np.array([[0.3, 0.6, 0.5], [0.7, 0.25, 1], [0.4, 1, 1]], np.float32),
        value=np.array([1.5, -0.75, 0.5], np.float32),
        constant=0.25,
    )
    x = np.array([0.5, 3.0, np.nan], np.float32)
    for i in range(3):
        others = [j for j in range(3) if j != i]
        wanted = 0.0
        for size in range(3):
            for chosen in itertools.combinations(others, size):
                weight = math.factorial(size) * math.factorial(2 - size) / 6
                wanted += weight * (_game(leaves, x, frozenset({*chosen, i})) - _game(leaves, x, frozenset(chosen)))
        assert leaves.shapley(x)[i] == pytest.approx(wanted, abs=1e-7)
    assert leaves.base + leaves.shapley(x).sum() == pytest.approx(leaves.raw(x), abs=1e-7)
    assert Leaves.from_bytes(leaves.to_bytes()).raw(x) == leaves.raw(x)
    with pytest.raises(Unreadable):
        Leaves.from_bytes(b"no archive")


def test_graph_leaves_and_boosters_agree(built: tuple[Path, Path, icu.Stays], monkeypatch: pytest.MonkeyPatch) -> None:
    _, folder, stays = built
    _small(monkeypatch)
    model = icu.train(stays.x, stays.y, stays.aim)
    dumps = [b.dump_model() for b in model.boosters]
    used = icu_trees.used(dumps)
    leaves = icu_trees.to_leaves(dumps, {c: i for i, c in enumerate(used)})
    columns = stays.x[:, model.kept[used]].astype(np.float32)
    columns[::3, ::2] = np.nan
    wide = stays.x.copy()
    wide[:, model.kept[used]] = columns
    wanted = model.raw(wide)
    assert np.abs([leaves.raw(row) for row in columns] - wanted).max() < 1e-5
    contributions = np.mean([b.predict(wide[:3][:, model.kept], pred_contrib=True) for b in model.boosters], axis=0)
    for row, theirs in zip(columns[:3], contributions, strict=True):
        assert np.abs(leaves.shapley(row) - theirs[used]).max() < 1e-5
    pack = packs.verify(folder)
    assert np.abs(run_time.raw_logits(pack, columns) - wanted).max() < 1e-5
    assert check_reference(pack) < 1e-3


def test_an_estimate_adds_up_and_names_what_is_absent(built: tuple[Path, Path, icu.Stays]) -> None:
    _, folder, stays = built
    pack = packs.load(folder)
    found = run_time.estimate(pack, stays.stays[0])
    assert isinstance(found, run_time.IcuEstimate)
    assert found.additivity_error < 1e-4
    assert found.base + sum(s.nats for s in found.shares) == pytest.approx(found.logit, abs=1e-4)
    assert found.interval[0] <= found.probability <= found.interval[1]
    assert found.high == (found.probability >= found.threshold)
    assert "Lactate" in {x.en for x in found.absent} and "Heart rate" not in {x.en for x in found.absent}
    for share in found.shares:
        assert share.nats == pytest.approx(sum(n for *_, n in share.features))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"Age": 15.0}, "age"),
        ({"Age": None}, "age_unknown"),
        ({"ICUType": None}, "not_intensive_care"),
    ],
)
def test_the_gate_refuses_outside_the_domain(
    change: dict[str, float | None], rule: str, built: tuple[Path, Path, icu.Stays]
) -> None:
    pack, stay = packs.load(built[1]), built[2].stays[0]
    static = {k: v for k, v in {**stay.static, **change}.items() if v is not None}
    found = run_time.estimate(pack, replace(stay, static=static))
    assert isinstance(found, run_time.IcuRefusal) and found.rule == rule and found.reason.zh


def test_the_gate_refuses_short_and_empty_stays(built: tuple[Path, Path, icu.Stays]) -> None:
    pack, stay = packs.load(built[1]), built[2].stays[0]
    short = replace(stay, channels={n: tuple(v for v in s if v[0] < 1200) for n, s in stay.channels.items()})
    few = replace(stay, channels={"HR": stay.channels["HR"]})
    rules = [getattr(run_time.estimate(pack, s), "rule", "") for s in (short, few, Stay("x", stay.static, {}, {}))]
    assert rules == ["too_short", "not_measured", "too_short"]


def test_the_verbs(built: tuple[Path, Path, icu.Stays], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, folder, _ = built
    assert run(["icu", str(data / "set-x" / "3.txt"), "--pack", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0 < found["estimate"] < 1 and found["shares"][0]["label"]["zh"] and found["additivity_error"] < 1e-4
    fresh = _folder(tmp_path / "more", 50)
    for path in (fresh / "set-x").iterdir():
        path.write_text(path.read_text("utf-8") + "47:00,Lactate,1.5\n", "utf-8")
    assert run(["evaluate", "icu", str(fresh), "--pack", str(folder), "--json"]) == 0
    scored = json.loads(capsys.readouterr().out)
    assert scored["n"] == 50 and scored["trained_on"] == 0 and "pack" in scored["how"]
    assert scored["auroc"] > 0.6 and {"event1", "ece", "event1_preset", "subgroups", "without_gate"} <= set(scored)
    assert run(["icu", str(folder / "manifest.json"), "--pack", str(folder)]) == 2
    assert run(["icu", str(tmp_path / "none.txt"), "--pack", str(folder)]) == 2
    assert run(["evaluate", "icu", str(fresh), "--train", str(tmp_path / "x")]) == 2


def test_stays_of_the_training_are_never_scored_by_the_pack(
    built: tuple[Path, Path, icu.Stays], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, folder, stays = built
    _small(monkeypatch)
    assert run(["evaluate", "icu", str(data), "--pack", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["trained_on"] == len(stays.y) and "cross-validation" in found["how"]


def test_another_pack_is_refused() -> None:
    assert run(["icu", "x", "--pack", str(RESOURCES / "models" / "note-embedding-minilm")]) == 2


_START = datetime(2026, 1, 31, 14, tzinfo=UTC)


def _seen(loinc: str, value: float, unit: str, hour: float) -> Observation:
    time = (_START + timedelta(hours=hour)).isoformat()
    place = Source("synthetic.json", "fhir", f"{loinc}{hour}")
    return Observation(
        f"{loinc}{hour}", (Coding("LOINC", loinc),), loinc, (place,), "", Quantity(value, unit), time=time
    )


def test_a_record_becomes_a_stay() -> None:
    observations = (
        _seen("8867-4", 90, "/min", 1), _seen("8867-4", 95, "/min", 47), _seen("8867-4", 70, "/min", 49),
        _seen("14682-9", 88.4, "umol/L", 2), _seen("22664-7", 10, "mmol/L", 2), _seen("3150-6", 50, "%", 3),
        _seen("8480-6", 110, "mm[Hg]", 1), _seen("2951-2", 5000, "mmol/L", 1), _seen("9187-6", 60, "mL", 5),
    )  # fmt: skip
    source = (Source("synthetic.json", "fhir", "e"),)
    ventilated = Event(
        "v", "procedure", (), "Mechanical ventilation", source, _START.isoformat(), "2026-01-31T17:30:00+00:00"
    )
    patient = Patient(birth_date=date(1960, 2, 1), sex=Sex.MALE, synthetic=True)
    record = Record(patient, observations=observations, events=(ventilated,))
    stay = stay_from(record, admitted=_START.isoformat(), unit="medical")
    assert stay.static["Age"] == pytest.approx(66, abs=0.1) and stay.static["ICUType"] == 3
    assert stay.channels["HR"] == ((60, 90.0), (2820, 95.0))
    assert stay.channels["Creatinine"][0][1] == pytest.approx(1.0, abs=0.01)
    assert stay.channels["BUN"][0][1] == pytest.approx(28.0, abs=0.1)
    assert stay.channels["FiO2"][0][1] == pytest.approx(0.5)
    assert [t for t, _ in stay.channels["MechVent"]] == [0, 60, 120, 180]
    assert stay.dropped == {"Na": 1} and stay.channels["Urine"] == ((300, 60.0),)
    for bad in ({"unit": "medical"}, {"admitted": _START.isoformat()}, {"admitted": "soon", "unit": "medical"}):
        with pytest.raises(UserError):
            stay_from(record, **bad)
    with pytest.raises(UserError):
        statics(60, True, None, "kitchen")


@pytest.mark.skipif(not _SHIPPED.is_dir(), reason="no pack for intensive care ships")
def test_the_shipped_pack_is_whole_and_says_what_it_reached() -> None:
    pack = packs.verify(_SHIPPED)
    assert check_reference(pack) < 1e-3
    assert run_time.installed() is not None
    metrics = pack.manifest["metrics"]
    assert metrics["all_stays"]["n"] == 4000 and metrics["all_stays"]["auroc"] > 0.85
    assert len(icu_pack.trained_on(pack)) == 4000
    text = (_SHIPPED / icu_pack.CARD).read_text("utf-8")
    assert f"{metrics['own_test']['event1']:.3f}" in text and "Limits" in text
    for name in run_time.names(pack):
        assert run_time.label(group(name)).zh
