"""Whether features carry over: folds by patient, and plain statistics of the picture beside them."""

import numpy as np
import pytest
from PIL import Image

from core.errors import UserError
from core.inference import packs
from core.learning.dataset import Film
from core.learning.metrics import auroc
from core.learning.transfer import _folds, known, out_of_fold, statistics, transfer


def test_no_patient_is_in_two_folds():
    groups = [f"patient {k // 3}" for k in range(90)]
    fold = _folds(groups, np.arange(90) % 2, 0)
    assert {len({fold[k] for k in range(90) if groups[k] == g}) for g in groups} == {1}
    assert set(fold.tolist()) == {0, 1, 2, 3, 4}


def test_a_signal_is_found_and_noise_is_not():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    groups = [f"p{k // 2}" for k in range(200)]
    rows = rng.normal(size=(200, 5))
    assert 0.35 < auroc(labels, out_of_fold(rows, labels, groups, repeats=1)) < 0.65
    rows[:, 2] += 2 * labels
    assert auroc(labels, out_of_fold(rows, labels, groups, repeats=1)) > 0.85


def films(tmp_path, n: int, coarse: int = 1) -> list[Film]:
    """Grey noise; in class 1 of grains of `coarse` pixels, and nothing else."""
    rng = np.random.default_rng(1)
    found = []
    for k in range(n):
        label = k % 2
        grain = coarse if label else 1
        pixels = rng.integers(0, 256, (128 // grain, 128 // grain), np.uint8).repeat(grain, 0).repeat(grain, 1)
        path = tmp_path / f"{k}.png"
        Image.fromarray(pixels).save(path)
        found.append(Film(path, label, f"p{k}", age_years=40.0 + k % 3, view="AP" if k % 4 < 2 else "PA", sex="F"))
    return found


def test_classes_that_differ_in_grain_alone_are_shown_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr("core.learning.transfer._STRENGTHS", np.array([1e-2]))
    found = transfer(packs.find("cxr-pneumonia-paediatric"), films(tmp_path, 84, 4), draws=20, repeats=1)
    assert found["picture_statistics"]["value"] > 0.95
    assert found["age_sex_view"]["value"] < 0.75
    assert found["n"] == 84 and {"own_answer", "features", "features_within_AP"} <= set(found)


def test_too_few_films_are_refused(tmp_path):
    with pytest.raises(UserError, match="Fewer than 40"):
        transfer(packs.find("cxr-pneumonia-paediatric"), films(tmp_path, 20))


def test_what_is_not_known_is_flagged(tmp_path):
    (row,) = known([Film(tmp_path / "a.png", 1, "p")])
    assert row.tolist() == [0, 0, 1, 0, 0, 0]


def test_statistics_have_a_row_a_film(tmp_path):
    rows = statistics(films(tmp_path, 4, 8))
    assert rows.shape == (4, 12)
    assert rows[1, 9] < rows[0, 9] / 4  # steps between neighbours
