"""Builds what makes a pack's maps quick: `design.npz` (prior and coalitions, from games of training films) and, from the
network's own weights, `explainer.onnx` (the learned explainer). With an explainer the design gets a second prior: of what
the explainer leaves on films it has not seen. The pack is written anew, verified, and swapped in.

Give it training films only (and others apart from them, which the network was not fitted on): films that a map is later
judged on must not have been seen. Needs torch and onnx.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import UserError
from core.explain.design import RATIO, RATIO_LEFT, Design, Floats, Mean, Prior, estimator, save, triples
from core.explain.design_fit import Measured, candidates, choose, fit
from core.explain.game import Game, new_game
from core.explain.sampling import agreement
from core.inference import packs
from core.inference.packs import MANIFEST, Pack
from core.learning import pack_build
from core.learning.dataset import Film
from core.learning.pixels import read
from core.progress import Report, silent

DESIGN, ONE_PASS = "design.npz", "explainer.onnx"
_KEPT_APART = 0.15
"""Share of the films that the explainer's usual error is measured on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: films and coalitions of the prior's fit, coalitions of the design, films and epochs (head
    alone, then everything) of the learned explainer, pool the design is chosen from; of the pairs measured on each of its
    films, `pairs` are the design's first, `drawn` are of the pool."""

    fit_films: int = 90
    fit_pairs: int = 250
    fit_steps: int = 130
    design_pairs: int = 505
    pool: int = 6000
    films: int = 2000
    epochs: tuple[int, int] = (30, 6)
    pairs: int = 63
    drawn: int = 100
    seed: int = 0


def _graph(pack: Pack) -> str:
    return "predict_int8" if "predict_int8" in pack.manifest["graphs"] else "predict"


def _games(pack: Pack, films: Sequence[Film], report: Report, what: str) -> list[Game]:
    hidden = str(pack.manifest["baselines"]["default"])
    made = []
    for k, film in enumerate(films):
        report(k, len(films), what)
        made.append(new_game(pack, read(film), hidden, _graph(pack)))
    return made


def odd_parts(game: Game, signs: Floats) -> Floats:
    """(v(S) - v(not S)) / 2 of coalitions as signs (n, regions)."""
    found = game(np.concatenate([signs > 0, signs < 0]).astype(np.float32)).reshape(2, -1)
    return np.asarray((found[0] - found[1]) / 2)


def _prior(pack: Pack, measured: Sequence[Measured], plan: Plan, spread: float, report: Report) -> Prior:
    report(0, 0, "fitting the prior")
    fitted = fit(measured, pack.regions, steps=plan.fit_steps, seed=plan.seed)
    return Prior(fitted.grid, fitted.linear, fitted.triple, fitted.noise, spread)


def build_design(pack: Pack, films: Sequence[Film], plan: Plan, report: Report = silent) -> Design:
    """The prior fitted on some films' games, and the coalitions that tell most under it."""
    pool = candidates(pack.regions, plan.pool, plan.seed)
    rng = np.random.default_rng(plan.seed)
    chosen = [films[int(k)] for k in rng.permutation(len(films))[: plan.fit_films]]
    measured: list[Measured] = []
    for game in _games(pack, chosen, report, "reading films"):
        report(len(measured), len(chosen), "measuring games")
        signs = pool[rng.permutation(len(pool))[: plan.fit_pairs]]
        empty, full, _ = game.ends()
        measured.append(Measured(signs, odd_parts(game, signs), (full - empty) / 2))
    prior = _prior(pack, measured, plan, RATIO, report)
    report(0, 0, "choosing coalitions")
    return Design(choose(prior, pool, plan.design_pairs), prior)


def build_left(
    pack: Pack, data: bytes, films: Sequence[Film], made: Design, plan: Plan, report: Report = silent
) -> Design:
    """The design with the prior of what the explainer `data` leaves on films that it has not seen. Its coalitions stay:
    those chosen under the new prior told no more on films kept apart, and less where nothing is foretold."""
    from core.inference.session import open_session, run

    graph = open_session(data)
    pool = candidates(pack.regions, plan.pool, plan.seed)
    rng = np.random.default_rng(plan.seed + 2)
    chosen = [films[int(k)] for k in rng.permutation(len(films))[: plan.fit_films]]
    measured: list[Measured] = []
    for game in _games(pack, chosen, report, "reading films"):
        report(len(measured), len(chosen), "measuring what is left")
        signs = pool[rng.permutation(len(pool))[: plan.fit_pairs]]
        empty, full, _ = game.ends()
        values, terms = (
            np.asarray(part, np.float64).ravel()
            for part in run(graph, {"film": game.film[None], "baseline": game.hidden[None]})
        )
        mean = Mean(values + (full - empty - values.sum()) / len(values), terms)
        measured.append(Measured(signs, odd_parts(game, signs) - Design(signs, made.prior).foretold(mean), 0.0))
    return Design(made.signs, made.prior, _prior(pack, measured, plan, RATIO_LEFT, report))


def build_explainer(
    pack: Pack, work: Path, films: Sequence[Film], made: Design, plan: Plan, report: Report = silent
) -> tuple[bytes, float, float, list[Film]]:
    """The learned explainer on the trunk of the first member in `work`: its graph, its usual error on films kept apart
    (root mean square, nats), its mean agreement with their sampled maps, and those films."""
    from core.learning.explainer import Explainer, Lessons, settle, to_onnx, train
    from core.learning.workshop import load_members

    members, _ = load_members(work)
    rng = np.random.default_rng(plan.seed + 1)
    drawn = [films[int(k)] for k in rng.permutation(len(films))[: plan.films]]
    games = _games(pack, drawn, report, "reading films")
    values, whole, signs, odd = _sampled(games, made, plan, report)
    shown, hidden = (np.stack([getattr(g, name) for g in games]) for name in ("film", "hidden"))
    apart = max(1, round(_KEPT_APART * len(games)))
    ones = np.ones(len(games), np.float32)
    parts: tuple[Any, ...] = (shown, hidden, values, whole, ones, signs, odd)
    lessons = Lessons(*(part[apart:] for part in parts))
    network = Explainer(members[0], pack.calibration.temperature, grid=pack.regions, triples=triples(*pack.regions))
    settle(network, lessons.films[:64], lessons.baselines[:64])
    train(network, lessons, plan.epochs[0], 2e-3, whole_network=False, seed=plan.seed, report=report)
    train(network, lessons, plan.epochs[1], 5e-4, whole_network=True, seed=plan.seed, report=report)
    data = to_onnx(network, shown.shape[-1], lessons.films[:32], lessons.baselines[:32])
    error, r = _judged(data, shown[:apart], hidden[:apart], values[:apart], whole[:apart])
    return data, error, r, drawn[:apart]


def _sampled(games: Sequence[Game], made: Design, plan: Plan, report: Report) -> tuple[Any, Any, Any, Any]:
    """Values, v(all) - v(none), signs and odd parts of every film: the design's first coalitions, others for each film, so
    that together they tell of every triple."""
    pool = candidates(made.prior.grid, plan.pool, plan.seed)
    rng = np.random.default_rng(plan.seed + 3)
    found: list[tuple[Any, ...]] = []
    for k, game in enumerate(games):
        report(k, len(games), "sampling maps")
        signs = np.concatenate([made.signs[: plan.pairs], pool[rng.permutation(len(pool))[: plan.drawn]]])
        empty, full, _ = game.ends()
        odd = odd_parts(game, signs)
        found.append((estimator(made.prior, signs)(odd, empty, full)[0], full - empty, signs, odd))
    values, whole, signs, odd = (np.array(part) for part in zip(*found, strict=True))
    return values.astype(np.float32), whole.astype(np.float32), signs.astype(np.int8), odd.astype(np.float32)


def _judged(data: bytes, shown: Any, hidden: Any, values: Any, whole: Any) -> tuple[float, float]:
    from core.inference.session import open_session, run

    graph = open_session(data)
    errors, likeness = [], []
    for film, behind, wanted, total in zip(shown, hidden, values, whole, strict=True):
        raw = np.asarray(run(graph, {"film": film[None], "baseline": behind[None]})[0], np.float64).ravel()
        found = raw + (total - raw.sum()) / len(raw)
        errors.append(float(np.mean((found - wanted) ** 2)))
        likeness.append(agreement(found, np.asarray(wanted, np.float64)))
    return float(np.sqrt(np.mean(errors))), float(np.mean(likeness))


def build_pack(
    pack: Pack,
    films: Sequence[Film],
    out: Path,
    plan: Plan,
    work: Path | None = None,
    report: Report = silent,
    *,
    apart: Sequence[Film] = (),
) -> dict[str, Any]:
    """Write the pack with its design (and, with the `work` folder its network was trained in, its explainer) to `out`.
    `apart`: films that neither the network nor the explainer is fitted on, for the prior of what the explainer leaves; by
    default those kept apart from the explainer. Returns what was measured. `UserError` where there are too few films."""
    if len(films) < 4:
        raise UserError(
            f"{len(films)} films are too few.", "Give training films: 90 for the design, 2,000 for the rest."
        )
    made = build_design(pack, films, plan, report)
    files = {name: pack.read(name) for name in pack.manifest["files"] if name != MANIFEST}
    files[DESIGN] = save(made)
    stated = dict(pack.manifest.get("explanation", {}))
    stated |= {"design": DESIGN, "graph": _graph(pack), "baseline": str(pack.manifest["baselines"]["default"])}
    found: dict[str, Any] = {"pack": pack.id, "design_pairs": made.pairs, "prior_noise": made.prior.noise}
    if work is not None:
        files[ONE_PASS], error, r, unseen = build_explainer(pack, work, films, made, plan, report)
        made = build_left(pack, files[ONE_PASS], apart or unseen, made, plan, report)
        files[DESIGN] = save(made)
        stated |= {"one_pass": ONE_PASS, "one_pass_error": round(error, 4)}
        found |= {"one_pass_error": error, "one_pass_r": r}
    manifest = {k: v for k, v in pack.manifest.items() if k != "files"} | {"explanation": stated}
    pack_build.write(out, manifest, files)
    packs.verify(out)
    return found
