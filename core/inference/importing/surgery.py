"""Small changes to an ONNX graph so that it keeps the contract of a pack: log-odds out; films blended and scaled in front.

Needs the `onnx` package (extra `training`). No file outside the graph is ever opened.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError

GRID = (8, 8)
SCORES = ("logits", "probabilities", "independent-logits", "independent-probabilities")


def load(data: bytes) -> Any:
    """The model, weights inside. UserError without the library."""
    try:
        import onnx
    except ImportError as error:
        raise UserError("Importing needs the package onnx.", "Install the `training` extra.") from error
    return onnx.load_model_from_string(data)


def finished(model: Any) -> bytes:
    """The bytes, checked, without the exporter's notes."""
    import onnx

    for node in model.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
    del model.metadata_props[:]
    del model.graph.value_info[:]
    model.producer_name, model.producer_version = "consilium", ""
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise UserError(
            f"The graph is not valid ONNX: {str(error).splitlines()[0][:200]}.", "Export it again."
        ) from error
    return bytes(model.SerializeToString())


def add(model: Any, nodes: Sequence[Any], constants: dict[str, NDArray[Any]], *, front: bool = False) -> None:
    """Put nodes and constants into the graph, before or after what it has."""
    from onnx import numpy_helper

    graph = model.graph
    graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in constants.items())
    if not front:
        graph.node.extend(nodes)
        return
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])


def rename_input(model: Any, old: str, new: str) -> None:
    """Another name for an input, wherever it is used at the top of the graph."""
    from onnx import helper

    if old == new:
        return
    for value in model.graph.input:
        if value.name == old:
            value.name = new
    add(model, [helper.make_node("Identity", [new], [old])], {}, front=True)


def log_odds(model: Any, output: str, scores: str, classes: int) -> int:
    """Make the graph give `logit` (n, labels): log-odds of each class against the rest, one for two classes. The number."""
    from onnx import TensorProto, helper

    make = helper.make_node
    opset = next((int(o.version) for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
    constants: dict[str, NDArray[Any]] = {}
    nodes = []
    source = output
    if scores.endswith("probabilities"):
        constants |= {"p_low": np.array(1e-7, np.float32), "p_high": np.array(1 - 1e-7, np.float32)}
        constants["p_one"] = np.array(1, np.float32)
        nodes += [
            make("Cast", [source], ["p_float"], to=TensorProto.FLOAT),
            make("Clip", ["p_float", "p_low", "p_high"], ["p_kept"]),
            make("Sub", ["p_one", "p_kept"], ["p_rest"]),
            make("Div", ["p_kept", "p_rest"], ["p_odds"]),
            make("Log", ["p_odds"], ["p_logit"]),
        ]
        source = "p_logit"
    labels = classes
    if classes == 2 and not scores.startswith("independent"):
        labels = 1
        constants |= {"one_at": np.array([1], np.int64), "zero_at": np.array([0], np.int64)}
        nodes.append(make("Gather", [source, "one_at"], ["second"], axis=1))
        if scores == "logits":
            nodes += [
                make("Gather", [source, "zero_at"], ["first"], axis=1),
                make("Sub", ["second", "first"], ["logit"]),
            ]
        else:
            nodes.append(make("Identity", ["second"], ["logit"]))
    elif classes > 2 and scores == "logits":
        mask = np.where(np.eye(classes, dtype=bool), -1e9, 0).astype(np.float32)[None]
        constants |= {"others_mask": mask, "axis_one": np.array([1], np.int64), "axis_two": np.array([2], np.int64)}
        if opset < 18:
            rest = make("ReduceLogSumExp", ["others"], ["rest"], axes=[2], keepdims=0)
        else:
            rest = make("ReduceLogSumExp", ["others", "axis_two"], ["rest"], keepdims=0)
        wide = (
            make("Unsqueeze", [source, "axis_one"], ["wide"])
            if opset >= 13
            else make("Unsqueeze", [source], ["wide"], axes=[1])
        )
        nodes += [
            wide,
            make("Add", ["wide", "others_mask"], ["others"]),
            rest,
            make("Sub", [source, "rest"], ["logit"]),
        ]
    else:
        nodes.append(make("Identity", [source], ["logit"]))
    add(model, nodes, constants)
    keep_outputs(model, {"logit": [None, labels]})
    return labels


def keep_outputs(model: Any, shapes: dict[str, list[int | str | None]]) -> None:
    """Only these outputs, float32."""
    from onnx import TensorProto, helper

    del model.graph.output[:]
    model.graph.output.extend(helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in shapes.items())


def film_front(model: Any, old: str, size: int, channels: int, mean: Sequence[float], std: Sequence[float]) -> None:
    """In front: film, baseline and masks blended region by region, grey given to every channel, (x - mean) / std."""
    from onnx import TensorProto, helper

    make = helper.make_node
    rows, columns = GRID
    shape = (1, channels, 1, 1)
    constants: dict[str, NDArray[Any]] = {
        "mask_shape": np.array([-1, 1, rows, columns], np.int64),
        "mask_scales": np.array([1, 1, size / rows, size / columns], np.float32),
        "film_mean": np.broadcast_to(np.asarray(mean, np.float32).reshape(1, -1, 1, 1), shape).copy(),
        "film_std": np.broadcast_to(np.asarray(std, np.float32).reshape(1, -1, 1, 1), shape).copy(),
    }
    nodes = [
        make("Reshape", ["masks", "mask_shape"], ["mask_grid"]),
        make(
            "Resize",
            ["mask_grid", "", "mask_scales"],
            ["mask"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        make("Sub", ["film", "baseline"], ["difference"]),
        make("Mul", ["difference", "mask"], ["shown"]),
        make("Add", ["baseline", "shown"], ["blended"], name="node_blend"),
        make("Sub", ["blended", "film_mean"], ["centred"]),
        make("Div", ["centred", "film_std"], [old]),
    ]
    add(model, nodes, constants, front=True)
    del model.graph.input[:]
    shapes: dict[str, list[int | str]] = {
        "film": ["films", 1, size, size],
        "baseline": ["baselines", 1, size, size],
        "masks": ["coalitions", rows * columns],
    }
    model.graph.input.extend(helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in shapes.items())


def features(model: Any, output: str) -> None:
    """Name what the last dense layer looks at `features` (n, d); the scores themselves where there is no such layer."""
    from onnx import helper

    made_by = {name: node for node in model.graph.node for name in node.output}
    at, steps = output, 0
    while at in made_by and steps < 64:
        node = made_by[at]
        if node.op_type in ("Gemm", "MatMul"):
            at = node.input[0]
            break
        at, steps = (node.input[0] if node.input else ""), steps + 1
    found = at if at in made_by else output
    add(model, [helper.make_node("Flatten", [found], ["features"], axis=1)], {})
