"""Daily doses above the label's maximum, where strength and frequency are said plainly; paracetamol across all orders."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from core.domain.basics import Citation, Label
from core.domain.plan import Alert, Tier
from core.knowledge import drugs as drug_tables
from core.knowledge.treatment_files import citation, read_folder
from core.paths import RESOURCES
from core.treatment import alerts
from core.treatment.context import Context
from core.treatment.given import Given

_ADULT_YEARS = 18
_STOP_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class Limit:
    """The most an adult takes in a day, in mg, over all orders; `elderly_mg` from 65 years on."""

    drug: str
    daily_mg: float
    elderly_mg: float | None
    source: Citation


@lru_cache(maxsize=1)
def limits() -> dict[str, Limit]:
    """Maximum daily doses by drug id. Raises KeyError for an unknown drug."""
    table = read_folder(RESOURCES / "knowledge" / "dosing").files["maximum.yaml"]
    source, drugs = citation(table["source"]), drug_tables.load().by_id
    found = {}
    for drug, value in table["daily_mg"].items():
        adult, elderly = value if isinstance(value, list) else (value, None)
        found[drugs[drug].id] = Limit(drug, float(adult), float(elderly) if elderly else None, source)
    return found


def check(context: Context, entries: tuple[Given, ...]) -> Iterator[Alert]:
    """One alert a drug whose known daily doses add up to more than its limit (adults; children's doses are by weight)."""
    if context.age is None or context.age < _ADULT_YEARS:
        return
    systemic: dict[str, list[Given]] = defaultdict(list)
    for entry in entries:
        if not entry.local and entry.daily_mg is not None and entry.drug in limits():
            systemic[entry.drug].append(entry)
    for drug, listed in systemic.items():
        limit = limits()[drug]
        most = limit.elderly_mg if limit.elderly_mg and context.age >= 65 else limit.daily_mg
        total = sum({entry.text.lower(): entry.daily_mg or 0.0 for entry in listed}.values())
        if total > most * 1.001:
            yield _alert(tuple(listed), total, most, limit.source)


def _alert(entries: tuple[Given, ...], total: float, most: float, source: Citation) -> Alert:
    name = alerts.names((entries[0].drug,))
    return alerts.make(
        kind="dose",
        rule_id=f"maximum_{entries[0].drug}",
        tier=Tier.STOP if total >= _STOP_FACTOR * most else Tier.CAUTION,
        entries=entries,
        title=Label(
            f"{name.en}: {total:g} mg a day, maximum {most:g} mg", f"{name.zh}：每日{total:g} mg，上限{most:g} mg"
        ),
        detail=Label("The daily dose is above the label's maximum.", "日剂量超过说明书上限。"),
        action=Label("Check strength and frequency.", "核对规格与频次。"),
        source=source,
        factors=(Label(f"{total:g} mg a day", f"每日{total:g} mg"),),
    )
