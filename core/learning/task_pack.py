"""From a trained network of a run to a model pack: graph, manifest, card; image, text and table. Needs torch and onnx."""

import copy
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import UserError
from core.inference import packs
from core.inference.classification import session, tokens
from core.inference.session import open_session, run
from core.learning import pack_build
from core.learning.answers import PACK_TASK
from core.learning.calibrate import Scale
from core.learning.recipe import TREES, Task, TrainRecipe, as_json
from core.learning.split import Part
from core.learning.task_card import card

if TYPE_CHECKING:
    from core.learning.study import Prepared, Trained

GRID = (8, 8)
REFERENCE_TEXTS = (
    "Crushing chest pain spreading to the left arm, with sweating.",
    "Itchy rings on the skin of the groin for three weeks.",
    "The baby has a barking cough and noisy breathing at night.",
    "发热三天，咳嗽，无胸痛。",
)
_TOLERANCE = 1e-3


def build(
    recipe: TrainRecipe,
    prepared: "Prepared",
    trained: "Trained",
    scale: Scale,
    limits: tuple[float, ...],
    folder: Path,
) -> packs.Pack:
    """Write the pack with empty metrics; its reference outputs are those of the exported graph."""
    manifest = _common(recipe, prepared, scale, limits)
    make = {Task.IMAGE: _image, Task.TEXT: _text, Task.TABLE: _table}[recipe.task]
    files, own = make(recipe, prepared, trained, scale)
    manifest |= own
    manifest["metrics"] = {}
    return pack_build.write(folder, manifest, {**files, "MODEL_CARD.md": card(manifest).encode()})


def rewrite(pack: packs.Pack, manifest: dict[str, Any]) -> packs.Pack:
    """The pack with another manifest and the card that follows from it; every other file stays."""
    files = {name: pack.read(name) for name in pack.manifest["files"]}
    session.cache_clear()
    return pack_build.write(pack.folder, manifest, {**files, "MODEL_CARD.md": card(manifest).encode()})


def _common(recipe: TrainRecipe, prepared: "Prepared", scale: Scale, limits: tuple[float, ...]) -> dict[str, Any]:
    about, examples = recipe.about, prepared.examples
    labels = _labels(recipe, prepared, limits)
    single = len(labels) == 1
    counts = {
        part.value: {
            "examples": len(prepared.at(part)),
            "patients": len({examples.patients[int(k)] for k in prepared.at(part)}),
        }
        for part in Part
    }
    pack_id = str(about.get("id") or f"local-{recipe.task.value}")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,63}", pack_id):
        raise UserError(f"{pack_id} cannot be the id of a pack.", "Use small letters, digits and hyphens.")
    kept = as_json(recipe)
    for local in ("data", "model", "about"):
        kept.pop(local)  # paths of this machine and names stay here
    name = about.get("name") or {"en": pack_id, "zh": pack_id}
    return {
        "schema": packs.SCHEMA_VERSION,
        "id": pack_id,
        "version": str(about.get("version") or "1.0.0"),
        "task": PACK_TASK[recipe.task],
        "name": name,
        "summary": about.get("summary") or name,
        "licence": str(about.get("licence") or "Local use only"),
        "created": datetime.now(UTC).date().isoformat(),
        "training_data": [
            {
                "title": str(about.get("data_title") or "Data of this practice"),
                "licence": str(about.get("data_licence") or "Not to be shared"),
                "films": len(examples),
                "patients": len(set(examples.patients)),
                "use": "Training, validation and test, split by patient.",
            }
        ],
        "split": counts,
        "recipe": kept,
        "labels": labels,
        "negative": examples.names[0] if examples.two_classes else "",
        "calibration": {
            "method": "temperature and bias on validation" if single else "temperature on validation, inside the graph",
            "temperature": scale.temperature if single else 1.0,
            "bias": scale.bias if single else 0.0,
            "covariance": list(scale.covariance) if single else [0.0] * 4,
            "spread": 0.0,
        },
    }


def _labels(recipe: TrainRecipe, prepared: "Prepared", limits: tuple[float, ...]) -> list[dict[str, Any]]:
    examples = prepared.examples
    share = np.bincount(examples.labels[prepared.at(Part.VALIDATION)], minlength=len(examples.names))
    share = np.clip(share / share.sum(), 0.001, 0.999)
    words = recipe.about.get("labels") or {}
    out = []
    for k, name in enumerate(examples.names):
        if examples.two_classes and k == 0:
            continue
        stated = words.get(name) or {}
        code = stated.get("code") or {"system": "local", "code": name, "display": name}
        shown = stated.get("name") or {"en": name, "zh": name}
        out.append({"code": code, "name": shown, "threshold": limits[k], "prevalence": float(share[k])})
    return out


def _temperature(prepared: "Prepared", scale: Scale) -> float:
    return 1.0 if prepared.examples.two_classes else scale.temperature


Files = tuple[dict[str, bytes], dict[str, Any]]


def _table(recipe: TrainRecipe, prepared: "Prepared", trained: "Trained", scale: Scale) -> Files:
    inputs = len(trained.extra.inputs)
    graph, more = _table_graph(recipe, prepared, trained, scale)
    rows = np.random.default_rng(7).random((4, inputs), np.float32)
    logits = run(open_session(graph), {"row": rows})[0]
    own = {
        "graphs": {"predict": "model.onnx"},
        "input": {"name": "row", "dtype": "float32", "shape": ["n", inputs]},
        "table": {"columns": trained.extra.as_json()},
        "reference": {"seed": 7, "tolerance": _TOLERANCE, "logits": _plain(logits)},
    }
    return {"model.onnx": graph, **more}, own


def _table_graph(
    recipe: TrainRecipe, prepared: "Prepared", trained: "Trained", scale: Scale
) -> tuple[bytes, dict[str, bytes]]:
    """The graph, and what its exact explanation needs: the background, and of trees the leaves of each label."""
    from core.learning.boosting import background
    from core.learning.tables import background_file

    rows = trained.extra.encode([prepared.examples.rows[int(k)] for k in prepared.at(Part.TRAIN)])
    files = {"background.npz": background_file(background(rows, trained.extra))}
    temperature, inputs = _temperature(prepared, scale), len(trained.extra.inputs)
    if recipe.learner != TREES:
        from core.learning.table_graph import network_graph

        return network_graph(trained.network, inputs, temperature), files
    from core.learning import icu_trees

    place, trees = {k: k for k in range(inputs)}, trained.network
    if trees.classes == 2:
        files["leaves-0.npz"] = icu_trees.to_leaves([trees.dump], place).to_bytes()
        return icu_trees.to_onnx([trees.dump], place, "row"), files
    for k in range(trees.classes):
        files[f"leaves-{k}.npz"] = icu_trees.to_leaves(
            [icu_trees.of_class(trees.dump, k, trees.classes)], place
        ).to_bytes()
    return icu_trees.to_log_odds(trees.dump, place, trees.classes, temperature), files


def _text(recipe: TrainRecipe, prepared: "Prepared", trained: "Trained", scale: Scale) -> Files:
    from core.learning.graphs import text_graph

    tokenizer = trained.extra
    graph = text_graph(copy.deepcopy(trained.network), recipe.longest, _temperature(prepared, scale))
    made = tokenizer.backend_tokenizer.to_str().encode()
    text = {
        "tokenizer": "tokenizer.json",
        "longest": recipe.longest,
        "pad_id": int(tokenizer.pad_token_id or 0),
        "pad_token": str(tokenizer.pad_token or "[PAD]"),
    }
    logits = run(open_session(graph), tokens(made, text, REFERENCE_TEXTS))[0]
    own = {
        "graphs": {"predict": "model.onnx"},
        "text": text,
        "reference": {"texts": list(REFERENCE_TEXTS), "tolerance": _TOLERANCE, "logits": _plain(logits)},
    }
    return {"model.onnx": graph, "tokenizer.json": made}, own


def _image(recipe: TrainRecipe, prepared: "Prepared", trained: "Trained", scale: Scale) -> Files:
    from core.inference.preprocess import Preprocessing
    from core.learning.export import to_onnx
    from core.learning.graphs import Films
    from core.learning.learners import EQUALISE_BOX

    spec = Preprocessing(recipe.size, EQUALISE_BOX)
    graph = to_onnx(Films(trained.network, _temperature(prepared, scale)), recipe.size, GRID)
    plain = pack_build.Graph(graph, spec, GRID[0] * GRID[1])
    films = {part: [prepared.examples.films[int(k)] for k in prepared.at(part)] for part in Part}
    gate = pack_build.gate_file(plain, films[Part.TRAIN], films[Part.VALIDATION], [], pack_build.Choices())
    own = {
        "graphs": {"predict": "model.onnx"},
        "input": {"name": "film", "dtype": "float32", "shape": ["n", 1, recipe.size, recipe.size]},
        "preprocessing": {
            "steps": ["squash to size x size, antialiased bilinear", "grey levels to mid-ranks of the centred box"],
            "size": recipe.size,
            "equalise_box": EQUALISE_BOX,
        },
        "domain": domain(recipe, prepared),
        "regions": {"rows": GRID[0], "columns": GRID[1]},
        "baselines": {"default": "soft_blur", "known": ["blur", "soft_blur", "mean"]},
        "reference": pack_build.reference(plain, 7),
    }
    return {"model.onnx": graph, "gate.npz": gate}, own


def of_the_gate(pack: packs.Pack, prepared: "Prepared") -> dict[str, Any]:
    """What validation looked like (for drift), and what the gate refuses of the test's own films."""
    from core.inference.drift import quantiles
    from core.learning.evaluate import read_films
    from core.learning.metrics import with_ci

    parts = {p: [prepared.examples.films[int(k)] for k in prepared.at(p)] for p in (Part.VALIDATION, Part.TEST)}
    seen = [r for r in read_films(pack, parts[Part.VALIDATION]) if np.isfinite(r.log_odds)]
    reads = read_films(pack, parts[Part.TEST])
    refused = np.array([bool(r.rule) for r in reads])
    share = with_ci(lambda i: {"share": float(refused[i].mean())}, [r.film.patient for r in reads], 500)["share"]
    return {
        "drift": {
            "n": len(seen),
            "log_odds": quantiles([r.log_odds for r in seen]),
            "ood": quantiles([r.ood for r in seen]),
        },
        "gate": {"false_refusals": {"share": share["value"], "ci95": share["ci95"], "n": len(reads), "on": "own test"}},
    }


def domain(recipe: TrainRecipe, prepared: "Prepared") -> dict[str, Any]:
    """What the films were: as stated in the recipe, else as the columns age and view say. What nobody said stays empty, and
    the gate then refuses a film of which it is known."""
    films = prepared.examples.films
    ages = [f.age_years for f in films if f.age_years is not None]
    own = {
        "modalities": ["CR", "DX", "DR", "RG"],
        "views": sorted({f.view.upper() for f in films if f.view}),
        "body_parts": ["CHEST"],
        "age_from_years": float(np.floor(min(ages))) if ages else 0.0,
        "age_below_years": float(np.floor(max(ages)) + 1) if ages else 0.0,
        "least_size": recipe.size,
    }
    return own | (recipe.about.get("domain") or {})


def _plain(logits: Any) -> list[Any]:
    values = np.asarray(logits, np.float64)
    return [float(v[0]) for v in values] if values.shape[1] == 1 else [[float(x) for x in row] for row in values]
