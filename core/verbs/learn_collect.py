"""`learn collect` on a store: who may, why, and the films' embeddings. Shared by the command line and the window."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.domain.case import Case, CaseStatus
from core.errors import UserError
from core.learning.collect import Collected, collect
from core.progress import Report, silent
from core.store.decisions import standing
from core.store.exports import exporter
from core.store.files import write_whole
from core.store.store import Store

_LEAST_BASIS = 10
_MOST = 100_000


def collect_from(
    store: Store, basis: str, *, exclude: Sequence[str] = (), images: bool = False, report: Report = silent
) -> Collected:
    """Rows of the store's signed cases. Needs the permission to export; `basis` says what allows it and is audited.

    UserError without a basis. Cases named in `exclude` are not read.
    """
    who = exporter(store)
    if len(basis.strip()) < _LEAST_BASIS:
        raise UserError("Say what allows learning from these cases.", "Name the consent or the policy (--basis).")
    signed = [row.id for row in store.list(status=(CaseStatus.SIGNED,), limit=_MOST) if row.id not in set(exclude)]
    with tempfile.TemporaryDirectory(prefix="learn-") as scratch:
        embed = _embedder(store, Path(scratch)) if images else None
        found = collect(_cases(store, signed), _secret(), standing, embed=embed, report=report)
    store.audit.add("learn_collect", who, "", basis=basis.strip(), cases=str(found.cases))
    return found


def _cases(store: Store, ids: Sequence[str]) -> Iterator[Case]:
    for case_id in ids:
        yield store.load(case_id)


def _secret() -> bytes:
    path = paths.profile() / "learning" / "stand-ins.key"
    if not path.is_file():
        import secrets

        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, secrets.token_bytes(32))
    return path.read_bytes()


def _embedder(store: Store, scratch: Path) -> Any:
    from core.imaging.pixels import presentation
    from core.inference import packs
    from core.inference.predict import forward
    from core.inference.preprocess import film as prepare

    known = {pack.id: pack for pack in packs.installed()}

    def embed(case: Case, image_id: str, pack_id: str) -> NDArray[np.float32] | None:
        pack = known.get(pack_id)
        local = store.with_local_images(case, scratch)
        ref = next((image for image in local.images if image.id == image_id), None)
        if pack is None or ref is None:
            return None
        try:
            pixels = presentation(ref)
        except UserError:
            return None
        return np.asarray(forward(pack, prepare(pixels, pack.preprocessing)[None])[1][0], np.float32)

    return embed
