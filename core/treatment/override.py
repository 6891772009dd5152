"""Overriding an alert: a coded reason always, and a second user for Stop. Pure rules; the store keeps the decision."""

from dataclasses import dataclass
from functools import lru_cache

from core.domain.basics import Label
from core.domain.plan import Alert, Tier
from core.errors import UserError
from core.knowledge.treatment_files import label, read_folder
from core.paths import RESOURCES


@dataclass(frozen=True, slots=True)
class OverrideReason:
    """One coded reason. `needs_text`: free text must say more. `tiers` it may be used for."""

    code: str
    label: Label
    needs_text: bool
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Override:
    """A permitted override, ready to be kept with the case and the audit log."""

    alert_id: str
    rule_id: str
    tier: Tier
    reason: str
    text: str
    user: str
    second_user: str


@lru_cache(maxsize=1)
def reasons() -> tuple[OverrideReason, ...]:
    """The coded reasons."""
    rows = read_folder(RESOURCES / "knowledge" / "dosing").files["override.yaml"]["reasons"]
    return tuple(
        OverrideReason(r["code"], label(r["label"]), bool(r.get("needs_text")), tuple(Tier(t) for t in r["tiers"]))
        for r in rows
    )


def allowed(alert: Alert) -> tuple[OverrideReason, ...]:
    """Reasons that may be given for this alert; empty for Info, which needs no override."""
    return tuple(reason for reason in reasons() if alert.tier in reason.tiers)


def override(alert: Alert, reason_code: str, text: str, user: str, second_user: str = "") -> Override:
    """Check an override. Raises UserError where reason, text or the second user is missing or not allowed."""
    if alert.tier is Tier.INFO:
        raise UserError("This entry does not interrupt and needs no override.")
    reason = next((one for one in allowed(alert) if one.code == reason_code), None)
    if reason is None:
        raise UserError(f"“{reason_code}” is no reason for this alert.", "Choose one from the list.")
    if reason.needs_text and not text.strip():
        raise UserError("This reason needs a sentence of explanation.", "Write it.")
    if not user:
        raise UserError("An override needs the user who decides.", "Sign in.")
    if alert.tier is Tier.STOP and (not second_user or second_user == user):
        raise UserError("A Stop needs a second user, other than the first.", "Ask a colleague to confirm.")
    return Override(alert.id, alert.rule_id, alert.tier, reason.code, text.strip(), user, second_user)
