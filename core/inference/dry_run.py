"""Tries a pack's graphs: their outputs against the manifest's, in a process of its own where the pack is a stranger's."""

import multiprocessing
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from core.errors import UserError
from core.inference import classification, embedding, icu, packs
from core.inference.predict import forward, session

SECONDS = 90.0
MEMORY_BYTES = 6 << 30


def check_reference(pack: packs.Pack) -> float:
    """Largest difference between the outputs stated in the manifest and those of this machine, for the predict graph.

    UserError above the tolerance, or where a graph does not run on the stated input.
    """
    stated = pack.manifest["reference"]
    if pack.task == embedding.TASK:
        return _close(pack, embedding.check_reference(pack), float(stated["tolerance"]))
    if pack.task == icu.TASK:
        return _close(pack, icu.check_reference(pack), float(stated["tolerance"]))
    if pack.task in (classification.TEXT, classification.TABLE):
        return _close(pack, classification.check_reference(pack), float(stated["tolerance"]))
    size = pack.preprocessing.size
    logits = np.asarray(stated["logits"], np.float64)
    films = np.random.default_rng(int(stated["seed"])).random((len(logits), 1, size, size), np.float32)
    session.cache_clear()
    found, _ = forward(pack, films)
    if found.shape != (len(logits), len(pack.labels)):
        raise UserError(f"The model pack {pack.id} gives {found.shape} outputs.", "Ask its maker for a corrected pack.")
    return _close(pack, float(np.abs(found[:, 0] - logits).max()), float(stated["tolerance"]))


def _close(pack: packs.Pack, worst: float, tolerance: float) -> float:
    if not worst <= tolerance:
        raise UserError(
            f"The model pack {pack.id} gives other outputs here than it states (off by {worst:.2g}).",
            "Report the processor and the versions shown by `models list`.",
        )
    return worst


def try_apart(folder: Path, seconds: float = SECONDS) -> float:
    """`check_reference` and every other graph, in a fresh process with limits of time and memory.

    Whatever a hostile graph does there (crash, hang, fill the memory), this process goes on with a UserError.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(str(folder), theirs, seconds), daemon=True)
    child.start()
    theirs.close()
    try:
        answer = ours.recv() if ours.poll(seconds) else "it took too long"
    except EOFError:
        answer = "it made its process end"
    finally:
        child.kill()
        child.join()
        ours.close()
    if isinstance(answer, str):
        raise UserError(f"The model pack {folder.name} failed its trial run: {answer}.", "It was not installed.")
    return float(answer)


def _work(folder: str, answer: Connection, seconds: float) -> None:
    _limit(seconds)
    pack = packs.verify(Path(folder))
    try:
        worst = check_reference(pack)
        size = pack.preprocessing.size
        for role in pack.manifest["graphs"] if pack.task == "image-classification" else ():
            logits, _ = forward(pack, np.full((1, 1, size, size), 0.5, np.float32), role)
            if not np.isfinite(logits).all():
                raise UserError(f"Its graph {role} gives no finite number.")
    except Exception as error:  # noqa: BLE001  a stranger's graph may raise anything; it is reported, not trusted
        answer.send(" ".join(str(error).split())[:300] or type(error).__name__)
    else:
        answer.send(worst)


def _limit(seconds: float) -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
