"""The entries of a C-CDA section -> facts. Told by template id first, by element and section after."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from core.domain.basics import Coding
from core.domain.record import Allergy, Event, FamilyFact, Medication, Observation, Problem
from core.records.ccda_parts import NS, Document, all_of, attribute, find, span, templates, times, words
from core.records.csv_labs import range_of
from core.records.draft import Draft
from core.records.plain import number

_T = "2.16.840.1.113883.10.20.22.4."
_ALLERGY, _PROBLEM, _REACTION, _SEVERITY, _CRITICALITY = f"{_T}7", f"{_T}4", f"{_T}9", f"{_T}8", f"{_T}145"
_FAMILY = f"{_T}45"
_STATUS = frozenset({f"{_T}6", f"{_T}28", f"{_T}47"})
_PART_OF_PARENT = _STATUS | {_REACTION, _SEVERITY, _CRITICALITY, f"{_T}31", f"{_T}64", f"{_T}20", f"{_T}5", f"{_T}143"}
"""Status, reaction, severity, age at onset, comment, instruction, health status: read with the statement they qualify."""
_STATEMENTS = ("act", "observation", "organizer", "procedure", "substanceAdministration", "supply", "encounter")
_LINKS = ("entryRelationship", "component")
_PLANNED = frozenset({"INT", "RQO", "PRP", "PRMS", "GOL", "ARQ", "APT"})
_ALLERGY_KINDS = frozenset({"416098002", "414285001", "419511003", "418471000", "419199007", "420134006", "418038007",
                            "59037007", "235719002", "232347008", "ASSERTION"})  # fmt: skip
"""SNOMED codes of "drug allergy", "food allergy" and the like: kinds, not allergens."""
_IMMUNIZATION_SECTIONS = frozenset({"11369-6"})
_NOT_CLINICAL = {"48768-6": "insurance"}
_CATEGORY = {
    "8716-3": "vital-signs",
    "30954-2": "laboratory",
    "29762-2": "social-history",
    "47420-5": "functional-status",
}


@dataclass(frozen=True, slots=True)
class At:
    """Where a statement stands: its section's LOINC code, its place, the concern or panel around it."""

    section: str
    place: str
    parent: Element | None = None
    group: str = ""
    panel_time: str = ""


class Entries:
    """Reads statements into a draft; counts facts, and what was left out and why."""

    def __init__(self, document: Document, draft: Draft) -> None:
        self.document, self.draft = document, draft
        self.facts = 0
        self.skipped: dict[str, int] = {}

    def read(self, entry: Element, section: str, place: str) -> None:
        """Every statement of one entry."""
        if section in _NOT_CLINICAL:
            self._skip(f"{_NOT_CLINICAL[section]} entries")
            return
        before = self.facts
        for name in _STATEMENTS:
            for statement in entry.findall(NS + name):
                self._statement(statement, At(section, f"{place}/{name}"))
        if self.facts == before:
            self._skip("entries without a code, text or value")

    def _skip(self, why: str) -> None:
        self.skipped[why] = self.skipped.get(why, 0) + 1

    def _statement(self, s: Element, at: At) -> None:
        known = templates(s)
        if known & _PART_OF_PARENT and at.parent is not None:
            return
        name = s.tag.rpartition("}")[2]
        if _FAMILY in known:
            self._family(s, at)
        elif name == "observation":
            self._observed(s, at, known)
        elif name == "organizer":
            self._organizer(s, at)
        elif name == "substanceAdministration":
            self._substance(s, at)
        else:
            self._other(s, at, name)

    def _observed(self, s: Element, at: At, known: set[str]) -> None:
        before = self.facts
        if _ALLERGY in known or (at.section == "48765-2" and find(s, "participant") is not None):
            self._allergy(s, at)
        elif _PROBLEM in known and at.section != "10157-6":
            self._problem(s, at)
        elif f"{_T}13" in known and at.section == "47519-4":
            self._event(s, at, "procedure")
        elif attribute(s, "moodCode") in _PLANNED:
            self._event(s, at, "planned")
        else:
            self._observation(s, at)
        self._inside(s, at if self.facts == before else At(at.section, at.place, s))

    def _organizer(self, s: Element, at: At) -> None:
        found, shown = self.document.concept(find(s, "code"))
        group = self.draft.id("group", at.place)
        time = times(s)[0]
        if at.section == "30954-2" and shown:
            self._add_event(
                at, "diagnostic_report", (found, shown), (*times(s), attribute(find(s, "statusCode"), "code"))
            )
        self._inside(s, At(at.section, at.place, s, group, time))

    def _other(self, s: Element, at: At, name: str) -> None:
        """act, procedure, supply, encounter: a wrapper passes on to what is inside it; else it is the fact itself."""
        if name == "supply" and at.parent is not None and at.parent.tag == f"{NS}substanceAdministration":
            return
        wrapper = name == "act" and bool(
            templates(s) & {f"{_T}3", f"{_T}30", f"{_T}132", f"{_T}80", f"{_T}33", f"{_T}34", f"{_T}35", f"{_T}36"}
        )
        before = self.facts
        if wrapper:
            self._inside(s, At(at.section, at.place, s))
        if self.facts == before:
            kind = {"supply": "device", "encounter": "encounter", "procedure": "procedure"}.get(name, "act")
            if attribute(s, "moodCode") in _PLANNED:
                kind = "planned"
            elif at.section == "47519-4":
                kind = "procedure"
            self._event(s, at, kind)
            if not wrapper:
                self._inside(s, At(at.section, at.place, s))

    def _inside(self, s: Element, at: At) -> None:
        for link in _LINKS:
            for index, child in enumerate(s.findall(NS + link), start=1):
                for name in _STATEMENTS:
                    for order, inner in enumerate(child.findall(NS + name), start=1):
                        place = f"{at.place}/{link}[{index}]/{name}" + (f"[{order}]" if order > 1 else "")
                        self._statement(inner, At(at.section, place, at.parent, at.group, at.panel_time))

    def _text(self, s: Element) -> str:
        return self.document.referred(find(s, "text"))

    def _nested(self, s: Element, wanted: frozenset[str] | set[str]) -> list[Element]:
        inner = (o for link in all_of(s, "entryRelationship") for o in all_of(link, "observation"))
        return [o for o in inner if templates(o) & wanted]

    def _status_of(self, s: Element) -> str:
        for observation in self._nested(s, _STATUS):
            shown = self.document.concept(find(observation, "value"))[1].lower()
            if shown:
                return shown.split()[-1] if "no longer" not in shown else "inactive"
        return ""

    def _problem(self, s: Element, at: At) -> None:
        value = next((v for v in s.findall(NS + "value") if any(self.document.concept(v))), None)
        found, shown = self.document.concept(value)
        shown = shown or self._text(s) or self.document.value(value)[1] or self._text_of_parent(at)
        if not shown:
            return
        start, end = times(s)
        if not start and at.parent is not None:
            start = times(at.parent)[0]
        stated = self._status_of(s)
        concern = attribute(find(at.parent, "statusCode"), "code") if at.parent is not None else ""
        if stated not in ("active", "inactive", "resolved"):
            stated = "resolved" if end else {"active": "active", "completed": "resolved"}.get(concern, "unknown")
        negated = attribute(s, "negationInd") == "true"
        self.facts += 1
        self.draft.problems.append(
            Problem(self.draft.id("problem", at.place), found, shown, (self.draft.source(at.place, shown),), status=stated,
                    onset=start, abatement=end, verification="refuted" if negated else "")
        )  # fmt: skip

    def _text_of_parent(self, at: At) -> str:
        return self._text(at.parent) if at.parent is not None else ""

    def _allergy(self, s: Element, at: At) -> None:
        found, shown = self._allergen(s)
        kind = self.document.concept(find(s, "value"))[1]
        negated = attribute(s, "negationInd") == "true"
        if not shown:
            shown = self._text(s) or self._text_of_parent(at) or ("no known allergies" if negated else kind)
        if not shown or shown.lower().startswith("no information"):
            return
        reactions, severe = self._reactions(s)
        concern = attribute(find(at.parent, "statusCode"), "code") if at.parent is not None else ""
        status = self._status_of(s) or {"active": "active", "completed": "resolved"}.get(concern, "active")
        start = times(s)[0] or (times(at.parent)[0] if at.parent is not None else "")
        self.facts += 1
        self.draft.allergies.append(
            Allergy(self.draft.id("allergy", at.place), found, shown, (self.draft.source(at.place, shown),),
                    kind="intolerance" if "intolerance" in kind.lower() else "allergy", reactions=reactions,
                    criticality=severe, status="refuted" if negated else status, onset=start)
        )  # fmt: skip

    def _allergen(self, s: Element) -> tuple[tuple[Coding, ...], str]:
        for entity in all_of(s, "participant", "participantRole", "playingEntity"):
            found, shown = self.document.concept(find(entity, "code"))
            name = words(find(entity, "name"))
            if shown or name:
                plain = found and shown == found[0].code
                return found, (name if plain and name else shown) or name
        value = find(s, "value")
        if attribute(value, "code") in _ALLERGY_KINDS or not attribute(value, "code"):
            return (), ""
        return self.document.concept(value)

    def _reactions(self, s: Element) -> tuple[tuple[str, ...], str]:
        found: list[str] = []
        severities = [self.document.concept(find(o, "value"))[1].lower() for o in self._nested(s, {_SEVERITY})]
        for observation in self._nested(s, {_REACTION}):
            shown = self.document.concept(find(observation, "value"))[1] or self._text(observation)
            found += [shown] if shown else []
            severities += [
                self.document.concept(find(o, "value"))[1].lower() for o in self._nested(observation, {_SEVERITY})
            ]
        stated = [attribute(find(o, "value"), "code") for o in self._nested(s, {_CRITICALITY})]
        if "CRITH" in stated or any(w in x for x in severities for w in ("severe", "fatal", "life")):
            return tuple(dict.fromkeys(found)), "high"
        return tuple(dict.fromkeys(found)), "low" if "CRITL" in stated else "unknown"

    def _substance(self, s: Element, at: At) -> None:
        material = find(s, "consumable", "manufacturedProduct", "manufacturedMaterial")
        found, shown = self.document.concept(find(material, "code"))
        name = words(find(material, "name"))
        plain = bool(found) and shown == found[0].code
        shown = (name if plain and name else shown) or name or self._text(s)
        if shown:
            self._medicine_or_vaccine(s, at, (found, shown))
        self._inside(s, At(at.section, at.place, s))

    def _medicine_or_vaccine(self, s: Element, at: At, what: tuple[tuple[Coding, ...], str]) -> None:
        negated = attribute(s, "negationInd") == "true"
        start, end = times(s)
        status = attribute(find(s, "statusCode"), "code")
        if at.section in _IMMUNIZATION_SECTIONS or f"{_T}52" in templates(s):
            self._add_event(at, "immunization", what, (start, end, "not-done" if negated else status))
            return
        if negated:
            self._add_event(at, "statement", (what[0], f"not taken: {what[1]}"), (start, end, status))
            return
        self.facts += 1
        self.draft.medications.append(
            Medication(self.draft.id("medication", at.place), what[0], what[1], (self.draft.source(at.place, what[1]),),
                       status=self._medicine_status(s, at, status, end), dosage=self._dosage(s),
                       route=self.document.concept(find(s, "routeCode"))[1], start=start, end=end, reason=self._reason(s))
        )  # fmt: skip

    def _medicine_status(self, s: Element, at: At, status: str, end: str) -> str:
        """`statusCode` completed says only that the statement is complete: an open end means it is still taken."""
        stated = self._status_of(s)
        if stated in ("active", "completed", "discontinued", "inactive"):
            return {"discontinued": "stopped", "inactive": "stopped"}.get(stated, stated)
        if at.section == "18776-5":
            return "intended"
        if status in ("aborted", "suspended", "cancelled"):
            return "stopped"
        written = span(find(self.document.root, "effectiveTime"))[0]
        if end and written and end[:10] < written[:10]:
            return "completed"
        open_end = any(attribute(h, "nullFlavor") for h in all_of(s, "effectiveTime", "high"))
        return "active" if status == "active" or open_end or end else "unknown"

    def _dosage(self, s: Element) -> str:
        dose, rate = find(s, "doseQuantity"), find(s, "rateQuantity")
        parts = [self._text(s)]
        for element in (dose, rate):
            low = element if attribute(element, "value") else find(element, "low")
            if attribute(low, "value"):
                parts.append(f"{attribute(low, 'value')} {attribute(low, 'unit')}".strip())
        for period in (find(e, "period") for e in all_of(s, "effectiveTime")):
            if attribute(period, "value"):
                parts.append(f"every {attribute(period, 'value')} {attribute(period, 'unit')}".strip())
        return ", ".join(dict.fromkeys(p for p in parts if p))

    def _reason(self, s: Element) -> str:
        shown = [self.document.concept(find(o, "value"))[1] for o in self._nested(s, {f"{_T}19", _PROBLEM})]
        return "; ".join(dict.fromkeys(w for w in shown if w))

    def _observation(self, s: Element, at: At) -> None:
        found, shown = self.document.concept(find(s, "code"))
        amount, said = None, ""
        for value in s.findall(NS + "value"):
            amount, said = self.document.value(value)
            if amount is not None or said:
                break
        narrative = self._text(s)
        shown = shown or narrative
        if not shown or (amount is None and not said and not found and not narrative):
            return
        low, high = self._reference(s)
        said = said or (narrative if amount is None else "")
        self.facts += 1
        self.draft.observations.append(
            Observation(self.draft.id("observation", at.place), found, shown, (self.draft.source(at.place, shown),),
                        category=_CATEGORY.get(at.section, ""), value=amount, text_value=said,
                        time=times(s)[0] or at.panel_time, reference_low=low, reference_high=high,
                        flag=attribute(find(s, "interpretationCode"), "code"), group=at.group)
        )  # fmt: skip

    def _reference(self, s: Element) -> tuple[float | None, float | None]:
        for observed in all_of(s, "referenceRange", "observationRange"):
            value = find(observed, "value")
            bounds = number(attribute(find(value, "low"), "value")), number(attribute(find(value, "high"), "value"))
            if bounds != (None, None):
                return bounds
            printed = range_of(words(find(observed, "text")))
            if printed != (None, None):
                return printed
        return None, None

    def _event(self, s: Element, at: At, kind: str) -> None:
        found, shown = self.document.concept(find(s, "code"))
        if not shown or re.fullmatch(r"[\d.-]+", shown):
            shown = self._text(s) or shown
        product = next(iter(all_of(s, "participant", "participantRole", "playingDevice", "code")), None)
        product = (
            product
            if product is not None
            else find(s, "product", "manufacturedProduct", "manufacturedMaterial", "code")
        )
        more, device = self.document.concept(product)
        said = self.document.value(find(s, "value"))
        value = said[1] or (f"{said[0].value:g} {said[0].unit}" if said[0] else "")
        label = "; ".join(dict.fromkeys(p for p in (shown, device, value) if p))
        if label:
            self._add_event(at, kind, (found + more, label), (*times(s), attribute(find(s, "statusCode"), "code")))

    def _add_event(self, at: At, kind: str, what: tuple[tuple[Coding, ...], str], when: tuple[str, str, str]) -> None:
        self.facts += 1
        source = self.draft.source(at.place, what[1])
        self.draft.events.append(
            Event(self.draft.id("event", at.place + kind), kind, what[0], what[1], (source,), *when)
        )

    def _family(self, s: Element, at: At) -> None:
        relation = self.document.concept(find(s, "subject", "relatedSubject", "code"))[1]
        for index, observation in enumerate(all_of(s, "component", "observation"), start=1):
            value = find(observation, "value")
            found, shown = self.document.concept(value)
            shown = shown or self.document.value(value)[1] or self._text(observation)
            if shown:
                place = f"{at.place}/component[{index}]/observation"
                shown += self._fate(observation)
                self.facts += 1
                source = self.draft.source(place, shown)
                self.draft.family.append(FamilyFact(self.draft.id("family", place), relation, found, shown, (source,)))

    def _fate(self, s: Element) -> str:
        """ " (dead, age 57)" of a relative's condition."""
        death = [self.document.concept(find(o, "value"))[1] for o in self._nested(s, {f"{_T}47"})]
        age = [attribute(find(o, "value"), "value") for o in self._nested(s, {f"{_T}31"})]
        told = [w.lower() for w in death if w] + [f"age {a}" for a in age if a]
        return f" ({', '.join(told)})" if told else ""
