"""What the record column, banner and preview show, gathered from a case. No Qt and no clinical rule: high and low come
from the findings or from the sender's own flag, never from here."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from core.domain.basics import Coding, Label
from core.domain.case import Case
from core.domain.finding import Finding, Interpretation
from core.domain.record import Allergy, Medication, Observation, Variant
from core.domain.shown import unit_words
from core.paths import RESOURCES
from core.risk.course import Course, courses

FIRST_LINE = 80
LOW = (Interpretation.LOW, Interpretation.CRITICAL_LOW)
HIGH = (Interpretation.HIGH, Interpretation.CRITICAL_HIGH)
CRITICAL = (Interpretation.CRITICAL_LOW, Interpretation.CRITICAL_HIGH)


@dataclass(frozen=True, slots=True)
class Series:
    """One laboratory value or vital sign over time, oldest first. `mark`: "", H or L; `tone`: text.1, amber, red."""

    id: str
    name: Label
    values: tuple[float, ...]
    times: tuple[str, ...]
    unit: str
    text: str
    mark: str
    tone: str
    low: float
    high: float
    latest: Observation
    codes: tuple[str, ...] = ()
    """Every LOINC code the values came under."""


@dataclass(frozen=True, slots=True)
class KeyValue:
    """A value of the banner or the preview."""

    id: str
    label: Label
    text: str
    unit: str
    mark: str
    tone: str
    wide: bool
    time: str


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One line of the timeline. `target` names what it opens: "note:<id>", "image:<id>" or ""."""

    time: str
    icon: str
    title: str
    count: int = 0
    target: str = ""


def number_words(value: float) -> str:
    """A value with no needless digits."""
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value)}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def _codes(codes: Iterable[Coding], system: str) -> frozenset[str]:
    return frozenset(c.code for c in codes if c.system == system)


def interpretations(case: Case) -> dict[tuple[str, str], Interpretation]:
    """(LOINC code, time) -> how a finding reads that value."""
    found: dict[tuple[str, str], Interpretation] = {}
    for finding in case.findings:
        if finding.quantity is not None and finding.interpretation is not None:
            for code in _finding_loinc(finding):
                found[code, finding.time] = finding.interpretation
                found.setdefault((code, ""), finding.interpretation)
    return found


def _finding_loinc(finding: Finding) -> frozenset[str]:
    return _codes((finding.code, *finding.also), "LOINC")


def reading(observation: Observation, known: dict[tuple[str, str], Interpretation]) -> Interpretation | None:
    """High or low, as the findings say, else as the sender flagged it; None where nobody said."""
    for code in _codes(observation.codes, "LOINC"):
        if (code, observation.time) in known:
            return known[code, observation.time]
    flag = observation.flag.upper()
    table = {"H": "high", "HH": "critical_high", "L": "low", "LL": "critical_low", "N": "normal"}
    return Interpretation(table[flag]) if flag in table else None


def look(read: Interpretation | None) -> tuple[str, str]:
    """(mark, tone): H or L, amber, red when critical."""
    if read in HIGH or read in LOW:
        return "H" if read in HIGH else "L", "red" if read in CRITICAL else "amber"
    return "", "text.1"


def series(case: Case, categories: tuple[str, ...] = ("laboratory", "vital-signs")) -> tuple[Series, ...]:
    """Numeric observations, one course a measurement in one unit, abnormal ones first, then by name."""
    known = interpretations(case)
    wanted = (o for o in case.record.observations if not o.category or o.category in categories)
    made = [_series(course, known) for course in courses(wanted)]
    weight = {"red": 0, "amber": 1, "text.1": 2}
    return tuple(sorted(made, key=lambda s: (weight[s.tone], s.name.en.casefold())))


def _series(course: Course, known: dict[tuple[str, str], Interpretation]) -> Series:
    last = course.latest
    assert last.value is not None
    mark, tone = look(reading(last, known))
    codes = tuple(sorted({code for t in course.taken for code in _codes(t.observation.codes, "LOINC")}))
    newest = next(iter(sorted(_codes(last.codes, "LOINC"))), course.key)
    return Series(
        id=newest,
        name=known_names().get(newest) or course.label or Label(short_name(last.text)),
        values=tuple(t.value for t in course.taken),
        times=tuple(t.time for t in course.taken),
        unit=unit_words(last.value.unit),
        text=last.value.comparator + number_words(last.value.value),
        mark=mark,
        tone=tone,
        low=last.reference_low if last.reference_low is not None else float("nan"),
        high=last.reference_high if last.reference_high is not None else float("nan"),
        latest=last,
        codes=codes,
    )


def short_name(text: str) -> str:
    """A laboratory name without the specimen in brackets."""
    return text.split(" [")[0].split(" in Serum")[0].split(" in Blood")[0].strip() or text


@cache
def key_table() -> tuple[dict[str, object], ...]:
    """The values worth a place in the banner, as data."""
    return tuple(json.loads((RESOURCES / "theme" / "key_values.json").read_text("utf-8")))


@cache
def known_names() -> dict[str, Label]:
    """LOINC code -> the short name used in wards."""
    return {code: Label(str(r["en"]), str(r["zh"])) for r in key_table() for code in r["loinc"]}  # type: ignore[attr-defined]


def key_values(case: Case, *, banner: bool) -> tuple[KeyValue, ...]:
    """The values the case has, in the table's order."""
    by_code = {code: s for s in reversed(series(case)) for code in (s.id, *s.codes)}
    found = []
    for row in key_table():
        one = next((by_code[code] for code in row["loinc"] if code in by_code), None)  # type: ignore[attr-defined]
        if one is not None and (not banner or row.get("banner")):
            label = Label(str(row["en"]), str(row["zh"]))
            wide = bool(row.get("wide"))
            found.append(KeyValue(str(row["id"]), label, one.text, one.unit, one.mark, one.tone, wide, one.times[-1]))
    return tuple(found)


def allergies(case: Case) -> tuple[Allergy, ...]:
    """Allergies that hold, the grave ones first; refuted entries are left out here and shown in the record."""
    holding = [a for a in case.record.allergies if a.status not in ("refuted", "entered-in-error", "resolved")]
    return tuple(sorted(holding, key=lambda a: a.criticality != "high"))


def current_medicines(case: Case) -> tuple[Medication, ...]:
    """Medicines taken now, or of unknown status (unknown is not stopped)."""
    return tuple(m for m in case.record.medications if m.status in ("active", "unknown", "intended"))


def genes(case: Case) -> tuple[Variant, ...]:
    """Genotypes stated in the record."""
    return tuple(v for v in case.record.variants if v.genotype)


def timeline(case: Case) -> tuple[TimelineLine, ...]:
    """Notes, images, result panels and events, the latest first."""
    lines = [
        TimelineLine(n.time, "doc", n.title or first_line(n.text), target=f"note:{n.id}") for n in case.record.notes
    ]
    for image in case.images:
        about = (image.description or image.body_part).split()
        title = " ".join(dict.fromkeys(x for x in (image.modality, *about, image.view) if x))
        icon = "xray" if image.modality in ("CR", "DX", "") else "ct"
        lines.append(TimelineLine(image.time, icon, title or "image", target=f"image:{image.id}"))
    lines += _panels(case)
    icons = {"procedure": "heart", "immunization": "shieldcheck", "immunisation": "shieldcheck", "encounter": "person"}
    lines += [TimelineLine(e.start, icons.get(e.kind, "calendar"), e.text) for e in case.record.events]
    return tuple(sorted(lines, key=lambda line: line.time, reverse=True))


def _panels(case: Case) -> list[TimelineLine]:
    groups: dict[tuple[str, str], int] = {}
    for o in case.record.observations:
        if o.category in ("laboratory", "vital-signs"):
            groups[o.time[:16], o.category] = groups.get((o.time[:16], o.category), 0) + 1
    icons = {"laboratory": "flask", "vital-signs": "heart"}
    return [TimelineLine(time, icons[category], category, count=n) for (time, category), n in groups.items()]


def first_line(text: str) -> str:
    """The first line with words, at most 80 characters."""
    line = next((line.strip(" #*") for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= FIRST_LINE else f"{line[: FIRST_LINE - 1].rstrip()}…"
