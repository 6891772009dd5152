"""The model card of a pack trained by `learn train`, written from the manifest so that no number in it is typed by hand."""

from collections.abc import Mapping
from typing import Any

FIGURES = (
    ("auroc", "AUROC"),
    ("f1", "Macro F1"),
    ("accuracy", "Accuracy"),
    ("balanced_accuracy", "Balanced accuracy"),
    ("sensitivity", "Sensitivity"),
    ("specificity", "Specificity"),
    ("ece", "Expected calibration error"),
)


def card(manifest: Mapping[str, Any]) -> str:
    """Markdown."""
    return "\n".join([*_head(manifest), *_data(manifest), *_results(manifest), *_limits(manifest)]) + "\n"


def _head(manifest: Mapping[str, Any]) -> list[str]:
    labels = [f"*{label['name']['en']}* (from {label['threshold']:.3f})" for label in manifest["labels"]]
    return [
        f"# {manifest['name']['en']} ({manifest['id']} {manifest['version']})",
        "",
        manifest["summary"]["en"],
        "",
        f"- Task: {manifest['task']}. Probability of {', '.join(labels)}; {manifest['calibration']['method']}.",
        f"- Licence: {manifest['licence']}. Decision support only; not a cleared device.",
        "",
    ]


def _data(manifest: Mapping[str, Any]) -> list[str]:
    lines = ["## Data", ""]
    lines += [
        f"- {d['title']}: {d['films']} examples of {d['patients']} patients, {d['licence']}."
        for d in manifest["training_data"]
    ]
    lines += ["", "| part | examples | patients |", "|---|---|---|"]
    lines += [f"| {part} | {n['examples']} | {n['patients']} |" for part, n in manifest["split"].items()]
    recipe = manifest["recipe"]
    weighted = "classes weighted alike" if recipe["class_weights"] else "classes unweighted"
    grown = f"Boosted trees, at most {recipe.get('rounds')} of {recipe.get('leaves')} leaves"
    long = grown if recipe.get("learner") == "trees" else f"At most {recipe['epochs']} epochs"
    how = (
        f"Split by patient. {long}, stopped where the loss on validation no longer fell, {weighted}, "
        f"seed {recipe['seed']}."
    )
    return [*lines, "", how, ""]


def _results(manifest: Mapping[str, Any]) -> list[str]:
    test = (manifest.get("metrics") or {}).get("own_test")
    if not test:
        return []
    lines = [
        "## Results",
        "",
        f"Own patient-disjoint test, {test['n']} examples of {test['patients']} patients; 95 % intervals",
    ]
    lines += ["by bootstrap over patients.", "", "| measure | value | 95 % interval |", "|---|---|---|"]
    lines += [_row(name, test, key) for key, name in FIGURES if key in test]
    lines += ["", "| class | n | AUROC | F1 | recall |", "|---|---|---|---|---|"]
    lines += [
        f"| {k} | {v['n']} | {_n(v['auroc'])} | {_n(v['f1'])} | {_n(v['recall'])} |" for k, v in test["labels"].items()
    ]
    if test["subgroups"]:
        lines += ["", "| subgroup | n | AUROC | 95 % interval |", "|---|---|---|---|"]
        lines += [
            f"| {g['column']} {g['value']} | {g['n']} | {_n(g['auroc'])} | {_ci(g.get('auroc_ci95'))} |"
            for g in test["subgroups"]
        ]
    return [*lines, *_sets(manifest), *_smaller(manifest), ""]


def _sets(manifest: Mapping[str, Any]) -> list[str]:
    """Stated coverage of the conformal sets, and what it is on the test."""
    test = manifest["metrics"].get("conformal_test")
    if not test:
        return []
    found, decided = test["coverage"], test["decided"]
    spread = f" (95 % interval {100 * found['ci95'][0]:.1f}-{100 * found['ci95'][1]:.1f})" if found["ci95"] else ""
    said = f"{100 * found['value']:.1f} %{spread} of the test; {100 * decided['value']:.1f} % of them are one class."
    return ["", f"Sets of {100 * test['stated']:g} % stated coverage hold the truth in {said}"]


def _smaller(manifest: Mapping[str, Any]) -> list[str]:
    """What the graphs beside the plain one lose, as measured when they were made."""
    found = {k: v for k, v in (manifest.get("variants") or {}).items() if k != "predict"}
    if not found:
        return []
    lines = ["", "| graph | metric | loss | same decisions | n |", "|---|---|---|---|---|"]
    for one in found.values():
        agreed = f"{100 * one['agreement']:.1f} %" if "agreement" in one else "-"
        loss = f"{one['loss']:.4f}" if "loss" in one else "not measured"
        lines.append(f"| {one['kind']} | {one.get('metric', '-')} | {loss} | {agreed} | {one['n']} |")
    return lines


def _row(name: str, found: Mapping[str, Any], key: str) -> str:
    return f"| {name} | {_n(found[key])} | {_ci(found.get(f'{key}_ci95'))} |"


def _n(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"


def _ci(interval: list[float] | None) -> str:
    return f"{interval[0]:.3f}-{interval[1]:.3f}" if interval else "-"


def _limits(manifest: Mapping[str, Any]) -> list[str]:
    lines = [
        "## Limits",
        "",
        "- Trained and tested on data of one practice; how it does elsewhere was not measured.",
        "- The labels are those of the data. What was never labelled is not known to the model.",
    ]
    domain = manifest.get("domain")
    if domain and not domain["views"]:
        lines.append("- The views of the films were not stated: a film whose view is known is refused.")
    if domain and domain["age_below_years"] <= domain["age_from_years"]:
        lines.append("- The patients' ages were not stated: a film of a patient of known age is refused.")
    return lines
