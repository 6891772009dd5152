"""Who may put a learned pack into service, run it in shadow or go back, and what of it is written into the audit trail.

The same for the command line and the window: an administrator promotes, and a second person who may sign answers for it too,
with a PIN.
"""

import getpass
import os
import sys
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.inference import install
from core.inference.packs import Pack
from core.learning import promote, shadow
from core.progress import Report, silent
from core.store.store import Store
from core.store.users import Permission

PASSWORD, PIN = "CONSILIUM_PASSWORD", "CONSILIUM_SECOND_PIN"


def promote_as(
    store: Store,
    run: Path,
    *,
    by: str = "",
    second: str,
    pin: str = "",
    limits: promote.Limits | None = None,
    report: Report = silent,
) -> tuple[Pack, promote.Table]:
    """Compare once more and install; audited, a refusal too. UserError where somebody may not; Refused with the table."""
    who = store.users.require(Permission.INSTALL_PACKS, by)
    other = _second(store, who, second, pin)
    try:
        pack, table = promote.promote(run, by=who, second=other, limits=limits, report=report)
    except promote.Refused as refused:
        failed = ", ".join(f"{g.rule} {g.of}".strip() for g in refused.table.guards if not g.ok)
        store.audit.add("promotion_refused", who, "", run=run.name, second=other, guards=failed)
        raise
    store.audit.add(
        "promote_pack", who, "", pack=pack.id, version=pack.pack_version, second=other, guards=str(len(table.guards))
    )
    return pack, table


def _second(store: Store, who: str, second: str, pin: str) -> str:
    """The second person: not the first, and where there are users one who may sign, by PIN."""
    if not second.strip():
        raise UserError("A second person is needed.", "Name a colleague who answers for it too (--second).")
    if second.strip().casefold() == who.casefold():
        raise UserError("The second person is somebody else.", "Ask a colleague.")
    return second.strip() if store.users.single_doctor else store.users.verify_pin(second.strip(), pin)


def shadow_as(store: Store, run: Path, by: str = "") -> Pack:
    """Run a finished run beside the pack in service; audited."""
    who = store.users.require(Permission.INSTALL_PACKS, by)
    pack = shadow.start(run)
    store.audit.add("shadow_pack", who, "", pack=pack.id, version=pack.pack_version)
    return pack


def end_shadow_as(store: Store, pack_id: str, by: str = "") -> None:
    """End shadow mode and throw its answers away; audited."""
    who = store.users.require(Permission.INSTALL_PACKS, by)
    shadow.stop(pack_id)
    store.audit.add("shadow_ended", who, "", pack=pack_id)


def roll_back_as(store: Store, pack_id: str, by: str = "") -> Pack:
    """Bring the version before back; audited."""
    who = store.users.require(Permission.INSTALL_PACKS, by)
    pack = install.rollback(pack_id)
    store.audit.add("roll_back_pack", who, "", pack=pack.id, version=pack.pack_version)
    return pack


def sign_in(store: Store, by: str) -> str:
    """On the command line: the person `by` signed in where the store has users (password asked for, or in PASSWORD)."""
    if store.users.single_doctor:
        return by
    if not by:
        raise UserError("Nobody is signed in.", "Say who with --by NAME.")
    return store.users.sign_in(by, _secret(PASSWORD, f"Password of {by}: ")).user


def second_pin(store: Store) -> str:
    """On the command line: the second person's PIN, where the store has users."""
    return "" if store.users.single_doctor else _secret(PIN, "PIN of the second person: ")


def _secret(variable: str, asked: str) -> str:
    if (found := os.environ.get(variable)) is not None:
        return found
    if not sys.stdin.isatty():
        raise UserError("No password was given.", f"Set {variable}.")
    return getpass.getpass(asked)


def open_store() -> Store:
    """The profile's own store."""
    return Store.open(passphrase=os.environ.get("CONSILIUM_PASSPHRASE"))


def run_promote(args: Any, limits: promote.Limits, report: Report) -> dict[str, Any]:
    """`learn promote RUN`."""
    promote.candidate(args.run)
    if args.dry_run:
        return promote.compare(args.run, limits, report).as_json()
    with open_store() as store:
        by = sign_in(store, args.by)
        if args.shadow:
            beside = shadow_as(store, args.run, by)
            return {"shadow": beside.id, "candidate": beside.pack_version}
        if not args.second.strip():
            _second(store, by, args.second, "")
        pin = second_pin(store)
        pack, table = promote_as(store, args.run, by=by, second=args.second, pin=pin, limits=limits, report=report)
    return {"promoted": pack.id, "version": pack.pack_version, "sha256": pack.sha256, "table": table.as_json()}
