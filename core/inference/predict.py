"""From pixels to a calibrated probability, or to "no estimate" with its reason."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.domain.imaging import ConformalSet, ImagePrediction, ImageRef, NoEstimate
from core.errors import UserError
from core.inference import gate, site
from core.inference.conformal import ConformalSets
from core.inference.graph_cache import open_kept
from core.inference.packs import Pack
from core.inference.preprocess import Film, film
from core.inference.running import Session
from core.inference.session import run
from core.inference.variants import choose

Pixels = NDArray[np.uint8]
Result = tuple[ImagePrediction, ...] | NoEstimate
_BATCH = 32


@lru_cache(maxsize=8)
def session(pack: Pack, role: str = "predict", provider: str = "") -> Session:
    """The session of a pack's graph, opened once on the best provider (or the one named); its bytes are verified."""
    order = (provider,) if provider else ()
    sha256 = str(pack.manifest["files"][pack.manifest["graphs"].get(role, "")]["sha256"]) if _has(pack, role) else ""
    return Session(lambda on: open_kept(sha256, lambda: pack.graph(role), on), f"{pack.id} {role}", order)


def _has(pack: Pack, role: str) -> bool:
    if role not in pack.manifest["graphs"]:
        pack.graph(role)  # says what is missing
    return True


@lru_cache(maxsize=8)
def chosen_role(pack: Pack) -> str:
    """The variant that predictions run on, chosen once a process (see `variants.choose`)."""
    return choose(pack, session(pack).provider).variant.role


def warm_up(pack: Pack) -> None:
    """Open the sessions of a pack and run each once, so that the first film waits for nothing. For a background job."""
    size = pack.preprocessing.size
    for role in dict.fromkeys(("predict", chosen_role(pack))):
        forward(pack, np.zeros((1, 1, size, size), np.float32), role)
    gate.density(pack)


def forward(pack: Pack, films: Film, role: str = "predict") -> tuple[Film, Film]:
    """(n, 1, size, size) float32 films -> raw logits (n, labels) and embeddings (n, d), float32; nothing hidden."""
    if len(films) > _BATCH:
        parts = [forward(pack, films[at : at + _BATCH], role) for at in range(0, len(films), _BATCH)]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    logits, features = run(session(pack, role), {"film": films, **_whole(pack)})
    return logits, features


@lru_cache(maxsize=8)
def _whole(pack: Pack) -> dict[str, Film]:
    """The graph's other inputs where nothing is hidden."""
    rows, columns = pack.regions
    size = pack.preprocessing.size
    return {"baseline": np.zeros((1, 1, size, size), np.float32), "masks": np.ones((1, rows * columns), np.float32)}


def predict(pack: Pack, ref: ImageRef, pixels: Pixels) -> Result:
    """One prediction a label, or the gate's refusal. `pixels`: uint8 (rows, columns), larger is whiter."""
    refusal = gate.check_domain(pack, ref) or gate.check_pixels(pack, ref, pixels)
    if refusal is not None:
        return refusal
    prepared = film(pixels, pack.preprocessing)
    logits, features = forward(pack, prepared[None], chosen_role(pack))
    return _judged(pack, ref, prepared, logits[0], features[0])


def _judged(pack: Pack, ref: ImageRef, prepared: Film, logits: Film, features: Film) -> Result:
    ood = float(gate.density(pack).ood(gate.picture_features(prepared, features)[None])[0])
    return gate.check_picture(pack, ref, ood) or predictions(pack, ref, logits, ood)


def predict_series(
    pack: Pack, refs: Iterable[ImageRef], read: Callable[[ImageRef], Pixels], batch: int = 1
) -> Iterator[tuple[ImageRef, Result | UserError]]:
    """Many films in their order: while one batch is in the graph, the next is read and prepared on one other thread.

    `read` decodes a film; what it raises as `UserError` comes back as that film's result.
    """

    def prepare(ref: ImageRef) -> tuple[ImageRef, NoEstimate | UserError | None, Film | None]:
        refusal = gate.check_domain(pack, ref)
        if refusal is not None:
            return ref, refusal, None
        try:
            pixels = read(ref)
        except UserError as error:
            return ref, error, None
        refusal = gate.check_pixels(pack, ref, pixels)
        return ref, refusal, None if refusal else film(pixels, pack.preprocessing)

    items = iter(refs)

    def group() -> list[tuple[ImageRef, NoEstimate | UserError | None, Film | None]]:
        return [prepare(ref) for _, ref in zip(range(batch), items, strict=False)]

    with ThreadPoolExecutor(1, "films") as aside:
        coming = aside.submit(group)
        while ready := coming.result():
            coming = aside.submit(group)
            yield from _run_group(pack, ready)


def _run_group(
    pack: Pack, ready: list[tuple[ImageRef, NoEstimate | UserError | None, Film | None]]
) -> Iterator[tuple[ImageRef, Result | UserError]]:
    films = [prepared for _, _, prepared in ready if prepared is not None]
    found = iter(zip(*forward(pack, np.stack(films), chosen_role(pack)), strict=True)) if films else iter(())
    for ref, refused, prepared in ready:
        if refused is not None or prepared is None:
            yield ref, refused or UserError("The film could not be prepared.")
        else:
            yield ref, _judged(pack, ref, prepared, *next(found))


def predictions(pack: Pack, ref: ImageRef, logits: Film, ood: float) -> tuple[ImagePrediction, ...]:
    """Calibrated predictions of one film that has passed the gate. `logits`: float32 (labels,).

    The pack's own calibration, then the site's where the clinic has put one in force (`core.inference.site`). `logit` stays
    the pack's own log-odds: what explanations add up to, what drift is told from and the next site calibration fitted on.
    """
    scale = pack.calibration
    found = []
    for label, logit in zip(pack.labels, logits, strict=True):
        own = site.in_force(pack, label.code.code)
        odds, interval = scale.log_odds(float(logit)), scale.interval(float(logit))
        found.append(
            ImagePrediction(
                image_id=ref.id,
                pack=pack.version,
                label=label.code,
                name=label.name,
                probability=own.probability(odds) if own else scale.probability(float(logit)),
                interval=own.between(interval) if own else interval,
                logit=odds,
                ood=ood,
                prevalence=own.prevalence if own else label.prevalence,
                conformal=_conformal(pack, scale.probability(float(logit))),
            )
        )
    return tuple(found)


def _conformal(pack: Pack, probability: float) -> ConformalSet | None:
    """By the pack's own probability: the sets were fitted on it, whatever a site calibration makes of it."""
    stated = pack.manifest.get("conformal")
    if stated is None or len(pack.labels) != 1:
        return None
    sets = ConformalSets.of(stated)
    held = sets.classes((1 - probability, probability))
    return ConformalSet(sets.coverage, 0 in held, 1 in held)
