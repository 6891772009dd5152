"""A scikit-learn classifier to a table pack (skl2onnx). From this program's own object, or from a skops file whose types are
all known; a pickle runs code when it is read, and is read only where an administrator says so (`--trust`)."""

import importlib
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import UserError
from core.inference import packs
from core.inference.importing.bare import import_onnx
from core.inference.importing.questions import Answers, Question, common, labels


def load_file(path: Path, *, trust: bool = False) -> Any:
    """The estimator in a file. UserError for a pickle without trust, and for a skops file with types that are not known."""
    if path.suffix.lower() == ".skops":
        return _skops(path, trust)
    if not trust:
        raise UserError(
            f"{path.name} is a pickle, which runs code when it is read.",
            "Save the model with skops.io.dump, or export it to ONNX; an administrator may say --trust.",
        )
    try:
        return importlib.import_module("joblib").load(path)
    except Exception as error:
        raise UserError(
            f"{path.name} cannot be read: {str(error)[:200]}.", "Save the model with skops.io.dump."
        ) from error


def _skops(path: Path, trust: bool) -> Any:
    try:
        io = importlib.import_module("skops.io")
    except ImportError as error:
        raise UserError("Reading skops files needs the package skops.", "Install the `training` extra.") from error
    try:
        unknown = io.get_untrusted_types(file=path)
        if unknown and not (trust and all(name.startswith(("sklearn.", "numpy.", "scipy.")) for name in unknown)):
            raise UserError(
                f"{path.name} holds types that are not known: {', '.join(unknown)[:200]}.",
                "An administrator may say --trust where they are scikit-learn's own; others are never loaded.",
            )
        return io.load(path, trusted=unknown)
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{path.name} cannot be read: {str(error)[:200]}.", "Save the model again with skops.io.dump."
        ) from error


def ask(source: Any, path: Path, answers: Answers | None = None) -> list[Question]:
    """What the estimator leaves open. Columns and classes are often known."""
    names = tuple(str(n) for n in getattr(source, "feature_names_in_", ()))
    classes = tuple(str(c) for c in getattr(source, "classes_", ()))
    if len(classes) < 2:
        raise UserError(
            f"{type(source).__name__} is no fitted classifier.", "Packs of tables give probabilities of labels."
        )
    from core.domain.basics import Label

    shown = classes[1:] if len(classes) == 2 else classes
    named = () if all(s.lstrip("-").isdigit() for s in shown) else shown
    columns = Question(
        "columns", Label("The columns in their order", "按顺序列出列名"), "list", default=list(names) or None
    )
    return [*common(path), *labels(len(shown), named), columns]


def import_sklearn(source: Any, out: Path, answers: Answers, *, trust: bool = False) -> packs.Pack:
    """`source`: a fitted classifier or pipeline of this program, or a file. The pack is compared with it."""
    from core.inference.importing.questions import settled

    path = source if isinstance(source, Path) else Path(type(source).__name__)
    model = load_file(source, trust=trust) if isinstance(source, Path) else source
    told = settled(ask(model, path), answers)
    width = int(getattr(model, "n_features_in_", len(told["columns"])))
    data = _converted(model, width)
    with tempfile.TemporaryDirectory() as place:
        onnx = Path(place) / (path.stem + ".onnx")
        onnx.write_bytes(data)
        more = {"task": "tabular-classification", "output": "probabilities", "scores": "probabilities"}
        pack = import_onnx(onnx, out, {**told, **more}, origin="scikit-learn " + type(model).__name__)
    _same(model, pack, width)
    return pack


def _converted(model: Any, width: int) -> bytes:
    try:
        made_by = importlib.import_module("skl2onnx")
        types = importlib.import_module("skl2onnx.common.data_types")
        failures = importlib.import_module("skl2onnx.common.exceptions")
    except ImportError as error:
        raise UserError(
            "Importing from scikit-learn needs the package skl2onnx.", "Install the `training` extra."
        ) from error
    options = {"zipmap": False}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = made_by.convert_sklearn(
                model,
                initial_types=[("row", types.FloatTensorType([None, width]))],
                options={id(model): options},
                target_opset={"": 17, "ai.onnx.ml": 3},
            )
    except (failures.MissingConverter, failures.MissingShapeCalculator, RuntimeError, ValueError, TypeError) as error:
        raise UserError(
            f"skl2onnx cannot convert {type(model).__name__}: {str(error).splitlines()[0][:200]}.",
            "HistGradientBoosting and custom steps are among those; use another estimator, or export to ONNX yourself.",
        ) from error
    return bytes(made.SerializeToString())


def _same(model: Any, pack: packs.Pack, width: int) -> None:
    """Probabilities of the pack against the estimator's on made-up rows, the mean differing by less than 1e-4."""
    from core.inference.classification import session
    from core.inference.session import run

    rows = np.random.default_rng(3).normal(size=(64, width)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an estimator fitted on named columns
        wanted = np.asarray(model.predict_proba(rows))
    session.cache_clear()
    found = 1 / (1 + np.exp(-run(session(pack), {"row": rows})[0].astype(np.float64)))
    worst = float(np.abs(found - (wanted[:, 1:] if len(pack.labels) == 1 else wanted)).mean())
    if not worst < 1e-4:
        raise UserError(
            f"The converted graph differs from the estimator by {worst:.2g} on average.", "Export it another way."
        )
