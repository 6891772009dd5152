"""`pacs list|echo|find|get|move|send`: talk to an archive an administrator has configured. Off until then.

    <profile>/pacs.json: {"archive": {"host": "pacs.example", "port": 104, "called": "ARCHIVE", "ca_file": "/etc/ca.pem"},
                          "web": {"url": "https://pacs.example/dicom-web", "user": "reader"}}

A web peer's password comes from CONSILIUM_PACS_PASSWORD. The organisation's policy may name the only peers allowed.
"""

import argparse
import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from core import dicom_report, exchange, paths
from core.errors import UserError
from core.imaging import pacs, pacs_web
from core.imaging.pacs import Peer
from core.imaging.pacs_config import PASSWORD_VARIABLE, configured, refuse_forbidden
from core.imaging.pacs_web import WebPeer
from core.store.policy import load_policy, refuse_export
from core.store.series import bring_back
from core.store.store import Store
from core.store.users import Permission

_KEYS = ("PatientName", "PatientID", "StudyDate", "StudyDescription", "AccessionNumber", "StudyInstanceUID")
_OFF = "No archive is configured: nothing connects until an administrator configures one."


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="WHAT")
    actions.add_parser("list", help="the configured archives")
    for name, text in (
        ("echo", "ask whether the archive is there"),
        ("find", "list studies that match KEY=VALUE (wildcards * and ?)"),
        ("get", "fetch a study into a folder"),
        ("move", "have the archive send a study to a third node it knows"),
        ("send", "send DICOM files or folders, or with --case what of a case goes out as DICOM"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("--peer", default="", help="its name in pacs.json (not needed where there is one)")
        action.add_argument("--host", default="", help="instead: the address of a DICOM node")
        action.add_argument("--port", type=int, default=104, help="its port (default 104)")
        action.add_argument("--called", default="ANY-SCP", help="its AE title (default ANY-SCP)")
        action.add_argument("--ca-file", default="", help="the certificate that signs its own: TLS")
        action.add_argument("--url", default="", help="instead: the root of a DICOMweb server")
        if name == "find":
            action.add_argument(
                "keys", nargs="*", metavar="KEY=VALUE", help="such as PatientID=123, StudyDate=20260101-"
            )
        elif name in {"get", "move"}:
            action.add_argument("study", help="StudyInstanceUID")
            target = "--out" if name == "get" else "--to"
            action.add_argument(target, required=True, help="the folder" if name == "get" else "the third's AE title")
        elif name == "send":
            action.add_argument("files", nargs="*", type=Path, help="DICOM files or folders of them")
            action.add_argument("--case", default="", help="instead: a case of the store, as DICOM objects made now")
            kinds = (
                "sr (measurements, accepted model findings), ko (key images), seg (regions), pdf, sc (page pictures)"
            )
            action.add_argument("--what", default="sr,ko,seg,pdf", help=f"of these: {kinds}; default sr,ko,seg,pdf")
            action.add_argument("--lang", choices=["en", "zh"], default="en", help="language of the report")


def run(args: argparse.Namespace) -> int:
    """One action on one archive; JSON on standard output."""
    known = configured()
    if args.action == "list":
        _print({name: _shown(peer) for name, peer in known.items()})
        if not known:
            print(_OFF, file=sys.stderr)
        return 0
    peer = _chosen(args, known)
    refuse_forbidden(peer, load_policy().pacs_peers)
    _print({"peer": _shown(peer), **_act(args, peer)})
    return 0


def _chosen(args: argparse.Namespace, known: dict[str, Peer | WebPeer]) -> Peer | WebPeer:
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if args.url:
        return WebPeer(args.url, ca_file=args.ca_file)
    if args.host:
        return Peer(args.host, args.port, args.called, ca_file=args.ca_file)
    if not known:
        raise UserError(_OFF, f"Write {paths.profile() / 'pacs.json'}, or give --host or --url.")
    name = args.peer or (next(iter(known)) if len(known) == 1 else "")
    if name not in known:
        raise UserError(f"There is no archive {name!r}.", f"Choose with --peer: {', '.join(sorted(known))}.")
    peer = known[name]
    return dataclasses.replace(peer, password=password) if isinstance(peer, WebPeer) and password else peer


def _act(args: argparse.Namespace, peer: Peer | WebPeer) -> dict[str, Any]:
    if args.action == "echo":
        if isinstance(peer, WebPeer):
            pacs_web.qido(peer, {"StudyInstanceUID": "1"})
        else:
            pacs.echo(peer)
        return {"answers": True}
    if args.action == "find":
        keys = dict.fromkeys(_KEYS, "") | dict(_pair(text) for text in args.keys)
        found = pacs_web.qido(peer, keys) if isinstance(peer, WebPeer) else pacs.find(peer, keys)
        return {"studies": [m.values for m in found]}
    if args.action == "move":
        if isinstance(peer, WebPeer):
            raise UserError("A DICOMweb server can't send to a third node.", "Use get.")
        return {"sent": pacs.move(peer, {"StudyInstanceUID": args.study}, args.to, report=_report)}
    if args.action == "get":
        return {"files": [str(path) for path in _get(args.study, Path(args.out), peer)]}
    if args.case:
        return _send_case(args, peer)
    files = [f for path in args.files for f in (sorted(path.rglob("*")) if path.is_dir() else [path]) if f.is_file()]
    if not files:
        raise UserError("There is no file to send.", "Name files that exist.")
    sent = pacs_web.stow(peer, files, _report) if isinstance(peer, WebPeer) else pacs.store(peer, files, _report)
    return {"sent": sent}


def _send_case(args: argparse.Namespace, peer: Peer | WebPeer) -> dict[str, Any]:
    """Make the objects, send them, write it into the audit log."""
    what = args.what.split(",")
    if unknown := sorted(set(what) - set(dicom_report.KINDS)):
        raise UserError(f"Unknown: {', '.join(unknown)}.", f"Choose of {', '.join(dicom_report.KINDS)}.")
    with (
        Store.open(passphrase=os.environ.get("CONSILIUM_PASSPHRASE")) as store,
        tempfile.TemporaryDirectory(prefix="consilium-") as scratch,
    ):
        who = store.users.require(Permission.EXPORT)
        refuse_export(store.policy)
        local, folder = Path(scratch) / "images", Path(scratch) / "objects"
        local.mkdir()
        folder.mkdir()
        case = store.load(args.case)
        bring_back(store, args.case, local, _report)
        case = store.with_local_images(case, local)
        made = dicom_report.write_objects(case, what, folder, observer=who, language=args.lang, report=_report)
        name = args.peer or (peer.url if isinstance(peer, WebPeer) else peer.called)
        files = [one.path for one in made]
        sent = exchange.audited_send(store, peer, files, name=name, who=who, case_id=args.case, report=_report)
    return {"sent": sent, "objects": [{"kind": one.kind, "holds": one.count} for one in made]}


def _pair(text: str) -> tuple[str, str]:
    from pydicom.datadict import tag_for_keyword

    keyword, sign, value = text.partition("=")
    if not sign or tag_for_keyword(keyword) is None:
        raise UserError(f"{text!r} is not KEY=VALUE with a DICOM keyword.", "Such as PatientID=123.")
    return keyword, value


def _get(study: str, folder: Path, peer: Peer | WebPeer) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {folder} can't be made ({error.strerror}).", "Choose another.") from error
    return exchange.fetch_study(peer, study, folder, _report)


def _shown(peer: Peer | WebPeer) -> dict[str, Any]:
    if isinstance(peer, WebPeer):
        return {"url": peer.url, "user": peer.user, "tls": peer.url.startswith("https:")}
    return {"host": peer.host, "port": peer.port, "called": peer.called, "tls": bool(peer.ca_file)}


def _report(done: int, total: int, text: str) -> None:
    print(f"{done}/{total or '?'} {text}", file=sys.stderr)


def _print(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
