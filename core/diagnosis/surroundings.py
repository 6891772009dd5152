"""What the place where the patient lives, and the month there, say of a condition's prevalence.

Knowledge: `resources/knowledge/diagnosis/surroundings.yaml`. Nothing is added where the place is not
known; no month counts where the place has no seasons.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import yaml
from numpy.typing import NDArray

from core.domain.basics import Citation, Label
from core.errors import UserError
from core.knowledge.condition_tables import Tables
from core.paths import RESOURCES

Array = NDArray[np.float64]
PATH = RESOURCES / "knowledge" / "diagnosis" / "surroundings.yaml"
MOST = 3.0
"""Limit of a place's log factor, nats."""
CLIMATES = ("north", "south", "none")
_ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Place:
    """A region of the world. `climate`: north, south (seasons turned round) or none."""

    id: str
    label: Label
    climate: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`seasons`: condition -> (month of the peak in the north, ratio of peak to trough). `factors`: condition -> place ->
    factor of its prevalence."""

    places: tuple[Place, ...]
    seasons: dict[str, tuple[float, float]]
    factors: dict[str, dict[str, float]]
    source: Citation
    weight: float = 1.0
    """Share of a log factor that counts."""

    def place(self, name: str) -> Place | None:
        """The place of an id; None for "" and for one that we do not know."""
        return next((p for p in self.places if p.id == name), None)


@lru_cache(maxsize=1)
def load() -> Surroundings:
    """The shipped knowledge. Raises UserError where the file names an unknown climate or place."""
    data = yaml.load(PATH.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    places = tuple(Place(p["id"], Label(p["en"], p["zh"]), p["climate"]) for p in data["places"])
    known = {p.id for p in places} | {_ELSEWHERE}
    factors = {name: {k: float(v) for k, v in row.items()} for name, row in data["places_of"].items()}
    strange = {place for row in factors.values() for place in row} - known
    strange |= {p.climate for p in places} - set(CLIMATES)
    if strange:
        raise UserError(f"{PATH.name} names unknown places or climates: {', '.join(sorted(strange))}.")
    seasons = {name: (float(peak), float(ratio)) for name, (peak, ratio) in data["seasons"].items()}
    source = Citation(str(data["source"]["title"]), version=str(data["source"]["version"]))
    return Surroundings(places, seasons, factors, source, float(data["weight"]))


def place_weights(tables: Tables, place: Place) -> Array:
    """(conditions,) what counts of the log factor of the prevalence there (the factor at most `MOST` nats either way)."""
    factors = load().factors
    rows = [factors.get(c.id, {}) for c in tables.conditions]
    found = np.array([row.get(place.id, row.get(_ELSEWHERE, 1.0)) for row in rows])
    counted: Array = load().weight * np.clip(np.log(found), -MOST, MOST)
    return counted


def season_weights(tables: Tables, place: Place, month: float) -> Array:
    """(conditions,) what counts of the log factor of the month (1-12): a cosine over the year whose mean is 0; 0 where there
    are no seasons."""
    weights = np.zeros(len(tables.conditions))
    if place.climate == "none":
        return weights
    turned = 6.0 if place.climate == "south" else 0.0
    for name, (peak, ratio) in load().seasons.items():
        row = tables.condition_index.get(name)
        if row is not None:
            wave = 0.5 * math.log(ratio) * math.cos(2 * math.pi * (month - peak - turned) / 12)
            weights[row] = load().weight * wave
    return weights
