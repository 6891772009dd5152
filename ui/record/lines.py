"""Every fact of a record as one line, by section and newest first, and the search in them. No Qt."""

from dataclasses import dataclass
from typing import Any

from core.domain.basics import Coding, Label, Source
from core.domain.case import Case
from core.domain.record import Observation
from core.risk.course import analyte_of
from ui.case.facts import first_line, interpretations, known_names, look, number_words, reading, short_name, unit_words
from ui.translate import coded, say

PARTS = (
    ("problems", "list", Label("Problems", "问题")),
    ("medications", "pill", Label("Medicines", "用药")),
    ("allergies", "alert", Label("Allergies", "过敏")),
    ("laboratory", "flask", Label("Laboratory", "检验")),
    ("vital-signs", "heart", Label("Vital signs", "生命体征")),
    ("observations", "ruler", Label("Other observations", "其他观察")),
    ("events", "calendar", Label("Events", "事件")),
    ("notes", "doc", Label("Notes", "病历文书")),
    ("images", "xray", Label("Images", "影像")),
    ("phenotypes", "person", Label("Phenotypes", "表型")),
    ("variants", "dna", Label("Genes", "基因")),
    ("family", "person", Label("Family", "家族史")),
)
EXCERPT = 60
"""Characters shown on each side of a word found in a note."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fact. `mark` is "", H or L; `searched` all its words in lower case; `fact` the fact itself."""

    id: str
    section: str
    time: str
    title: str
    detail: str
    tone: str
    mark: str
    searched: str
    sources: tuple[Source, ...]
    fact: Any


def lines(case: Case) -> tuple[Line, ...]:
    """All facts, newest first; those without a date last."""
    record, made = case.record, []
    for p in record.problems:
        tone = "text.3" if p.status in ("resolved", "inactive") else "text.1"
        made.append(
            _line("problems", p, p.onset, p.text, (p.status, _span(p.onset, p.abatement), p.verification), tone)
        )
    for m in record.medications:
        tone = "text.3" if m.status in ("completed", "stopped") else "text.1"
        made.append(
            _line(
                "medications", m, m.start, m.text, (m.dosage, m.route, m.status, _span(m.start, m.end), m.reason), tone
            )
        )
    for a in record.allergies:
        tone = "text.3" if a.status in ("refuted", "resolved") else "red"
        made.append(_line("allergies", a, a.onset, a.text, (", ".join(a.reactions), a.criticality, a.status), tone))
    made += _observations(case)
    made += [_line("events", e, e.start, e.text, (e.kind, e.status, _span(e.start, e.end))) for e in record.events]
    for n in record.notes:
        made.append(_line("notes", n, n.time, n.title or first_line(n.text), (first_line(n.text),), more=n.text))
    for i in case.images:
        parts = " ".join((i.modality, i.description, i.body_part, i.view)).split()
        words = " ".join(
            {part.casefold(): part for part in reversed(parts)}[key]
            for key in dict.fromkeys(p.casefold() for p in parts)
        )
        made.append(_line("images", i, i.time, words or "image", ()))
    for f in record.phenotypes:
        state = "excluded" if f.excluded else "present"
        made.append(_line("phenotypes", f, "", f.code.display or f.code.code, (state, f.code.code, f.onset)))
    for v in record.variants:
        made.append(
            _line("variants", v, "", v.gene or v.rsid, (v.hgvs, v.genotype, v.zygosity, v.significance, v.rsid))
        )
    made += [_line("family", f, "", f.text, (f.relation,)) for f in record.family]
    return tuple(sorted(made, key=lambda line: line.time or "0", reverse=True))


def _observations(case: Case) -> list[Line]:
    known = interpretations(case)
    made = []
    for o in case.record.observations:
        section = o.category if o.category in ("laboratory", "vital-signs") else "observations"
        mark, tone = look(reading(o, known))
        made.append(_line(section, o, o.time, _name(o), (observed(o), _range(o)), tone, mark=mark, more=_names(o)))
    return made


def _label(o: Observation) -> Label | None:
    """The name used in wards, else the vocabulary's; None for a test nobody here knows."""
    names = known_names()
    ward = next((names[c.code] for c in o.codes if c.system == "LOINC" and c.code in names), None)
    analyte = analyte_of(o)
    return ward or (analyte.label if analyte else None)


def _name(o: Observation) -> str:
    label = _label(o)
    return say(label) if label else short_name(o.text)


def _names(o: Observation) -> str:
    """Every name it is searched under."""
    analyte, label = analyte_of(o), _label(o)
    known = (analyte.label.en, analyte.label.zh, *analyte.synonyms_en, *analyte.synonyms_zh) if analyte else ()
    return " ".join((o.text, *known, *((label.en, label.zh) if label else ())))


def observed(o: Observation) -> str:
    """The value with its unit, or the words."""
    if o.value is None:
        return o.text_value
    return f"{o.value.comparator}{number_words(o.value.value)} {unit_words(o.value.unit)}".strip()


def _range(o: Observation) -> str:
    low, high = o.reference_low, o.reference_high
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f"(< {high:g})" if high is not None else f"(> {low:g})"
    return f"({low:g}–{high:g})"


def _span(start: str, end: str) -> str:
    return f"{start[:10]} – {end[:10]}" if end else ""


def _line(
    section: str, fact: Any, time: str, title: str, details: tuple[str, ...], tone: str = "text.1",
    *, mark: str = "", more: str = "",
) -> Line:  # fmt: skip
    codes: tuple[Coding, ...] = getattr(fact, "codes", ())
    detail = " · ".join(coded(d) for d in details if d and d != "unknown")
    codings = " ".join(f"{c.system} {c.code} {c.display}" for c in codes)
    searched = " ".join((title, detail, codings, time, more)).casefold()
    sources = getattr(fact, "sources", None) or ((fact.source,) if hasattr(fact, "source") else ())
    return Line(fact.id, section, time, title, detail, tone, mark, searched, sources, fact)


def found(all_lines: tuple[Line, ...], words: str, section: str = "") -> tuple[Line, ...]:
    """The lines of a section that hold every one of the words."""
    wanted = words.casefold().split()
    return tuple(
        line
        for line in all_lines
        if (not section or line.section == section) and all(w in line.searched for w in wanted)
    )


def counts(shown: tuple[Line, ...]) -> dict[str, int]:
    """Section -> number of lines."""
    found_: dict[str, int] = {}
    for line in shown:
        found_[line.section] = found_.get(line.section, 0) + 1
    return found_


def excerpt_of(text: str, words: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The part of a note around the first word found, with the places of all words found in it."""
    wanted = [w for w in words.casefold().split() if w]
    low = text.casefold()
    first = min((i for i in (low.find(w) for w in wanted) if i >= 0), default=-1)
    if first < 0:
        return text[: 2 * EXCERPT].replace("\n", " "), ()
    begin = max(0, first - EXCERPT)
    part = text[begin : first + EXCERPT].replace("\n", " ")
    places = []
    for word in wanted:
        at = part.casefold().find(word)
        while at >= 0:
            places.append((at, at + len(word)))
            at = part.casefold().find(word, at + len(word))
    return part, tuple(sorted(places))


def words_of(fact: Any) -> tuple[tuple[str, str], ...]:
    """(field name, value) of everything a fact says, empty fields left out: the detail pane."""
    skipped = ("id", "sources", "source", "text", "value", "reference_low", "reference_high", "flag", "group", "sha256")
    rows: list[tuple[str, str]] = []
    for name in type(fact).__dataclass_fields__:
        value = getattr(fact, name)
        if name in skipped or value in (None, "", ()) or (name == "position" and not value):
            continue
        rows.append((name, _words(value)))
    return tuple(rows)


def telling(fact: Any) -> tuple[str, ...]:
    """What to light up in a whole resource or statement: its codes, its name and its value, as a file writes them."""
    codes: tuple[Coding, ...] = getattr(fact, "codes", ()) or tuple(c for c in (getattr(fact, "code", None),) if c)
    value = getattr(fact, "value", None)
    words = [w for c in codes for w in (c.code, c.display)]
    words += [getattr(fact, "text", ""), getattr(fact, "text_value", ""), getattr(fact, "rsid", "")]
    if value is not None:
        words += [repr(value.value), f"{value.value:g}"]
    return tuple(dict.fromkeys(w for w in words if w and len(w) < 200))


def _words(value: Any) -> str:
    if isinstance(value, Coding):
        return f"{value.system} {value.code} {value.display}".strip()
    if isinstance(value, tuple):
        return ", ".join(_words(v) for v in value)
    return coded(str(value))
