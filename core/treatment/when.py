"""Conditions of rules, evaluated with three outcomes: holds, does not hold, not known. Missing is never normal."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain.basics import Label, Source
from core.domain.record import Sex
from core.knowledge import drugs as drug_tables
from core.treatment import labs, states
from core.treatment.context import Context, measured_label

_DAYS_OF_CURRENT_LAB = 365


@dataclass(frozen=True, slots=True)
class Outcome:
    """`holds` None means not known; `missing` then names the inputs. `factors` are the patient facts that counted."""

    holds: bool | None
    factors: tuple[Label, ...] = ()
    evidence: tuple[Source, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """What a condition may look at: the patient, all systemic drugs at hand, and the drugs the rule itself is about."""

    context: Context
    drugs: frozenset[str]
    subject: frozenset[str] = frozenset()
    routes: Mapping[str, str] = field(default_factory=dict)
    new: frozenset[str] = frozenset()
    daily_mg: Mapping[str, float] = field(default_factory=dict)


def evaluate(when: Mapping[str, Any], situation: Situation) -> Outcome:
    """All conditions together: false when one is false, else unknown when one is unknown, else true."""
    return _combined([_CHECKS[key](value, situation) for key, value in when.items()])


def _combined(outcomes: list[Outcome]) -> Outcome:
    if any(outcome.holds is False for outcome in outcomes):
        return Outcome(False)
    factors = tuple(dict.fromkeys(f for o in outcomes for f in o.factors))
    evidence = tuple(dict.fromkeys(e for o in outcomes for e in o.evidence))
    missing = tuple(dict.fromkeys(m for o in outcomes for m in o.missing))
    return Outcome(None if any(o.holds is None for o in outcomes) else True, factors, evidence, missing)


def _any(options: list[dict[str, Any]], situation: Situation) -> Outcome:
    outcomes = [evaluate(option, situation) for option in options]
    true = [outcome for outcome in outcomes if outcome.holds]
    if true:
        factors = tuple(dict.fromkeys(f for o in true for f in o.factors))
        return Outcome(True, factors, tuple(e for o in true for e in o.evidence))
    unknown = [outcome for outcome in outcomes if outcome.holds is None]
    if unknown:
        return Outcome(None, missing=tuple(dict.fromkeys(m for o in unknown for m in o.missing)))
    return Outcome(False)


def _all(options: list[dict[str, Any]], situation: Situation) -> Outcome:
    return _combined([evaluate(option, situation) for option in options])


def _not(condition: dict[str, Any], situation: Situation) -> Outcome:
    outcome = evaluate(condition, situation)
    return Outcome(None if outcome.holds is None else not outcome.holds, missing=outcome.missing)


def _unless(condition: dict[str, Any], situation: Situation) -> Outcome:
    """Holds wherever the condition is not known to hold: for safeguards whose absence or ignorance is the danger."""
    return Outcome(evaluate(condition, situation).holds is not True)


def _states(wanted: list[str], situation: Situation) -> Outcome:
    present = situation.context.states
    found = [state for state in wanted if state in present]
    evidence = tuple(source for state in found for source in present[state])
    return Outcome(bool(found), tuple(states.label_of(state) for state in found), evidence)


def _age(test: Callable[[float], bool], situation: Situation) -> Outcome:
    age = situation.context.age
    if age is None:
        return Outcome(None, missing=("age",))
    shown = str(int(age) if age >= 2 else int(age * 12))
    unit = ("years", "岁") if age >= 2 else ("months", "月龄")
    return Outcome(test(age), (Label(f"age {shown} {unit[0]}", f"{shown}{unit[1]}"),))


def _sex(value: str, situation: Situation) -> Outcome:
    sex = situation.context.sex
    if sex not in {Sex.FEMALE, Sex.MALE}:
        return Outcome(None, missing=("sex",))
    return Outcome(sex.value == value, (Label(sex.value, "女" if sex is Sex.FEMALE else "男"),))


def _pregnant(wanted: bool, situation: Situation) -> Outcome:
    pregnant = situation.context.pregnant
    if pregnant is None:
        return Outcome(None, missing=("pregnancy",))
    sources = situation.context.states.get("pregnancy", ())
    return Outcome(pregnant is wanted, (states.label_of("pregnancy"),) if pregnant else (), sources)


def _weeks(test: Callable[[float], bool], situation: Situation) -> Outcome:
    """Weeks of pregnancy; not known where the pregnancy or its age is not known."""
    context = situation.context
    if not context.pregnant:
        return Outcome(None, missing=("pregnancy",)) if context.pregnant is None else Outcome(False)
    if context.weeks is None:
        return Outcome(None, missing=("gestation",))
    shown = int(context.weeks)
    factor = Label(f"{shown} weeks of pregnancy", f"孕{shown}周")
    return Outcome(test(context.weeks), (factor,), context.weeks_sources)


def _childbearing(wanted: bool, situation: Situation) -> Outcome:
    context = situation.context
    if context.age is None or context.sex not in {Sex.FEMALE, Sex.MALE}:
        return Outcome(None, missing=("age", "sex"))
    fertile = context.sex is Sex.FEMALE and 12 <= context.age <= 50 and context.pregnant is not True
    return Outcome(fertile is wanted, (Label("woman of childbearing age", "育龄妇女"),) if fertile else ())


def _kidney(name: str, limit: float, situation: Situation) -> Outcome:
    kidney = situation.context.kidney
    value = kidney.crcl if name == "crcl" and kidney.crcl is not None else kidney.egfr
    if value is None:
        return Outcome(None, missing=("creatinine", *(k for k in kidney.ask if k != "creatinine")))
    creatinine = situation.context.measured.get("creatinine")
    unit = "mL/min" if name == "crcl" and kidney.crcl is not None else "mL/min/1.73 m²"
    word = "CrCl" if unit == "mL/min" else "eGFR"
    shown = f"{'≤' if kidney.assumed else ''}{value:.0f} {unit}"
    factors = [Label(f"{word} {shown}", f"{word} {shown}")]
    if creatinine is not None and not kidney.assumed:
        factors.append(measured_label(creatinine))
    sources = creatinine.sources if creatinine else situation.context.states.get("ckd", ())
    return Outcome(value < limit, tuple(factors), sources)


def _lab(test: dict[str, Any], situation: Situation) -> Outcome:
    """`{id: potassium, above: 5.0}` or `below`; values older than `days` (a year), or without a time, are not known."""
    found = situation.context.measured.get(test["id"])
    if found is None or found.age_days is None or found.age_days > test.get("days", _DAYS_OF_CURRENT_LAB):
        return Outcome(None, missing=(test["id"],))
    holds = True
    if "above" in test:
        holds = found.value > test["above"]
    if "below" in test:
        holds = holds and found.value < test["below"]
    return Outcome(holds, (measured_label(found),), found.sources)


def _with(selectors: list[str], situation: Situation) -> Outcome:
    vocabulary = drug_tables.load()
    others = (vocabulary.expand(selectors) & situation.drugs) - situation.subject
    return Outcome(bool(others), tuple(vocabulary.label(drug) for drug in sorted(others)))


def _one_of(selectors: list[str], situation: Situation) -> Outcome:
    """One of the drugs that the rule is about is among these."""
    return Outcome(bool(drug_tables.load().expand(selectors) & situation.subject))


def _gene(wanted: dict[str, list[str]], situation: Situation) -> Outcome:
    factors: list[Label] = []
    sources: list[Source] = []
    for gene, phenotypes in wanted.items():
        found = situation.context.genes.get(gene)
        if found is None:
            return Outcome(None, missing=(gene,))
        if found[0] not in phenotypes:
            return Outcome(False)
        factors.append(Label(f"{gene} {found[0]}", f"{gene} {_PHENOTYPE_ZH.get(found[0], found[0])}"))
        sources += found[1]
    return Outcome(True, tuple(factors), tuple(sources))


def _child_pugh(classes: list[str], situation: Situation) -> Outcome:
    found = situation.context.child_pugh
    if not found:
        known = "cirrhosis" in situation.context.states
        return Outcome(None if known else False, missing=("bilirubin", "albumin", "INR") if known else ())
    return Outcome(found in classes, (Label(f"Child-Pugh at least {found}", f"Child-Pugh 至少{found}级"),))


def _route(wanted: list[str], situation: Situation) -> Outcome:
    routes = {situation.routes.get(drug, "") for drug in situation.subject}
    return Outcome(bool(routes & set(wanted)))


def _new(selectors: list[str], situation: Situation) -> Outcome:
    """One of these drugs is newly proposed (not already taken)."""
    return Outcome(bool(drug_tables.load().expand(selectors) & situation.new))


def _daily(limit: float, situation: Situation) -> Outcome:
    doses = [situation.daily_mg[drug] for drug in situation.subject if drug in situation.daily_mg]
    if not doses:
        return Outcome(None, missing=("dose",))
    return Outcome(max(doses) > limit, (Label(f"{max(doses):g} mg a day", f"每日{max(doses):g} mg"),))


def _weight_below(limit: float, situation: Situation) -> Outcome:
    return _lab({"id": "weight", "below": limit, "days": 400}, situation)


_PHENOTYPE_ZH = {
    "poor": "慢代谢型", "intermediate": "中间代谢型", "normal": "正常代谢型", "rapid": "快代谢型",
    "ultrarapid": "超快代谢型", "decreased": "功能降低", "positive": "阳性", "negative": "阴性",
    "deficient": "缺乏", "increased": "敏感性增高",
}  # fmt: skip

_CHECKS: dict[str, Callable[[Any, Situation], Outcome]] = {
    "any": _any,
    "all": _all,
    "not": _not,
    "unless": _unless,
    "states": _states,
    "age_over": lambda value, s: _age(lambda age: age > value, s),
    "age_min": lambda value, s: _age(lambda age: age >= value, s),
    "age_under": lambda value, s: _age(lambda age: age < value, s),
    "sex": _sex,
    "pregnant": _pregnant,
    "weeks_min": lambda value, s: _weeks(lambda weeks: weeks >= value, s),
    "weeks_under": lambda value, s: _weeks(lambda weeks: weeks < value, s),
    "childbearing": _childbearing,
    "crcl_below": lambda value, s: _kidney("crcl", value, s),
    "egfr_below": lambda value, s: _kidney("egfr", value, s),
    "lab": _lab,
    "with": _with,
    "one_of": _one_of,
    "gene": _gene,
    "child_pugh": _child_pugh,
    "route": _route,
    "new": _new,
    "daily_mg_over": _daily,
    "weight_below": _weight_below,
}


def known_keys() -> Iterable[str]:
    """The condition words that a rule may use."""
    return _CHECKS.keys()


def missing_label(input_id: str) -> Label:
    """What to ask for, in words."""
    special = {
        "age": Label("age", "年龄"),
        "sex": Label("sex", "性别"),
        "pregnancy": Label("pregnancy (yes or no)", "是否妊娠"),
        "dose": Label("dose and frequency", "剂量与频次"),
        "INR": Label("INR", "INR"),
    }
    return special.get(input_id) or labs.label_of(input_id)
