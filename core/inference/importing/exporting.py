"""A torch module as ONNX bytes: one way for imported models and for those trained here. Needs torch and onnx."""

import tempfile
import warnings
from pathlib import Path
from typing import Any

from core.inference.importing import surgery

TEXT_INPUTS = ("input_ids", "attention_mask")
MOST_TEXTS = 512


def exported(
    network: Any,
    example: tuple[Any, ...],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    shapes: Any,
    *,
    opset: int | None = None,
) -> bytes:
    """The module on `example` as a graph whose axes move as `shapes` says (torch.export.Dim), without the exporter's notes.

    What the graph says is for the caller to compare with the module.
    """
    import torch

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the exporter
        path = Path(folder) / "plain.onnx"
        torch.onnx.export(
            network,
            example,
            str(path),
            dynamo=True,
            verbose=False,
            opset_version=opset,
            external_data=False,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=shapes,
        )
        data = path.read_bytes()
    return surgery.finished(surgery.load(data))


def exported_texts(network: Any, longest: int, output: str, *, opset: int | None = None) -> bytes:
    """A module of (input_ids, attention_mask), any number of texts of up to `longest` tokens, with one output."""
    import torch

    ids = torch.randint(1, 5, (3, min(17, longest)))
    axes = {0: torch.export.Dim("texts", min=1, max=MOST_TEXTS), 1: torch.export.Dim("tokens", min=2, max=longest)}
    return exported(network, (ids, torch.ones_like(ids)), TEXT_INPUTS, (output,), (axes, axes), opset=opset)
