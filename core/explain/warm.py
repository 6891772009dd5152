"""Opens what the first map of a pack needs before it is asked for: graphs, learned explainer, design."""

import time

import numpy as np

from core.domain.imaging import ImageRef
from core.explain.design import design
from core.explain.game import new_game
from core.explain.image import EVALUATIONS, preview
from core.explain.sampling import RUNGS
from core.inference.packs import Pack, installed
from core.progress import Report, silent

_TASK = "image-classification"
_SIDE = 256


def warm(report: Report = silent) -> float:
    """Every installed image pack; returns the seconds it took. May be cancelled between two steps."""
    started = time.perf_counter()
    for pack in installed():
        if pack.task == _TASK and pack.manifest.get("baselines"):
            _warm(pack, report)
    return time.perf_counter() - started


def _warm(pack: Pack, report: Report) -> None:
    report(0, 0, "opening models")
    blank = np.full((_SIDE, _SIDE), 128, np.uint8)
    preview(pack, ImageRef(id="", path="", rows=_SIDE, columns=_SIDE), blank)
    game = new_game(pack, blank, str(pack.manifest["baselines"]["default"]), "predict")
    game.exact = "predict"
    game.ends()
    made = design(pack)
    for pairs in RUNGS if made else ():
        report(0, 0, "opening models")
        if made is not None and 2 * pairs + 2 <= EVALUATIONS and pairs <= made.pairs:
            for start, step in ((0, 1), (0, 2), (1, 2)):
                made.estimator(pairs, start, step)
            if made.left is not None:
                made.estimator(pairs, left=True)
