"""The model-randomisation check (Adebayo et al., NeurIPS 2018): a map must change when the network forgets what it knows.
Needs onnx (the `training` or `dev` extra)."""

import numpy as np
from numpy.typing import NDArray

from core.explain.game import new_game
from core.explain.sampling import last, sample
from core.inference.packs import Pack
from core.inference.session import open_session


def forgetful(graph: bytes, seed: int) -> bytes:
    """The same graph with the values of every weight tensor of two or more axes shuffled."""
    import onnx
    from onnx import numpy_helper

    rng = np.random.default_rng(seed)
    model = onnx.load_from_string(graph)
    for weights in model.graph.initializer:
        values = numpy_helper.to_array(weights)
        if values.dtype == np.float32 and values.ndim >= 2:
            shuffled = rng.permutation(values.ravel()).reshape(values.shape)
            weights.CopyFrom(numpy_helper.from_array(shuffled, weights.name))
    return bytes(model.SerializeToString())


def agreement(pack: Pack, pixels: NDArray[np.uint8], evaluations: int, seed: int) -> float:
    """Absolute correlation of the film's map with that of the shuffled network: low is good."""
    name = str(pack.manifest["baselines"]["default"])
    known = new_game(pack, pixels, name, "predict")
    lost = new_game(pack, pixels, name, "predict")
    lost.graph = open_session(forgetful(pack.graph("predict"), seed))
    first, second = (last(sample(game, evaluations, seed)).values for game in (known, lost))
    return float(abs(np.corrcoef(first, second)[0, 1])) if second.std() > 0 else 0.0
