"""Every share of every option counts where its condition holds and not in a healthy man; every change fires once."""

from dataclasses import replace
from typing import Any

import pytest

from core.domain.record import Medication, Sex
from core.knowledge import drug_profiles
from core.knowledge import drugs as drug_tables
from core.knowledge.drug_profiles import Use
from core.treatment import plan_files, when
from core.treatment.context import gather
from core.treatment.plan import make_plan
from core.treatment.plan_files import Fit, PlanEntry
from core.treatment.when import Situation, evaluate
from tests.core.treatment.build import NOW, SOURCE, Setting, satisfy
from tests.core.treatment.test_plan import assessment, plan

PLANS = plan_files.load().entries
FITS = [(entry, option, fit) for entry in PLANS for option in entry.options for fit in option.fits]
CHANGES = [(entry, number) for entry in PLANS for number in range(len(entry.changes))]
ADULT = [e for e in PLANS if e.when.get("age_min", 0) <= 30 and e.when.get("age_under", 100) > 18]
CLOPIDOGREL = [e for e in PLANS if any(d.drug == "clopidogrel" for o in e.options for d in o.drugs)]
HEALTHY = Setting(
    labs={
        "creatinine": 0.9, "weight": 75, "potassium": 4.2, "sodium": 140, "alt": 20, "inr": 1.0, "platelets": 220,
        "heart_rate": 70, "systolic": 125, "glucose": 95, "calcium": 9.4, "haemoglobin": 14.5, "spo2": 98,
        "ejection_fraction": 60, "urate": 5, "qtc": 410,
    },
    genes={"HLA-B*15:02": "negative", "CYP2C19": "normal"},
)  # fmt: skip
SYSTEMIC = {"oral", "iv", "im", "sc", "sublingual"}
_BELOW_FORTY = ("age_over", "age_min", "age_under")


def situation(setting: Setting) -> Situation:
    context = gather(setting.record(), setting.findings(), NOW)
    return Situation(context, frozenset(d for medicine in context.current for d in medicine.drugs))


def depends_on_age(condition: dict[str, Any]) -> bool:
    """True where the condition (or one of its parts) is about age or sex, so that a man of forty may hold it."""
    inner = [part for key in ("any", "all") for part in condition.get(key, ())]
    return bool({*_BELOW_FORTY, "sex"} & condition.keys()) or any(depends_on_age(part) for part in inner)


@pytest.mark.parametrize(("entry", "option", "fit"), FITS, ids=[f"{e.id}-{o.id}-{f.label.en}" for e, o, f in FITS])
def test_share_counts_where_its_condition_holds(entry: PlanEntry, option: plan_files.Option, fit: Fit) -> None:
    setting = Setting()
    satisfy(fit.when, setting, frozenset())
    assert evaluate(fit.when, situation(setting)).holds is True
    assert fit.weight and fit.label.en and fit.label.zh
    if not depends_on_age(fit.when):
        assert evaluate(fit.when, situation(HEALTHY)).holds is False


@pytest.mark.parametrize(("entry", "number"), CHANGES, ids=[f"{e.id}-{n}" for e, n in CHANGES])
def test_change_fires_for_its_drug_and_not_without_it(entry: PlanEntry, number: int) -> None:
    change = entry.changes[number]
    assert change.source.title and change.title.zh and change.detail.zh
    setting = Setting(age=60.0 if "age_under" not in entry.when else entry.when["age_under"] / 2)
    satisfy(change.when, setting, frozenset())
    drug = drug_tables.load().label(min(change.drugs)).en
    record = setting.record()
    taken = replace(record, medications=(Medication("m", (), f"{drug} oral", (SOURCE,), status="active"),))
    assert any(c.title == change.title and c.medication_id == "m" for c in plan(taken, entry.id).changes)
    assert not any(c.title == change.title for c in plan(record, entry.id).changes)


def test_conditions_of_plans_use_known_words_only() -> None:
    def walk(condition: dict[str, Any]) -> None:
        for key, value in condition.items():
            assert key in set(when.known_keys()), condition
            for inner in value if key in {"any", "all"} else [value] if key in {"not", "unless"} else []:
                walk(inner)

    for entry in PLANS:
        walk(entry.when)
        for option in entry.options:
            walk(option.when)
            for fit in option.fits:
                walk(fit.when)


def test_option_ids_are_unique_within_a_plan_and_assessments_find_them() -> None:
    for entry in PLANS:
        ids = [option.id for option in entry.options]
        assert len(ids) == len(set(ids)), entry.id
    assert assessment("gout").hypotheses[0].id == "gout"


@pytest.mark.parametrize("entry", ADULT, ids=lambda entry: entry.id)
def test_the_best_option_in_pregnancy_holds_no_drug_to_avoid(entry: PlanEntry) -> None:
    labs = {"gestation": 24.0, "weight": 70.0, "creatinine": 0.6}
    setting = Setting(age=30, sex=Sex.FEMALE, states=["pregnancy"], labs=labs)
    made = plan(setting.record(), entry.id)
    best = next((option for option in made.options if not option.stopped), None)
    profiles = drug_profiles.load().by_drug
    systemic = [dose.drug for dose in best.drugs if dose.route in SYSTEMIC] if best else []
    assert [drug for drug in systemic if profiles[drug].in_week(24) is Use.AVOID] == []


@pytest.mark.parametrize("entry", CLOPIDOGREL, ids=lambda entry: entry.id)
def test_poor_metabolisers_of_clopidogrel_are_left_a_main_treatment(entry: PlanEntry) -> None:
    holding = [o for o in entry.options if any(one.drug == "clopidogrel" for one in o.drugs)]
    setting = Setting(age=60, genes={"CYP2C19": "poor"}, labs={"weight": 70, "creatinine": 0.9})
    made = make_plan(setting.record(), setting.findings(), assessment(entry.id), entry.id, NOW)
    stopped = {option.id for option in made.options if option.stopped}
    assert {option.id for option in holding} <= stopped
    left = [o for o in made.options if o.line in {"first", "alternative"} and not o.stopped]
    drugs = {dose.drug for option in left for dose in option.drugs}
    assert drugs & drug_tables.load().expand(["class:antiplatelet"]), drugs
