"""All safety checks of current and proposed medicines, worst first, one alert a rule and drugs."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from core.domain.basics import Citation, Label
from core.domain.finding import Finding
from core.domain.plan import Alert, Tier
from core.domain.record import Record
from core.treatment import alerts
from core.treatment.checks import allergy, dose, duplicate, interaction, patient, profile, qt
from core.treatment.context import Context, gather
from core.treatment.given import Given, given

Check = Callable[[Context, tuple[Given, ...]], Iterator[Alert]]

CHECKS: tuple[Check, ...] = (
    allergy.check,
    interaction.check,
    qt.check,
    patient.check,
    profile.check,
    duplicate.check,
    dose.check,
)

_UNKNOWN_SOURCE = Citation("Project rule: a name that is not recognised is not checked, and says so", 2026)


def check_medicines(
    record: Record, findings: Iterable[Finding], proposed: tuple[str, ...], now: datetime
) -> tuple[Alert, ...]:
    """Alerts for what the patient takes and what is proposed (drug ids or orders in words), at `now`.

    Empty means that no rule fired for what was recognised; entries that were not recognised have an alert of their own.
    """
    return check_context(gather(record, findings, now), proposed)


def check_context(context: Context, proposed: Iterable[str]) -> tuple[Alert, ...]:
    """The same for a context gathered before (a plan checks several options against one patient)."""
    entries, unknown = given(context, proposed)
    found = [one for check in CHECKS for one in check(context, entries)]
    found += [_unrecognised(text) for text in unknown]
    return alerts.merged(_quieter(found))


def interrupting(listed: Iterable[Alert]) -> tuple[Alert, ...]:
    """Those that stop the work: Stop and Caution."""
    return tuple(alert for alert in listed if alert.tier is not Tier.INFO)


def grouped(listed: Iterable[Alert]) -> tuple[tuple[str, tuple[Alert, ...]], ...]:
    """Alerts that ask for the same action, together, in order of their worst member: one decision instead of several."""
    groups: dict[str, list[Alert]] = {}
    for alert in listed:
        groups.setdefault(alert.group, []).append(alert)
    return tuple((key, tuple(members)) for key, members in groups.items())


def _quieter(found: list[Alert]) -> list[Alert]:
    """Where one pair of drugs has an interaction alert of its own, the general QT alert of that pair is not repeated."""
    pairs = {frozenset(a.drugs): alerts.ORDER[a.tier] for a in found if a.kind == "interaction" and "qt" in a.group}
    return [
        a for a in found if a.kind != "qt" or pairs.get(frozenset(a.drugs), len(alerts.ORDER)) > alerts.ORDER[a.tier]
    ]


def _unrecognised(text: str) -> Alert:
    return Alert(
        id=f"alert-unknown-{text.lower()[:60]}",
        tier=Tier.INFO,
        kind="unknown",
        rule_id="unrecognised",
        title=Label(f"Not recognised: {text}", f"未识别：{text}"),
        detail=Label(
            "No drug name was recognised in this entry, so nothing was checked.", "该条目未识别出药名，未做任何核对。"
        ),
        action=Label("Enter the generic name.", "请输入通用名。"),
        drugs=(),
        source=_UNKNOWN_SOURCE,
        group="unknown",
    )
