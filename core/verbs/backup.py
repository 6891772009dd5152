"""`backup create|list|restore|recover|bundle|send|receive`: copies of the store, and single cases for a colleague.

Passphrases come from CONSILIUM_BACKUP_PASSPHRASE, or are asked for.
"""

import argparse
import getpass
import json
import os
import sys
from pathlib import Path
from typing import Any

from core import paths
from core.domain.serial import to_plain
from core.errors import UserError
from core.store import backup, package
from core.store.recovery import recover
from core.store.store import Store, default_folder
from core.store.support import write_bundle


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="WHAT")
    create = actions.add_parser("create", help="add an encrypted snapshot and verify it by restoring it")
    create.add_argument("folder", type=Path, help="the backup's folder, on another disk")
    rows = actions.add_parser("list", help="a backup's snapshots")
    rows.add_argument("folder", type=Path, help="the backup's folder")
    restore = actions.add_parser("restore", help="write a snapshot into an empty folder")
    restore.add_argument("folder", type=Path, help="the backup's folder")
    restore.add_argument("--to", type=Path, help="where to (default: the profile's own store, if there is none)")
    restore.add_argument("--number", type=int, help="which snapshot (default: the newest)")
    mend = actions.add_parser("recover", help="copy what can be read of a damaged store into a new one")
    mend.add_argument("--to", type=Path, required=True, help="an empty folder for the new store")
    bundle = actions.add_parser("bundle", help="versions, counts and checks for a fault report; no patient data")
    bundle.add_argument("--out", type=Path, required=True, help="the ZIP to write")
    send = actions.add_parser("send", help="write one case to an encrypted package")
    send.add_argument("case", help="the case's id")
    send.add_argument("--out", type=Path, required=True, help="the package to write")
    send.add_argument("--question", default="", help="what you ask the colleague")
    receive = actions.add_parser("receive", help="open a package and keep its case")
    receive.add_argument("file", type=Path, help="the package")


def run(args: argparse.Namespace) -> int:
    """One action."""
    result = {
        "create": _create,
        "list": _list,
        "restore": _restore,
        "recover": _recover,
        "bundle": _bundle,
        "send": _send,
        "receive": _receive,
    }[args.action](args)
    print(json.dumps(to_plain(result), ensure_ascii=False, indent=1))
    return 0


def _create(args: argparse.Namespace) -> Any:
    with _store() as store:
        return backup.back_up(store, args.folder, _passphrase(), _progress)


def _list(args: argparse.Namespace) -> Any:
    found = backup.snapshots(args.folder, _passphrase())
    return [{"number": s.number, "at": s.at, "cases": s.cases, "files": len(s.files)} for s in found]


def _restore(args: argparse.Namespace) -> Any:
    folder = args.to or default_folder()
    snapshot = backup.restore(args.folder, _passphrase(), folder, number=args.number, report=_progress)
    return {"number": snapshot.number, "at": snapshot.at, "cases": snapshot.cases, "folder": str(folder)}


def _recover(args: argparse.Namespace) -> Any:
    return recover(default_folder(), args.to, passphrase=os.environ.get("CONSILIUM_PASSPHRASE"), report=_progress)


def _bundle(args: argparse.Namespace) -> Any:
    with _store() as store:
        return {"file": str(args.out), "holds": list(write_bundle(store, args.out, paths.profile() / "logs"))}


def _send(args: argparse.Namespace) -> Any:
    with _store() as store:
        return package.export_case(store, args.case, args.out, _passphrase(), question=args.question)


def _receive(args: argparse.Namespace) -> Any:
    with _store() as store:
        case, sent = package.import_case(store, args.file, _passphrase())
    return {"case": case.id, "sent": to_plain(sent)}


def _store() -> Store:
    return Store.open(passphrase=os.environ.get("CONSILIUM_PASSPHRASE"))


def _passphrase() -> str:
    found = os.environ.get("CONSILIUM_BACKUP_PASSPHRASE")
    if found:
        return found
    if not sys.stdin.isatty():
        raise UserError("No passphrase was given.", "Set CONSILIUM_BACKUP_PASSPHRASE.")
    return getpass.getpass("Passphrase of the backup: ")


def _progress(done: int, total: int, what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{100 * done // total if total else 0:3d} % {what}", end="", file=sys.stderr)
