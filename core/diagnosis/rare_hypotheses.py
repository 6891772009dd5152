"""Turns scored rare diseases into hypotheses with every finding's exact share."""

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import rare_features, rare_rerank
from core.diagnosis.rare_features import NOISE, Features, Index, Numbers
from core.diagnosis.rare_network import Network
from core.diagnosis.rare_weights import Weights
from core.domain.assessment import Evidence, Hypothesis
from core.domain.basics import Citation, Coding, Label
from core.domain.finding import Finding, Origin
from core.knowledge.hpo import RarePack

UNKNOWN_SHOWN, UNKNOWN_FOR = 5, 12


class Drawer:
    """Makes hypotheses for one case; `terms` in the order of the features' rows."""

    def __init__(
        self, terms: dict[int, Finding], pack: RarePack, index: Index, weights: Weights, network: Network
    ) -> None:
        self._terms, self._pack, self._index, self._weights, self._network = terms, pack, index, weights, network
        self._faces = [self._face(t, f) for t, f in terms.items()]
        covered = np.concatenate([pack.ancestors.row(t)[0] for t in terms])
        self._covered = np.zeros(len(pack.terms), bool)
        self._covered[covered] = True
        year = int(pack.hpoa_version[:4]) if pack.hpoa_version[:4].isdigit() else 0
        self._sources = (Citation("HPO annotations (phenotype.hpoa)", year, version=pack.hpoa_version),)

    def hypotheses(self, diseases: Numbers, chance: NDArray[np.float64]) -> tuple[Hypothesis, ...]:
        """One hypothesis for each disease, with its probability; `log_odds` = base + sum of weights exactly."""
        found = rare_features.features(list(self._terms), diseases, self._index)
        unknown = self._unknown(found)
        parts = rare_rerank.shares(found, self._index.information[list(self._terms)], self._index, self._network)
        shares = parts.T * self._weights.temperature
        n = shares.shape[1]
        spread = 1.645 * np.sqrt((n - 1) / n * ((shares - shares.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
        odds = np.log(np.clip(chance, 1e-300, 1 - 1e-9)) - np.log1p(-np.clip(chance, 1e-300, 1 - 1e-9))
        low, high = _logistic(odds - spread).tolist(), _logistic(odds + spread).tolist()
        rows, log_odds, certain = shares.tolist(), odds.tolist(), _logistic(odds).tolist()
        return tuple(
            self._hypothesis(int(d), rows[i], log_odds[i], certain[i], (low[i], high[i]), unknown[i])
            for i, d in enumerate(diseases)
        )

    def _hypothesis(
        self,
        disease: int,
        shares: list[float],
        log_odds: float,
        probability: float,
        interval: tuple[float, float],
        unknown: tuple[Evidence, ...],
    ) -> Hypothesis:
        entry = self._pack.diseases[disease]
        evidence = [
            Evidence(code, label, weight, origin, finding_id)
            for (code, label, origin, finding_id), weight in zip(self._faces, shares, strict=True)
        ]
        evidence.sort(key=_by_size)
        return Hypothesis(
            id=entry.id,
            label=Label(entry.name),
            codes=(
                Coding("OMIM", entry.id.removeprefix("OMIM:"), entry.name),
                *(Coding("HGNC", gene, gene) for gene in entry.genes),
            ),
            engine="rare",
            probability=probability,
            interval=interval,
            base_log_odds=log_odds - sum(shares),
            log_odds=log_odds,
            evidence_for=tuple(e for e in evidence if e.weight > 0),
            evidence_against=tuple(e for e in evidence if e.weight <= 0),
            unknown=unknown,
            sources=self._sources,
            group=f"gene:{entry.genes[0]}" if entry.genes else f"series:{entry.series}",
        )

    def _face(self, term: int, finding: Finding) -> tuple[Coding, Label, Origin, str]:
        code, label = self._index.named(term)
        return code, finding.label if finding.label.en else label, finding.origin, finding.id

    def _unknown(self, found: Features) -> list[tuple[Evidence, ...]]:
        """The first diseases' most telling annotations that nothing in the case speaks of."""
        some = int(np.searchsorted(found.entry, UNKNOWN_FOR))
        terms, entry, frequency = self._index.term[found.place[:some]], found.entry[:some], found.frequency[:some]
        gain = np.where(self._covered[terms], 0, frequency * found.information[:some])
        best = np.lexsort((-gain, entry))
        rank = np.arange(some) - np.searchsorted(entry, entry)
        best = best[(rank < UNKNOWN_SHOWN) & (gain[best] > 0)]
        worth = np.log((1 - NOISE) * frequency[best] / self._pack.background[terms[best]] + NOISE)
        worth *= self._weights.fit * self._weights.temperature / np.sqrt(len(self._terms) + 1)
        out: list[list[Evidence]] = [[] for _ in found.candidates]
        for place, term, weight in zip(entry[best].tolist(), terms[best].tolist(), worth.tolist(), strict=True):
            out[place].append(Evidence(*self._index.named(term), weight, Origin.CLINICIAN))
        return [tuple(e) for e in out]


def _by_size(evidence: Evidence) -> float:
    return -abs(evidence.weight)


def _logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -700, 700))))
