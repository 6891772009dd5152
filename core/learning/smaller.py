"""The int8 graph of an image pack that was trained here: made at once, calibrated on validation films and measured on the
test, kept beside the plain graph where it loses little. What it lost is in the manifest and on the card. Needs onnx."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from core.inference import packs
from core.inference.classification import session
from core.inference.compress import LEAST, Data, compress
from core.inference.preprocess import film as prepare
from core.learning.pixels import read
from core.learning.split import Part
from core.learning.task_pack import rewrite
from core.progress import Report, silent

if TYPE_CHECKING:
    from core.learning.study import Prepared

_MOST = 500
KINDS = ("int8-static",)


def with_int8(
    pack: packs.Pack, prepared: "Prepared", report: Report = silent
) -> tuple[packs.Pack, list[dict[str, Any]]]:
    """The pack with its int8 graph where that loses at most .002 AUROC and keeps 98 % of decisions, and the table of both;
    the pack as it was, and nothing, where there are too few films to measure a loss."""
    n = min(_MOST, len(prepared.at(Part.VALIDATION)), len(prepared.at(Part.TEST)))
    if 2 * n < LEAST:
        return pack, []
    rng = np.random.default_rng(0)
    chosen = [rng.permutation(prepared.at(part))[:n] for part in (Part.VALIDATION, Part.TEST)]
    data = _data(pack, prepared, [int(k) for part in chosen for k in part], report)
    rows = compress(pack, data, KINDS, out=pack.folder, report=report)
    session.cache_clear()
    made = packs.load(pack.folder)
    manifest = {k: v for k, v in made.manifest.items() if k != "files"}
    return rewrite(made, manifest), [asdict(row) for row in rows]


def _data(pack: packs.Pack, prepared: "Prepared", places: Sequence[int], report: Report) -> Data:
    """Feeds of films in this order, and for each label 1 or 0."""
    size, regions = pack.preprocessing.size, pack.regions[0] * pack.regions[1]
    rest = {"baseline": np.zeros((1, 1, size, size), np.float32), "masks": np.ones((1, regions), np.float32)}
    feeds = []
    for i, k in enumerate(places):
        report(i, len(places), "smaller graph")
        feeds.append({"film": prepare(read(prepared.examples.films[k]), pack.preprocessing)[None], **rest})
    classes = np.eye(len(prepared.examples.names), dtype=np.int64)[prepared.examples.labels[list(places)]]
    return Data(tuple(feeds), classes[:, 1:] if prepared.examples.two_classes else classes)
