"""`evaluate notes`: how well notes are read, on labelled sentences, calculator vignettes or Chinese dialogues."""

import argparse
import ast
import functools
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from core.domain.basics import Source
from core.domain.finding import Finding, Scope, Status
from core.domain.record import Note, Patient, Sex
from core.errors import UserError
from core.findings.laboratory import findings_of_values
from core.findings.language import FOLDER
from core.findings.text import findings_in, values_in
from core.knowledge import vocabulary

HELP = "notes: findings, negation and values read from labelled text (sentences.yaml, medcalc vignettes.json, DXY dialogues)"
_LABELS = {"present": Scope.CURRENT, "absent": Scope.CURRENT, "history": Scope.HISTORY, "family": Scope.FAMILY,
           "uncertain": Scope.UNCERTAIN, "hypothetical": Scope.HYPOTHETICAL}  # fmt: skip


@functools.cache
def _names(data: str) -> dict[str, str]:
    """Names of a development data set ("medcalc", "dxy") -> analytes or findings here."""
    names: dict[str, str] = yaml.load((FOLDER / "evaluation.yaml").read_text("utf-8"), yaml.CSafeLoader)[data]
    return names


def register(parser: argparse.ArgumentParser) -> None:
    """`FILE`: labelled sentences (YAML), MedCalc vignettes (JSON) or DXY dialogues (goal_dict_*.txt)."""
    parser.add_argument(
        "data", type=Path, help="sentences.yaml, vignettes.json of MedCalc-Bench, or a DXY dialogue file"
    )
    parser.add_argument("--json", action="store_true", help="JSON on standard output (the default; kept for symmetry)")
    parser.add_argument(
        "--errors", action="store_true", help="list the errors too; those of held-out sentences are never listed"
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    path: Path = args.data
    if not path.is_file():
        raise UserError(f"{path} is not a file.", "Give sentences.yaml, vignettes.json or a DXY dialogue file.")
    if path.suffix in {".yaml", ".yml"}:
        result = sentences(path, errors=args.errors)
    elif path.suffix == ".json":
        result = medcalc(path)
    else:
        result = dialogues(path)
    json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
    print()
    return 0


def f1(tp: int, fp: int, fn: int) -> dict[str, float | int]:
    """Precision, recall and F1 from counts; 0 where nothing was there to find."""
    return {
        "precision": round(tp / (tp + fp), 4) if tp + fp else 0.0,
        "recall": round(tp / (tp + fn), 4) if tp + fn else 0.0,
        "f1": round(2 * tp / (2 * tp + fp + fn), 4) if tp else 0.0,
        "true_positives": tp,
        "false_positives": fp,
        "false_negatives": fn,
    }


def note(text: str) -> Note:
    """A note of its own around a text."""
    return Note("note", text, Source("note", "text"))


def read(one: Note, patient: Patient) -> tuple[Finding, ...]:
    """The findings of a note as the program has them: of its words, and of the values that it states. What a normal value
    rules out is left out, as the labels leave it out."""
    now = datetime(2026, 1, 1, tzinfo=UTC)  # ages are given in years: the day changes nothing
    values = findings_of_values(values_in(one), patient, now)
    return (*findings_in(one, patient), *(f for f in values if f.status is Status.PRESENT))


def sentences(path: Path, *, errors: bool = False) -> dict[str, Any]:
    """F1 of findings, of denial among found findings, and of scope, by part and language."""
    rows: list[dict[str, Any]] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    counts: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    times: list[float] = []
    for row in rows:
        began = time.perf_counter()
        found = read(note(row["text"]), Patient(age_years=row.get("age"), sex=Sex(row.get("sex", "unknown"))))
        times.append(time.perf_counter() - began)
        count, said = compare(row, found)
        for key in ("all", row["part"], row["language"], f"{row['part']}_{row['language']}"):
            counts.setdefault(key, Counter()).update(count)
        if said and errors and row["part"] != "held_out":
            wrong.append(f"{row['text']} {said}")
    return {
        "n": len(rows),
        **{key: _scores(count) for key, count in sorted(counts.items())},
        "ms_per_sentence": round(1000 * statistics.median(times), 2),
        "versions": {"findings": vocabulary.load().version.version},
        **({"errors": wrong} if errors else {}),
    }


def _scores(count: Mapping[str, int]) -> dict[str, Any]:
    scoped = count["scope_right"] + count["scope_wrong"]
    return {
        "findings": f1(count["tp"], count["fp"], count["fn"]),
        "negation": f1(count["neg_tp"], count["neg_fp"], count["neg_fn"]),
        "scope_accuracy": round(count["scope_right"] / scoped, 4) if scoped else 0.0,
    }


def compare(row: Mapping[str, Any], found: Iterable[Finding]) -> tuple[Counter[str], str]:
    """Counts of one sentence, and what was wrong. What a labelled finding implies counts as neither right nor wrong;
    so does a time course ("sudden", "worse at night") that the labels leave out."""
    entries = vocabulary.load()
    gold = {name: label for label in _LABELS for name in row.get(label, ())}
    implied = {parent for name in gold for parent in entries.ancestors(name)}
    got: dict[str, Finding] = {}
    for finding in found:
        if finding.code.system == "consilium":  # the labels are of the vocabulary; HPO terms beside it are not labelled
            got.setdefault(finding.code.code, finding)
    count: Counter[str] = Counter()
    right = [name for name in gold if name in got]
    covered = {parent for name in right for parent in entries.ancestors(name)}
    missed = sorted(set(gold) - set(got) - covered)
    extra = sorted(name for name in set(got) - set(gold) - implied if not _is_course(name))
    count.update(tp=len(right), fn=len(missed), fp=len(extra))
    said = [f"missed {missed}"] if missed else []
    said += [f"extra {extra}"] if extra else []
    for name in right:
        denied, absent = gold[name] == "absent", got[name].status == "absent"
        count["neg_tp"] += denied and absent
        count["neg_fp"] += absent and not denied
        count["neg_fn"] += denied and not absent
        fits = _LABELS[gold[name]] == got[name].scope
        count["scope_right" if fits else "scope_wrong"] += 1
        if denied != absent or not fits:
            said.append(f"{name}: {gold[name]} read as {got[name].status} {got[name].scope}")
    return count, "; ".join(said)


def _is_course(name: str) -> bool:
    entry = vocabulary.load().entries.get(name)
    return entry is not None and entry.group == "time_course"


def medcalc(path: Path) -> dict[str, Any]:
    """Values: an entity counts as found when a value of its analyte in the note is equal to it in the entity's unit."""
    from core.knowledge import analytes
    from core.knowledge.units import convert, ucum

    rows = json.loads(path.read_text("utf-8"))
    names = _names("medcalc")
    total: Counter[str] = Counter()
    by_name: dict[str, Counter[str]] = {}
    for row in rows:
        entities = row["Relevant Entities"]
        entities = ast.literal_eval(entities) if isinstance(entities, str) else entities
        wanted = {names[k]: (k, v) for k, v in entities.items() if k in names}
        read: dict[str, list[tuple[float, str]]] = {}
        for observation in values_in(note(row["Patient Note"])):
            analyte = analytes.load().by_name[observation.text.lower()].id
            if observation.value is not None:
                read.setdefault(analyte, []).append((observation.value.value, observation.value.unit))
        for analyte, (name, value) in wanted.items():
            number, unit = (float(value[0]), ucum(str(value[1]))) if isinstance(value, list) else (float(value), "")
            mass = analytes.load().by_id[analyte].molar_mass
            hits = read.get(analyte, [])
            near = any(
                _near(v, number) or _near(convert(v, u, unit, mass) if u and unit else None, number) for v, u in hits
            )
            key = "tp" if near else "fn"
            total[key] += 1
            by_name.setdefault(name, Counter())[key] += 1
            if hits and not near:
                total["fp"] += 1
                by_name[name]["fp"] += 1
    return {
        "n": len(rows),
        "values": f1(total["tp"], total["fp"], total["fn"]),
        "by_entity": {k: {**c} for k, c in sorted(by_name.items(), key=lambda item: -sum(item[1].values()))},
    }


def _near(value: float | None, other: float) -> bool:
    return value is not None and abs(value - other) <= 0.011 * max(abs(other), 1e-9)


def dialogues(path: Path) -> dict[str, Any]:
    """F1 of symptoms that a dialogue's labels affirm or deny, over the text of the dialogue where the file holds it."""
    text = path.read_text("utf-8")
    rows = _dialogue_rows(text)
    if not rows:
        raise UserError(f"{path.name} holds no dialogues with their text.", "Give dxy_dialog_data_dialog_v2.txt.")
    entries, names = vocabulary.load(), _names("dxy")
    count: Counter[str] = Counter()
    for said, labels in rows:
        gold = {names[k] for k, v in labels.items() if k in names and v in {True, False}}
        denied = {names[k] for k, v in labels.items() if k in names and v is False}
        absent: set[str] = set()
        known = set(names.values())
        got: set[str] = set()
        for finding in findings_in(note(said), Patient()):
            if finding.code.code not in entries:
                continue  # an HPO term beside the vocabulary
            got |= {finding.code.code, *entries.ancestors(finding.code.code)} & known
            absent |= {finding.code.code} if finding.status == "absent" else set()
        implied = {parent for name in gold for parent in entries.ancestors(name)}
        count.update(tp=len(gold & got), fn=len(gold - got), fp=len(got - gold - implied))
        both = gold & got
        count.update(
            neg_tp=len(both & denied & absent), neg_fp=len(both & absent - denied), neg_fn=len(both & denied - absent)
        )
    return {
        "n": len(rows),
        "symptoms": f1(count["tp"], count["fp"], count["fn"]),
        "negation": f1(count["neg_tp"], count["neg_fp"], count["neg_fn"]),
    }


def _dialogue_rows(text: str) -> list[tuple[str, dict[str, bool]]]:
    """(what the patient said, symptom -> affirmed) of each dialogue; `part@[literal]` lines, patient and doctor in turn."""
    out: list[tuple[str, dict[str, bool]]] = []
    for line in text.splitlines():
        _, _, body = line.partition("@")
        try:
            rows = ast.literal_eval(body) if body.startswith("[") else []
        except (ValueError, SyntaxError):
            continue
        for row in rows:
            slots = {**row["goal"]["explicit_inform_slots"], **row["goal"]["implicit_inform_slots"]}
            said = "\n".join(turn.strip() for turn in row["dialog"][0::2])
            out.append((said, slots))
    return out
