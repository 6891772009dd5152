"""`evaluate common DATA`: the common engine on DDXPlus patients through the shipped crosswalk."""

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path

from core.diagnosis import common, ddxplus
from core.diagnosis.measures import calibration_error, flat, interval_coverage, mean, perfect_error, reliability, share
from core.verbs.evaluate_rare import draw_reliability

HELP = "common engine on a DDXPlus folder (patients.csv): all evidence given, ranked among all conditions"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments: DATA, --json, --limit."""
    parser.add_argument("data", type=Path, help="a folder with patients.csv, or the file itself")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )
    parser.add_argument("--diagram", type=Path, help="write the reliability diagram to this PNG file")
    parser.add_argument("--limit", type=int, default=0, help="only the first N patients (0: all)")


def run(args: argparse.Namespace) -> int:
    """Print the measures."""
    cases = ddxplus.read_cases(args.data)[: args.limit or None]
    print(json.dumps(evaluate(cases, args.diagram), indent=2))
    return 0


def evaluate(cases: list[ddxplus.Case], diagram: Path | None = None) -> dict[str, object]:
    """Measures over the cases; the engine has never seen a DDXPlus patient."""
    engine, table = common.shared(), ddxplus.crosswalk()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    ranks, sure, spent, covered, intervals = [], [], [], [], []
    unmatched: set[str] = set()
    for case in cases:
        wanted = table.conditions.get(case.diagnosis, "")
        if wanted not in engine.tables.condition_index:
            unmatched.add(case.diagnosis)
        found, who = ddxplus.findings(case), ddxplus.patient(case)
        started = time.perf_counter()
        ranking = engine.rank(found, who, now, top=10)
        spent.append((time.perf_counter() - started) * 1000)
        names = [h.id for h in ranking.hypotheses]
        ranks.append(names.index(wanted) if wanted in names else 99)
        sure.append(ranking.hypotheses[0].probability if ranking.hypotheses else 0.0)
        intervals.append(ranking.hypotheses[0].interval if ranking.hypotheses else (0.0, 0.0))
        covered.append(bool(ranking.hypotheses))
    first = [rank == 0 for rank in ranks]
    if diagram is not None:
        draw_reliability(reliability(sure, first), diagram)
    return {
        "n": len(cases),
        **{k: v for top in (1, 3, 5, 10) for k, v in flat(f"top{top}", share([r < top for r in ranks])).items()},
        "ece": calibration_error(sure, first),
        "ece_if_perfect": perfect_error(sure),
        "interval_coverage": interval_coverage(intervals, first),
        "abstained": covered.count(False),
        "unmatched_diagnoses": sorted(unmatched),
        **flat("ms_per_case", mean(spent)),
        "conditions": len(engine.tables.conditions),
        "versions": [f"{v.name} {v.version}" for v in (engine.tables.version,)],
    }
