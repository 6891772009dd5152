"""A working folder from data to pack: split.json, one checkpoint a member, then the pack. Needs torch."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.errors import UserError
from core.inference.packs import SCHEMA_VERSION, Pack
from core.inference.preprocess import Preprocessing
from core.learning import pack_build
from core.learning.card import card
from core.learning.dataset import Film, read_folder
from core.learning.evaluate import Read, read_films, table
from core.learning.export import to_onnx
from core.learning.network import Ensemble, RadiographNet
from core.learning.pixels import band_levels, coded, thumbnails, variants
from core.learning.split import Part, SplitPlan, end_films, join_duplicates, split
from core.learning.train import Films, Recipe, train
from core.progress import Report, silent

EQUALISE_BOX = 0.8
GRID = (8, 8)
_LEVEL_FILMS = 400


def labelled(data: Path) -> tuple[Film, ...]:
    """The labelled films of a folder. UserError unless both classes are there."""
    films = tuple(f for f in read_folder(data) if f.label is not None)
    if len({f.label for f in films}) < 2:
        raise UserError(
            f"{data} does not hold films of both classes.", "Use folders NORMAL and PNEUMONIA, or labels.csv."
        )
    return films


def parts(data: Path, work: Path, report: Report = silent) -> dict[Part, list[Film]]:
    """The split of a data set, written to `work/split.json` once and read from there after."""
    films = labelled(data)
    path = work / "split.json"
    if path.is_file():
        stated = json.loads(path.read_text(encoding="utf-8"))
        return {p: [f for f in films if stated.get(f.path.relative_to(data).as_posix()) == p] for p in Part}
    groups = join_duplicates(films, thumbnails(coded(films, Preprocessing(64, EQUALISE_BOX), report=report)))
    found = split(films, groups, SplitPlan())
    work.mkdir(parents=True, exist_ok=True)
    text = json.dumps({f.path.relative_to(data).as_posix(): p for f, p in zip(films, found, strict=True)}, indent=0)
    path.write_text(text, encoding="utf-8")
    return {p: [f for f, q in zip(films, found, strict=True) if q is p] for p in Part}


def train_members(
    data: Path, work: Path, recipe: Recipe, members: Sequence[int], report: Report = silent, start: Path | None = None
) -> list[list[dict[str, float]]]:
    """Train the members of these numbers, which differ in their seed; each goes on from its checkpoint after a kill.

    `start`: a working folder whose members' weights they begin with.
    """
    found = parts(data, work, report)
    ends = _ends(labelled(data))
    spec = preprocessing(work, found[Part.TRAIN], recipe.size)
    training = _films(found[Part.TRAIN], spec, recipe, ends)
    validation = _films(found[Part.VALIDATION], spec, replace(recipe, cache_size=recipe.size, rough_versions=0), ends)
    curves = []
    for k in members:
        own = replace(recipe, seed=recipe.seed + k)
        weights = torch.load(start / f"member-{k}.pt", weights_only=True)["weights"] if start else None
        network, curve = train(training, validation, own, work / f"member-{k}.checkpoint", report, weights)
        torch.save({"recipe": asdict(own), "weights": network.state_dict()}, work / f"member-{k}.pt")
        curves.append(curve)
    return curves


def preprocessing(work: Path, training: Sequence[Film], size: int) -> Preprocessing:
    """Preprocessing with band levels of (a sample of) the training films, kept in `work/preprocessing.json`."""
    path = work / "preprocessing.json"
    if not path.is_file():
        chosen = np.random.default_rng(0).permutation(len(training))[:_LEVEL_FILMS]
        levels = band_levels([training[int(k)] for k in chosen], size, EQUALISE_BOX)
        path.write_text(json.dumps({"equalise_box": EQUALISE_BOX, "band_levels": levels}), encoding="utf-8")
    return Preprocessing.of(json.loads(path.read_text(encoding="utf-8")) | {"size": size})


def _films(films: Sequence[Film], spec: Preprocessing, recipe: Recipe, ends: set[Path]) -> Films:
    labels = np.array([f.label for f in films], np.int64)
    return Films(
        variants(films, spec, recipe.cache_size, recipe.rough_versions, recipe.seed),
        labels,
        np.array([f.path in ends for f in films]),
    )


def load_members(work: Path) -> tuple[list[RadiographNet], Recipe]:
    """The trained members of a working folder and their recipe. UserError where there is none."""
    paths = sorted(work.glob("member-*.pt"))
    if not paths:
        raise UserError(f"{work} holds no trained member.", "Run `learn train` first.")
    members, recipe = [], Recipe()
    for path in paths:
        state = torch.load(path, weights_only=True)
        recipe = Recipe(**state["recipe"])
        member = RadiographNet(recipe.width)
        member.load_state_dict(state["weights"])
        members.append(member.eval())
    return members, recipe


def export(
    data: Path, work: Path, outliers: Path, pack_folder: Path, about: dict[str, Any], report: Report = silent
) -> Pack:
    """Build, measure and write the pack. `about`: the manifest's descriptive part (id, names, labels, domain, data)."""
    members, recipe = load_members(work)
    found = parts(data, work, report)
    choices = pack_build.Choices()
    spec = preprocessing(work, found[Part.TRAIN], recipe.size)
    report(0, 5, "exporting the graph")
    graph = to_onnx(Ensemble(members) if len(members) > 1 else members[0], recipe.size, GRID)
    plain = pack_build.Graph(graph, spec, GRID[0] * GRID[1])
    calibration, threshold = pack_build.calibrate(plain, found[Part.VALIDATION], choices)
    report(1, 5, "quantising")
    small = pack_build.quantised(graph, spec, GRID, found[Part.TRAIN], choices.seed)
    fit_part, test_part = halves(read_folder(outliers), choices.seed)
    gate_data = pack_build.gate_file(plain, found[Part.TRAIN], found[Part.VALIDATION], fit_part, choices, report)
    fitted = {"calibration": {"method": "temperature and bias, classes weighted alike, on validation", **calibration}}
    manifest = _manifest(about, recipe, found, threshold)
    manifest["preprocessing"] |= {"equalise_box": spec.equalise_box, "band_levels": spec.band_levels}
    manifest |= fitted | {"reference": pack_build.reference(plain, 7), "members": len(members)}
    files = {"model.onnx": graph, "model-int8.onnx": small, "gate.npz": gate_data, "MODEL_CARD.md": b"draft\n"}
    pack = pack_build.write(pack_folder, manifest, files)
    report(3, 5, "measuring")
    manifest["metrics"] = measures(pack, found[Part.TEST], test_part, _ends(labelled(data)), report)
    files["MODEL_CARD.md"] = card(manifest).encode()
    return pack_build.write(pack_folder, manifest, files)


def halves(outliers: Sequence[Film], seed: int) -> tuple[list[Film], list[Film]]:
    """Outlier films for fitting the gate and for measuring it, no patient in both."""
    patients = sorted({f.patient for f in outliers})
    chosen = set(np.random.default_rng(seed).permutation(patients)[: len(patients) // 2].tolist())
    return [f for f in outliers if f.patient in chosen], [f for f in outliers if f.patient not in chosen]


def measures(
    pack: Pack, test: Sequence[Film], outliers: Sequence[Film], ends: set[Path], report: Report = silent
) -> dict[str, Any]:
    """The pack's table: own test (fp32 and int8), and what the gate refuses of the outliers kept for measuring."""
    reads = read_films(pack, test, report)
    own = table(pack, reads)
    small = table(pack, read_films(pack, test, report, role="predict_int8"))
    nameless = [replace(f, age_years=None, view="") for f in outliers]
    return {
        "own_test": own,
        "own_test_int8": {k: small[k] for k in ("auroc", "balanced_accuracy", "sensitivity", "specificity", "ece")},
        "end_of_series": _end(pack, reads, ends),
        "adults_with_age": _refused(table(pack, read_films(pack, outliers, report))),
        "adults_by_picture_alone": _refused(table(pack, read_films(pack, nameless, report))),
    }


def _end(pack: Pack, reads: Sequence[Read], ends: set[Path]) -> dict[str, Any]:
    found = table(pack, [r for r in reads if r.film.path in ends])
    return {**_refused(found), **{k: found.get(k) for k in ("n_labelled", "sensitivity", "specificity")}}


def _ends(films: Sequence[Film]) -> set[Path]:
    """Films from the ends of their series' numbering; `films` must be the whole data set."""
    return {f.path for f, end in zip(films, end_films(films, SplitPlan()), strict=True) if end}


def _refused(found: dict[str, Any]) -> dict[str, Any]:
    return {k: found[k] for k in ("n", "patients", "refused_share", "refused_share_ci95", "refused_by")}


def _manifest(about: dict[str, Any], recipe: Recipe, found: dict[Part, list[Film]], threshold: float) -> dict[str, Any]:
    label = {**about["label"], "threshold": threshold, "prevalence": 0.5}
    counts = {p.value: {"films": len(f), "patients": len({x.patient for x in f})} for p, f in found.items()}
    films = sum(len(f) for f in found.values())
    data = {**about["training_data"], "films": films, "patients": len({x.patient for f in found.values() for x in f})}
    rest = {k: about[k] for k in ("id", "version", "name", "summary", "licence", "domain")}
    return {
        "schema": SCHEMA_VERSION,
        **rest,
        "training": about.get("training", ""),
        "task": "image-classification",
        "created": datetime.now(UTC).date().isoformat(),
        "training_data": [data, *about["other_data"]],
        "split": counts,
        "recipe": asdict(recipe),
        "input": {"name": "film", "dtype": "float32", "shape": ["n", 1, recipe.size, recipe.size]},
        "preprocessing": {
            "steps": [
                "squash to size x size, antialiased bilinear",
                "grey levels to mid-ranks of the centred box",
                "frequency bands (Gaussians of 1, 2, 4 ... pixels at 128) to band_levels, 0.5 + 0.8 (x - 0.5)",
            ],
            "size": recipe.size,
        },
        "graphs": {"predict": "model.onnx", "predict_int8": "model-int8.onnx"},
        "labels": [label],
        "regions": {"rows": GRID[0], "columns": GRID[1]},
        "baselines": {"default": "soft_blur", "known": ["blur", "soft_blur", "mean"]},
        "metrics": {},
    }
