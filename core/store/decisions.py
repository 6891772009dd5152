"""What a decision must bring with it. The doctor decides; the store asks for the reason."""

from core.domain.case import Action, Case, Decision
from core.domain.plan import Tier
from core.errors import UserError

_TARGETS = ("hypothesis", "option", "alert", "step", "change", "case")


def check(case: Case, decision: Decision) -> None:
    """Raise UserError where a decision on `case` lacks what its kind needs."""
    if not decision.user.strip():
        raise UserError("A decision needs the name of who made it.", "Sign in or set your name.")
    if decision.action == Action.SIGN:
        raise UserError("A case is signed through `sign`, not by a decision.", "Use Sign.")
    kind, _, name = decision.target.partition(":")
    if kind not in _TARGETS or (kind != "case" and not name):
        raise UserError(
            f"There is nothing called {decision.target!r} to decide on.", f"Targets are {', '.join(_TARGETS)}."
        )
    if decision.action == Action.WITHDRAW and not any(d.target == decision.target for d in standing(case)):
        raise UserError("There is no decision to withdraw.", "Reload the case to see what was decided.")
    _check_reason(decision)
    _check_target(case, decision, kind, name)
    if kind == "alert" and decision.action in (Action.OVERRIDE, Action.REJECT):
        _check_override(case, decision, name)
    if kind == "option" and decision.action == Action.ACCEPT:
        _check_option(case, decision, name)


def audited(decision: Decision) -> dict[str, str]:
    """What the audit keeps of a decision beside its target: an override's coded reason and who confirmed it.

    Free text stays in the case: it may speak of the patient.
    """
    if decision.action != Action.OVERRIDE:
        return {}
    return {"reason": decision.reason, "second_user": decision.second_user}


def open_stops(case: Case, option_id: str) -> tuple[str, ...]:
    """Stop alerts of an option that nobody has overridden yet."""
    option = next((o for o in case.plan.options if o.id == option_id), None) if case.plan else None
    if option is None or case.plan is None:
        return ()
    done = {d.target for d in standing(case) if d.action == Action.OVERRIDE}
    stops = {a.id for a in case.plan.alerts if a.tier == Tier.STOP}
    return tuple(i for i in option.alert_ids if i in stops and f"alert:{i}" not in done)


def standing(case: Case) -> tuple[Decision, ...]:
    """The decisions that hold: each withdrawal takes back the last one on its target."""
    held: list[Decision] = []
    for decision in case.decisions:
        if decision.action != Action.WITHDRAW:
            held.append(decision)
            continue
        at = next((i for i in reversed(range(len(held))) if held[i].target == decision.target), None)
        if at is not None:
            del held[at]
    return tuple(held)


def _check_reason(decision: Decision) -> None:
    if decision.action in (Action.REJECT, Action.OVERRIDE) and not (decision.reason.strip() or decision.text.strip()):
        raise UserError(f"To {decision.action} needs a reason.", "Choose one or write it in a few words.")
    if decision.action == Action.EDIT and not decision.text.strip():
        raise UserError("An edit needs the new text.", "Write what should stand there.")
    if decision.action == Action.WORKING_DIAGNOSIS and not (decision.text.strip() or decision.target != "case"):
        raise UserError("A working diagnosis needs a name.", "Choose a hypothesis or write it.")


def _check_target(case: Case, decision: Decision, kind: str, name: str) -> None:
    known: set[str]
    if kind == "hypothesis":
        if case.assessment is None or decision.assessment_id not in ("", case.assessment.id):
            raise UserError("This decision is on an assessment that has been replaced.", "Look at the new one first.")
        known = {h.id for h in case.assessment.hypotheses}
    elif kind in ("option", "alert", "change"):
        plan = case.plan
        known = {
            "option": {o.id for o in plan.options},
            "alert": {a.id for a in plan.alerts},
            "change": {c.medication_id for c in plan.changes},
        }[kind] if plan else set()  # fmt: skip
    else:
        return
    if name not in known:
        raise UserError(f"The case has no {kind} {name!r}.", "Reload the case and decide again.")


def _check_override(case: Case, decision: Decision, name: str) -> None:
    alert = next(a for a in case.plan.alerts if a.id == name) if case.plan else None
    if alert is None or alert.tier != Tier.STOP:
        return
    second = decision.second_user.strip()
    if not second:
        raise UserError(
            "Overriding a Stop needs a second person.", "Ask a colleague to confirm with their name and PIN."
        )
    if second.casefold() == decision.user.strip().casefold():
        raise UserError("The second person must be somebody else.", "Ask a colleague to confirm.")


def _check_option(case: Case, decision: Decision, name: str) -> None:
    left = open_stops(case, name)
    if left:
        raise UserError(
            f"This option is blocked by {len(left)} Stop alert(s).",
            "Choose another option, or override each alert with a reason and a second person.",
        )
