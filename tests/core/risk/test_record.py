"""Scores, kidney stage, reminders and trends from a SYNTHETIC record."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from core.domain.basics import Coding, Label, Quantity, Source
from core.domain.finding import Finding, Origin, Scope, Status
from core.domain.record import Event, Medication, Observation, Patient, Problem, Record, Sex
from core.risk import ckd, facts, reminders, trends
from core.risk.autofill import scores_for
from core.risk.health import health

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FILE = Source("synthetic.json", "fhir", "entry[0]")


def seen(loinc: str, value: float, unit: str, time: str = "2026-02-28T08:00:00+00:00") -> Observation:
    place = Source("synthetic.json", "fhir", f"{loinc}/{time}")
    return Observation(
        f"{loinc}{time}", (Coding("LOINC", loinc),), loinc, (place,), "laboratory", Quantity(value, unit), time=time
    )


def problem(text: str, status: str = "active") -> Problem:
    return Problem(text, (), text, (FILE,), status)


def finding(code: str, status: Status = Status.PRESENT, scope: Scope = Scope.CURRENT) -> Finding:
    return Finding(code, Coding("consilium", code), Label(code), status, Origin.NOTE, FILE, scope)


PATIENT = Patient(birth_date=date(1960, 2, 1), sex=Sex.MALE, synthetic=True)
CREATININE, SYSTOLIC, RATE = "2160-0", "8480-6", "9279-1"


def found(record: Record, findings: tuple[Finding, ...] = ()) -> dict:
    return {r.score_id: r for r in scores_for(record, findings, NOW)}


def test_inputs_come_with_their_dates_and_sources() -> None:
    record = Record(PATIENT, observations=(seen(CREATININE, 88.4, "umol/L"),))
    result = found(record)["ckd_epi_2021"]
    assert result.value == pytest.approx(82.8, abs=1)
    used = {i.id: i for i in result.inputs}["creatinine"]
    assert used.time.startswith("2026-02-28") and used.sources[0].file == "synthetic.json"


def test_an_old_value_or_an_unmentioned_history_is_missing() -> None:
    old = Record(PATIENT, observations=(seen(CREATININE, 1.0, "mg/dL", "2020-01-01"),))
    assert "ckd_epi_2021" not in found(old)
    result = found(Record(PATIENT, problems=(problem("Atrial fibrillation"),)))["cha2ds2_vasc"]
    assert result.value is None
    assert "Diabetes" in [label.en for label in result.missing]


def test_denied_and_present_findings_fill_yes_and_no() -> None:
    told = [finding(n, Status.ABSENT) for n in ("heart_failure_history", "diabetes_history", "stroke_history", "peripheral_artery_disease_history")]  # fmt: skip  # noqa: E501
    record = Record(PATIENT, problems=(problem("Atrial fibrillation"), problem("Essential hypertension")))
    assert found(record, tuple(told))["cha2ds2_vasc"].value == 2
    family = finding("diabetes_history", scope=Scope.FAMILY)
    assert found(record, (*told[:1], *told[2:], family))["cha2ds2_vasc"].value is None


def test_no_age_no_scores_and_no_future_values() -> None:
    record = Record(replace(PATIENT, birth_date=None), observations=(seen(CREATININE, 1.0, "mg/dL"),))
    assert not found(record)
    ahead = Record(PATIENT, observations=(seen(CREATININE, 1.0, "mg/dL", "2027-01-01"),))
    assert "ckd_epi_2021" not in found(ahead)


def test_a_resolved_problem_does_not_count() -> None:
    record = Record(PATIENT, problems=(problem("Atrial fibrillation", "resolved"),))
    assert "cha2ds2_vasc" not in found(record)


def test_kidney_stage_course_and_what_is_not_known() -> None:
    values = [("2024-03-01", 1.6), ("2025-03-01", 1.9), ("2026-02-01", 2.3)]
    observations = tuple(seen(CREATININE, v, "mg/dL", t) for t, v in values)
    stage = ckd.stage(facts.gather(Record(PATIENT, observations=observations), (), NOW))
    assert stage is not None
    assert (stage.filtration, stage.albuminuria, stage.risk.en) == ("G3b", "", "")
    assert stage.lasting is True and stage.rapid and stage.slope_per_year == pytest.approx(-8.3, abs=1)
    acr = seen("9318-7", 350, "mg/g")
    graded = ckd.stage(facts.gather(Record(PATIENT, observations=(*observations, acr)), (), NOW))
    assert graded is not None and graded.albuminuria == "A3" and graded.risk.en == "Very high risk"
    single = ckd.stage(facts.gather(Record(PATIENT, observations=observations[-1:]), (), NOW))
    assert single is not None and single.lasting is None and single.slope_per_year is None
    unknown = Record(replace(PATIENT, sex=Sex.UNKNOWN), observations=observations)
    assert ckd.stage(facts.gather(unknown, (), NOW)) is None
    assert ckd.why_unknown(facts.gather(unknown, (), NOW)).en == "the sex is not known, and no eGFR is stated"


def test_a_stated_egfr_gives_the_stage_where_none_can_be_reckoned() -> None:
    stated = (seen("98979-8", 41, "mL/min/{1.73_m2}", "2026-02-01"),)
    stage = ckd.stage(facts.gather(Record(replace(PATIENT, sex=Sex.UNKNOWN), observations=stated), (), NOW))
    assert stage is not None and stage.stated and (stage.filtration, stage.lasting) == ("G3b", None)
    child = Record(replace(PATIENT, birth_date=date(2016, 1, 1)), observations=stated)
    assert ckd.stage(facts.gather(child, (), NOW)) is None
    old = Record(PATIENT, observations=(seen(CREATININE, 1.6, "mg/dL", "2022-03-01"),))
    reasons = {
        ckd.why_unknown(facts.gather(r, (), NOW)).en
        for r in (child, old, Record(PATIENT), Record(replace(PATIENT, birth_date=None)))
    }
    assert len(reasons) == 4 and all(reasons)


def test_creatinine_in_micromoles_under_its_own_code_gives_the_stage() -> None:
    """LOINC 14682-9 is creatinine in amount of substance, as in Europe and China."""
    molar = seen("14682-9", 126, "umol/L", "2026-02-01")
    stage = ckd.stage(facts.gather(Record(PATIENT, observations=(molar,)), (), NOW))
    assert stage is not None and not stage.stated
    assert health(Record(PATIENT, observations=(molar,)), (), NOW).kidney_missing.en == ""


def test_the_kdigo_grid_is_whole() -> None:
    table = ckd.table()
    assert set(table["risk"]) == {"G1", "G2", "G3a", "G3b", "G4", "G5"}
    assert all(len(row) == 3 and set(row) <= set(table["labels"]) for row in table["risk"].values())


def _person(row: dict, yes: bool) -> Record:
    """A person to whom a reminder applies, or (sex or age changed) does not."""
    age = row["from_age"] + 1 if yes else -1
    sex = Sex.FEMALE if row.get("sex") == "female" else Sex.MALE
    words = {"diabetes": "Diabetes mellitus", "hypertension": "Hypertension", "heart_failure": "Heart failure", "copd": "COPD", "ckd": "Chronic kidney disease", "liver_disease": "Cirrhosis", "smoking": "Smoker"}  # fmt: skip  # noqa: E501
    problems = tuple(problem(words[name]) for name in row.get("conditions", ())[:1])
    heavy = (seen("39156-5", 31, "kg/m2"),) if row.get("overweight") else ()
    patient = Patient(sex=sex, age_years=age if yes else max(0.0, row["from_age"] - 0.2), synthetic=True)
    return Record(patient, problems, observations=heavy)


@pytest.mark.parametrize("row", reminders.table()["reminders"], ids=lambda row: row["id"])
def test_each_reminder_fires_once_does_not_fire_once_and_has_a_source(row: dict) -> None:
    fires = reminders.reminders(facts.gather(_person(row, True), (), NOW))
    assert [r.status for r in fires if r.id == row["id"]] == ["no_record"]
    assert row["id"] not in {r.id for r in reminders.reminders(facts.gather(_person(row, False), (), NOW))}
    assert row["source"]["title"] and row["source"]["year"] and row["zh"]


def _vaccine(time: str, status: str = "completed") -> Record:
    event = Event("e", "immunization", (), "Influenza, seasonal, injectable vaccine", (FILE,), time, status=status)
    return Record(PATIENT, events=(event,))


def test_a_vaccination_is_done_then_due_again() -> None:
    def status(record: Record) -> tuple[str, str]:
        every = reminders.reminders(facts.gather(record, (), NOW))
        return next((r.status, r.next_due) for r in every if r.id == "influenza_vaccine")

    assert status(_vaccine("2025-10-01")) == ("done", "2026-10-01")
    assert status(_vaccine("2024-10-01")) == ("due", "2025-10-01")
    assert status(_vaccine("2025-10-01", "not-done")) == ("no_record", "")


def test_reference_change_value_of_the_formula() -> None:
    fall, rise = trends.reference_change(4.5, 2.5)
    assert rise == pytest.approx(0.1534, abs=1e-3) and fall == pytest.approx(-0.1330, abs=1e-3)


def test_a_trend_warns_beyond_chance_only() -> None:
    def trend(first: float, then: float) -> trends.Trend:
        both = (seen(CREATININE, first, "mg/dL", "2025-12-01"), seen(CREATININE, then, "mg/dL"))
        return trends.trends(facts.gather(Record(PATIENT, observations=both), (), NOW))[0]

    assert not trend(1.0, 1.1).beyond
    assert trend(1.0, 1.3).beyond and trend(1.0, 1.3).worse
    assert trend(1.3, 1.0).beyond and not trend(1.3, 1.0).worse
    same_day = (seen(CREATININE, 1.0, "mg/dL"), seen(CREATININE, 2.0, "mg/dL", "2026-02-28T09:00:00+00:00"))
    assert not trends.trends(facts.gather(Record(PATIENT, observations=same_day), (), NOW))


def _whole() -> Record:
    observations = (
        seen(CREATININE, 1.0, "mg/dL"), seen(SYSTOLIC, 150, "mm[Hg]"), seen("2093-3", 220, "mg/dL"),
        seen("2085-9", 45, "mg/dL"), seen("39156-5", 28, "kg/m2"),
    )  # fmt: skip
    medicines = tuple(Medication(t, (), t, (FILE,), "active") for t in ("lisinopril 10 mg", "atorvastatin 20 mg"))
    return Record(PATIENT, observations=observations, medications=medicines)


def test_health_reckons_prevent_and_asks_for_the_region() -> None:
    told = (finding("diabetes_history", Status.ABSENT), finding("smoking", Status.ABSENT))
    plain = health(_whole(), told, NOW)
    risks = {r.score_id: r for r in plain.risks}
    assert risks["prevent_cvd"].value is not None and 5 < risks["prevent_cvd"].value < 20
    assert {i.id: i for i in risks["prevent_cvd"].inputs}["egfr"].time.startswith("2026-02-28")
    assert [label.en for label in risks["score2"].missing] == ["European risk region"]
    located = {r.score_id: r for r in health(_whole(), told, NOW, region="low").risks}
    assert located["score2"].value is not None
    sick = replace(_whole(), problems=(problem("Old myocardial infarction"),))
    known = {r.score_id: r for r in health(sick, told, NOW, region="low").risks}
    assert known["prevent_cvd"].value is None and known["prevent_cvd"].note.zh


def test_diabetes_has_its_own_equation_with_the_age_at_onset() -> None:
    record = replace(
        _whole(),
        problems=(replace(problem("Type 2 diabetes mellitus"), onset="2012-05-01"),),
        observations=(*_whole().observations, seen("4548-4", 7.4, "%")),
    )
    told = (finding("smoking", Status.ABSENT),)
    found = {r.score_id: r for r in health(record, told, NOW, region="moderate").risks}
    assert "score2" not in found
    result = found["score2_diabetes"]
    assert result.value is not None and 5 < result.value < 40
    assert {i.id: i.text.en for i in result.inputs}["diabetes_since_age"].startswith("52")
    without = replace(record, problems=(problem("Type 2 diabetes mellitus"),))
    missing = {r.score_id: r for r in health(without, told, NOW).risks}["score2_diabetes"].missing
    assert {"Age when diabetes began", "European risk region"} <= {label.en for label in missing}


def test_news2_from_vital_signs_and_what_the_doctor_denied() -> None:
    vitals = (
        seen(RATE, 22, "/min"), seen("8867-4", 95, "/min"), seen(SYSTOLIC, 105, "mm[Hg]"), seen("8310-5", 38.4, "Cel"),
        seen("2708-6", 94, "%"),
    )  # fmt: skip
    record = Record(PATIENT, observations=vitals)
    result = found(record)["news2"]
    assert result.value is None and len(result.missing) == 2
    denied = (finding("confusion", Status.ABSENT), finding("needs_oxygen", Status.ABSENT))
    assert found(record, denied)["news2"].value == 2 + 1 + 1 + 1 + 1
    awake = Record(PATIENT, observations=(*vitals, seen("9269-2", 15, "{score}")))
    assert found(awake, denied[1:])["news2"].value == 6
    assert found(awake, (finding("confusion"), *denied[1:]))["news2"].value == 9
