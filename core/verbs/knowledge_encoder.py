"""`knowledge build encoder`: refines the published sentence encoder on our own knowledge and makes its text pack anew."""

import json
import shutil
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from core.errors import UserError
from core.paths import RESOURCES, packs

PACK = RESOURCES / "models" / "note-embedding-minilm"
_MADE_ANEW = ("schema", "task", "labels", "graphs", "reference", "files")


def build(folder: Path | None, out: Path | None, *, rounds: int = 0, keep: bool = False) -> dict[str, object]:
    """Write the pack over the one that ships, or to `out`, and the head learned with it where heads ship, or beside `out`.

    What the shipped pack's manifest and card state stays as it stands. `keep`: without the
    presentations kept for checking. `rounds`: of the recipe, 0 for its own. The weights stay in the cache for a further run.
    UserError without the `training` extra, or where `folder` holds no encoder.
    """
    from core.diagnosis import presentations, wording_encoder, wording_head
    from core.inference.embedding import Encoder
    from core.knowledge.condition_tables import load

    text_pack = _text_pack()
    started = time.monotonic()
    told = [one for one in presentations.read() if not keep or one.part == presentations.LEARN]
    refined = packs() / "refined-encoder"
    source = folder or wording_encoder.published()
    recipe = wording_encoder.Recipe(**({"rounds": rounds} if rounds else {}))
    head = wording_encoder.refine(source, refined, load(), told, recipe, _report)
    pack = _packed(text_pack, refined, out or PACK)
    path = wording_head.path_for(Encoder(pack)) if out is None else out.with_name(f"{out.name}.head.npz")
    wording_head.save(head, path)
    return {
        "pack": pack.id,
        "version": pack.pack_version,
        "head": path.name,
        "weights": str(refined),
        "presentations": len(told),
        "seconds": round(time.monotonic() - started),
    }


def _text_pack() -> ModuleType:
    """What makes text packs: asked for before the half hour of refining."""
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401

        from core.learning import text_pack
    except ModuleNotFoundError as error:
        raise UserError("Refining needs torch, transformers and onnx.", "Install the `training` extra.") from error
    return text_pack


def _packed(text_pack: ModuleType, refined: Path, target: Path) -> Any:
    """The pack is made and verified beside, then swapped in: until then the one before stands."""
    from core.inference import packs as model_packs

    manifest = json.loads((PACK / model_packs.MANIFEST).read_text(encoding="utf-8"))
    kept = {key: value for key, value in manifest.items() if key not in _MADE_ANEW}
    width = json.loads((refined / "config.json").read_text(encoding="utf-8"))["hidden_size"]
    kept["text"] = {**manifest["text"], "width": width}
    card = (PACK / "MODEL_CARD.md").read_text(encoding="utf-8")
    beside = target.with_name(f".{target.name}")
    text_pack.build(refined, beside, kept, card)
    shutil.rmtree(target, ignore_errors=True)
    beside.replace(target)
    return model_packs.load(target)


def _report(done: int, total: int, what: str) -> None:
    if done % 20 == 0:
        print(f"knowledge encoder {done}/{total} {what}", file=sys.stderr)
