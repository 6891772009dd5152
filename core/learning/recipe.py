"""What decides a training run: the task, the columns of the data, the network and how it is trained."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from core.errors import UserError

TREES, LEARNERS = "trees", ("network", "trees")


class Task(StrEnum):
    """What the model reads."""

    IMAGE = "image"
    TEXT = "text"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class TrainRecipe:
    """Everything that decides a run; written to `recipe.json` of the run folder and into the pack's manifest.

    `data`: a folder of images, or a CSV / JSONL file. `positive`: the class a two-class model gives the probability of
    ("" takes the known word for it, else the last in order). `cant_miss`: classes whose recall may not fall.
    `checkpoint_steps`: steps between checkpoints inside an epoch (0: at the end of each). `lora_rank` 0 trains every
    weight. `rate` 0 takes the task's own. `learner` of a table: "network" or "trees", at most `rounds` of
    them with at most `leaves` each. `about`: id, version, name, licence, domain of the pack.
    """

    task: Task
    data: str
    label: str = "label"
    patient: str = "patient"
    text: str = "text"
    file: str = "file"
    ignore: tuple[str, ...] = ()
    positive: str = ""
    cant_miss: tuple[str, ...] = ()
    epochs: int = 30
    batch: int = 32
    rate: float = 0.0
    weight_decay: float = 0.01
    patience: int = 5
    class_weights: bool = True
    checkpoint_steps: int = 0
    half: bool = True
    threads: int = 2
    seed: int = 0
    validation: float = 0.15
    test: float = 0.15
    size: int = 128
    width: int = 32
    hidden: int = 32
    dropout: float = 0.1
    model: str = ""
    longest: int = 256
    lora_rank: int = 0
    learner: str = "network"
    rounds: int = 500
    leaves: int = 15
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def highest_rate(self) -> float:
        """The learning rate at the top of the schedule."""
        if self.learner == TREES:
            return self.rate or 0.05
        own = {Task.IMAGE: 2e-3, Task.TABLE: 1e-2, Task.TEXT: 2e-4 if self.lora_rank else 5e-5}
        return self.rate or own[self.task]


def from_json(values: dict[str, Any]) -> TrainRecipe:
    """A recipe from the object of a recipe file. UserError names what is wrong."""
    known = set(TrainRecipe.__dataclass_fields__)
    if unknown := sorted(set(values) - known):
        raise UserError(f"A recipe has no field {unknown[0]}.", f"Fields: {', '.join(sorted(known))}.")
    try:
        recipe = msgspec.convert(values, TrainRecipe)
    except msgspec.ValidationError as error:
        raise UserError(f"The recipe is not valid: {error}.", "See docs/learning.md.") from error
    return checked(recipe)


def read(path: Path) -> TrainRecipe:
    """The recipe of a file, or of a run folder. `data` and `model` are taken relative to the file's folder."""
    path = path / "recipe.json" if path.is_dir() else path
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is not a recipe.", "Name a JSON file; see docs/learning.md.") from error
    if not isinstance(values, dict):
        raise UserError(f"{path} is not a recipe.", "A recipe is a JSON object; see docs/learning.md.")
    for name in ("data", "model"):
        if values.get(name):
            values[name] = str((path.parent / values[name]).resolve())
    return from_json(values)


def checked(recipe: TrainRecipe) -> TrainRecipe:
    """The recipe as it is. UserError for numbers no run can have."""
    least = {"epochs": 1, "batch": 2, "patience": 1, "threads": 1, "size": 32, "width": 4, "longest": 8}
    for name, value in least.items():
        if getattr(recipe, name) < value:
            raise UserError(f"{name} is at least {value}.", "Change it in the recipe.")
    if recipe.hidden < 0 or recipe.lora_rank < 0 or recipe.checkpoint_steps < 0 or recipe.rate < 0:
        raise UserError("hidden, lora_rank, checkpoint_steps and rate are not negative.", "Change the recipe.")
    if recipe.learner not in LEARNERS or (recipe.learner == TREES and recipe.task is not Task.TABLE):
        raise UserError("The learner is network, or of a table also trees.", "Change it in the recipe.")
    if recipe.rounds < 10 or not 2 <= recipe.leaves <= 64:
        raise UserError("rounds is at least 10, leaves lie between 2 and 64.", "Change it in the recipe.")
    if recipe.size % 16:
        raise UserError("size is a multiple of 16.", "Change it in the recipe.")
    if not 0 < recipe.validation < 0.5 or not 0 < recipe.test < 0.5:
        raise UserError("validation and test are shares between 0 and 0.5.", "Change the recipe.")
    if recipe.task is Task.TEXT and not recipe.model:
        raise UserError("A text recipe names the folder of a pretrained model.", "Give --model DIR.")
    return recipe


def as_json(recipe: TrainRecipe) -> dict[str, Any]:
    """Plain values, for `recipe.json` and the manifest."""
    return json.loads(json.dumps(asdict(recipe)))  # type: ignore[no-any-return]
