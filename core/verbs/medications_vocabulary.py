"""`medications show` and `medications coverage`: what the drug vocabulary knows, and how much of a list it recognises."""

import argparse
import csv
import io
import json
from pathlib import Path
from typing import Any

from core.domain.serial import to_plain
from core.errors import UserError
from core.knowledge import drug_profiles
from core.knowledge import drugs as drug_tables
from core.treatment.recognise import Recognised, recognise

ESSENTIAL = drug_tables.FOLDER / "who_essential.txt"
_FIELDS = ("renal", "hepatic", "lactation", "qt")


def register(actions: Any) -> None:
    """Add both actions to the parser of `medications`."""
    show = actions.add_parser("show", help="what is known of a drug", description="What is known of a drug.")
    show.add_argument("drug", help="a name in any language, or a brand")
    show.add_argument("--json", action="store_true", help="JSON on standard output (always so)")
    cover = actions.add_parser("coverage", help="how many names of a list are recognised", description="Coverage.")
    cover.add_argument(
        "list", nargs="?", type=Path, default=ESSENTIAL, metavar="FILE", help="one name a line, or a CSV"
    )
    cover.add_argument("--column", default="", help="the column of names in a CSV")
    cover.add_argument("--json", action="store_true", help="JSON on standard output (always so)")
    show.set_defaults(vocabulary=lambda args: _show(args.drug))
    cover.set_defaults(vocabulary=lambda args: coverage(names(args.list, args.column)))


def run(args: argparse.Namespace) -> int:
    """Print what was asked for."""
    print(json.dumps(args.vocabulary(args), ensure_ascii=False, indent=1))
    return 0


def _show(text: str) -> dict[str, Any]:
    said = recognise(text)
    if not said.drugs:
        raise UserError(f"The drug “{text}” is not known.", "Use the generic name.")
    return {"text": text, "drugs": [_drug(drug) for drug in said.drugs]}


def _drug(drug_id: str) -> dict[str, Any]:
    vocabulary, profiles = drug_tables.load(), drug_profiles.load()
    one, profile = vocabulary.by_id[drug_id], profiles.by_drug[drug_id]
    return {
        "id": drug_id,
        "label": to_plain(one.label),
        "atc": list(one.atc),
        "names": list(one.names),
        "brands": list(one.brands),
        "classes": list(vocabulary.classes_of.get(drug_id, ())),
        "profile": {
            "renal": profile.renal.value,
            "hepatic": profile.hepatic.value,
            "pregnancy": {f"trimester_{n}": use.value for n, use in enumerate(profile.pregnancy, start=1)},
            "lactation": profile.lactation.value,
            "qt": profile.qt.value,
            "routes": list(profile.routes) or ["unknown"],
        },
        "sources": {field: source.title for field, source in profiles.sources.items()},
    }


def names(path: Path, column: str = "") -> tuple[str, ...]:
    """The names of a file, each once: lines that are not comments, or one column of a CSV. Raises `UserError`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The list {path} cannot be read.", "Name a text file with one name a line.") from error
    if column:
        rows = list(csv.DictReader(io.StringIO(text)))
        if not rows or column not in rows[0]:
            raise UserError(f"{path.name} has no column “{column}”.", "Look at its first line.")
        found = [(row[column] or "").strip() for row in rows]
    else:
        found = [line.strip() for line in text.splitlines() if not line.startswith("#")]
    listed = tuple(dict.fromkeys(name for name in found if name))
    if not listed:
        raise UserError(f"{path.name} holds no name.", "Write one name a line.")
    return listed


def coverage(listed: tuple[str, ...]) -> dict[str, Any]:
    """Shares of a list: `recognised` wholly (each part of a combination), and what profiles say of those ingredients."""
    said = {name: recognise(name) for name in listed}
    whole = {name: one for name, one in said.items() if _whole(name, one)}
    drugs = sorted({drug for one in whole.values() for drug in one.drugs})
    profiles = drug_profiles.load().by_drug
    known = {f: sum(getattr(profiles[d], f).value != "unknown" for d in drugs) for f in _FIELDS}
    known["pregnancy"] = sum(all(use.value != "unknown" for use in profiles[d].pregnancy) for d in drugs)
    known["routes"] = sum(bool(profiles[d].routes) for d in drugs)
    return {
        "n": len(listed),
        "recognised": round(len(whole) / len(listed), 4),
        "recognised_n": len(whole),
        "ingredients": len(drugs),
        "spelling_corrected": [name for name, one in whole.items() if not all(m.exact for m in one.matches)],
        "unrecognised": [name for name in listed if name not in whole],
        "profile_known": {field: round(number / max(1, len(drugs)), 4) for field, number in known.items()},
    }


def _whole(name: str, said: Recognised) -> bool:
    """Every part of a combination ("a + b") is a drug of its own."""
    return len(said.drugs) >= max(1, name.count(" + ") + 1)
