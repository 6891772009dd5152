"""HL7 PDDI-CDS request files, and the tier that the guide's own CQL gives them (the worst indicator of its cards).

An independent transliteration of `WarfarinNSAIDsCDSLogic` and `DigoxinCyclosporineCDSLogic`, used only to measure the
rules against; the rules themselves are data. Indicators: info, warning, critical = Info, Caution, Stop.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.domain.basics import Coding, Quantity, Source
from core.domain.plan import Tier
from core.domain.record import Medication, Observation, Patient, Problem, Record, Sex
from core.errors import Unreadable
from core.knowledge import drugs as drug_tables
from core.treatment.labs import latest, parse_time
from core.treatment.recognise import recognise

_MEDICINES = {"MedicationRequest", "MedicationDispense", "MedicationStatement", "MedicationAdministration"}
_RELATIVE = re.compile(r"Today\(\)\s*(?:-\s*(\d+)\s*days?)?")
_INDICATORS = (Tier.INFO, Tier.CAUTION, Tier.STOP)
_NORMAL = {"potassium": (3.5, 5.0), "magnesium": (0.7, 1.1), "calcium": (8.5, 10.2), "creatinine": (0.6, 1.2)}


@dataclass(frozen=True, slots=True)
class Request:
    """One request: what is ordered, what is known, and when."""

    file: str
    record: Record
    proposed: tuple[str, ...]
    now: datetime


def read(path: Path) -> Request | None:
    """A request file; None where it orders no medicine. Raises `Unreadable` for a file that is not JSON."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise Unreadable(f"{path.name} is not a PDDI-CDS request: {error}.") from error
    if not isinstance(data, dict) or "context" not in data:
        return None
    resources = list(_resources(data, False))
    dates = [when for one, _ in resources if (when := _date(one)) is not None]
    now = max(dates, default=datetime(2020, 1, 1, tzinfo=UTC)) + timedelta(hours=1)
    proposed = tuple(_text(one) for one, known in resources if one["resourceType"] in _MEDICINES and not known)
    record = _record([one for one, known in resources if known], path.name, now)
    return Request(path.name, record, proposed, now) if proposed else None


def _resources(node: Any, known: bool) -> Iterator[tuple[dict[str, Any], bool]]:
    """Resources, and whether they are known data: everything but the ordered medicines is."""
    if isinstance(node, list):
        for one in node:
            yield from _resources(one, known)
        return
    if not isinstance(node, dict):
        return
    if node.get("resourceType") not in {None, "Bundle"}:
        yield node, known
    for key, value in node.items():
        yield from _resources(value, known or bool(re.fullmatch(r"prefetch|item\d+", key)))


def _date(one: dict[str, Any]) -> datetime | None:
    for key in ("authoredOn", "effectiveDateTime", "whenHandedOver", "issued"):
        found = parse_time(one[key]) if isinstance(one.get(key), str) else None
        if found is not None:
            return found
    return None


def _relative_days(one: dict[str, Any]) -> int:
    for key in ("_effectiveDateTime", "_authoredOn", "_issued"):
        for extension in one.get(key, {}).get("extension", ()):
            match = _RELATIVE.match(extension.get("valueString", ""))
            if match:
                return int(match.group(1) or 0)
    return 0


def _coded(one: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = one.get("medicationCodeableConcept") or one.get("code") or {}
    return found


def _text(one: dict[str, Any]) -> str:
    concept = _coded(one)
    codings = concept.get("coding") or [{}]
    return str(concept.get("text") or codings[0].get("display") or codings[0].get("code") or "")


def _record(known: list[dict[str, Any]], file: str, now: datetime) -> Record:
    source = (Source(file, "fhir"),)
    patient = Patient()
    medications, problems, observations = [], [], []
    for number, one in enumerate(known):
        kind, text, key = one["resourceType"], _text(one), f"{file}-{number}"
        if kind == "Patient":
            birth = parse_time(one.get("birthDate", "")) if one.get("birthDate") else None
            sex = Sex(one["gender"]) if one.get("gender") in set(Sex) else Sex.UNKNOWN
            patient = Patient(birth_date=birth.date() if birth else None, sex=sex)
        elif kind in _MEDICINES:
            medications.append(Medication(key, (), text, source, status="active"))
        elif kind == "Condition":
            problems.append(Problem(key, (), text, source, status="active"))
        elif kind == "Observation":
            when = (_date(one) or now - timedelta(days=_relative_days(one))).date().isoformat()
            observations.append(_observation(one, key, text, when, source))
    return Record(patient, tuple(problems), tuple(medications), observations=tuple(observations))


def _observation(one: dict[str, Any], key: str, text: str, when: str, source: tuple[Source, ...]) -> Observation:
    codes = tuple(Coding("LOINC", c["code"]) for c in _coded(one).get("coding", ()) if "loinc" in c.get("system", ""))
    value = one.get("valueQuantity") or {}
    quantity = Quantity(float(value["value"]), value.get("unit", "")) if "value" in value else None
    return Observation(key, codes, text.replace("\u200b", ""), source, value=quantity, time=when)


def expected(request: Request) -> dict[str, Tier]:
    """Rule id -> tier by the guide's logic, for those of its two artefacts that apply."""
    ordered = {drug for text in request.proposed for drug in recognise(text).drugs}
    known = {drug for one in request.record.medications for drug in recognise(one.text).drugs}
    found = {}
    warfarin = _warfarin(request, ordered, known)
    if warfarin:
        found[warfarin[0]] = warfarin[1]
    digoxin = _digoxin(request, ordered, known)
    if digoxin is not None:
        found["digoxin_ciclosporin"] = digoxin
    return found


def _warfarin(request: Request, ordered: set[str], known: set[str]) -> tuple[str, Tier] | None:
    expand = drug_tables.load().expand
    topical = any(recognise(t).local and "diclofenac" in recognise(t).drugs for t in request.proposed)
    if "warfarin" not in known or not (topical or ordered & expand(["class:nsaid"])):
        return None
    if topical:
        return "warfarin_topical_nsaid", Tier.INFO
    protected = known & expand(["class:ppi", "misoprostol"])
    base, card2 = 1, 0 if protected else 2
    return "warfarin_nsaid", _INDICATORS[max(base, card2)]


def _digoxin(request: Request, ordered: set[str], known: set[str]) -> Tier | None:
    pair = {"digoxin", "ciclosporin"}
    if not (("ciclosporin" in ordered and "digoxin" in known) or ("digoxin" in ordered and "ciclosporin" in known)):
        return None
    values = latest(request.record, (), request.now, None)
    level = values.get("digoxin_level")
    low = level is not None and (level.age_days or 0) <= 30 and level.value < 0.9
    normal = all(key in values and lo < values[key].value < hi for key, (lo, hi) in _NORMAL.items())
    diuretics = known & drug_tables.load().expand(["class:loop_diuretic", "class:aldosterone_antagonist"])
    continued = (ordered & pair) <= known
    base = 0 if continued and low and normal and not diuretics else 1
    new_ciclosporin = "ciclosporin" in ordered - known
    card2 = (1 if low else 2) if new_ciclosporin else (0 if low else 1)
    return _INDICATORS[max(base, card2, 0 if normal else 1)]
