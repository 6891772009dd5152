"""Training in a process of its own, so that the window never waits for it and a crash of one is not a crash of the other."""

import json
import multiprocessing
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

from core import paths
from core.errors import UserError
from core.learning.patient_split import write_whole
from core.learning.recipe import TrainRecipe, as_json, read
from core.learning.run_log import alive, ask_to_stop


def home() -> Path:
    """Where the window keeps its runs."""
    return paths.profile() / "learning" / "runs"


def runs() -> tuple[Path, ...]:
    """Run folders of the window, the newest first."""
    folder = home()
    found = [p for p in folder.iterdir() if (p / "recipe.json").is_file()] if folder.is_dir() else []
    return tuple(sorted(found, key=lambda p: (p / "recipe.json").stat().st_mtime, reverse=True))


def new_run(recipe: TrainRecipe) -> Path:
    """A fresh folder with the recipe in it."""
    base = str(recipe.about.get("id") or f"local-{recipe.task.value}")
    number = 1
    while (home() / f"{base}-{number}").exists():
        number += 1
    run = home() / f"{base}-{number}"
    run.mkdir(parents=True)
    write_whole(run / "recipe.json", json.dumps(as_json(recipe), ensure_ascii=False, indent=1).encode())
    return run


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
    from core.learning.study import train
    from core.progress import Cancelled

    run = Path(folder)
    try:
        train(read(run), run)
    except Cancelled:
        pass
    except UserError:
        sys.exit(2)  # written into the run's log
