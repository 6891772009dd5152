"""From pixels to a calibrated probability, or to "no estimate" with its reason."""

from functools import lru_cache

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from core.domain.imaging import ImagePrediction, ImageRef, NoEstimate
from core.inference import gate
from core.inference.packs import Pack
from core.inference.preprocess import Film, film
from core.inference.session import CPU, open_session, run

Pixels = NDArray[np.uint8]


@lru_cache(maxsize=8)
def session(pack: Pack, role: str = "predict", provider: str = CPU) -> ort.InferenceSession:
    """The session of a pack's graph, opened once; its bytes are verified against the manifest."""
    return open_session(pack.graph(role), provider)


def forward(pack: Pack, films: Film, role: str = "predict") -> tuple[Film, Film]:
    """(n, 1, size, size) float32 films -> raw logits (n, labels) and embeddings (n, d), float32; nothing hidden."""
    rows, columns = pack.regions
    blank = np.zeros((1, *films.shape[1:]), np.float32)
    whole = np.ones((1, rows * columns), np.float32)
    logits, features = run(session(pack, role), {"film": films, "baseline": blank, "masks": whole})
    return logits, features


def predict(pack: Pack, ref: ImageRef, pixels: Pixels) -> tuple[ImagePrediction, ...] | NoEstimate:
    """One prediction a label, or the gate's refusal. `pixels`: uint8 (rows, columns), larger is whiter."""
    refusal = gate.check_domain(pack, ref) or gate.check_pixels(pack, ref, pixels)
    if refusal is not None:
        return refusal
    prepared = film(pixels, pack.preprocessing)
    logits, features = forward(pack, prepared[None])
    ood = float(gate.density(pack).ood(gate.picture_features(prepared, features[0])[None])[0])
    return gate.check_picture(pack, ref, ood) or predictions(pack, ref, logits[0], ood)


def predictions(pack: Pack, ref: ImageRef, logits: Film, ood: float) -> tuple[ImagePrediction, ...]:
    """Calibrated predictions of one film that has passed the gate. `logits`: float32 (labels,)."""
    scale = pack.calibration
    return tuple(
        ImagePrediction(
            image_id=ref.id,
            pack=pack.version,
            label=label.code,
            name=label.name,
            probability=scale.probability(float(logit)),
            interval=scale.interval(float(logit)),
            logit=scale.log_odds(float(logit)),
            ood=ood,
            prevalence=label.prevalence,
        )
        for label, logit in zip(pack.labels, logits, strict=True)
    )
