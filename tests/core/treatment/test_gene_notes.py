"""Gene results reach the plan with CPIC's level and strength."""

from core.domain.plan import Tier
from core.knowledge.interactions import load
from core.treatment.plan import make_plan
from tests.core.treatment.build import NOW, Setting
from tests.core.treatment.test_plan import assessment


def test_poor_metaboliser_and_clopidogrel_in_the_option() -> None:
    setting = Setting(age=60, genes={"CYP2C19": "poor"}, labs={"weight": 70, "creatinine": 0.9})
    made = make_plan(
        setting.record(), setting.findings(), assessment("myocardial_infarction"), "myocardial_infarction", NOW
    )
    notes = [note for option in made.options for note in option.genes if "clopidogrel" in note.drugs]
    assert notes and all((n.level, n.strength, n.tier) == ("A", "strong", Tier.STOP) for n in notes)
    assert all(n.results[0].en.startswith("CYP2C19") and n.advice.zh and n.source.title for n in notes)
    assert {n.alert_id for n in notes} <= {alert.id for alert in made.alerts}


def test_no_note_without_a_result() -> None:
    setting = Setting(age=60, labs={"weight": 70, "creatinine": 0.9})
    made = make_plan(setting.record(), (), assessment("myocardial_infarction"), "myocardial_infarction", NOW)
    assert not any(option.genes for option in made.options)


def test_gene_rules_are_graded_or_say_nothing() -> None:
    rules = [rule for rule in load().all if rule.kind == "gene"]
    graded = [rule for rule in rules if rule.level]
    assert len(graded) / len(rules) > 0.8
    for rule in graded:
        assert rule.level in {"A", "B", "C", "D"} and rule.strength in {"strong", "moderate", "optional"}
        assert "level" not in rule.source.title


def test_a_drug_taken_already_still_stops_the_option_that_holds_it() -> None:
    setting = Setting(age=60, genes={"CYP2C19": "poor"}, labs={"weight": 70, "creatinine": 0.9})
    record = setting.record(("clopidogrel 75 mg once daily",))
    made = make_plan(record, setting.findings(), assessment("myocardial_infarction"), "myocardial_infarction", NOW)
    holding = [option for option in made.options if any(dose.drug == "clopidogrel" for dose in option.drugs)]
    assert holding and all(option.stopped and option.genes for option in holding)
    assert any(change.kind == "gene" and change.medication_id == "m0" for change in made.changes)
    assert made.matrix is not None and any(cell.tier is Tier.STOP for cell in made.matrix.cells)


def test_a_drug_taken_already_is_continued_not_doubled() -> None:
    record = Setting(age=60).record(("amoxicillin 250 mg three times daily",))
    made = make_plan(record, (), assessment("pneumonia"), "pneumonia", NOW)
    option = next(o for o in made.options if o.id == "amoxicillin")
    assert not any("duplicate" in a.rule_id and a.tier is not Tier.INFO for a in made.alerts)
    assert any(a.id in option.alert_ids and a.id.endswith("-continued") for a in made.alerts)
