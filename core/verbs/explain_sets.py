"""`explain --cohort`, `explain CASE --similar N | --compare-with CASE | --against HYPOTHESIS`: beyond one case."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from core.domain.case import Case, CaseStatus
from core.domain.serial import to_plain
from core.errors import UserError
from core.store.store import Store
from core.store.users import Permission


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments beside those of one case."""
    sets = parser.add_argument_group("a set of cases")
    sets.add_argument(
        "--cohort", nargs="?", const="", metavar="WORDS", help="a global view over all cases, or those that have WORDS"
    )
    sets.add_argument("--cases", default="", metavar="ID,ID", help="only these cases")
    sets.add_argument("--kind", action="append", default=[], help="only cases with notes, labs, radiograph, genes ...")
    sets.add_argument("--status", action="append", default=[], choices=[str(s) for s in CaseStatus], help="only these")
    sets.add_argument("--since", default="", help="changed since this ISO time")
    sets.add_argument("--top", type=int, default=20, help="findings shown (default 20)")
    sets.add_argument("--csv", type=Path, help="write the view as a table; names nobody")
    sets.add_argument("--png", type=Path, help="write the view as a picture; names nobody")
    beside = parser.add_argument_group("beside another")
    beside.add_argument(
        "--similar", type=int, default=0, metavar="N", help="the N most similar past cases, with outcome"
    )
    beside.add_argument("--compare-with", default="", metavar="CASE", help="the same diagnosis in another case")
    beside.add_argument("--against", default="", metavar="HYPOTHESIS", help="another diagnosis of the same case")


def asked(args: argparse.Namespace) -> bool:
    """Whether one of these was asked for."""
    return args.cohort is not None or bool(args.similar or args.compare_with or args.against)


def run(args: argparse.Namespace, store: Store) -> int:
    """Print the answer as JSON."""
    if args.cohort is not None:
        shown = _cohort(args, store)
    elif not args.case:
        raise UserError("Say which case.", "`main.py cases list` shows those there are.")
    elif args.similar:
        shown = _similar(store, args.case, args.similar)
    elif args.compare_with:
        shown = _cases(store, args)
    else:
        shown = _diagnoses(store, args)
    print(json.dumps(shown, ensure_ascii=False, indent=1))
    return 0


def _cohort(args: argparse.Namespace, store: Store) -> dict[str, Any]:
    from core.explain.cohort_export import csv_text, draw
    from core.store.cohort import Cohorts

    ids = [row.id for row in store.list(
        text=args.cohort, kinds=args.kind, since=args.since, limit=1_000_000,
        status=[CaseStatus(s) for s in args.status],
    )]  # fmt: skip
    if args.cases:
        wanted = set(args.cases.split(","))
        ids = [name for name in ids if name in wanted]
    found = Cohorts(store).view(ids, args.hypothesis, progress, top=args.top)
    if args.csv or args.png:
        who = store.users.require(Permission.EXPORT)
        if args.csv:
            args.csv.write_text(csv_text(found), encoding="utf-8")
        if args.png:
            draw(found, args.png)
        store.audit.add_or_keep("export", who, "", kind="cohort", cases=found.cases)
    return dict(to_plain(found))


def _similar(store: Store, case_id: str, count: int) -> dict[str, Any]:
    from core.store.similar_cases import find_similar, keep, opened, refresh

    case = store.load(case_id)
    index = opened(store)
    before = (len(index), len(index.notes))
    changed = refresh(store, index, progress)
    if changed or before != (len(index), len(index.notes)):
        keep(store, index)
    found = find_similar(store, index, case, count)
    return {"case": case_id, "cases_in_index": len(index), "similar": [to_plain(dataclasses.asdict(p)) for p in found]}


def _cases(store: Store, args: argparse.Namespace) -> dict[str, Any]:
    from core.explain.compare import cases, shared_hypotheses

    one, other = (_assessed(store.load(name)) for name in (args.case, args.compare_with))
    both = shared_hypotheses(one, other)
    if not both:
        raise UserError("The two cases have no diagnosis in common.", "Compare other cases.")
    compared = cases(one, other, args.hypothesis or both[0])
    return {
        **to_plain(compared),
        "decisive": to_plain(compared.decisive),
        "first": args.case,
        "second": args.compare_with,
    }


def _diagnoses(store: Store, args: argparse.Namespace) -> dict[str, Any]:
    from core.explain.findings import compare

    assessment = _assessed(store.load(args.case))
    return dict(to_plain(compare(assessment, args.hypothesis or assessment.hypotheses[0].id, args.against)))


def _assessed(case: Case) -> Any:
    if case.assessment is None or not case.assessment.hypotheses:
        raise UserError(f"Case {case.id} has no differential to explain.", "Analyse it first.")
    return case.assessment


def progress(done: int, total: int, what: str) -> None:
    """Progress on standard error."""
    print(f"\r{100 * done // total if total else 0:3d} % {what}", end="", file=sys.stderr)
