"""Gene results -> the recommendations that match them, with level, strength and population."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.knowledge.genes import Advice, GenePack
from core.knowledge.genes_call import GeneCall

_NOT_KNOWN = "No Result"
_SILENT = {"no recommendation", "n/a"}


@dataclass(frozen=True, slots=True)
class GeneAdvice:
    """A recommendation with the gene results that it rests on. `certain` is False where a result is not settled."""

    advice: Advice
    results: tuple[tuple[str, str], ...]
    certain: bool


def advice_for(pack: GenePack, calls: Sequence[GeneCall], drugs: Iterable[str] = ()) -> tuple[GeneAdvice, ...]:
    """Recommendations for gene results, by drug; with `drugs` for those only. At least one gene must have a result.

    A recommendation of two genes applies when both match, or when the guideline itself says what holds without the other.
    """
    wanted = {d.lower() for d in drugs}
    keys = {c.gene: {k for r in c.results for k in r.keys} for c in calls if c.results}
    sure = {c.gene: c.settled for c in calls}
    found = []
    for advice in pack.tables.advice:
        if wanted and advice.drug not in wanted:
            continue
        matched = _matched(advice, keys)
        if matched and (advice.strength or advice.text).strip().lower() not in _SILENT:
            found.append(GeneAdvice(advice, matched, all(sure[g] for g, _ in matched)))
    return tuple(sorted(found, key=lambda a: (a.advice.drug, a.advice.organisation, a.advice.population)))


def _matched(advice: Advice, keys: dict[str, set[str]]) -> tuple[tuple[str, str], ...]:
    matched = []
    for gene, key in advice.keys.items():
        if key == _NOT_KNOWN:
            if gene in keys:
                return ()
        elif key.split(" (")[0] in keys.get(gene, ()) or key in keys.get(gene, ()):
            matched.append((gene, key))
        else:
            return ()
    return tuple(matched)
