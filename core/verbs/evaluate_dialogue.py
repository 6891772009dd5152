"""`evaluate dialogue DATA`: the questioner on text vignettes: from the chief complaint, by asking, to a differential.

What the vignette states as present or absent answers a question; anything else is "unknown".
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.diagnosis import common, dialogue
from core.diagnosis.measures import calibration_error, flat, mean, perfect_error, share
from core.diagnosis.observations import nodes, observe
from core.domain.finding import Finding, Status
from core.knowledge.condition_check import plain
from core.knowledge.condition_tables import Tables
from core.verbs.evaluate_vignettes import NOW, Vignette, findings, names, read

HELP = "the questioner on text vignettes (JSON lines): from the chief complaint; unstated answers are unknown"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments: DATA, --most, --sure, --limit, --json."""
    parser.add_argument("data", type=Path, help="vignettes as for `evaluate vignettes`")
    parser.add_argument("--most", type=int, default=dialogue.MOST, help="at most this many questions")
    parser.add_argument("--sure", type=float, default=dialogue.SURE, help="stop at this belief")
    parser.add_argument("--limit", type=int, default=0, help="only the first N vignettes (0: all)")
    parser.add_argument("--json", action="store_true", help="JSON on standard output (always so)")


def run(args: argparse.Namespace) -> int:
    """Print the measures."""
    vignettes = read(args.data)[: args.limit or None]
    print(json.dumps(evaluate(vignettes, sure=args.sure, most=args.most), indent=2, ensure_ascii=False))
    return 0


def evaluate(vignettes: list[Vignette], *, sure: float = dialogue.SURE, most: int = dialogue.MOST) -> dict[str, Any]:
    """One interview a vignette; a diagnosis that no condition carries by name counts as missed."""
    engine = common.shared()
    owner = {name: row for row, c in enumerate(engine.tables.conditions) for name in names(c)}
    ranks, confidence, asked, answered, spent = [], [], [], [], []
    for number, vignette in enumerate(vignettes):
        oracle = answers(findings(vignette), engine.tables)
        begun = time.perf_counter()
        ended = dialogue.interview(engine, complaint(vignette), vignette.patient, NOW, oracle, sure=sure, most=most)
        spent.append((time.perf_counter() - begun) * 1000)
        p, truth = ended.scores.probabilities, owner.get(plain(vignette.diagnosis))
        ranks.append(999 if truth is None else int((p > p[truth]).sum()) + 1)
        confidence.append(float(p.max()))
        asked.append(float(len(ended.asked)))
        answered.append(float(sum(a.answer is not Status.NOT_ASSESSED for a in ended.asked)))
        if number % 50 == 0:
            print(f"{number} of {len(vignettes)}", file=sys.stderr)
    return {
        "n": len(vignettes),
        **{k: v for top in (1, 3, 5) for k, v in flat(f"top{top}", share([r <= top for r in ranks])).items()},
        **flat("mean_questions", mean(asked)),
        **flat("mean_answered", mean(answered)),
        "ece": calibration_error(confidence, [r == 1 for r in ranks]),
        "ece_if_perfect": perfect_error(confidence),
        **flat("ms_per_case", mean(spent)),
        "sure": sure,
        "most": most,
        "conditions": len(engine.tables.conditions),
    }


def complaint(vignette: Vignette) -> tuple[Finding, ...]:
    """The findings of the chief complaint alone (the first note); nothing denied."""
    return findings(replace(vignette, notes=vignette.notes[:1], denied=replace(vignette.denied, text="")))


def answers(found: tuple[Finding, ...], tables: Tables) -> dialogue.Oracle:
    """An oracle that knows the findings of the whole vignette and what follows from them."""
    seen = observe(found, tables)
    present = {node.index for node in nodes(seen, tables) if node.present}
    present |= {above for o in seen if o.present for above in tables.ancestors[o.index]}
    denied = {o.index for o in seen if not o.present}

    def reply(name: str) -> Status:
        index = tables.finding_index[name]
        if index in present:
            return Status.PRESENT
        return Status.ABSENT if index in denied or tables.ancestors[index] & denied else Status.NOT_ASSESSED

    return reply
