"""Tries a pack's graphs: their outputs against the manifest's, in a process of its own where the pack is a stranger's."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference import classification, embedding, icu, packs, text_tasks
from core.inference.apart import SECONDS, call_apart
from core.inference.predict import forward, session
from core.inference.session import open_session, run


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
    if pack.task in (text_tasks.TOKENS, text_tasks.GENERATION):
        return _close(pack, text_tasks.check_reference(pack), float(stated["tolerance"]))
    size = pack.preprocessing.size
    logits = np.asarray(stated["logits"], np.float64).reshape(len(stated["logits"]), -1)
    films = np.random.default_rng(int(stated["seed"])).random((len(logits), 1, size, size), np.float32)
    session.cache_clear()
    found, _ = forward(pack, films)
    if found.shape != (len(logits), len(pack.labels)) or (logits.shape[1] not in (1, found.shape[1])):
        raise UserError(f"The model pack {pack.id} gives {found.shape} outputs.", "Ask its maker for a corrected pack.")
    return _close(pack, float(np.abs(found[:, : logits.shape[1]] - logits).max()), float(stated["tolerance"]))


def _close(pack: packs.Pack, worst: float, tolerance: float) -> float:
    if not worst <= tolerance:
        raise UserError(
            f"The model pack {pack.id} gives other outputs here than it states (off by {worst:.2g}).",
            "Report the processor and the versions shown by `models list`.",
        )
    return worst


def try_apart(folder: Path, seconds: float = SECONDS, watch: Callable[[], None] | None = None) -> float:
    """`check_reference` and every other graph, in a fresh process with limits of time and memory.

    Whatever a hostile graph does there (crash, hang, fill the memory), this process goes on with a UserError. `watch` is
    called while it runs and may raise Cancelled.
    """
    failed = f"The model pack {folder.name} was not installed: it failed its trial run"
    return float(call_apart(_work, (str(folder),), failed, seconds, watch=watch))


def _work(folder: str) -> float:
    pack = packs.verify(Path(folder))
    worst = check_reference(pack)
    for role in pack.manifest["graphs"]:
        if not all(np.isfinite(found).all() for found in answers_of(pack, role)):
            raise UserError(f"Its graph {role} gives no finite number.")
    return worst


def answers_of(pack: packs.Pack, role: str) -> list[NDArray[np.float32]]:
    """The outputs of one graph of a pack on an input of its kind."""
    if pack.task == "image-classification":
        size = pack.preprocessing.size
        return list(forward(pack, np.full((1, 1, size, size), 0.5, np.float32), role))
    if pack.task in (classification.TABLE, icu.TASK):
        width = pack.manifest["input"]["shape"][1]
        name = pack.manifest["input"]["name"]
        return run(open_session(pack.graph(role)), {name: np.full((1, int(width)), 0.5, np.float32)})
    text = pack.manifest["text"]
    return [
        text_tasks.raw_outputs(
            pack.graph(role), pack.read(text["tokenizer"]), text, pack.manifest["reference"]["texts"]
        )
    ]
