"""HL7 v2 messages (ADT, ORU, ORM/OML/OMP, RDE, MDM, VXU, PPR, REF, SIU ...) -> records, one a patient."""

from collections.abc import Callable

from core.domain.basics import Coding, Quantity
from core.domain.record import (
    Allergy,
    Event,
    FamilyFact,
    Identifier,
    Medication,
    Note,
    Observation,
    Patient,
    Problem,
    Sex,
)
from core.records import codes
from core.records.csv_labs import range_of, value_of
from core.records.dates import day, iso
from core.records.draft import Draft, Reading, content_key
from core.records.encoding import language
from core.records.hl7v2_parts import Segment, messages

_SEX = {"F": Sex.FEMALE, "M": Sex.MALE, "O": Sex.OTHER, "A": Sex.OTHER, "FEMALE": Sex.FEMALE, "MALE": Sex.MALE}
_TEXTS = frozenset({"TX", "FT"})
_SENTENCE = 60
"""Characters above which a single textual result is a note and not a value."""
_NOT_CLINICAL = {
    "IN1": "insurance", "IN2": "insurance", "IN3": "insurance", "GT1": "billing", "FT1": "billing", "BLG": "billing",
    "NK1": "next of kin", "PD1": "administration", "PV2": "administration", "ROL": "administration", "PRT": "administration",
    "SFT": "software", "UB1": "billing", "UB2": "billing", "DB1": "administration", "ARV": "administration",
    "AUT": "administration", "CTD": "contact", "PRD": "contact", "MRG": "earlier patient numbers",
}  # fmt: skip


def read(data: bytes, file: str) -> Reading:
    """Every patient of a file of HL7 v2 messages. Raises `Unreadable` for what is not HL7 v2."""
    drafts: dict[tuple[str, ...], Draft] = {}
    left: dict[str, int] = {}
    for index, message in enumerate(messages(data, file)):
        draft = Draft(file, "hl7v2", content_key(data))
        state = _State(draft, f"message[{index + 1}]." if index else "")
        for segment in message:
            if segment.name == "PID" and draft.patient != Patient():
                _keep(drafts, draft)
                draft = Draft(file, "hl7v2", content_key(data))
                state = _State(draft, state.prefix)
            state.take(segment)
            if segment.name in _NOT_CLINICAL or segment.name.startswith("Z"):
                why = _NOT_CLINICAL.get(segment.name, "a segment of the sender's own")
                left[f"{segment.name}: {why}"] = left.get(f"{segment.name}: {why}", 0) + 1
        state.finish()
        _keep(drafts, draft)
    skipped = tuple(f"{why} ({count})" for why, count in left.items())
    return Reading(tuple(d.record() for d in drafts.values()), skipped)


def _keep(drafts: dict[tuple[str, ...], Draft], draft: Draft) -> None:
    """Messages of one patient in one file go to one record."""
    p = draft.patient
    key = (p.name, str(p.birth_date), *(f"{i.system}|{i.value}" for i in p.identifiers))
    known = drafts.setdefault(key, draft)
    if known is not draft:
        for name in ("problems", "medications", "allergies", "observations", "events", "notes", "family"):
            getattr(known, name).extend(getattr(draft, name))


class _State:
    """Reads one message segment by segment; remembers the order group and the text under way."""

    def __init__(self, draft: Draft, prefix: str) -> None:
        self.draft, self.prefix = draft, prefix
        self.order: Segment | None = None
        self.title = ""
        self.time = ""
        self.text: list[tuple[str, Segment]] = []
        self.medicine_route = ""
        self.readers: dict[str, Callable[[Segment], None]] = {
            "PID": self.pid, "DG1": self.dg1, "PRB": self.prb, "AL1": self.al1, "IAM": self.iam, "OBR": self.obr,
            "OBX": self.obx, "RXE": self.medicine, "RXO": self.medicine, "RXD": self.medicine, "RXA": self.rxa,
            "PR1": self.pr1, "PV1": self.pv1, "TXA": self.txa, "NTE": self.nte, "RXR": self.rxr, "AIS": self.ais,
            "SCH": self.sch, "RF1": self.rf1, "ACC": self.acc, "RXC": self.rxc, "GOL": self.gol, "SPM": self.spm,
            "ODS": self.ods, "FHX": self.fhx,
        }  # fmt: skip

    def take(self, s: Segment) -> None:
        if s.name != "OBX" and s.name != "NTE":
            self.finish()
        reader = self.readers.get(s.name)
        if reader:
            reader(s)

    def place(self, s: Segment, number: int = 0) -> str:
        return f"{self.prefix}{s.name}[{s.order}]" + (f"-{number}" if number else "")

    def _id(self, fact: str, s: Segment) -> str:
        return self.draft.id(fact, f"{self.prefix}{s.name}@{s.line}")

    def pid(self, s: Segment) -> None:
        names = tuple(dict.fromkeys(n for n in (_name(s.split(r)) for r in s.repeats(5)) if n))
        also = tuple(n for n in (_name(s.split(r)) for r in s.repeats(9)) if n)
        numbers = [_identifier(s.split(r)) for n in (3, 2, 4) for r in s.repeats(n)]
        if s.get(19):
            numbers.append(Identifier("SSN", s.get(19)))
        marked = "SYNTHETIC" in s.text(5).upper() or "TESTPATIENT" in s.text(5).upper()
        self.draft.patient = Patient(
            name=names[0] if names else "",
            birth_date=day(iso(s.get(7))),
            sex=_SEX.get(s.get(8).upper(), Sex.UNKNOWN),
            identifiers=tuple(dict.fromkeys(i for i in numbers if i.value)),
            other_names=names[1:] + also,
            synthetic=marked,
            sources=(self.draft.source(self.place(s)),),
        )

    def dg1(self, s: Segment) -> None:
        found, words = concept(s, 3)
        words = words or s.text(4)
        if words:
            kind = s.get(6)
            self.draft.problems.append(
                Problem(self._id("problem", s), found, words, (self.draft.source(self.place(s), words),),
                        status="active" if kind in ("A", "W") else "unknown", onset=iso(s.get(5)),
                        verification={"A": "admitting", "W": "working", "F": "final"}.get(kind, kind))
            )  # fmt: skip

    def prb(self, s: Segment) -> None:
        found, words = concept(s, 3)
        if not words:
            return
        printed = s.get(13, 2) or s.get(13)
        status = printed.lower() if printed.lower() in ("active", "resolved", "inactive") else "unknown"
        deleted = s.get(1) == "DE" or printed.lower() == "deleted"
        self.draft.problems.append(
            Problem(self._id("problem", s), found, words, (self.draft.source(self.place(s), words),),
                    status="inactive" if deleted else status, onset=iso(s.get(16) or s.get(7)), abatement=iso(s.get(9)),
                    verification="entered-in-error" if deleted else s.get(12, 2))
        )  # fmt: skip

    def al1(self, s: Segment) -> None:
        severity = s.get(4)
        self._allergy(s, (3, 5), {"SV": "high"}.get(severity, "unknown"), iso(s.get(6)), s.get(2, 2) or s.get(2))

    def iam(self, s: Segment) -> None:
        criticality = {"SV": "high"}.get(s.get(4), "unknown")
        self._allergy(s, (3, 5), criticality, iso(s.get(11) or s.get(13)), s.get(9, 2) or s.get(2, 2) or s.get(2))

    def _allergy(self, s: Segment, numbers: tuple[int, int], criticality: str, onset: str, kind: str) -> None:
        found, words = concept(s, numbers[0])
        if words:
            reactions = tuple(t for t in (" ".join(p for p in s.split(r) if p) for r in s.repeats(numbers[1])) if t)
            self.draft.allergies.append(
                Allergy(self._id("allergy", s), found, words, (self.draft.source(self.place(s), words),),
                        kind=kind or "allergy", reactions=reactions, criticality=criticality, status="active", onset=onset)
            )  # fmt: skip

    def obr(self, s: Segment) -> None:
        self.order = s
        found, words = concept(s, 4)
        self.time = iso(s.get(7) or s.get(22))
        self.title = words
        self._event(s, "diagnostic_report" if s.get(25) else "service_request", found, words, (self.time, s.get(25)))

    def obx(self, s: Segment) -> None:
        found, words = concept(s, 3)
        kind, value = s.get(2), s.text(5)
        if kind in _TEXTS and value and not s.get(6) and not s.get(7):
            self.text.append((value, s))
        if not words and not value:
            return
        amount, shown = _observed(s, kind, value)
        low, high = range_of(s.get(7))
        self.draft.observations.append(
            Observation(
                self._id("observation", s), found, words or "observation", (self.draft.source(self.place(s), words),),
                category="" if self.order is None else "laboratory", value=amount, text_value=shown,
                time=iso(s.get(14)) or self.time, reference_low=low, reference_high=high, flag=s.get(8),
                group=self._id("group", self.order) if self.order else "",
            )
        )  # fmt: skip

    def finish(self) -> None:
        """The text lines of a report, joined into one note."""
        words = "\n".join(value for value, _ in self.text)
        if len(self.text) > 1 or len(words) > _SENTENCE:
            first = self.text[0][1]
            source = self.draft.source(self.place(first, 5))
            self.draft.notes.append(
                Note(self._id("note", first), words, source, language(words), self.title, self.time)
            )
        self.text = []

    def nte(self, s: Segment) -> None:
        words = s.text(3)
        if words:
            source = self.draft.source(self.place(s, 3))
            self.draft.notes.append(Note(self._id("note", s), words, source, language(words), "comment", self.time))

    def txa(self, s: Segment) -> None:
        self.title = s.get(2, 2) or s.get(2) or "document"
        self.time = iso(s.get(4) or s.get(6))
        self._event(s, "document", (), s.text(16) or self.title, (self.time, s.get(17)))

    def medicine(self, s: Segment) -> None:
        number = {"RXE": 2, "RXO": 1, "RXD": 2}[s.name]
        found, words = concept(s, number)
        if not words:
            return
        amount = {"RXE": (3, 5), "RXO": (2, 4), "RXD": (4, 5)}[s.name]
        unit = s.get(amount[1], 2) or s.get(amount[1])
        advice = s.text({"RXE": 7, "RXO": 7, "RXD": 9}[s.name]).replace("\n", "; ")
        dose = " ".join(p for p in (s.get(amount[0]), unit) if p)
        self.draft.medications.append(
            Medication(self._id("medication", s), found, words, (self.draft.source(self.place(s), words),), status="unknown",
                       dosage=", ".join(p for p in (dose, advice) if p), start=iso(s.get(3)) if s.name == "RXD" else "")
        )  # fmt: skip

    def rxc(self, s: Segment) -> None:
        found, words = concept(s, 2)
        if words:
            dose = " ".join(p for p in (s.get(3), s.get(4, 2) or s.get(4)) if p)
            self.draft.medications.append(
                Medication(
                    self._id("medication", s), found, words, (self.draft.source(self.place(s), words),), dosage=dose
                )
            )

    def rxr(self, s: Segment) -> None:
        from dataclasses import replace

        if self.draft.medications and not self.draft.medications[-1].route:
            self.draft.medications[-1] = replace(self.draft.medications[-1], route=s.get(1, 2) or s.get(1))

    def rxa(self, s: Segment) -> None:
        found, words = concept(s, 5)
        self._event(s, "immunization", found, words, (iso(s.get(3)), {"CP": "completed"}.get(s.get(20), s.get(20))))

    def pr1(self, s: Segment) -> None:
        found, words = concept(s, 3)
        self._event(s, "procedure", found, words or s.text(4), (iso(s.get(5)), ""))

    def pv1(self, s: Segment) -> None:
        classes = {
            "I": "inpatient",
            "O": "outpatient",
            "E": "emergency",
            "P": "preadmit",
            "R": "recurring",
            "B": "obstetrics",
        }
        words = classes.get(s.get(2), s.get(2, 2) or s.get(2)) or "encounter"
        reason = s.text(4)
        source = self.draft.source(self.place(s))
        self.draft.events.append(
            Event(self._id("event", s), "encounter", (), words if not reason else f"{words} ({reason})", (source,),
                  iso(s.get(44)), iso(s.get(45)))
        )  # fmt: skip

    def ais(self, s: Segment) -> None:
        found, words = concept(s, 3)
        self._event(s, "appointment", found, words, (iso(s.get(4)), s.get(10)))

    def sch(self, s: Segment) -> None:
        words = next((w for w in (concept(s, n)[1] for n in (7, 6, 8)) if w), "")
        found = next((c for c in (concept(s, n)[0] for n in (7, 6, 8)) if c), ())
        self._event(s, "appointment", found, words, (iso(s.get(11, 4)), s.get(25)))

    def rf1(self, s: Segment) -> None:
        found, words = concept(s, 10)
        shown = words or concept(s, 3)[1]
        self._event(s, "referral", found or concept(s, 3)[0], shown, (iso(s.get(7)), s.get(1)))

    def acc(self, s: Segment) -> None:
        found, words = concept(s, 2)
        self._event(s, "accident", found, words or s.text(3), (iso(s.get(1)), ""))

    def gol(self, s: Segment) -> None:
        found, words = concept(s, 3)
        self._event(s, "goal", found, words, (iso(s.get(2)), ""))

    def spm(self, s: Segment) -> None:
        found, words = concept(s, 4)
        self._event(s, "specimen", found, words, (iso(s.get(17)), ""))

    def ods(self, s: Segment) -> None:
        found, words = concept(s, 3)
        self._event(s, "diet", found, words or s.text(4), ("", ""))

    def fhx(self, s: Segment) -> None:
        found, words = concept(s, 3)
        if words:
            source = self.draft.source(self.place(s), words)
            self.draft.family.append(
                FamilyFact(self._id("family", s), s.get(2, 2) or s.get(2), found, words, (source,))
            )

    def _event(self, s: Segment, kind: str, found: tuple[Coding, ...], words: str, when: tuple[str, str]) -> None:
        if words:
            source = self.draft.source(self.place(s), words)
            self.draft.events.append(Event(self._id("event", s), kind, found, words, (source,), when[0], "", when[1]))


def concept(s: Segment, number: int) -> tuple[tuple[Coding, ...], str]:
    """A CE/CWE field (every repetition): its codings (both triplets) and its text."""
    found: list[Coding] = []
    words: list[str] = []
    for repeat in s.repeats(number):
        parts = s.split(repeat) + [""] * 9
        for code, display, system in (parts[0:3], parts[3:6]):
            if code and (system or display):
                found.append(codes.coding(system, code, display))
        words.append(parts[1] or parts[8] or parts[4] or parts[0])
    return tuple(dict.fromkeys(found)), "; ".join(dict.fromkeys(w for w in words if w))


def _observed(s: Segment, kind: str, value: str) -> tuple[Quantity | None, str]:
    """OBX-5 by its type: NM and SN as quantities, coded values by their text."""
    unit = s.get(6)
    if kind == "SN":
        sign, first, separator, second = [*s.parts(5), "", "", "", ""][:4]
        if separator or not first:
            return None, f"{sign}{first}{separator}{second}"
        return value_of(f"{sign if sign != '=' else ''}{first}", unit)
    if kind in ("NM", "ST", "") and len(s.repeats(5)) == 1 and (kind == "NM" or unit):
        return value_of(s.get(5), unit)
    if kind in ("CE", "CWE", "CNE", "CF"):
        return None, concept(s, 5)[1]
    return None, iso(value) if kind in ("TS", "DT", "DTM") else value


def _name(parts: list[str]) -> str:
    family, given, middle = (parts + ["", "", ""])[:3]
    if any("\u4e00" <= c <= "\u9fff" for c in family + given):
        return family + given
    return ", ".join(p for p in (family, " ".join(g for g in (given, middle) if g)) if p)


def _identifier(parts: list[str]) -> Identifier:
    """CX: value, assigning authority (CX-4) and type (CX-5)."""
    padded = parts + [""] * 5
    return Identifier("/".join(p for p in (padded[3], padded[4]) if p), padded[0])
