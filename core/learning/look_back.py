"""What stored cases say of a pack in service: drift of what it saw and said, and how often doctors kept what it said."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.case import Case
from core.errors import UserError
from core.inference.drift import Drift, Observation, drift
from core.inference.packs import Pack
from core.learning.collect import Standing, kept


@dataclass(frozen=True, slots=True)
class LookBack:
    """`drift` is None while there is nothing to compare. `kept`, `denied`: films on which a doctor's finding or accepted
    diagnosis agreed or not; `unsaid`: films on which nothing says so."""

    drift: Drift | None
    kept: int
    denied: int
    unsaid: int
    cases: int


def look_back(cases: Iterable[Case], pack: Pack, standing: Standing) -> LookBack:
    """Over every case a pack of this id has read, whatever its version; drift over this version alone."""
    observations, counts, seen = [], {True: 0, False: 0, None: 0}, 0
    for case in cases:
        mine = [p for p in case.predictions if p.pack.name == pack.id]
        refused = [r for r in case.refusals if r.pack.name == pack.id]
        seen += bool(mine or refused)
        own = pack.sha256
        observations += [Observation(case.created_at, p.logit, p.ood) for p in mine if p.pack.sha256 == own]
        observations += [Observation(case.created_at, refused=r.rule) for r in refused if r.pack.sha256 == own]
        held = tuple(standing(case))
        for prediction in mine:
            said = kept(case, prediction, held)
            shown = prediction.probability >= _threshold(pack, prediction.label.code)
            counts[None if said is None else said == shown] += 1
    try:
        found = drift(observations, dict(pack.manifest)) if observations else None
    except UserError:
        found = None
    return LookBack(found, counts[True], counts[False], counts[None], seen)


def _threshold(pack: Pack, code: str) -> float:
    return next((label.threshold for label in pack.labels if label.code.code == code), 0.5)
