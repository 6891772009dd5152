"""Fine-tuning of a pretrained text model with the Hugging Face Trainer: class weights, adapters (LoRA), early stopping,
resume from the last whole checkpoint. The model is a folder on this machine; nothing is fetched. Needs torch and
transformers."""

import math
import os
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import UserError
from core.learning.class_metrics import macro_f1
from core.learning.loop import class_weights
from core.learning.recipe import TrainRecipe
from core.learning.run_log import STOP, RunLog
from core.progress import Cancelled, Report, silent

CHECKPOINTS = "checkpoints"
_WHOLE = "whole"
Places = NDArray[np.int64]


def quiet() -> None:
    """Nothing of the libraries on the screen, nothing from the network."""
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import transformers

    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def load_tokenizer(folder: Path) -> Any:
    """The fast tokenizer of a model folder. UserError where there is none."""
    if not (folder / "tokenizer.json").is_file() or not (folder / "config.json").is_file():
        raise UserError(f"{folder} is not a model folder.", "It holds config.json, tokenizer.json and the weights.")
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def load_classifier(folder: Path, classes: int, recipe: TrainRecipe) -> Any:
    """The pretrained network with a fresh head; with `lora_rank` its weights stay and adapters learn."""
    from transformers import AutoModelForSequenceClassification, set_seed

    set_seed(recipe.seed)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=classes, local_files_only=True, ignore_mismatched_sizes=True, attn_implementation="eager"
    )
    if not recipe.lora_rank:
        return model
    from peft import LoraConfig, TaskType, get_peft_model

    adapters = LoraConfig(
        task_type=TaskType.SEQ_CLS,
        r=recipe.lora_rank,
        lora_alpha=2 * recipe.lora_rank,
        lora_dropout=recipe.dropout,
        target_modules="all-linear",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations between the two libraries
        return get_peft_model(model, adapters)


class Texts(torch.utils.data.Dataset[dict[str, Any]]):
    """Tokenised texts with labels."""

    def __init__(self, tokenizer: Any, texts: Sequence[str], labels: Places, longest: int) -> None:
        self.rows = tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"] if len(texts) else []
        self.labels = labels

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: int) -> dict[str, Any]:
        return {
            "input_ids": self.rows[at],
            "attention_mask": [1] * len(self.rows[at]),
            "labels": int(self.labels[at]),
        }


def train(
    data: tuple[Texts, Texts], tokenizer: Any, classes: int, recipe: TrainRecipe, run: Path, report: Report = silent
) -> Any:
    """The best model on validation (adapters merged in). Goes on from the run's last whole checkpoint."""
    from transformers import DataCollatorWithPadding, EarlyStoppingCallback

    torch.set_num_threads(recipe.threads)
    training, validation = data
    weights = class_weights(training.labels, classes) if recipe.class_weights else torch.ones(classes)
    model = load_classifier(Path(recipe.model), classes, recipe)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the libraries
        trainer = _weighted_trainer(weights)(
            model=model,
            args=arguments(run, recipe, _steps(len(training), recipe)),
            train_dataset=training,
            eval_dataset=validation,
            data_collator=DataCollatorWithPadding(tokenizer),
            compute_metrics=lambda out: {"f1": macro_f1(out.label_ids, np.asarray(out.predictions).argmax(axis=1))},
            callbacks=[EarlyStoppingCallback(recipe.patience)],
        )
        go(trainer, run, recipe, report)
        best = trainer.model
        return best.merge_and_unload() if recipe.lora_rank else best


def _weighted_trainer(weights: torch.Tensor) -> Any:
    from transformers import Trainer

    class Weighted(Trainer):
        """Cross-entropy with class weights in training, without them in evaluation."""

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            inputs = dict(inputs)
            labels = inputs.pop("labels")
            outputs = model(**inputs)
            own = weights.to(outputs.logits.device)[labels] if model.training else torch.ones_like(labels).float()
            each = torch.nn.functional.cross_entropy(outputs.logits.float(), labels, reduction="none")
            loss = (each * own).sum() / own.sum()
            return (loss, outputs) if return_outputs else loss

    return Weighted


def _steps(examples: int, recipe: TrainRecipe) -> int:
    return math.ceil(examples / recipe.batch) * recipe.epochs


def arguments(run: Path, recipe: TrainRecipe, steps: int, metric: str = "eval_loss") -> Any:
    """TrainingArguments of a run: nothing reported anywhere but in the run folder."""
    from transformers import TrainingArguments

    each = recipe.checkpoint_steps or max(1, steps // recipe.epochs)
    cuda = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(run / CHECKPOINTS),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch,
        per_device_eval_batch_size=recipe.batch,
        learning_rate=recipe.highest_rate,
        weight_decay=recipe.weight_decay,
        warmup_steps=max(1, steps // 10),
        lr_scheduler_type="cosine",
        eval_strategy="epoch" if not recipe.checkpoint_steps else "steps",
        eval_steps=each,
        save_strategy="epoch" if not recipe.checkpoint_steps else "steps",
        save_steps=each,
        save_total_limit=3,
        load_best_model_at_end=True,
        metric_for_best_model=metric,
        greater_is_better=False,
        logging_strategy="steps",
        logging_steps=1,
        bf16=recipe.half and cuda and torch.cuda.is_bf16_supported(),
        use_cpu=not cuda,
        dataloader_pin_memory=cuda,
        report_to=[],
        disable_tqdm=True,
        seed=recipe.seed,
        data_seed=recipe.seed,
    )


def go(trainer: Any, run: Path, recipe: TrainRecipe, report: Report) -> None:
    """Train to the end, from the last whole checkpoint where there is one; tells the run's log and `report`."""
    folder = run / CHECKPOINTS
    whole = _whole_checkpoints(folder)
    for left in folder.glob("checkpoint-*"):
        if left not in whole:
            shutil.rmtree(left, ignore_errors=True)  # cut short by a kill
    per_epoch = math.ceil(len(trainer.train_dataset) / recipe.batch)
    log = RunLog(run, per_epoch * recipe.epochs)
    start = int(whole[-1].name.rpartition("-")[2]) if whole else 0
    log.trim(start, start // per_epoch)
    log.write("start", step=start, device=trainer.args.device.type)
    teller = _teller(log, run, report, per_epoch)
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)  # standard output is for the result
    trainer.add_callback(teller)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.train(resume_from_checkpoint=str(whole[-1]) if whole else None)
    if teller.cancelled is not None:
        raise teller.cancelled


def _whole_checkpoints(folder: Path) -> list[Path]:
    found = [p for p in folder.glob("checkpoint-*") if (p / _WHOLE).is_file()]
    return sorted(found, key=lambda p: int(p.name.rpartition("-")[2]))


def _teller(log: RunLog, run: Path, report: Report, per_epoch: int) -> Any:
    from transformers import TrainerCallback

    class Teller(TrainerCallback):
        """Steps and epochs into the log; a stop into a checkpoint."""

        def __init__(self) -> None:
            self.cancelled: BaseException | None = None
            self.losses: list[float] = []

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
            if logs and "loss" in logs:
                self.losses.append(logs["loss"])
                log.step(state.global_step, int((state.global_step - 1) // per_epoch), logs["loss"])

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            try:
                report(state.global_step, log.steps, f"epoch {int(state.epoch or 0) + 1}")
            except Cancelled as stop:
                self._stop(control, stop)
            if (run / STOP).exists():
                self._stop(control, Cancelled())

        def on_evaluate(
            self, args: Any, state: Any, control: Any, metrics: dict[str, float] | None = None, **_: Any
        ) -> None:
            if metrics and self.losses and state.global_step % per_epoch == 0:
                log.write(
                    "epoch",
                    epoch=state.global_step // per_epoch - 1,
                    loss=float(np.mean(self.losses)),
                    validation_loss=metrics["eval_loss"],
                    f1=metrics.get("eval_f1"),
                )
                self.losses.clear()

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            (run / CHECKPOINTS / f"checkpoint-{state.global_step}" / _WHOLE).touch()

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if self.cancelled is not None:
                (run / STOP).unlink(missing_ok=True)
                log.write("stopped")

        def _stop(self, control: Any, why: BaseException) -> None:
            self.cancelled = why
            control.should_save = control.should_training_stop = True

    return Teller()


def logits(model: Any, tokenizer: Any, texts: Texts, batch: int) -> NDArray[np.float32]:
    """(n, classes) of the model as it stands."""
    model.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(texts), batch):
            rows = texts.rows[start : start + batch]
            fed = tokenizer.pad(
                {"input_ids": rows, "attention_mask": [[1] * len(r) for r in rows]}, return_tensors="pt"
            )
            fed = {k: v.to(model.device) for k, v in fed.items() if k in {"input_ids", "attention_mask"}}
            found.append(model(**fed).logits.float().cpu().numpy())
    return np.concatenate(found)
