"""The policy in force, in words."""

from core.store.policy import Policy, policy_path
from ui.translate import tr


def policy_lines(policy: Policy) -> tuple[tuple[str, str], ...]:
    """(what, how) of every rule; where no file is, that everything is left to the user."""
    if not policy.source:
        return ((tr("Policy file"), tr("none: everything is left to the users ({path})", path=policy_path())),)
    lock = tr("{n} minutes", n=policy.idle_minutes) if policy.idle_minutes is not None else tr("left to the user")
    lines = [
        (tr("Policy file"), policy.source),
        (tr("Locks after"), lock),
        (tr("Passphrase"), tr("required") if policy.passphrase_required else tr("left to the user")),
        (tr("Archives allowed"), _names(policy.pacs_peers)),
        (tr("Who installs models"), _names(policy.pack_installers)),
        (tr("Exports"), tr("allowed") if policy.export_allowed else tr("forbidden")),
    ]
    if policy.settings:
        lines.append((tr("Locked settings"), ", ".join(f"{k} = {v}" for k, v in policy.settings.items())))
    return tuple(lines)


def _names(names: tuple[str, ...] | None) -> str:
    if names is None:
        return tr("left to the user")
    return ", ".join(names) or tr("none")
