"""A pack's learned explainer: one pass foretells the Shapley map that sampling would find (after FastSHAP, Jethani et al.,
ICLR 2022). A preview, to be confirmed by the sampled map."""

from functools import lru_cache

import numpy as np
import onnxruntime as ort

from core.explain.game import Game, Values
from core.explain.sampling import Sampled
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
    found = run(explainer(game.pack), {"film": game.film[None], "baseline": game.hidden[None]})
    return np.asarray(found[0], np.float64).reshape(-1)


def foretold(game: Game) -> Sampled:
    """The map, made to add up by sharing out the difference evenly (FastSHAP's additive normalisation). Its standard
    errors are the explainer's usual error on films kept apart (`explanation.one_pass_error`, nats)."""
    empty, full, _ = game.ends()
    values = raw(game)
    values = values + (full - empty - values.sum()) / len(values)
    usual = float(game.pack.manifest["explanation"].get("one_pass_error", 0.0))
    return Sampled(values, np.full(len(values), usual), 0.0, 0, empty, full)
