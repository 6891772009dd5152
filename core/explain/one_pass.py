"""A pack's learned explainer: one pass foretells the Shapley map that sampling would find (after FastSHAP, Jethani et al.,
ICLR 2022). A preview, to be confirmed by the sampled map, and the mean of that map's prior."""

from functools import lru_cache

import numpy as np
import onnxruntime as ort

from core.explain.design import Mean, triples
from core.explain.game import Game, Values
from core.inference.packs import Pack
from core.inference.session import open_session, run

METHOD = "one-pass"


def serves(pack: Pack, baseline: str) -> bool:
    """Whether the pack has an explainer, trained with this baseline."""
    stated = pack.manifest.get("explanation", {})
    return bool(stated.get("one_pass")) and stated.get("baseline", pack.manifest["baselines"]["default"]) == baseline


@lru_cache(maxsize=4)
def explainer(pack: Pack) -> ort.InferenceSession:
    """The session of the explainer, its file verified."""
    return open_session(pack.read(pack.manifest["explanation"]["one_pass"]))


def raw(game: Game) -> Values:
    """The explainer's values (regions,), before they are made to add up. Nats."""
    return _asked(game)[0]


def _asked(game: Game) -> list[Values]:
    """Values (regions,), and coefficients of triples where the explainer gives them."""
    found = run(explainer(game.pack), {"film": game.film[None], "baseline": game.hidden[None]})
    return [np.asarray(part, np.float64).reshape(-1) for part in found]


def mean(game: Game, whole: float) -> Mean | None:
    """The foretold game, made to add up to `whole`. None where the explainer does not know this very game: another baseline,
    label or grid, or a network with other weights."""
    if not serves(game.pack, game.baseline) or game.label or game.blocks != 1 or game.graph is not None:
        return None
    values, *rest = _asked(game)
    known = rest[0] if rest else np.zeros(len(triples(*game.grid)))
    return Mean(values + (whole - values.sum()) / len(values), known)


def usual_error(pack: Pack) -> float:
    """The explainer's usual error on films kept apart (`explanation.one_pass_error`, nats)."""
    return float(pack.manifest["explanation"].get("one_pass_error", 0.0))
