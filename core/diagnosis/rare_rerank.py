"""The features the re-ranker sees, and every finding's exact share of its score.

Each feature is a sum over findings, or over the disease's annotations of a growing function of the best match among the
findings (a maximum game), or says how many and how specific the findings are. None says which disease it is, how many
annotations it has, its inheritance, or which terms were excluded. A finding's share is the mean gradient of the network
(`rare_network`) times the finding's exact Shapley value in each feature: docs/decisions/0003-rare-reranker.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.diagnosis.rare_features import FULL_SHARE, OFTEN, STRONG, Features, Floats, Index, Numbers
from core.diagnosis.rare_network import Doubles, Network, T

KNOTS = (STRONG, 1.0, 5.0, 7.0)
SHOWN = 0.9
"""Chance that what a patient has gets written down."""

_SUMS = 14
_LINEAR, _FULL, _LOGS = 7, 2, 2
_CASE = 3
WIDTH = _SUMS + _LINEAR + _FULL + _LOGS + _CASE


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Features of one case's candidates: `sums` (14, findings, candidates) before summing over findings; per annotation the
    weights of its best match (7) and of a full match (2); the three numbers about the case.
    """

    sums: Floats
    linear: Floats
    full: Floats
    case: Floats


def table(found: Features, information: Floats, index: Index) -> Floats:
    """The features (candidates, WIDTH). `information` (findings,): information content of each finding, nats."""
    parts = _parts(found, information, index)
    return _table(found, parts, found.shared.max(axis=0), parts.sums.sum(axis=1))


def shares(found: Features, information: Floats, index: Index, network: Network) -> Doubles:
    """Each finding's share (findings, candidates): they add up to score(all findings) - score(none)."""
    parts = _parts(found, information, index)
    best = found.shared.max(axis=0)
    bare = _unshown(np.zeros_like(best), found)
    end = _table(found, parts, best, parts.sums.sum(axis=1)).astype(np.float64)
    slope = network.mean_gradient(_of_nothing(bare, parts, found), end)
    out = np.einsum("kjc,ck->jc", parts.sums.astype(np.float64), slope[:, :_SUMS])
    a, b, c = _SUMS, _SUMS + _LINEAR, _SUMS + _LINEAR + _FULL
    small = len(found.fits) ** -0.5
    order = np.argsort(found.shared, axis=0, kind="stable")
    rising = np.take_along_axis(found.shared, order, axis=0)
    at = slope[found.entry]
    value = rising * np.einsum("ka,ak->a", parts.linear, at[:, a:b])
    value += _matched(rising, found) * np.einsum("ka,ak->a", parts.full, at[:, b:c])
    value += (_unshown(rising, found) - bare) * (at[:, c] + at[:, c + 1] * small)
    return np.asarray(out + _per_candidate(np.add, airport(value, order), found))


def _of_nothing(bare: Floats, parts: Values, found: Features) -> Doubles:
    """The features (candidates, WIDTH) of no finding: nothing matched, every annotation not shown, the case as it is."""
    columns = len(found.candidates)
    out = np.zeros((columns, WIDTH))
    out[:, -_CASE:] = parts.case
    absent = np.bincount(found.entry, bare, columns)
    out[:, -_CASE - 2] = absent
    out[:, -_CASE - 1] = absent * len(found.fits) ** -0.5
    often = np.bincount(found.entry, found.frequency > OFTEN, columns)
    out[:, _SUMS + _LINEAR - 1] = often
    return out


def _parts(found: Features, information: Floats, index: Index) -> Values:
    fits, n = found.fits, np.float32(len(found.fits))
    small, own = n**-0.5, information[:, None]
    total = np.maximum(information.sum(), np.float32(0.1))
    near = _per_candidate(np.maximum, found.shared, found)
    often = _per_candidate(np.maximum, found.shared * found.frequency, found)
    against = fits < 0
    sums = np.empty((_SUMS, *fits.shape), np.float32)
    sums[0], sums[8] = fits * small, fits / n
    for i, knot in enumerate(KNOTS, 1):
        sums[i] = np.maximum(0, fits - knot) * small
    sums[5] = np.minimum(0, fits) * small
    sums[6], sums[7] = against / n, against * (own / total)
    sums[9], sums[10], sums[11] = near * small, near / (np.maximum(own, 0.1) * n), near / total
    sums[12], sums[13] = (near >= FULL_SHARE * own) * (own * small), often * small
    worth = index.worth.take(found.place, axis=1)
    case = (np.log(n), information.mean(), np.log(information.sum() + 1))
    return Values(sums, worth[:_LINEAR], worth[_LINEAR:], np.array(case, np.float32))


def _table(found: Features, parts: Values, best: Floats, sums: Floats) -> Floats:
    matched, log = _matched(best, found), _unshown(best, found)
    weighed = np.concatenate([parts.linear * best, parts.full * matched, log[None], (found.frequency > OFTEN)[None]])
    games = _per_candidate(np.add, weighed.astype(np.float32), found)
    games[_LINEAR - 1] += games[-1]
    games[-1] = games[-2] * np.float32(len(found.fits) ** -0.5)
    out = np.empty((WIDTH, len(found.candidates)), np.float32)
    out[:_SUMS], out[_SUMS:-_CASE], out[-_CASE:] = sums, games, parts.case[:, None]
    return out.T


def _matched(best: Floats, found: Features) -> Floats:
    return np.asarray(best >= FULL_SHARE * np.maximum(found.information, 1e-6), np.float32)


def _unshown(best: Floats, found: Features) -> Floats:
    """Log-chance that an annotation stays as little shown as it is."""
    open_ = 1 - best / np.maximum(found.information, np.float32(0.1))
    return np.asarray(np.log1p(-found.frequency * np.float32(SHOWN) * open_), np.float32)


def _per_candidate(join: np.ufunc, value: NDArray[T], found: Features) -> NDArray[T]:
    """`join` over each candidate's annotations: (rows, annotations) to (rows, candidates), 0 where it has none."""
    columns = len(found.candidates)
    length = np.bincount(found.entry, minlength=columns)
    start = np.cumsum(length) - length
    if length.all():
        return np.asarray(join.reduceat(value, start, axis=1), value.dtype)
    out, some = np.zeros((len(value), columns), value.dtype), length > 0
    if some.any():
        out[:, some] = join.reduceat(value, start[some], axis=1)
    return out


def airport(value: Doubles, order: Numbers) -> Doubles:
    """Shapley values (findings, annotations) of each annotation's maximum game (Littlechild & Owen, 1973).

    `order` sorts the findings by how well they match, `value` is what the match is worth in that order. A weighted sum of
    games that grow with the same match has the same order, and Shapley values are additive: one pass serves them all.
    """
    steps = np.diff(value, axis=0, prepend=np.zeros((1, value.shape[1])))
    steps /= np.arange(len(value), 0, -1)[:, None]
    out = np.empty_like(steps)
    np.put_along_axis(out, order, np.cumsum(steps, axis=0), axis=0)
    return np.asarray(out)
