"""P(finding | condition) for every pair, and the weight of evidence of each node.

What the knowledge does not say is filled in once: parents from their kinds, kinds from their parents, and everything
else as coincidence at a share of its background ("leak"), a symptom or sign moved towards what the likest conditions list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from core.diagnosis.observations import COMPLAINTS, HISTORY_KINDS, Node
from core.diagnosis.settings import Settings
from core.knowledge.condition_tables import Tables

Array = NDArray[np.float32]
_MAX_P = 0.985
_NEIGHBOURS, _SHARPNESS = 20, 4
_AT_ONCE = 128


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """`p` float32 (conditions, findings); `known` says where it is written or follows from what is.

    The background is everybody's (findings,), but of the findings in `own` (tests, and what they imply), where it is each
    condition's (conditions, own); `place` is a finding's column there, -1 for the others. One table would be 13 MB more.
    """

    p: Array
    known: NDArray[np.bool_]
    everybody: Array
    own: Array
    place: NDArray[np.int32]

    def background(self, columns: Sequence[int] | NDArray[np.intp]) -> Array:
        """(conditions, columns)."""
        chosen = np.asarray(columns, np.intp)
        found = np.tile(self.everybody[chosen], (len(self.p), 1))
        special = np.flatnonzero(self.place[chosen] >= 0)
        found[:, special] = self.own[:, self.place[chosen[special]]]
        return found

    def background_of(self, row: int) -> Array:
        """(findings,) of one condition."""
        found = self.everybody.copy()
        special = self.place >= 0
        found[special] = self.own[row, self.place[special]]
        return found

    def background_at(self, rows: NDArray[np.int32], columns: NDArray[np.int32]) -> Array:
        """Of pairs: (pairs,)."""
        found = self.everybody[columns]
        special = self.place[columns] >= 0
        found[special] = self.own[rows[special], self.place[columns[special]]]
        return found


def fill(tables: Tables, settings: Settings) -> Likelihood:
    """Complete the tables. `background` differs by row only for tests (1 - specificity)."""
    p, background = tables.listed, np.tile(tables.background, (len(tables.conditions), 1))
    tested = ~np.isnan(tables.sensitivity)
    p[:, tables.tests] = np.where(tested, tables.sensitivity, p[:, tables.tests])
    background[:, tables.tests] = np.where(tested, 1 - tables.specificity, background[:, tables.tests])
    _upward(p, background, tables)
    _downward(p, background, tables, settings.kind_share)
    known = ~np.isnan(p)
    leak = np.array([_leak(entry.kind, settings) for entry in tables.findings], np.float32)
    for row in range(len(p)):
        np.copyto(p[row], leak * background[row], where=~known[row])
    _from_neighbours(p, background, known, tables, settings.neighbour_share)
    np.minimum(p, _MAX_P, out=p)
    special = np.flatnonzero((background != background[:1]).any(axis=0))
    place = np.full(len(tables.findings), -1, np.int32)
    place[special] = np.arange(len(special))
    everybody = background[0].copy() if len(background) else tables.background
    return Likelihood(p, known, everybody, background[:, special].copy(), place)


def _leak(kind: str, settings: Settings) -> float:
    if kind in HISTORY_KINDS:
        return 1.0
    return settings.leak if kind in {"symptom", "sign"} else settings.leak_other


def _upward(p: Array, background: Array, tables: Tables) -> None:
    """A parent is at least as frequent as its kinds: the largest of them, plus half of what a noisy-or would add."""
    for index in reversed(tables.order):
        for parent in tables.ancestors[index]:
            np.maximum(background[:, parent], background[:, index], out=background[:, parent])
    children: dict[int, list[int]] = {}
    for index, parent in enumerate(tables.parent):
        if parent >= 0:
            children.setdefault(int(parent), []).append(index)
    for parent in reversed(tables.order):
        kinds = children.get(parent)
        if not kinds:
            continue
        columns = p[:, kinds]
        rows = np.isnan(p[:, parent]) & ~np.isnan(columns).all(axis=1)
        shares = np.nan_to_num(columns[rows])
        largest = shares.max(axis=1)
        either = 1 - np.prod(1 - shares, axis=1)
        p[rows, parent] = np.maximum((largest + either) / 2, background[rows, parent])
        written = ~np.isnan(p[:, parent])
        p[written, parent] = np.maximum(p[written, parent], np.nan_to_num(columns[written]).max(axis=1))


def _downward(p: Array, background: Array, tables: Tables, kind_share: float) -> None:
    """A kind that is not listed, of a parent that is: its share of the parent among all who present, reduced."""
    for index in tables.order:
        parent = int(tables.parent[index])
        if parent < 0:
            continue
        rows = np.isnan(p[:, index]) & ~np.isnan(p[:, parent])
        share = background[rows, index] / background[rows, parent]
        p[rows, index] = kind_share * p[rows, parent] * np.minimum(share, 1)


def _from_neighbours(p: Array, background: Array, known: NDArray[np.bool_], tables: Tables, share: float) -> None:
    """Unlisted symptoms and signs, raised by `share` of the way to the mean over the conditions with the likest lists.

    Nobody lists everything; conditions that resemble each other in what is listed do so in what is not. Some rows at once:
    in one piece it takes more memory than all the tables.
    """
    if share <= 0 or len(p) < 2:
        return
    told = np.flatnonzero([entry.kind in COMPLAINTS for entry in tables.findings])
    theirs = np.where(known[:, told], p[:, told], background[:, told])
    value = np.zeros_like(theirs)
    for at in range(0, len(p), _AT_ONCE):
        rows = slice(at, at + _AT_ONCE)
        ratio = np.maximum(0, np.log(theirs[rows] / background[rows][:, told]))
        value[rows] = np.where(known[rows][:, told], theirs[rows] * ratio, 0)
    value /= np.maximum(np.linalg.norm(value, axis=1, keepdims=True), 1e-9)
    for at in range(0, len(p), _AT_ONCE):
        rows = slice(at, at + _AT_ONCE)
        likeness = value[rows] @ value.T
        likeness[np.arange(len(likeness)), np.arange(at, at + len(likeness))] = 0
        expected = _expected(likeness, theirs)
        own = p[rows][:, told]
        raised = np.maximum(own, (1 - share) * own + share * expected)
        p[rows, told] = np.where(known[rows][:, told], own, raised)


def _expected(likeness: Array, theirs: Array) -> Array:
    """Means of what the likest rows have (`theirs`), by likeness; 0 where nothing is like."""
    count = min(_NEIGHBOURS, likeness.shape[1] - 1)
    nearest = np.argpartition(likeness, -count, axis=1)[:, -count:]
    trust = np.maximum(np.take_along_axis(likeness, nearest, axis=1), 0) ** _SHARPNESS
    trust /= np.maximum(trust.sum(axis=1, keepdims=True), 1e-9)
    expected = np.zeros((len(likeness), theirs.shape[1]), np.float32)
    for rank in range(count):
        expected += trust[:, rank, None] * theirs[nearest[:, rank]]
    return expected


def weights(nodes: Sequence[Node], tables: Tables, likelihood: Likelihood, settings: Settings) -> Array:
    """Log likelihood ratios (nats) of every node against the average patient: float32 (conditions, nodes)."""
    if not nodes:
        return np.zeros((len(tables.conditions), 0), np.float32)
    columns = [node.index for node in nodes]
    given = np.array([node.given for node in nodes])
    p, background = likelihood.p[:, columns], likelihood.background(columns)
    above = np.where(given >= 0, given, 0)
    p_above = np.where(given >= 0, likelihood.p[:, above], 1.0)
    background_above = np.where(given >= 0, likelihood.background(above), 1.0)
    p = np.minimum(p / p_above, _MAX_P)
    background = np.minimum(background / background_above, _MAX_P)
    return _ratios(nodes, p, background, tables, likelihood, settings)


def _ratios(
    nodes: Sequence[Node], p: Array, background: Array, tables: Tables, likelihood: Likelihood, settings: Settings
) -> Array:
    columns = [node.index for node in nodes]
    present = np.array([node.present for node in nodes])
    sure = np.array([node.confidence if node.logit_shift is None else 1.0 for node in nodes], np.float32)
    miss = np.where(tables.defining[:, columns], settings.false_absent_defining, settings.false_absent)
    invented = np.minimum(settings.false_present * background, settings.false_present_cap)
    seen = _seen(p, miss, invented, present, sure)
    expected = _seen(background, miss, invented, present, sure)
    ratio = np.log(seen / expected)
    silent = ~present[None, :] & ~likelihood.known[:, columns]
    ratio = settings.weight_limit * np.tanh(np.where(silent, 0.0, ratio) / settings.weight_limit)
    ratio *= np.where([tables.findings[i].kind in HISTORY_KINDS for i in columns], settings.history_weight, 1.0)
    for position, node in enumerate(nodes):
        if node.logit_shift is not None:
            ratio[:, position] = image_weight(p[:, position], background[:, position], node.logit_shift)
    return cast(Array, ratio.astype(np.float32))


def _seen(p: Array, miss: Array, invented: Array, present: NDArray[np.bool_], sure: Array) -> Array:
    """P(reported as it was reported): missed and invented reports, and the reader's own confidence."""
    reported = p * (1 - miss) + (1 - p) * invented
    as_read = np.where(present[None, :], reported, 1 - reported)
    return cast(Array, sure * as_read + (1 - sure) * (1 - as_read))


def image_weight(p: Array, background: Array, logit_shift: float) -> Array:
    """An image's log likelihood ratio for a finding, carried through to the conditions (soft evidence)."""
    lift = float(np.exp(np.clip(logit_shift, -12, 12)))
    return cast(Array, np.log((p * lift + 1 - p) / (background * lift + 1 - background)))


def weight_variance(nodes: Sequence[Node], row: int, likelihood: Likelihood, settings: Settings) -> float:
    """Variance of a condition's log-odds (nats squared) if every p were known from `beta_count` patients only."""
    columns = [node.index for node in nodes if node.logit_shift is None]
    p = likelihood.p[row, columns]
    present = np.array([node.present for node in nodes if node.logit_shift is None], bool)
    odds = np.where(present, (1 - p) / p, p / (1 - p))
    return float(np.minimum(odds / settings.beta_count, 1.0).sum())
