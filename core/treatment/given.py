"""The drugs at hand: what the patient takes and what is proposed, one entry an ingredient."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.basics import Source
from core.knowledge import drugs as drug_tables
from core.treatment.context import Context
from core.treatment.recognise import Recognised, recognise, words

_DAILY_UNITS = {"mg": 1.0, "g": 1000.0, "mcg": 0.001}


@dataclass(frozen=True, slots=True)
class Given:
    """One ingredient that is taken or proposed. `order` tells entries of one order from another's."""

    drug: str
    order: str
    proposed: bool
    route: str
    local: bool
    text: str
    sources: tuple[Source, ...] = ()
    daily_mg: float | None = None
    strength_mg: float | None = None


def given(context: Context, proposed: Iterable[str]) -> tuple[tuple[Given, ...], tuple[str, ...]]:
    """Current and proposed ingredients, and the entries that no name was recognised in (they are not checked)."""
    entries: list[Given] = []
    unknown: list[str] = []
    for medicine in context.current:
        entries += _entries(medicine.recognised, medicine.medication_id, medicine.text, False, medicine.sources)
        if not medicine.drugs and medicine.text:
            unknown.append(medicine.text)
    for number, text in enumerate(proposed):
        said = read_proposed(text)
        entries += _entries(said, f"proposed-{number}", text, True, ())
        if not said.drugs:
            unknown.append(text)
    return tuple(entries), tuple(dict.fromkeys(unknown))


def read_proposed(text: str) -> Recognised:
    """A proposed drug: a drug id, or an order in words ("ibuprofen 400 mg tablet three times daily")."""
    if text in drug_tables.load().by_id:
        return Recognised(text, (text,), ())
    return recognise(text)


def _entries(said: Recognised, order: str, text: str, proposed: bool, sources: tuple[Source, ...]) -> list[Given]:
    local = {row["id"] for row in words()["routes"] if row.get("local")}
    return [
        Given(drug, order, proposed, said.route, said.route in local, text, sources, *_amounts(said, place))
        for place, drug in enumerate(said.drugs)
    ]


def _amounts(said: Recognised, place: int) -> tuple[float | None, float | None]:
    """(daily mg, mg each time) of one ingredient; None where strength or frequency is not said plainly."""
    plain = [q for q in said.strengths if q.unit in _DAILY_UNITS]
    if len(plain) != len(said.drugs):
        return None, None
    each = plain[place].value * _DAILY_UNITS[plain[place].unit]
    if said.per_day is None or said.as_needed:
        return None, each
    return each * said.per_day, each
