"""Two records of one patient -> one; the same fact from several documents becomes one fact with several sources.

The originals are kept by whoever calls: undoing a merge is going back to them.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from functools import cache
from typing import Any, TypeVar

from core.domain.basics import Coding, Source
from core.domain.record import Allergy, Observation, Patient, Record, Sex

_NEAR = 8
"""Facts of one key that are compared: a hostile file repeats one key a hundred thousand times."""
_MAX_SOURCES = 64
"""Sources one fact gathers; a fact repeated more often is kept again rather than dropped."""
F = TypeVar("F", bound=Any)
_EMPTY = ("", "unknown", None, (), -1)
_CRITICALITY = {"unknown": 0, "low": 1, "high": 2}


def merge(a: Record, b: Record) -> Record:
    """One record of both, duplicates reconciled. `a` wins where both state who the patient is."""
    joined = {f.name: getattr(a, f.name) + getattr(b, f.name) for f in fields(Record) if f.name != "patient"}
    return reconcile(Record(patient=_merge_patients(a.patient, b.patient), **joined))


def _merge_patients(a: Patient, b: Patient) -> Patient:
    names = tuple(dict.fromkeys(n for n in (a.name, b.name, *a.other_names, *b.other_names) if n))
    birth = a.birth_date or b.birth_date
    return Patient(
        name=names[0] if names else "",
        birth_date=birth,
        sex=a.sex if a.sex is not Sex.UNKNOWN else b.sex,
        age_years=None if birth else (a.age_years if a.age_years is not None else b.age_years),
        identifiers=tuple(dict.fromkeys((*a.identifiers, *b.identifiers))),
        other_names=names[1:],
        synthetic=a.synthetic or b.synthetic,
        sources=tuple(dict.fromkeys((*a.sources, *b.sources))),
    )


def reconcile(record: Record) -> Record:
    """The record with equal facts joined. Facts that contradict each other all stay."""
    return replace(
        record,
        problems=_joined(record.problems, _keys, _compatible),
        medications=_joined(record.medications, _keys, _compatible),
        allergies=_joined(record.allergies, _keys, _same_allergy),
        observations=_joined(record.observations, _observation_keys, _compatible),
        events=_joined(record.events, _keys, _compatible),
        notes=_joined(record.notes, lambda n: [n.text], lambda x, y: True),
        phenotypes=_joined(record.phenotypes, lambda p: [(p.code.system, p.code.code)], _compatible),
        variants=_joined(record.variants, lambda v: [(v.gene, v.hgvs, v.chromosome, v.position, v.rsid)], _compatible),
        family=_joined(record.family, _keys, _compatible),
        diagnoses=tuple({(c.system, c.code): c for c in reversed(record.diagnoses)}.values())[::-1],
    )


def _joined(facts: tuple[F, ...], keys: Callable[[F], Iterable[Any]], same: Callable[[F, F], bool]) -> tuple[F, ...]:
    """Each fact joined into the first earlier one that shares a key and does not contradict it."""
    kept: list[F] = []
    index: dict[Any, list[int]] = {}
    for fact in facts:
        mine = list(keys(fact))
        found = next(
            (i for k in mine for i in index.get(k, ())[-_NEAR:] if _has_room(kept[i]) and same(kept[i], fact)), None
        )
        if found is None:
            kept.append(fact)
            found = len(kept) - 1
        else:
            kept[found] = _join(kept[found], fact)
        for key in mine:
            slots = index.setdefault(key, [])
            if not slots or slots[-1] != found:
                slots.append(found)
    return tuple(kept)


def _has_room(fact: Any) -> bool:
    return len(getattr(fact, "sources", ())) < _MAX_SOURCES


def _keys(fact: Any) -> list[Any]:
    """Codes and text, first together with the day (repeated prescriptions differ by it), then alone."""
    words = re.sub(r"\W+", " ", fact.text.casefold()).strip()
    plain = [*((c.system, c.code) for c in fact.codes), *([words] if words else [])]
    when = (getattr(fact, "start", "") or getattr(fact, "onset", ""))[:10]
    return [*((key, when) for key in plain), *plain] if when else plain


def _observation_keys(fact: Observation) -> list[Any]:
    return [(key, fact.time[:10], fact.value, fact.text_value) for key in _keys(fact)]


_FREE = frozenset({"id", "sources", "source", "codes", "text", "group", "title"})


def _compatible(a: Any, b: Any) -> bool:
    """Nothing one says is contradicted by the other: each field equal, or said by one alone."""
    return all(_agree(getattr(a, n), getattr(b, n)) for n in _compared(a.__class__))


@cache
def _compared(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if f.name not in _FREE)


def _agree(a: Any, b: Any) -> bool:
    if a == b or a in _EMPTY or b in _EMPTY:
        return True
    if not (isinstance(a, str) and isinstance(b, str) and _dated(a) and _dated(b)):
        return False
    # The same moment at two precisions ("2010-03-31" and "2010-03-31T10:00:00").
    return a[:10] == b[:10] and 10 in (len(a), len(b))


def _dated(stamp: str) -> bool:
    return re.match(r"\d{4}-\d\d-\d\d(T|$)", stamp) is not None


def _same_allergy(a: Allergy, b: Allergy) -> bool:
    """The same allergen with the same standing; reactions and onset add up, the higher criticality wins."""
    return _agree(a.status, b.status)


def _join(a: F, b: F) -> F:
    changes: dict[str, Any] = {}
    for f in fields(a):
        left, right = getattr(a, f.name), getattr(b, f.name)
        if f.name in ("sources", "codes", "reactions"):
            changes[f.name] = _union(left, right)
        elif f.name == "criticality":
            changes[f.name] = max(left, right, key=lambda c: _CRITICALITY.get(c, 0))
        elif left in _EMPTY or (
            isinstance(left, str) and isinstance(right, str) and _dated(right) and right.startswith(left)
        ):
            changes[f.name] = right if right not in _EMPTY else left
    return replace(a, **changes)


def _union(a: tuple[Any, ...], b: tuple[Any, ...]) -> tuple[Any, ...]:
    def key(item: Any) -> Any:
        if isinstance(item, Coding):
            return item.system, item.code
        return (item.file, item.place, item.start) if isinstance(item, Source) else item

    return tuple({key(i): i for i in reversed((*a, *b))}.values())[::-1]
