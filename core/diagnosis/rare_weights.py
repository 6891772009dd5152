"""The rare engine's few learned numbers: resources/knowledge/rare/weights.json (`evaluate rare --write-model`)."""

import functools
from pathlib import Path

import msgspec

from core.errors import UserError
from core.paths import RESOURCES

FILE = RESOURCES / "knowledge" / "rare" / "weights.json"


class Weights(msgspec.Struct, frozen=True):
    """How the network's scores become probabilities, and what a finding that is still open would be worth.

    `fit`: what a nat of fit over the root of the number of findings adds to the score; learned in the first engine (0002),
    used for findings that are still open alone.

    Probability of a disease: exp(temperature * score) over the sum of that over the candidates and of
    exp(temperature * best + none + none_findings * log(findings) + none_peak * best) for "none of these", where `best` is
    the highest score: the better the best candidate, the less there is to say for none (`none_peak` below 0).
    """

    fit: float
    temperature: float
    none: float
    none_findings: float
    none_peak: float
    source: str = ""


@functools.lru_cache(maxsize=4)
def load(path: Path = FILE) -> Weights:
    """The shipped weights. Raises `UserError` where the file is missing or damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Weights)
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(
            f"The rare-disease weights could not be read: {error}.", "Install the program again."
        ) from error


def write(weights: Weights, path: Path) -> None:
    """Write weights as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(weights), indent=1) + b"\n")
