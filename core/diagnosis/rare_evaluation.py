"""Measure the rare engine on solved cases: as is, and with the case's own publication left out of the annotations."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import rare
from core.diagnosis.measures import calibration_error
from core.diagnosis.rare_cases import SolvedCase
from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Patient
from core.knowledge.hpo import RarePack, load
from core.knowledge.hpo_build import bundled_release, build, draft, release_in
from core.knowledge.hpo_overlay import Overlay, overlay
from core.progress import Report, silent

ABSENT = 10**6  # rank of a disease that is not in the annotation
BOOTSTRAPS, SEED = 1000, 1


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured."""

    leave_publication_out: bool = False
    orphanet: bool = True
    genes: bool = False
    folds: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case: rank of its disease as is and without its publication (0 first), confidence in the first answer."""

    disease: str
    known: bool
    annotated: bool
    rank_as_is: int
    rank_without: int
    sure_as_is: float
    sure_without: float


def evaluate(cases: Sequence[SolvedCase], options: Options = Options(), report: Report = silent) -> dict[str, Any]:
    """All measures of `evaluate rare` (see its JSON)."""
    release = release_in(bundled_release())
    pack = load() if options.orphanet else build(release, orphanet=False)
    report(0, len(cases), "leave-publication-out overlay")
    read = draft(release)
    layer = overlay(pack, read, [c.publications for c in cases], orphanet=options.orphanet)
    outcomes = []
    for i, case in enumerate(cases):
        if i % 500 == 0:
            report(i, len(cases), "ranking")
        outcomes.append(_outcome(case, pack, layer))
    return _measures(outcomes, options, cases, pack)


def _outcome(case: SolvedCase, pack: RarePack, layer: Overlay) -> Outcome:
    terms = list(rare.hpo_terms(findings_of(case), pack))
    wanted = [pack.disease_number[d] for d in case.diseases if d in pack.disease_number]
    disease = min(case.diseases)
    if not terms:
        return Outcome(disease, bool(wanted), False, ABSENT, ABSENT, 0.0, 0.0)
    scores = np.sum([rare.term_scores(t, layer.pack) for t in terms], axis=0)
    n = len(pack.diseases)
    without = scores.copy()
    layer.replaced(without, case.publications)
    rows = layer.rows.get(case.publications, {})
    annotated = any(rows.get(w, w) not in layer.emptied for w in wanted)
    return Outcome(
        disease,
        bool(wanted),
        annotated,
        _rank(scores[:n], wanted),
        _rank(without[:n], wanted),
        rare.confidence(scores[:n]),
        rare.confidence(without[:n]),
    )


def _rank(scores: NDArray[np.float32], wanted: Sequence[int]) -> int:
    """Diseases above the best wanted one; ties count against it."""
    if not wanted:
        return ABSENT
    best = scores[list(wanted)].max()
    return int((scores >= best).sum()) - 1


def findings_of(case: SolvedCase, *, genes: bool = False) -> tuple[Finding, ...]:
    """The case as the engine gets it: present terms, and the gene as a finding of its own where asked."""
    where = Source(case.name, "phenopacket")
    found = [
        Finding(f"{case.name}-{t}", Coding("HP", t), Label(t), Status.PRESENT, Origin.CLINICIAN, where)
        for t in case.terms
    ]
    if genes:
        found += [
            Finding(f"{case.name}-{g}", Coding("HGNC", g, g), Label(g), Status.PRESENT, Origin.GENE, where)
            for g in sorted(case.genes)
        ]
    return tuple(found)


def _measures(
    outcomes: Sequence[Outcome], options: Options, cases: Sequence[SolvedCase], pack: RarePack
) -> dict[str, Any]:
    lopo = options.leave_publication_out
    ranks = np.array([o.rank_without if lopo else o.rank_as_is for o in outcomes])
    sure = [o.sure_without if lopo else o.sure_as_is for o in outcomes]
    known = np.array([o.known for o in outcomes])
    annotated = np.array([o.annotated for o in outcomes])
    without = np.array([o.rank_without for o in outcomes])
    diseases = np.array([o.disease for o in outcomes])
    out: dict[str, Any] = {"n": len(outcomes), "n_known": int(known.sum()), "n_annotated": int(annotated.sum())}
    for name, chosen, values in (
        ("", np.ones(len(outcomes), bool), ranks),
        ("known_", known, ranks),
        ("annotated_", annotated, without),
    ):
        out |= rates(name, values[chosen], diseases[chosen])
    out["ece"] = calibration_error(sure, [bool(r < 1) for r in ranks])
    out["ms_per_case"] = milliseconds(cases)
    out["versions"] = {"hpo": pack.version.version, "hpoa": pack.hpoa_version, "sha256": pack.version.sha256}
    return out


def rates(name: str, ranks: NDArray[np.int64], diseases: NDArray[np.str_]) -> dict[str, Any]:
    """top1, top3, top10 over cases (micro) and over diseases (macro), each with a 95 % CI that resamples diseases."""
    if not len(ranks):
        return {}
    _, number = np.unique(diseases, return_inverse=True)
    size = np.bincount(number).astype(float)
    draws = np.random.default_rng(SEED).multinomial(len(size), np.full(len(size), 1 / len(size)), BOOTSTRAPS)
    out: dict[str, Any] = {}
    for k in (1, 3, 10):
        hits = np.bincount(number, weights=ranks < k)
        micro, macro = draws @ hits / (draws @ size), draws @ (hits / size) / len(size)
        out |= _rate(f"{name}top{k}", float(hits.sum() / size.sum()), micro)
        out |= _rate(f"{name}macro_top{k}" if name else f"macro_top{k}", float((hits / size).mean()), macro)
    return out


def _rate(name: str, value: float, draws: NDArray[np.float64]) -> dict[str, Any]:
    low, high = np.percentile(draws, (2.5, 97.5))
    return {name: round(value, 4), f"{name}_ci95": [round(float(low), 4), round(float(high), 4)]}


def milliseconds(cases: Sequence[SolvedCase], most: int = 500) -> dict[str, float]:
    """Time of `rank`, findings to hypotheses, on up to `most` cases spread over the set."""
    chosen = [findings_of(c) for c in cases[:: max(1, len(cases) // most)]]
    rare.rank(chosen[0], Patient())
    spent = []
    for found in chosen:
        started = time.perf_counter()
        rare.rank(found, Patient())
        spent.append((time.perf_counter() - started) * 1000)
    return {"median": round(float(np.median(spent)), 3), "p95": round(float(np.percentile(spent, 95)), 3)}
