"""The model card, written from the manifest so that no number in it is typed by hand."""

from collections.abc import Mapping
from typing import Any

_ROWS = (
    ("auroc", "AUROC"),
    ("accuracy", "Accuracy"),
    ("balanced_accuracy", "Balanced accuracy"),
    ("sensitivity", "Sensitivity"),
    ("specificity", "Specificity"),
    ("ece", "Expected calibration error"),
    ("refused_share", "Refused by the gate"),
)


def card(manifest: Mapping[str, Any]) -> str:
    """Markdown."""
    return "\n".join([*_head(manifest), *_data(manifest), *_results(manifest), _LIMITS])


def _head(manifest: Mapping[str, Any]) -> list[str]:
    domain, label = manifest["domain"], manifest["labels"][0]
    output = (
        f"- Output: probability of *{label['name']['en']}* (`{label['code']['code']}`), calibrated for a prevalence of "
        f"{label['prevalence']:g}; called positive from {label['threshold']:.3f} on."
    )
    where = (
        f"- Validated domain: ages {domain['age_from_years']:g} to under {domain['age_below_years']:g} years; views "
        f"{', '.join(domain['views'])}; modalities {', '.join(domain['modalities'])}. Everything else is refused."
    )
    return [
        f"# {manifest['name']['en']} ({manifest['id']} {manifest['version']})",
        "",
        manifest["summary"]["en"],
        "",
        output,
        where,
        f"- Licence of the weights: {manifest['licence']}. Decision support only; not a cleared device.",
        "",
    ]


def _data(manifest: Mapping[str, Any]) -> list[str]:
    lines = ["## Data", ""]
    for data in manifest["training_data"]:
        lines.append(
            f"- {data['title']}: {data['films']} films of {data['patients']} patients, {data['licence']}. {data['use']}"
        )
    lines += ["", "| part | films | patients |", "|---|---|---|"]
    lines += [f"| {part} | {n['films']} | {n['patients']} |" for part, n in manifest["split"].items()]
    return [*lines, "", *_method(manifest)]


def _method(manifest: Mapping[str, Any]) -> list[str]:
    recipe = manifest["recipe"]
    split = (
        "No patient, and no near copy of a film, is in two parts. Early stopping, temperature, threshold and the gate's "
        "limit were set on validation; the test part was read for the tables below. `split.py` says how the ends of the "
        "numbering are shared out."
    )
    network = (
        f"Residual CNN, {recipe['size']} px, width {recipe['width']}, {manifest['members']} network(s), balanced "
        f"batches, at most {recipe['epochs']} epochs, averaged weights, label smoothing {recipe['smoothing']:g}, MixStyle, "
        "random framing, hidden edges, grey curves, blur and noise; films from the ends of the numbering drawn "
        f"{recipe['end_boost']:g} times as often."
    )
    return [split, "", network, "", manifest.get("training", ""), ""]


def _results(manifest: Mapping[str, Any]) -> list[str]:
    metrics = manifest["metrics"]
    lines = [
        "## Results",
        "",
        "Own patient-disjoint test, through the gate; 95 % intervals by bootstrap over patients.",
        "",
    ]
    lines += ["| measure | value | 95 % interval |", "|---|---|---|"]
    lines += [_row(name, metrics["own_test"], key) for key, name in _ROWS]
    lines += ["", "Called positive by series of the collection:", "", "| series | share |", "|---|---|"]
    lines += [f"| {k} | {v:.3f} |" for k, v in metrics["own_test"]["called_positive_by_kind"].items()]
    small = metrics["own_test_int8"]
    lines += ["", f"int8 variant: AUROC {small['auroc']:.4f}, balanced accuracy {small['balanced_accuracy']:.4f}.", ""]
    for key, name in (
        ("adults_with_age", "Adults' films, age known"),
        ("adults_by_picture_alone", "Adults' films, age and view withheld"),
        ("end_of_series", "Test films from the ends of the series' numbering (another room)"),
    ):
        if key in metrics:
            lines.append(_share(name, metrics[key]))
    if "conformal_test" in metrics:
        lines.append(sets_line(metrics["conformal_test"]))
    return [*lines, ""]


def sets_line(found: Mapping[str, Any]) -> str:
    """What the conformal sets do on the test part, as one line of the card."""

    def share(key: str) -> str:
        value, ci = found[key]["value"], found[key]["ci95"]
        return f"{value:.3f}" + (f" ({ci[0]:.3f}-{ci[1]:.3f})" if ci else "")

    return (
        f"- Conformal sets, stated {100 * found['stated']:g} % for each class, fitted on validation: on {found['n']} test "
        f"films they hold the truth in {share('coverage')}, of films without the opacity {share('coverage_absent')}, of "
        f"films with it {share('coverage_present')}; decided {share('decided')}, empty (unlike both) {share('empty')}."
    )


def _share(name: str, found: Mapping[str, Any]) -> str:
    if not found["n"]:
        return f"- {name}: none at hand, not measured."
    low, high = found["refused_share_ci95"]
    text = f"- {name}: {found['refused_share']:.3f} refused ({low:.3f}-{high:.3f}), {found['n']} films"
    if "specificity" in found:
        text += f"; sensitivity {_plain(found['sensitivity'])}, specificity {_plain(found['specificity'])}"
    return text + "."


def _plain(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"


def _row(name: str, found: Mapping[str, Any], key: str) -> str:
    interval = found.get(f"{key}_ci95")
    text = f"{interval[0]:.4f}-{interval[1]:.4f}" if interval else "-"
    return f"| {name} | {_plain(found.get(key)) if found.get(key) is None else format(found[key], '.4f')} | {text} |"


_LIMITS = """## Limits

- One hospital (Guangzhou Women and Children's Medical Center), children of one to five years, anteroposterior films
  that were squashed to squares and compressed before we had them.
- The label is that of the collection (pneumonia or normal). No other disease was in it: effusion, pneumothorax, masses
  and devices were never seen as such.
- Within the collection normal and pneumonia films come from different series (framing, letters, resolution). Equalised
  grey levels, hidden edges and random framing work against these shortcuts, but do not prove them gone.
- Adults are refused. A model trained on children alone does not carry over to them (AUROC .572 on 533 NIH films). No
  pack for adults was made of those films: a regression on the features reaches .807 (.760-.852), but twelve plain
  statistics of brightness and sharpness reach .831 (.790-.870): the classes come from different years and machines.
- Here, too, twelve such statistics alone reach .882 (.844-.910) on the own test (the pack: .995): partly because
  opacity makes a film brighter, partly because the classes were collected apart.
- A shown map says what the network used, not where the disease is.
"""
