"""Measures a model pack on films, as the program would read them: gate first, then the calibrated probability."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.imaging import ImageRef
from core.errors import Unreadable
from core.inference import gate
from core.inference.packs import Pack
from core.inference.predict import forward
from core.inference.preprocess import film as prepare
from core.learning.class_metrics import reliability
from core.learning.dataset import Film
from core.learning.metrics import summary, with_ci
from core.learning.pixels import read
from core.progress import Report, silent

_BATCH = 32
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Read:
    """What the pack made of one film. `probability` is nan where the graph was not run; `rule` "" means an estimate."""

    film: Film
    probability: float
    log_odds: float
    rule: str
    ood: float = float("nan")


def read_films(
    pack: Pack, films: Sequence[Film], report: Report = silent, age_years: float | None = None, role: str = "predict"
) -> list[Read]:
    """Every film through the gate and the graph. `age_years` stands in where a film has no age of its own.

    Films refused by a rule are still given to the graph where they can be, so that the gate's worth can be seen.
    """
    out: list[Read] = []
    for start in range(0, len(films), _BATCH):
        out.extend(_read_batch(pack, films[start : start + _BATCH], age_years, role))
        report(min(start + _BATCH, len(films)), len(films), "reading films")
    return out


def _read_batch(pack: Pack, films: Sequence[Film], age_years: float | None, role: str) -> Iterator[Read]:
    rules, prepared, place = [], [], []
    for k, film in enumerate(films):
        try:
            pixels = read(film)
        except Unreadable:
            rules.append(UNREADABLE)
            continue
        ref = ref_of(film, pixels, age_years)
        refusal = gate.check_domain(pack, ref) or gate.check_pixels(pack, ref, pixels)
        rules.append(refusal.rule if refusal else "")
        prepared.append(prepare(pixels, pack.preprocessing))
        place.append(k)
    logits, features = forward(pack, np.stack(prepared), role) if prepared else (np.empty((0, 1)), np.empty((0, 1)))
    found = {k: i for i, k in enumerate(place)}
    for k, film in enumerate(films):
        if k not in found:
            yield Read(film, float("nan"), float("nan"), rules[k])
            continue
        i = found[k]
        row = gate.picture_features(prepared[i], features[i])
        ood = float(gate.density(pack).ood(row[None])[0])
        rule = rules[k] or ("picture" if ood > gate.density(pack).limit else "")
        logit = float(logits[i, 0])
        yield Read(film, pack.calibration.probability(logit), pack.calibration.log_odds(logit), rule, ood)


def ref_of(film: Film, pixels: NDArray[np.uint8], age_years: float | None) -> ImageRef:
    """What is known of a film of a data set; modality is left open, as for any PNG or JPEG."""
    age = film.age_years if film.age_years is not None else age_years
    return ImageRef(
        id=film.path.name, path=str(film.path), view=film.view, age_years=age,
        rows=pixels.shape[0], columns=pixels.shape[1], stated_by="user",
    )  # fmt: skip


def table(pack: Pack, reads: Sequence[Read], draws: int = 1000) -> dict[str, Any]:
    """The JSON of `evaluate image`: metrics of the films that got an estimate, each with its 95 % interval (bootstrap
    over patients) beside it, the share refused with reasons, and the same metrics had the gate not been there."""
    patients = [r.film.patient for r in reads]
    refused = np.array([bool(r.rule) for r in reads], np.bool_)
    if not reads:
        return {
            "n": 0,
            "patients": 0,
            "n_estimates": 0,
            "refused_share": None,
            "refused_share_ci95": None,
            "refused_by": {},
        }
    out: dict[str, Any] = {"n": len(reads), "patients": len(set(patients)), "n_estimates": int((~refused).sum())}
    _beside(out, with_ci(lambda i: {"refused_share": float(refused[i].mean())}, patients, draws))
    out["refused_by"] = {rule: sum(r.rule == rule for r in reads) for rule in sorted({r.rule for r in reads} - {""})}
    estimated = [r for r in reads if not r.rule]
    out.update(_metrics(pack, estimated, draws))
    everything = [r for r in reads if np.isfinite(r.probability)]
    if len(everything) > len(estimated):
        out["without_gate"] = _metrics(pack, everything, draws)
    kinds = sorted({r.film.kind for r in estimated if r.film.kind and r.film.label is not None})
    threshold = pack.labels[0].threshold
    out["called_positive_by_kind"] = {
        kind: float(np.mean([r.probability >= threshold for r in estimated if r.film.kind == kind])) for kind in kinds
    }
    return out


def _metrics(pack: Pack, reads: Sequence[Read], draws: int) -> dict[str, Any]:
    labelled = [r for r in reads if r.film.label is not None]
    out: dict[str, Any] = {"n_labelled": len(labelled), "threshold": pack.labels[0].threshold}
    if not labelled:
        return out
    labels = np.array([r.film.label for r in labelled], np.int64)
    p = np.array([r.probability for r in labelled])
    threshold = pack.labels[0].threshold
    found = with_ci(lambda i: summary(labels[i], p[i], threshold), [r.film.patient for r in labelled], draws)
    out["reliability"] = reliability(labels, np.stack([1 - p, p], axis=1))
    return _beside(out, found)


def _beside(out: dict[str, Any], found: dict[str, dict[str, object]]) -> dict[str, Any]:
    for name, value in found.items():
        out[name] = value["value"]
        out[f"{name}_ci95"] = value["ci95"]
    return out
