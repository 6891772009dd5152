"""`bench imaging [FOLDER]`: first image, whole volume beside pydicom and SimpleITK, reslice, scroll and window drag.

The window's part runs in a process of its own (`python -m ui.viewer.bench`), offscreen, because core knows no window.
"""

import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import UserError
from core.imaging import mpr
from core.imaging.header import read_header
from core.imaging.pixels import Frame, frame_of, render
from core.imaging.study import read_images
from core.imaging.synthetic_ct import write_series
from core.imaging.types import Series
from core.imaging.volume import load_volume
from core.imaging.volume_types import Geometry, Volume
from core.imaging.window import Window
from core.paths import RESOURCES

HELP = "first image, whole volume beside pydicom and SimpleITK, reslice, scrolling and window drag"


def register(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="any DICOM folder (default: a made CT)")
    parser.add_argument(
        "--slices", type=int, default=2000, help="slices of the made CT that is scrolled (default 2000)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="runs of each reader; the median counts (default 5)")
    parser.add_argument(
        "--json", action="store_true", help="JSON on standard output (always so; accepted for symmetry)"
    )


def run(args: argparse.Namespace) -> int:
    """Print one JSON object."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder
        if folder is None:
            print("making a CT of 200 slices", file=sys.stderr)
            folder = Path(scratch) / "ct"
            folder.mkdir()
            write_series(folder, 200)
        result = readers(folder, max(args.repeats, 1))
        result["mpr_ms"] = reslices()
        print(f"scrolling {args.slices} made slices, offscreen", file=sys.stderr)
        result |= windowed(Path(scratch), args.slices)
    print(json.dumps(result, indent=1))
    return 0


def readers(folder: Path, repeats: int) -> dict[str, Any]:
    """First image and whole volume of the folder's longest series, by us, pydicom and SimpleITK, in turn."""
    series = _longest(folder)
    paths = [i.path for i in series.instances]
    print(f"reading {len(paths)} files of {folder}", file=sys.stderr)
    peers: dict[str, Callable[[], Any]] = {
        "volume_s": lambda: _ours(paths),
        "pydicom_s": lambda: _pydicom(paths),
        "simpleitk_s": lambda: _simpleitk(paths),
    }
    times: dict[str, list[float]] = {name: [] for name in (*peers, "first_image_ms")}
    for _ in range(repeats):
        times["first_image_ms"].append(1000 * _timed(lambda: _first(paths)))
        for name, read in peers.items():
            times[name].append(_timed(read))
    median = {name: float(np.median(values)) for name, values in times.items() if not any(np.isnan(values))}
    best = min((median[k] for k in ("pydicom_s", "simpleitk_s") if k in median), default=float("nan"))
    return {
        "series": {"files": len(paths), "is_volume": isinstance(_ours(paths), Volume)},
        **{name: round(value, 4) for name, value in median.items()},
        "volume_vs_best_peer": round(median["volume_s"] / best, 3),
    }


def _ours(paths: list[str]) -> object:
    return load_volume(read_images(paths).studies[0].series[0])


def _longest(folder: Path) -> Series:
    found = [s for study in read_images([folder]).studies for s in study.series]
    if not found:
        raise UserError(f"{folder} holds no DICOM images.", "Name a folder with at least one series.")
    return max(found, key=lambda s: len(s.addresses()))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    return float("nan") if work() is _FAILED else time.perf_counter() - began


_FAILED = object()


def _first(paths: list[str]) -> object:
    """From the known file to grey pixels ready to paint."""
    return render(frame_of(read_header(paths[len(paths) // 2]), 0))


def _pydicom(paths: list[str]) -> object:
    """What a reader does with pydicom alone: read all, sort along the normal, stack."""
    import pydicom

    def place(dataset: pydicom.Dataset) -> float:
        return float(
            np.dot(np.cross(*np.reshape(dataset.ImageOrientationPatient, (2, 3))), dataset.ImagePositionPatient)
        )

    try:
        read = [pydicom.dcmread(p) for p in paths]
        read.sort(key=place)
        return np.stack([d.pixel_array for d in read])
    except (AttributeError, ValueError, NotImplementedError, RuntimeError):
        return _FAILED


def _simpleitk(paths: list[str]) -> object:
    try:
        sitk: Any = importlib.import_module("SimpleITK")
    except ImportError:
        return _FAILED
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(paths)
    try:
        return sitk.GetArrayViewFromImage(reader.Execute())
    except RuntimeError:
        return _FAILED


def reslices() -> float:
    """Slowest median of axial, coronal and sagittal cuts of 512 x 512 x 1,000, from stored values to grey pixels."""
    stored = np.zeros((1000, 512, 512), np.int16)
    stored += np.arange(512, dtype=np.int16)
    geometry = Geometry(stored.shape, (0.6, 0.7, 0.7), (0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))
    volume, medians = Volume(stored, geometry), []
    for name in mpr.VIEWS:
        cut = mpr.view(geometry, name)
        places = np.random.default_rng(0).integers(0, cut.slices, 15)
        times = [_timed(partial(_cut, volume, cut, int(index))) for index in places]
        medians.append(1000 * float(np.median(times)))
    return round(max(medians), 2)


def _cut(volume: Volume, cut: mpr.View, index: int) -> object:
    return render(Frame(mpr.reslice(volume, cut, index)), Window(40, 400))


def windowed(scratch: Path, slices: int) -> dict[str, Any]:
    """The window's figures, measured by `ui.viewer.bench` in its own process."""
    folder = scratch / "long"
    folder.mkdir()
    write_series(folder, slices)
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-m", "ui.viewer.bench", str(folder)],
        capture_output=True, text=True, check=False, env=environment, cwd=RESOURCES.parent, timeout=900,
    )  # fmt: skip
    if done.returncode:
        raise UserError(f"The window's part failed: {done.stderr.strip()[-300:]}", "Run it by itself to see more.")
    found: dict[str, Any] = json.loads(done.stdout)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return found | {"peak_rss_mb": round(max(peak, found["peak_rss_mb"]), 1)}
