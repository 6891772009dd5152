"""How each kind of page is written from the tables that the engines themselves use: nothing is said here twice."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from core.diagnosis import red_flags
from core.domain.assessment import Urgency
from core.domain.basics import Citation, Label
from core.knowledge import condition_tables, drug_profiles, drugs, interactions, vocabulary
from core.knowledge.conditions import Condition
from core.library.entry import Entry, Kind, Part, Ref, Row
from core.risk import score as scores
from core.treatment import plan_files

MOST_CONDITIONS = 40
"""Conditions listed on a finding's page, the most telling first."""
URGENCY = {
    Urgency.EMERGENCY: Label("Emergency", "急症"),
    Urgency.URGENT: Label("Urgent", "尽快就医"),
    Urgency.ROUTINE: Label("See a doctor", "就医"),
    Urgency.SELF_CARE: Label("Self-care", "自我护理"),
}
_TIERS = {"stop": Label("Stop", "禁用"), "caution": Label("Caution", "慎用"), "info": Label("Note", "提示")}
_USES = {
    "usual": Label("no change", "无需调整"),
    "adjust": Label("lower dose", "减量"),
    "avoid": Label("avoid", "避免"),
    "caution": Label("with caution", "谨慎"),
    "compatible": Label("compatible", "可用"),
    "unknown": Label("not known: never taken for safe", "未知：不视为安全"),
    "known": Label("known risk", "明确风险"),
    "possible": Label("possible risk", "可能风险"),
    "conditional": Label("risk under conditions", "特定条件下有风险"),
}
_QT_SOURCE = Citation("Lists of the drug classes qt_known, qt_possible, qt_conditional; expert estimate")
_MONTHS = 60.0


def every() -> Iterator[tuple[Ref, Label, Iterable[str]]]:
    """(address, name, other names and codes) of every page."""
    for one in condition_tables.load().conditions:
        yield Ref(Kind.CONDITION, one.id), one.label, (*one.synonyms_en, *one.synonyms_zh, *one.icd10)
    for entry in vocabulary.load().entries.values():
        yield Ref(Kind.FINDING, entry.id), entry.label, (*entry.synonyms_en, *entry.synonyms_zh, entry.hpo)
    for drug in drugs.load().by_id.values():
        yield Ref(Kind.MEDICINE, drug.id), drug.label, (*drug.names, *drug.brands, *drug.atc)
    for found in scores.scores().values():
        yield Ref(Kind.SCORE, found.id), found.label, ()
    for rule in red_flags.rules():
        yield Ref(Kind.RED_FLAG, rule.id), rule.label, ()


# -- conditions --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _conditions() -> dict[str, Condition]:
    return {c.id: c for c in condition_tables.load().conditions}


def condition(name: str) -> Entry:
    """A condition: how urgent, how common, how it shows, what raises it, tests, plans."""
    one = _conditions()[name]
    parts = [
        Part(Label("At a glance", "概要"), tuple(_glance(one))),
        Part(Label("Findings: how often in those who have it", "表现：患者中出现的比例"), tuple(_findings(one))),
        Part(Label("Made likelier by", "危险因素"), tuple(_factors(one))),
        Part(Label("Tests", "检查"), tuple(_tests(one))),
        Part(Label("Treatment", "治疗"), tuple(_plans(one))),
    ]
    if one.note.en:
        parts.insert(1, Part(Label("Note", "说明"), (Row(one.note),)))
    return Entry(
        Ref(Kind.CONDITION, one.id), one.label, tuple(f"ICD-10 {c}" for c in one.icd10),
        (*one.synonyms_en, *one.synonyms_zh), _filled(parts), one.sources, condition_tables.load().version.version,
    )  # fmt: skip


def _filled(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.rows)


def _glance(one: Condition) -> Iterator[Row]:
    yield Row(Label("Urgency", "紧急程度"), URGENCY[one.urgency])
    if one.cant_miss:
        yield Row(Label("Can't miss", "不可漏诊"), Label("yes", "是"))
    yield Row(Label("Specialty", "专科"), Label(one.specialty))
    weight = one.prevalence.weight
    yield Row(
        Label("In 1,000 presentations (primary care, emergency)", "每千次就诊（基层、急诊）"),
        Label(f"{weight:g}", f"{weight:g}"),
    )
    low, high = one.course.days
    yield Row(Label("Onset", "起病"), Label(", ".join(one.course.onset)))
    yield Row(
        Label("Lasted at presentation", "就诊时病程"),
        Label(f"{_span(low)} – {_span(high)}", f"{_span_zh(low)} – {_span_zh(high)}"),
    )


def _span(days: float) -> str:
    if days < 1:
        return f"{days * 24:.0f} h"
    return (
        f"{days:.0f} d"
        if days < _MONTHS
        else f"{days / 30.4:.0f} months"
        if days < 730
        else f"{days / 365.25:.0f} years"
    )


def _span_zh(days: float) -> str:
    return _span(days).replace(" months", "个月").replace(" years", "年").replace(" d", "天").replace(" h", "小时")


def _named(name: str) -> Label:
    entry = vocabulary.load().entries.get(name)
    return entry.label if entry else Label(name)


def _findings(one: Condition) -> Iterator[Row]:
    for link in sorted(one.findings, key=lambda found: -found.p):
        value = Label("hardly without it", "几乎必有") if link.defining else Label("")
        yield Row(_named(link.id), value, link.p, Ref(Kind.FINDING, link.id))


def _factors(one: Condition) -> Iterator[Row]:
    for factor in sorted(one.risk_factors, key=lambda found: -found.lr):
        yield Row(_named(factor.id), Label(f"× {factor.lr:g}", f"× {factor.lr:g}"), None, Ref(Kind.FINDING, factor.id))


def _tests(one: Condition) -> Iterator[Row]:
    for test in one.tests:
        words = f"{100 * test.sensitivity:.0f} % / {100 * test.specificity:.0f} %"
        value = Label(f"sensitivity / specificity {words}", f"敏感度 / 特异度 {words}")
        yield Row(_named(test.id), value, None, Ref(Kind.FINDING, test.id))


def _plans(one: Condition) -> Iterator[Row]:
    from core.domain.basics import Coding

    codes = tuple(Coding("ICD-10", code) for code in one.icd10)
    for plan in plan_files.load().matching(one.id, codes):
        for option in plan.options:
            first = option.drugs[0].drug if option.drugs else ""
            target = Ref(Kind.MEDICINE, first) if first else None
            yield Row(option.label, option.indication, None, target, option.source)


# -- findings ----------------------------------------------------------------------------------------------------------


def finding(name: str) -> Entry:
    """A finding: how it is asked, what it is a kind of, and which conditions it speaks for most."""
    entry = vocabulary.load().entries[name]
    about = [Row(Label("Kind", "类别"), Label(entry.kind))]
    if entry.question.en:
        about.append(Row(Label("Asked as", "问法"), entry.question))
    about.append(Row(Label("Share of all who present", "全部就诊者中的比例"), Label(""), entry.background))
    kinds = tuple(Row(_named(p), Label(""), None, Ref(Kind.FINDING, p)) for p in entry.parents)
    below = (e for e in vocabulary.load().entries.values() if name in e.parents)
    parts = [
        Part(Label("At a glance", "概要"), tuple(about)),
        Part(Label("Speaks for", "支持的疾病"), tuple(_speaks_for(name, entry.background))),
        Part(Label("Is a kind of", "上位概念"), kinds),
        Part(
            Label("Kinds of it", "下位概念"),
            tuple(Row(e.label, Label(""), None, Ref(Kind.FINDING, e.id)) for e in below),
        ),
    ]
    return Entry(
        Ref(Kind.FINDING, name), entry.label, (entry.hpo,) if entry.hpo else (), (*entry.synonyms_en, *entry.synonyms_zh),
        _filled(parts), (Citation(entry.source),) if entry.source else (), vocabulary.load().version.version,
    )  # fmt: skip


def _speaks_for(name: str, background: float) -> Iterator[Row]:
    """Conditions by how much likelier the finding is in them than in all who present."""
    listed = ((c, link) for c in _conditions().values() for link in c.findings if link.id == name)
    ranked = sorted(listed, key=lambda pair: -pair[1].p)
    for one, link in ranked[:MOST_CONDITIONS]:
        ratio = link.p / max(background, 1e-4)
        words = f"× {ratio:.1f}" if ratio < 20 else f"× {ratio:.0f}"
        yield Row(one.label, Label(words, words), link.p, Ref(Kind.CONDITION, one.id))


# -- medicines ---------------------------------------------------------------------------------------------------------


def medicine(name: str) -> Entry:
    """A medicine: classes, kidneys, liver, pregnancy, QT, the rules that name it, the plans that use it."""
    table = drugs.load()
    drug = table.by_id[name]
    classes = tuple(Row(table.classes[c].label) for c in table.classes_of.get(name, ()))
    parts = [
        Part(Label("Handling", "处置"), tuple(_profile(name))),
        Part(Label("Classes", "类别"), classes),
        Part(Label("Interactions", "相互作用"), tuple(_pairs(name))),
        Part(Label("In this patient", "患者相关"), tuple(_patient_rules(name))),
        Part(Label("Used for", "用于"), tuple(_used_for(name))),
    ]
    return Entry(
        Ref(Kind.MEDICINE, name), drug.label, tuple(f"ATC {c}" for c in drug.atc), (*drug.names, *drug.brands),
        _filled(parts), (drug.source,), table.version.version,
    )  # fmt: skip


def _profile(name: str) -> Iterator[Row]:
    profiles = drug_profiles.load()
    one = profiles.by_drug.get(name)
    if one is None:
        return
    sources = profiles.sources
    yield Row(Label("Kidneys failing", "肾功能不全"), _USES[one.renal.value], source=sources.get("renal"))
    yield Row(Label("Liver failing", "肝功能不全"), _USES[one.hepatic.value], source=sources.get("hepatic"))
    for number, use in enumerate(one.pregnancy, start=1):
        title = Label(f"Pregnancy, trimester {number}", f"妊娠第{'一二三'[number - 1]}期")
        yield Row(title, _USES[use.value], source=sources.get("pregnancy"))
    yield Row(Label("Breast-feeding", "哺乳"), _USES[one.lactation.value], source=sources.get("lactation"))
    yield Row(Label("QT interval", "QT间期"), _USES[one.qt.value], source=sources.get("qt", _QT_SOURCE))
    if one.routes:
        yield Row(Label("Routes", "途径"), Label(", ".join(one.routes)), source=sources.get("routes"))


def _pairs(name: str) -> Iterator[Row]:
    known = drugs.load().by_id
    for rule in interactions.load().pairs.get(name, ()):
        others = sorted((rule.b if name in rule.a else rule.a) - {name})
        label = _several(tuple(known[o].label for o in others if o in known))
        target = Ref(Kind.MEDICINE, others[0]) if len(others) == 1 else None
        yield Row(label, _tiered(rule), None, target, rule.source)


def _several(labels: tuple[Label, ...], shown: int = 6) -> Label:
    more = f" +{len(labels) - shown}" if len(labels) > shown else ""
    first = labels[:shown]
    return Label(", ".join(x.en for x in first) + more, "、".join(x.zh or x.en for x in first) + more)


def _tiered(rule: interactions.Rule) -> Label:
    tier = _TIERS[rule.tier.value]
    return Label(f"{tier.en}: {rule.why.en} {rule.action.en}", f"{tier.zh}：{rule.why.zh}{rule.action.zh}")


def _patient_rules(name: str) -> Iterator[Row]:
    for rule in interactions.load().patient.get(name, ()):
        yield Row(Label(rule.kind.replace("_", " ")), _tiered(rule), None, None, rule.source)


def _used_for(name: str) -> Iterator[Row]:
    for plan in plan_files.load().entries:
        for option in plan.options:
            if any(name == d.drug or name in d.partners for d in option.drugs):
                target = Ref(Kind.CONDITION, plan.id) if plan.id in _conditions() else None
                yield Row(_plan_label(plan.id), option.label, None, target, option.source)


def _plan_label(name: str) -> Label:
    one = _conditions().get(name)
    return one.label if one else Label(name.replace("_", " "))


# -- scores, red flags -------------------------------------------------------------------------------------------------


def score(name: str) -> Entry:
    """A score: inputs with their units and ranges, formula, what a value means, for which ages."""
    one = scores.scores()[name]
    inputs = tuple(Row(spec.label, Label(_input_words(spec))) for spec in one.inputs)
    bands = tuple(_band(band, one.unit) for band in one.bands)
    ages = Label(f"{one.least_age:g} – {one.most_age:g} years", f"{one.least_age:g} – {one.most_age:g} 岁")
    parts = [
        Part(Label("Inputs", "输入"), inputs),
        Part(Label("Formula", "公式"), (Row(Label(one.formula)),) if one.formula else ()),
        Part(Label("Meaning", "含义"), bands),
        Part(Label("Valid ages", "适用年龄"), (Row(ages),)),
    ]
    return Entry(Ref(Kind.SCORE, name), one.label, (), (), _filled(parts), (one.source,), "")


def _input_words(spec: scores.InputSpec) -> str:
    if spec.choices:
        return " / ".join(label.en for _key, label in spec.choices)
    return f"{spec.low:g} – {spec.high:g} {spec.unit}" if spec.unit else ""


def _band(band: scores.Band, unit: str) -> Row:
    return Row(Label(f"< {band.below:g} {unit}" if band.below is not None else "≥"), band.label)


def red_flag(name: str) -> Entry:
    """A red flag: what to do and how urgent."""
    rule = next((r for r in red_flags.rules() if r.id == name), None)
    if rule is None:
        raise KeyError(name)
    rows = (Row(Label("Urgency", "紧急程度"), URGENCY[rule.urgency]), Row(Label("Advice", "建议"), rule.advice))
    part = Part(Label("At a glance", "概要"), rows)
    return Entry(Ref(Kind.RED_FLAG, name), rule.label, (), (), (part,), (rule.source,), "")
