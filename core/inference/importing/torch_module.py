"""A torch module to a pack. A file is taken only where it holds a graph (TorchScript, ExportedProgram), and is opened in a
process of its own; a pickled module or a state dictionary needs its code, and code from a file is never run."""

import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

from core.domain.basics import Label
from core.errors import UserError
from core.inference import packs
from core.inference.apart import call_apart
from core.inference.importing.bare import ask as ask_onnx
from core.inference.importing.bare import import_onnx
from core.inference.importing.exporting import exported
from core.inference.importing.questions import Answers, Question, common

_SECONDS = 300.0


def kind_of(path: Path) -> str:
    """`script` or `program`. UserError saying why for anything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"{path.name} is a pickle of an old kind or no torch file.", _ADVICE) from error
    if any("/models/" in n and n.endswith(".json") for n in names):
        return "program"
    if any("/code/" in n for n in names):
        return "script"
    raise UserError(
        f"{path.name} is pickled Python (a state dictionary or a module), which runs code when it is read.", _ADVICE
    )


_ADVICE = "Save it with torch.jit.script(model).save(...) or torch.export.save(...), or export it to ONNX."


def ask(path: Path, answers: Answers | None = None) -> list[Question]:
    """What the file leaves open: first the shape of its input, then what an ONNX file of it would ask."""
    kind_of(path)
    shape = Question(
        "input_shape",
        Label(
            "Shape of one input, without the batch, e.g. [1, 224, 224] or [12]",
            "一个输入的形状（不含批次），如 [1, 224, 224] 或 [12]",
        ),
        "list",
    )
    if not (answers or {}).get("input_shape"):
        return [shape, *common(path)]
    with tempfile.TemporaryDirectory() as place:
        onnx = to_onnx(path, answers or {}, Path(place) / (path.stem + ".onnx"))
        return [shape, *ask_onnx(onnx, answers)]


def import_torch(source: Any, out: Path, answers: Answers) -> packs.Pack:
    """`source`: a TorchScript or ExportedProgram file, or a `torch.nn.Module` of this program (its code is ours then)."""
    if isinstance(source, Path):
        kind_of(source)
        if not answers.get("input_shape"):
            raise UserError(
                "Not answered: input_shape: the shape of one input.", "Answer it in the file given with --answers."
            )
    with tempfile.TemporaryDirectory() as place:
        if isinstance(source, Path):
            onnx = to_onnx(source, answers, Path(place) / (source.stem + ".onnx"))
            return import_onnx(onnx, out, answers, origin="torch " + kind_of(source))
        onnx = Path(place) / "module.onnx"
        export_module(source, tuple(int(n) for n in answers["input_shape"]), str(onnx))
        return import_onnx(onnx, out, answers, origin="torch module")


def to_onnx(path: Path, answers: Answers, target: Path) -> Path:
    """The graph of a torch file as ONNX, made in a process with limits of time and memory."""
    try:
        shape = tuple(int(n) for n in answers["input_shape"])
    except (TypeError, ValueError, KeyError) as error:
        raise UserError("input_shape is not a list of whole numbers.", "For example [1, 224, 224].") from error
    call_apart(
        _export_file, (str(path), kind_of(path), shape, str(target)), f"{path.name} could not be exported", _SECONDS
    )
    if not target.is_file():
        raise UserError(f"{path.name} could not be exported.", _ADVICE)
    return target


def _export_file(path: str, kind: str, shape: tuple[int, ...], target: str) -> None:
    """In the other process."""
    import torch

    if kind == "program":
        program = torch.export.load(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(program, (), target, dynamo=True, external_data=False, verbose=False)
        return
    load: Any = torch.jit.load
    export_module(load(path, map_location="cpu").eval(), shape, target)


def export_module(module: Any, shape: tuple[int, ...], target: str) -> None:
    """One float input (n, *shape), any n. Scripts go through the older exporter, which alone reads them."""
    import torch

    example = torch.rand(2, *shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(module, torch.jit.ScriptModule):
            torch.onnx.export(
                module,
                (example,),
                target,
                dynamo=False,
                input_names=["input"],
                output_names=["scores"],
                dynamic_axes={"input": {0: "n"}, "scores": {0: "n"}},
                opset_version=17,
            )
            return
    shapes = ({0: torch.export.Dim("n", min=1, max=1024)},)
    Path(target).write_bytes(exported(module.eval(), (example,), ("input",), ("scores",), shapes))
