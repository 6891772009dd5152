"""Reading folders of films, splitting by patient, and the metrics."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import UserError
from core.learning.dataset import Film, named, read_folder
from core.learning.metrics import auroc, ece, summary, with_ci
from core.learning.split import Part, SplitPlan, end_films, join_duplicates, split
from core.verbs import run
from tests.core import tiny_pack


def save(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(tiny_pack.picture(seed)).save(path)


@pytest.mark.parametrize(
    ("name", "patient", "series"),
    [
        ("person12_virus_34.jpeg", "person12", "virus"),
        ("person12_bacteria_9.jpeg", "person12", "bacteria"),
        ("IM-0115-0001.jpeg", "normal115", "IM"),
        ("NORMAL2-IM-0540-0001-0002.jpeg", "normal540", "NORMAL2-IM"),
        ("scan.png", "scan", ""),
    ],
)
def test_names_carry_the_patient(name: str, patient: str, series: str) -> None:
    film = named(Path(name), 1)
    assert (film.patient, film.series) == (patient, series)


def films() -> list[Film]:
    out = [
        named(Path(f"person{k}_{kind}_{k}{j}.jpeg"), 1)
        for k in range(1, 120)
        for j in range(k % 3 + 1)
        for kind in ("virus", "bacteria")
    ]
    return out + [named(Path(f"NORMAL2-IM-{k:04}-0001.jpeg"), 0) for k in range(300, 420)]


def test_no_patient_is_in_two_parts() -> None:
    found = films()
    parts = split(found, [f.patient for f in found], SplitPlan())
    where: dict[str, set[Part]] = {}
    for film, part in zip(found, parts, strict=True):
        where.setdefault(film.patient, set()).add(part)
    assert all(len(p) == 1 for p in where.values())
    assert {Part.TRAIN, Part.VALIDATION, Part.TEST} == set(parts)
    assert parts == split(found, [f.patient for f in found], SplitPlan())
    ends = [p for f, p, e in zip(found, parts, end_films(found, SplitPlan()), strict=True) if e and not f.label]
    assert set(ends) == {Part.TRAIN, Part.TEST}


def test_near_copies_join_their_patients() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.random((4, 64)).astype(np.float32)
    pictures[3] = pictures[1] * 0.9 + 0.02
    found = [Film(Path(f"{k}.png"), 0, f"p{k}") for k in range(4)]
    groups = join_duplicates(found, pictures)
    assert groups[1] == groups[3] and len(set(groups)) == 3


def test_labels_csv_gives_age_view_and_patient(tmp_path: Path) -> None:
    save(tmp_path / "a" / "x.png", 1)
    (tmp_path / "labels.csv").write_text("file,label,patient,age,view\na/x.png,Pneumonia,7,3,AP\n", encoding="utf-8")
    (film,) = read_folder(tmp_path)
    assert (film.label, film.patient, film.age_years, film.view) == (1, "7", 3.0, "AP")


def test_an_empty_folder_is_the_users_to_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no image"):
        read_folder(tmp_path)
    with pytest.raises(UserError, match="not a folder"):
        read_folder(tmp_path / "none")


def test_auroc_counts_pairs() -> None:
    labels = np.array([0, 0, 1, 1, 1])
    scores = np.array([0.1, 0.4, 0.4, 0.8, 0.9])
    pairs = [(scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]) for i in (2, 3, 4) for j in (0, 1)]
    assert auroc(labels, scores) == pytest.approx(np.mean(pairs))
    assert np.isnan(auroc(np.ones(3, int), np.ones(3)))


def test_summary_and_ece() -> None:
    labels, p = np.array([0, 0, 1, 1]), np.array([0.2, 0.6, 0.6, 0.9])
    found = summary(labels, p, 0.5)
    assert (found["sensitivity"], found["specificity"], found["accuracy"]) == (1.0, 0.5, 0.75)
    assert ece(labels, p) == pytest.approx((0.2 + abs(1.2 - 1) + 0.1) / 4)


def test_interval_covers_the_value_and_follows_patients() -> None:
    rng = np.random.default_rng(0)
    hits = rng.random(200) < 0.7
    alone = with_ci(lambda i: {"share": float(hits[i].mean())}, [str(k) for k in range(200)], 400)["share"]
    grouped = with_ci(lambda i: {"share": float(hits[i].mean())}, [str(k // 50) for k in range(200)], 400)["share"]
    low, high = alone["ci95"]  # type: ignore[misc]
    assert low < alone["value"] < high  # type: ignore[operator]
    assert grouped["value"] == alone["value"]


@pytest.fixture
def tiny(profile: Path) -> str:
    return tiny_pack.write(profile / "models" / "tiny").id


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run(["evaluate", "image", *arguments, "--pack", "tiny", "--bootstrap", "50", "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_evaluate_labelled(tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for k in range(6):
        save(tmp_path / ("PNEUMONIA" if k % 2 else "NORMAL") / f"{k}.png", k)
    found = evaluated(capsys, str(tmp_path))
    assert found["n"] == 6 and found["n_estimates"] == 6 and found["refused_share"] == 0
    for key in ("auroc", "accuracy", "balanced_accuracy", "sensitivity", "specificity", "ece", "refused_share"):
        assert isinstance(found[key], float) and f"{key}_ci95" in found


def test_evaluate_unlabelled_and_adults(tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for k in range(3):
        save(tmp_path / f"{k}.png", k)
    found = evaluated(capsys, str(tmp_path))
    assert "auroc" not in found and found["refused_share"] == 0
    assert evaluated(capsys, str(tmp_path), "--age", "44")["refused_by"] == {"age": 3}
    (tmp_path / "9.png").write_bytes(b"not a picture")
    assert evaluated(capsys, str(tmp_path))["refused_by"] == {"unreadable": 1}
