"""Training in a process of its own, so that the window never waits for it and a crash of one is not a crash of the other."""

import json
import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from core import paths
from core.errors import UserError
from core.learning.patient_split import write_whole
from core.learning.recipe import TrainRecipe, as_json, read
from core.learning.run_log import RunLog, alive, ask_to_stop

PLAN = "plan.json"


def home() -> Path:
    """Where the window keeps its runs."""
    return paths.profile() / "learning" / "runs"


def runs() -> tuple[Path, ...]:
    """Run folders of the window, the newest first."""
    folder = home()
    found = [p for p in folder.iterdir() if (p / "recipe.json").is_file()] if folder.is_dir() else []
    return tuple(sorted(found, key=lambda p: (p / "recipe.json").stat().st_mtime, reverse=True))


def new_run(recipe: TrainRecipe, plan: dict[str, Any] | None = None) -> Path:
    """A fresh folder with the recipe in it. `plan`: {"kind": "search", "trials": n} or {"kind": "pretrain", "notes": folder,
    "deidentify": bool} where it is no plain training."""
    base = str(recipe.about.get("id") or f"local-{recipe.task.value}")
    base += f"-{plan['kind']}" if plan else ""
    number = 1
    while (home() / f"{base}-{number}").exists():
        number += 1
    run = home() / f"{base}-{number}"
    run.mkdir(parents=True)
    write_whole(run / "recipe.json", json.dumps(as_json(recipe), ensure_ascii=False, indent=1).encode())
    if plan:
        write_whole(run / PLAN, json.dumps(plan, ensure_ascii=False, indent=1).encode())
    return run


def plan_of(run: Path) -> dict[str, Any]:
    """What kind of run it is: "train" where no plan says otherwise."""
    try:
        found = json.loads((run / PLAN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"kind": "train"}
    return found if isinstance(found, dict) and "kind" in found else {"kind": "train"}


def start(run: Path) -> BaseProcess:
    """Train or go on in a fresh process that outlives neither a stop nor the program. UserError where it runs already."""
    if alive(run):
        raise UserError("This run is being trained already.", "Wait for it, or stop it first.")
    read(run)
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(str(run),), daemon=True, name="training")
    process.start()
    return process


def stop(run: Path, process: BaseProcess | None, seconds: float = 0.0) -> None:
    """Ask for a checkpoint and an end; with `seconds` wait that long, then end it: the last checkpoint stays whole."""
    ask_to_stop(run)
    if process is not None and seconds:
        process.join(seconds)
        if process.is_alive():
            process.kill()
            process.join()
        (run / "stop").unlink(missing_ok=True)


def _work(folder: str) -> None:
    from core.progress import Cancelled

    run = Path(folder)
    plan = plan_of(run)
    try:
        _KINDS[plan["kind"]](run, plan)
    except Cancelled:
        pass
    except UserError as error:
        if plan["kind"] != "train":  # `study.train` writes its own
            RunLog(run, 0).write("failed", why=str(error))
        sys.exit(2)
    except Exception as error:
        if plan["kind"] != "train":
            RunLog(run, 0).write("failed", why=type(error).__name__)
        raise


def _train(run: Path, _plan: dict[str, Any]) -> None:
    from core.learning.study import train

    train(read(run), run)


def _search(run: Path, plan: dict[str, Any]) -> None:
    from core.learning.search import search

    search(read(run), run, int(plan["trials"]))


def _pretrain(run: Path, plan: dict[str, Any]) -> None:
    from core.learning.pretrain import plan_from, pretrain

    pretrain(Path(plan["notes"]), plan_from(read(run)), run, deidentify=bool(plan.get("deidentify")))


_KINDS: dict[str, Callable[[Path, dict[str, Any]], None]] = {"train": _train, "search": _search, "pretrain": _pretrain}
