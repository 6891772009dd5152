"""Graphs as ONNX Runtime optimised them for this machine, kept so that a session opens without optimising again.

A kept graph is as trustworthy as the user's own cache folder; its sha256 stands beside it against damage. It is made anew
when the pack, the runtime or the processor changes, and left aside where optimising unpacks stored weights.
"""

import hashlib
import logging
import os
import platform
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import onnxruntime as ort

from core import paths
from core.inference.session import CPU, open_with, options

_SLOW_S = 0.015  # a graph that opens faster than this is not worth a file
_LEAST_BYTES = 1 << 20
_MOST_GROWTH = 1.5
_MOST_KEPT = 24


def folder() -> Path:
    """Where optimised graphs are kept."""
    return paths.packs() / "graphs"


def open_kept(sha256: str, read: Callable[[], bytes], provider: str = CPU) -> ort.InferenceSession:
    """A session on the graph of that sha256: from the kept graph where there is one, else from `read()`, then kept."""
    if provider != CPU:
        return open_with(read(), options(), provider)
    path = folder() / f"{_key(sha256)}.onnx"
    kept = _kept(path)
    if kept is not None:
        chosen = options()
        chosen.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        return open_with(kept, chosen)
    graph = read()
    started = time.perf_counter()
    session = open_with(graph, options())
    slow = len(graph) >= _LEAST_BYTES and time.perf_counter() - started > _SLOW_S
    if slow and not path.with_suffix(".large").is_file():
        keep(path, graph)
    return session


def keep(path: Path, graph: bytes) -> bool:
    """Optimise and keep a graph. False where nothing was kept (it would grow, or the folder cannot be written)."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        chosen = options()
        chosen.optimized_model_filepath = str(part)
        chosen.add_session_config_entry("session.save_model_format", "ONNX")
        open_with(graph, chosen)
        data = part.read_bytes()
        if len(data) > _MOST_GROWTH * len(graph):
            path.with_suffix(".large").touch()  # not to be tried again at every start
            return False
        path.with_suffix(".sha256").write_text(hashlib.sha256(data).hexdigest(), encoding="ascii")
        part.replace(path)
        _prune()
    except OSError as error:
        logging.getLogger(__name__).warning("an optimised graph could not be kept: %s", error)
        return False
    finally:
        if part.is_file():
            part.unlink()
    return True


def _prune() -> None:
    """The newest stay; graphs of packs long gone do not pile up."""
    kept = sorted(folder().glob("*.onnx"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in kept[_MOST_KEPT:]:
        old.unlink(missing_ok=True)
        old.with_suffix(".sha256").unlink(missing_ok=True)


def _kept(path: Path) -> bytes | None:
    try:
        data, stated = path.read_bytes(), path.with_suffix(".sha256").read_text(encoding="ascii")
    except OSError:
        return None
    if hashlib.sha256(data).hexdigest() == stated:
        return data
    path.unlink(missing_ok=True)
    return None


def _key(sha256: str) -> str:
    return hashlib.sha256(f"{sha256} {ort.__version__} {_processor()}".encode()).hexdigest()[:40]


@lru_cache(maxsize=1)
def _processor() -> str:
    """What the layout of an optimised graph depends on: the processor and what it can do."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        said = sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
    except OSError:
        said = []
    return " ".join([platform.machine(), platform.processor(), *said])
