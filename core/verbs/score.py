"""`score NAME --inputs JSON` reckons one clinical score; `score list` names them all."""

import argparse
import json
from pathlib import Path
from typing import Any

from core.domain.basics import Quantity
from core.domain.serial import to_plain
from core.errors import UserError
from core.risk.score import InputSpec, InputValue, Score, compute, find, scores


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("name", metavar="NAME", help="a score's id, or `list`")
    parser.add_argument(
        "--inputs", metavar="JSON", default="", help='JSON, or a file: {"age": 70, "urea": [20, "mg/dL"]}'
    )
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the list, a score's inputs (without `--inputs`), or the result."""
    if args.name == "list":
        found: Any = [
            {"id": s.id, "en": s.label.en, "zh": s.label.zh, "source": s.source.title} for s in scores().values()
        ]
    elif not args.inputs:
        found = describe(find(args.name))
    else:
        score = find(args.name)
        found = to_plain(compute(score, read_inputs(args.inputs)))
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return 0


def describe(score: Score) -> dict[str, Any]:
    """What a score needs, as data."""
    return {
        "id": score.id,
        "label": to_plain(score.label),
        "unit": score.unit,
        "formula": score.formula,
        "source": to_plain(score.source),
        "inputs": [_input(spec, spec.id in score.optional) for spec in score.inputs],
        "bands": [{"below": band.below, **to_plain(band.label)} for band in score.bands],
    }


def _input(spec: InputSpec, optional: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"id": spec.id, "en": spec.label.en, "zh": spec.label.zh, "optional": optional}
    if spec.choices:
        row["choices"] = [name for name, _ in spec.choices]
    elif spec.is_date:
        row["date"] = "YYYY-MM-DD"
    elif spec.is_flag:
        row["choices"] = [True, False]
    else:
        row |= {"unit": spec.unit, "low": spec.low, "high": spec.high}
    return row


def read_inputs(text: str) -> dict[str, InputValue]:
    """Inputs from JSON or a JSON file; a value with a unit is `[20, "mg/dL"]` or `{"value": 20, "unit": "mg/dL"}`."""
    raw = text if text.lstrip().startswith("{") else _file(text)
    try:
        data = json.loads(raw)
    except ValueError as error:
        raise UserError(f"The inputs are not JSON: {error}.", 'Write them as {"age": 70}.') from error
    if not isinstance(data, dict):
        raise UserError("The inputs are not a JSON object.", 'Write them as {"age": 70}.')
    return {key: _value(key, value) for key, value in data.items() if value is not None}


def _file(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path} is neither a JSON object nor a readable file.", "Write --inputs '{\"age\": 70}'."
        ) from error


def _value(key: str, value: Any) -> InputValue:
    if isinstance(value, dict):
        value = [value.get("value"), value.get("unit")]
    if isinstance(value, list):
        if len(value) != 2 or isinstance(value[0], bool) or not isinstance(value[0], int | float):
            raise UserError(f"{key} is not a number with a unit.", 'Write it as [20, "mg/dL"].')
        return Quantity(float(value[0]), str(value[1]))
    if isinstance(value, bool | int | float | str):
        return value
    raise UserError(f"{key} cannot be read: {value!r}.", "Give a number, true, false, a word or a date.")
