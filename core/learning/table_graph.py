"""The graph of a table's network, written node by node: an exporter takes seconds for so small a module. And the log-odds of
several classes, which trees share. Needs onnx."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper

OPSETS = (("", 13), ("ai.onnx.ml", 3))
_FARTHEST = 8.0
"""Standard deviations from the mean that the network is shown, as in `learners.TableNet`."""


class Graph:
    """Nodes and constants as they are added; every node names its one output."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: Any) -> str:
        """A stored array, float32 unless it is made of whole numbers."""
        array = np.asarray(value)
        array = array if array.dtype == np.int64 else array.astype(np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """An operator."""
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def log_odds(self, scores: str, classes: int, temperature: float) -> str:
        """Of each class against the rest at a temperature; of one score itself (`graphs.LogOdds`)."""
        if classes == 1:
            return self.node("Identity", [scores], "logit")
        z = self.node("Div", [scores, self.constant("temperature", temperature)], "z")
        own = np.where(np.eye(classes, dtype=bool), -1e9, 0.0)[None]
        wide = self.node("Unsqueeze", [z, self.constant("axis", np.array([1], np.int64))], "wide")
        others = self.node("Add", [wide, self.constant("own", own)], "others")
        rest = self.node("ReduceLogSumExp", [others], "rest", axes=[2], keepdims=0)
        return self.node("Sub", [z, rest], "logit")

    def finished(self, inputs: int, classes: int) -> bytes:
        """`row` (n, inputs) float32 -> `logit` (n, classes), checked."""
        ends = (
            helper.make_tensor_value_info("row", TensorProto.FLOAT, ["n", inputs]),
            helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n", classes]),
        )
        graph = helper.make_graph(self.nodes, "table", [ends[0]], [ends[1]], self.constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="consilium")
        checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())


def network_graph(network: Any, inputs: int, temperature: float) -> bytes:
    """A `learners.TableNet` as a graph: `row` (n, inputs) float32 with NaN where missing -> `logit` (n, labels)."""
    weights: dict[str, NDArray[np.float32]] = {k: v.detach().cpu().numpy() for k, v in network.state_dict().items()}
    made = Graph()
    missing = made.node("IsNaN", ["row"], "missing")
    known = made.node("Where", [missing, made.constant("median", weights["median"][None]), "row"], "known")
    centred = made.node("Sub", [known, made.constant("mean", weights["mean"][None])], "centred")
    scaled = made.node("Div", [centred, made.constant("deviation", weights["deviation"][None])], "scaled")
    bounds = [made.constant("low", np.float32(-_FARTHEST)), made.constant("high", np.float32(_FARTHEST))]
    flags = made.node("Cast", [missing], "flags", to=TensorProto.FLOAT)
    x = made.node("Concat", [made.node("Clip", [scaled, *bounds], "z_row"), flags], "seen", axis=1)
    layers = sorted({int(k.split(".")[1]) for k in weights if k.startswith("body.")})
    for n in layers:
        weight = made.constant(f"weight{n}", weights[f"body.{n}.weight"])
        x = made.node("Gemm", [x, weight, made.constant(f"bias{n}", weights[f"body.{n}.bias"])], f"layer{n}", transB=1)
        if n != layers[-1]:
            x = _gelu(made, x, n)
    classes = len(weights[f"body.{layers[-1]}.bias"])
    made.log_odds(x, classes, temperature)
    return made.finished(inputs, classes)


def _gelu(made: Graph, x: str, n: int) -> str:
    """x / 2 (1 + erf(x / sqrt 2))."""
    root, one, half = (made.constant(f"{name}{n}", v) for name, v in (("root", 2**0.5), ("one", 1.0), ("half", 0.5)))
    curve = made.node("Erf", [made.node("Div", [x, root], f"by_root{n}")], f"erf{n}")
    share = made.node("Mul", [made.node("Add", [curve, one], f"up{n}"), half], f"share{n}")
    return made.node("Mul", [x, share], f"gelu{n}")
