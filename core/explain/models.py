"""One image under two models: every installed pack that may read it, its version before the last update, its variants."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.domain.explanation import ImageExplanation
from core.domain.imaging import ImageRef
from core.errors import UserError
from core.explain.compare import MapComparison, maps
from core.explain.image import explain
from core.inference import gate, packs
from core.inference.packs import Pack
from core.progress import Report, silent

EVALUATIONS = 254
_TASK = "image-classification"
_BEFORE = "models-previous"


@dataclass(frozen=True, slots=True)
class Reader:
    """A pack in a variant ("" is the pack's own choice, "fp32" and "int8" a graph throughout)."""

    pack: Pack
    variant: str = ""

    @property
    def name(self) -> str:
        """Pack, version, variant."""
        return f"{self.pack.id} {self.pack.pack_version}{f' · {self.variant}' if self.variant else ''}"


def readers(ref: ImageRef) -> tuple[Reader, ...]:
    """What may read an image, the installed packs first. A pack whose domain refuses the image is left out."""
    return tuple(_readers(ref))


def _readers(ref: ImageRef) -> Iterator[Reader]:
    for pack in (*packs.installed(), *_earlier()):
        if pack.task == _TASK and gate.check_domain(pack, ref) is None:
            if "predict_int8" in pack.manifest["graphs"]:
                yield from (Reader(pack, "int8"), Reader(pack, "fp32"))
            else:
                yield Reader(pack, "fp32")


def _earlier() -> Iterator[Pack]:
    folder = paths.profile() / _BEFORE
    for one in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            yield packs.load(one)
        except UserError:  # a damaged old version is no reason not to compare the others
            continue


def beside(
    first: Reader,
    second: Reader,
    ref: ImageRef,
    pixels: NDArray[np.uint8],
    report: Report = silent,
    *,
    evaluations: int = EVALUATIONS,
    seed: int = 0,
    baseline: str = "",
) -> tuple[ImageExplanation, ImageExplanation, MapComparison]:
    """Both maps of the first label, and how far they agree. `baseline`: what hides a region in both, by default the first
    pack's own (maps of two baselines cannot be compared)."""
    hidden = baseline or str(first.pack.manifest["baselines"]["default"])

    def one(reader: Reader) -> ImageExplanation:
        return explain(
            reader.pack, ref, pixels, report, evaluations=evaluations, seed=seed, baseline=hidden,
            variant=reader.variant, faithfulness=False,
        )  # fmt: skip

    made = one(first), one(second)
    return made[0], made[1], maps(made[0], made[1])
