"""The interviewer on a small invented book, and the DDXPlus bridge on an invented set (SYNTHETIC)."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from core.diagnosis import ddxplus, ddxplus_books, questions
from core.diagnosis.interview import Answer, Book, Interview, Question, spans
from core.diagnosis.measures import calibration_error, share
from core.domain.assessment import StepKind
from core.domain.finding import Status
from core.domain.record import Patient
from core.errors import UserError
from core.knowledge import condition_tables
from core.verbs import evaluate_common, evaluate_questions
from tests.core.diagnosis.world import NOW, engine, finding

_QUESTIONS = (
    Question("a", "yes"),
    Question("b", "yes"),
    Question("c", "yes"),
    Question("where", "one", ("left", "right"), parent="a"),
    Question("parts", "many", ("x", "y", "z"), parent="b"),
)
_P = np.array(
    [
        [0.95, 0.1, 0.5, 0.9, 0.1, 0.1, 0.1, 0.1],
        [0.95, 0.1, 0.5, 0.1, 0.9, 0.1, 0.1, 0.1],
        [0.05, 0.9, 0.5, 0.5, 0.5, 0.9, 0.1, 0.1],
        [0.05, 0.9, 0.5, 0.5, 0.5, 0.1, 0.9, 0.9],
    ]
)
_BOOK = Book(("h0", "h1", "h2", "h3"), np.full(4, 0.25), _QUESTIONS, _P, spans(_QUESTIONS))
_TRUTH: dict[str, dict[str, Answer]] = {
    "h0": {"a": frozenset({"yes"}), "where": frozenset({"left"})},
    "h3": {"b": frozenset({"yes"}), "parts": frozenset({"y", "z"})},
}


def _ask(name: str, *, noisy: bool = False, lies: tuple[str, ...] = ()) -> tuple[str, tuple[str, ...], float]:
    def oracle(question: Question) -> Answer:
        true = _TRUTH[name].get(question.code, frozenset())
        return frozenset() if question.code in lies and true else true

    outcome = Interview(_BOOK, noisy=noisy).run(oracle, sure=0.97, most=10)
    return _BOOK.hypotheses[int(outcome.posterior.argmax())], outcome.asked, outcome.error_rate


@pytest.mark.parametrize("name", ["h0", "h3"])
def test_it_finds_the_answer_with_parents_first(name: str) -> None:
    best, asked, _ = _ask(name)
    assert best == name
    for code, parent in (("where", "a"), ("parts", "b")):
        if code in asked:
            assert asked.index(parent) < asked.index(code)
    assert "c" not in asked


def test_it_stops_when_nothing_is_worth_asking() -> None:
    flat = Book(("h0", "h1"), np.full(2, 0.5), (Question("c", "yes"),), np.full((2, 1), 0.5), {"c": (0, 1)})
    outcome = Interview(flat, noisy=False).run(lambda q: frozenset(), sure=0.9, most=5)
    assert outcome.asked == ()


def test_unknown_answers_teach_nothing() -> None:
    interview = Interview(_BOOK, noisy=True)
    before = interview.posterior()
    interview.tell(_QUESTIONS[0], None)
    assert interview.posterior() == pytest.approx(before)
    assert "a" not in interview.gains()


def test_contradicting_answers_raise_the_believed_error_rate() -> None:
    fitting, odd = Interview(_BOOK, noisy=True), Interview(_BOOK, noisy=True)
    for interview, second in ((fitting, frozenset()), (odd, frozenset({"yes"}))):
        interview.tell(_QUESTIONS[0], frozenset({"yes"}))
        interview.tell(_QUESTIONS[1], second)
    assert odd.error_rate() > fitting.error_rate()
    assert fitting.posterior()[:2].sum() > odd.posterior()[:2].sum()


def test_the_noise_aware_interview_is_less_sure_after_one_answer() -> None:
    sure, careful = Interview(_BOOK, noisy=False), Interview(_BOOK, noisy=True)
    for interview in (sure, careful):
        interview.tell(_QUESTIONS[0], frozenset({"yes"}))
    assert sure.posterior().max() > careful.posterior().max()


def test_information_gain_is_mutual_information() -> None:
    belief = np.array([0.5, 0.5])
    answers = np.array([[1.0, 0.5, 0.9], [0.0, 0.5, 0.1]])
    gain = questions.information(belief, answers)
    assert gain[0] == pytest.approx(1, abs=1e-6)
    assert gain[1] == pytest.approx(0, abs=1e-9)
    assert 0.5 < gain[2] < 0.54


def test_next_steps_weigh_gain_against_cost_and_skip_what_is_known() -> None:
    one = engine(minimum_informative=0)
    scores = one.score([finding("cough"), finding("fever")], Patient(), NOW)
    steps = questions.next_steps(one, scores)
    codes = [step.code.code for step in steps]
    assert codes and not {"cough", "fever"} & set(codes)
    assert all(step.gain_bits > 0 and step.hypothesis_ids for step in steps)
    assert len({one.tables.findings[one.tables.finding_index[c]].group or c for c in codes}) == len(codes)


def test_imaging_in_pregnancy_carries_a_caution() -> None:
    one = engine(minimum_informative=0)
    scores = one.score([finding("cough"), finding("fever"), finding("pregnancy")], Patient(), NOW)
    images = [s for s in questions.next_steps(one, scores, 10) if s.kind is StepKind.IMAGE]
    assert images and all(step.caution.zh for step in images)


_NAMES = ("Pneumonia", "Cluster headache")


def _set(folder: Path) -> Path:
    """An invented set in the format of DDXPlus: two diagnoses, three evidences, forty patients."""
    rows = ["age,top5_diagnoses,sex,diagnosis,features,feature_id"]
    for number in range(40):
        name = _NAMES[number % 2]
        said = ["E_91", "E_77"] if number % 2 == 0 else ["E_53", "E_55_@_V_89"]
        rows.append(f'{30 + number},"[]",{"FM"[number % 3 == 0]},{name},"{said}",{said[0]}')
    (folder / "patients.csv").write_text("\n".join(rows), encoding="utf-8")
    kinds = {"E_91": ("B", "E_91", []), "E_77": ("B", "E_77", []), "E_53": ("B", "E_53", [])}
    kinds["E_55"] = ("M", "E_53", ["V_89", "V_29"])
    meta = {
        code: {"data_type": kind, "code_question": parent, "possible-values": values}
        for code, (kind, parent, values) in kinds.items()
    }
    (folder / "release_evidences.json").write_text(json.dumps(meta), encoding="utf-8")
    listed = {name: {"symptoms": [], "antecedents": []} for name in ddxplus.crosswalk().conditions}
    listed["Pneumonia"]["symptoms"], listed["Cluster headache"]["symptoms"] = ["E_91", "E_77"], ["E_53", "E_55"]
    (folder / "release_conditions.json").write_text(json.dumps(listed), encoding="utf-8")
    return folder


def _args(folder: Path, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    evaluate_questions.register(parser)
    return parser.parse_args([str(folder), *more])


@pytest.mark.parametrize("more", [(), ("--wrong-answers", "0.05"), ("--knowledge-only",)])
def test_evaluate_questions_on_an_invented_set(tmp_path: Path, more: tuple[str, ...]) -> None:
    result = evaluate_questions.evaluate(_args(_set(tmp_path), *more))
    assert result["n"] == 40
    assert result["top1"] >= 0.9
    assert result["mean_questions"] <= 4
    assert len(result["top1_ci95"]) == 2


def test_evaluate_common_counts_what_it_cannot_match(tmp_path: Path) -> None:
    cases = ddxplus.read_cases(_set(tmp_path))
    result = evaluate_common.evaluate([*cases[:4], ddxplus.Case(40, cases[0].sex, "Unheard of", ("E_91",), "E_91")])
    assert result["n"] == 5 and result["unmatched_diagnoses"] == ["Unheard of"]


def test_a_wrong_file_is_the_users_to_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no patients\.csv"):
        ddxplus.read_cases(tmp_path)
    (tmp_path / "patients.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UserError, match="DDXPlus form"):
        ddxplus.read_cases(tmp_path)


def test_the_crosswalk_names_only_what_exists() -> None:
    tables, table = condition_tables.load(), ddxplus.crosswalk()
    used = {*table.evidences.values(), *table.negated.values()}
    used |= {name for groups in table.values.values() for name in groups.values()}
    used |= {name for groups in table.numbers.values() for name in groups}
    assert used <= set(tables.finding_index)
    assert len(table.conditions) == 49 and set(table.conditions.values()) <= set(tables.condition_index)


def test_evidences_become_findings_with_their_values() -> None:
    case = ddxplus.Case(50, Patient().sex, "x", ("E_53", "E_55_@_V_89", "E_56_@_9"), "E_53")
    found = {f.code.code: f.status for f in ddxplus.findings(case)}
    assert found["frontal_headache"] is found["severe_pain"] is Status.PRESENT
    assert found["fever"] is Status.ABSENT
    assert found["not_vaccinated"] is Status.PRESENT
    assert ddxplus_books.questions({}) == ()


def test_measures() -> None:
    assert share([True] * 90 + [False] * 10)["value"] == 0.9
    low, high = share([True] * 90 + [False] * 10)["ci95"]
    assert 0.82 < low < 0.85 and 0.94 < high < 0.95
    assert calibration_error([0.95] * 10, [True] * 9 + [False]) == pytest.approx(0.05)
    assert calibration_error([0.95] * 10, [False] * 10) == pytest.approx(0.95)


def test_the_list_puts_the_most_probable_first_and_counts_danger():
    from core.diagnosis.interview import listed

    belief = np.array([0.6, 0.2, 0.1, 0.06, 0.04])
    danger = np.array([False, False, False, True, True])
    assert listed(belief, danger).tolist() == [0, 1, 3, 4, 2]
    assert listed(belief, ~danger).tolist() == [0, 1, 2, 3, 4]
    assert belief.tolist() == [0.6, 0.2, 0.1, 0.06, 0.04]  # belief itself is not touched
