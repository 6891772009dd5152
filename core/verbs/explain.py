"""`explain CASE`: Shapley values of a stored case, down to the finding and the pixel; computed where not yet stored."""

import argparse
import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path

from core.domain.case import Case, CaseStatus
from core.domain.serial import to_plain
from core.errors import UserError
from core.store.store import Store
from core.verbs import explain_build, explain_sets


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("case", nargs="?", default="", help="the case's id (see `cases list`), or `build-pack`")
    parser.add_argument(
        "--hypothesis", default="", help="a hypothesis' id or its place in the list (default: the first)"
    )
    parser.add_argument("--image", default="", help="explain this image's model output too (slower)")
    parser.add_argument("--wording", action="store_true", help="word by word: what the note's wording adds (English)")
    parser.add_argument("--evaluations", type=int, default=512, help="model evaluations for an image (default 512)")
    parser.add_argument("--no-save", action="store_true", help="do not keep a newly computed explanation")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )
    explain_sets.register(parser)
    explain_build.register(parser)


def run(args: argparse.Namespace) -> int:
    """Print the explanation as JSON; what was computed newly is kept with the case unless it is signed."""
    if args.case == explain_build.NAME:
        return explain_build.run(args)
    with Store.open(passphrase=os.environ.get("CONSILIUM_PASSPHRASE")) as store:
        if explain_sets.asked(args) or not args.case:
            return explain_sets.run(args, store)
        case = store.load(args.case)
        name = _hypothesis(case, args.hypothesis)
        with tempfile.TemporaryDirectory(prefix="consilium-") as scratch:
            local = store.with_local_images(case, Path(scratch))
            explained = dataclasses.replace(_explained(local, name, args), images=case.images)
        is_new = explained.explanation is not case.explanation
        if is_new and not args.no_save and case.status != CaseStatus.SIGNED:
            store.save(explained)
        shown = _chosen(explained, name, args.image)
        if args.wording:
            shown["wording"] = _wording(case, name)
        print(json.dumps(shown, ensure_ascii=False, indent=1))
    return 0


def _hypothesis(case: Case, asked: str) -> str:
    if case.assessment is None or not case.assessment.hypotheses:
        raise UserError("This case has no differential to explain.", "Analyse it first.")
    ids = [h.id for h in case.assessment.hypotheses]
    if asked.isdigit() and 1 <= int(asked) <= len(ids):
        return ids[int(asked) - 1]
    if asked and asked not in ids:
        raise UserError(f"{asked!r} is not in the differential.", f"It has {', '.join(ids[:8])}.")
    return asked or ids[0]


def _explained(case: Case, hypothesis_id: str, args: argparse.Namespace) -> Case:
    """The case with the explanations asked for; the same object where they were stored already."""
    from core import pipeline

    stored = {f.hypothesis_id for f in case.explanation.findings} if case.explanation else set()
    if hypothesis_id not in stored:
        case = pipeline.explain_hypothesis(_with_explanation(case), hypothesis_id)
    images = {i.image_id for i in case.explanation.images} if case.explanation else set()
    if args.image and args.image not in images:
        case = pipeline.explain_image(case, args.image, _progress, evaluations=args.evaluations)
    return case


def _with_explanation(case: Case) -> Case:
    from core.domain.explanation import Explanation

    if case.explanation is not None or case.assessment is None:
        return case
    return dataclasses.replace(case, explanation=Explanation(case.assessment.id))


def _wording(case: Case, hypothesis_id: str) -> object:
    """The words' values for the hypothesis; not kept with the case."""
    from core.explain.text import explain
    from core.findings.wording import CODE

    said = next((f for f in case.findings if f.code.code == CODE), None)
    if said is None:
        raise UserError("This case has no wording to explain.", "It needs an English note and a text pack.")
    return dataclasses.asdict(explain(said.source.text, hypothesis_id))


def _chosen(case: Case, hypothesis_id: str, image_id: str) -> dict[str, object]:
    assert case.explanation is not None
    findings = tuple(f for f in case.explanation.findings if f.hypothesis_id == hypothesis_id)
    images = tuple(i for i in case.explanation.images if not image_id or i.image_id == image_id)
    return {"case": case.id, **to_plain(dataclasses.replace(case.explanation, findings=findings, images=images))}


def _progress(done: int, total: int, what: str) -> None:
    print(f"{100 * done // total if total else 0:3d} % {what}", file=sys.stderr)
