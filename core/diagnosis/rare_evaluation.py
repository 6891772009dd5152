"""Measure the rare engine on solved cases: as is, and with the case's own publication left out of the annotations."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from core.diagnosis import rare, rare_network, rare_weights
from core.diagnosis.fusion import GENE_WEIGHT
from core.diagnosis.rare_cases import SolvedCase
from core.diagnosis.rare_features import Floats, Index, features, index_of
from core.diagnosis.rare_learning import Example, calibrate, learn_network
from core.diagnosis.rare_measures import ABSENT, Outcome
from core.diagnosis.rare_network import Network
from core.diagnosis.rare_rerank import WIDTH, table
from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Patient
from core.knowledge.hpo import RarePack, load
from core.knowledge.hpo_build import build, bundled_release, draft, release_in
from core.knowledge.hpo_overlay import Overlay, overlay
from core.progress import Report, silent

FOLDS, FOLD_SEED = 5, 0
FEWER, FEWEST, FEWER_SEED = 4, 2, 0
"""How often each case is also learned from with some of its findings, drawn at random; the fewest of them."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is measured."""

    leave_publication_out: bool = False
    orphanet: bool = True
    genes: bool = False
    folds: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One case's candidates, as is and without its publication, before weighting. `annotated`: some annotation is left.

    `learned`: what is learned from it, first without its publication: never with the gene given, so that the network is the
    one that ships; and also with some of the findings. Empty where nothing is learned.
    """

    case: SolvedCase
    known: bool
    annotated: bool
    as_is: Example
    without: Example
    genes_as_is: NDArray[np.bool_]
    genes_without: NDArray[np.bool_]
    learned: tuple[Example, ...] = ()


def prepare(
    cases: Sequence[SolvedCase], options: Options, report: Report = silent, *, fewer: int = 0
) -> tuple[RarePack, list[Scored]]:
    """Every case's candidates and their features; `fewer` times also with some of its findings, to learn from."""
    report(0, len(cases), "leave-publication-out overlay")
    release = release_in(bundled_release())
    pack = load() if options.orphanet else build(release, orphanet=False)
    layer = overlay(pack, draft(release), [c.publications for c in cases], orphanet=options.orphanet)
    world = _World(pack, layer, Index(layer.pack), options, fewer)
    out = []
    for i, case in enumerate(cases):
        if i % 500 == 0:
            report(i, len(cases), "features")
        out.append(_scored(case, world, np.random.default_rng((FEWER_SEED, i))))
    return pack, out


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """What every case is measured against."""

    pack: RarePack
    layer: Overlay
    index: Index
    options: Options
    fewer: int


def _scored(case: SolvedCase, world: _World, chance: np.random.Generator) -> Scored:
    pack, layer = world.pack, world.layer
    terms = list(rare.hpo_terms(findings_of(case), pack))
    wanted = [pack.disease_number[d] for d in case.diseases if d in pack.disease_number]
    of_genes = [d for g in case.genes for d in pack.of_gene.get(g, ())] if world.options.genes else []
    if not terms:
        empty = Example(np.zeros((0, WIDTH), np.float32), -1, 1, min(case.diseases))
        nothing = np.zeros(0, bool)
        return Scored(case, bool(wanted), False, empty, empty, nothing, nothing)
    stand_ins = layer.rows.get(case.publications, {})
    annotated = any(stand_ins.get(w, w) not in layer.emptied for w in wanted)
    view = _View(case, wanted, of_genes, stand_ins, world.index, len(pack.diseases))
    (as_is, genes_as_is), (without, genes_without) = view.both(terms)
    learned: tuple[Example, ...] = ()
    if world.fewer:
        plain = replace(view, of_genes=[])
        whole = (without, as_is) if not of_genes else plain.examples(terms)
        draws = world.fewer if wanted and len(terms) > FEWEST else 0
        learned = (*whole, *(e for _ in range(draws) for e in plain.examples(some_of(terms, chance))))
    return Scored(case, bool(wanted), annotated, as_is, without, genes_as_is, genes_without, learned)


def some_of(terms: Sequence[int], chance: np.random.Generator) -> list[int]:
    """Some of a case's findings (at least `FEWEST`, not all), in their order; every number of them is as likely."""
    size = int(chance.integers(FEWEST, len(terms)))
    return [terms[i] for i in sorted(chance.choice(len(terms), size, replace=False).tolist())]


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """One case against the pack; `stand_ins` replace the rows of diseases its publications touch."""

    case: SolvedCase
    wanted: list[int]
    of_genes: list[int]
    stand_ins: dict[int, int]
    index: Index
    diseases: int

    def both(self, terms: list[int]) -> tuple[tuple[Example, NDArray[np.bool_]], tuple[Example, NDArray[np.bool_]]]:
        """The candidates of a case with these findings, as is and without its publications."""
        fits = rare.fit(terms, self.index)
        plain = fits[: self.diseases].copy()
        as_is = self._example(terms, plain, {})
        if not self.stand_ins:
            return as_is, as_is
        for disease, row in self.stand_ins.items():
            plain[disease] = fits[row]
        return as_is, self._example(terms, plain, self.stand_ins)

    def examples(self, terms: list[int]) -> tuple[Example, Example]:
        """`both`, without publications first, to learn from."""
        (as_is, _), (without, _) = self.both(terms)
        return without, as_is

    def _example(self, terms: list[int], by: Floats, rows: dict[int, int]) -> tuple[Example, NDArray[np.bool_]]:
        chosen = rare.shortlist(by, self.of_genes)
        found = features(terms, np.array([rows.get(int(d), int(d)) for d in chosen]), self.index)
        values = table(found, self.index.information[terms], self.index)
        place = [int(np.searchsorted(chosen, w)) for w in self.wanted if w in chosen]
        target = place[0] if place else -1
        return Example(values, target, len(terms), min(self.case.diseases)), np.isin(chosen, self.of_genes)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What turns a case's features into probabilities."""

    network: Network
    weights: rare_weights.Weights


def installed() -> Model:
    """The shipped model."""
    return Model(rare_network.load(), rare_weights.load())


def fold_models(scored: Sequence[Scored], report: Report = silent) -> list[Model]:
    """For each case, a model learned from the cases of other diseases alone (five folds).

    The networks learn from both versions of a case, as is and without its publication. Each fold is calibrated on the
    other folds' cases, each scored by the network that did not see its disease, publications left out.
    """
    diseases = sorted({s.without.disease for s in scored})
    np.random.default_rng(FOLD_SEED).shuffle(diseases)
    fold = {d: i % FOLDS for i, d in enumerate(diseases)}
    place = [fold[s.without.disease] for s in scored]
    networks = []
    for k in range(FOLDS):
        report(k, FOLDS, "learning")
        networks.append(_network([s for s, f in zip(scored, place, strict=True) if f != k]))
    models = []
    for k in range(FOLDS):
        used = [(s, networks[f]) for s, f in zip(scored, place, strict=True) if f != k]
        models.append(Model(networks[k], _calibrated(used, rare_weights.load())))
    return [models[f] for f in place]


def _able(scored: Scored) -> bool:
    return len(scored.learned) > 0 and scored.learned[0].findings > 1


def _network(scored: Sequence[Scored]) -> Network:
    return learn_network([e for s in scored if _able(s) for e in s.learned])


def _calibrated(used: Sequence[tuple[Scored, Network]], first: rare_weights.Weights) -> rare_weights.Weights:
    """Calibrated on cases, publications left out, each scored by a network that did not see its disease."""
    pairs = [(s.learned[0], network) for s, network in used if _able(s)]
    return calibrate([e for e, _ in pairs], [network.score(e.values) for e, network in pairs], first)


def shipped(scored: Sequence[Scored], pack: RarePack, report: Report = silent) -> Model:
    """A model learned from all cases, with where it comes from; for `--write-model`.

    Its probabilities are calibrated with the folds' networks, on cases whose diseases those had not seen.
    """
    source = f"learned from {len(scored)} solved cases, HPO {pack.version.version}"
    folds = [m.network for m in fold_models(scored, report)]
    first = structs.replace(rare_weights.load(), source=source)
    return Model(_network(scored), _calibrated(list(zip(scored, folds, strict=True)), first))


def outcomes(scored: Sequence[Scored], models: Sequence[Model], options: Options) -> list[Outcome]:
    """Ranks and confidence of each case under its model."""
    return [_outcome(s, m, options) for s, m in zip(scored, models, strict=True)]


def _outcome(scored: Scored, model: Model, options: Options) -> Outcome:
    as_is = _rank(scored.as_is, scored.genes_as_is, model)
    without = _rank(scored.without, scored.genes_without, model)
    chosen = without if options.leave_publication_out else as_is
    return Outcome(min(scored.case.diseases), scored.known, scored.annotated, chosen[0], without[0], chosen[1])


def _rank(example: Example, of_genes: NDArray[np.bool_], model: Model) -> tuple[int, float]:
    """(rank of the right disease from 0, ties against it; probability of the first)."""
    if not len(example.values):
        return ABSENT, 0.0
    score = model.network.score(example.values)
    score = (score + of_genes * np.float32(GENE_WEIGHT / model.weights.temperature)).astype(np.float32)
    sure = float(rare.probabilities(score, example.findings, model.weights)[0].max())
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
    """Time of `rank`, findings to the ten best hypotheses, on up to `most` cases spread over the set: by the clock, and
    (`processor_`) what this thread computed, which other programs on the machine change less.
    """
    chosen = [findings_of(c) for c in cases[:: max(1, len(cases) // most)]]
    index_of(load())
    rare.rank(chosen[0], Patient(), top)
    clock, processor = [], []
    for found in chosen:
        started, computed = time.perf_counter(), time.thread_time()
        rare.rank(found, Patient(), top)
        processor.append((time.thread_time() - computed) * 1000)
        clock.append((time.perf_counter() - started) * 1000)
    return {
        prefix + name: round(float(np.percentile(spent, rank)), 3)
        for prefix, spent in (("", clock), ("processor_", processor))
        for name, rank in (("median", 50), ("p95", 95))
    }


def load_seconds() -> float:
    """Time to read the pack from disk."""
    from core.knowledge.hpo import newest, read

    folder = newest()
    started = time.perf_counter()
    if folder is not None:
        read(folder)
    return round(time.perf_counter() - started, 3)
