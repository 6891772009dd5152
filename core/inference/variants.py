"""Variants of a pack's graph (fp32, fp16, int8): what each loses, measured, and which one a session takes."""

import json
import logging
from dataclasses import dataclass
from typing import Any

from core import paths
from core.domain.basics import Label
from core.errors import UserError
from core.inference.packs import Pack
from core.inference.session import CPU

PREFERENCES = ("accurate", "auto", "fast")
MOST_LOSS = 0.002  # of the pack's own metric (AUROC, accuracy, ...); issue 6 sets it for AUROC
LEAST_AGREEMENT = 0.98  # of decisions, against the plain graph
_PATIENCE_MS = 100.0  # "auto": the plain graph where it answers within this
_FILE = "inference.json"


@dataclass(frozen=True, slots=True)
class Variant:
    """One graph of a pack. `loss`: what the metric loses against `predict` (None: not measured); `agreement`: share of
    decisions that stay the same; `median_ms`: on the machine that measured it."""

    role: str
    kind: str
    bytes: int
    metric: str = ""
    loss: float | None = None
    agreement: float | None = None
    median_ms: float | None = None
    n: int = 0

    @property
    def sound(self) -> bool:
        """Whether its loss was measured and is small enough to be chosen without being asked for by name."""
        measured = self.loss is not None or self.agreement is not None
        near = self.agreement is None or self.agreement >= LEAST_AGREEMENT
        return self.role == "predict" or (measured and near and (self.loss is None or self.loss <= MOST_LOSS))


@dataclass(frozen=True, slots=True)
class Choice:
    """The variant taken, and why, to be shown."""

    variant: Variant
    provider: str
    why: Label


def variants(pack: Pack) -> tuple[Variant, ...]:
    """Every variant of the predicting graph, the plain one first."""
    stated = pack.manifest.get("variants") or {}
    roles = [role for role in pack.manifest["graphs"] if role == "predict" or role.startswith("predict_")]
    return tuple(_variant(pack, role, stated.get(role) or {}) for role in sorted(roles))


def _variant(pack: Pack, role: str, stated: dict[str, Any]) -> Variant:
    size = int(pack.manifest["files"][pack.manifest["graphs"][role]]["bytes"])
    kind = str(stated.get("kind") or {"predict": "fp32", "predict_fp16": "fp16"}.get(role, "int8-static"))
    loss = stated.get("loss")
    metric = str(stated.get("metric", ""))
    if loss is None and role == "predict_int8":
        metric, loss = "auroc", _measured_loss(pack)
    numbers = {k: stated.get(k) for k in ("agreement", "median_ms")}
    return Variant(role, kind, size, metric, loss, numbers["agreement"], numbers["median_ms"], int(stated.get("n", 0)))


def _measured_loss(pack: Pack) -> float | None:
    """Packs made before `variants` state both AUROCs among their metrics."""
    metrics = pack.manifest["metrics"]
    plain, small = (metrics.get(name, {}).get("auroc") for name in ("own_test", "own_test_int8"))
    return None if plain is None or small is None else float(plain - small)


def choose(pack: Pack, provider: str = CPU, preference: str = "") -> Choice:
    """The variant a session takes on a provider: `accurate` the plain graph; `fast` the quickest sound one; `auto` the
    plain graph where it is quick enough, else the quickest sound one (fp16 on a GPU, int8 on the CPU)."""
    wish = preference or preferred()
    found = {v.role: v for v in variants(pack)}
    plain = found["predict"]
    kinds = ("int8-static", "int8-dynamic") if provider == CPU else ("fp16",)
    sound = [v for kind in kinds for v in found.values() if v.kind == kind and v.sound]
    if wish == "accurate" or not sound:
        en, zh = (
            ("as set", "按设置")
            if wish == "accurate"
            else ("no variant with a measured, small loss", "无损失已测且足够小的变体")
        )
        return Choice(plain, provider, Label(f"plain graph: {en}", f"原始计算图：{zh}"))
    quick = plain.median_ms is None or plain.median_ms <= _PATIENCE_MS
    if wish == "auto" and provider == CPU and quick:
        return Choice(plain, provider, Label("plain graph: it is quick enough here", "原始计算图：速度已足够"))
    best = sound[0]
    lost = "" if best.loss is None else f" ({best.metric or 'metric'} {-best.loss:+.4f})"
    return Choice(
        best, provider, Label(f"{best.kind}{lost}: quicker, its loss is measured", f"{best.kind}{lost}：更快，损失已测")
    )


def preferred() -> str:
    """What the profile says: `accurate`, `auto` (also where nothing is said) or `fast`."""
    try:
        found = json.loads((paths.profile() / _FILE).read_text(encoding="utf-8")).get("variant")
    except FileNotFoundError:
        return "auto"
    except (OSError, ValueError, AttributeError) as error:
        logging.getLogger(__name__).warning("%s cannot be read, using auto: %s", _FILE, error)
        return "auto"
    return found if found in PREFERENCES else "auto"


def prefer(preference: str) -> None:
    """Keep the wish in the profile; sessions opened from now on follow it. UserError for another word."""
    if preference not in PREFERENCES:
        raise UserError(f"There is no preference {preference}.", f"Known: {', '.join(PREFERENCES)}.")
    path = paths.profile() / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(_FILE + ".part")
    part.write_text(json.dumps({"variant": preference}), encoding="utf-8")
    part.replace(path)
