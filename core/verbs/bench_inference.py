"""`bench inference`: from file to probability against the bare `session.run`, and against torch eager where it is."""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.domain.imaging import ImageRef
from core.imaging.pixels import presentation
from core.inference import gate
from core.inference.packs import Pack, find
from core.inference.predict import forward, predict, session
from core.inference.preprocess import film
from core.inference.session import open_session, providers, threads
from core.inference.session import run as run_graph

HELP = "time a pack from file to probability, its int8 variant, session start, and torch eager"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--pack", default="cxr-pneumonia-paediatric", help="id of the model pack")
    parser.add_argument("--repeats", type=int, default=100, help="timed repeats (default 100)")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print medians in milliseconds and their ratios as JSON."""
    pack = find(args.pack)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.png"
        Image.fromarray(_film()).save(path)
        out = measure(pack, path, args.repeats)
    print(json.dumps(out, indent=1))
    return 0


def measure(pack: Pack, path: Path, repeats: int) -> dict[str, Any]:
    """All figures for one film on this machine."""
    ref = ImageRef(id="image:bench", path=str(path), stated_by="user")
    pixels = presentation(ref)
    size = pack.preprocessing.size
    rows, columns = pack.regions
    feeds = {
        "film": film(pixels, pack.preprocessing)[None],
        "baseline": np.zeros((1, 1, size, size), np.float32),
        "masks": np.ones((1, rows * columns), np.float32),
    }
    raw = median_ms(lambda: run_graph(session(pack), feeds), repeats)
    small = median_ms(lambda: run_graph(session(pack, "predict_int8"), feeds), repeats)
    whole = median_ms(lambda: predict(pack, ref, presentation(ref)), repeats)
    decoded = median_ms(lambda: predict(pack, ref, pixels), repeats)
    parts = _parts(pack, ref, pixels, repeats)
    eager = _eager_ms(pack, repeats)
    tested = pack.manifest["metrics"]
    return {
        "pack": pack.id,
        "version": pack.pack_version,
        "providers": providers(),
        "threads": threads(),
        "raw_ms": raw,
        "int8_ms": small,
        "file_to_probability_ms": whole,
        "pixels_to_probability_ms": decoded,
        **parts,
        "overhead_vs_raw": whole / raw,
        "overhead_vs_raw_without_decoding": decoded / raw,
        "torch_eager_ms": eager,
        "speedup_vs_torch_eager": eager / small if eager else None,
        "speedup_fp32_vs_torch_eager": eager / raw if eager else None,
        "auroc_loss_int8": tested["own_test"]["auroc"] - tested["own_test_int8"]["auroc"],
        "session_start_ms": median_ms(lambda: open_session(pack.graph("predict")), 5),
        "gpu": "not run" if len(providers()) == 1 else providers()[0],
    }


def _parts(pack: Pack, ref: ImageRef, pixels: np.ndarray[Any, np.dtype[np.uint8]], repeats: int) -> dict[str, float]:
    """Where the time goes beside the graph: decoding the file, preparing the film, the gate's rules and its density."""
    prepared = film(pixels, pack.preprocessing)
    embedding = forward(pack, prepared[None])[1][0]
    return {
        "decode_ms": median_ms(lambda: presentation(ref), repeats),
        "preprocess_ms": median_ms(lambda: film(pixels, pack.preprocessing), repeats),
        "gate_rules_ms": median_ms(lambda: gate.check_pixels(pack, ref, pixels), repeats),
        "gate_density_ms": median_ms(
            lambda: gate.density(pack).ood(gate.picture_features(prepared, embedding)[None]), repeats
        ),
    }


def median_ms(work: Callable[[], object], repeats: int) -> float:
    """Median milliseconds of `work`, after three warm-up calls."""
    for _ in range(3):
        work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def _eager_ms(pack: Pack, repeats: int) -> float | None:
    """The same architecture in torch eager, on as many threads (weights do not matter for time); None without torch."""
    if find_spec("torch") is None:
        return None
    import torch

    from core.learning.network import Ensemble, RadiographNet

    recipe = pack.manifest["recipe"]
    torch.set_num_threads(threads())
    network = Ensemble([RadiographNet(recipe["width"]) for _ in range(int(pack.manifest["members"]))]).eval()
    x = torch.rand(1, 1, recipe["size"], recipe["size"])
    with torch.inference_mode():
        return median_ms(lambda: network(x), repeats)


def _film() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A drawn film of 1,200 x 1,000 pixels: two dark lungs on a bright chest."""
    y, x = np.mgrid[0:1200, 0:1000].astype(np.float32)
    lungs = sum(np.exp(-(((x - c) / 130) ** 2) - ((y - 560) / 330) ** 2) for c in (310, 690))
    ribs = 8 * np.sin(y / 24)
    return np.asarray(np.clip(190 - 130 * lungs + ribs * lungs, 0, 255), np.uint8)
