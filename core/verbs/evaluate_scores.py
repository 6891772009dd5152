"""`evaluate scores DATA`: our scores from the entities of a folder in the MedCalc-Bench format."""

import argparse
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.risk import medcalc

HELP = "measure the clinical scores on vignettes.json and corrected_labels.json of a folder"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, metavar="DATA", help="folder with vignettes.json and corrected_labels.json")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the figures as JSON."""
    print(json.dumps(measure(args.data), ensure_ascii=False, indent=1))
    return 0


def measure(folder: Path) -> dict[str, Any]:
    """`accuracy` against the original limits, `agreeing_accuracy` where the corrected answer lies within them too,
    `corrected_accuracy` against the corrected limits, and every disagreement with who is right."""
    rows = [_row(vignette) for vignette in medcalc.read(folder)]
    if not rows:
        raise UserError(f"{folder} holds no vignettes.", "Name a folder with vignettes.json.")
    agreeing = [row for row in rows if row["labels_agree"]]
    corrected = [row for row in rows if row["corrected_right"] is not None]
    out: dict[str, Any] = {"n": len(rows)}
    out |= _rate("accuracy", [row["right"] for row in rows])
    out |= {"agreeing_n": len(agreeing), **_rate("agreeing_accuracy", [row["right"] for row in agreeing])}
    out |= {"corrected_n": len(corrected), **_rate("corrected_accuracy", [row["corrected_right"] for row in corrected])}
    out["passed"] = sum(row["right"] for row in agreeing)
    out["failed"] = len(agreeing) - out["passed"]
    out["pass_rate"] = out["agreeing_accuracy"]
    out["calculators"] = _by_calculator(rows)
    out["disagreements"] = [row for row in rows if not row["right"] or row["corrected_right"] is False]
    return out


def _row(vignette: medcalc.Vignette) -> dict[str, Any]:
    ours, problem = None, ""
    try:
        result = medcalc.solve(vignette)
    except UserError as error:
        problem, right, corrected = str(error), False, (None if vignette.corrected is None else False)
    else:
        ours = result.value
        right, corrected = medcalc.right(vignette, result)
        problem = ", ".join(label.en for label in result.missing) or result.note.en
    return {
        "id": vignette.id,
        "calculator": vignette.calculator,
        "name": vignette.name,
        "ours": ours,
        "original": vignette.answer,
        "corrected": vignette.corrected_text or None,
        "labels_agree": vignette.labels_agree,
        "right": right,
        "corrected_right": corrected,
        "supports": _supports(right, corrected),
        "why": problem or medcalc.why(vignette.calculator),
    }


def _supports(right: bool, corrected: bool | None) -> str:
    if right:
        return "both" if corrected else "original"
    return "corrected" if corrected else "neither"


def _by_calculator(rows: list[dict[str, Any]]) -> dict[str, Any]:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row["name"]].append(row)
    return {
        name: {"n": len(group), "right": sum(row["right"] for row in group)} for name, group in sorted(groups.items())
    }


def _rate(name: str, hits: list[bool]) -> dict[str, Any]:
    """A share with its 95 % Wilson interval."""
    n = len(hits)
    if not n:
        return {name: None, f"{name}_ci95": None}
    p, z = sum(hits) / n, 1.959964
    centre, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = ((centre + side * spread) / (1 + z * z / n) for side in (-1, 1))
    return {name: round(p, 4), f"{name}_ci95": [round(max(0.0, low), 4), round(min(1.0, high), 4)]}
