"""`models calibrate`, `models drift` and `models variant`: a pack on this site's own cases and this machine."""

import argparse
import csv
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import UserError
from core.inference import packs, site
from core.inference.packs import Pack
from core.progress import Report, silent

if TYPE_CHECKING:
    from core.store.store import Store

Pairs = list[tuple[float, bool, str]]


def register(actions: Any) -> None:
    """Arguments."""
    fit = actions.add_parser("calibrate", help="fit a pack's probabilities to this clinic's signed cases; reversible")
    fit.add_argument("pack", metavar="PACK", help="id of an installed pack")
    fit.add_argument("--label", default="", help="code of the label (default: the only one)")
    fit.add_argument("--csv", type=Path, default=None, help="log_odds,outcome[,patient] instead of the stored cases")
    fit.add_argument("--kind", default="", choices=["", *site.KINDS], help="default: by the number of cases")
    fit.add_argument("--apply", action="store_true", help="put it in force; without this it is only shown")
    fit.add_argument("--withdraw", action="store_true", help="take the calibration in force away")
    fit.add_argument("--earlier", action="store_true", help="with --withdraw: bring the one before back")
    moved = actions.add_parser("drift", help="whether what a pack sees and says here still looks like its validation")
    moved.add_argument("pack", metavar="PACK", help="id of an installed pack")
    moved.add_argument(
        "--films", type=Path, default=None, help="a folder of films: the gate's scores against validation"
    )
    wish = actions.add_parser("variant", help="which graph sessions take: accurate, auto or fast; shows the choice")
    wish.add_argument("wish", nargs="?", default="", choices=["", "accurate", "auto", "fast"])


def run_calibrate(args: argparse.Namespace) -> dict[str, Any]:
    """The fit with its n and its ECE before and after, and the reliability diagram."""
    pack = packs.find(args.pack)
    label = args.label or _only_label(pack)
    if args.withdraw:
        left = site.withdraw(pack, label, to_earlier=args.earlier)
        return {"pack": pack.id, "label": label, "in_force": _shown(left)}
    if args.csv:
        pairs = _of_csv(args.csv)
    else:
        with _store() as store:
            pairs = of_cases(store, pack, label)
    odds, outcomes, patients = [p[0] for p in pairs], [p[1] for p in pairs], [p[2] for p in pairs]
    made = site.fit_site(pack, label, odds, outcomes, patients=patients, kind=args.kind)
    if args.apply:
        site.apply(pack, made)
    from core.inference.calibration import reliability

    plain = 1 / (1 + np.exp(-np.clip(np.array(odds), -40, 40)))
    return {
        "pack": pack.id,
        "fitted": _shown(made),
        "in_force": _shown(site.in_force(pack, label)),
        "reliability_before": [asdict(b) for b in reliability(plain, np.array(outcomes, np.int64))],
    }


def _shown(made: site.SiteCalibration | None) -> dict[str, Any] | None:
    return None if made is None else asdict(made) | {"prevalence": made.prevalence}


def _only_label(pack: Pack) -> str:
    if len(pack.labels) != 1:
        raise UserError(f"{pack.id} has {len(pack.labels)} labels.", "Name one with --label.")
    return pack.labels[0].code.code


def _of_csv(path: Path) -> Pairs:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return [
            (float(r["log_odds"]), r["outcome"].strip() == "1", r.get("patient") or str(i)) for i, r in enumerate(rows)
        ]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError(
            f"{path} cannot be read: {error}.", "Give columns log_odds, outcome (1 or 0) and patient."
        ) from error


def _store() -> "Store":
    from core.store.store import Store

    return Store.open(passphrase=os.environ.get("CONSILIUM_PASSPHRASE"))


def of_cases(store: "Store", pack: Pack, label: str, report: Report = silent) -> Pairs:
    """(log-odds, outcome, patient) of signed cases where the pack gave a probability and a clinician said whether the
    finding is there. Shared by the command line and the window."""
    from core.domain.case import CaseStatus
    from core.domain.finding import Origin, Status

    codes = {(c.system, c.code) for one in pack.labels if one.code.code == label for c in (one.code, *one.also)}
    found: Pairs = []
    rows = store.list(status=(CaseStatus.SIGNED,), limit=100_000)
    for k, row in enumerate(rows):
        report(k, len(rows), "reading signed cases")
        case = store.load(row.id)
        said = [
            f.status is Status.PRESENT
            for f in case.findings
            if f.origin is Origin.CLINICIAN
            and f.status is not Status.NOT_ASSESSED
            and ({(f.code.system, f.code.code)} | {(c.system, c.code) for c in f.also}) & codes
        ]
        for one in case.predictions if len(set(said)) == 1 else ():
            if one.pack.sha256 == pack.sha256 and one.label.code == label:
                found.append((one.logit, said[0], _patient(case)))
    return found


def _patient(case: Any) -> str:
    """Which patient a case is of: their first identifier; where there is none, the case stands for itself."""
    known = case.record.patient.identifiers
    return f"{known[0].system} {known[0].value}" if known else str(case.id)


def run_drift(args: argparse.Namespace) -> dict[str, Any]:
    """Measures against the pack's validation (or this site's beginning), refusals, months."""
    from core.inference.drift import drift, false_refusals

    pack = packs.find(args.pack)
    stated = {"pack": pack.id, "false_refusals_stated": false_refusals(dict(pack.manifest))}
    if args.films is not None:
        return {**stated, "measures": [asdict(m) for m in _of_films(pack, args.films)]}
    found = drift(_observations(pack), dict(pack.manifest))
    return {**stated, "verdict": found.verdict, **asdict(found)}


def _observations(pack: Pack) -> Any:
    from core.inference.drift import Observation

    found = []
    with _store() as store:
        for row in store.list(limit=100_000):
            case = store.load(row.id)
            found += [
                Observation(case.created_at, p.logit, p.ood) for p in case.predictions if p.pack.sha256 == pack.sha256
            ]
            found += [
                Observation(case.created_at, refused=r.rule) for r in case.refusals if r.pack.sha256 == pack.sha256
            ]
    return found


def _of_films(pack: Pack, folder: Path) -> Any:
    from core.inference import gate
    from core.inference.compress_data import read_data
    from core.inference.drift import feature_drift
    from core.inference.predict import forward

    if pack.task != "image-classification":
        raise UserError(f"{pack.id} reads no films.", "Without --films, stored cases are looked at.")
    films = [one["film"] for one in read_data(pack, folder).feeds]
    if not films:
        raise UserError(f"{folder} holds no film that can be read.", "Name a folder of films.")
    vectors = [forward(pack, film)[1][0] for film in films]
    rows = np.stack([gate.picture_features(f[0], v) for f, v in zip(films, vectors, strict=True)])
    return feature_drift(gate.density(pack), rows)


def run_variant(args: argparse.Namespace) -> dict[str, Any]:
    """The wish, and what each pack's sessions take because of it."""
    from core.inference.session import providers
    from core.inference.variants import choose, prefer, preferred, variants

    if args.wish:
        prefer(args.wish)
    found = []
    for pack in packs.installed():
        choice = choose(pack, providers()[0])
        why = {"en": choice.why.en, "zh": choice.why.zh}
        found.append(
            {"pack": pack.id, "takes": choice.variant.role, "why": why, "variants": [asdict(v) for v in variants(pack)]}
        )
    return {"wish": preferred(), "provider": providers()[0], "packs": found}
