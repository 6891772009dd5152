"""ONNX Runtime sessions: providers by what is there, threads that leave the window its core."""

import os
from functools import lru_cache
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

_ORDER = (
    "TensorrtExecutionProvider",
    "CUDAExecutionProvider",
    "DmlExecutionProvider",
    "CoreMLExecutionProvider",
    "CPUExecutionProvider",
)
CPU = "CPUExecutionProvider"


@lru_cache(maxsize=1)
def providers() -> tuple[str, ...]:
    """Providers with a device behind them, best first. The list of *compiled-in* providers names CUDA everywhere."""
    found = {device.ep_name for device in ort.get_ep_devices()} | {CPU}
    if "DmlExecutionProvider" in ort.get_available_providers() or "CoreMLExecutionProvider" in found:
        found |= set(ort.get_available_providers()) & {"DmlExecutionProvider", "CoreMLExecutionProvider"}
    return tuple(name for name in _ORDER if name in found)


def threads() -> int:
    """Threads for one operator: all cores but one, at least one."""
    return max(1, (os.cpu_count() or 2) - 1)


def options(intra_threads: int | None = None) -> ort.SessionOptions:
    """Options of every session here. Threads do not spin while idle: the window keeps its core."""
    made = ort.SessionOptions()
    made.intra_op_num_threads = intra_threads or threads()
    made.inter_op_num_threads = 1
    made.log_severity_level = 3
    made.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return made


def open_session(graph: bytes, provider: str = CPU, intra_threads: int | None = None) -> ort.InferenceSession:
    """A session on the graph's bytes. Without a provider named it is the CPU alone, which is silent without a GPU."""
    return open_with(graph, options(intra_threads), provider)


def open_with(
    graph: bytes, chosen: ort.SessionOptions, provider: str = CPU, *, unfolded: bool = False
) -> ort.InferenceSession:
    """As `open_session`, with options of one's own. `unfolded`: constants are computed anew in each run, not kept."""
    left_out = ["ConstantFolding"] if unfolded else []
    session = ort.InferenceSession(graph, chosen, providers=_asked(provider), disabled_optimizers=left_out)
    session._model_bytes = None  # the wrapper's copy, for a change of providers that never comes here
    session.disable_fallback()  # ONNX Runtime would go on without a word; `core.inference.running` says so
    return session


def _asked(provider: str) -> list[Any]:
    if provider == CPU:
        return [CPU]
    if provider == "TensorrtExecutionProvider":  # engines take minutes to build: kept beside the graphs
        from core.inference.graph_cache import folder

        kept = {"trt_engine_cache_enable": True, "trt_engine_cache_path": str(folder() / "tensorrt")}
        return [(provider, kept), "CUDAExecutionProvider", CPU]
    return [provider, CPU]


def run(session: Any, feeds: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """All outputs of the graph, in its order."""
    outputs: list[NDArray[np.float32]] = session.run(None, feeds)
    return outputs
