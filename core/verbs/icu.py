"""`icu FILE`: the probability of death in hospital after 48 hours of intensive care, and what it rests on."""

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.domain.serial import to_plain
from core.errors import Unreadable, UserError
from core.inference import icu
from core.inference.icu_stay import UNITS, Stay, read_stay
from core.inference.packs import Pack

_SHOWN = 10


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("file", type=Path, help="a stay (text: Time,Parameter,Value) or a record (FHIR, C-CDA, HL7 v2)")
    parser.add_argument(
        "--admitted", default="", metavar="TIME", help="for a record: when intensive care began (ISO 8601)"
    )
    parser.add_argument("--unit", default="", choices=["", *UNITS.values()], help="for a record: the kind of unit")
    parser.add_argument("--pack", type=Path, default=None, help="a pack's folder; default the installed one")
    parser.add_argument("--all", action="store_true", help="every feature's share, not only the channels'")
    parser.add_argument("--json", action="store_true", help="JSON on standard output (always so)")


def run(args: argparse.Namespace) -> int:
    """Print the estimate or the refusal."""
    pack = chosen(args.pack)
    if pack is None:
        raise UserError("No model pack for intensive care is installed.", "Install one, or name it with --pack.")
    found = icu.estimate(pack, _stay(args))
    print(json.dumps(_json(found, every=args.all), ensure_ascii=False, indent=1))
    return 0


def chosen(folder: Path | None) -> Pack | None:
    """The named pack, verified, or the installed one. UserError for a pack of another task."""
    if folder is None:
        return icu.installed()
    from core.inference.packs import verify

    pack = verify(folder)
    if pack.task != icu.TASK:
        raise UserError(f"{pack.id} is not a pack for intensive care (its task is {pack.task}).", "Name another.")
    return pack


def _stay(args: argparse.Namespace) -> Stay:
    try:
        start = args.file.read_bytes()[:64].decode("utf-8", "replace")
    except OSError as error:
        raise Unreadable(f"{args.file} cannot be read: {error.strerror}.", "Name a file.") from error
    if start.lstrip("\ufeff").replace(" ", "").startswith("Time,Parameter,Value"):
        return read_stay(args.file)
    from core.records.intake import read_paths
    from core.risk.icu_record import stay_from

    with TemporaryDirectory() as scratch:
        records = read_paths([args.file], scratch=Path(scratch)).records
    if len(records) != 1:
        held = f"{len(records)} patients" if records else "no record and no stay"
        raise UserError(f"{args.file.name} holds {held}.", "Give a file of one patient.")
    return stay_from(records[0], admitted=args.admitted, unit=args.unit)


def _json(found: icu.IcuEstimate | icu.IcuRefusal, *, every: bool) -> dict[str, Any]:
    if isinstance(found, icu.IcuRefusal):
        return {"stay": found.stay, "estimate": None, "rule": found.rule, "reason": to_plain(found.reason)}
    shares = [
        {
            "group": s.group, "label": to_plain(s.label), "nats": round(s.nats, 4),
            "features": [
                {"name": name, "value": value, "nats": round(nats, 4)}
                for name, value, nats in (s.features if every else s.features[:3])
            ],
        }
        for s in (found.shares if every else found.shares[:_SHOWN])
    ]  # fmt: skip
    plain: dict[str, Any] = to_plain(found)
    if not every:
        rest = sum(s.nats for s in found.shares[_SHOWN:])
        plain["rest_nats"] = round(rest, 4)
    return plain | {"shares": shares, "estimate": round(found.probability, 4)}
