"""How fast a pack is on this machine: the median time of one case through its graph, measured on request and kept."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core import paths
from core.errors import UserError
from core.inference import classification, embedding, icu
from core.inference.packs import Pack
from core.learning.patient_split import write_whole
from core.progress import Report, silent

_RUNS, _WARM = 15, 3


def measure(pack: Pack, report: Report = silent) -> float:
    """Median milliseconds of one case on the processor, from prepared input to logits. UserError for a task without one."""
    once = _once(pack)
    times = []
    for k in range(_WARM + _RUNS):
        report(k, _WARM + _RUNS, pack.id)
        began = time.perf_counter()
        once()
        times.append(1000 * (time.perf_counter() - began))
    found = float(np.median(times[_WARM:]))
    kept = known()
    kept[pack.sha256] = round(found, 3)
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(kept).encode())
    return found


def known() -> dict[str, float]:
    """sha256 of a pack -> milliseconds, as measured on this machine before."""
    try:
        return {str(k): float(v) for k, v in json.loads(_path().read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _path() -> Path:
    return paths.profile() / "learning" / "speed.json"


def _once(pack: Pack) -> Callable[[], Any]:
    rng = np.random.default_rng(0)
    if pack.task == "image-classification":
        from core.inference.predict import forward

        film = rng.random((1, 1, pack.preprocessing.size, pack.preprocessing.size), np.float32)
        return lambda: forward(pack, film)
    if pack.task == classification.TABLE:
        row = {c.name: "1" for c in classification.layout_of(pack).columns}
        return lambda: classification.row_logits(pack, [row])
    if pack.task == classification.TEXT:
        return lambda: classification.text_logits(pack, ["The patient has had fever and a cough for three days."])
    if pack.task == embedding.TASK:
        made = embedding.Encoder(pack)
        return lambda: made.vectors(["The patient has had fever and a cough for three days."])
    if pack.task == icu.TASK:
        values = rng.random((1, len(icu.names(pack))), np.float32)
        return lambda: icu.raw_logits(pack, values)
    raise UserError(f"The speed of {pack.task} packs is not measured.", "")
