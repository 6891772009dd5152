"""From a trained network to one ONNX graph: film, baseline and masks in; logit and features out. Needs torch and onnx."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.inference.importing.exporting import exported

OPSET = 20


def to_onnx(network: torch.nn.Module, size: int, grid: tuple[int, int]) -> bytes:
    """The graph with masks blended in front: a region of mask 0 shows the baseline instead of the film.

    Inputs: film (n or 1, 1, size, size), baseline (same), masks (n or 1, rows * columns), all float32.
    """
    network.eval()
    data = exported(
        network, (torch.rand(2, 1, size, size),), ("blended",), ("logit", "features"), {"x": {0: torch.export.Dim("n")}},
        opset=OPSET,
    )  # fmt: skip
    model = onnx.load_from_string(data)
    _blend_in_front(model, size, grid)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _blend_in_front(model: Any, size: int, grid: tuple[int, int]) -> None:
    """Insert blended = baseline + (film - baseline) * mask, the mask enlarged from regions to pixels."""
    rows, columns = grid
    graph = model.graph
    constants: dict[str, NDArray[Any]] = {
        "mask_shape": np.array([-1, 1, rows, columns], np.int64),
        "mask_scales": np.array([1, 1, size / rows, size / columns], np.float32),
    }
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    nodes = [
        helper.make_node("Reshape", ["masks", "mask_shape"], ["mask_grid"]),
        helper.make_node(
            "Resize",
            ["mask_grid", "", "mask_scales"],
            ["mask"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        helper.make_node("Sub", ["film", "baseline"], ["difference"]),
        helper.make_node("Mul", ["difference", "mask"], ["shown"]),
        helper.make_node("Add", ["baseline", "shown"], ["blended"], name="node_blend"),
    ]
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])
    del graph.input[:]
    shapes: dict[str, list[str | int | None]] = {
        "film": ["films", 1, size, size],
        "baseline": ["baselines", 1, size, size],
        "masks": ["coalitions", rows * columns],
    }
    graph.input.extend(helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in shapes.items())


def to_int8(model: bytes, feeds: Iterable[dict[str, NDArray[np.float32]]]) -> bytes:
    """Static quantisation (QDQ, u8s8, per channel) of the convolutions, calibrated on `feeds`.

    Give masked films too: an explanation shows the network films that are half baseline.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        plain, ready, small = (Path(folder) / name for name in ("plain.onnx", "ready.onnx", "small.onnx"))
        plain.write_bytes(model)
        quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready),
            str(small),
            _Reader(iter(feeds)),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv", "Add", "AveragePool"],
            nodes_to_exclude=["node_blend"],
        )
        return small.read_bytes()


class _Reader:
    """onnxruntime's calibration reader over an iterator."""

    def __init__(self, feeds: Iterator[dict[str, NDArray[np.float32]]]) -> None:
        self.feeds = feeds

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self.feeds, None)
