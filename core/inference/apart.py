"""Work on strangers' files in a process of its own, with limits of time and memory; whatever happens there, we go on."""

import multiprocessing
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError

SECONDS = 90.0
MEMORY_BYTES = 6 << 30
_LOOK_S = 0.2


def call_apart(
    work: Callable[..., Any],
    given: tuple[Any, ...],
    failed: str,
    seconds: float = SECONDS,
    *,
    watch: Callable[[], None] | None = None,
    parent: bool = False,
) -> Any:
    """`work(*given)` in a fresh process. UserError beginning with `failed` where it raises, hangs, dies or grows too much.

    `work` is a function at the top of a module; it and its answer travel between processes. `watch` is called five times a
    second while it runs; what it raises (Cancelled) ends the process. `parent`: it starts processes of its own.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_there, args=(work, given, theirs, seconds), daemon=not parent)
    child.start()
    theirs.close()
    try:
        good, answer = ours.recv() if _answered(ours, seconds, watch) else (False, "it took too long")
    except EOFError:
        good, answer = False, "it made its process end"
    finally:
        child.kill()
        child.join()
        ours.close()
    if not good:
        raise UserError(f"{failed}: {answer}.", "")
    return answer


def _answered(ours: Connection, seconds: float, watch: Callable[[], None] | None) -> bool:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if ours.poll(left if watch is None else min(left, _LOOK_S)):
            return True
        if watch is not None:
            watch()
    return False


def _there(work: Callable[..., Any], given: tuple[Any, ...], answer: Connection, seconds: float) -> None:
    limit(seconds)
    try:
        found = work(*given)
    except Exception as error:  # noqa: BLE001  a stranger's file may raise anything; it is reported, not trusted
        answer.send((False, " ".join(str(error).split())[:300] or type(error).__name__))
    else:
        answer.send((True, found))


def limit(seconds: float) -> None:
    """Memory and processor time of this process (not on Windows, where the time limit of the caller stands alone)."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_apart(graph: bytes, feeds: dict[str, NDArray[Any]], seconds: float = SECONDS) -> list[NDArray[np.float32]]:
    """All outputs of a graph that is not trusted yet."""
    found: list[NDArray[np.float32]] = call_apart(_run, (graph, feeds), "The graph does not run", seconds)
    return found


def _run(graph: bytes, feeds: dict[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
    from core.inference.session import open_session, run

    return run(open_session(graph), feeds)
