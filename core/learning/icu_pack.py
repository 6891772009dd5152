"""Writes the mortality pack: graph, leaves for the explanation, features, digests of training stays, manifest, card."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.inference import icu as run_time
from core.inference import packs
from core.learning import icu, icu_measure, icu_trees
from core.progress import Report, silent

TRAINED = "trained.json"
CARD = "MODEL_CARD.md"
_REFERENCE_ROWS, _SEED, _TOLERANCE = 4, 11, 1e-3
DOMAIN: dict[str, Any] = {
    "modalities": [], "views": [], "body_parts": [], "age_from_years": 16, "age_below_years": 120, "least_size": 1,
    "least_hours": 36, "least_channels": 2,
}  # fmt: skip
HEAD: dict[str, Any] = {
    "schema": packs.SCHEMA_VERSION,
    "id": run_time.PACK,
    "version": "1.0.0",
    "task": run_time.TASK,
    "name": {"en": "Intensive care: death in hospital after 48 hours", "zh": "重症监护：48 小时后的院内死亡风险"},
    "summary": {
        "en": "The probability of death in hospital from what was measured in the first 48 hours of intensive care.",
        "zh": "根据重症监护最初 48 小时的测量值给出院内死亡概率。",
    },
    "licence": "Apache-2.0",
}
DATA: dict[str, Any] = {
    "title": "PhysioNet/Computing in Cardiology Challenge 2012, set A: adult stays of at least 48 hours in four kinds of "
    "intensive-care unit of one hospital (Silva I et al., Comput Cardiol 39:245-248)",
    "licence": "ODC-By 1.0 (PhysioNet open access; the copy used carries no licence file)",
    "use": "Training and cross-validation; also death after discharge (30, 90, 180 days) as a weaker target in training.",
}


def build(stays: icu.Stays, target: Path, created: str, report: Report = silent) -> dict[str, Any]:
    """Cross-validate, train on all stays, write and verify the pack at `target` (replaced as a whole). The manifest."""
    p, told = icu.cross_validate(stays, report)
    inside = np.array([run_time.refusal(DOMAIN, s) is None for s in stays.stays])
    metrics = _metrics(stays, p, told, inside)
    model = icu.train(stays.x, stays.y, stays.aim, report)
    dumps = [booster.dump_model() for booster in model.boosters]
    used = icu_trees.used(dumps)
    place = {column: i for i, column in enumerate(used)}
    names = [stays.names[model.kept[column]] for column in used]
    leaves = icu_trees.to_leaves(dumps, place)
    reference = run_time.reference_rows(len(names), _SEED, _REFERENCE_ROWS)
    manifest = HEAD | {
        "created": created, "training_data": [DATA | {"patients": len(stays.y)}], "domain": DOMAIN,
        "recipe": {**icu.RECIPE, "draws": len(dumps)}, "metrics": metrics, "graphs": {"predict": "model.onnx"},
        "input": {"name": "stay", "dtype": "float32", "shape": ["n", len(names)]},
        "labels": [_label(model.threshold, float(stays.y.mean()))], "calibration": _calibration(model),
        "reference": {"seed": _SEED, "tolerance": _TOLERANCE, "logits": [leaves.raw(row) for row in reference]},
    }  # fmt: skip
    files = {
        "model.onnx": icu_trees.to_onnx(dumps, place),
        run_time.LEAVES: leaves.to_bytes(),
        run_time.FEATURES: json.dumps({"features": names}, indent=0).encode(),
        TRAINED: json.dumps({"sha256_12": sorted(stays.digests)}, indent=0).encode(),
        CARD: card(manifest).encode(),
    }
    _write(target, manifest, files)
    return manifest


def _label(threshold: float, prevalence: float) -> dict[str, Any]:
    return {
        "code": {"system": "consilium", "code": "death_in_hospital", "display": "Death in hospital"},
        "name": {"en": "Death in hospital", "zh": "院内死亡"},
        "threshold": threshold,
        "prevalence": prevalence,
    }


def _calibration(model: icu.Model) -> dict[str, Any]:
    c = model.calibration
    how = (
        "on stays left out by models of the recipe; covariance by bootstrap over stays; spread between two such models"
    )
    return {
        "method": how, "temperature": c.temperature, "bias": c.bias, "covariance": list(c.covariance), "spread": c.spread,
    }  # fmt: skip


def _metrics(stays: icu.Stays, p: icu.Array, told: icu.Array, inside: icu.Array) -> dict[str, Any]:
    """All by cross-validation; `own_test` is within the gate, `all_stays` without it."""
    kept = tuple(s for s, ok in zip(stays.stays, inside, strict=True) if ok)
    y = stays.y
    own = {"n": int(inside.sum()), "deaths": int(y[inside].sum()), "refused": int((~inside).sum())}
    own |= icu_measure.figures(y[inside], p[inside]) | icu_measure.called(y[inside], told[inside])
    whole = {"n": len(y), "deaths": int(y.sum())} | icu_measure.figures(y, p) | icu_measure.called(y, told)
    groups = icu_measure.subgroups(kept, y[inside], p[inside], told[inside])
    return {"how": "5-fold cross-validation", "own_test": own, "all_stays": whole, "subgroups": groups}


def _write(target: Path, manifest: dict[str, Any], files: Mapping[str, bytes]) -> None:
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, data in files.items():
        (part / name).write_bytes(data)
    manifest["files"] = {
        n: {"sha256": hashlib.sha256(d).hexdigest(), "bytes": len(d)} for n, d in sorted(files.items())
    }
    (part / packs.MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", "utf-8")
    packs.verify(part)
    shutil.rmtree(target, ignore_errors=True)
    part.replace(target)


def trained_on(pack: packs.Pack) -> frozenset[str]:
    """Digests of the stays that the pack was trained on."""
    return frozenset(json.loads(pack.read(TRAINED))["sha256_12"])


def card(manifest: Mapping[str, Any]) -> str:
    """The model card, from the manifest, so that no number in it is typed by hand."""
    data, (one,), metrics = manifest["training_data"][0], manifest["labels"], manifest["metrics"]
    lines = [
        f"# {manifest['name']['en']} ({manifest['id']} {manifest['version']})", "", manifest["summary"]["en"], "",
        (f"- Output: probability of *{one['name']['en']}*, calibrated; called high from {one['threshold']:.3f} on, where "
        f"sensitivity and precision meet. Of the training stays {one['prevalence']:.1%} died."),
        (f"- Domain: intensive care, ages from {DOMAIN['age_from_years']}, something measured after hour "
        f"{DOMAIN['least_hours']}, at least {DOMAIN['least_channels']} of heart rate, coma scale, creatinine, sodium. "
        "All else: no estimate."),
        f"- Licence of the weights: {manifest['licence']}. Decision support only; not a cleared device.", "",
        "## Data and method", "", f"{data['title']}: {data['patients']} stays, {data['licence']}. {data['use']}", "",
        (
            f"{manifest['recipe']['draws']} LightGBM models of {manifest['recipe']['n_estimators']} trees with "
            f"{manifest['recipe']['num_leaves']} leaves, fitted on all stays with other draws; their mean is the score. "
            "Calibration and threshold are set on stays that models of the same recipe had left out. Shapley values are "
            "exact (tree-path dependent) and are added up by channel."
        ), "", "## Results", "", (f"{metrics['how']}; 95 % intervals by bootstrap over stays. "
        "`event1` is at the best threshold of the same predictions, `preset` at the one set inside the training folds."), "",
        *_table({"within the gate": metrics["own_test"], "all stays": metrics["all_stays"], **metrics["subgroups"]}), "",
        _LIMITS,
    ]  # fmt: skip
    return "\n".join(lines)


def _table(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    out = ["| stays | n | deaths | event1 | preset | AUROC | ECE |", "|---|---|---|---|---|---|---|"]
    for name, row in rows.items():
        cells = [_cell(row, key) for key in ("event1", "event1_preset", "auroc", "ece")]
        out.append(f"| {name} | {row['n']} | {row['deaths']} | {' | '.join(cells)} |")
    return out


def _cell(row: Mapping[str, Any], key: str) -> str:
    if row.get(key) is None:
        return "too few"
    ci = row.get(f"{key}_ci95")
    return f"{row[key]:.3f}" + (f" ({ci[0]:.3f}-{ci[1]:.3f})" if ci else "")


_LIMITS = """## Limits

- One hospital in Boston, 2001-2008. Care has changed since; no other hospital was tested. Calibrate on your own stays
  (`evaluate icu DATA`) before a number is used.
- Its aims were event1 0.55 and AUROC 0.87; the table says what it reached.
- How often something was measured is a feature: it follows the unit's habits as well as the illness.
- Vasopressors, diagnoses, limits of care and what happened before admission are not known to it.
- A share says what the model used, not what caused the risk. Never a ground to withhold or withdraw treatment.
"""
