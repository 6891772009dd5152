"""Plans: complete data, doses only from fresh inputs, ranking with shown shares, plain gaps."""

from dataclasses import replace

import pytest

from core.domain.assessment import Assessment, Hypothesis
from core.domain.basics import Coding, Label
from core.domain.plan import Plan, Tier
from core.domain.record import Record, Sex
from core.domain.serial import from_json, to_json
from core.errors import UserError
from core.knowledge import conditions
from core.treatment import plan_files
from core.treatment.plan import make_plan
from core.treatment.plan_files import PlanEntry
from core.treatment.regimen import Regimen, for_patient, regimen, usual
from tests.core.treatment.build import NOW, Setting, lab

PLANS = plan_files.load().entries
_CONDITIONS_TO_COME = {"acute_cystitis", "acute_pyelonephritis"}
"""Plans whose condition the condition tables do not name yet; they are found by ICD-10 meanwhile."""


def assessment(condition: str, icd10: str = "") -> Assessment:
    codes = (Coding("ICD-10", icd10),) if icd10 else ()
    one = Hypothesis(condition, Label(condition, condition), codes, "common", 0.8, (0.6, 0.9), 0.0, 1.0)
    return Assessment("a", "", (one,), 0.1)


def plan(record: Record, condition: str, icd10: str = "") -> Plan:
    return make_plan(record, (), assessment(condition, icd10), condition, NOW)


def grown(**labs: float) -> Record:
    record = Setting(age=50).record()
    return replace(record, observations=tuple(lab(key, value) for key, value in labs.items()))


@pytest.mark.parametrize("entry", PLANS, ids=lambda entry: entry.id)
def test_every_plan_is_complete(entry: PlanEntry) -> None:
    assert entry.label.zh and entry.summary.zh and entry.escalate and entry.monitoring
    assert entry.options and all(source.title and source.year >= 2000 for source in entry.sources)
    for option in entry.options:
        assert option.source.title and option.label.zh and option.indication.zh and option.why.zh
        assert option.drugs or option.non_drug or option.line in {"supportive", "rescue", "first"}
        for drug in option.drugs:
            assert drug.source.title and usual(drug.regimen).en and usual(drug.regimen).zh
            assert drug.duration.en and drug.duration.zh
    for text in (*entry.escalate, *entry.non_drug, *entry.gaps):
        assert text.en and text.zh


@pytest.mark.parametrize("entry", PLANS, ids=lambda entry: entry.id)
def test_every_plan_can_be_made_and_round_trips(entry: PlanEntry) -> None:
    age = 5.0 if entry.when.get("age_under", 100) <= 18 else 60.0
    if entry.when.get("age_under", 100) <= 2:
        age = entry.when["age_under"] / 2
    setting = Setting(age=age, labs={"weight": 18.0 if age < 18 else 70.0, "creatinine": 0.8, "height": 110.0})
    made = plan(setting.record(), entry.id)
    assert made.options and made.summary.en.startswith("DRAFT")
    assert from_json(to_json(made), Plan) == made
    for option in made.options:
        assert 0 <= option.interval[0] <= option.fit <= option.interval[1] <= 1
        for one in option.drugs:
            assert one.patient_dose is not None and one.patient_dose.zh, (option.id, one.ask)


def test_every_plan_resolves_to_a_condition() -> None:
    ids = {one.id for one in conditions.read()}
    missing = {e.id for e in PLANS if not ({e.id, *e.aliases} & ids)}
    assert missing <= _CONDITIONS_TO_COME


def test_at_least_a_hundred_and_ten_conditions() -> None:
    assert len({entry.icd10 for entry in PLANS}) >= 110


def test_weight_missing_asks_and_prints_no_dose() -> None:
    child = Setting(age=3).record()
    best = plan(child, "pneumonia").options[0]
    assert best.drugs[0].patient_dose is None and [a.en for a in best.drugs[0].ask] == ["weight"]
    assert any(reason.unknown for reason in best.reasons)
    weighed = replace(child, observations=(lab("weight", 14.0),))
    (dose,) = plan(weighed, "pneumonia").options[0].drugs
    assert dose.patient_dose is not None and dose.patient_dose.en.startswith("625 mg by mouth twice a day")


def test_stale_creatinine_asks() -> None:
    record = replace(grown(), observations=(lab("creatinine", 1.0, days=8), lab("weight", 70)))
    options = {o.id: o for o in plan(record, "acute_cystitis").options}
    (dose,) = options["nitrofurantoin"].drugs
    assert dose.patient_dose is None and [a.en for a in dose.ask] == ["creatinine"]
    assert any(one.stale and one.time for one in dose.inputs)


def test_renal_band_is_used_and_shown() -> None:
    options = {o.id: o for o in plan(grown(creatinine=3.0, weight=70), "pulmonary_embolism").options}
    (dose,) = options["enoxaparin"].drugs
    assert dose.patient_dose is not None and "once a day" in dose.patient_dose.en
    assert "CrCl 29" in dose.adjustment.en and "instead of" in dose.adjustment.en
    failing = {o.id: o for o in plan(grown(creatinine=4.0, weight=70), "acute_cystitis").options}
    assert failing["nitrofurantoin"].stopped


def test_allergy_moves_an_option_down_and_stops_it() -> None:
    allergic = Setting(age=50).record(allergies=("Penicillin V",))
    options = plan(allergic, "pneumonia").options
    assert next(o for o in options if o.id == "amoxicillin").stopped
    assert options[0].id == "doxycycline"
    assert not plan(Setting(age=50).record(), "pneumonia").options[0].stopped


def test_fit_is_the_logistic_of_the_shown_shares() -> None:
    import math

    for option in plan(grown(creatinine=1.0, weight=70), "pulmonary_embolism").options:
        total = sum(reason.weight for reason in option.reasons)
        assert option.fit == pytest.approx(1 / (1 + math.exp(-total)))


def test_gaps_are_said() -> None:
    nothing = plan(Setting().record(("warfarin", "ibuprofen")), "a_condition_nobody_wrote")
    assert not nothing.options and "No treatment plan" in nothing.gaps[0].en and nothing.gaps[0].zh
    assert any(a.tier is Tier.STOP for a in nothing.alerts)
    no_age = Record()
    assert "age" in plan(no_age, "pneumonia").gaps[0].en
    with pytest.raises(UserError):
        make_plan(no_age, (), assessment("x"), "y", NOW)


def test_plan_is_found_by_icd10() -> None:
    assert plan(grown(), "some_other_id", "I26.9").options
    assert not plan(grown(), "some_other_id", "I99").options


def test_changes_of_current_medicines_and_matrix() -> None:
    record = Setting(age=60, sex=Sex.MALE).record(("metformin 500 mg bid", "ibuprofen 400 mg tid"))
    made = plan(record, "sepsis")
    assert {change.medication_id for change in made.changes} == {"m0", "m1"}
    made = plan(Setting(age=60).record(("warfarin", "ibuprofen")), "pneumonia")
    assert made.matrix is not None
    assert {(c.row, c.column) for c in made.matrix.cells} >= {("warfarin", "ibuprofen"), ("ibuprofen", "warfarin")}
    assert {cell.alert_id for cell in made.matrix.cells} <= {alert.id for alert in made.alerts}
    assert dict(made.matrix.names)["warfarin"].zh == "华法林"


def test_regimens_are_written_and_scaled() -> None:
    assert usual(regimen({"mg": 1000, "route": "oral", "every_h": 8})).en == "1 g by mouth every 8 hours"
    by_weight: Regimen = regimen({"mg_kg": 10, "max": 500, "step": 10, "route": "iv", "every_h": 24})
    assert usual(by_weight).zh.startswith("静脉给药 10 mg/kg")
    assert for_patient(by_weight, None) is None
    scaled, capped = for_patient(by_weight, 14.2), for_patient(by_weight, 80)
    assert scaled is not None and scaled.en == "140 mg intravenously once a day"
    assert capped is not None and capped.en == "500 mg intravenously once a day"


def test_drugs_with_a_kidney_rule_have_a_regimen_for_poor_kidneys() -> None:
    """All but those that are simply avoided (NSAID, SGLT2) or given to children by weight band."""
    from core.knowledge.interactions import load as rules

    without = set()
    for entry in PLANS:
        for option in entry.options:
            for one in option.drugs:
                loud = [r for r in rules().patient.get(one.drug, ()) if r.kind == "renal" and r.tier is not Tier.INFO]
                if loud and not one.renal and one.regimen.route in {"oral", "iv"}:
                    without.add(one.drug)
    assert without <= {"dapagliflozin"}


def test_kidney_advice_stands_beside_a_dose_without_its_own_band() -> None:
    options = {o.id: o for o in plan(grown(creatinine=3.0, weight=70), "gout").options}
    (naproxen,) = options["naproxen"].drugs
    assert options["naproxen"].stopped and "eGFR" in naproxen.adjustment.en


def test_adjuncts_stand_after_main_treatments() -> None:
    options = plan(grown(creatinine=1.0, weight=70), "myocardial_infarction").options
    lines = [o.line for o in options if not o.stopped]
    assert lines.index("adjunct") > max(i for i, line in enumerate(lines) if line != "adjunct")
    assert options[0].id == "pci_dapt_ticagrelor"


@pytest.mark.parametrize("age", [0.3, 4, 9, 30])
def test_epinephrine_in_anaphylaxis_waits_for_no_input(age: float) -> None:
    best = plan(Setting(age=age).record(), "anaphylaxis").options[0]
    assert best.id.startswith("epinephrine_im") and best.drugs[0].patient_dose is not None and not best.drugs[0].ask


@pytest.mark.parametrize("entry", PLANS, ids=lambda entry: entry.id)
def test_capped_doses_stay_below_their_cap(entry: PlanEntry) -> None:
    from core.treatment.regimen import daily_mg

    for option in entry.options:
        for one in option.drugs:
            regime = one.regimen
            total = daily_mg(regime, 500.0)
            if regime.most and total is not None and regime.unit == "mg":
                times = 1.0 if regime.per == "kg_day" else regime.times_per_day or 1.0
                assert total <= regime.most * times + 1e-9


@pytest.mark.parametrize("entry", PLANS, ids=lambda entry: entry.id)
def test_every_alert_of_an_option_is_in_the_plan(entry: PlanEntry) -> None:
    setting = Setting(
        age=4.0 if entry.when.get("age_under", 100) <= 18 else 70.0,
        states=["ckd", "asthma", "heart_failure"],
        labs={"creatinine": 1.8, "weight": 60.0, "potassium": 5.4, "height": 160.0},
    )
    medicines = ("warfarin 5 mg", "ibuprofen 400 mg tid", "simvastatin 40 mg daily", "citalopram 20 mg daily")
    made = plan(setting.record(medicines, allergies=("Penicillin",)), entry.id)
    known = {alert.id for alert in made.alerts}
    assert len(known) == len(made.alerts) > 0
    for option in made.options:
        assert set(option.alert_ids) <= known
        worst = {a.tier for a in made.alerts if a.id in option.alert_ids}
        assert option.stopped or Tier.STOP not in worst
    assert made.matrix is not None and {c.alert_id for c in made.matrix.cells} <= known
