"""Would a pack's features carry over to other films? Cross-validated by patient, beside age, sex and view alone.

For films outside a pack's domain (adults for a children's pack): a logistic regression on the pack's embedding, ridge
strength chosen in inner folds. A clinic asks this before it thinks of a pack of its own; the chest pack's card quotes it.
Beside it stands what plain statistics of the picture foretell (brightness, contrast, sharpness), which know nothing of
disease: where they tell the classes apart, these were collected or processed differently and no figure is evidence.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Unreadable, UserError
from core.inference.packs import Pack
from core.inference.predict import forward
from core.inference.preprocess import film as prepare
from core.learning.dataset import Film
from core.learning.metrics import auroc, with_ci
from core.learning.pixels import read
from core.progress import Report, silent

Floats = NDArray[np.float64]
FOLDS, REPEATS, LEAST = 5, 5, 40
_STRENGTHS = np.logspace(-5, 0, 6)
_BATCH = 32


def transfer(
    pack: Pack,
    films: Sequence[Film],
    report: Report = silent,
    *,
    seed: int = 0,
    draws: int = 1000,
    repeats: int = REPEATS,
) -> dict[str, Any]:
    """AUROC {value, ci95} of the pack's own answer, of a regression on its features (out of fold), of age, sex and view
    alone, of statistics of the picture alone, of features with age, sex and view, and of the features within each view.

    Also `n`, `patients`. Intervals over patients. Raises UserError with too few films of a class.
    """
    kept = [f for f in films if f.label is not None]
    labels = np.array([f.label for f in kept], np.int64)
    if min(np.bincount(labels, minlength=2)) < LEAST:
        raise UserError(
            f"Fewer than {LEAST} films of a class.", "Name a folder with one folder a class, or with labels.csv."
        )
    own, embedded, mirrored = features(pack, kept, report)
    about = known(kept)
    groups = [f.patient for f in kept]
    both = np.concatenate([embedded, about], axis=1)
    scores = {
        "own_answer": own,
        "features": out_of_fold(embedded, labels, groups, seed, mirrored, repeats=repeats),
        "age_sex_view": out_of_fold(about, labels, groups, seed, repeats=repeats),
        "picture_statistics": out_of_fold(statistics(kept), labels, groups, seed, repeats=repeats),
        "features_and_age_sex_view": out_of_fold(both, labels, groups, seed, repeats=repeats),
    }
    found: dict[str, Any] = {"n": len(kept), "patients": len(set(groups)), "folds": FOLDS, "repeats": repeats}
    for name, score in scores.items():
        found[name] = _auroc(labels, score, groups, draws)
    views = np.array([f.view.upper() for f in kept])
    for view in sorted(set(views.tolist()) - {""}):
        at = np.flatnonzero(views == view)
        if min(np.bincount(labels[at], minlength=2)) >= LEAST // 2:
            found[f"features_within_{view}"] = _auroc(
                labels[at], scores["features"][at], [groups[k] for k in at], draws
            )
    return found


def features(pack: Pack, films: Sequence[Film], report: Report = silent) -> tuple[Floats, Floats, Floats]:
    """The pack's logits (n,), embeddings (n, d), and those of the mirrored films. Raises UserError."""
    parts: list[tuple[Floats, Floats, Floats]] = []
    for at in range(0, len(films), _BATCH):
        report(at, len(films), "films")
        try:
            rows = np.stack([prepare(read(f), pack.preprocessing) for f in films[at : at + _BATCH]])
        except Unreadable as problem:
            raise UserError(str(problem), "Take the file out of the folder.") from problem
        logits, plain = forward(pack, rows)
        other = forward(pack, np.ascontiguousarray(rows[..., ::-1]))[1]
        parts.append((logits[:, 0].astype(float), plain.astype(float), other.astype(float)))
    first, second, third = (np.concatenate(column) for column in zip(*parts, strict=True))
    return first, second, third


def known(films: Sequence[Film]) -> Floats:
    """(n, 6): age in decades with its square and a flag where unknown, sex (1 male, -1 female), view (AP), view (PA)."""
    rows = []
    for f in films:
        age = (f.age_years or 0.0) / 10
        sex = {"M": 1.0, "F": -1.0}.get(f.sex[:1].upper(), 0.0)
        rows.append(
            (
                age,
                age * age,
                float(f.age_years is None),
                sex,
                float(f.view.upper() == "AP"),
                float(f.view.upper() == "PA"),
            )
        )
    return np.array(rows, np.float64)


def statistics(films: Sequence[Film]) -> Floats:
    """(n, 12): mean, deviation, seven percentiles and mean step between neighbours of the pixels as read (grey levels
    stretched to 0-255), shares of black and of white."""
    rows = []
    for f in films:
        pixels = read(f).astype(np.float64)
        steps = float(np.abs(np.diff(pixels)).mean())
        spread = np.percentile(pixels, [1, 5, 25, 50, 75, 95, 99]).tolist()
        shares = (float((pixels == 0).mean()), float((pixels == 255).mean()))
        rows.append((float(pixels.mean()), float(pixels.std()), *spread, steps, *shares))
    return np.array(rows, np.float64)


def out_of_fold(
    rows: Floats,
    labels: NDArray[np.int64],
    groups: Sequence[str],
    seed: int = 0,
    more: Floats | None = None,
    *,
    repeats: int = REPEATS,
) -> Floats:
    """Mean log-odds over `repeats` cross-validations in which no patient is in two parts. `more`: the same films mirrored,
    which are learned from too."""
    total = np.zeros(len(labels))
    for repeat in range(repeats):
        fold = _folds(groups, labels, seed + repeat)
        for k in range(FOLDS):
            inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            strength = _strength(rows[inside], labels[inside], fold[inside])
            total[outside] += _fitted(rows, labels, inside, strength, more)(rows[outside])
    return total / repeats


def _strength(rows: Floats, labels: NDArray[np.int64], fold: NDArray[np.int64]) -> float:
    """The ridge strength whose inner folds rank best."""
    found = []
    for strength in _STRENGTHS:
        score = np.zeros(len(labels))
        for k in np.unique(fold):
            inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            score[outside] = _fitted(rows, labels, inside, strength, None)(rows[outside])
        found.append(auroc(labels, score))
    return float(_STRENGTHS[int(np.argmax(found))])


def _fitted(
    rows: Floats, labels: NDArray[np.int64], at: NDArray[np.int64], strength: float, more: Floats | None
) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = rows[at], labels[at]
    if more is not None:
        x, y = np.concatenate([x, more[at]]), np.concatenate([y, y])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, class_weight="balanced", max_iter=500))
    return model.fit(x, y).decision_function


def _folds(groups: Sequence[str], labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    from sklearn.model_selection import StratifiedGroupKFold

    fold = np.zeros(len(labels), np.int64)
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for k, (_, outside) in enumerate(splitter.split(labels, labels, groups)):
        fold[outside] = k
    return fold


def _auroc(labels: NDArray[np.int64], scores: Floats, groups: Sequence[str], draws: int) -> dict[str, object]:
    return with_ci(lambda at: {"auroc": auroc(labels[at], scores[at])}, groups, draws)["auroc"]
