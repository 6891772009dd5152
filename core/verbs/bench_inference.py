"""`bench inference`: from file to probability against the bare `session.run`, and against torch eager where it is."""

import argparse
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.domain.imaging import ImageRef
from core.imaging.pixels import presentation
from core.inference import gate, graph_cache
from core.inference.packs import Pack, find, installed
from core.inference.predict import chosen_role, forward, predict, predict_series, session
from core.inference.preprocess import film
from core.inference.running import Bound, short
from core.inference.session import CPU, open_session, providers, threads
from core.inference.session import run as run_graph
from core.inference.variants import choose

HELP = "time a pack from file to probability, its int8 variant, session start, and torch eager"
_SERIES = 24
_BATCH = 32
Pixels = np.ndarray[Any, np.dtype[np.uint8]]


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
        pixels = _film()
        paths = {"png": Path(folder) / "film.png", "dicom": Path(folder) / "film.dcm"}
        Image.fromarray(pixels).save(paths["png"])
        _write_dicom(paths["dicom"], pixels)
        out = measure(pack, paths, args.repeats)
    print(json.dumps(out, indent=1))
    return 0


def measure(pack: Pack, paths: dict[str, Path], repeats: int) -> dict[str, Any]:
    """All figures for one film on this machine. What is compared is timed in turns, so that a busy machine slows both."""
    refs = {kind: ImageRef(id=f"image:{kind}", path=str(path), stated_by="user") for kind, path in paths.items()}
    ref = refs["png"]
    pixels = presentation(ref)
    feeds = _feeds(pack, pixels)
    graph = session(pack, chosen_role(pack))
    has_int8 = "predict_int8" in pack.manifest["graphs"]
    turns: dict[str, Callable[[], object]] = {
        "raw_ms": lambda: run_graph(graph, feeds),
        "pixels_to_probability_ms": lambda: predict(pack, ref, pixels),
        **{f"{kind}_to_probability_ms": partial(_whole, pack, one) for kind, one in refs.items()},
    }
    if has_int8:
        turns["int8_ms"] = lambda: run_graph(session(pack, "predict_int8"), feeds)
    spent: dict[str, float] = {}
    times = in_turns(turns, repeats, spent)
    raw, eager = times["raw_ms"], _eager_ms(pack, repeats)
    series = {kind: _series_ms(pack, one, repeats) for kind, one in refs.items()}
    out: dict[str, Any] = {
        "pack": pack.id,
        "version": pack.pack_version,
        "providers": providers(),
        "threads": threads(),
        "takes": choose(pack, session(pack).provider).variant.role,
        **times,
        **{f"{kind}_series_ms_a_film": ms for kind, ms in series.items()},
        **_parts(pack, refs, pixels, repeats),
        "overhead_vs_raw": times["png_to_probability_ms"] / raw,
        "overhead_vs_raw_dicom": times["dicom_to_probability_ms"] / raw,
        "overhead_vs_raw_without_decoding": times["pixels_to_probability_ms"] / raw,
        "overhead_vs_raw_series": series["png"] / raw,
        "overhead_vs_raw_series_dicom": series["dicom"] / raw,
        "cpu_ms": spent,
        "overhead_vs_raw_cpu": spent["png_to_probability_ms"] / spent["raw_ms"],
        "overhead_vs_raw_without_decoding_cpu": spent["pixels_to_probability_ms"] / spent["raw_ms"],
        "torch_eager_ms": eager,
        "speedup_fp32_vs_torch_eager": eager / raw if eager else None,
        "batch": _batch(pack, feeds, max(5, repeats // 10)),
        "session_start": _starts(),
        "gpu": _gpu(pack, feeds, repeats),
    }
    out["session_start_ms"] = max(one["kept_ms"] for one in out["session_start"])
    tested = pack.manifest["metrics"]
    if has_int8:
        out["speedup_vs_torch_eager"] = eager / times["int8_ms"] if eager else None
        if "own_test_int8" in tested:
            out["auroc_loss_int8"] = tested["own_test"]["auroc"] - tested["own_test_int8"]["auroc"]
    return out


def _whole(pack: Pack, ref: ImageRef) -> object:
    """From the file to the probability."""
    return predict(pack, ref, presentation(ref))


def _feeds(pack: Pack, pixels: Pixels) -> dict[str, Any]:
    rows, columns = pack.regions
    size = pack.preprocessing.size
    return {
        "film": film(pixels, pack.preprocessing)[None],
        "baseline": np.zeros((1, 1, size, size), np.float32),
        "masks": np.ones((1, rows * columns), np.float32),
    }


def in_turns(
    work: dict[str, Callable[[], object]], repeats: int, cpu: dict[str, float] | None = None
) -> dict[str, float]:
    """Median milliseconds of each, one call of each in every round, after three rounds of warming up. `cpu` takes the
    processor time of this process (milliseconds): what other programs do on the machine hardly moves it."""
    times: dict[str, list[float]] = {name: [] for name in work}
    spent: dict[str, list[float]] = {name: [] for name in work}
    gc.collect()
    for _ in range(repeats + 3):
        for name, one in work.items():
            started, busy = time.perf_counter(), time.process_time()
            one()
            times[name].append(1000 * (time.perf_counter() - started))
            spent[name].append(1000 * (time.process_time() - busy))
    if cpu is not None:
        cpu.update({name: statistics.median(found[3:]) for name, found in spent.items()})
    return {name: statistics.median(found[3:]) for name, found in times.items()}


def median_ms(work: Callable[[], object], repeats: int) -> float:
    """Median milliseconds of `work`, after three warm-up calls."""
    return in_turns({"": work}, repeats)[""]


def _series_ms(pack: Pack, ref: ImageRef, repeats: int) -> float:
    """A film's share of a series: the next one is read while the graph works on this one."""

    def once() -> Sequence[object]:
        return list(predict_series(pack, [ref] * _SERIES, presentation))

    return median_ms(once, max(5, repeats // 15)) / _SERIES


def _parts(pack: Pack, refs: dict[str, ImageRef], pixels: Pixels, repeats: int) -> dict[str, float]:
    """Where the time goes beside the graph: decoding the file, preparing the film, the gate's rules and its density."""
    prepared = film(pixels, pack.preprocessing)
    embedding = forward(pack, prepared[None])[1][0]
    work: dict[str, Callable[[], object]] = {
        **{f"decode_{kind}_ms": partial(presentation, one) for kind, one in refs.items()},
        "preprocess_ms": lambda: film(pixels, pack.preprocessing),
        "gate_rules_ms": lambda: gate.check_pixels(pack, refs["png"], pixels),
        "gate_density_ms": lambda: gate.density(pack).ood(gate.picture_features(prepared, embedding)[None]),
    }
    return in_turns(work, repeats)


def _batch(pack: Pack, feeds: dict[str, Any], repeats: int) -> dict[str, float]:
    """Milliseconds a film in batches, by variant."""
    many = {**feeds, "film": np.repeat(feeds["film"], _BATCH, axis=0)}
    roles = [role for role in pack.manifest["graphs"] if role.startswith("predict")]
    return {role: median_ms(lambda r=role: run_graph(session(pack, r), many), repeats) / _BATCH for role in roles}  # type: ignore[misc]


def _starts() -> list[dict[str, Any]]:
    """Opening the predicting graph of every pack: the first time (read, checked, optimised, kept) and from what was kept."""
    found = []
    for pack in installed():
        name = pack.manifest["graphs"]["predict"]
        sha256, size = str(pack.manifest["files"][name]["sha256"]), int(pack.manifest["files"][name]["bytes"])

        def plain(one: Pack = pack) -> object:
            return open_session(one.graph("predict"))

        def kept(one: Pack = pack, key: str = sha256) -> object:
            return graph_cache.open_kept(key, lambda: one.graph("predict"))

        started = time.perf_counter()
        plain()
        first = 1000 * (time.perf_counter() - started)
        kept()
        found.append(
            {
                "pack": pack.id,
                "bytes": size,
                "first_ms": first,
                "plain_ms": median_ms(plain, 5),
                "kept_ms": median_ms(kept, 5),
            }
        )
    return found


def _gpu(pack: Pack, feeds: dict[str, Any], repeats: int) -> Any:
    """With a GPU: batch 1 and 32, fp32 and fp16, plain and bound buffers, beside torch. Without: "not run"."""
    best = providers()[0]
    if best == CPU:
        return "not run"
    out: dict[str, Any] = {"provider": short(best)}
    for role in [r for r in ("predict", "predict_fp16") if r in pack.manifest["graphs"]]:
        inner = open_session(pack.graph(role), best)
        bound = Bound(inner, best)
        for n in (1, _BATCH):
            many = {**feeds, "film": np.repeat(feeds["film"], n, axis=0)}
            out[f"{role}_batch{n}_ms"] = median_ms(lambda: inner.run(None, many), repeats)  # noqa: B023
            out[f"{role}_batch{n}_bound_ms"] = median_ms(lambda: bound.run(None, many), repeats)  # noqa: B023
    out |= _torch_gpu(pack, repeats)
    return out


def _network(pack: Pack) -> Any:
    """The same architecture in torch (weights do not matter for time); None without torch or for another recipe."""
    recipe = pack.manifest.get("recipe") or {}
    if find_spec("torch") is None or "width" not in recipe or "members" not in pack.manifest:
        return None
    from core.learning.network import Ensemble, RadiographNet

    return Ensemble([RadiographNet(recipe["width"]) for _ in range(int(pack.manifest["members"]))]).eval()


def _torch_gpu(pack: Pack, repeats: int) -> dict[str, float]:
    network = _network(pack)
    if network is None:
        return {}
    import torch

    if not torch.cuda.is_available():
        return {}
    network, out, size = network.cuda(), {}, pack.preprocessing.size
    with torch.inference_mode():
        for name, one in (("eager", network), ("compiled", torch.compile(network))):
            for n in (1, _BATCH):
                x = torch.rand(n, 1, size, size, device="cuda")

                def once(one: Any = one, x: Any = x) -> None:
                    one(x)
                    torch.cuda.synchronize()

                out[f"torch_{name}_batch{n}_ms"] = median_ms(once, repeats)
    return out


def _eager_ms(pack: Pack, repeats: int) -> float | None:
    """The same architecture in torch eager, on as many threads; None without torch."""
    network = _network(pack)
    if network is None:
        return None
    import torch

    torch.set_num_threads(threads())
    x = torch.rand(1, 1, pack.preprocessing.size, pack.preprocessing.size)
    with torch.inference_mode():
        return median_ms(lambda: network(x), repeats)


def _film() -> Pixels:
    """A drawn film of 1,200 x 1,000 pixels: two dark lungs on a bright chest."""
    y, x = np.mgrid[0:1200, 0:1000].astype(np.float32)
    lungs = sum(np.exp(-(((x - c) / 130) ** 2) - ((y - 560) / 330) ** 2) for c in (310, 690))
    ribs = 8 * np.sin(y / 24)
    return np.asarray(np.clip(190 - 130 * lungs + ribs * lungs, 0, 255), np.uint8)


def _write_dicom(path: Path, pixels: Pixels) -> None:
    """The film as an uncompressed 12-bit DX file."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

    data, meta = Dataset(), FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = data.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.1.1")
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.Modality, data.PatientName, data.PhotometricInterpretation = "DX", "SYNTHETIC", "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.BitsAllocated, data.BitsStored, data.HighBit = 1, 16, 12, 11
    data.PixelRepresentation = 0
    data.WindowCenter, data.WindowWidth = 2048, 4096
    data.PixelData = (pixels.astype(np.uint16) << 4).tobytes()
    data.file_meta = meta
    data.save_as(path, enforce_file_format=True)
