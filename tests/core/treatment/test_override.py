"""Overrides: coded reason always, text where asked, a second user for Stop."""

import pytest

from core.domain.plan import Alert, Tier
from core.errors import UserError
from core.treatment.check import check_medicines
from core.treatment.override import allowed, override, reasons
from tests.core.treatment.build import NOW, Setting


def alert(tier: Tier) -> Alert:
    found = check_medicines(Setting().record(("warfarin",)), (), ("ibuprofen", "clarithromycin", "paracetamol"), NOW)
    return next(a for a in found if a.tier is tier)


def test_caution_needs_a_reason() -> None:
    caution = alert(Tier.CAUTION)
    assert override(caution, "will_monitor", "", "dr.a").reason == "will_monitor"
    for reason, text, user in (("because", "", "dr.a"), ("benefit_outweighs", " ", "dr.a"), ("will_monitor", "", "")):
        with pytest.raises(UserError):
            override(caution, reason, text, user)


def test_stop_needs_a_second_user() -> None:
    stop = alert(Tier.STOP)
    kept = override(stop, "tolerated_before", "", "dr.a", "dr.b")
    assert (kept.alert_id, kept.tier, kept.second_user) == (stop.id, Tier.STOP, "dr.b")
    for second in ("", "dr.a"):
        with pytest.raises(UserError):
            override(stop, "tolerated_before", "", "dr.a", second)
    assert "will_monitor" not in {reason.code for reason in allowed(stop)}


def test_info_needs_none() -> None:
    info = alert(Tier.INFO)
    assert allowed(info) == ()
    with pytest.raises(UserError):
        override(info, "will_monitor", "", "dr.a")


def test_reasons_are_bilingual_and_unique() -> None:
    codes = [reason.code for reason in reasons()]
    assert len(codes) == len(set(codes)) and all(reason.label.zh and reason.tiers for reason in reasons())
