"""`models list|show|verify`: the model packs on this machine."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import UserError
from core.inference import packs
from core.inference.predict import forward, session
from core.inference.session import providers, threads


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="every pack with its task, version, domain and headline figures")
    show = actions.add_parser("show", help="the manifest of one pack")
    show.add_argument("pack", metavar="PACK", help="id of an installed pack, or a pack folder")
    verify = actions.add_parser("verify", help="check hashes, schema and reference outputs of packs")
    verify.add_argument("pack", metavar="PACK", nargs="*", help="ids or folders (default: all installed)")


def run(args: argparse.Namespace) -> int:
    """Print the result as JSON. `verify` ends with 2 where a pack fails."""
    if args.action == "list":
        out: object = {"packs": [_line(p) for p in packs.installed()], "providers": providers(), "threads": threads()}
    elif args.action == "show":
        out = packs.load(_folder(args.pack)).manifest
    else:
        return _verify(args.pack)
    print(json.dumps(out, ensure_ascii=False, indent=1))
    return 0


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
        "bytes": sum(int(f["bytes"]) for f in pack.manifest["files"].values()),
    }


def _folder(name: str) -> Path:
    path = Path(name)
    return path if (path / packs.MANIFEST).is_file() else packs.find(name).folder


def _verify(names: list[str]) -> int:
    folders = [_folder(name) for name in names] or list(packs.folders())
    results = [_verified(folder) for folder in folders]
    print(json.dumps({"packs": results}, ensure_ascii=False, indent=1))
    return 0 if all(r["ok"] for r in results) else 2


def _verified(folder: Path) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        pack = packs.verify(folder)
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


def check_reference(pack: packs.Pack) -> float:
    """Largest difference between the logits stated in the manifest and those of this machine. UserError above the
    tolerance."""
    stated = pack.manifest["reference"]
    size = pack.preprocessing.size
    logits = np.asarray(stated["logits"], np.float64)
    films = np.random.default_rng(int(stated["seed"])).random((len(logits), 1, size, size), np.float32)
    session.cache_clear()
    worst = float(np.abs(forward(pack, films)[0][:, 0] - logits).max())
    if not worst <= float(stated["tolerance"]):
        raise UserError(
            f"The model pack {pack.id} gives other outputs here than it states (off by {worst:.2g}).",
            "Report the processor and the versions shown by `models list`.",
        )
    return worst
