"""Shadow mode: a candidate answers beside the pack in service; both answers of each new case are kept, nobody sees the
candidate's while working. What is kept holds no identifier: a keyed hash of the case's input, the day, the probabilities."""

import hashlib
import hmac
import json
import logging
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import paths
from core.errors import UserError
from core.inference import packs
from core.inference.classification import row_logits, text_logits
from core.learning.answers import class_names, film_logits, probabilities
from core.learning.promote import candidate, in_service, sign_here

log = logging.getLogger(__name__)
_LOG, _KEY, _PACK, _ORIGIN = "answers.jsonl", "key", "pack", "origin.json"


def _home(pack_id: str) -> Path:
    return paths.profile() / "learning" / "shadow" / pack_id


def start(run: Path) -> packs.Pack:
    """Put a finished run's pack beside the one in service. UserError where none of its id is."""
    new = candidate(run)
    if in_service(new.id, new.task) is None:
        raise UserError(f"No pack {new.id} is in service.", "Shadow mode compares; promote the first pack of an id.")
    home = _home(new.id)
    part = home.with_name(home.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    shutil.copytree(new.folder, part / _PACK)
    sign_here(part / _PACK)
    (part / _ORIGIN).write_text(json.dumps({"run": str(run.resolve())}), encoding="utf-8")
    (part / _KEY).touch(mode=0o600)
    (part / _KEY).write_bytes(np.random.default_rng().bytes(32))
    shutil.rmtree(home, ignore_errors=True)
    part.replace(home)
    return packs.verify(home / _PACK)


def stop(pack_id: str) -> None:
    """End shadow mode; its answers are thrown away. Ending what never began is no error."""
    shutil.rmtree(_home(pack_id), ignore_errors=True)


def running(pack_id: str) -> packs.Pack | None:
    """The candidate in shadow of a pack, or None."""
    folder = _home(pack_id) / _PACK
    return packs.load(folder) if (folder / packs.MANIFEST).is_file() else None


def origin(pack_id: str) -> Path | None:
    """The run that a candidate in shadow came from; None where it is gone."""
    try:
        run = Path(json.loads((_home(pack_id) / _ORIGIN).read_text(encoding="utf-8"))["run"])
    except (OSError, ValueError, KeyError):
        return None
    return run if (run / "recipe.json").is_file() else None


def in_shadow(pack_id: str) -> bool:
    """Whether a candidate is in shadow of a pack: a look at a file, cheap enough for every film."""
    return (_home(pack_id) / _PACK / packs.MANIFEST).is_file()


def observe(pack: packs.Pack, inputs: Sequence[Any], keys: Sequence[str]) -> int:
    """Both answers to new inputs (films or their pixels, texts, rows); how many were new.

    `keys` tell the inputs apart; they are kept only as a keyed hash.

    Nothing happens where no candidate is in shadow of `pack`. An input seen before is not counted again.
    """
    other = running(pack.id)
    if other is None or not inputs:
        return 0
    home = _home(pack.id)
    secret = (home / _KEY).read_bytes()
    marks = [hmac.new(secret, key.encode(), hashlib.sha256).hexdigest()[:24] for key in keys]
    seen = {line["case"] for line in _answers(pack.id)}
    fresh = [k for k, mark in enumerate(marks) if mark not in seen]
    if not fresh:
        return 0
    chosen = [inputs[k] for k in fresh]
    old, new = _probabilities(pack, chosen), _probabilities(other, chosen)
    day = datetime.now(UTC).date().isoformat()
    with (home / _LOG).open("a", encoding="utf-8") as file:
        for k, a, b in zip(fresh, old, new, strict=True):
            line = {"case": marks[k], "day": day, "in_service": _rounded(a), "candidate": _rounded(b)}
            file.write(json.dumps(line) + "\n")
    return len(fresh)


def watch_film(pack: packs.Pack, pixels: NDArray[np.uint8], key: str) -> None:
    """`observe` for one film while a case is read: a candidate that fails is logged and never disturbs the case."""
    try:
        observe(pack, [pixels], [key])
    except (UserError, OSError) as error:
        log.warning("a candidate in shadow failed: %s", type(error).__name__)


def _probabilities(pack: packs.Pack, inputs: Sequence[Any]) -> Any:
    if pack.task == "image-classification":
        return probabilities(pack, film_logits(pack, inputs))
    if pack.task == "tabular-classification":
        return probabilities(pack, row_logits(pack, inputs))
    return probabilities(pack, text_logits(pack, inputs))


def _rounded(p: Any) -> list[float]:
    return [round(float(v), 5) for v in p]


def _answers(pack_id: str) -> list[dict[str, Any]]:
    path = _home(pack_id) / _LOG
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def report(pack_id: str) -> dict[str, Any]:
    """How the candidate would have answered: cases, days, agreement of the class called, differences of probability by
    class, and how often only one of the two called each class."""
    other = running(pack_id)
    if other is None:
        raise UserError(f"No candidate is in shadow of {pack_id}.", "Begin with `learn promote RUN --shadow`.")
    lines = _answers(pack_id)
    names = class_names(other)
    out: dict[str, Any] = {"pack": pack_id, "candidate": other.pack_version, "cases": len(lines)}
    if not lines:
        return out | {"agreement": None, "classes": {}}
    old, new = (np.array([line[k] for line in lines]) for k in ("in_service", "candidate"))
    if old.shape != new.shape:
        return out | {"agreement": None, "classes": {}, "why": "the two packs have other classes"}
    days = [line["day"] for line in lines]
    from core.learning.class_metrics import decide
    from core.learning.study import limits_of

    called = decide(old, limits_of(packs.find(pack_id))), decide(new, limits_of(other))
    gap = np.abs(new - old)
    classes = {
        name: {
            "mean_difference": float((new - old)[:, k].mean()),
            "largest_difference": float(gap[:, k].max()),
            "only_in_service": int(((called[0] == k) & (called[1] != k)).sum()),
            "only_candidate": int(((called[1] == k) & (called[0] != k)).sum()),
        }
        for k, name in enumerate(names)
    }
    return out | {
        "from": min(days),
        "to": max(days),
        "days": len(set(days)),
        "agreement": float((called[0] == called[1]).mean()),
        "classes": classes,
    }
