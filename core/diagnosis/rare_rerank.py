"""The features the re-ranker sees, and every finding's exact share of its score.

Each feature is a sum over findings, or over the disease's annotations of a growing function of the best match among the
findings (a maximum game), or says how many and how specific the findings are. None says which disease it is, how many
annotations it has, its inheritance, or which terms were excluded. A finding's share is the mean gradient of the network
(`rare_network`) times the finding's exact Shapley value in each feature: docs/decisions/0003-rare-reranker.md.
"""

from dataclasses import dataclass

import numpy as np

from core.diagnosis.rare_features import DAMPING, FULL_SHARE, STRONG, Features, Floats, Index, Numbers
from core.diagnosis.rare_network import Doubles, Network

KNOTS = (STRONG, 1.0, 5.0, 7.0)
OFTEN, USUAL, SHOWN = 0.6, 0.5, 0.9
"""Frequency above which an annotation's absence is counted; above which it counts as usual; chance it gets written down."""

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
    end = _table(found, parts, best, parts.sums.sum(axis=1)).astype(np.float64)
    start = _table(found, parts, np.zeros_like(best), np.zeros_like(parts.sums[:, 0])).astype(np.float64)
    slope = network.mean_gradient(start, end)
    out = np.einsum("kjc,ck->jc", parts.sums.astype(np.float64), slope[:, :_SUMS])
    a, b, c = _SUMS, _SUMS + _LINEAR, _SUMS + _LINEAR + _FULL
    small = len(found.fits) ** -0.5
    order = np.argsort(found.shared, axis=0, kind="stable")
    rising = np.take_along_axis(found.shared, order, axis=0)
    value = rising * _of_entry(parts.linear, slope[:, a:b], found)
    value += _matched(rising, found) * _of_entry(parts.full, slope[:, b:c], found)
    logs = (slope[:, c] + slope[:, c + 1] * small)[found.entry]
    value += (_unshown(rising, found) - _unshown(np.zeros_like(best), found)) * logs
    per_annotation = airport(value, order)
    columns = len(found.candidates)
    return np.asarray(out + np.stack([np.bincount(found.entry, row, columns) for row in per_annotation]))


def _parts(found: Features, information: Floats, index: Index) -> Values:
    fits, n = found.fits, np.float32(len(found.fits))
    small, own = n**-0.5, information[:, None]
    total = np.maximum(information.sum(), np.float32(0.1))
    near = _per_candidate(np.maximum, found.shared, found)
    often = _per_candidate(np.maximum, found.shared * found.frequency, found)
    against = fits < 0
    sums = [fits * small, *(np.maximum(0, fits - k) * small for k in KNOTS), np.minimum(0, fits) * small]
    sums += [against / n, against * own / total, fits / n]
    sums += [near * small, near / np.maximum(own, 0.1) / n, near / total]
    sums += [(near >= FULL_SHARE * own) * own * small, often * small]
    frequency, entry = found.frequency, found.entry
    own_total = index.damped[found.candidates] - np.float32(DAMPING)
    usual = np.maximum(0, frequency - USUAL)
    all_of, usual_of = _per_candidate(np.add, found.information * np.stack([np.ones_like(usual), usual]), found)
    root = np.sqrt(own_total + 20)[entry]
    linear = [frequency / (own_total + d)[entry] for d in (DAMPING, 5.0, 60.0)]
    linear += [1 / (all_of + 20)[entry], usual / (usual_of + 10)[entry], frequency / root]
    linear += [np.where(frequency > OFTEN, -1, 0) / np.maximum(found.information, 0.1)]
    full = [frequency, frequency * found.information / root]
    case = (np.log(n), information.mean(), np.log(information.sum() + 1))
    return Values(
        np.stack(sums).astype(np.float32),
        np.stack(linear).astype(np.float32),
        np.stack(full).astype(np.float32),
        np.array(case, np.float32),
    )


def _table(found: Features, parts: Values, best: Floats, sums: Floats) -> Floats:
    columns = len(found.candidates)
    matched, log = _matched(best, found), _unshown(best, found)
    weighed = np.concatenate([parts.linear * best, parts.full * matched, log[None], (found.frequency > OFTEN)[None]])
    games = _per_candidate(np.add, weighed.astype(np.float32), found)
    games[_LINEAR - 1] += games[-1]
    games[-1] = games[-2] * np.float32(len(found.fits) ** -0.5)
    case = [np.full(columns, v) for v in parts.case]
    return np.stack([*sums, *games, *case], axis=1).astype(np.float32)


def _matched(best: Floats, found: Features) -> Floats:
    return np.asarray(best >= FULL_SHARE * np.maximum(found.information, 1e-6), np.float32)


def _unshown(best: Floats, found: Features) -> Floats:
    """Log-chance that an annotation stays as little shown as it is."""
    open_ = 1 - best / np.maximum(found.information, np.float32(0.1))
    return np.asarray(np.log1p(-found.frequency * np.float32(SHOWN) * open_), np.float32)


def _per_candidate(join: np.ufunc, value: Floats, found: Features) -> Floats:
    """`join` over each candidate's annotations: (rows, annotations) to (rows, candidates), 0 where it has none."""
    columns = len(found.candidates)
    out = np.zeros((len(value), columns), np.float32)
    if value.shape[1]:
        length = np.bincount(found.entry, minlength=columns)
        some = length > 0
        out[:, some] = join.reduceat(value, (np.cumsum(length) - length)[some], axis=1)
    return out


def _of_entry(weights: Floats, slope: Doubles, found: Features) -> Doubles:
    """Each annotation's weights times its candidate's slopes, summed: (annotations,)."""
    return np.asarray(np.einsum("ka,ak->a", weights.astype(np.float64), slope[found.entry]))


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
