"""The same ingredient in two orders, or two members of a class of which one is enough."""

from collections.abc import Iterator
from itertools import combinations

from core.domain.basics import Citation, Label
from core.domain.plan import Alert, Tier
from core.knowledge import drugs as drug_tables
from core.treatment import alerts
from core.treatment.context import Context
from core.treatment.given import Given

_SOURCE = Citation("Joint Commission / ISMP: therapeutic duplication; classes by WHO ATC level 4", 2024)


def check(_: Context, entries: tuple[Given, ...]) -> Iterator[Alert]:
    """A renewal of the same product is no duplicate; another product with the same ingredient is."""
    systemic = [entry for entry in entries if not entry.local]
    seen: set[frozenset[str]] = set()
    for first, second in combinations(systemic, 2):
        if first.order == second.order:
            continue
        key = frozenset({first.drug, second.drug})
        if key in seen:
            continue
        alert = _same(first, second) if first.drug == second.drug else _class(first, second)
        if alert is not None:
            seen.add(key)
            yield alert


def _same(first: Given, second: Given) -> Alert | None:
    if _renewal(first, second):
        return None
    name = alerts.names((first.drug,))
    return alerts.make(
        kind="duplicate",
        rule_id="duplicate_ingredient",
        tier=Tier.CAUTION,
        entries=(first, second),
        title=Label(f"{name.en} twice", f"{name.zh}重复"),
        detail=Label(
            f"“{first.text}” and “{second.text}” hold the same ingredient.",
            f"“{first.text}”与“{second.text}”含同一成分。",
        ),
        action=Label("Stop one of them, or add up the doses.", "停用其一，或合计剂量。"),
        source=_SOURCE,
    )


def _renewal(first: Given, second: Given) -> bool:
    """The same product ordered again, or a bare drug id against an order of that drug."""
    if first.text.strip().lower() == second.text.strip().lower():
        return True
    plain = {first.drug, first.drug.replace("_", " ")}
    return first.text.lower() in plain or second.text.lower() in plain


def _class(first: Given, second: Given) -> Alert | None:
    vocabulary = drug_tables.load()
    shared = set(vocabulary.classes_of.get(first.drug, ())) & set(vocabulary.classes_of.get(second.drug, ()))
    doubled = sorted(one for one in shared if vocabulary.classes[one].duplicate)
    if not doubled:
        return None
    group = vocabulary.classes[doubled[0]].label
    return alerts.make(
        kind="duplicate",
        rule_id=f"duplicate_{doubled[0]}",
        tier=Tier.CAUTION,
        entries=(first, second),
        title=Label(
            f"{alerts.names((first.drug, second.drug)).en}: two of one class",
            f"{alerts.names((first.drug, second.drug)).zh}：同类重复",
        ),
        detail=Label(f"Both belong to: {group.en}.", f"两者同属：{group.zh}。"),
        action=Label("Keep one, unless the combination is intended.", "保留其一，除非有意联用。"),
        source=_SOURCE,
    )
