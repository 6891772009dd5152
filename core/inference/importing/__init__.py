"""Import a model from elsewhere as a pack. One function for every kind; `missing` says what must be answered first.

    missing(Path("model.onnx"))                         -> questions, those that must be answered first
    import_model(Path("model.onnx"), Path("pack"), {"labels": [...], ...})

A wizard and `models import --answers` use the same two. What is imported is marked as not validated.
"""

from pathlib import Path
from typing import Any

from core.inference import packs
from core.inference.importing.questions import KINDS, Answers, Question, detect, read_answers, unanswered

__all__ = ["KINDS", "Question", "detect", "import_model", "missing", "questions", "read_answers"]


def questions(path: Path, answers: Answers | None = None, *, trust: bool = False) -> list[Question]:
    """Everything that can be answered about a model, with what its file suggests."""
    kind, given = detect(path), answers or {}
    if kind == "hugging-face":
        from core.inference.importing import hugging

        return hugging.ask(path)
    if kind == "onnx":
        from core.inference.importing import bare

        return bare.ask(path, given)
    if kind == "torch":
        from core.inference.importing import torch_module

        return torch_module.ask(path, given)
    from core.inference.importing import sklearn_model

    return sklearn_model.ask(sklearn_model.load_file(path, trust=trust), path, given)


def missing(path: Path, answers: Answers | None = None, *, trust: bool = False) -> tuple[Question, ...]:
    """Questions not answered yet, required ones first. UserError where the file can be no pack, with the reason."""
    return unanswered(questions(path, answers, trust=trust), answers or {})


def import_model(source: Any, out: Path, answers: Answers, *, trust: bool = False) -> packs.Pack:
    """The pack in the folder `out`. `source`: a path, or a torch module or scikit-learn classifier of this program.

    UserError listing every answer that is missing, or saying what cannot be imported and why; `out` stays as it was then.
    """
    if isinstance(source, Path):
        kind = detect(source)
    else:
        kind = "torch" if any(c.__module__.startswith("torch.") for c in type(source).__mro__) else "scikit-learn"
    if kind == "hugging-face":
        from core.inference.importing import hugging

        return hugging.import_hugging_face(source, out, answers)
    if kind == "onnx":
        from core.inference.importing import bare

        return bare.import_onnx(source, out, answers)
    if kind == "torch":
        from core.inference.importing import torch_module

        return torch_module.import_torch(source, out, answers)
    from core.inference.importing import sklearn_model

    return sklearn_model.import_sklearn(source, out, answers, trust=trust)
