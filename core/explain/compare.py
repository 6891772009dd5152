"""Two explanations beside each other: one diagnosis in two cases, or one image under two models."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.assessment import Assessment, Evidence
from core.domain.basics import Label
from core.domain.explanation import ImageExplanation
from core.domain.finding import Origin
from core.errors import UserError
from core.explain.findings import find
from core.explain.sampling import agreement

Code = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One finding in two cases. `first` and `second` are its shares (nats), None where the case says nothing of it;
    `value` is first minus second, an unsaid finding counting as 0."""

    code: Code
    label: Label
    origin: Origin
    first: float | None
    second: float | None
    value: float
    first_detail: str = ""
    second_detail: str = ""


@dataclass(frozen=True, slots=True)
class CaseComparison:
    """What makes one diagnosis more probable in the first case than in the second. The `rows` (largest difference first)
    and `base` add up to the difference of the log-odds, up to `additivity_error`."""

    hypothesis_id: str
    label: Label
    first_log_odds: float
    second_log_odds: float
    base: float
    rows: tuple[Difference, ...]
    additivity_error: float

    @property
    def decisive(self) -> tuple[Difference, ...]:
        """The fewest findings that make up at least half of the difference, by size in its direction; () where the cases do
        not differ."""
        gap = self.first_log_odds - self.second_log_odds
        left, taken = abs(gap) / 2, []
        for row in sorted(self.rows, key=lambda r: -r.value * np.sign(gap)):
            if left <= 0 or row.value * gap <= 0:
                break
            taken.append(row)
            left -= abs(row.value)
        return tuple(taken)


def cases(first: Assessment, second: Assessment, hypothesis_id: str) -> CaseComparison:
    """Compare a diagnosis in two assessments. `UserError` where one of them does not list it."""
    one, other = find(first, hypothesis_id), find(second, hypothesis_id)
    mine = _by_code((*one.evidence_for, *one.evidence_against))
    theirs = _by_code((*other.evidence_for, *other.evidence_against))
    rows = [_row(code, mine.get(code, []), theirs.get(code, [])) for code in dict.fromkeys([*mine, *theirs])]
    base = one.base_log_odds - other.base_log_odds
    error = abs(base + sum(r.value for r in rows) - (one.log_odds - other.log_odds))
    ranked = tuple(sorted(rows, key=lambda r: -abs(r.value)))
    return CaseComparison(hypothesis_id, one.label, one.log_odds, other.log_odds, base, ranked, error)


def shared_hypotheses(first: Assessment, second: Assessment) -> tuple[str, ...]:
    """Diagnoses both cases list, those first that are probable in either."""
    theirs = {h.id: h.probability for h in second.hypotheses}
    both = [(max(h.probability, theirs[h.id]), h.id) for h in first.hypotheses if h.id in theirs]
    return tuple(name for _, name in sorted(both, key=lambda pair: -pair[0]))


def _by_code(evidence: Sequence[Evidence]) -> dict[Code, list[Evidence]]:
    found: dict[Code, list[Evidence]] = {}
    for each in evidence:
        found.setdefault((each.code.system, each.code.code), []).append(each)
    return found


def _row(code: Code, mine: list[Evidence], theirs: list[Evidence]) -> Difference:
    shown = (mine or theirs)[0]
    first, second = (sum(e.weight for e in part) if part else None for part in (mine, theirs))
    details = ["; ".join(dict.fromkeys(e.detail for e in part if e.detail)) for part in (mine, theirs)]
    return Difference(code, shown.label, shown.origin, first, second, (first or 0.0) - (second or 0.0), *details)


@dataclass(frozen=True, slots=True)
class MapComparison:
    """Two maps of one image on a common grid. `r` is their correlation, `r_halves` what two runs of the same map would
    have at most (the root of the product of their stabilities; None where a map has none); `difference` is first minus
    second (nats), row-major."""

    rows: int
    columns: int
    first: tuple[float, ...]
    second: tuple[float, ...]
    difference: tuple[float, ...]
    r: float
    r_halves: float | None
    same_sign: float
    """Share of the regions' absolute value (mean of both maps) that lies where both have the same sign."""


def maps(first: ImageExplanation, second: ImageExplanation) -> MapComparison:
    """Compare two maps. `UserError` unless both are of one image and see the same part of it.

    Grids that differ are brought to the coarser one by sums (values of a finer region add up), so their sides must divide.
    """
    if first.image_id != second.image_id:
        raise UserError("The two maps are of different images.", "Choose two maps of one image.")
    rows, columns = min(first.rows, second.rows), min(first.columns, second.columns)
    one, other = (_on_grid(e, rows, columns) for e in (first, second))
    size = np.abs(one) + np.abs(other)
    alike = float(size[one * other > 0].sum() / size.sum()) if size.sum() > 0 else 1.0
    stable = (first.stability, second.stability)
    most = float(np.sqrt(stable[0] * stable[1])) if min(stable) > 0 else None
    difference = tuple((one - other).tolist())
    return MapComparison(
        rows, columns, tuple(one.tolist()), tuple(other.tolist()), difference, agreement(one, other), most, alike
    )


def _on_grid(explanation: ImageExplanation, rows: int, columns: int) -> NDArray[np.float64]:
    if explanation.rows % rows or explanation.columns % columns:
        raise UserError("The regions of the two maps do not fit together.", "Compare maps of the same grid.")
    values = np.asarray(explanation.values, np.float64).reshape(
        rows, explanation.rows // rows, columns, explanation.columns // columns
    )
    return np.asarray(values.sum(axis=(1, 3)).ravel())
