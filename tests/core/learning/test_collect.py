"""What is collected from signed cases: features and labels, and nothing that tells who."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.domain.basics import Coding, Label, Source, Version
from core.domain.case import Action, Case, CaseStatus, Decision
from core.domain.finding import Finding, Origin, Status
from core.domain.imaging import ImagePrediction
from core.errors import UserError
from core.learning import collect
from core.store.decisions import standing
from core.store.store import Store
from core.verbs.learn_collect import collect_from
from tests.core.store import sample


def signed(number: int, target: str = "hypothesis:h1", action: Action = Action.ACCEPT) -> Case:
    case = sample.case(f"case-{number}")
    hypothesis = case.assessment.hypotheses[0] if case.assessment else None
    assert hypothesis is not None
    made = Decision(f"d{number}", action, target.replace("h1", hypothesis.id), "dr", "2026-01-01T10:00:00Z", "because")
    patient = replace(case.record.patient, identifiers=(), name=f"SYNTHETIC, Person{number // 2}")
    record = replace(case.record, patient=patient)
    return replace(case, status=CaseStatus.SIGNED, decisions=(made,), record=record)


def test_rows_hold_findings_and_the_accepted_diagnosis() -> None:
    cases = [signed(k) for k in range(12)] + [
        signed(12, action=Action.REJECT),
        replace(signed(13), status=CaseStatus.NEW),
    ]
    found = collect.collect(cases, b"k" * 32, standing)
    code = sample.assessment().hypotheses[0].codes[0].code
    assert found.cases == 13 and found.left_out == 1 and len(found.diagnoses) == 12
    assert found.feedback == {code: {"accept": 12, "reject": 1}}
    assert {row["label"] for row in found.diagnoses} == {code}
    first = found.diagnoses[0]
    assert {v for k, v in first.items() if k.startswith("f:")} <= {"0", "1"}
    assert found.diagnoses[0]["patient"] == found.diagnoses[1]["patient"] != found.diagnoses[2]["patient"]


def test_no_text_leaves(tmp_path: Path) -> None:
    found = collect.collect([signed(k) for k in range(12)], b"k" * 32, standing)
    told = collect.write(found, tmp_path / "out")
    assert told["diagnoses"] == 12
    written = (tmp_path / "out" / "diagnoses.csv").read_text("utf-8")
    assert "SYNTHETIC" not in written and "Person" not in written and "case-" not in written
    with (tmp_path / "out" / "diagnoses.csv").open(encoding="utf-8") as file:
        names = csv.DictReader(file).fieldnames or []
    assert all(n in {"patient", "label", "age", "sex"} or n.startswith("f:") for n in names)


def test_few_cases_are_refused(tmp_path: Path) -> None:
    found = collect.collect([signed(k) for k in range(9)], b"k" * 32, standing)
    with pytest.raises(UserError, match="Only 9"):
        collect.write(found, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_film_is_labelled_by_what_the_doctor_stated() -> None:
    label = Coding("consilium", "chest_xray_opacity")
    read = ImagePrediction(
        "film-1", Version("cxr", "1.0.0", "0" * 64), label, Label("Opacity"), 0.9, (0.8, 1.0), 2.0, 0.1
    )
    denied = Finding("f9", label, Label("Opacity"), Status.ABSENT, Origin.CLINICIAN, Source("", "clinician", ""))
    silent = replace(signed(1), predictions=(read,))
    case = replace(silent, findings=(*silent.findings, denied))

    def embed(_case: Case, image: str, pack: str) -> np.ndarray:
        assert (image, pack) == ("film-1", "cxr")
        return np.array([0.25, -1.0], np.float32)

    (row,) = collect.collect([case], b"k" * 32, standing, embed=embed).images
    assert row["label"] == "no chest_xray_opacity" and (row["e0"], row["e1"]) == ("0.25", "-1")
    assert collect.collect([silent], b"k" * 32, standing, embed=embed).images == ()


def test_a_store_asks_for_the_basis_and_notes_it(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store:
        store.save(sample.case())
        store.sign("case-1", "dr")
        with pytest.raises(UserError, match="what allows"):
            collect_from(store, "ok")
        found = collect_from(store, "Hospital policy 12, patients informed")
        assert found.cases == 1
        assert collect_from(store, "Hospital policy 12, patients informed", exclude=["case-1"]).cases == 0
        assert [e.action for e in store.audit.events()].count("learn_collect") == 2


def test_looking_back_counts_what_was_kept_and_denied() -> None:
    from core.inference.packs import find
    from core.learning.look_back import look_back

    pack = find("cxr-pneumonia-paediatric")
    label = pack.labels[0].code
    cases = []
    for k in range(6):
        read = ImagePrediction(f"i{k}", pack.version, label, Label("x"), 0.9, (0.8, 1.0), 2.0, 0.1)
        status = (Status.PRESENT, Status.ABSENT, None)[k % 3]
        stated = Finding(
            f"s{k}", label, Label("x"), status or Status.PRESENT, Origin.CLINICIAN, Source("", "clinician", "")
        )
        case = replace(signed(k), predictions=(read,), findings=(stated,) if status else ())
        cases.append(case)
    found = look_back(cases, pack, standing)
    assert (found.kept, found.denied, found.unsaid, found.cases) == (2, 2, 2, 6)
    assert found.drift is not None and found.drift.films == 6 and found.drift.verdict == "too few"
    assert look_back([], pack, standing).drift is None
