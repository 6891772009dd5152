"""The design of a pack's maps: a prior fitted on measured games of training films, and coalitions that tell most under it
(`design` says how it is used). Needs torch for the fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.explain.design import Prior, triples

Floats = NDArray[np.float64]
_LATER = 1e-9


@dataclass(frozen=True, slots=True)
class Measured:
    """One game at some coalitions: signs (n, regions) of -1 and +1, odd parts (n,), and (v(all) - v(none)) / 2."""

    signs: Floats
    odd: Floats
    half: float


def shapes(grid: tuple[int, int]) -> NDArray[np.int64]:
    """The shape of each triple (its sorted squared distances), numbered: (triples,)."""
    place = np.stack(np.divmod(triples(*grid), grid[1]), axis=-1)
    sides = [((place[:, a] - place[:, b]) ** 2).sum(axis=1) for a, b in ((0, 1), (0, 2), (1, 2))]
    known, number = np.unique(np.sort(np.stack(sides, axis=1), axis=1), axis=0, return_inverse=True)
    return np.asarray(number, np.int64).reshape(-1)


def fit(games: Sequence[Measured], grid: tuple[int, int], steps: int = 130, batch: int = 12, seed: int = 0) -> Prior:
    """Marginal likelihood over the games, each game's overall size profiled out.

    Free: how much each region varies (a map), how smoothly, the variance of each shape of triple, what is left. A triple
    varies as its regions do (to the power 1.2, the best of 0, 0.6 and 1.2 on the chest model's training films).
    """
    import torch

    regions = grid[0] * grid[1]
    place = np.stack(np.divmod(np.arange(regions), grid[1]), axis=1)
    apart = torch.tensor(np.sqrt(((place[:, None] - place[None]) ** 2).sum(-1)))
    three, shape = torch.tensor(triples(*grid)), torch.tensor(shapes(grid))
    size = torch.zeros(regions, dtype=torch.float64, requires_grad=True)
    free = torch.zeros(int(shape.max()) + 4, dtype=torch.float64)
    free[:-2], free[-2:] = float(np.log(0.03)), float(np.log(1.5))
    free.requires_grad_(True)

    def parts() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        scale = (size / 2).exp()
        near = torch.exp(-apart / free[-2].exp()) + free[-1].exp() * torch.eye(regions, dtype=torch.float64)
        linear = near * scale[:, None] * scale[None]
        linear = linear / torch.diagonal(linear).mean() / regions
        weight = (1.2 * (size - size.max())[three].mean(dim=1)).exp()
        total = torch.zeros(int(shape.max()) + 1, dtype=torch.float64).index_add(0, shape, weight)
        return linear, free[: int(shape.max()) + 1].exp()[shape] * weight / total[shape], free[-3].exp()

    def loss(game: Measured) -> torch.Tensor:
        linear, triple, noise = parts()
        signs = torch.tensor(np.concatenate([np.ones((1, regions)), game.signs]))
        seen = torch.tensor(np.concatenate([[game.half], game.odd]))
        terms = signs[:, three].prod(dim=-1)
        left = noise.expand(len(seen)) * torch.tensor([1e-6] + [1.0] * (len(seen) - 1), dtype=torch.float64)
        root = torch.linalg.cholesky(signs @ linear @ signs.T + (terms * triple) @ terms.T + torch.diag(left))
        scaled = torch.cholesky_solve(seen[:, None], root)[:, 0]
        return 0.5 * torch.log(seen @ scaled / len(seen)) + torch.log(torch.diagonal(root)).mean()

    descent = torch.optim.Adam([{"params": [free], "lr": 0.15}, {"params": [size], "lr": 0.05}])
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        descent.zero_grad()
        chosen = rng.permutation(len(games))[:batch]
        mean = torch.stack([loss(games[int(k)]) for k in chosen]).mean()
        (mean + 0.002 * (size**2).mean()).backward()  # type: ignore[no-untyped-call]
        descent.step()
    linear, triple, noise = (found.detach().numpy() for found in parts())
    return Prior(grid, linear, triple, float(noise))


def candidates(grid: tuple[int, int], count: int, seed: int) -> Floats:
    """Coalitions to choose from, as signs: single regions, random sets of every size, and patches that hang together.

    At most half of the regions are shown: the complement is measured too.
    """
    regions = grid[0] * grid[1]
    place = np.stack(np.divmod(np.arange(regions), grid[1]), axis=1)
    near = np.exp(-((place[:, None] - place[None]) ** 2).sum(-1) / 2.0)
    root = np.linalg.cholesky(near + 1e-6 * np.eye(regions))
    rng = np.random.default_rng(seed)
    found = [2.0 * row - 1 for row in np.eye(regions)]
    for k in range(count):
        patchy = k % 10 < 3
        order = np.argsort(root @ rng.normal(size=regions)) if patchy else rng.permutation(regions)
        signs = -np.ones(regions)
        signs[order[: 1 + k % max(1, regions // 2)]] = 1
        found.append(signs)
    return np.unique(np.array(found), axis=0)


def choose(prior: Prior, pool: Floats, count: int) -> Floats:
    """`count` of the pool, each the one that lowers the summed variance of the Shapley values most after those before."""
    kernel, reach = prior.covariance(pool, pool), prior.to_values(pool)
    whole = np.ones((1, pool.shape[1]))

    def learn(row: Floats, own: float, values: Floats, noise: float) -> None:
        kernel[...] -= np.outer(row, row) / (own + noise)
        reach[...] -= np.outer(values, row) / (own + noise)

    both = prior.covariance(whole, pool)[0]
    learn(both, float(prior.covariance(whole, whole)[0, 0]), prior.to_values(whole)[:, 0], _LATER)
    taken: list[int] = []
    for _ in range(min(count, len(pool))):
        gain = (reach**2).sum(axis=0) / (np.diag(kernel) + prior.noise)
        gain[taken] = -1.0
        best = int(gain.argmax())
        taken.append(best)
        learn(kernel[:, best].copy(), float(kernel[best, best]), reach[:, best].copy(), prior.noise)
    return pool[taken]
