"""`evaluate wording`: the weight of a fold comes from other diagnoses, and a useless wording gets none."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.verbs import evaluate_wording as wording
from core.verbs import run

ROWS = [
    ("Migraine", "25 year old Female", "Throbbing headache on one side with nausea, worse in bright light."),
    ("Gout", "58 year old Male", "Sudden swelling of the big toe, red, hot and very painful since last night."),
    ("Something nobody wrote", "40 year old Male", "Fever and cough for two days."),
]


def _cases(likeness: np.ndarray, head: np.ndarray | None = None, words: np.ndarray | None = None) -> wording.Cases:
    count, conditions = likeness.shape
    rules = np.random.default_rng(1).normal(size=(count, conditions))
    truth = np.arange(count) % conditions
    names = tuple(f"diagnosis {i % 10}" for i in range(count))
    fold = np.array([i % 10 % 5 for i in range(count)])
    prior = np.full(conditions, 1 / conditions)
    shares = [np.zeros_like(likeness) if given is None else given for given in (head, words)]
    return wording.Cases(rules, likeness, *shares, np.ones(count), truth, names, fold, prior, -3.0)


def test_noise_gets_hardly_any_weight_and_a_hint_gets_much() -> None:
    generator = np.random.default_rng(2)
    noise = generator.normal(size=(200, 10))
    hint = noise.copy()
    hint[np.arange(200), np.arange(200) % 10] += 2
    _, without = wording.cross_validated(_cases(noise))
    scored, weights = wording.cross_validated(_cases(hint))
    assert max(w[0] for w in without) <= 0.5 < 1 <= min(w[0] for w in weights)
    rank = wording.ranks(_cases(hint), scored)
    assert (rank == 1).mean() > (wording.ranks(_cases(hint), wording.weighted(_cases(hint), 0)) == 1).mean()


def test_the_head_is_weighed_beside_the_likeness() -> None:
    generator = np.random.default_rng(4)
    likeness, head = generator.normal(size=(200, 10)), generator.normal(size=(200, 10))
    head[np.arange(200), np.arange(200) % 10] += 3
    _, weights = wording.cross_validated(_cases(likeness, head))
    assert all(w[1] >= 0.5 for w in weights)
    _, none = wording.cross_validated(_cases(likeness))
    assert all(w[1] == 0 == w[2] for w in none)
    _, words = wording.cross_validated(_cases(likeness, words=head))
    assert all(w[1] == 0 and w[2] >= 0.5 for w in words)


def test_a_folds_own_cases_have_no_say_in_its_weight() -> None:
    likeness = np.random.default_rng(3).normal(size=(100, 10))
    cases = _cases(likeness)
    _, before = wording.cross_validated(cases)
    changed = likeness.copy()
    own = np.flatnonzero(cases.fold == 0)
    changed[own, cases.truth[own]] += 50
    _, after = wording.cross_validated(_cases(changed))
    assert after[0] == before[0] and after[1][0] > before[1][0]


def test_the_command_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps({"correct_diagnosis": d, "demographics": w, "presentation": p}) for d, w, p in ROWS]
    (tmp_path / "some.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert run(["evaluate", "wording", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == 3 and found["in_knowledge"] == 2
    assert found["rules"]["top5"] <= 2 / 3 and len(found["weights_of_folds"]) == 5
