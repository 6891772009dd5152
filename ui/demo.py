"""`demo`: what the window would show, without a display: sample cases, reports, JSON and screenshots in a folder."""

import argparse
import json
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path

HELP = "analyse the sample cases offscreen; leave report, JSON and screenshots in a folder"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the results (default out/)")
    parser.add_argument("--no-screenshots", action="store_true", help="reports and JSON only")


def run(args: argparse.Namespace) -> int:
    """Analyse, write, photograph. The store of the demonstration lies in the folder itself, not in the user's profile."""
    args.out.mkdir(parents=True, exist_ok=True)
    os.environ["CONSILIUM_PROFILE"] = str((args.out / "profile").resolve())
    written = [str(p) for p in _reports(args.out)]
    if not args.no_screenshots:
        written += [str(p) for p in _screenshots(args.out / "screens")]
    print(json.dumps({"written": written}, indent=1, ensure_ascii=False))  # noqa: T201  the verb's result
    return 0


def _reports(out: Path) -> list[Path]:
    from core.domain.serial import to_json
    from core.report.pdf import write_pdf
    from core.samples import fill
    from core.store.store import Store
    from core.verbs.analyze import progress_to_stderr

    now = datetime.now().astimezone()
    written: list[Path] = []
    with Store.open() as store, tempfile.TemporaryDirectory(prefix="consilium-") as local:
        fill(store, progress_to_stderr(), now=now)
        for row in store.list():
            case = store.with_local_images(store.load(row.id), Path(local))
            name = case.record.patient.name.split(",")[0].split(" ")[0].lower() or case.id
            written.append(out / f"{name}.json")
            written[-1].write_bytes(to_json(case, indent=1))
            for language in ("en", "zh"):
                written.append(out / f"{name}-{language}.pdf")
                write_pdf(case, written[-1], language)
    return written


def _screenshots(out: Path) -> tuple[Path, ...]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import onnxruntime  # noqa: F401  before PySide6: Windows DLL order

    from ui.app import take_screenshots

    print("screenshots", file=sys.stderr)  # noqa: T201  progress
    return take_screenshots(out)
