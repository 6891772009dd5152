"""Learning from what doctors signed: features and labels out of signed cases, never text, names, numbers or pixels.

A diagnosis row: the status of each finding (1 present, 0 absent, empty not assessed), age in years, sex, and what the doctor
accepted. An image row: the embedding of the film by the pack that read it, and whether the doctor kept what it said.
"""

import csv
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.case import Action, Case, CaseStatus
from core.domain.finding import Origin, Status
from core.errors import UserError
from core.progress import Report, silent

Standing = Callable[[Case], Sequence[Any]]
Embed = Callable[[Case, str, str], NDArray[np.float32] | None]
_LEAST_CASES = 10
_RARE = 5


@dataclass(frozen=True, slots=True)
class Collected:
    """What was found: rows of the diagnosis table and of the image table, counts of decisions by diagnosis."""

    diagnoses: tuple[dict[str, str], ...]
    images: tuple[dict[str, str], ...]
    feedback: dict[str, dict[str, int]]
    cases: int
    left_out: int


def collect(
    cases: Iterable[Case],
    secret: bytes,
    standing: Standing,
    *,
    embed: Embed | None = None,
    report: Report = silent,
) -> Collected:
    """Rows of the signed cases among `cases`. `standing` gives the decisions that hold (core.store.decisions.standing);
    `secret` makes patient stand-ins; `embed(case, image_id, pack_id)` the features of a film, None where there are none."""
    diagnoses, images, used, skipped = [], [], 0, 0
    feedback: dict[str, Counter[str]] = {}
    for k, case in enumerate(cases):
        report(k, 0, "collecting")
        if case.status is not CaseStatus.SIGNED:
            skipped += 1
            continue
        used += 1
        patient = stand_in(case, secret)
        held = tuple(standing(case))
        for decision in held:
            name = _diagnosis(case, decision.target)
            if name and decision.action in (Action.ACCEPT, Action.REJECT, Action.EDIT):
                feedback.setdefault(name, Counter())[decision.action.value] += 1
        if label := accepted(case, held):
            diagnoses.append({"patient": patient, "label": label, **_person(case), **_findings(case)})
        images += _image_rows(case, patient, held, embed)
    return Collected(tuple(diagnoses), tuple(images), {k: dict(v) for k, v in sorted(feedback.items())}, used, skipped)


def stand_in(case: Case, secret: bytes) -> str:
    """The same for all cases of a patient, and not to be turned back without the secret."""
    patient = case.record.patient
    who = "|".join(sorted(i.value for i in patient.identifiers)) or f"{patient.name}|{patient.birth_date}"
    if who == "|None":
        who = case.id
    return "P-" + hmac.new(secret, who.encode(), hashlib.sha256).hexdigest()[:12]


def accepted(case: Case, held: Sequence[Any]) -> str:
    """The code of the one diagnosis that was accepted and not rejected; "" where none or several were."""
    found = {
        _diagnosis(case, d.target) for d in held if d.action is Action.ACCEPT and d.target.startswith("hypothesis:")
    }
    found -= {_diagnosis(case, d.target) for d in held if d.action is Action.REJECT} | {""}
    return found.pop() if len(found) == 1 else ""


def _diagnosis(case: Case, target: str) -> str:
    kind, _, wanted = target.partition(":")
    if kind != "hypothesis" or case.assessment is None:
        return ""
    hypothesis = next((h for h in case.assessment.hypotheses if h.id == wanted), None)
    return hypothesis.codes[0].code if hypothesis and hypothesis.codes else ""


def _person(case: Case) -> dict[str, str]:
    age = case.record.patient.age_years
    return {"age": "" if age is None else f"{min(90, int(age))}", "sex": str(case.record.patient.sex)}


def _findings(case: Case) -> dict[str, str]:
    """What the doctor stated counts more than what was read."""
    found: dict[str, str] = {}
    for finding in sorted(case.findings, key=lambda f: f.origin is Origin.CLINICIAN):
        if finding.status in (Status.PRESENT, Status.ABSENT):
            found[f"f:{finding.code.code}"] = "1" if finding.status is Status.PRESENT else "0"
    return found


def _image_rows(case: Case, patient: str, held: Sequence[Any], embed: Embed | None) -> list[dict[str, str]]:
    rows = []
    for prediction in case.predictions:
        told = kept(case, prediction, held)
        if told is None or embed is None:
            continue
        features = embed(case, prediction.image_id, prediction.pack.name)
        if features is not None:
            row = {"patient": patient, "label": prediction.label.code if told else f"no {prediction.label.code}"}
            rows.append(row | {f"e{k}": f"{v:.5g}" for k, v in enumerate(features.tolist())} | _person(case))
    return rows


def kept(case: Case, prediction: Any, held: Sequence[Any]) -> bool | None:
    """Whether the doctor says that the film shows the label: by a finding stated, else by an accepted diagnosis that
    rests on the image's finding. None where nothing says so."""
    codes = {prediction.label.code}
    shown = [f for f in case.findings if f.origin is Origin.IMAGE and f.source.file == prediction.image_id]
    codes |= {f.code.code for f in shown}
    stated = [f for f in case.findings if f.origin is Origin.CLINICIAN and f.code.code in codes]
    if stated:
        return stated[-1].status is Status.PRESENT if stated[-1].status in (Status.PRESENT, Status.ABSENT) else None
    label, ids = accepted(case, held), {f.id for f in shown}
    for hypothesis in case.assessment.hypotheses if case.assessment else ():
        named = hypothesis.codes and hypothesis.codes[0].code == label
        if named and any(e.finding_id in ids for e in hypothesis.evidence_for):
            return True
    return None


def write(found: Collected, folder: Path) -> dict[str, Any]:
    """`diagnoses.csv` and `images.csv` for table recipes. UserError with too few cases: single people could be told apart.

    Diagnoses and findings of fewer than five cases are left out.
    """
    if len(found.diagnoses) < _LEAST_CASES:
        raise UserError(
            f"Only {len(found.diagnoses)} signed cases have one accepted diagnosis.",
            f"At least {_LEAST_CASES} are needed.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    rows = _common(found.diagnoses)
    _csv(folder / "diagnoses.csv", rows)
    if found.images:
        _csv(folder / "images.csv", found.images)
    return {
        "cases": found.cases,
        "left_out": found.left_out,
        "diagnoses": len(rows),
        "images": len(found.images),
        "feedback": found.feedback,
        "folder": str(folder),
    }


def _common(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    labels = Counter(row["label"] for row in rows)
    findings = Counter(name for row in rows for name in row if name.startswith("f:"))
    kept = [row for row in rows if labels[row["label"]] >= _RARE]
    return [{k: v for k, v in row.items() if not k.startswith("f:") or findings[k] >= _RARE} for row in kept]


def _csv(path: Path, rows: Sequence[dict[str, str]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["patient", "label"]
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, names, restval="")
        out.writeheader()
        out.writerows(rows)
    part.replace(path)
