"""A case turned into a report: what is said, in which order. Pure: no files, no clock."""

from collections.abc import Callable
from datetime import datetime

from core.domain.age import age_years
from core.domain.assessment import Assessment, Hypothesis
from core.domain.basics import Citation, Quantity, Version
from core.domain.case import Action, Case, CaseStatus, Decision
from core.domain.finding import Finding, Interpretation, Scope, Status
from core.domain.imaging import ImagePrediction
from core.domain.record import Sex
from core.domain.shown import unit_words, value_words
from core.report.build_explanation import explanation_section
from core.report.build_plan import plan_section
from core.report.model import Bar, Bars, Block, Columns, Grid, Line, Notice, Report, Section, Tone
from core.report.words import word
from core.treatment.override import reasons

TOP = 3
"""Hypotheses whose evidence is printed in full."""
LISTED = 10
"""Hypotheses listed at all: long, low-relevance lists raise uncertainty (PLoS One 0148991)."""


def build(case: Case, language: str) -> Report:
    """The report of a case in `language` ("en" or "zh")."""
    makers: tuple[Callable[[Case, str], Section | None], ...] = (
        _attention,
        _differential,
        _next_steps,
        explanation_section,
        plan_section,
        _decisions,
        _addenda,
        _findings,
        _record,
        _images,
        _sources,
        _versions,
    )
    return Report(
        title=word("title", language),
        identity=identity(case, language),
        facts=_facts(case, language),
        sections=tuple(s for s in (make(case, language) for make in makers) if s is not None),
        language=language,
        synthetic=case.record.patient.synthetic,
        case_id=case.id,
        as_of=clock_time(case.updated_at or case.created_at),
    )


def identity(case: Case, language: str) -> str:
    """Name, sex, age, birth date and numbers in one line."""
    patient = case.record.patient
    parts = [patient.name or word("unknown_name", language)]
    if patient.sex != Sex.UNKNOWN:
        parts.append(word(patient.sex, language))
    age = age_years(patient, datetime.fromisoformat(case.created_at).date())
    if age is not None:
        parts.append(f"{_age(age)} {word('years', language)}")
    if patient.birth_date:
        parts.append(f"{word('born', language)} {patient.birth_date.isoformat()}")
    parts += list(dict.fromkeys(i.value for i in patient.identifiers))[:2]
    return " · ".join(parts)


def percent(share: float) -> str:
    """A probability as people read it: "71 %", "< 1 %"."""
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 < share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def _between(low: float, high: float) -> str:
    """An interval, "62 – 79 %"; spaced, as a font may draw "–>" as an arrow, and like `percent` never certain."""
    first, last = percent(low), percent(high)
    return last if first == last else f"{first.removesuffix(' %')} – {last}"


def quantity(value: Quantity | None) -> str:
    """A number with its unit, without digits that mean nothing."""
    if value is None:
        return ""
    unit = unit_words(value.unit).replace("{", "").replace("}", "").replace("_", " ").replace("1.73 m2", "1.73 m²")
    return f"{value.comparator}{value.value:.6g} {unit}".strip()


def clock_time(stamp: str) -> str:
    """An ISO time as "2026-11-22 08:00 UTC"; what can't be read is shown as it is."""
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    zone = moment.strftime("%z")
    said = " UTC" if zone in ("+0000", "") else f" {zone[:3]}:{zone[3:]}"
    return moment.strftime("%Y-%m-%d %H:%M") + (said if zone else "")


def _age(age: float) -> str:
    return f"{age:.1f}" if age < 2 else f"{int(age)}"


def _facts(case: Case, language: str) -> tuple[tuple[str, str], ...]:
    signed = f"{case.signed_by}, {clock_time(case.signed_at)}" if case.status == CaseStatus.SIGNED else ""
    facts = [
        ("reason", case.reason),
        ("allergies", "; ".join(_allergies(case)[:8]) or word("none_recorded", language)),
        ("working_diagnosis", case.working_diagnosis),
        ("status", word(case.status, language)),
        ("signed", signed or word("not_signed", language)),
        ("case", case.id),
        ("as_of", clock_time(case.updated_at or case.created_at)),
    ]
    return tuple((word(name, language).capitalize(), text) for name, text in facts if text)


def _attention(case: Case, language: str) -> Section | None:
    flags = case.assessment.red_flags if case.assessment else ()
    blocks: list[Block] = [
        Notice(
            f"{f.label.text(language)} ({word(f.urgency, language)})",
            (f.advice.text(language), f"{word('source', language)}: {cited(f.source)}"),
            Tone.RED,
        )
        for f in flags
    ]
    return Section(word("attention", language), tuple(blocks)) if blocks else None


def _differential(case: Case, language: str) -> Section:
    title, assessment = word("differential", language), case.assessment
    if assessment is None:
        return Section(title, (Line(word("not_analysed", language), Tone.MUTED),))
    blocks: list[Block] = []
    if assessment.hypotheses:
        blocks.append(Bars(tuple(_bar(h, language) for h in assessment.hypotheses[:LISTED])))
        rest = f"{word('none_of_these', language)}: {percent(assessment.none_of_these)}"
        blocks.append(Line(rest, Tone.MUTED))
    else:
        blocks.append(Line(word("no_hypothesis", language), Tone.AMBER))
    blocks += [Line(text, Tone.AMBER) for text in _abstained(case, assessment, language)]
    for hypothesis in assessment.hypotheses[:TOP]:
        blocks += _evidence(hypothesis, language)
    return Section(title, tuple(blocks), word("interval", language))


def _abstained(case: Case, assessment: Assessment, language: str) -> list[str]:
    said = [f"{a.engine}: {a.reason.text(language)}" for a in assessment.abstentions]
    said += [f"{r.pack.name}: {r.reason.text(language)}" for r in case.refusals]
    return [f"{word('no_estimate', language)} · {text}" for text in dict.fromkeys(said)]


def _bar(hypothesis: Hypothesis, language: str) -> Bar:
    codes = ", ".join(f"{c.system} {c.code}" for c in hypothesis.codes if c.system != "consilium")
    low, high = hypothesis.interval
    detail = " · ".join(
        part
        for part in (
            _between(low, high),
            word(hypothesis.urgency, language),
            codes,
            hypothesis.note.text(language),
        )
        if part
    )
    mark = word("cant_miss", language) if hypothesis.cant_miss else ""
    return Bar(hypothesis.label.text(language), hypothesis.probability, low, high, mark, detail)


_TOLD = 0.05  # nats: below it a finding is no reason worth a line


def _detail(detail: str, language: str) -> str:
    """ "present, 38.6 Cel" in the report's language; present alone goes without saying."""
    status, _, value = detail.partition(", ")
    if status not in ("present", "absent", "unknown", ""):
        return f" ({value_words(detail, language)})"
    said = word(status, language) if status == "absent" else ""
    text = ", ".join(filter(None, (said, value_words(value, language))))
    return f" ({text})" if text else ""


def _evidence(hypothesis: Hypothesis, language: str) -> list[Block]:
    lists = []
    for group in (hypothesis.evidence_for, hypothesis.evidence_against, hypothesis.unknown):
        told = [e for e in group if abs(e.weight) >= _TOLD][:8]
        lines = [
            f"{e.label.text(language)}{_detail(e.detail, language)} {e.weight:+.2f}".replace("-", "−") for e in told
        ]
        lists.append(tuple(lines) or (word("none", language),))
    heads = tuple(word(name, language) for name in ("for", "against", "unknown_if"))
    return [Line(hypothesis.label.text(language), level=1), Columns(heads, tuple(lists))]


def _next_steps(case: Case, language: str) -> Section | None:
    steps = case.assessment.next_steps if case.assessment else ()
    if case.assessment is None or not steps:
        return None
    names = {h.id: h.label.text(language) for h in case.assessment.hypotheses}
    rows = tuple(
        (
            f"{word(s.kind, language)}: {s.label.text(language)}"
            + (f" ({s.caution.text(language)})" if s.caution.en else ""),
            f"{s.gain_bits:.2f}",
            ", ".join(names.get(i, i) for i in s.hypothesis_ids),
        )
        for s in steps[:6]
    )
    heads = tuple(word(name, language) for name in ("step", "gain", "tells_apart"))
    return Section(word("next_steps", language), (Grid(heads, rows, (0.45, 0.15, 0.4)),))


def _decisions(case: Case, language: str) -> Section:
    rows = tuple(
        (
            clock_time(d.at),
            _people(d, language),
            _decided(case, d, language),
            _why(d, language),
        )
        for d in case.decisions
    )
    heads = tuple(word(name, language) for name in ("when", "who", "what", "why"))
    block: Block = (
        Grid(heads, rows, (0.19, 0.18, 0.33, 0.3)) if rows else Line(word("no_decisions", language), Tone.MUTED)
    )
    return Section(word("decisions", language), (block,))


def _why(decision: Decision, language: str) -> str:
    if decision.action == Action.WORKING_DIAGNOSIS and decision.reason == "skipped":
        return word("not_entered", language)
    return " — ".join(text for text in (_reason(decision, language), decision.text) if text)


def _reason(decision: Decision, language: str) -> str:
    """The words of a coded reason; a reason of another version that we no longer have stays as it was kept."""
    if decision.action == Action.OVERRIDE:
        return next((r.label.text(language) for r in reasons() if r.code == decision.reason), decision.reason)
    return decision.reason


def _people(decision: Decision, language: str) -> str:
    second = f" ({word('together', language)} {decision.second_user})" if decision.second_user else ""
    return decision.user + second


def _decided(case: Case, decision: Decision, language: str) -> str:
    kind, _, name = decision.target.partition(":")
    labels: dict[str, str] = {}
    if case.assessment:
        labels |= {h.id: h.label.text(language) for h in case.assessment.hypotheses}
    if case.plan:
        labels |= {o.id: o.label.text(language) for o in case.plan.options}
        labels |= {a.id: a.title.text(language) for a in case.plan.alerts}
        labels |= {c.medication_id: c.title.text(language) for c in case.plan.changes}
    return (
        f"{word(decision.action, language)}: {labels.get(name, name)}"
        if kind != "case"
        else word(decision.action, language)
    )


def _addenda(case: Case, language: str) -> Section | None:
    lines = tuple(Line(f"{clock_time(a.at)} · {a.user}: {a.text}") for a in case.addenda)
    return Section(word("addenda", language), lines) if lines else None


def _findings(case: Case, language: str) -> Section:
    if not case.findings:
        return Section(word("findings", language), (Line(word("no_findings", language), Tone.MUTED),))
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in case.findings:
        groups.setdefault((finding.label.text(language), _status(finding, language)), []).append(finding)
    shown = [same for same in groups.values() if same[0].status == Status.PRESENT]
    heads = tuple(word(name, language) for name in ("finding", "status", "value", "from"))
    blocks: list[Block] = []
    if shown:
        blocks.append(Grid(heads, tuple(_finding(same, language) for same in shown), (0.3, 0.16, 0.24, 0.3)))
    for status in (Status.ABSENT, Status.NOT_ASSESSED):
        rest = [f"{same[0].label.text(language)}{_value(same[0], language, ' ')}" for same in groups.values()
                if same[0].status == status]  # fmt: skip
        if rest:
            blocks += [Line(word(status, language), level=1), Line("; ".join(rest))]
    return Section(word("findings", language), tuple(blocks))


def _finding(same: list[Finding], language: str) -> tuple[str, str, str, str]:
    """A row for one finding, whichever files said it."""
    values = dict.fromkeys(_value(f, language) for f in same)
    places = dict.fromkeys(_place(f, language) for f in same)
    first = same[0]
    return first.label.text(language), _status(first, language), "; ".join(v for v in values if v), "; ".join(places)


def _status(finding: Finding, language: str) -> str:
    scope = f", {word(finding.scope, language)}" if finding.scope != Scope.CURRENT else ""
    return word(finding.status, language) + scope


def _value(finding: Finding, language: str, before: str = "") -> str:
    parts = [quantity(finding.quantity)]
    if finding.interpretation not in (None, Interpretation.NORMAL):
        parts.append(f"({word(str(finding.interpretation), language)})")
    if finding.confidence < 1:
        parts.append(f"p = {finding.confidence:.2f}")
    parts.append(quantity(finding.duration))
    text = " ".join(part for part in parts if part)
    return before + text if text else ""


def _place(finding: Finding, language: str) -> str:
    place = f"{word(finding.origin, language)}: {finding.source.file.replace(chr(92), '/').rsplit('/', 1)[-1]}"
    return place + (f" “{finding.source.text[:60]}”" if finding.source.text else "")


def _record(case: Case, language: str) -> Section:
    record = case.record
    lists = (
        tuple(p.text + (f" ({p.status})" if p.status != "unknown" else "") for p in record.problems[:30]),
        tuple(
            f"{m.text} {m.dosage}".strip() for m in record.medications if m.status in ("active", "unknown", "intended")
        )[:30],
        tuple(_allergies(case)[:30]),
    )
    heads = tuple(word(name, language) for name in ("problems", "medicines", "allergies"))
    filled = tuple(each or (word("none", language),) for each in lists)
    return Section(word("record", language), (Columns(heads, filled), Line(word("missing_note", language), Tone.MUTED)))


def _allergies(case: Case) -> list[str]:
    allergies = [a for a in case.record.allergies if a.status not in ("refuted", "inactive", "resolved")]
    return [a.text + (f" ({', '.join(a.reactions)})" if a.reactions else "") for a in allergies]


def _images(case: Case, language: str) -> Section | None:
    if not case.images:
        return None
    names = {i.id: " ".join(t for t in (i.modality, i.view, i.body_part) if t) or i.id for i in case.images}
    blocks: list[Block] = []
    for image in case.images[:20]:
        parts = (names[image.id], image.description, clock_time(image.time), f"{image.columns} × {image.rows}")
        blocks.append(Line(" · ".join(part for part in parts if part)))
    blocks += [
        Line(
            f"{names.get(p.image_id, p.image_id)}: {p.name.text(language)} {percent(p.probability)} "
            f"({_between(*p.interval)}){_set_held(p, language)} · {p.pack.name} {p.pack.version}",
            Tone.MUTED,
        )
        for p in case.predictions
    ]
    if case.measurements:
        blocks.append(Line(word("measurements", language), level=1))
        for mark in case.measurements:
            values = ", ".join(f"{name} {quantity(value)}" for name, value in mark.values)
            blocks.append(Line(f"{names.get(mark.image_id, mark.image_id)}: {mark.text or mark.kind} · {values}"))
    return Section(word("images", language), tuple(blocks))


def _set_held(prediction: ImagePrediction, language: str) -> str:
    held = prediction.conformal
    if held is None:
        return ""
    name = "undecided" if held.present and held.absent else "unlike_both"
    if held.present != held.absent:
        name = "held_present" if held.present else "held_absent"
    return f" · {100 * held.coverage:g} %: {word(name, language)}"


def _sources(case: Case, language: str) -> Section | None:
    cited_here: list[Citation] = []
    if case.assessment:
        cited_here += [c for h in case.assessment.hypotheses[:LISTED] for c in h.sources]
        cited_here += [f.source for f in case.assessment.red_flags]
    if case.plan:
        cited_here += [c for o in case.plan.options for c in o.sources] + [a.source for a in case.plan.alerts]
    blocks: list[Block] = [Line(text) for text in dict.fromkeys(cited(c) for c in cited_here)]
    if case.files:
        blocks.append(Line(word("files", language), level=1))
    for file in case.files:
        what = ", ".join(f"{n} {kind}" for kind, n in file.read)
        name = file.path.replace("\\", "/").rsplit("/", 1)[-1]
        text = (
            f"{name} · {file.kind} · {what}"
            if not file.error
            else f"{name} · {word('not_read', language)}: {file.error}"
        )
        blocks.append(Line(text, Tone.AMBER if file.error else Tone.NORMAL))
    return Section(word("sources", language), tuple(blocks)) if blocks else None


def _versions(case: Case, language: str) -> Section | None:
    versions: list[Version] = []
    if case.assessment:
        versions += case.assessment.versions
    if case.plan:
        versions += case.plan.versions
    if case.explanation:
        versions += [v for f in case.explanation.findings for v in f.versions] + [
            i.pack for i in case.explanation.images
        ]
    lines = tuple(
        Line(f"{v.name} {v.version}" + (f" · sha256 {v.sha256[:16]}…" if v.sha256 else ""))
        for v in dict.fromkeys(versions)
    )
    return Section(word("versions", language), lines) if lines else None


def cited(source: Citation) -> str:
    """A citation in one line."""
    parts = [source.title, str(source.year) if source.year else "", source.version, source.url]
    return ", ".join(part for part in parts if part)
