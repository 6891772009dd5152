"""`learn`: from data to a model pack in service, for images, texts and tables. Needs the `training` extra."""

import argparse
import json
import os
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import paths
from core.errors import UserError
from core.progress import Report

if TYPE_CHECKING:
    from core.learning.promote import Limits
    from core.learning.recipe import TrainRecipe


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    train = actions.add_parser("train", help="train a model from a recipe or from data; goes on where it was stopped")
    _recipe_arguments(train)
    train.add_argument(
        "--work", type=Path, default=None, help="chest recipe: working folder (split, checkpoints, curves)"
    )
    train.add_argument("--members", type=int, default=2, help="chest recipe: networks that differ in their seed (2)")
    train.add_argument("--only", type=int, default=None, metavar="K", help="chest recipe: train member K alone")
    train.add_argument("--start", type=Path, default=None, help="chest recipe: working folder to begin with")
    check = actions.add_parser("check", help="what a recipe's data holds: split, balance, problems; trains nothing")
    _recipe_arguments(check)
    search = actions.add_parser("search", help="search hyperparameters; goes on where it was stopped")
    _recipe_arguments(search)
    search.add_argument("--trials", type=int, default=20, help="trials in all (default 20)")
    pretrain = actions.add_parser("pretrain", help="masked-language pretraining on a folder of notes; goes on")
    pretrain.add_argument("notes", type=Path, metavar="NOTES", help="folder of .txt notes")
    pretrain.add_argument("--model", type=Path, required=True, help="folder of a pretrained text model")
    pretrain.add_argument("--out", type=Path, required=True, help="run folder; the model is in OUT/model")
    pretrain.add_argument("--deidentify", action="store_true", help="cover what identifies people before learning")
    pretrain.add_argument("--epochs", type=int, default=3, help="times over the notes (default 3)")
    pretrain.add_argument("--batch", type=int, default=16, help="notes a step (default 16)")
    pretrain.add_argument("--rate", type=float, default=1e-4, help="highest learning rate (default 0.0001)")
    pretrain.add_argument("--longest", type=int, default=256, help="tokens of a note that are read (default 256)")
    pretrain.add_argument("--threads", type=int, default=2, help="processor threads (default 2)")
    status = actions.add_parser("status", help="where a run stands: step, curves, time left")
    status.add_argument("run", type=Path, metavar="RUN", help="run folder")
    stop = actions.add_parser("stop", help="ask a run to write a checkpoint and end")
    stop.add_argument("run", type=Path, metavar="RUN", help="run folder")
    rows = actions.add_parser("explain", help="exact Shapley values of table rows against the pack's background")
    rows.add_argument("pack", metavar="PACK", help="id of an installed table pack, or a pack folder")
    rows.add_argument("rows", type=Path, metavar="ROWS", help="CSV with the pack's columns")
    rows.add_argument("--label", type=int, default=0, help="which label, from 0 (default the first)")
    rows.add_argument("--method", default="", choices=["", "trees"], help="default: by the number of columns")
    _service_arguments(actions)
    _chest_arguments(actions)


def _recipe_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", type=Path, nargs="?", metavar="RECIPE", help="recipe file, or a run folder to go on")
    parser.add_argument("--task", choices=["image", "text", "table"], default=None, help="what the model reads")
    parser.add_argument("--data", type=Path, default=None, help="folder of images, or CSV / JSONL file")
    parser.add_argument("--out", type=Path, default=None, metavar="RUN", help="run folder")
    parser.add_argument("--model", type=Path, default=None, help="text: folder of a pretrained model")
    parser.add_argument(
        "--id", default="", help="id of the pack; a pack of that id in service is compared and replaced"
    )
    for name in ("label", "patient", "text", "file", "positive"):
        parser.add_argument(
            f"--{name}", default=None, help=f"column: {name}" if name != "positive" else "positive class"
        )
    parser.add_argument(
        "--cant-miss", action="append", default=None, metavar="CLASS", help="class whose recall may not fall"
    )
    parser.add_argument("--ignore", action="append", default=None, metavar="COLUMN", help="table: column to leave out")
    parser.add_argument("--learner", choices=["network", "trees"], default=None, help="table: network or boosted trees")
    for name, kind in (("epochs", int), ("batch", int), ("rate", float), ("size", int), ("width", int), ("hidden", int),
                       ("rounds", int), ("leaves", int), ("longest", int), ("lora-rank", int), ("checkpoint-steps", int),
                       ("patience", int), ("seed", int), ("threads", int)):  # fmt: skip
        parser.add_argument(f"--{name}", type=kind, default=None, help=f"recipe: {name.replace('-', '_')}")


def _service_arguments(actions: Any) -> None:
    promote = actions.add_parser("promote", help="compare a run with the pack in service; install it behind guardrails")
    promote.add_argument("run", type=Path, metavar="RUN", help="finished run folder")
    promote.add_argument("--by", default="", help="who promotes; where there are users an administrator, by password")
    promote.add_argument("--second", default="", help="second person; where there are users one who may sign, by PIN")
    promote.add_argument("--dry-run", action="store_true", help="the table only")
    promote.add_argument("--shadow", action="store_true", help="run it beside the pack in service instead")
    promote.add_argument("--label-drop", type=float, default=0.02, help="most a label may lose, AUROC and F1 (0.02)")
    promote.add_argument("--ece", type=float, default=0.05, help="highest calibration error (0.05)")
    promote.add_argument("--subgroup-drop", type=float, default=0.05, help="most a subgroup may lose (0.05)")
    for name, text in (
        ("shadow-report", "how the candidate in shadow would have answered"),
        ("shadow-stop", "end shadow mode and throw its answers away"),
    ):
        own = actions.add_parser(name, help=text)
        own.add_argument("pack", metavar="PACK", help="id of the pack in service")
        if name == "shadow-stop":
            own.add_argument("--by", default="", help="who ends it, where there are users")
    collect = actions.add_parser("collect", help="features and labels of signed cases, without text, names or pixels")
    collect.add_argument("--out", type=Path, required=True, help="folder for diagnoses.csv and images.csv")
    collect.add_argument("--basis", required=True, help="what allows it (consent, policy); kept in the audit trail")
    collect.add_argument("--exclude", action="append", default=[], metavar="CASE", help="case of a patient who refused")
    collect.add_argument("--images", action="store_true", help="also embeddings of films")


def _chest_arguments(actions: Any) -> None:
    export = actions.add_parser(
        "export", help="chest recipe: calibrate, quantise, fit the gate, measure, write the pack"
    )
    export.add_argument("data", type=Path, metavar="DATA", help="the folder trained on")
    export.add_argument("--work", type=Path, required=True, help="the working folder of `learn train`")
    export.add_argument("--outliers", type=Path, required=True, help="folder of films outside the domain (adults)")
    export.add_argument("--about", type=Path, required=True, help="JSON: id, names, label, domain, data")
    export.add_argument(
        "--out", type=Path, required=True, help="folder of the pack (replaced when the new one verifies)"
    )
    state = actions.add_parser(
        "state", help="chest recipe: conformal sets and drift's reference, into an exported pack"
    )
    state.add_argument("data", type=Path, metavar="DATA", help="the folder trained on")
    state.add_argument("--work", type=Path, required=True, help="the working folder of `learn train`")
    state.add_argument("--pack", type=Path, required=True, help="pack folder")
    evaluate = actions.add_parser("evaluate", help="measure a run's pack, or a pack on a chest working folder's test")
    evaluate.add_argument("data", type=Path, metavar="DATA", help="a finished run, or the folder trained on")
    evaluate.add_argument("--work", type=Path, default=None, help="chest recipe: the working folder of `learn train`")
    evaluate.add_argument(
        "--pack", type=Path, default=None, help="pack folder (default: the run's, or the shipped one)"
    )


def run(args: argparse.Namespace) -> int:
    """One action; the result as JSON. A refused promotion prints its table and ends with 2."""
    if args.action not in _WITHOUT_TORCH and find_spec("torch") is None:
        raise UserError("Training needs torch.", "Install the extra: pip install -e .[training]")
    from core.learning.promote import Refused

    try:
        found = _ACTIONS[args.action](args)
    except Refused as refused:
        print(json.dumps(refused.table.as_json(), ensure_ascii=False, indent=1))
        raise
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return 0


def _recipe(args: argparse.Namespace) -> "TrainRecipe":
    from core.learning import recipe as recipes

    given: dict[str, Any] = {}
    for name in recipes.TrainRecipe.__dataclass_fields__:
        value = getattr(args, name, None)
        if value is not None and name not in {"about", "data", "model"}:
            given[name] = value
    for name in ("data", "model"):
        if getattr(args, name) is not None:
            given[name] = str(getattr(args, name).resolve())
    if args.recipe is not None:
        values = recipes.as_json(recipes.read(args.recipe))
    elif args.task and args.data:
        values = {}
    else:
        raise UserError("There is no recipe.", "Name a recipe file, or give --task and --data.")
    about = {**values.get("about", {}), **({"id": args.id} if args.id else {})}
    return recipes.from_json({**values, **given, "about": about})


def _train(args: argparse.Namespace) -> dict[str, Any]:
    if args.work is not None:
        return _train_chest(args)
    from core.learning.study import train

    return train(_recipe(args), _run_folder(args), _progress())


def _run_folder(args: argparse.Namespace) -> Path:
    if args.out is not None:
        return Path(args.out)
    if args.recipe is not None and args.recipe.is_dir():
        return Path(args.recipe)
    raise UserError("There is no run folder.", "Give --out RUN.")


def _check(args: argparse.Namespace) -> dict[str, Any]:
    from core.learning.study import look

    return look(_recipe(args))


def _search(args: argparse.Namespace) -> dict[str, Any]:
    from core.learning.search import search

    if args.trials < 1:
        raise UserError("A search has at least one trial.", "Give --trials 1 or more.")
    return search(_recipe(args), _run_folder(args), args.trials, _progress())


def _pretrain(args: argparse.Namespace) -> dict[str, Any]:
    from core.learning.pretrain import PretrainPlan, pretrain

    if min(args.epochs, args.batch, args.threads) < 1 or args.longest < 8 or args.rate <= 0:
        raise UserError("Epochs, batch and threads are at least 1, longest at least 8, rate above 0.")
    plan = PretrainPlan(args.model.resolve(), args.epochs, args.batch, args.rate, args.longest, threads=args.threads)
    return pretrain(args.notes, plan, args.out, deidentify=args.deidentify, report=_progress())


def _status(args: argparse.Namespace) -> dict[str, Any]:
    from core.learning.run_log import read_run

    return asdict(read_run(args.run))


def _stop(args: argparse.Namespace) -> dict[str, Any]:
    from core.learning.run_log import ask_to_stop, read_run

    if read_run(args.run).state != "running":
        raise UserError(f"{args.run} is not running.", "`learn status` tells where it stands.")
    ask_to_stop(args.run)
    return {"asked": str(args.run)}


def _limits(args: argparse.Namespace) -> "Limits":
    from core.learning.promote import Limits

    return Limits(label_drop=args.label_drop, ece=args.ece, subgroup_drop=args.subgroup_drop)


def _promote(args: argparse.Namespace) -> dict[str, Any]:
    from core.verbs.learn_promote import run_promote

    return run_promote(args, _limits(args), _progress())


def _explain(args: argparse.Namespace) -> dict[str, Any]:
    import csv

    from core.explain.table_rows import explain_row
    from core.inference import packs

    pack = packs.load(args.pack) if (Path(args.pack) / packs.MANIFEST).is_file() else packs.find(args.pack)
    if pack.task != "tabular-classification" or not 0 <= args.label < len(pack.labels):
        raise UserError(f"{pack.id} is no table pack with a label {args.label}.", "`models show` lists its labels.")
    with args.rows.open(encoding="utf-8-sig", newline="") as stream:
        rows = [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(stream)]
    found = [explain_row(pack, row, args.label, args.method) for row in rows]
    shown = [asdict(one) | {"values": dict(zip(one.columns, one.values.tolist(), strict=True))} for one in found]
    return {"pack": pack.id, "label": pack.labels[args.label].code.code, "rows": shown}


def _shadow_report(args: argparse.Namespace) -> dict[str, Any]:
    from core.learning import shadow

    return shadow.report(args.pack)


def _shadow_stop(args: argparse.Namespace) -> dict[str, Any]:
    from core.verbs.learn_promote import end_shadow_as, open_store, sign_in

    with open_store() as store:
        end_shadow_as(store, args.pack, sign_in(store, args.by))
    return {"stopped": args.pack}


def _collect(args: argparse.Namespace) -> dict[str, Any]:
    from core.learning import collect
    from core.store.store import Store
    from core.verbs.learn_collect import collect_from

    with Store.open(passphrase=os.environ.get("CONSILIUM_PASSPHRASE")) as store:
        found = collect_from(store, args.basis, exclude=args.exclude, images=args.images, report=_progress())
    return collect.write(found, args.out)


def _train_chest(args: argparse.Namespace) -> dict[str, Any]:
    from core.learning.train import Recipe
    from core.learning.workshop import train_members

    data = args.recipe or args.data
    if data is None:
        raise UserError("There is no data.", "Name the folder of films.")
    size, width, epochs = args.size or 128, args.width or 48, args.epochs or 16
    if args.members < 1 or epochs < 1 or width < 4 or size % 16:
        raise UserError("Members and epochs are at least 1, width at least 4, size a multiple of 16.")
    recipe = Recipe(
        size=size,
        cache_size=size * 5 // 4,
        width=width,
        epochs=epochs,
        rate=args.rate or 2e-3,
        threads=args.threads or 2,
    )
    members = range(args.members) if args.only is None else [args.only]
    curves = train_members(data, args.work, recipe, members, _progress(), args.start)
    return {"work": str(args.work), "members": [max(curve, key=lambda e: e["score"]) for curve in curves]}


def _export(args: argparse.Namespace) -> dict[str, Any]:
    from core.learning.workshop import export

    about = json.loads(args.about.read_text(encoding="utf-8"))
    pack = export(args.data, args.work, args.outliers, args.out, about, _progress())
    return {"pack": pack.id, "version": pack.pack_version, "sha256": pack.sha256, "metrics": pack.manifest["metrics"]}


def _state(args: argparse.Namespace) -> dict[str, Any]:
    from core.learning.split import Part
    from core.learning.statements import state
    from core.learning.workshop import parts

    found = parts(args.data, args.work)
    pack = state(args.pack, (found[Part.VALIDATION], found[Part.TEST]), _progress())
    return {
        "pack": pack.id,
        "conformal": pack.manifest["conformal"],
        "test": pack.manifest["metrics"]["conformal_test"],
    }


def _evaluate(args: argparse.Namespace) -> dict[str, Any]:
    from core.inference.packs import load
    from core.learning.split import Part

    if args.work is None:
        from core.learning import recipe as recipes
        from core.learning import study
        from core.learning.promote import candidate

        pack = load(args.pack) if args.pack else candidate(args.data)
        return study.measure_part(pack, study.prepare(recipes.read(args.data), args.data, _progress()), Part.TEST)
    from core.learning.evaluate import read_films, table
    from core.learning.workshop import parts

    pack = load(args.pack or paths.RESOURCES / "models" / "cxr-pneumonia-paediatric")
    films = parts(args.data, args.work)[Part.TEST]
    return table(pack, read_films(pack, films, _progress()))


_WITHOUT_TORCH = frozenset({"status", "stop", "shadow-report", "shadow-stop", "collect", "check", "explain"})
_ACTIONS = {
    "train": _train,
    "check": _check,
    "search": _search,
    "pretrain": _pretrain,
    "status": _status,
    "stop": _stop,
    "promote": _promote,
    "explain": _explain,
    "shadow-report": _shadow_report,
    "shadow-stop": _shadow_stop,
    "collect": _collect,
    "export": _export,
    "state": _state,
    "evaluate": _evaluate,
}


def _progress() -> Report:
    shown = [-1]

    def report(done: int, total: int, what: str) -> None:
        tenth = 1000 * done // max(total, 1)
        if tenth != shown[0]:
            shown[0] = tenth
            print(f"{what}: {done}/{total}", file=sys.stderr)

    return report
