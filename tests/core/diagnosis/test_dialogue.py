"""The interview over conditions, on the invented world and on one invented vignette (SYNTHETIC)."""

import json
from pathlib import Path

from core.diagnosis import dialogue
from core.domain.finding import Status
from core.domain.record import Patient
from core.knowledge import condition_tables
from core.verbs import evaluate_dialogue, evaluate_vignettes
from tests.core.diagnosis.world import NOW, absent, engine, finding


def _interview(known: dict[str, Status], **limits: float) -> dialogue.Ended:
    def oracle(name: str) -> Status:
        return known.get(name, Status.NOT_ASSESSED)

    most = int(limits.pop("most", 8))
    return dialogue.interview(
        engine(minimum_informative=0), [finding("cough")], Patient(), NOW, oracle, most=most, **limits
    )


def test_answers_move_belief_and_are_kept_as_findings() -> None:
    yes = {"fever": Status.PRESENT, "cxr_opacity": Status.PRESENT, "productive_cough": Status.PRESENT}
    ended = _interview(yes)
    one = engine()
    assert one.tables.conditions[int(ended.scores.probabilities.argmax())].id == "pneumonia"
    kept = {f.code.code: f.status for f in ended.findings}
    assert all(kept[a.finding] is a.answer for a in ended.asked if a.answer is not Status.NOT_ASSESSED)
    assert len({a.finding for a in ended.asked}) == len(ended.asked)


def test_unknown_teaches_nothing_and_closes_the_kinds() -> None:
    ended = _interview({})
    one = engine(minimum_informative=0)
    before = one.score([finding("cough")], Patient(), NOW).probabilities
    assert (ended.scores.probabilities == before).all()
    assert ended.asked and len(ended.findings) == 1


def test_it_stops_when_sure_or_at_the_limit() -> None:
    assert len(_interview({}, most=2).asked) == 2
    assert len(_interview({}, sure=0.01).asked) == 1


def test_the_oracle_knows_what_follows_and_nothing_else() -> None:
    reply = evaluate_dialogue.answers((finding("productive_cough"), absent("rash")), condition_tables.load())
    assert reply("cough") is Status.PRESENT
    assert reply("rash") is Status.ABSENT
    assert reply("fever") is Status.NOT_ASSESSED


def test_evaluate_dialogue_starts_from_the_complaint_alone(tmp_path: Path) -> None:
    row = {
        "correct_diagnosis": "Pneumonia",
        "demographics": "60 year old male",
        "chief_complaints": "cough",
        "presentation": "He has a fever of 38.8, productive cough, pleuritic chest pain, chills and shortness of breath.",
        "absent_findings": "No leg swelling, no wheezing",
    }
    (tmp_path / "v.jsonl").write_text(json.dumps(row), encoding="utf-8")
    (vignette,) = evaluate_vignettes.read(tmp_path)
    assert {f.code.code for f in evaluate_dialogue.complaint(vignette)} <= {"cough", "note_wording"}
    result = evaluate_dialogue.evaluate([vignette])
    assert result["n"] == 1 and 0 < result["mean_answered"] <= result["mean_questions"] <= dialogue.MOST
    assert result["top5"] == 1.0
