"""Smaller and quicker variants of a pack's graph, measured on data before they are offered.

Dynamic int8 (weights), static int8 (weights and activations, calibrated on data), fp16. Needs the package onnx.
"""

import hashlib
import json
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference import packs
from core.inference.install import SIGNATURE, screen
from core.inference.packs import Pack
from core.inference.session import open_session, run
from core.progress import Report, silent

KINDS = ("int8-static", "int8-dynamic", "fp16")
ROLES = {"int8-static": "predict_int8", "int8-dynamic": "predict_int8d", "fp16": "predict_fp16"}
LEAST = 20
_CALIBRATION = 96
Feeds = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table before and after. `metric_value`: AUROC (area under the curve, mean over labels) where the data
    has labels; `agreement`: share of decisions at the threshold that stay; `largest_difference`: of a probability."""

    kind: str
    role: str
    bytes: int
    median_ms: float
    metric: str
    metric_value: float | None
    loss: float | None
    agreement: float
    largest_difference: float
    n: int
    kept: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """Inputs of a pack, one feed a case, and for each label 1, 0, or -1 where it is not known: (n, labels)."""

    feeds: tuple[Feeds, ...]
    labels: NDArray[np.int64]


def compress(
    pack: Pack, data: Data, kinds: Sequence[str] = KINDS, *, out: Path | None = None, report: Report = silent
) -> tuple[Row, ...]:
    """Make and measure variants; with `out` write a pack that holds those that lose little (`variants.MOST_LOSS`,
    `LEAST_AGREEMENT`), unsigned. The first half of the data calibrates, the second measures. The plain graph comes first."""
    for kind in kinds:
        if kind not in KINDS:
            raise UserError(f"There is no compression called {kind}.", f"Known: {', '.join(KINDS)}.")
    if len(data.feeds) < LEAST:
        raise UserError(f"{len(data.feeds)} cases are too few to measure a loss.", f"At least {LEAST} are needed.")
    half = min(len(data.feeds) // 2, 2000)
    plain = pack.graph("predict")
    measured = Data(data.feeds[half:], data.labels[half:])
    base = _answers(plain, measured.feeds)
    rows, graphs = [_row(pack, "fp32", plain, base, base, measured)], {}
    for k, kind in enumerate(kinds):
        report(k, len(kinds), kind)
        try:
            graphs[kind] = _MAKERS[kind](plain, masked(pack, data.feeds[:half]))
            found = _answers(graphs[kind], measured.feeds)
        except UserError:
            raise
        except Exception as error:  # noqa: BLE001  the quantiser raises many kinds; the table says which graph it could not do
            said = " ".join(str(error).split())[:160]
            rows.append(
                Row(kind, ROLES[kind], 0, 0.0, "", None, None, 0.0, 0.0, 0, False, f"could not be made: {said}")
            )
            continue
        rows.append(_of_use(_row(pack, kind, graphs[kind], found, base, measured), rows[0]))
    if out is not None:
        _write(pack, rows, graphs, out)
    return tuple(rows)


def _of_use(row: Row, plain: Row) -> Row:
    """A variant neither smaller nor quicker by a twentieth is not kept."""
    if row.bytes < 0.95 * plain.bytes or row.median_ms < 0.95 * plain.median_ms:
        return row
    return replace(row, kept=False, why="neither smaller nor quicker")


def masked(pack: Pack, feeds: Sequence[Feeds], seed: int = 0) -> list[Feeds]:
    """Calibration inputs. Of a film also three versions with regions hidden: an explanation shows the graph such films,
    and one calibrated on whole films alone is cut off there."""
    rng = np.random.default_rng(seed)
    chosen = [feeds[int(k)] for k in rng.permutation(len(feeds))[:_CALIBRATION]]
    if pack.task != "image-classification":
        return chosen
    from core.inference.baseline import baseline

    regions = pack.regions[0] * pack.regions[1]
    found = []
    for one in chosen:
        masks = np.concatenate([np.ones((1, regions)), rng.random((3, regions)) > rng.random((3, 1))]).astype(
            np.float32
        )
        hidden = baseline(one["film"][0], "blur" if rng.random() < 0.7 else "mean")
        found.append({"film": one["film"], "baseline": hidden[None], "masks": masks})
    return found


def _row(pack: Pack, kind: str, graph: bytes, found: NDArray[Any], base: NDArray[Any], data: Data) -> Row:
    role = ROLES.get(kind, "predict")
    from core.inference.variants import LEAST_AGREEMENT, MOST_LOSS

    scale = pack.calibration
    p, q = (np.vectorize(lambda v: scale.probability(float(v)))(x) if pack.labels else x for x in (found, base))
    limits = np.array([label.threshold for label in pack.labels] or [0.5])
    agreement = float(((p >= limits) == (q >= limits)).mean())
    metric, value = _metric(p, data.labels)
    plain = _metric(q, data.labels)[1]
    loss = None if value is None or plain is None else plain - value
    kept = bool(np.isfinite(found).all()) and agreement >= LEAST_AGREEMENT and (loss is None or loss <= MOST_LOSS)
    session = open_session(graph)
    one = data.feeds[0]
    said = "" if kept else "its loss is too large to be chosen without being asked for"
    return Row(
        kind, role, len(graph), _median_ms(lambda: run(session, one)), metric, value, loss, agreement,
        float(np.abs(p - q).max()), len(data.feeds), kept, said,
    )  # fmt: skip


def _metric(p: NDArray[Any], labels: NDArray[np.int64]) -> tuple[str, float | None]:
    """Mean AUROC of the labels that have both outcomes."""
    areas = []
    for k in range(min(p.shape[1], labels.shape[1])):
        known = labels[:, k] >= 0
        positive, negative = p[known & (labels[:, k] == 1), k], p[known & (labels[:, k] == 0), k]
        if len(positive) and len(negative):
            ranks = _ranks(np.concatenate([positive, negative]))
            n, m = len(positive), len(negative)
            areas.append((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
    return ("auroc", float(np.mean(areas))) if areas else ("", None)


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks from 1, ties sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[inverse], np.float64)


def _answers(graph: bytes, feeds: Sequence[Feeds]) -> NDArray[Any]:
    session = open_session(graph)
    return np.concatenate([run(session, one)[0].reshape(len(next(iter(one.values()))), -1) for one in feeds]).astype(
        np.float64
    )


def _median_ms(work: Callable[[], object], repeats: int = 25) -> float:
    times = []
    for _ in range(repeats + 3):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times[3:])


class _Reader:
    """ONNX Runtime's calibration reader over feeds."""

    def __init__(self, feeds: Sequence[Feeds]) -> None:
        self._feeds: Iterator[Feeds] = iter(feeds)

    def get_next(self) -> Feeds | None:
        return next(self._feeds, None)


def int8_static(graph: bytes, feeds: Sequence[Feeds]) -> bytes:
    """QDQ, u8s8, per channel, MinMax over the feeds; blending of films stays in float."""
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    def work(folder: Path) -> None:
        quant_pre_process(str(folder / "plain.onnx"), str(folder / "ready.onnx"), skip_symbolic_shape=True)
        quantize_static(
            str(folder / "ready.onnx"),
            str(folder / "small.onnx"),
            _Reader(feeds),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv", "Add", "AveragePool", "MatMul", "Gemm"],
            nodes_to_exclude=["node_blend"],
        )

    return _in_folder(graph, work)


def int8_dynamic(graph: bytes, feeds: Sequence[Feeds]) -> bytes:
    """Weights of matrix products as int8, activations measured while running: for text and tables."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    def work(folder: Path) -> None:
        quantize_dynamic(
            str(folder / "plain.onnx"),
            str(folder / "small.onnx"),
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
        )

    return _in_folder(graph, work)


def fp16(graph: bytes, feeds: Sequence[Feeds]) -> bytes:
    """Weights and arithmetic in half precision, inputs and outputs as they were: half the size, quick on a GPU, on most CPUs
    slower."""
    from onnxruntime.transformers.float16 import convert_float_to_float16

    from core.inference.importing.surgery import load

    def work(folder: Path) -> None:
        made = convert_float_to_float16(load(graph), keep_io_types=True, op_block_list=["Resize", "LayerNormalization"])
        (folder / "small.onnx").write_bytes(made.SerializeToString())

    return _in_folder(graph, work)


_MAKERS: dict[str, Callable[[bytes, Sequence[Feeds]], bytes]] = {
    "int8-static": int8_static,
    "int8-dynamic": int8_dynamic,
    "fp16": fp16,
}


def _in_folder(graph: bytes, work: Callable[[Path], None]) -> bytes:
    import importlib.util
    import logging

    if importlib.util.find_spec("onnx") is None:
        raise UserError("Compressing needs the package onnx.", "Install the `training` extra.")
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("onnxruntime.quantization").setLevel(logging.ERROR)
        root = logging.getLogger()
        before = root.level
        root.setLevel(logging.ERROR)  # the quantiser warns by the root logger of what was asked of it
        try:
            folder = Path(place)
            (folder / "plain.onnx").write_bytes(graph)
            work(folder)
            return (folder / "small.onnx").read_bytes()
        finally:
            root.setLevel(before)


def _write(pack: Pack, rows: Sequence[Row], graphs: Mapping[str, bytes], out: Path) -> None:
    """A copy of the pack with its new variants; what it lost is in the manifest. Written aside, verified, swapped in."""
    manifest: dict[str, Any] = json.loads(json.dumps(pack.manifest))
    files = {name: pack.read(name) for name in pack.manifest["files"]}
    stated = manifest.setdefault("variants", {})
    for row in rows:
        if row.role == "predict":
            stated["predict"] = {"kind": "fp32", "median_ms": round(row.median_ms, 3), "n": row.n}
        elif row.kept:
            name = f"model-{row.kind}.onnx"
            files[name] = graphs[row.kind]
            manifest["graphs"][row.role] = name
            measured = {k: v for k, v in asdict(row).items() if k in _STATED and v is not None}
            stated[row.role] = {k: round(v, 6) if isinstance(v, float) else v for k, v in measured.items()}
    listed = {n: {"sha256": hashlib.sha256(d).hexdigest(), "bytes": len(d)} for n, d in sorted(files.items())}
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        for name, data in files.items():
            (part / name).write_bytes(data)
        text = json.dumps({**manifest, "files": listed}, ensure_ascii=False, indent=1)
        (part / packs.MANIFEST).write_text(text + "\n", encoding="utf-8")
        screen(packs.verify(part))
        if out.exists() and (not (out / packs.MANIFEST).is_file() or (out / SIGNATURE).is_file()):
            raise UserError(f"{out} is a signed pack or no pack.", "Name a new folder.")
        shutil.rmtree(out, ignore_errors=True)
        part.replace(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)


_STATED = {"kind", "metric", "loss", "agreement", "largest_difference", "median_ms", "n"}
