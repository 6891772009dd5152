"""A second, deliberately simple reader of clinical facts, written apart from the program's own.

It knows the three formats only by their surface: a fact is an entry with a code or a text. It gives (words, value, day)
for each, and asks whether the record holds them anywhere.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from core.domain.record import Record

ADMINISTRATIVE = {
    "Claim",
    "ExplanationOfBenefit",
    "Organization",
    "Practitioner",
    "Patient",
    "Location",
    "Coverage",
    "Provenance",
    "Bundle",
    "Medication",
    "PractitionerRole",
}
V3 = "{urn:hl7-org:v3}"
CLINICAL_SEGMENTS = {
    "OBX": 3,
    "DG1": 3,
    "AL1": 3,
    "IAM": 3,
    "PRB": 3,
    "PR1": 3,
    "RXA": 5,
    "RXE": 2,
    "RXO": 1,
    "RXD": 2,
    "OBR": 4,
}


@dataclass(frozen=True)
class Fact:
    """What must be found again: any of `words` (codes or texts), the value, the day."""

    place: str
    words: tuple[str, ...]
    value: str = ""
    day: str = ""


def facts_in(path: Path) -> list[Fact]:
    """The facts of a FHIR bundle, a C-CDA document or an HL7 v2 file."""
    if path.suffix == ".json":
        return list(_fhir(json.loads(path.read_text("utf-8"))))
    return list(
        _ccda(ElementTree.parse(path).getroot())
        if path.suffix == ".xml"
        else _hl7(path.read_bytes().decode("utf-8-sig", "replace"))
    )


def _concept_of(r: dict) -> dict:
    for key in ("code", "vaccineCode", "medicationCodeableConcept", "type", "category", "description"):
        if key in r and not isinstance(r[key], str):
            return r[key][0] if isinstance(r[key], list) else r[key]
    return r["series"][0].get("modality", {}) if "series" in r else {}


def _fhir(bundle: dict):
    for entry in bundle["entry"]:
        r = entry["resource"]
        if r["resourceType"] in ADMINISTRATIVE:
            continue
        concept = _concept_of(r)
        parts = r.get("component") or [None]
        for part in parts:
            told = (part or {}).get("code") or concept or {}
            words = tuple(w for c in told.get("coding", [told]) for w in (c.get("code"), c.get("display")) if w)
            amount = (part or r).get("valueQuantity", {}).get("value")
            when = next(
                (
                    str(r[k])[:10]
                    for k in ("effectiveDateTime", "onsetDateTime", "occurrenceDateTime", "authoredOn", "started")
                    if k in r
                ),
                "",
            )
            when = when or str((r.get("performedPeriod") or r.get("period") or {}).get("start", ""))[:10]
            if words:
                yield Fact(f"{r['resourceType']}/{r['id']}", words, "" if amount is None else str(amount), when)


def _ccda(root):
    for section in root.iter(f"{V3}section"):
        code = section.find(f"{V3}code")
        if code is not None and code.get("code") == "48768-6":
            continue
        for entry in section.findall(f"{V3}entry"):
            yield from _entry(entry)


T = "2.16.840.1.113883.10.20.22.4."
QUALIFIERS = {T + n for n in ("6", "28", "47", "8", "9", "5", "31", "64", "20", "143", "145", "138")}
"""Status, severity, reaction, age, comment, instruction: they say something about another statement."""


def _entry(entry):
    """Whatever carries the entry's point: the product, the allergen, the problem's value, else the statement's own code."""
    for statement in entry.iter():
        name = statement.tag[len(V3) :] if isinstance(statement.tag, str) else ""
        templates = {t.get("root", "") for t in statement.findall(f"{V3}templateId")}
        if templates & QUALIFIERS or statement.get("negationInd") == "true":
            continue
        if name == "substanceAdministration":
            for code in statement.findall(f"{V3}consumable/{V3}manufacturedProduct/{V3}manufacturedMaterial/{V3}code"):
                yield from _coded(code, statement)
        elif name == "observation":
            allergens = statement.findall(f"{V3}participant/{V3}participantRole/{V3}playingEntity/{V3}code")
            value = statement.find(f"{V3}value")
            if T + "7" in templates:
                for code in allergens:
                    yield from _coded(code, statement)
            elif templates & {T + "4", T + "46"}:
                yield from _coded(value, statement) if value is not None else ()
            elif T + "19" not in templates and statement.find(f"{V3}code") is not None:
                amount = value.get("value", "") if value is not None and value.get("unit") is not None else ""
                yield from _coded(statement.find(f"{V3}code"), statement, amount)
        elif name in ("procedure", "encounter") and statement.find(f"{V3}code") is not None:
            yield from _coded(statement.find(f"{V3}code"), statement)


def _coded(code, statement, amount: str = ""):
    words = [w for w in (code.get("code"), code.get("displayName")) if w]
    words += [w for t in code.findall(f"{V3}translation") for w in (t.get("code"), t.get("displayName")) if w]
    time = statement.find(f"{V3}effectiveTime")
    stamp = ""
    if time is not None:
        low = time.find(f"{V3}low")
        stamp = time.get("value") or (low.get("value") if low is not None else "") or ""
    if words:
        day = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}" if re.match(r"\d{8}", stamp) else ""
        yield Fact(f"{statement.tag[len(V3) :]}", tuple(words), amount, day)


def _hl7(text: str):
    for number, line in enumerate(re.split(r"[\r\n]+", text), start=1):
        fields = line.split("|")
        index = CLINICAL_SEGMENTS.get(fields[0])
        if index is None or len(fields) <= index:
            continue
        words = tuple(w.strip() for w in re.split(r"[\^~&]", fields[index]) if w.strip() and "\\" not in w)
        words = words or tuple(w.strip() for w in fields[4:5] if fields[0] == "DG1" and w.strip())
        amount = fields[5] if fields[0] == "OBX" and len(fields) > 5 and fields[2] == "NM" else ""
        if words:
            yield Fact(f"{fields[0]} in line {number}", words, amount if re.fullmatch(r"[\d.]+", amount) else "")


def missing(facts: list[Fact], records: tuple[Record, ...]) -> list[Fact]:
    """The facts that no record holds: none of the words, or not with that value and day."""
    index: dict[str, list] = {}
    for record in records:
        everything = (
            *record.problems,
            *record.medications,
            *record.allergies,
            *record.observations,
            *record.events,
            *record.family,
        )
        for fact in everything:
            told = {fact.text, *fact.text.split("; "), *(w for c in fact.codes for w in (c.code, c.display))}
            for word in {" ".join(w.split()).casefold() for w in told if w}:
                index.setdefault(word, []).append(fact)
    return [f for f in facts if not _found(f, index)]


def _found(fact: Fact, index: dict[str, list]) -> bool:
    near = [x for w in fact.words for x in index.get(" ".join(w.split()).casefold(), [])]
    if fact.value:
        near = [x for x in near if getattr(x, "value", None) is not None and x.value.value == float(fact.value)]
    if fact.day:
        near = [
            x
            for x in near
            if fact.day in "|".join(str(getattr(x, n, ""))[:10] for n in ("time", "start", "end", "onset"))
        ]
    return bool(near)
