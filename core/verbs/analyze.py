"""`analyze PATHS...`: everything the window does with opened files, without a window."""

import argparse
import json
import sys
import time
from datetime import datetime
from pathlib import Path

from core.diagnosis import surroundings
from core.domain.case import Case
from core.domain.serial import to_json, to_plain
from core.errors import UserError
from core.progress import Report


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("paths", nargs="+", type=Path, help="files, folders or ZIPs: records, notes, images, genes")
    parser.add_argument("--out", type=Path, help="folder to write one file a case to; default: JSON to standard output")
    parser.add_argument("--format", choices=["json", "pdf"], default="json", help="what to write (default json)")
    parser.add_argument("--lang", choices=["en", "zh"], default="en", help="language of the PDF")
    parser.add_argument("--age", type=float, help="age in years for pictures (PNG, JPEG) that do not say it")
    parser.add_argument("--view", choices=["AP", "PA", "LL"], help="view for pictures that do not say it")
    parser.add_argument(
        "--place", default="", help="region where the patients live, e.g. south_asia (default: not stated)"
    )
    parser.add_argument("--explain-images", action="store_true", help="also make the evidence maps of images (slower)")
    parser.add_argument("--no-store", action="store_true", help="do not keep the cases in the store")


def run(args: argparse.Namespace) -> int:
    """Open, analyse, keep, write."""
    for path in args.paths:
        if not path.exists():
            raise UserError(f"{path} does not exist.", "Check the path.")
    if args.place and surroundings.load().place(args.place) is None:
        names = ", ".join(p.id for p in surroundings.load().places)
        raise UserError(f"{args.place} is no region known here.", f"Name one of: {names}.")
    cases = analyse_paths(args.paths, args)
    if not args.no_store:
        _keep(cases)
    if args.out is None:
        print(json.dumps([to_plain(c) for c in cases], ensure_ascii=False, indent=1))
        return 0
    written = [write(case, args.out, args.format, args.lang) for case in cases]
    print(
        json.dumps({"cases": [_line(c, w) for c, w in zip(cases, written, strict=True)]}, ensure_ascii=False, indent=1)
    )
    return 0


def progress_to_stderr() -> Report:
    """A `Report` that prints at most ten lines a second."""
    last = [0.0]

    def report(done: int, total: int, what: str) -> None:
        if time.monotonic() - last[0] > 0.1:
            last[0] = time.monotonic()
            print(f"{100 * done // total if total else 0:3d} % {what}", file=sys.stderr)

    return report


def analyse_paths(paths: list[Path], args: argparse.Namespace) -> list[Case]:
    """Open and analyse; files that could not be read are said on standard error."""
    import tempfile

    from core import pipeline

    report = progress_to_stderr()
    now = datetime.now().astimezone()
    with tempfile.TemporaryDirectory(prefix="consilium-") as scratch:
        opened = pipeline.open_paths(paths, report, scratch=Path(scratch), now=now)
        for file in opened.files:
            if file.error:
                print(f"not read: {file.path}: {file.error}", file=sys.stderr)
        for doubt in opened.doubts:
            print(f"kept apart: {doubt.first_name} / {doubt.second_name}: {doubt.reason.en}", file=sys.stderr)
        cases = [_answered(case, args) for case in opened.cases]
        return [
            pipeline.analyse(c, report, now=now, explain_images=args.explain_images, place=args.place) for c in cases
        ]


def _answered(case: Case, args: argparse.Namespace) -> Case:
    from core import pipeline

    for image in case.images:
        if image.stated_by == "user" and (args.age is not None or args.view):
            case = pipeline.answer_image(case, image.id, age_years=args.age, view=args.view or "")
    return case


def _keep(cases: list[Case]) -> None:
    from core.store.store import Store

    with Store.open() as store:
        for case in cases:
            store.save(case, user="command line")


def write(case: Case, folder: Path, form: str, language: str) -> Path:
    """Write one case as JSON or PDF; the file is whole or not there."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{case.id}.{form}"
    partial = target.with_suffix(".partial")
    if form == "json":
        partial.write_bytes(to_json(case, indent=1))
    else:
        from core.report.pdf import write_pdf

        write_pdf(case, partial, language)
    partial.replace(target)
    return target


def _line(case: Case, path: Path) -> dict[str, object]:
    leading = case.assessment.hypotheses[0] if case.assessment and case.assessment.hypotheses else None
    return {
        "case": case.id,
        "patient": case.record.patient.name,
        "file": str(path),
        "findings": len(case.findings),
        "leading": leading.label.en if leading else None,
        "probability": round(leading.probability, 4) if leading else None,
        "no_estimate": [r.reason.en for r in case.refusals],
    }
