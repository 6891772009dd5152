"""How well an option fits: an additive score whose shares are shown, and an interval that widens with what is unknown."""

import math
from collections.abc import Iterable

from core.domain.basics import Label
from core.domain.plan import Alert, DrugDose, Reason, Tier
from core.treatment.context import Context
from core.treatment.plan_files import Option
from core.treatment.when import Situation, evaluate, missing_label

_ALERT_WEIGHT = {Tier.STOP: -4.0, Tier.CAUTION: -1.0, Tier.INFO: 0.0}
_LINE_WEIGHT = {"first": 1.0, "alternative": 0.0, "adjunct": 0.3, "supportive": 0.3, "rescue": -0.5}
_LINE_LABEL = {
    "first": Label("first line in the guideline", "指南一线"),
    "alternative": Label("alternative in the guideline", "指南备选"),
    "adjunct": Label("added to the main treatment", "联合用药"),
    "supportive": Label("supportive", "支持治疗"),
    "rescue": Label("when others fail or do not fit", "其他方案无效或不适合时"),
}
_SPREAD = 0.4


def reasons(option: Option, context: Context, alerts: Iterable[Alert], doses: Iterable[DrugDose]) -> tuple[Reason, ...]:
    """The shares of an option's score, largest first; unknown ones last with weight 0."""
    shares = [Reason(_LINE_LABEL[option.line], _LINE_WEIGHT[option.line]), *_base(option)]
    situation = Situation(context, frozenset(d for m in context.current for d in m.drugs))
    for fit in option.fits:
        outcome = evaluate(fit.when, situation)
        if outcome.holds:
            shares.append(Reason(fit.label, fit.weight))
        elif outcome.holds is None:
            asked = ", ".join(missing_label(one).en for one in outcome.missing)
            asked_zh = "、".join(missing_label(one).zh for one in outcome.missing)
            label = Label(f"{fit.label.en}? ({asked} not known)", f"{fit.label.zh}？（缺{asked_zh}）")
            shares.append(Reason(label, 0.0, unknown=True))
    shares += _from_alerts(alerts)
    inputs = tuple(dict.fromkeys(one for dose in doses for one in dose.ask))
    if inputs:
        label = Label(
            "dose not calculated: " + ", ".join(a.en for a in inputs),
            "剂量未计算：缺" + "、".join(a.zh for a in inputs),
        )
        shares.append(Reason(label, 0.0, unknown=True))
    return tuple(sorted(shares, key=lambda one: (one.unknown, -abs(one.weight))))


def _base(option: Option) -> list[Reason]:
    """What the option is good for, with its share; a share against says for whom alone it is meant."""
    if option.base >= 0:
        return [Reason(option.why, option.base)]
    wanted = Label(f"only for: {option.indication.en}", f"仅用于：{option.indication.zh}")
    return [Reason(wanted, option.base), Reason(option.why, 0.0)]


def _from_alerts(alerts: Iterable[Alert]) -> list[Reason]:
    """One share a group of alerts: several that ask for the same action count once.

    Each further caution counts half of the one before, so that many small ones never outweigh a Stop.
    """
    worst: dict[str, Alert] = {}
    for alert in alerts:
        if _ALERT_WEIGHT[alert.tier] and (
            alert.group not in worst or _ALERT_WEIGHT[alert.tier] < _ALERT_WEIGHT[worst[alert.group].tier]
        ):
            worst[alert.group] = alert
    stops = [Reason(alert.title, _ALERT_WEIGHT[Tier.STOP]) for alert in worst.values() if alert.tier is Tier.STOP]
    cautions = [alert.title for alert in worst.values() if alert.tier is Tier.CAUTION]
    return stops + [Reason(title, _ALERT_WEIGHT[Tier.CAUTION] / 2**place) for place, title in enumerate(cautions)]


def score(shares: Iterable[Reason]) -> tuple[float, tuple[float, float]]:
    """Fit in 0-1 (logistic of the sum) and its interval; each unknown share widens it by 0.4 on either side."""
    listed = tuple(shares)
    total = sum(one.weight for one in listed)
    spread = _SPREAD * (0.5 + sum(one.unknown for one in listed))
    return _logistic(total), (_logistic(total - spread), _logistic(total + spread))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
