"""LightGBM's trees -> an ONNX graph and the table of leaves that explains it: the intensive-care model's and those of table
recipes. Needs onnx (the `training` extra)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.inference.trees import Leaves

_OPSET = 13
_ML_OPSET = 3


def _floor32(threshold: float) -> np.float32:
    """The largest float32 not above it: x <= threshold then means the same for every float32 x."""
    found = np.float32(threshold)
    return np.nextafter(found, np.float32(-np.inf)) if float(found) > threshold else found


def _lost_goes_left(node: dict[str, Any]) -> bool:
    """LightGBM: a missing value goes the learned way; where training had none it counts as 0."""
    return bool(node["default_left"]) if node["missing_type"] == "NaN" else float(node["threshold"]) >= 0


def used(models: Sequence[dict[str, Any]]) -> list[int]:
    """The features that any tree splits on, sorted. `models`: dumps of boosters."""
    found: set[int] = set()
    for tree in _trees(models):
        _collect(tree, found)
    return sorted(found)


def _collect(node: dict[str, Any], found: set[int]) -> None:
    if "split_feature" in node:
        found.add(int(node["split_feature"]))
        _collect(node["left_child"], found)
        _collect(node["right_child"], found)


def _trees(models: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for model in models:
        for info in model["tree_info"]:
            yield info["tree_structure"]


@dataclass(slots=True)
class _Step:
    low: np.float32 = field(default_factory=lambda: np.float32(-np.inf))
    high: np.float32 = field(default_factory=lambda: np.float32(np.inf))
    lost: bool = True
    share: float = 1.0


def to_leaves(models: Sequence[dict[str, Any]], place: dict[int, int]) -> Leaves:
    """The mean of the models as a table of leaves. `place`: LightGBM's feature -> column."""
    constant, rows = 0.0, []
    for tree in _trees(models):
        if "leaf_value" in tree:
            constant += float(tree["leaf_value"]) / len(models)
        else:
            rows += list(_paths(tree, {}))
    depth = max((len(steps) for steps, _ in rows), default=1)
    shape = (len(rows), depth)
    feature = np.full(shape, -1, np.int32)
    low, high = np.full(shape, -np.inf, np.float32), np.full(shape, np.inf, np.float32)
    lost, share = np.ones(shape, bool), np.ones(shape, np.float32)
    for i, (steps, _) in enumerate(rows):
        for j, (name, step) in enumerate(sorted(steps.items())):
            feature[i, j], low[i, j], high[i, j] = place[name], step.low, step.high
            lost[i, j], share[i, j] = step.lost, step.share
    value = np.array([v / len(models) for _, v in rows], np.float32)
    return Leaves(feature, low, high, lost, share, value, constant)


def _paths(node: dict[str, Any], steps: dict[int, _Step]) -> Iterator[tuple[dict[int, _Step], float]]:
    if "leaf_value" in node:
        yield steps, float(node["leaf_value"])
        return
    name, cut, left_lost = int(node["split_feature"]), _floor32(node["threshold"]), _lost_goes_left(node)
    for side in ("left_child", "right_child"):
        before, left = steps.get(name, _Step()), side == "left_child"
        share = before.share * _count(node[side]) / _count(node)
        low, high = (before.low, min(before.high, cut)) if left else (max(before.low, cut), before.high)
        yield from _paths(node[side], {**steps, name: _Step(low, high, before.lost and left == left_lost, share)})


def _count(node: dict[str, Any]) -> float:
    return float(node.get("internal_count", node.get("leaf_count", 0)))


def to_onnx(models: Sequence[dict[str, Any]], place: dict[int, int], name: str = "stay", targets: int = 1) -> bytes:
    """A graph: `name` (n, features) float32, NaN where missing -> `logit` (n, targets): the mean of the models.

    `targets`: of a model of several classes, whose trees come one a class in turn.
    """
    from onnx import checker

    model = _model(models, place, name, targets, "logit")
    checker.check_model(model)
    found: bytes = model.SerializeToString()
    return found


def to_log_odds(model: dict[str, Any], place: dict[int, int], classes: int, temperature: float) -> bytes:
    """The trees of one model of three or more classes as log-odds of each class against the rest at a temperature."""
    from core.learning.table_graph import Graph

    made = Graph()
    made.nodes += _model([model], place, "row", classes, "scores").graph.node
    made.log_odds("scores", classes, temperature)
    return made.finished(len(place), classes)


def of_class(model: dict[str, Any], number: int, classes: int) -> dict[str, Any]:
    """The trees of one class of a model of several: a dump of its own."""
    return {**model, "tree_info": model["tree_info"][number::classes]}


def _model(models: Sequence[dict[str, Any]], place: dict[int, int], name: str, targets: int, out: str) -> Any:
    from onnx import TensorProto, helper

    keys = ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")
    nodes: dict[str, list[Any]] = {key: [] for key in (*keys, "missing_value_tracks_true")}
    leaves: dict[str, list[Any]] = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
    for number, tree in enumerate(_trees(models)):
        first = len(nodes["treeids"])
        _write(tree, (number, first, number % targets), nodes, leaves, place, 1 / len(models))
    attributes: dict[str, Any] = {f"nodes_{k}": v for k, v in nodes.items()} | {
        f"target_{k}": v for k, v in leaves.items()
    }
    node = helper.make_node(
        "TreeEnsembleRegressor", [name], [out], domain="ai.onnx.ml", n_targets=targets, aggregate_function="SUM",
        post_transform="NONE", **attributes,
    )  # fmt: skip
    ends = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", len(place)]),
        helper.make_tensor_value_info(out, TensorProto.FLOAT, ["n", targets]),
    )
    graph = helper.make_graph([node], "trees", [ends[0]], [ends[1]])
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="consilium")


def _write(
    node: dict[str, Any],
    tree: tuple[int, int, int],
    nodes: dict[str, list[Any]],
    target: dict[str, list[Any]],
    place: dict[int, int],
    weight: float,
) -> int:
    """Append a node and what is below it; its number in the tree. `tree`: number, where its nodes begin, class."""
    number = len(nodes["treeids"]) - tree[1]
    leaf = "leaf_value" in node
    filled = {
        "treeids": tree[0], "nodeids": number, "featureids": 0 if leaf else place[int(node["split_feature"])],
        "values": 0.0 if leaf else float(_floor32(node["threshold"])), "modes": "LEAF" if leaf else "BRANCH_LEQ",
        "truenodeids": 0, "falsenodeids": 0, "missing_value_tracks_true": 0 if leaf else int(_lost_goes_left(node)),
    }  # fmt: skip
    for key, value in filled.items():
        nodes[key].append(value)
    at = len(nodes["treeids"]) - 1
    if leaf:
        found = {"treeids": tree[0], "nodeids": number, "ids": tree[2], "weights": float(node["leaf_value"]) * weight}
        for key, value in found.items():
            target[key].append(value)
    else:
        nodes["truenodeids"][at] = _write(node["left_child"], tree, nodes, target, place, weight)
        nodes["falsenodeids"][at] = _write(node["right_child"], tree, nodes, target, place, weight)
    return number
