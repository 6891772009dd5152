"""One run from data to measured pack, for image, text and table alike:

recipe -> examples -> split by patient -> train (resumable) -> calibrate on validation -> pack -> measure on test
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference import packs
from core.learning.answers import answers
from core.learning.calibrate import fit_scale, thresholds
from core.learning.class_metrics import measure
from core.learning.examples import Examples, load
from core.learning.patient_split import check, deal, keep, places, write_whole
from core.learning.recipe import TREES, Task, TrainRecipe, as_json, from_json
from core.learning.run_log import RESULT, RunLog
from core.learning.split import Part
from core.progress import Cancelled, Report, silent

Places = NDArray[np.int64]
PACK = "pack"


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained network with its validation logits (n, 1 or classes), ready to be exported."""

    network: Any
    validation: NDArray[np.float32]
    extra: Any = None
    """Table: the layout. Text: the tokenizer."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Examples with their parts."""

    examples: Examples
    parts: list[Part]

    def at(self, part: Part) -> Places:
        """Places of a part."""
        return places(self.parts, part)


def look(recipe: TrainRecipe) -> dict[str, Any]:
    """The checks before a run: counts by class, by part, problems. Writes nothing."""
    examples = load(recipe)
    return check(examples, deal(examples, recipe))


def prepare(recipe: TrainRecipe, run: Path, report: Report = silent) -> Prepared:
    """Examples and their kept split. UserError where the run folder belongs to another recipe."""
    stated = run / "recipe.json"
    text = json.dumps(as_json(recipe), ensure_ascii=False, indent=1)
    if stated.is_file() and as_json(from_json(json.loads(stated.read_text(encoding="utf-8")))) != as_json(recipe):
        raise UserError(f"{run} belongs to another recipe.", "Resume it with `learn train RUN`, or name a new folder.")
    examples = load(recipe)
    parts = keep(run, examples, recipe, joined(examples, report))
    write_whole(stated, text.encode())
    return Prepared(examples, parts)


def joined(examples: Examples, report: Report = silent) -> list[str] | None:
    """Patients whose films are near copies count as one patient; other tasks keep the patients they state."""
    if not examples.films:
        return None
    from core.inference.preprocess import Preprocessing
    from core.learning.pixels import coded, thumbnails
    from core.learning.split import join_duplicates

    return join_duplicates(examples.films, thumbnails(coded(examples.films, Preprocessing(64, 0.8), report=report)))


def train(recipe: TrainRecipe, run: Path, report: Report = silent) -> dict[str, Any]:
    """Train or go on, export, measure; the result, also in `result.json`. A failure is written into the run's log."""
    try:
        prepared = prepare(recipe, run, report)
        trained = fit(recipe, prepared, run, report)
        result = finish(recipe, prepared, trained, run, report)
    except Cancelled:
        raise
    except Exception as error:
        if run.is_dir():
            RunLog(run, 0).write("failed", why=str(error) if isinstance(error, UserError) else type(error).__name__)
        raise
    RunLog(run, 0).write("done")
    return result


def fit(recipe: TrainRecipe, prepared: Prepared, run: Path, report: Report = silent) -> Trained:
    """The best network on validation. The test part is not looked at."""
    if recipe.task is Task.TEXT:
        return _fit_text(recipe, prepared, run, report)
    if recipe.learner == TREES:
        return _fit_trees(recipe, prepared, run, report)
    from core.learning import learners
    from core.learning.loop import Loop
    from core.learning.tables import learn_layout

    examples, training = prepared.examples, prepared.at(Part.TRAIN)
    classes = len(examples.names)
    learner: learners.TableLearner | learners.ImageLearner
    if recipe.task is Task.TABLE:
        skip = {recipe.label, recipe.patient, *recipe.ignore}
        layout = learn_layout([examples.rows[int(k)] for k in training], sorted(skip))
        learner, extra = learners.TableLearner(examples.rows, layout, training, classes, recipe), layout
    else:
        learner, extra = learners.ImageLearner(examples.films, classes, recipe, report), None
    validation = prepared.at(Part.VALIDATION)
    loop = Loop(learner, examples.labels, (training, validation), classes, recipe, run)
    loop.train(report)
    loop.to_cpu()
    return Trained(learner.network, loop.logits(validation), extra)


def _fit_trees(recipe: TrainRecipe, prepared: Prepared, run: Path, report: Report) -> Trained:
    from core.learning.boosting import Boost
    from core.learning.tables import learn_layout

    examples, training, validation = prepared.examples, prepared.at(Part.TRAIN), prepared.at(Part.VALIDATION)
    skip = {recipe.label, recipe.patient, *recipe.ignore}
    layout = learn_layout([examples.rows[int(k)] for k in training], sorted(skip))
    values = layout.encode(examples.rows)
    boost = Boost(values, examples.labels, (training, validation), len(examples.names), recipe, run)
    return Trained(boost.train(report), boost.scores(validation), layout)


def _fit_text(recipe: TrainRecipe, prepared: Prepared, run: Path, report: Report) -> Trained:
    from core.learning import text_train

    text_train.quiet()
    examples = prepared.examples
    tokenizer = text_train.load_tokenizer(Path(recipe.model))
    training, validation = (
        text_train.Texts(
            tokenizer,
            [examples.texts[int(k)] for k in prepared.at(part)],
            examples.labels[prepared.at(part)],
            recipe.longest,
        )
        for part in (Part.TRAIN, Part.VALIDATION)
    )
    model = text_train.train((training, validation), tokenizer, len(examples.names), recipe, run, report)
    logits = text_train.logits(model, tokenizer, validation, recipe.batch)
    return Trained(model, logits[:, 1:] - logits[:, :1] if examples.two_classes else logits, tokenizer)


def finish(
    recipe: TrainRecipe, prepared: Prepared, trained: Trained, run: Path, report: Report = silent
) -> dict[str, Any]:
    """Calibrate and set the threshold on validation, write the pack, measure it on test as it will be used."""
    from core.learning.task_pack import build, of_the_gate, rewrite

    examples, validation = prepared.examples, prepared.at(Part.VALIDATION)
    labels = examples.labels[validation]
    scale = fit_scale(trained.validation, labels, [examples.patients[int(k)] for k in validation])
    p = scale.probabilities(trained.validation)
    careful = examples.two_classes and examples.names[1] in recipe.cant_miss
    limits = thresholds(p, labels, careful)
    report(0, 3, "exporting")
    pack = build(recipe, prepared, trained, scale, limits, run / PACK)
    report(1, 3, "measuring")
    metrics = measure_part(pack, prepared, Part.TEST, limits)
    manifest = {k: v for k, v in pack.manifest.items() if k != "files"} | {"metrics": {"own_test": metrics}}
    manifest |= _with_sets(manifest["metrics"], pack, prepared)
    if recipe.task is Task.IMAGE:
        manifest |= of_the_gate(pack, prepared)
    pack = rewrite(pack, manifest)
    made: list[dict[str, Any]] = []
    if recipe.task is Task.IMAGE:
        from core.learning.smaller import with_int8

        report(2, 3, "smaller graph")
        pack, made = with_int8(pack, prepared, report)
    result = {
        "pack": pack.id,
        "version": pack.pack_version,
        "sha256": pack.sha256,
        "task": recipe.task.value,
        "classes": list(examples.names),
        "thresholds": list(limits),
        "temperature": scale.temperature,
        "test": metrics,
        "variants": made,
        "examples": {part.value: len(prepared.at(part)) for part in Part},
        "patients": {part.value: len({examples.patients[int(k)] for k in prepared.at(part)}) for part in Part},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_whole(run / RESULT, json.dumps(result, ensure_ascii=False, indent=1).encode())
    report(3, 3, "measured")
    return result


def _with_sets(metrics: dict[str, Any], pack: packs.Pack, prepared: Prepared) -> dict[str, Any]:
    """What a manifest says of its conformal sets, nothing where there are too few examples."""
    from core.learning.sets import stated_sets

    examples, parts = prepared.examples, [prepared.at(part) for part in (Part.VALIDATION, Part.TEST)]
    read = [(answers(pack, examples, at), examples.labels[at]) for at in parts]
    sets, test = stated_sets(read[0], read[1], [examples.patients[int(k)] for k in parts[1]])
    return {"conformal": sets, "metrics": metrics | {"conformal_test": test}} if sets else {}


def measure_part(
    pack: packs.Pack, prepared: Prepared, part: Part, limits: tuple[float, ...] | None = None, draws: int = 500
) -> dict[str, Any]:
    """The table of a pack on one part of a run's split."""
    examples, at = prepared.examples, prepared.at(part)
    p = answers(pack, examples, at)
    chosen = {k: [v[int(i)] for i in at] for k, v in examples.groups.items()}
    return measure(
        examples.labels[at],
        p,
        examples.names,
        [examples.patients[int(k)] for k in at],
        chosen,
        limits or limits_of(pack),
        draws=draws,
    )


def limits_of(pack: packs.Pack) -> tuple[float, ...]:
    """Thresholds of a pack's classes."""
    own = tuple(label.threshold for label in pack.labels)
    return (1 - own[0], own[0]) if len(own) == 1 else own
