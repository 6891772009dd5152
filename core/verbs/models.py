"""`models`: list, show, verify, import, compress, calibrate, install, export, sign, remove and roll back model packs."""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.inference import packs
from core.inference.drift import false_refusals
from core.inference.dry_run import check_reference
from core.inference.session import providers, threads
from core.inference.variants import choose, variants
from core.verbs import models_build, models_site

_BY = "who does it; where the store has users an administrator, by password (CONSILIUM_PASSWORD)"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="every pack with its task, version, domain and headline figures")
    show = actions.add_parser("show", help="the manifest of one pack")
    show.add_argument("pack", metavar="PACK", help="id of an installed pack, or a pack folder")
    verify = actions.add_parser("verify", help="check hashes, schema and reference outputs of packs")
    verify.add_argument("pack", metavar="PACK", nargs="*", help="ids or folders (default: all installed)")
    install = actions.add_parser("install", help="check, try in a process of its own, and install a pack")
    install.add_argument("source", type=Path, metavar="FILE", help="pack file (ZIP) or folder")
    install.add_argument("--unsigned", action="store_true", help="administrator: install without a trusted signature")
    check = actions.add_parser(
        "check", help="the security dry run of a pack: every check of an installation, nothing kept"
    )
    check.add_argument("source", type=Path, metavar="FILE", help="pack file (ZIP) or folder")
    install.add_argument("--by", default="", help=_BY)
    export = actions.add_parser("export", help="write one file of a pack, signed where a key is given")
    export.add_argument("pack", metavar="PACK", help="id of an installed pack, or a pack folder")
    export.add_argument("--out", type=Path, required=True, help="the ZIP file to write")
    export.add_argument("--key", type=Path, default=None, help="private key to sign with")
    for name, text in (
        ("remove", "take an installed pack away; `rollback` brings it back"),
        ("rollback", "bring back the version before"),
    ):
        own = actions.add_parser(name, help=text)
        own.add_argument("pack", metavar="PACK", help="id of the pack")
        own.add_argument("--by", default="", help=_BY)
    models_build.register(actions)
    models_site.register(actions)
    actions.add_parser("keygen", help="make a key pair for signing").add_argument("out", type=Path, metavar="FILE")
    trust = actions.add_parser("trust", help="trust a maker's public key")
    trust.add_argument("key", type=Path, metavar="FILE")
    trust.add_argument("--by", default="", help=_BY)


def run(args: argparse.Namespace) -> int:
    """Print the result as JSON. `verify` ends with 2 where a pack fails."""
    if args.action in _CHANGES:
        from core.inference import install

        found = _changed(install, args) if "by" in args else _CHANGES[args.action](install, args)
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    if args.action == "check":
        return _check(args.source)
    if args.action in _WORK:
        print(json.dumps(_WORK[args.action](args), ensure_ascii=False, indent=1))
        return 0
    if args.action == "list":
        out: object = {"packs": [_line(p) for p in packs.installed()], "providers": providers(), "threads": threads()}
    elif args.action == "show":
        out = _shown(packs.load(_folder(args.pack)))
    else:
        return _verify(args.pack)
    print(json.dumps(out, ensure_ascii=False, indent=1))
    return 0


def _changed(work: Any, args: argparse.Namespace) -> dict[str, Any]:
    """A change of what is installed: under the roles of the store where there is one, and in its audit trail."""
    from core.store.store import default_folder
    from core.store.users import Permission
    from core.verbs.learn_promote import open_store, sign_in

    if not default_folder().is_dir():  # no store, so nobody to ask and no trail to write
        return _CHANGES[args.action](work, args)
    with open_store() as store:
        who = store.users.require(Permission.INSTALL_PACKS, sign_in(store, args.by))
        found = _CHANGES[args.action](work, args)
        said = {"pack": str(found["id"]), "version": str(found["version"])} if "id" in found else found
        store.audit.add(_AUDITED[args.action], who, "", **said)
    return found


_AUDITED = {"install": "install_pack", "remove": "remove_pack", "rollback": "roll_back_pack", "trust": "trust_key"}


def _line(pack: packs.Pack) -> dict[str, Any]:
    domain, tested = pack.domain, pack.manifest["metrics"].get("own_test", {})
    keys = ("n", "auroc", "balanced_accuracy", "sensitivity", "specificity", "ece")
    return {
        "id": pack.id,
        "version": pack.pack_version,
        "sha256": pack.sha256,
        "task": pack.task,
        "name": {"en": pack.name.en, "zh": pack.name.zh},
        "labels": [label.code.code for label in pack.labels],
        "ages_years": [domain.age_from_years, domain.age_below_years],
        "views": domain.views,
        "own_test": {key: tested[key] for key in keys if key in tested},
        "validated": (pack.manifest.get("imported") or {}).get("validated", True),
        "false_refusals": false_refusals(dict(pack.manifest)),
        "takes": choose(pack, providers()[0]).variant.role,
        "bytes": sum(int(f["bytes"]) for f in pack.manifest["files"].values()),
    }


def _shown(pack: packs.Pack) -> dict[str, Any]:
    """The manifest, and what holds on this machine: folder, variants, the site's calibration, the version to go back to."""
    from core.inference import install, site

    in_force = {one.code.code: site.in_force(pack, one.code.code) for one in pack.labels}
    choice = choose(pack, providers()[0])
    here = {
        "folder": str(pack.folder),
        "sha256": pack.sha256,
        "provider": providers()[0],
        "takes": {"role": choice.variant.role, "en": choice.why.en, "zh": choice.why.zh},
        "variants": [asdict(v) for v in variants(pack)],
        "site_calibration": {code: asdict(made) for code, made in in_force.items() if made is not None},
        "earlier_version": install.earlier(pack.id),
    }
    return {**pack.manifest, "here": here}


def _folder(name: str) -> Path:
    path = Path(name)
    return path if (path / packs.MANIFEST).is_file() else packs.find(name).folder


def _verify(names: list[str]) -> int:
    folders = [_folder(name) for name in names] or list(packs.folders())
    results = [_verified(folder) for folder in folders]
    print(json.dumps({"packs": results}, ensure_ascii=False, indent=1))
    return 0 if all(r["ok"] for r in results) else 2


def _verified(folder: Path) -> dict[str, Any]:
    from core.inference.install import screen

    started = time.perf_counter()
    try:
        pack = packs.verify(folder)
        screen(pack)
        worst = check_reference(pack)
    except UserError as error:
        return {"folder": folder.name, "ok": False, "why": str(error)}
    return {
        "folder": folder.name,
        "id": pack.id,
        "version": pack.pack_version,
        "ok": True,
        "files": len(pack.manifest["files"]),
        "reference_difference": worst,
        "seconds": round(time.perf_counter() - started, 3),
    }


def _check(source: Path) -> int:
    from core.inference.examine import examine

    found = examine(source, _progress)
    print(json.dumps({**asdict(found), "ok": found.ok, "signed": found.signed}, ensure_ascii=False, indent=1))
    return 0 if found.ok else 2


def _progress(done: int, total: int, what: str) -> None:
    print(f"{what}: {done}/{total}", file=sys.stderr)


def _install(work: Any, args: argparse.Namespace) -> dict[str, Any]:
    return _line(work.install(args.source, allow_unsigned=args.unsigned, report=_progress))


def _export(work: Any, args: argparse.Namespace) -> dict[str, Any]:
    work.export_pack(_folder(args.pack), args.out, args.key)
    return {"file": str(args.out), "bytes": args.out.stat().st_size, "signed": args.key is not None}


def _remove(work: Any, args: argparse.Namespace) -> dict[str, Any]:
    work.remove(args.pack)
    return {"removed": args.pack}


def _keygen(work: Any, args: argparse.Namespace) -> dict[str, Any]:
    work.new_key(args.out)
    return {"private": str(args.out), "public": str(args.out.with_suffix(".pub.pem"))}


def _trust(work: Any, args: argparse.Namespace) -> dict[str, Any]:
    work.trust(args.key)
    return {"trusted": args.key.name}


_WORK = {
    "import": models_build.run_import,
    "compress": lambda args: models_build.run_compress(args, _folder(args.pack)),
    "calibrate": models_site.run_calibrate,
    "drift": models_site.run_drift,
    "variant": models_site.run_variant,
}
_CHANGES = {
    "install": _install,
    "export": _export,
    "remove": _remove,
    "rollback": lambda work, args: _line(work.rollback(args.pack)),
    "keygen": _keygen,
    "trust": _trust,
}
