"""Duplicates, QT, maximum dose, routes, unknown names, grouping, the non-interruptive habit."""

from dataclasses import replace

import pytest

from core.domain.plan import Alert, Tier
from core.domain.record import Medication
from core.treatment.check import check_medicines, grouped, interrupting
from core.treatment.checks.dose import limits
from tests.core.treatment.build import NOW, SOURCE, Setting, lab, label


def run(*orders: str, taken: tuple[str, ...] = (), setting: Setting | None = None) -> tuple[Alert, ...]:
    return check_medicines((setting or Setting()).record(taken), (), orders, NOW)


def tiers(found: tuple[Alert, ...], kind: str) -> list[Tier]:
    return [a.tier for a in found if a.kind == kind]


def test_duplicates() -> None:
    assert tiers(run("simvastatin 20 mg", taken=("atorvastatin 40 mg",)), "duplicate") == [Tier.CAUTION]
    assert tiers(run("Tylenol 500 mg", taken=("Percocet 5/325",)), "duplicate") == [Tier.CAUTION]
    assert tiers(run("Warfarin 5 MG", taken=("warfarin 5 mg",)), "duplicate") == []
    assert tiers(run("insulin lispro", taken=("insulin glargine",)), "duplicate") == []
    assert tiers(run("Augmentin"), "duplicate") == []


def test_qt_adds_up() -> None:
    assert tiers(run("haloperidol", taken=("methadone",)), "qt") == [Tier.CAUTION]
    assert tiers(run("haloperidol"), "qt") == []
    long_qt = Setting(labs={"qtc": 510})
    assert Tier.STOP in tiers(run("haloperidol", setting=long_qt), "qt")
    low_potassium = Setting(labs={"potassium": 3.0})
    alert = next(a for a in run("ondansetron", taken=("quetiapine",), setting=low_potassium) if a.kind == "qt")
    assert alert.tier is Tier.CAUTION and any("potassium 3" in f.en for f in alert.factors)
    assert tiers(run("ondansetron", taken=("quetiapine",)), "qt") == [Tier.INFO]


@pytest.mark.parametrize("drug", sorted(limits()))
def test_maximum_dose(drug: str) -> None:
    limit = limits()[drug]
    assert tiers(run(f"{label(drug)} {limit.daily_mg:g} mg once daily"), "dose") == []
    assert tiers(run(f"{label(drug)} {limit.daily_mg * 1.5:g} mg once daily"), "dose") == [Tier.CAUTION]
    assert tiers(run(f"{label(drug)} {limit.daily_mg * 2.5:g} mg once daily"), "dose") == [Tier.STOP]
    assert limit.source.title and limit.source.year


def test_maximum_counts_all_orders_and_the_old() -> None:
    assert tiers(run("paracetamol 1000 mg q6h", taken=("acetaminophen 500 mg tid",)), "dose") == [Tier.CAUTION]
    assert tiers(run("citalopram 40 mg daily"), "dose") == []
    assert tiers(run("citalopram 40 mg daily", setting=Setting(age=70)), "dose") == [Tier.STOP]
    assert tiers(run("paracetamol 1000 mg q6h prn", taken=("acetaminophen 500 mg tid",)), "dose") == []


def test_local_routes_do_not_interact_but_asthma_minds_eye_drops() -> None:
    assert tiers(run("diclofenac gel", taken=("warfarin",)), "interaction") == [Tier.INFO]
    assert tiers(run("diclofenac 50 mg tablet", taken=("warfarin",)), "interaction") == [Tier.STOP]
    asthma = Setting(states=["asthma"])
    assert Tier.STOP in tiers(run("timolol eye drops", setting=asthma), "disease")


def test_unknown_names_are_said() -> None:
    found = run("xyzzy 5 mg")
    assert [a.kind for a in found] == ["unknown"] and "xyzzy" in found[0].title.en


def test_stopped_medicines_do_not_count() -> None:
    record = Setting().record(("warfarin",))
    stopped = replace(record, medications=tuple(replace(m, status="stopped") for m in record.medications))
    assert not interrupting(check_medicines(stopped, (), ("ibuprofen",), NOW))
    ended = replace(record, medications=tuple(replace(m, end="2026-01-01") for m in record.medications))
    assert not interrupting(check_medicines(ended, (), ("ibuprofen",), NOW))


def test_alerts_of_one_action_are_one_decision() -> None:
    found = interrupting(run("methadone", "haloperidol", "ondansetron"))
    qt = [a for a in found if a.group == "qt"]
    assert len(qt) == 3 and len([key for key, _ in grouped(found) if key == "qt"]) == 1


def test_a_stated_stage_stands_for_a_missing_creatinine() -> None:
    from core.domain.record import Problem

    record = replace(Setting().record(), problems=(Problem("p", (), "Chronic kidney disease stage 4", (SOURCE,)),))
    found = [a for a in check_medicines(record, (), ("metformin",), NOW) if a.rule_id == "renal_metformin"]
    assert [a.tier for a in found] == [Tier.STOP] and "≤" in found[0].factors[0].en


def test_order_and_ids_are_stable() -> None:
    once, again = run("warfarin", "ibuprofen", "simvastatin"), run("warfarin", "ibuprofen", "simvastatin")
    assert once == again
    assert len({a.id for a in once}) == len(once)
    order = {Tier.STOP: 0, Tier.CAUTION: 1, Tier.INFO: 2}
    assert [order[a.tier] for a in once] == sorted(order[a.tier] for a in once)


def test_alerts_keep_their_evidence() -> None:
    record = replace(Setting(labs={}).record(("warfarin",)), observations=(lab("potassium", 6.2),))
    assert isinstance(record.medications[0], Medication)
    for alert in interrupting(check_medicines(record, (), ("ibuprofen", "spironolactone"), NOW)):
        assert alert.evidence and alert.source.title and alert.title.zh and alert.action.zh
