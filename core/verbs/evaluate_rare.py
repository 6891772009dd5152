"""`evaluate rare DATA`: the rare engine on a folder of phenopackets, as is and with the case's own publication left out."""

import argparse
import json
import sys
from pathlib import Path

import msgspec

HELP = "rare-disease engine on a folder of phenopackets: top-1/3/10, calibration, time; leave-publication-out"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("data", type=Path, help="a folder of phenopackets (nested folders are read)")
    parser.add_argument(
        "--leave-publication-out",
        action="store_true",
        help="rank each case without the annotations that cite its own publication",
    )
    parser.add_argument(
        "--without-orphanet", action="store_true", help="without Orphanet's annotations (no PMIDs there)"
    )
    parser.add_argument("--with-genes", action="store_true", help="give the engine the case's gene as a finding")
    parser.add_argument("--folds", action="store_true", help="learn on the other diseases' cases (5 folds)")
    parser.add_argument("--diagram", type=Path, help="write the reliability diagram to this PNG file")
    parser.add_argument("--write-model", type=Path, help="learn from all cases and write the model to this folder")
    parser.add_argument("--limit", type=int, default=0, help="only the first N cases (0: all)")
    parser.add_argument("--json", action="store_true", help="JSON on standard output (always so)")


def run(args: argparse.Namespace) -> int:
    """Print the measures."""
    from core.diagnosis import rare_evaluation, rare_network, rare_weights
    from core.diagnosis.rare_cases import read_cases
    from core.diagnosis.rare_measures import measures, reliability

    def report(done: int, total: int, what: str) -> None:
        print(f"evaluate rare {done}/{total} {what}", file=sys.stderr)

    cases = read_cases(args.data)[: args.limit or None]
    options = rare_evaluation.Options(
        args.leave_publication_out, not args.without_orphanet, args.with_genes, args.folds
    )
    fewer = rare_evaluation.FEWER if args.folds or args.write_model else 0
    pack, scored = rare_evaluation.prepare(cases, options, report, fewer=fewer)
    if args.write_model:
        model = rare_evaluation.shipped(scored, pack, report)
        rare_weights.write(model.weights, args.write_model / rare_weights.FILE.name)
        rare_network.write(model.network, args.write_model / rare_network.FILE.name)
        print(json.dumps({"model": str(args.write_model)}))
        return 0
    models = rare_evaluation.fold_models(scored, report) if args.folds else [rare_evaluation.installed()] * len(scored)
    found = rare_evaluation.outcomes(scored, models, options)
    if args.diagram:
        draw_reliability(reliability(found), args.diagram)
    out = measures(found)
    out["options"] = msgspec.to_builtins(options)
    out["ms_per_case"] = rare_evaluation.milliseconds(cases)
    out["pack_load_seconds"] = rare_evaluation.load_seconds()
    out["versions"] = {
        "hpo": pack.version.version,
        "hpoa": pack.hpoa_version,
        "pack_sha256": pack.version.sha256,
        "weights": "learned in folds" if args.folds else rare_weights.load().source,
    }
    print(json.dumps(out, indent=1))
    return 0


def draw_reliability(points: list[tuple[float, float, int]], path: Path, size: int = 420) -> None:
    """A reliability diagram as PNG: share right against stated probability; a dot's area grows with its cases."""
    from PIL import Image, ImageDraw

    edge, inner = 40, size - 60
    image = Image.new("RGB", (size, size), "white")
    pen = ImageDraw.Draw(image)

    def place(x: float, y: float) -> tuple[float, float]:
        return edge + x * inner, size - edge - y * inner

    pen.rectangle([place(0, 1), place(1, 0)], outline="black")
    pen.line([place(0, 0), place(1, 1)], fill="grey")
    for tick in range(0, 11, 2):
        x, y = place(tick / 10, 0)
        pen.text((x - 8, y + 6), f"{tick / 10:.1f}", fill="black")
        x, y = place(0, tick / 10)
        pen.text((x - 26, y - 5), f"{tick / 10:.1f}", fill="black")
    pen.text((edge + 4, 6), "share right against probability stated for the first disease", fill="black")
    most = max(n for _, _, n in points)
    pen.line([place(x, y) for x, y, _ in points], fill=(30, 90, 160))
    for x, y, n in points:
        radius = 2 + 8 * (n / most) ** 0.5
        a, b = place(x, y)
        pen.ellipse((a - radius, b - radius, a + radius, b + radius), fill=(30, 90, 160))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
