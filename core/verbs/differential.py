"""`differential`: rank diagnoses for a note, a phenopacket or finding codes, without storing anything."""

import argparse
import json
from datetime import datetime
from pathlib import Path

from core.domain.assessment import Assessment, Evidence, Hypothesis
from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Patient, Record, Sex
from core.errors import UserError


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--note", type=Path, help="a plain-text note, English or Chinese")
    given.add_argument("--phenopacket", type=Path, help="a GA4GH phenopacket (JSON)")
    given.add_argument(
        "--finding", nargs="+", metavar="CODE", help="finding ids or HP: codes; a leading ! means denied, as in !fever"
    )
    parser.add_argument("--age", type=float, help="age in years, for --finding")
    parser.add_argument("--sex", choices=[s.value for s in Sex], help="sex, for --finding")
    parser.add_argument("--top", type=int, default=10, help="how many diagnoses (default 10)")
    parser.add_argument("--lang", choices=["en", "zh"], default="en", help="language of the labels")
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    """Find, assess, print."""
    from core.diagnosis.assess import assess

    now = datetime.now().astimezone()
    findings, patient = _input(args, now)
    assessment = assess(findings, patient, now)
    if args.json:
        print(json.dumps(summary(assessment, findings, args.top, args.lang), ensure_ascii=False, indent=1))
    else:
        print(_table(assessment, args.top, args.lang))
    return 0


def _input(args: argparse.Namespace, now: datetime) -> tuple[tuple[Finding, ...], Patient]:
    if args.finding:
        patient = Patient(age_years=args.age, sex=Sex(args.sex) if args.sex else Sex.UNKNOWN)
        return tuple(_coded(i, code) for i, code in enumerate(args.finding)), patient
    from core.findings.find import find

    record = _record(args.note or args.phenopacket, now)
    return find(record, (), now), record.patient


def _record(path: Path, now: datetime) -> Record:
    import tempfile

    from core.records.intake import read_paths

    with tempfile.TemporaryDirectory() as scratch:
        intake = read_paths([path], scratch=Path(scratch))
    if not intake.records:
        errors = " ".join(f.error for f in intake.files if f.error)
        raise UserError(f"{path} holds no record. {errors}".strip(), "Give a text note or a phenopacket.")
    return intake.records[0]


def _coded(number: int, code: str) -> Finding:
    """A finding typed on the command line. Raises `UserError` for a code that no table knows."""
    from core.knowledge.vocabulary import load

    status = Status.ABSENT if code.startswith("!") else Status.PRESENT
    code = code.removeprefix("!")
    source = Source("command line", "typed", place=code)
    if code.startswith("HP:"):
        from core.knowledge.hpo import load as load_hpo

        pack = load_hpo()
        term = pack.term(code)
        if term is None:
            raise UserError(f"{code} is not a phenotypic abnormality of HPO {pack.version.version}.")
        names = pack.terms[term]
        coding, label = Coding("HP", names.id, names.name), Label(names.name, names.zh)
    else:
        entry = load().entries.get(code)
        if entry is None:
            raise UserError(f"No finding is called '{code}'.", "Use an id of the finding vocabulary or an HP: code.")
        coding, label = Coding("consilium", entry.id, entry.label.en), entry.label
    return Finding(f"typed-{number}", coding, label, status, Origin.CLINICIAN, source)


def summary(assessment: Assessment, findings: tuple[Finding, ...], top: int, language: str) -> dict[str, object]:
    """The assessment as plain data, short: what the window's differential shows."""
    return {
        "hypotheses": [_hypothesis(h, language) for h in assessment.hypotheses[:top]],
        "none_of_these": round(assessment.none_of_these, 4),
        "urgency": assessment.urgency,
        "red_flags": [
            {
                "rule": r.rule_id,
                "label": r.label.text(language),
                "advice": r.advice.text(language),
                "source": r.source.title,
            }
            for r in assessment.red_flags
        ],
        "next": [
            {"kind": s.kind, "label": s.label.text(language), "gain_bits": round(s.gain_bits, 3)}
            for s in assessment.next_steps
        ],
        "abstentions": [{"engine": a.engine, "reason": a.reason.text(language)} for a in assessment.abstentions],
        "findings": [
            {
                "code": f.code.code,
                "label": f.label.text(language),
                "status": f.status,
                "scope": f.scope,
                "text": f.source.text,
            }
            for f in findings
        ],
        "versions": [{"name": v.name, "version": v.version} for v in assessment.versions],
    }


def _hypothesis(h: Hypothesis, language: str) -> dict[str, object]:
    def chips(evidence: tuple[Evidence, ...]) -> list[str]:
        return [f"{e.label.text(language)} {e.weight:+.2f}" for e in evidence]

    return {
        "id": h.id,
        "label": h.label.text(language),
        "codes": [f"{c.system}:{c.code}" for c in h.codes],
        "engine": h.engine,
        "probability": round(h.probability, 4),
        "interval90": [round(h.interval[0], 4), round(h.interval[1], 4)],
        "cant_miss": h.cant_miss,
        "urgency": h.urgency,
        "for": chips(h.evidence_for),
        "against": chips(h.evidence_against),
        "unknown": [e.label.text(language) for e in h.unknown],
        "group": h.group,
        "sources": [f"{s.title} {s.year or ''}".strip() for s in h.sources],
    }


def _table(assessment: Assessment, top: int, language: str) -> str:
    rows = []
    for i, h in enumerate(assessment.hypotheses[:top], 1):
        mark = " [can't miss]" if h.cant_miss else ""
        low, high = (100 * x for x in h.interval)
        rows.append(f"{i:2d}. {h.label.text(language)}{mark}  {100 * h.probability:.0f} % (90 %: {low:.0f}-{high:.0f})")
        for name, evidence in (("for", h.evidence_for), ("against", h.evidence_against)):
            if evidence:
                rows.append(f"      {name}: " + ", ".join(e.label.text(language) for e in evidence[:6]))
    rows += [f"!!  {r.label.text(language)}: {r.advice.text(language)}" for r in assessment.red_flags]
    rows += [f"--  {a.engine}: {a.reason.text(language)}" for a in assessment.abstentions]
    rows.append(f"none of these: {100 * assessment.none_of_these:.0f} %")
    return "\n".join(rows)
