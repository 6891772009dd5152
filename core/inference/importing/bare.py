"""A bare ONNX file to a pack: its inputs and outputs say what it may be, the answers say the rest."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.domain.basics import Label
from core.errors import UserError
from core.inference import packs
from core.inference.importing import surgery
from core.inference.importing.questions import (
    MOST_REFERENCES,
    Answers,
    Question,
    common,
    labels,
    reference_question,
    reference_texts,
    settled,
)
from core.inference.importing.writing import TOLERANCE, label_specs, manifest_head, plain_calibration, sha256_of, write
from core.inference.onnx_file import OnnxFile, Value
from core.inference.screening import screen_graph

TASKS = ("image-classification", "text-classification", "tabular-classification")
_MODALITIES = ["CR", "DX", "DR", "RG"]


def structure(path: Path) -> tuple[bytes, OnnxFile]:
    """The bytes and what they ask for; refused like any stranger's graph."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path.name} cannot be read: {error.strerror}.", "Name an ONNX file.") from error
    return data, screen_graph(path.name, data)


def guess(found: OnnxFile) -> str:
    """The task by the inputs. UserError where no pack can have them."""
    names = {v.name for v in found.inputs}
    floats = [v for v in found.inputs if v.dtype in ("float32", "float16", "float64")]
    if {"input_ids", "attention_mask"} == names:
        return "text-classification"
    if len(found.inputs) == 1 and floats and len(floats[0].shape) == 4:
        return "image-classification"
    if len(found.inputs) == 1 and floats and len(floats[0].shape) == 2:
        return "tabular-classification"
    shown = ", ".join(f"{v.name} {v.dtype}{list(v.shape)}" for v in found.inputs)
    raise UserError(
        f"No kind of pack has these inputs: {shown}.",
        "One image (n, channels, rows, columns), one table (n, columns), or input_ids with attention_mask are read.",
    )


def ask(path: Path, answers: Answers | None = None) -> list[Question]:
    """What a bare file leaves open, from its inputs and outputs."""
    _, found = structure(path)
    given = answers or {}
    task = guess(found)
    asked = [Question("task", Label("What does it do?", "它做什么？"), "choice", (task,), task), *common(path)]
    output = _output(found, given)
    asked.append(
        Question(
            "output",
            Label("Which output holds the scores?", "哪个输出是分数？"),
            "choice",
            tuple(v.name for v in found.outputs),
            output.name,
        )
    )
    asked.append(
        Question(
            "scores",
            Label(
                "What are the scores? (independent: each label apart)", "分数是什么？（independent：各标签相互独立）"
            ),
            "choice",
            surgery.SCORES,
        )
    )
    classes = output.shape[-1] if output.shape and isinstance(output.shape[-1], int) else 0
    asked += [*labels(_labels_of(int(classes), str(given.get("scores", "")))), *_of_task(task, found)]
    return asked


def _labels_of(classes: int, scores: str) -> int:
    return 1 if classes == 2 and not scores.startswith("independent") else classes


def _output(found: OnnxFile, answers: Answers) -> Value:
    named = [v for v in found.outputs if v.name == answers.get("output")]
    scores = [v for v in found.outputs if v.dtype.startswith("float") and len(v.shape) == 2]
    if not (named or scores):
        raise UserError("No output gives scores (n, classes).", "Export the model with its scores as an output.")
    return (named or scores)[0]


def _of_task(task: str, found: OnnxFile) -> list[Question]:
    if task == "tabular-classification":
        width = found.inputs[0].shape[1]
        return [
            Question("columns", Label(f"The {width} columns in their order", f"按顺序列出 {width} 个列名"), "list"),
            Question(
                "reference_rows",
                Label(
                    "CSV with reference rows (made-up; nothing: four random ones)",
                    "参考行 CSV（虚构数据；留空则随机四行）",
                ),
                "file",
                default="",
            ),
        ]
    if task == "text-classification":
        return [
            Question("tokenizer", Label("The tokenizer.json it was trained with", "训练所用的 tokenizer.json"), "file"),
            Question("longest", Label("Most tokens it reads", "最多读多少词元"), "number", default=256),
            reference_question(),
        ]
    channels, size = found.inputs[0].shape[1], found.inputs[0].shape[2]
    known = int(size) if isinstance(size, int) else None
    grey = channels == 1
    return [
        Question("size", Label("Rows and columns of its input", "输入的行列数"), "number", default=known),
        Question(
            "mean",
            Label("Mean subtracted from grey levels 0-1, one a channel", "从 0-1 灰度中减去的均值（每通道一个）"),
            "list",
        ),
        Question("std", Label("What they are divided by, one a channel", "除以的标准差（每通道一个）"), "list"),
        Question("channels", Label("Channels", "通道数"), "number", default=1 if grey else 3),
        Question("body_part", Label("Body part (DICOM)", "部位（DICOM）"), default="CHEST"),
        Question("modalities", Label("Modalities (DICOM)", "检查方式（DICOM）"), "list", default=_MODALITIES),
        Question("views", Label("Views it was validated on", "验证过的体位"), "list", default=["PA", "AP"]),
        Question("age_from_years", Label("Youngest age it was validated on, years", "验证的最小年龄（岁）"), "number"),
        Question("age_below_years", Label("Below which age, years", "小于多少岁"), "number"),
        Question(
            "samples",
            Label(
                "A folder of at least 60 films it should read (the gate is fitted on them)",
                "至少 60 张应能读取的片子所在文件夹（用于拟合输入门）",
            ),
            "folder",
        ),
    ]


def import_onnx(path: Path, out: Path, answers: Answers, *, origin: str = "ONNX file") -> packs.Pack:
    """The pack in `out`. UserError listing what is not answered, or saying what does not fit."""
    data, found = structure(path)
    told = settled(ask(path, answers), answers)
    model, task = surgery.load(data), str(told["task"])
    head = manifest_head(told, task, {"from": origin, "file": path.name, "sha256": sha256_of(path)})
    head |= {"graphs": {"predict": "model.onnx"}, "calibration": plain_calibration()}
    make = {"image-classification": _image, "text-classification": _text, "tabular-classification": _table}[task]
    return make(model, found, told, head, out)


def _scored(model: Any, found: OnnxFile, told: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Log-odds in place of the scores; the labels, and what a two-class model tells its label from."""
    output = _output(found, told)
    scores = str(told["scores"])
    given = len(told["labels"])
    last = output.shape[-1]
    classes = (
        int(last) if isinstance(last, int) else (2 if given == 1 and not scores.startswith("independent") else given)
    )
    if classes == 1 and not scores.startswith("independent"):
        scores = "independent-" + scores
    count = surgery.log_odds(model, output.name, scores, classes)
    return label_specs(told, count), {"negative": str(told.get("negative", "not " + _code(told)))} if count == 1 else {}


def _code(told: dict[str, Any]) -> str:
    one = told["labels"][0]
    return str(one if isinstance(one, str) else one.get("code", ""))


def _table(model: Any, found: OnnxFile, told: dict[str, Any], head: dict[str, Any], out: Path) -> packs.Pack:
    width, columns = found.inputs[0].shape[1], [str(c) for c in told["columns"]]
    if isinstance(width, int) and width != len(columns):
        raise UserError(
            f"The graph takes {width} columns, the answers name {len(columns)}.", "Name them in their order."
        )
    specs, more = _scored(model, found, told)
    surgery.rename_input(model, found.inputs[0].name, "row")
    graph = surgery.finished(model)
    rows = np.random.default_rng(7).random((4, len(columns)), np.float32)
    reference: dict[str, Any] = {"seed": 7}
    if told.get("reference_rows"):
        rows = _read_rows(Path(told["reference_rows"]), columns)
        reference |= {"rows": [[None if np.isnan(v) else float(v) for v in row] for row in rows]}
    logits = _outputs(graph, {"row": rows})[0]
    if np.isnan(rows).any() and not np.isfinite(logits).all():
        raise UserError("The model gives no number for reference rows that lack a value.", "Fill the reference rows.")
    holes = rows.copy()
    holes[:, 0] = np.nan
    try:
        needs_all = not bool(np.isfinite(_outputs(graph, {"row": holes})[0]).all())
    except UserError:
        needs_all = True
    table = {"columns": [{"name": c, "levels": []} for c in columns], "needs_all": needs_all}
    head |= {
        "labels": specs,
        "table": table,
        "input": {"name": "row", "dtype": "float32", "shape": ["n", len(columns)]},
    }
    head |= more | {"reference": {**reference, "tolerance": TOLERANCE, "logits": _plain(logits)}}
    return write(out, head, {"model.onnx": graph})


def _read_rows(path: Path, columns: Sequence[str]) -> NDArray[np.float32]:
    """(n, columns) of a CSV with those columns, NaN where a value is missing. UserError where a column is not there."""
    import csv

    from core.inference.classification import number

    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}.", "Give a CSV with the model's columns.") from error
    if not rows or any(c not in rows[0] for c in columns):
        lacking = next((c for c in columns if not rows or c not in rows[0]), "")
        raise UserError(f"{path.name} has no row with the column {lacking}.", "Give a CSV with the model's columns.")
    return np.array([[number(row[c] or "") for c in columns] for row in rows[:MOST_REFERENCES]], np.float32)


def _text(model: Any, found: OnnxFile, told: dict[str, Any], head: dict[str, Any], out: Path) -> packs.Pack:
    from core.inference.text_tasks import inputs

    texts = reference_texts(told)
    try:
        tokenizer = Path(told["tokenizer"]).read_bytes()
        spec = {"tokenizer": "tokenizer.json", "longest": int(told["longest"]), "pad_id": int(told.get("pad_id", 0))}
        feeds = inputs(tokenizer, spec, texts)
    except Exception as error:
        raise UserError(f"The tokenizer cannot be read: {error}.", "Name the model's tokenizer.json.") from error
    specs, more = _scored(model, found, told)
    graph = surgery.finished(model)
    logits = _outputs(graph, feeds)[0]
    head |= {"labels": specs, "text": spec, **more}
    head["reference"] = {"texts": list(texts), "tolerance": TOLERANCE, "logits": _plain(logits)}
    return write(out, head, {"model.onnx": graph, "tokenizer.json": tokenizer})


def _image(model: Any, found: OnnxFile, told: dict[str, Any], head: dict[str, Any], out: Path) -> packs.Pack:
    from core.inference.importing.samples import fitted_gate, read_samples

    size, channels = int(told["size"]), int(told["channels"])
    films = read_samples(Path(told["samples"]), size)
    specs, more = _scored(model, found, told)
    surgery.features(model, _output(found, told).name)
    surgery.film_front(model, found.inputs[0].name, size, channels, told["mean"], told["std"])
    surgery.keep_outputs(model, {"logit": ["n", len(specs)], "features": ["n", "d"]})
    graph = surgery.finished(model)
    rest = {"baseline": np.zeros((1, 1, size, size), np.float32), "masks": np.ones((1, 64), np.float32)}
    seeded = np.random.default_rng(7).random((4, 1, size, size), np.float32)
    logits = _outputs(graph, {"film": seeded, **rest})[0]
    vectors = np.concatenate(
        [_outputs(graph, {"film": films[k : k + 16], **rest})[1] for k in range(0, len(films), 16)]
    )
    gate, refusals = fitted_gate(films, vectors)
    head |= {
        "labels": specs,
        **more,
        "input": {"name": "film", "dtype": "float32", "shape": ["n", 1, size, size]},
        "preprocessing": {"size": size, "equalise_box": 1, "levels": "plain"},
        "regions": {"rows": surgery.GRID[0], "columns": surgery.GRID[1]},
        "baselines": {"default": "soft_blur", "known": ["blur", "soft_blur", "mean"]},
        "gate": {"false_refusals": refusals},
        "reference": {"seed": 7, "tolerance": TOLERANCE, "logits": _plain(logits)},
        "domain": {
            "modalities": [str(m).upper() for m in told["modalities"]],
            "views": [str(v).upper() for v in told["views"]],
            "body_parts": [str(told["body_part"]).upper()],
            "age_from_years": float(told["age_from_years"]),
            "age_below_years": float(told["age_below_years"]),
            "least_size": min(size, 96),
        },
    }
    return write(out, head, {"model.onnx": graph, "gate.npz": gate})


def _outputs(graph: bytes, feeds: dict[str, NDArray[Any]]) -> Sequence[NDArray[np.float32]]:
    """The graph's outputs, in a process of its own: a stranger's graph is never run beside the program."""
    from core.inference.apart import run_apart

    return run_apart(graph, feeds)


def _plain(logits: NDArray[np.float32]) -> list[Any]:
    values = np.asarray(logits, np.float64)
    if not np.isfinite(values).all():
        raise UserError("The graph gives no finite number on reference inputs.", "Check what the scores are.")
    return [float(v[0]) for v in values] if values.shape[1] == 1 else [[float(x) for x in row] for row in values]
