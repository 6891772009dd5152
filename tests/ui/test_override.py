"""Overriding an alert from the screen to the case and the audit: coded reason, second PIN for Stop."""

import pytest

from core.domain.case import Action, Decision
from core.domain.plan import Alert, Tier
from core.treatment.check import check_medicines
from core.treatment.override import allowed, reasons
from tests.core.treatment.build import NOW, Setting


def alert(tier: Tier) -> Alert:
    found = check_medicines(Setting().record(("warfarin",)), (), ("ibuprofen", "clarithromycin"), NOW)
    return next(a for a in found if a.tier is tier)


def test_reasons_are_those_of_the_tables_for_the_tier(app) -> None:  # type: ignore[no-untyped-def]
    from ui.treatment.override import OverrideDialog

    for tier in (Tier.STOP, Tier.CAUTION):
        one = alert(tier)
        dialog = OverrideDialog(one, "Dr A", None)
        codes = [dialog.code.itemData(i) for i in range(1, dialog.code.count())]
        assert codes == [reason.code for reason in allowed(one)]
        dialog.deleteLater()


def test_stop_asks_for_text_and_for_somebody_else(app) -> None:  # type: ignore[no-untyped-def]
    from ui.treatment.override import OverrideDialog

    dialog = OverrideDialog(alert(Tier.STOP), "Dr A", None)
    assert dialog.problem()
    dialog.code.setCurrentIndex(dialog.code.findData("no_alternative"))
    assert dialog.problem()
    dialog.text.setText("Both were tried before.")
    assert dialog.problem()
    dialog.second_user.setText("dr a")
    assert dialog.problem()
    dialog.second_user.setText("Dr B")
    assert dialog.problem() == ""
    dialog.code.setCurrentIndex(dialog.code.findData("palliative"))
    dialog.text.clear()
    assert dialog.problem() == ""
    dialog.deleteLater()


def test_caution_asks_for_no_second_person(app) -> None:  # type: ignore[no-untyped-def]
    from ui.treatment.override import OverrideDialog

    dialog = OverrideDialog(alert(Tier.CAUTION), "Dr A", None)
    dialog.code.setCurrentIndex(dialog.code.findData("will_monitor"))
    assert dialog.problem() == "" and dialog.value()["second_user"] == ""
    dialog.deleteLater()


def test_coded_reasons_are_shown_in_words(app) -> None:  # type: ignore[no-untyped-def]
    from ui.treatment.override import reason_words

    assert reason_words("palliative") == next(r.label.en for r in reasons() if r.code == "palliative")
    assert reason_words("an older code") == "an older code"


@pytest.mark.parametrize("pin", ["1234", "4711"])
def test_override_of_a_stop_is_kept_in_case_and_audit(profile, pin: str) -> None:  # type: ignore[no-untyped-def]
    from core.domain.assessment import Assessment, Hypothesis
    from core.domain.basics import Label
    from core.domain.case import Case
    from core.errors import UserError
    from core.store.store import Store
    from core.store.users import Role
    from core.treatment.plan import make_plan

    record = Setting(age=60).record(("warfarin 5 mg", "ibuprofen 400 mg tid"))
    hypothesis = Hypothesis("pneumonia", Label("Pneumonia"), (), "common", 0.8, (0.6, 0.9), 0.0, 1.0)
    assessment = Assessment("a1", "", (hypothesis,), 0.1)
    made = make_plan(record, (), assessment, "pneumonia", NOW)
    stop = next(a for a in made.alerts if a.tier is Tier.STOP)
    case = Case("c1", "", "", record=record, assessment=assessment, plan=made)
    with Store.open() as store:
        store.users.add("admin", Role.ADMINISTRATOR, "administrator pass")
        store.users.sign_in("admin", "administrator pass")
        store.users.add("ann", Role.CLINICIAN, "ann long password", pin="1111")
        store.users.add("ben", Role.REVIEWER, "ben long password", pin="4711")
        store.users.sign_out()
        store.users.sign_in("ann", "ann long password")
        store.save(case)
        wish = Decision("", Action.OVERRIDE, f"alert:{stop.id}", "ann", "", "palliative", second_user="ben")
        if pin != "4711":
            with pytest.raises(UserError):
                store.decide("c1", wish, second_pin=pin)
            assert store.load("c1").decisions == ()
            return
        store.decide("c1", wish, second_pin=pin)
        (kept,) = store.load("c1").decisions
        assert (kept.reason, kept.second_user, kept.user) == ("palliative", "ben", "ann")
        store.users.sign_in("admin", "administrator pass")
        (event,) = [e for e in store.audit.events() if e.action == "decision_override"]
        assert event.user == "ann" and "palliative" in str(event) and "ben" in str(event) and stop.id in str(event)
        assert store.audit.verify().problems == ()
