"""Split conformal prediction: sets and intervals that hold the truth as often as they say, on cases like those they were
fitted on. Vovk, Gammerman, Shafer 2005; Angelopoulos & Bates, arXiv:2107.07511; by class: Vovk 2012 (Mondrian)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError


@dataclass(frozen=True, slots=True)
class ConformalSets:
    """A class is in the set where 1 - its probability is at most its limit. `by_class`: the coverage holds for each class
    apart, so a rare disease is not paid for by the common one. `n`: cases fitted on, by class."""

    coverage: float
    limits: tuple[float, ...]
    n: tuple[int, ...]
    by_class: bool

    @classmethod
    def of(cls, spec: dict[str, Any]) -> "ConformalSets":
        """From the manifest's `conformal` object."""
        return cls(float(spec["coverage"]), tuple(spec["limits"]), tuple(spec["n"]), bool(spec["by_class"]))

    def spec(self) -> dict[str, Any]:
        """For a manifest."""
        return {"coverage": self.coverage, "limits": list(self.limits), "n": list(self.n), "by_class": self.by_class}

    def classes(self, probabilities: Sequence[float]) -> tuple[int, ...]:
        """The classes that cannot be left out. Both of two: undecided. None: unlike every class."""
        return tuple(k for k, (p, most) in enumerate(zip(probabilities, self.limits, strict=True)) if 1 - p <= most)


def fit_sets(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], coverage: float = 0.9, *, by_class: bool = True
) -> ConformalSets:
    """From (n, classes) probabilities and (n,) classes of cases that trained and calibrated nothing. UserError where a
    class has too few cases for that coverage."""
    classes = probabilities.shape[1]
    scores = 1 - probabilities[np.arange(len(labels)), labels]
    if by_class:
        parts = [scores[labels == k] for k in range(classes)]
        limits = tuple(_quantile(part, coverage) for part in parts)
        return ConformalSets(coverage, limits, tuple(len(p) for p in parts), True)
    return ConformalSets(coverage, (_quantile(scores, coverage),) * classes, (len(scores),) * classes, False)


def fit_binary(probabilities: NDArray[np.float64], labels: NDArray[np.int64], coverage: float = 0.9) -> ConformalSets:
    """For one label: class 0 absent, 1 present."""
    return fit_sets(np.stack([1 - probabilities, probabilities], axis=1), labels, coverage)


@dataclass(frozen=True, slots=True)
class ConformalInterval:
    """prediction +- `half_width` * scale, which holds the truth in `coverage` of cases."""

    coverage: float
    half_width: float
    n: int

    def around(self, prediction: float, scale: float = 1.0) -> tuple[float, float]:
        """The interval of one prediction. `scale`: the same difficulty as in fitting (1 where there was none)."""
        return prediction - self.half_width * scale, prediction + self.half_width * scale


def fit_interval(
    predicted: NDArray[np.float64],
    observed: NDArray[np.float64],
    coverage: float = 0.9,
    scale: NDArray[np.float64] | None = None,
) -> ConformalInterval:
    """From predictions and outcomes of kept-apart cases. `scale` (n,): the expected size of the error, where known."""
    errors = np.abs(observed - predicted) / (1.0 if scale is None else scale)
    return ConformalInterval(coverage, _quantile(errors, coverage), len(errors))


def coverage_of(sets: ConformalSets, probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float]:
    """What a fit does on other cases: `coverage`, mean `size` of its sets, shares `decided` (one class) and `empty`."""
    found = [sets.classes(row) for row in probabilities.tolist()]
    n = max(1, len(found))
    return {
        "coverage": sum(int(y) in s for s, y in zip(found, labels.tolist(), strict=True)) / n,
        "size": sum(map(len, found)) / n,
        "decided": sum(len(s) == 1 for s in found) / n,
        "empty": sum(not s for s in found) / n,
    }


def _quantile(scores: NDArray[np.float64], coverage: float) -> float:
    """The ceil((n + 1) * coverage)-th smallest score: the rank that makes the coverage exact for n cases."""
    rank = math.ceil((len(scores) + 1) * coverage)
    if not 0 < coverage < 1 or rank > len(scores):
        least = math.ceil(coverage / (1 - coverage)) if 0 < coverage < 1 else 0
        raise UserError(
            f"{len(scores)} cases of a class are too few to promise {coverage:.0%} coverage.",
            f"At least {least} are needed." if least else "Name a coverage between 0 and 1.",
        )
    return float(np.sort(scores)[rank - 1])
