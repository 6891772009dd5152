"""Masked-language pretraining of a text model on a folder of the practice's own notes, which are de-identified first. Goes
on from its last whole checkpoint. Needs torch and transformers."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import UserError
from core.learning.recipe import Task, TrainRecipe
from core.learning.run_log import RunLog
from core.progress import Report, silent

_LEAST_NOTES = 10
_MASKED = 0.15  # share of the tokens hidden, as in Devlin et al., NAACL 2019
MODEL = "model"
RATE = 1e-4


@dataclass(frozen=True, slots=True)
class PretrainPlan:
    """How to pretrain: `model` is a folder with config.json, tokenizer.json and weights."""

    model: Path
    epochs: int = 3
    batch: int = 16
    rate: float = RATE
    longest: int = 256
    checkpoint_steps: int = 0
    threads: int = 2
    seed: int = 0


def read_notes(folder: Path, deidentify: bool, report: Report = silent) -> tuple[tuple[str, ...], dict[str, int]]:
    """The .txt and .md notes under a folder, covered where they identify somebody. UserError where they do and `deidentify`
    was not asked for: such notes are never learned from as they are."""
    from core.privacy.notes import covered, identifying, suspects

    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".txt", ".md"} and p.is_file())
    if len(files) < _LEAST_NOTES:
        raise UserError(f"{folder} holds {len(files)} notes.", f"At least {_LEAST_NOTES} text files are needed.")
    texts, spans, left = [], 0, 0
    for k, path in enumerate(files):
        report(k, len(files), "reading notes")
        text = path.read_text(encoding="utf-8", errors="replace")
        found = identifying(text)
        spans += len(found)
        clean = covered(text, found)
        left += bool(suspects(clean))
        texts.append(clean)
    if spans and not deidentify:
        raise UserError(
            f"The notes identify people in {spans} places.",
            "Give --deidentify to cover them in what is learned (the files stay as they are).",
        )
    return tuple(texts), {"notes": len(files), "covered": spans, "notes_to_look_at": left}


def pretrain(
    folder: Path, plan: PretrainPlan, run: Path, *, deidentify: bool = False, report: Report = silent
) -> dict[str, Any]:
    """Train to the end or go on; the model's folder is `run/model`. The loss on notes kept back tells whether it helped."""
    from core.learning import text_train

    texts, counts = read_notes(folder, deidentify, report)
    text_train.quiet()
    tokenizer = text_train.load_tokenizer(plan.model)
    if tokenizer.mask_token is None:
        raise UserError(f"The model in {plan.model} has no mask token.", "Choose a BERT-type model.")
    _same_run(run, texts, plan)
    order = np.random.default_rng(plan.seed).permutation(len(texts))
    kept = max(2, len(texts) // 10)
    parts = [
        text_train.Texts(tokenizer, [texts[int(k)] for k in chosen], np.zeros(len(chosen), np.int64), plan.longest)
        for chosen in (order[kept:], order[:kept])
    ]
    trainer = _trainer(plan, tokenizer, parts, run)
    before = _seeded_loss(trainer, plan)
    recipe = _recipe(plan, folder)
    text_train.go(trainer, run, recipe, report)
    after = _seeded_loss(trainer, plan)
    part = run / f"{MODEL}.part"
    shutil.rmtree(part, ignore_errors=True)
    trainer.model.save_pretrained(part)
    tokenizer.save_pretrained(part)
    shutil.rmtree(run / MODEL, ignore_errors=True)
    part.replace(run / MODEL)
    result = {**counts, "model": str(run / MODEL), "loss_before": before, "loss_after": after}
    (run / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    RunLog(run, 0).write("done")
    return result


def _trainer(plan: PretrainPlan, tokenizer: Any, parts: list[Any], run: Path) -> Any:
    import math
    import warnings

    import torch
    from transformers import AutoModelForMaskedLM, DataCollatorForLanguageModeling, Trainer, set_seed

    from core.learning.text_train import arguments

    torch.set_num_threads(plan.threads)
    set_seed(plan.seed)
    steps = math.ceil(len(parts[0]) / plan.batch) * plan.epochs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the library
        model = AutoModelForMaskedLM.from_pretrained(plan.model, local_files_only=True, attn_implementation="eager")
        collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=_MASKED)
        return Trainer(
            model=model,
            args=arguments(run, _recipe(plan, Path()), steps),
            train_dataset=_Unlabelled(parts[0]),
            eval_dataset=_Unlabelled(parts[1]),
            data_collator=collate,
        )


class _Unlabelled:
    """Tokens alone: the collator makes the labels."""

    def __init__(self, texts: Any) -> None:
        self.texts = texts

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, at: int) -> dict[str, Any]:
        return {k: v for k, v in self.texts[at].items() if k != "labels"}


def _seeded_loss(trainer: Any, plan: PretrainPlan) -> float:
    """Loss on the notes kept back, the same tokens hidden every time."""
    import warnings

    from transformers import set_seed

    set_seed(plan.seed + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = trainer.evaluate()["eval_loss"]
    set_seed(plan.seed)
    return round(float(found), 5)


def plan_from(recipe: TrainRecipe) -> PretrainPlan:
    """The plan that a run's recipe holds."""
    return PretrainPlan(
        Path(recipe.model), recipe.epochs, recipe.batch, recipe.rate or RATE, recipe.longest,
        recipe.checkpoint_steps, recipe.threads, recipe.seed,
    )  # fmt: skip


def _recipe(plan: PretrainPlan, folder: Path) -> TrainRecipe:
    return TrainRecipe(
        task=Task.TEXT,
        data=str(folder),
        model=str(plan.model),
        epochs=plan.epochs,
        batch=plan.batch,
        rate=plan.rate,
        longest=plan.longest,
        checkpoint_steps=plan.checkpoint_steps,
        threads=plan.threads,
        seed=plan.seed,
    )


def _same_run(run: Path, texts: tuple[str, ...], plan: PretrainPlan) -> None:
    """UserError where a run folder was begun with other notes or another plan."""
    digest = hashlib.sha256(json.dumps([texts, plan.epochs, plan.batch, plan.rate, plan.seed]).encode()).hexdigest()
    path = run / "notes.sha256"
    if path.is_file() and path.read_text(encoding="utf-8") != digest:
        raise UserError("The notes or the plan are not what this run began with.", "Begin a new run folder.")
    run.mkdir(parents=True, exist_ok=True)
    path.write_text(digest, encoding="utf-8")
