"""What an image model says, as findings. The shift in log-odds is what the picture adds to any prior."""

import math
from collections.abc import Sequence

from core.domain.basics import Source
from core.domain.finding import Finding, Origin, Status
from core.domain.imaging import ImagePrediction
from core.knowledge.vocabulary import load

_EDGE = 1e-4  # no picture is certain


def findings_of_images(predictions: Sequence[ImagePrediction]) -> tuple[Finding, ...]:
    """One finding a prediction: present from one half upward; `logit_shift` = logit(p) - logit(training prevalence)."""
    return tuple(_finding(p) for p in predictions)


def _finding(prediction: ImagePrediction) -> Finding:
    entry = load().entries.get(prediction.label.code)
    probability = min(max(prediction.probability, _EDGE), 1 - _EDGE)
    present = probability >= 0.5
    return Finding(
        id="",
        code=entry.coding if entry else prediction.label,
        label=entry.label if entry else prediction.name,
        status=Status.PRESENT if present else Status.ABSENT,
        origin=Origin.IMAGE,
        source=Source(
            file=prediction.image_id,
            kind="image",
            place=prediction.pack.name,
            text=f"{prediction.pack.name} {prediction.pack.version}: p = {prediction.probability:.2f}",
        ),
        also=entry.also if entry else (),
        confidence=probability if present else 1 - probability,
        logit_shift=_logit(probability) - _logit(prediction.prevalence),
    )


def _logit(p: float) -> float:
    return math.log(p / (1 - p))
