"""Measure the rare engine on solved cases: as is, and with the case's own publication left out of the annotations."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import rare
from core.diagnosis.fusion import GENE_WEIGHT
from core.diagnosis.rare_cases import SolvedCase
from core.diagnosis.rare_features import Index, features, index_of
from core.diagnosis.rare_learning import Example, columns, learn
from core.diagnosis.rare_measures import ABSENT, Outcome
from core.diagnosis.rare_weights import Weights
from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Patient
from core.knowledge.hpo import RarePack, load
from core.knowledge.hpo_build import build, bundled_release, draft, release_in
from core.knowledge.hpo_overlay import Overlay, overlay
from core.progress import Report, silent

FOLDS, FOLD_SEED = 5, 0


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured."""

    leave_publication_out: bool = False
    orphanet: bool = True
    genes: bool = False
    folds: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One case's candidates, as is and without its publication, before weighting. `annotated`: some annotation is left."""

    case: SolvedCase
    known: bool
    annotated: bool
    as_is: Example
    without: Example
    genes_as_is: NDArray[np.bool_]
    genes_without: NDArray[np.bool_]


def prepare(cases: Sequence[SolvedCase], options: Options, report: Report = silent) -> tuple[RarePack, list[Scored]]:
    """Every case's candidates and their features."""
    report(0, len(cases), "leave-publication-out overlay")
    release = release_in(bundled_release())
    pack = load() if options.orphanet else build(release, orphanet=False)
    layer = overlay(pack, draft(release), [c.publications for c in cases], orphanet=options.orphanet)
    index = Index(layer.pack)
    out = []
    for i, case in enumerate(cases):
        if i % 500 == 0:
            report(i, len(cases), "features")
        out.append(_scored(case, pack, layer, index, options))
    return pack, out


def _scored(case: SolvedCase, pack: RarePack, layer: Overlay, index: Index, options: Options) -> Scored:
    terms = list(rare.hpo_terms(findings_of(case), pack))
    wanted = [pack.disease_number[d] for d in case.diseases if d in pack.disease_number]
    of_genes = [d for g in case.genes for d in pack.of_gene.get(g, ())] if options.genes else []
    if not terms:
        empty = Example(np.zeros((0, 4), np.float32), -1, 1, min(case.diseases))
        nothing = np.zeros(0, bool)
        return Scored(case, bool(wanted), False, empty, empty, nothing, nothing)
    fits = rare.fit(terms, index)
    plain = fits[: len(pack.diseases)].copy()
    stand_ins = layer.rows.get(case.publications, {})
    left = plain.copy()
    for disease, row in stand_ins.items():
        left[disease] = fits[row]
    annotated = any(stand_ins.get(w, w) not in layer.emptied for w in wanted)

    def example(by: NDArray[np.float32], rows: dict[int, int]) -> tuple[Example, NDArray[np.bool_]]:
        chosen = np.sort(rare.pool(by, of_genes))
        values = columns(features(terms, np.array([rows.get(int(d), int(d)) for d in chosen]), index), index)
        place = [int(np.searchsorted(chosen, w)) for w in wanted if w in chosen]
        target = place[0] if place else -1
        return Example(values, target, len(terms), min(case.diseases)), np.isin(chosen, of_genes)

    as_is, genes_as_is = example(plain, {})
    without, genes_without = example(left, stand_ins) if stand_ins else (as_is, genes_as_is)
    return Scored(case, bool(wanted), annotated, as_is, without, genes_as_is, genes_without)


def fold_weights(scored: Sequence[Scored], report: Report = silent) -> list[Weights]:
    """For each case, weights learned from the cases of other diseases alone (five folds, publications left out)."""
    diseases = sorted({s.without.disease for s in scored})
    np.random.default_rng(FOLD_SEED).shuffle(diseases)
    fold = {d: i % FOLDS for i, d in enumerate(diseases)}
    learned = []
    for k in range(FOLDS):
        report(k, FOLDS, "learning")
        learned.append(learn([s.without for s in scored if fold[s.without.disease] != k and s.without.findings > 1]))
    return [learned[fold[s.without.disease]] for s in scored]


def shipped(scored: Sequence[Scored], pack: RarePack) -> Weights:
    """Weights learned from all cases, with where they come from; for `--write-weights`."""
    source = f"conditional logit on {len(scored)} solved cases, HPO {pack.version.version}, own publications left out"
    return learn([s.without for s in scored if s.without.findings > 1], source)


def outcomes(scored: Sequence[Scored], weights: Sequence[Weights], options: Options) -> list[Outcome]:
    """Ranks and confidence of each case under its weights."""
    return [_outcome(s, w, options) for s, w in zip(scored, weights, strict=True)]


def _outcome(scored: Scored, weights: Weights, options: Options) -> Outcome:
    as_is = _rank(scored.as_is, scored.genes_as_is, weights)
    without = _rank(scored.without, scored.genes_without, weights)
    chosen = without if options.leave_publication_out else as_is
    return Outcome(min(scored.case.diseases), scored.known, scored.annotated, chosen[0], without[0], chosen[1])


def _rank(example: Example, of_genes: NDArray[np.bool_], weights: Weights) -> tuple[int, float]:
    """(rank of the right disease from 0, ties against it; probability of the first)."""
    if not len(example.values):
        return ABSENT, 0.0
    score = example.values @ np.array(weights.vector(), np.float32)
    score = (score + of_genes * np.float32(GENE_WEIGHT / weights.temperature)).astype(np.float32)
    sure = float(rare.probabilities(score, example.findings, weights)[0].max())
    return (int((score >= score[example.target]).sum()) - 1 if example.target >= 0 else ABSENT), sure


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


def milliseconds(cases: Sequence[SolvedCase], most: int = 500, top: int = 10) -> dict[str, float]:
    """Time of `rank`, findings to the ten best hypotheses, on up to `most` cases spread over the set."""
    chosen = [findings_of(c) for c in cases[:: max(1, len(cases) // most)]]
    index_of(load())
    rare.rank(chosen[0], Patient(), top)
    spent = []
    for found in chosen:
        started = time.perf_counter()
        rare.rank(found, Patient(), top)
        spent.append((time.perf_counter() - started) * 1000)
    return {"median": round(float(np.median(spent)), 3), "p95": round(float(np.percentile(spent, 95)), 3)}


def load_seconds() -> float:
    """Time to read the pack from disk."""
    from core.knowledge.hpo import newest, read

    folder = newest()
    started = time.perf_counter()
    if folder is not None:
        read(folder)
    return round(time.perf_counter() - started, 3)
