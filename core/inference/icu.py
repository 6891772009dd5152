"""Death in hospital after 48 hours of intensive care: the gate, the calibrated probability, and why (Shapley values)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.basics import Label, Version
from core.inference import packs
from core.inference.icu_features import features, group, table
from core.inference.icu_stay import Stay
from core.inference.packs import Pack
from core.inference.session import CPU, open_session, run
from core.inference.trees import Leaves

TASK = "tabular-risk"
PACK = "icu-mortality-48h"
FEATURES = "features.json"
LEAVES = "leaves.npz"
_NEEDED = ("HR", "GCS", "Creatinine", "Na")

Row = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Share:
    """What a channel adds to the log-odds (nats): the sum of the exact Shapley values of its features, largest first."""

    group: str
    label: Label
    nats: float
    features: tuple[tuple[str, float | None, float], ...]


@dataclass(frozen=True, slots=True)
class IcuEstimate:
    """Probability of death in hospital. `base` and `logit` are calibrated log-odds; the shares add up to their difference.

    `additivity_error` is what they miss (nats), taken against the graph's own output. `absent`: channels never measured.
    """

    stay: str
    pack: Version
    probability: float
    interval: tuple[float, float]
    high: bool
    threshold: float
    prevalence: float
    base: float
    logit: float
    shares: tuple[Share, ...]
    additivity_error: float
    absent: tuple[Label, ...]
    dropped: tuple[tuple[Label, int], ...]


@dataclass(frozen=True, slots=True)
class IcuRefusal:
    """No estimate, with the rule that refuses and its words."""

    stay: str
    rule: str
    reason: Label


def installed() -> Pack | None:
    """The installed pack of this task; None without one."""
    return next((pack for pack in packs.installed() if pack.task == TASK), None)


@lru_cache(maxsize=2)
def names(pack: Pack) -> tuple[str, ...]:
    """The features that the graph takes, in its order."""
    found: list[str] = json.loads(pack.read(FEATURES))["features"]
    return tuple(found)


@lru_cache(maxsize=2)
def leaves(pack: Pack) -> Leaves:
    """The same trees as a table of leaves, for the explanation."""
    return Leaves.from_bytes(pack.read(LEAVES))


def row(found: Mapping[str, float], order: tuple[str, ...]) -> Row:
    """(features,) float32, NaN for what could not be told."""
    return np.array([found.get(name, np.nan) for name in order], np.float32)


@lru_cache(maxsize=2)
def _session(pack: Pack) -> Any:
    return open_session(pack.graph("predict"), CPU)


def raw_logits(pack: Pack, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, features) float32 -> (n,) log-odds of the graph, not calibrated."""
    (found,) = run(_session(pack), {"stay": rows})
    return np.asarray(found, np.float64).reshape(len(rows))


def gate(pack: Pack, stay: Stay) -> IcuRefusal | None:
    """What the pack's domain says of a stay."""
    return refusal(pack.manifest["domain"], stay)


def refusal(domain: Mapping[str, Any], stay: Stay) -> IcuRefusal | None:
    """Refused outside the domain: age, not intensive care, nothing measured towards the end, too little measured."""
    age = stay.static.get("Age")
    least, most = domain["age_from_years"], domain["age_below_years"]
    if age is None:
        return _refused(stay, "age_unknown", "the age is not known", "年龄未知")
    if not least <= age < most:
        zh = f"患者 {age:g} 岁；模型仅适用于 {least:g} 岁及以上"
        return _refused(stay, "age", f"the patient is {age:g} years old; the model is for ages from {least:g}", zh)
    if "ICUType" not in stay.static:
        return _refused(
            stay, "not_intensive_care", "it is not said to be an intensive-care stay", "未注明为重症监护住院"
        )
    hours = float(domain["least_hours"])
    if stay.last_minute < hours * 60:
        en = f"nothing was measured after hour {max(stay.last_minute, 0) / 60:.0f}; 48 hours of intensive care are needed"
        zh = f"第 {max(stay.last_minute, 0) / 60:.0f} 小时后无测量；需要 48 小时的监护数据"
        return _refused(stay, "too_short", en, zh)
    missing = [name for name in _NEEDED if not stay.channels.get(name)]
    if len(missing) > len(_NEEDED) - int(domain["least_channels"]):
        said = [label(name) for name in missing]
        en = "never measured: " + ", ".join(x.en.lower() for x in said)
        return _refused(stay, "not_measured", en, "从未测量：" + "、".join(x.zh for x in said))
    return None


def _refused(stay: Stay, rule: str, en: str, zh: str) -> IcuRefusal:
    return IcuRefusal(stay.id, rule, Label(f"No estimate: {en}.", f"不作估计：{zh}。"))


def label(name: str) -> Label:
    """A channel's or group's name."""
    found = table()["channels"].get(name) or table()["groups"][name]
    return Label(found["en"], found["zh"])


def estimate(pack: Pack, stay: Stay) -> IcuEstimate | IcuRefusal:
    """The probability with its shares, or the gate's refusal."""
    refused = gate(pack, stay)
    if refused is not None:
        return refused
    order, scale, trees = names(pack), pack.calibration, leaves(pack)
    values = row(features(stay), order)
    logit = float(raw_logits(pack, values[None])[0])
    base = scale.log_odds(trees.base)
    each = trees.shapley(values) / scale.temperature
    (one,) = pack.labels
    probability = scale.probability(logit)
    return IcuEstimate(
        stay=stay.id,
        pack=pack.version,
        probability=probability,
        interval=scale.interval(logit),
        high=probability >= one.threshold,
        threshold=one.threshold,
        prevalence=one.prevalence,
        base=base,
        logit=scale.log_odds(logit),
        shares=_shares(order, values, each),
        additivity_error=abs(base + float(each.sum()) - scale.log_odds(logit)),
        absent=tuple(
            label(c) for c, spec in table()["channels"].items() if "loinc" in spec and not stay.channels.get(c)
        ),
        dropped=tuple((_dropped_label(name), n) for name, n in sorted(stay.dropped.items())),
    )


def _dropped_label(name: str) -> Label:
    return label(name) if name in table()["channels"] else Label(name, name)


def _shares(order: tuple[str, ...], values: Row, each: NDArray[np.float64]) -> tuple[Share, ...]:
    by_group: dict[str, list[tuple[str, float | None, float]]] = {}
    for name, value, nats in zip(order, values, each, strict=True):
        known = None if np.isnan(value) else float(value)
        by_group.setdefault(group(name), []).append((name, known, float(nats)))
    found = (
        Share(name, label(name), sum(n for *_, n in rows), tuple(sorted(rows, key=lambda r: -abs(r[2]))))
        for name, rows in by_group.items()
    )
    return tuple(sorted(found, key=lambda s: -abs(s.nats)))


def check_reference(pack: Pack) -> float:
    """Largest difference between the logits stated in the manifest and those found here, by graph and by leaves."""
    stated = pack.manifest["reference"]
    rows = reference_rows(len(names(pack)), int(stated["seed"]), len(stated["logits"]))
    wanted = np.array(stated["logits"])
    by_leaves = np.array([leaves(pack).raw(one) for one in rows])
    return float(max(np.abs(raw_logits(pack, rows) - wanted).max(), np.abs(by_leaves - wanted).max()))


def reference_rows(width: int, seed: int, n: int) -> NDArray[np.float32]:
    """(n, width) made-up inputs, a third of them missing."""
    rng = np.random.default_rng(seed)
    rows = (rng.lognormal(2, 2, (n, width))).astype(np.float32)
    rows[rng.random((n, width)) < 1 / 3] = np.nan
    return rows
