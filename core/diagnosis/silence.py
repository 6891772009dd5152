"""What a note leaves unsaid: silence about a finding that a condition lets expect is weak evidence against it.

Missing is never normal: nobody denied these findings. But who writes a whole note seldom leaves out what is striking, so
a present finding is mentioned (and read) with a chance m, and silence about it has the likelihood ratio
(1 - m p) / (1 - m b), p its share in the condition, b in everybody. m grows with the note: `silence_mention` * n / (n +
`silence_findings`), n its present findings. Silence counts for symptoms, signs, risks and exposures that a condition
lists, and only where a note of at least `silence_least` present findings over `silence_span` characters was read; for signs
of an examination only where one was done; never for tests, history and medicines. All of it together counts at most
`silence_limit` nats (tanh). The level is that of the wording's item: the average person's weight is 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import wording
from core.diagnosis.likelihood import Likelihood
from core.diagnosis.observations import Node, Observation, find_index, settled
from core.diagnosis.patient import Item
from core.diagnosis.settings import Settings
from core.domain.assessment import StepKind
from core.domain.basics import Label, Source
from core.domain.finding import Finding, Origin
from core.findings.wording import language_of
from core.knowledge.condition_tables import Tables

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
CODE = "not_mentioned"
LABEL = Label("Not found in the note (no denial, weak)", "病历中未读到（不等于否认，仅为弱证据）")
FEWER = Label("Less unsaid than elsewhere (weak)", "未提及者少于其他疾病（弱证据）")
_KINDS = frozenset({"symptom", "sign", "risk", "exposure"})
_TOLD = frozenset({StepKind.ASK, StepKind.EXAMINE})
_FOLLOWING = frozenset({"pain"})
"""What follows from what a condition lists (`condition_tables`), and from what a note says: nobody would add "pain"."""
_NAMED, _WORTH_NAMING = 3, -0.1
"""How many unsaid findings a label names at most, and the weight (nats) that is worth a name."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """The listed findings about which silence can speak, condition after condition: `rows`, `columns` int32, `p` and
    `background` float32; `examined`: found by an examination."""

    tables: Tables
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    p: Floats
    background: Floats
    examined: NDArray[np.bool_]


def expected(tables: Tables, likelihood: Likelihood) -> Expected:
    """Made once for an engine."""
    asked = np.array([entry.kind in _KINDS and entry.step in _TOLD for entry in tables.findings], bool)
    asked &= [entry.id not in _FOLLOWING for entry in tables.findings]
    kept = asked[tables.columns]
    rows, columns = tables.rows[kept], tables.columns[kept]
    by_hand = np.array([entry.step is StepKind.EXAMINE for entry in tables.findings], bool)
    return Expected(
        tables, rows, columns, likelihood.p[rows, columns], likelihood.background_at(rows, columns), by_hand[columns]
    )


def item(
    listed: Expected,
    settings: Settings,
    base: Array,
    findings: Sequence[Finding],
    observations: Sequence[Observation],
    nodes: Sequence[Node],
) -> Item | None:
    """The share of what the note leaves unsaid, nats (conditions,); None without a note that tells enough. `base`: log prior
    (conditions,). `nodes`: those of the `observations` made of the `findings`."""
    tables = listed.tables
    told = [_told(o.finding) for o in observations]
    present = sum(node.present and any(told[player] for player in node.players) for node in nodes)
    if present < settings.silence_least or settings.silence_mention <= 0 or not len(tables.conditions):
        return None
    if _span([o.finding for o, read in zip(observations, told, strict=True) if read]) < settings.silence_span:
        return None
    chance = settings.silence_mention * present / (present + settings.silence_findings)
    spoken = np.zeros(len(tables.findings), bool)
    spoken[settled(tables, observations, nodes)] = True
    named = [i for i in (find_index(f, tables) for f in findings) if i is not None]
    spoken[[*named, *(above for o in observations if o.present for above in tables.ancestors[o.index])]] = True
    silent = ~spoken[listed.columns]
    if not _examined(tables, (o.index for o in observations)):
        silent &= ~listed.examined
    weights = np.where(silent, np.log1p(-chance * listed.p) - np.log1p(-chance * listed.background), 0.0)
    added = np.bincount(listed.rows, weights, minlength=len(tables.conditions))
    total: Array = settings.silence_limit * np.tanh(added / settings.silence_limit)
    level = wording.levelled(total[None], base)[0]

    def label(row: int) -> Label:
        return _label(listed, weights, row) if level[row] < 0 else FEWER

    return Item(CODE, LABEL, Origin.NOTE, level, f"note.{CODE}", "", label)


def _told(finding: Finding) -> bool:
    """Whether a note says it: what was ticked, measured or asked for says nothing of how much a note would tell."""
    return finding.source.kind == "text" and bool(finding.source.text)


def _span(told: Sequence[Finding]) -> int:
    """Characters from the first to the last finding, over all notes; one of Chinese says as much as three."""
    places: dict[tuple[str, str], list[Source]] = {}
    for finding in told:
        places.setdefault((finding.source.file, finding.source.place), []).append(finding.source)
    return sum(
        (max(s.end for s in inside) - min(s.start for s in inside)) * (3 if language_of(inside[0].text) == "zh" else 1)
        for inside in places.values()
    )


def _examined(tables: Tables, seen: Iterable[int]) -> bool:
    return any(tables.findings[index].step is StepKind.EXAMINE for index in seen)


def _label(listed: Expected, weights: Array, row: int) -> Label:
    """The share's name for one condition: the unsaid findings that count most, and that silence is no denial."""
    start, end = np.searchsorted(listed.rows, (row, row + 1))
    order = start + np.argsort(weights[start:end], kind="stable")[:_NAMED]
    named = [listed.tables.findings[int(listed.columns[i])].label for i in order if weights[i] < _WORTH_NAMING]
    if not named:
        return LABEL
    en, zh = ", ".join(name.en for name in named), "、".join(name.zh or name.en for name in named)
    return Label(f"{LABEL.en}: {en}", f"{LABEL.zh}：{zh}")
