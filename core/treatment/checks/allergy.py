"""Allergies against drugs: the same drug, its class, and stated cross-reactions (side chains among beta-lactams)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.domain.basics import Citation, Label
from core.domain.plan import Alert, Tier
from core.domain.record import Allergy
from core.knowledge import drugs as drug_tables
from core.knowledge.treatment_files import citation, label, read_folder
from core.paths import RESOURCES
from core.treatment import alerts
from core.treatment.context import Context
from core.treatment.given import Given
from core.treatment.recognise import recognise

_SEVERE = re.compile(
    r"anaphyla|angio-?(o)?edema|stevens|necroly|\bsjs\b|\bten\b|dress|shock|bronchospasm|throat|过敏性休克|血管性水肿|喉头",
    re.I,
)
_MILD = re.compile(
    r"nausea|vomit|diarrh|stomach|constipat|headache|dizz|drows|insomnia|cough|恶心|呕吐|腹泻|便秘|头痛|头晕|咳嗽", re.I
)
_NONE_KNOWN = re.compile(r"no known|nkda|\bnka\b|not on file|无.{0,3}过敏|否认", re.I)
_SAME_SOURCE = Citation("AAAAI/ACAAI: Drug allergy, a 2022 practice parameter update", 2022)


@dataclass(frozen=True, slots=True)
class Cross:
    """Drugs with a stated risk of reacting too."""

    drugs: frozenset[str]
    tier: Tier
    why: Label
    action: Label
    source: Citation


@dataclass(frozen=True, slots=True)
class Group:
    """An allergy group; `only_named` groups count only where the entry names the group itself."""

    id: str
    label: Label
    words: re.Pattern[str] | None
    within: Cross
    cross: tuple[Cross, ...]
    only_named: bool


@dataclass(frozen=True, slots=True)
class Known:
    """One allergy entry: the drugs and groups it names, and how bad the reaction was."""

    entry: Allergy
    drugs: frozenset[str]
    named: frozenset[str]
    severe: bool
    mild: bool


def _cross(row: dict[str, Any], drugs: list[str], tier: str, sources: dict[str, Citation]) -> Cross:
    members = drug_tables.load().expand(drugs)
    return Cross(members, Tier(tier), label(row["why"]), label(row["do"]), sources[row["src"]])


@lru_cache(maxsize=1)
def groups() -> tuple[Group, ...]:
    """The allergy groups."""
    table = read_folder(RESOURCES / "knowledge" / "allergies").files["groups.yaml"]
    sources = {key: citation(value) for key, value in table["sources"].items()}
    return tuple(
        Group(
            id=row["id"],
            label=Label(row["en"], row["zh"]),
            words=re.compile("|".join(row["words"]), re.IGNORECASE) if row["words"] else None,
            within=_cross(row, row["members"], row["within"], sources),
            cross=tuple(_cross(c, c["drugs"], c["tier"], sources) for c in row.get("cross", ())),
            only_named=bool(row.get("only_named")),
        )
        for row in table["groups"]
    )


def read(entry: Allergy) -> Known:
    """What an allergy entry names. Drug names win over group words: "penicillin V" is a drug of the group."""
    text = entry.text or " ".join(code.display for code in entry.codes)
    if _NONE_KNOWN.search(text):
        return Known(entry, frozenset(), frozenset(), False, False)
    drugs = frozenset(recognise(text).drugs)
    named = frozenset(group.id for group in groups() if group.words and group.words.search(text))
    reactions = " ".join(entry.reactions)
    severe = entry.criticality == "high" or bool(_SEVERE.search(f"{reactions} {text}"))
    mild = not severe and (entry.kind == "intolerance" or (bool(reactions) and _only_mild(entry.reactions)))
    return Known(entry, drugs, named, severe, mild)


def _only_mild(reactions: tuple[str, ...]) -> bool:
    return all(_MILD.search(reaction) for reaction in reactions)


def check(context: Context, entries: tuple[Given, ...]) -> Iterator[Alert]:
    """The worst relation of each allergy entry to each drug."""
    for known in map(read, context.allergies):
        for given in {entry.drug: entry for entry in entries}.values():
            alert = _relation(known, given)
            if alert is not None:
                yield alert


def _relation(known: Known, given: Given) -> Alert | None:
    if given.drug in known.drugs:
        tier = Tier.CAUTION if known.mild else Tier.STOP
        why = Label("The record names this very drug.", "病历记录对该药过敏。")
        action = Label("Do not give; choose another drug.", "不可给予；换用其他药物。")
        same = Cross(frozenset(), tier, why, action, _SAME_SOURCE)
        return _alert(known, given, same, "allergy_same", tier)
    found: list[tuple[int, Tier, Cross, str]] = []
    for group in groups():
        touched = group.id in known.named or (not group.only_named and bool(known.drugs & group.within.drugs))
        if not touched:
            continue
        for cross in (group.within, *group.cross):
            if given.drug in cross.drugs:
                tier = _tier(cross.tier, known)
                found.append((alerts.ORDER[tier], tier, cross, f"allergy_{group.id}"))
                break
    if not found:
        return None
    _, tier, cross, rule_id = min(found, key=lambda item: item[0])
    return _alert(known, given, cross, rule_id, tier)


def _tier(tier: Tier, known: Known) -> Tier:
    """A severe reaction raises Caution to Stop; a mild intolerance lowers the tier by one."""
    if known.severe and tier is Tier.CAUTION:
        return Tier.STOP
    if known.mild:
        return Tier.CAUTION if tier is Tier.STOP else Tier.INFO
    return tier


def _alert(known: Known, given: Given, cross: Cross, rule_id: str, tier: Tier) -> Alert:
    text = known.entry.text or next((code.display for code in known.entry.codes if code.display), "?")
    reactions = f" ({', '.join(known.entry.reactions)})" if known.entry.reactions else ""
    name = alerts.names((given.drug,))
    return alerts.make(
        kind="allergy",
        rule_id=rule_id,
        tier=tier,
        entries=(given,),
        title=Label(f"{name.en}: allergy to {text}", f"{name.zh}：对{text}过敏"),
        detail=cross.why,
        action=cross.action,
        source=cross.source,
        factors=(Label(f"allergy: {text}{reactions}", f"过敏：{text}{reactions}"),),
        evidence=known.entry.sources,
    )
