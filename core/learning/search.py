"""Hyperparameter search with Optuna, kept in the run folder so that it goes on where it was stopped. Every trial is judged
by the validation loss; the test part is never looked at. Needs torch and optuna."""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from core.learning import study
from core.learning.patient_split import write_whole
from core.learning.recipe import TREES, Task, TrainRecipe, as_json
from core.learning.run_log import RESULT, STOP, RunLog, read_run
from core.progress import Cancelled, Report, silent

STORE, BEST, TRIALS = "search.sqlite", "best-recipe.json", "trials.json"


def search(recipe: TrainRecipe, run: Path, trials: int, report: Report = silent) -> dict[str, Any]:
    """Go on to `trials` finished or pruned trials; the best recipe is in `best-recipe.json`, ready for `learn train`."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    run.mkdir(parents=True, exist_ok=True)
    prepared = study.prepare(recipe, run, report)
    made = optuna.create_study(
        study_name="search",
        storage=f"sqlite:///{run / STORE}",
        load_if_exists=True,
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=recipe.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1),
    )
    log = RunLog(run, trials)
    done = _finished(made)
    log.write("start", step=done)
    while done < trials:
        report(done, trials, "searching")
        trial = made.ask()
        try:
            _try(made, trial, recipe, prepared, run, report)
        except Cancelled:
            log.write("stopped")
            raise
        done = _finished(made)
        log.step(done, 0, made.best_value if _complete(made) else float("nan"))
        _keep_trials(made, run)
        if (run / STOP).exists():
            log.asked_to_stop()
    found = _best(made, recipe, run)
    write_whole(run / RESULT, json.dumps(found, ensure_ascii=False, indent=1).encode())
    log.write("done")
    return found


@dataclass(frozen=True, slots=True)
class Tried:
    """One trial as the window shows it. `state`: "complete" or "pruned"; `loss` on validation, None where it was pruned."""

    number: int
    state: str
    loss: float | None
    seconds: float
    params: dict[str, Any]


def tried(run: Path) -> tuple[Tried, ...]:
    """The trials of a search so far, in their order."""
    try:
        found = json.loads((run / TRIALS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    return tuple(Tried(**one) for one in found)


def _keep_trials(made: Any, run: Path) -> None:
    rows = []
    for one in made.get_trials(deepcopy=False):
        if one.state.name in ("COMPLETE", "PRUNED"):
            seconds = one.duration.total_seconds() if one.duration else 0.0
            rows.append(Tried(one.number, one.state.name.lower(), one.value, round(seconds, 2), dict(one.params)))
    write_whole(run / TRIALS, json.dumps([asdict(row) for row in rows]).encode())


def _complete(made: Any) -> bool:
    return any(one.state.name == "COMPLETE" for one in made.get_trials(deepcopy=False))


def choose(trial: Any, recipe: TrainRecipe) -> TrainRecipe:
    """A recipe within the space of its task."""
    rate = recipe.highest_rate
    common = {
        "rate": trial.suggest_float("rate", rate / 10, rate * 5, log=True),
        "class_weights": trial.suggest_categorical("class_weights", [True, False]),
    }
    if recipe.learner == TREES:
        return replace(recipe, **common, leaves=trial.suggest_categorical("leaves", [4, 8, 15, 31]))
    own: dict[str, Any] = {
        "weight_decay": trial.suggest_float("weight_decay", 1e-4, 0.3, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.4),
    }
    if recipe.task is Task.TABLE:
        own["hidden"] = trial.suggest_categorical("hidden", [0, 16, 32, 64, 128])
    elif recipe.task is Task.IMAGE:
        widths = sorted({max(4, recipe.width // 2), recipe.width, 48})
        own["width"] = trial.suggest_categorical("width", widths)
    elif recipe.lora_rank:
        own["lora_rank"] = trial.suggest_categorical("lora_rank", [4, 8, 16])
    return replace(recipe, **common, **own)


def _try(made: Any, trial: Any, recipe: TrainRecipe, prepared: study.Prepared, run: Path, report: Report) -> None:
    """One trial in a folder of its own, taken away afterwards; pruned where it is worse than the median at its epoch."""
    import optuna

    folder = run / f"trial-{trial.number}"
    told = [0]

    def watch(step: int, steps: int, what: str) -> None:
        report(step, steps, f"trial {trial.number + 1}: {what}")
        if (run / STOP).exists():
            (run / STOP).unlink(missing_ok=True)
            raise Cancelled
        losses = read_run(folder).validation if step % 5 == 0 else ()
        for epoch, loss in losses[told[0] :]:
            trial.report(loss, int(epoch))
        told[0] = max(told[0], len(losses))
        if losses and trial.should_prune():
            raise optuna.TrialPruned

    try:
        chosen = choose(trial, recipe)
        folder.mkdir(exist_ok=True)
        study.fit(chosen, prepared, folder, watch)
        best = min(loss for _, loss in read_run(folder).validation)
        made.tell(trial, best)
    except optuna.TrialPruned:
        made.tell(trial, state=optuna.trial.TrialState.PRUNED)
    except BaseException:
        made.tell(trial, state=optuna.trial.TrialState.FAIL)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _finished(made: Any) -> int:
    from optuna.trial import TrialState

    return len(made.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))


def _best(made: Any, recipe: TrainRecipe, run: Path) -> dict[str, Any]:
    from optuna.trial import TrialState

    best = made.best_trial
    values = as_json(replace(recipe, **best.params))
    write_whole(run / BEST, json.dumps(values, ensure_ascii=False, indent=1).encode())
    return {
        "trials": _finished(made),
        "pruned": len(made.get_trials(deepcopy=False, states=(TrialState.PRUNED,))),
        "best_validation_loss": best.value,
        "best": best.params,
        "recipe": str(run / BEST),
    }
