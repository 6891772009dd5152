"""`evaluate icu DATA`: death in hospital after 48 hours of intensive care, by the pack or cross-validated."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import UserError
from core.inference import icu as model
from core.inference.packs import Pack
from core.learning import icu, icu_measure, icu_pack
from core.verbs.icu import chosen

HELP = "measure the mortality model on stays (set-*/ folders and Outcomes-*.txt)"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, metavar="DATA", help="folder with set-*/ and Outcomes-*.txt")
    parser.add_argument("--pack", type=Path, default=None, help="a pack's folder; default the installed one")
    parser.add_argument("--cross-validate", action="store_true", help="train and test on DATA itself, in five folds")
    parser.add_argument(
        "--train", type=Path, default=None, metavar="OUT", help="also write a pack trained on all stays"
    )
    parser.add_argument("--created", default="", metavar="DATE", help="the date that the written pack states")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the figures as JSON. Stays that the pack was trained on are never scored by it."""
    if args.train is not None and not args.created:
        raise UserError("The pack has no date.", "Name it with --created 2026-01-31.")
    pack = chosen(args.pack)
    stays = icu.load(args.data, _progress)
    if args.train is not None:
        found = _written(icu_pack.build(stays, args.train, args.created, _progress))
    elif args.cross_validate or pack is None:
        found = cross_validated(stays)
    else:
        trained = icu_pack.trained_on(pack)
        fresh = np.array([digest not in trained for digest in stays.digests])
        found = by_pack(stays.only(fresh), pack) if fresh.any() else cross_validated(stays)
        found["trained_on"] = int((~fresh).sum())
        if not fresh.any():
            found["why"] = "every stay was in the pack's training: cross-validated instead"
    print(json.dumps({**found, "skipped": list(stays.skipped)}, indent=1))
    return 0


def by_pack(stays: icu.Stays, pack: Pack) -> dict[str, Any]:
    """The pack's figures on stays that it never saw, at its own threshold too; refused stays are counted apart."""
    order = model.names(pack)
    place = {name: i for i, name in enumerate(stays.names)}
    rows = np.full((len(stays.y), len(order)), np.nan, np.float32)
    for i, name in enumerate(order):
        if name in place:
            rows[:, i] = stays.x[:, place[name]]
    p = np.array([pack.calibration.probability(float(logit)) for logit in model.raw_logits(pack, rows)])
    refused = [model.gate(pack, stay) for stay in stays.stays]
    rules = [r.rule for r in refused if r is not None]
    inside = np.array([r is None for r in refused])
    threshold = pack.labels[0].threshold
    told = (p >= threshold).astype(float)
    return {
        "how": f"pack {pack.id} {pack.pack_version}; event1 at the best threshold, event1_preset at the pack's",
        **_figures(stays.y[inside], p[inside], told[inside]), "pack_threshold": round(threshold, 4),
        "refused": {rule: rules.count(rule) for rule in sorted(set(rules))},
        "without_gate": _figures(stays.y, p, told),
        "subgroups": icu_measure.subgroups(stays.only(inside).stays, stays.y[inside], p[inside], told[inside]),
    }  # fmt: skip


def cross_validated(stays: icu.Stays) -> dict[str, Any]:
    """Every stay by a model of the same recipe that never saw it; all stays, none refused."""
    p, told = icu.cross_validate(stays, _progress)
    how = "5-fold cross-validation; event1 at the best threshold, event1_preset at those set inside the training folds"
    groups = icu_measure.subgroups(stays.stays, stays.y, p, told)
    return {"how": how, **_figures(stays.y, p, told), "subgroups": groups}


def _figures(y: icu.Array, p: icu.Array, told: icu.Array) -> dict[str, Any]:
    return {"n": len(y), "deaths": int(y.sum())} | icu_measure.figures(y, p) | icu_measure.called(y, told)


def _written(manifest: dict[str, Any]) -> dict[str, Any]:
    metrics = manifest["metrics"]
    return {"how": metrics["how"], **metrics["all_stays"], "within_gate": metrics["own_test"], "pack": manifest["id"]}


def _progress(done: int, total: int, what: str) -> None:
    if done % 1000 == 0 or total < 10:
        print(f"{what}: {done}/{total}", file=sys.stderr)
