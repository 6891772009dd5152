"""`evaluate questions DATA`: the interviewer on DDXPlus patients; wrong answers on request, or from knowledge alone."""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.diagnosis import common, companions, ddxplus
from core.diagnosis import ddxplus_books as books
from core.diagnosis.companions import Companions
from core.diagnosis.ddxplus import Case
from core.diagnosis.interview import Answer, Book, Interview, Oracle, Outcome, Question, listed
from core.diagnosis.measures import calibration_error, flat, mean, share
from core.errors import UserError

HELP = "the interviewer on a DDXPlus folder: accuracy, number of questions, calibration"
FOLDS = 5
_Row = tuple[Case, Outcome, Book, float, tuple[str, ...]]
"""Patient, what the interview ended with, the book, milliseconds, and the list."""


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments: DATA, --wrong-answers, --knowledge-only, --sure, --most, --limit."""
    parser.add_argument("data", type=Path, help="a folder with patients.csv and the release_*.json metadata")
    parser.add_argument("--wrong-answers", type=float, default=0.0, metavar="SHARE", help="share of answers made wrong")
    parser.add_argument("--knowledge-only", action="store_true", help="learn nothing from the patients")
    parser.add_argument("--sure", type=float, default=0.0, help="stop at this posterior (default: by task)")
    parser.add_argument("--most", type=int, default=20, help="at most this many questions")
    parser.add_argument("--limit", type=int, default=0, help="only the first N patients (0: all)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the wrong answers")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the measures."""
    print(json.dumps(evaluate(args), indent=2))
    return 0


def evaluate(args: argparse.Namespace) -> dict[str, Any]:
    """Interview every patient; tables learned from the other folds only."""
    cases = ddxplus.read_cases(args.data)
    metadata = ddxplus.read_metadata(args.data)
    if not metadata:
        raise UserError(
            "The release_evidences.json of the set is missing.", "Put it beside patients.csv or in meta_en/."
        )
    asked = books.questions(metadata)
    generator = np.random.default_rng(args.seed)
    noisy = args.wrong_answers > 0
    sure = args.sure or (0.99 if args.wrong_answers else 0.97 if args.knowledge_only else 0.995)
    rows: list[_Row] = []
    for case, book, learned in _with_books(cases, asked, args):
        started = time.perf_counter()
        interview = Interview(book, noisy=noisy, weights=books.demographics(book, case))
        _begin(interview, case)
        outcome = interview.run(_oracle(case, args.wrong_answers, generator), sure=sure, most=args.most)
        names = companions.lead(learned, outcome.posterior, case).names if learned else ()
        rows.append((case, outcome, book, (time.perf_counter() - started) * 1000, names))
    return _measures(rows, args, sure)


def _with_books(
    cases: list[Case], asked: tuple[Question, ...], args: argparse.Namespace
) -> Iterator[tuple[Case, Book, Companions | None]]:
    """Each patient with a book, and lists, that were not learned from it."""
    listed = books.read_conditions(args.data)
    names = tuple(sorted({case.diagnosis for case in cases} & set(ddxplus.crosswalk().conditions)))
    fold = np.random.default_rng(0).permutation(len(cases)) % FOLDS
    wanted = range(min(len(cases), args.limit or len(cases)))
    if args.knowledge_only:
        everybody = tuple(ddxplus.crosswalk().conditions)
        book = books.written(asked, everybody, listed)
        yield from ((cases[i], book, None) for i in wanted)
        return
    for part in range(FOLDS):
        others = [c for c, f in zip(cases, fold, strict=True) if f != part]
        book, learned = books.learn(others, asked, names, listed), companions.learn(others, names)
        yield from ((cases[i], book, learned) for i in wanted if fold[i] == part)


def _begin(interview: Interview, case: Case) -> None:
    """The complaint the patient came with is known."""
    code = case.initial.split("_@_")[0]
    for question in interview.book.questions:
        if question.code == code:
            interview.given(question, books.answer(case, question))
            interview.asked.append(code)


def _oracle(case: Case, wrong: float, generator: np.random.Generator) -> Oracle:
    def reply(question: Question) -> Answer:
        true = books.answer(case, question)
        if generator.random() >= wrong:
            return true
        if question.kind == "yes":
            return frozenset() if true else frozenset({"yes"})
        return frozenset({question.values[int(generator.integers(len(question.values)))]})

    return reply


def _measures(rows: list[_Row], args: argparse.Namespace, sure: float) -> dict[str, Any]:
    dangerous = _dangerous()
    order = [
        listed(outcome.posterior, np.array([h in dangerous for h in book.hypotheses])) for _, outcome, book, *_ in rows
    ]
    ranks = [
        [book.hypotheses[int(i)] for i in o].index(case.diagnosis) if case.diagnosis in book.hypotheses else 999
        for (case, _, book, *_), o in zip(rows, order, strict=True)
    ]
    first = [rank == 0 for rank in ranks]
    confidence = [float(outcome.posterior.max()) for _, outcome, *_ in rows]
    must = [rank < 5 for rank, (case, *_) in zip(ranks, rows, strict=True) if case.diagnosis in dangerous]
    count = [float(len(outcome.asked) - 1) for _, outcome, *_ in rows]
    return {
        "n": len(rows),
        **{k: v for top in (1, 3, 5) for k, v in flat(f"top{top}", share([r < top for r in ranks])).items()},
        **flat("mean_questions", mean(count)),
        "ece": calibration_error(confidence, first),
        **companions.agreement([row[4] for row in rows], [row[0] for row in rows]),
        **flat("cant_miss_top5", share(must)),
        **flat("ms_per_case", mean([spent for *_, spent, _ in rows])),
        "wrong_answers": args.wrong_answers,
        "knowledge_only": args.knowledge_only,
        "sure": sure,
        **flat("believed_error_rate", mean([outcome.error_rate for _, outcome, *_ in rows])),
    }


def _dangerous() -> frozenset[str]:
    tables = common.shared().tables
    return frozenset(
        name
        for name, condition in ddxplus.crosswalk().conditions.items()
        if condition in tables.condition_index and tables.conditions[tables.condition_index[condition]].cant_miss
    )
