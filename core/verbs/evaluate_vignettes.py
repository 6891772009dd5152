"""`evaluate vignettes DATA`: text vignettes -> findings -> the common engine; the diagnosis is matched strictly by name."""

import argparse
import json
import math
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.diagnosis import common
from core.diagnosis.assess import assess
from core.diagnosis.measures import (
    calibration_error,
    flat,
    interval_coverage,
    interval_coverage_by_chance,
    mean,
    peak_memory_mb,
    perfect_error,
    reliability,
    share,
)
from core.domain.assessment import Assessment, Urgency
from core.domain.basics import Source
from core.domain.finding import Finding, Scope, Status
from core.domain.record import Note, Patient, Record, Sex
from core.errors import UserError
from core.findings.find import find, with_ids
from core.findings.text import findings_in
from core.knowledge.condition_check import plain
from core.knowledge.conditions import Condition
from core.verbs.evaluate_rare import draw_reliability

HELP = "text vignettes (JSON lines): top-1/3/5 by strict name, urgency where given, calibration"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SECTIONS = (
    ("chief_complaints", ""),
    ("presentation", ""),
    ("physical_history", "Past medical history: "),
    ("family_history", "Family history: "),
    ("social_history", "Social history: "),
)
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*[- ]?(year|yr|month|week|day|y/o|yo)", re.IGNORECASE)
_YEARS = {"month": 1 / 12, "week": 7 / 365.25, "day": 1 / 365.25}
_NOT = re.compile(r"\b(non|not|no)[\s_-]*(emergen|urgen)")
_FIELDS = ("urgency", "triage", "triage_urgency", "urgency_level", "triage_level", "level_of_care", "care")


@dataclass(frozen=True, slots=True)
class Vignette:
    """One vignette. `urgency` where the file states one."""

    diagnosis: str
    patient: Patient
    notes: tuple[Note, ...]
    denied: Note
    urgency: Urgency | None


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments: DATA, --json, --cases."""
    parser.add_argument("data", type=Path, help="a .jsonl file, or a folder holding one")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )
    parser.add_argument("--diagram", type=Path, help="write the reliability diagram to this PNG file")
    parser.add_argument(
        "--temperatures",
        type=float,
        nargs="*",
        default=[],
        help="add calibration with the temperature multiplied by each",
    )
    parser.add_argument("--cases", action="store_true", help="add each case's rank, probability and first five")


def run(args: argparse.Namespace) -> int:
    """Print the measures."""
    if any(factor <= 0 for factor in args.temperatures):
        raise UserError(
            "A temperature is multiplied by a number above 0.", "Name such numbers: --temperatures 0.8 1 1.2"
        )
    vignettes = read(args.data)
    result = evaluate(vignettes, with_cases=True)
    if args.temperatures:
        result["by_temperature"] = by_temperature(vignettes, args.temperatures)
    if args.diagram:
        rows = result["cases"]
        points = reliability([row["probability"] for row in rows], [row["rank"] == 1 for row in rows])
        draw_reliability(points, args.diagram)
    if not args.cases:
        del result["cases"]
    print(json.dumps(result, indent=2, ensure_ascii=False))
    return 0


def read(path: Path) -> list[Vignette]:
    """The vignettes of a JSON-lines file, or of the only one in a folder."""
    if path.is_dir():
        inside = sorted(path.glob("*.jsonl"))
        if len(inside) != 1:
            raise UserError(f"{path} holds {len(inside)} .jsonl files.", "Name the file.")
        path = inside[0]
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [_vignette(row, f"{path.name}:{number}") for number, row in enumerate(rows, 1)]
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise UserError(
            f"{path} is not a file of vignettes: {error}.", "Give JSON lines with the known fields."
        ) from error


def _vignette(row: dict[str, Any], place: str) -> Vignette:
    notes = tuple(
        Note(name, prefix + str(row[name]), Source(place, "text"))
        for name, prefix in _SECTIONS
        if str(row.get(name) or "").strip(" -.").lower() not in {"", "none", "nil", "n/a"}
    )
    stated = next((str(row[field]) for field in _FIELDS if row.get(field)), "")
    denied = Note("absent_findings", str(row.get("absent_findings") or ""), Source(place, "text"))
    return Vignette(str(row["correct_diagnosis"]), who(str(row["demographics"])), notes, denied, level(stated))


def level(stated: str) -> Urgency | None:
    """The level of care in the words of published sets: emergent, non-emergent or self-care, and their like."""
    words = stated.strip().lower()
    if re.search(r"self|home|pharmac", words):
        return Urgency.SELF_CARE
    if _NOT.search(words) or re.search(r"routine|primary|doctor|gp\b|appointment|semi", words):
        return Urgency.ROUTINE
    if re.search(r"emergen|immediate|ambulance|\b911\b|\b999\b", words):
        return Urgency.EMERGENCY
    return Urgency.URGENT if re.search(r"urgent|same.day|1.day", words) else None


def who(demographics: str) -> Patient:
    """Age and sex from a phrase such as "3 month old Female"; unknown stays unknown."""
    stated = _AGE.search(demographics)
    age = float(stated[1]) * _YEARS.get(stated[2].lower(), 1.0) if stated else None
    words = demographics.lower()
    sex = Sex.FEMALE if re.search(r"female|woman|girl", words) else Sex.UNKNOWN
    if sex is Sex.UNKNOWN and re.search(r"\b(male|man|boy)\b", words):
        sex = Sex.MALE
    return Patient(age_years=age, sex=sex)


def findings(vignette: Vignette) -> tuple[Finding, ...]:
    """The findings of all sections; whatever the list of absent findings names is absent."""
    found = find(Record(patient=vignette.patient, notes=vignette.notes), (), NOW)
    said = {f.code.code for f in found if f.status is Status.PRESENT}
    denied = [
        replace(f, status=Status.ABSENT, scope=Scope.CURRENT, duration=None)
        for f in findings_in(vignette.denied, vignette.patient)
        if f.code.code not in said
    ]
    return (*found, *with_ids(denied))


def names(condition: Condition) -> set[str]:
    """All names of a condition in the form they are compared in."""
    return {
        plain(name) for name in (condition.label.en, condition.label.zh, *condition.synonyms_en, *condition.synonyms_zh)
    }


def evaluate(vignettes: list[Vignette], *, with_cases: bool = False) -> dict[str, Any]:
    """Measures over all vignettes. A diagnosis that no condition carries by name counts as missed."""
    owner = {name: c.id for c in common.shared().tables.conditions for name in names(c)}
    rows, spent = [], []
    for number, vignette in enumerate(vignettes):
        started = time.perf_counter()
        found = findings(vignette)
        assessment = assess(found, vignette.patient, NOW)
        spent.append((time.perf_counter() - started) * 1000)
        wanted = owner.get(plain(vignette.diagnosis), "")
        row = ranked(found, vignette.patient, wanted, assessment)
        told = {"diagnosis": vignette.diagnosis, "urgency": _graded(assessment, vignette), "stated": vignette.urgency}
        rows.append({**row, **told})
        if number % 50 == 0:
            print(f"{number} of {len(vignettes)}", file=sys.stderr)
    report = {
        **measures(rows),
        "unmatched_diagnoses": sorted({row["diagnosis"] for row in rows if not row["condition"]}),
        **_stated_urgency(rows),
        **flat("ms_per_case", mean(spent)),
        "peak_memory_mb": peak_memory_mb(),
        "conditions": len(common.shared().tables.conditions),
        "versions": [f"conditions {common.shared().tables.version.version}"],
    }
    return {**report, "cases": rows} if with_cases else report


def by_temperature(vignettes: Sequence[Vignette], factors: Sequence[float]) -> dict[str, dict[str, float]]:
    """Calibration of the first answer, and mean -log P of the truth, were the temperature that many times as high."""
    engine = common.shared()
    owner = {name: row for row, c in enumerate(engine.tables.conditions) for name in names(c)}
    beliefs: dict[float, list[tuple[float, bool, float]]] = {factor: [] for factor in factors}
    for vignette in vignettes:
        scores = engine.score(findings(vignette), vignette.patient, NOW)
        truth = owner.get(plain(vignette.diagnosis), -1)
        for factor in factors:
            p, none, _ = engine.probabilities(scores.scores, factor * scores.temperature, scores.outside)
            right = float(p[truth]) if truth >= 0 else none
            beliefs[factor].append((float(p.max()), int(p.argmax()) == truth, -math.log(max(right, 1e-12))))
    return {
        f"{factor:g}": {
            "belief": sum(b for b, _, _ in rows) / len(rows),
            "ece": calibration_error([b for b, _, _ in rows], [r for _, r, _ in rows]),
            "log_loss": sum(loss for _, _, loss in rows) / len(rows),
        }
        for factor, rows in beliefs.items()
        if rows
    }


def ranked(found: Sequence[Finding], patient: Patient, wanted: str, assessment: Assessment) -> dict[str, Any]:
    """How a case came out: `wanted` is the id of the right condition, empty where the knowledge lacks it."""
    engine = common.shared()
    listed = engine.rank(found, patient, NOW, top=10).hypotheses
    ids = [h.id for h in listed]
    return {
        "condition": wanted,
        "rank": ids.index(wanted) + 1 if wanted in ids else 0,
        "probability": listed[0].probability if listed else 0.0,
        "first": ids[:5],
        "findings": len(found),
        "advised": assessment.urgency,
        "needed": engine.tables.conditions[engine.tables.condition_index[wanted]].urgency if wanted else None,
        "interval": list(listed[0].interval) if listed else [0.0, 0.0],
    }


def _graded(assessment: Assessment, vignette: Vignette) -> bool | None:
    """Right when the level of care agrees: emergency, a doctor (urgent or routine), or self-care."""
    if vignette.urgency is None:
        return None
    doctor = {Urgency.URGENT, Urgency.ROUTINE}
    given = assessment.urgency
    return given is vignette.urgency or (given in doctor and vignette.urgency in doctor)


def _stated_urgency(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Against the levels the file states."""
    graded = [row for row in rows if row["stated"] is not None]
    emergencies = [row for row in graded if row["stated"] is Urgency.EMERGENCY]
    return {
        **flat("urgency_accuracy", share([row["urgency"] for row in graded])),
        "urgency_n": len(graded),
        **flat("emergency_accuracy", share([row["advised"] is Urgency.EMERGENCY for row in emergencies])),
        "emergencies_rated_self_care": sum(row["advised"] is Urgency.SELF_CARE for row in emergencies),
    }


def measures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Ranks, calibration, and urgency against the level that our knowledge gives the true diagnosis; rows of `ranked`."""
    ranks = [row["rank"] or 999 for row in rows]
    first = [rank == 1 for rank in ranks]
    matched = [rank for rank, row in zip(ranks, rows, strict=True) if row["condition"]]
    dangerous = [row for row in rows if row["needed"] is Urgency.EMERGENCY]
    return {
        "n": len(rows),
        **{k: v for top in (1, 3, 5, 10) for k, v in flat(f"top{top}", share([r <= top for r in ranks])).items()},
        **flat("top1_of_matched", share([r == 1 for r in matched])),
        **flat("top5_of_matched", share([r <= 5 for r in matched])),
        "ece": calibration_error([row["probability"] for row in rows], first),
        "ece_if_perfect": perfect_error([row["probability"] for row in rows]),
        **flat("belief", mean([row["probability"] for row in rows])),
        "interval_coverage": interval_coverage([row["interval"] for row in rows], first),
        "interval_coverage_by_chance": interval_coverage_by_chance([row["interval"] for row in rows], first),
        **flat("interval_width", mean([row["interval"][1] - row["interval"][0] for row in rows])),
        **flat("emergency_by_diagnosis", share([row["advised"] is Urgency.EMERGENCY for row in dangerous])),
        "emergency_diagnoses": len(dangerous),
        "emergency_diagnoses_rated_self_care": sum(row["advised"] is Urgency.SELF_CARE for row in dangerous),
        "abstained": sum(not row["first"] for row in rows),
        **flat("findings_per_case", mean([row["findings"] for row in rows])),
    }
