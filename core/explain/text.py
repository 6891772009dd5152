"""Why the wording of a note speaks for a condition: Owen values of its words, whose sums are the Shapley values of its
phrases (Owen, 1977; sampled by antithetic orders that keep phrases together).

A word that is hidden is left out of the text, so a coalition is a shorter text: coalitions are run together by length, each
once. What is explained is the weight (nats) that the wording has in the common differential.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import common, wording
from core.domain.basics import Label
from core.domain.explanation import Check
from core.errors import UserError
from core.explain.sampling import agreement
from core.inference.embedding import Encoder, Vectors, encoder

Values = NDArray[np.float64]
Score = Callable[[Vectors], Values]
METHOD = "owen-words"
PAIRS = 8
MOST_WORDS = 120
_WORD = re.compile(r"[\w'’%/.+-]*\w[\w'’%/+-]*|[^\w\s]")
_STOP = re.compile(r"[.,;:!?()\n]")
_BATCH = 16
_STABLE, _ADDITIVITY = 0.8, 1e-3


@dataclass(frozen=True, slots=True)
class Piece:
    """A word or a phrase: its characters [start, end) in the text, its value (nats) and standard error."""

    start: int
    end: int
    text: str
    value: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class TextExplanation:
    """Words add up to their phrases, phrases to `value` - `base_value` (nats; the base is the empty text's)."""

    condition_id: str
    method: str
    words: tuple[Piece, ...]
    phrases: tuple[Piece, ...]
    base_value: float
    value: float
    additivity_error: float
    evaluations: int
    seconds: float
    seed: int
    stability: float
    checks: tuple[Check, ...]


class TextGame:
    """A text's words as players; calling it with 0-1 masks (n, words) gives scores (n,). Equal texts are run once.

    In a text of more than `MOST_WORDS` the players are its phrases: a minute is too long to wait for.
    """

    def __init__(self, model: Encoder, text: str, score: Score) -> None:
        self.model, self.text, self.score = model, text, score
        self.evaluations = 0
        self.spans = [(m.start(), m.end()) for m in _WORD.finditer(text)]
        self.phrases = phrases(text, self.spans)
        if len(self.spans) > MOST_WORDS:
            self.spans = [(self.spans[p[0]][0], self.spans[p[-1]][1]) for p in self.phrases]
            self.phrases = [[i] for i in range(len(self.spans))]
        self._tokens = [model.tokens(text[a:b]) for a, b in self.spans]
        self._known: dict[bytes, float] = {}

    def __call__(self, masks: NDArray[np.bool_]) -> Values:
        keys = [row.tobytes() for row in np.packbits(masks, axis=1)]
        fresh = {key: i for i, key in enumerate(keys) if key not in self._known}
        texts = [
            [t for kept, word in zip(masks[i], self._tokens, strict=True) if kept for t in word] for i in fresh.values()
        ]
        if texts:
            found = self.score(self.model.pooled(texts, _BATCH))
            self._known |= dict(zip(fresh, found.tolist(), strict=True))
            self.evaluations += len(texts)
        return np.array([self._known[key] for key in keys])


def phrases(text: str, spans: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Word numbers by phrase: a phrase ends at punctuation or at a new line."""
    found: list[list[int]] = [[]]
    for i, (start, end) in enumerate(spans):
        found[-1].append(i)
        after = spans[i + 1][0] if i + 1 < len(spans) else len(text)
        if _STOP.search(text[end:after]) or _STOP.fullmatch(text[start:end]):
            found.append([])
    return [phrase for phrase in found if phrase]


def score_for(condition_id: str, model: Encoder) -> Score:
    """Unit vectors (n, width) -> the wording's weight for a condition of the common engine (nats)."""
    engine = common.shared()
    row = engine.tables.condition_index.get(condition_id)
    if row is None:
        raise UserError(f"{condition_id} is not a condition of the common engine.", "Choose one of its conditions.")
    settings, base = engine.settings, np.asarray(engine.base, np.float64)

    def score(vectors: Vectors) -> Values:
        weights = wording.weigh(
            engine.tables, model, vectors, base, settings.wording_weight, settings.wording_head_weight
        )
        return np.asarray(weights[:, row])

    return score


def orders(groups: Sequence[Sequence[int]], seed: int) -> Iterator[NDArray[np.int64]]:
    """Endless orders of all words in which every phrase stays together; use each with its reverse."""
    rng = np.random.default_rng(seed)
    while True:
        yield np.concatenate([rng.permutation(groups[int(k)]) for k in rng.permutation(len(groups))])


def estimates(game: TextGame, seed: int) -> Iterator[tuple[Values, Values]]:
    """After each antithetic pair: every pair's values so far (pairs, words), and the two ends."""
    n = len(game.spans)
    ends = game(np.stack([np.zeros(n, bool), np.ones(n, bool)]))
    found: list[Values] = []
    for order in orders(game.phrases, seed):
        rank = np.empty(n, np.int64)
        rank[order] = np.arange(n)
        forth = rank[None] < np.arange(n + 1)[:, None]
        steps = np.diff(game(np.concatenate([forth, ~forth])).reshape(2, -1), axis=1)
        found.append((steps[0] - steps[1])[rank] / 2)
        yield np.stack(found), ends


def explain(text: str, condition_id: str, *, pairs: int = PAIRS, seed: int = 0) -> TextExplanation:
    """The words' values for a condition. `UserError` without a text pack, a word, or that condition."""
    model = encoder()
    if model is None:
        raise UserError("No text pack is installed.", "Install one (`models install`).")
    started = time.perf_counter()
    game = TextGame(model, text, score_for(condition_id, model))
    if not game.spans:
        raise UserError("There is no word to explain.", "Choose a note with text.")
    coming = estimates(game, seed)
    for _ in range(max(2, pairs)):
        stack, ends = next(coming)
    return _explained(game, condition_id, stack, (float(ends[0]), float(ends[1])), seed, started)


def _explained(
    game: TextGame, condition_id: str, stack: Values, ends: tuple[float, float], seed: int, started: float
) -> TextExplanation:
    values = stack.mean(axis=0)
    stability = agreement(stack[::2].mean(axis=0), stack[1::2].mean(axis=0))
    additivity = abs(ends[0] + float(values.sum()) - ends[1])
    return TextExplanation(
        condition_id,
        METHOD,
        tuple(_piece(game, [i], stack) for i in range(len(values))),
        tuple(_piece(game, phrase, stack) for phrase in game.phrases),
        ends[0],
        ends[1],
        additivity,
        game.evaluations,
        time.perf_counter() - started,
        seed,
        stability,
        (
            Check(Label("Additivity error", "可加性误差"), additivity, additivity < _ADDITIVITY, "nats"),
            Check(Label("Agreement of two halves", "两半一致性"), stability, stability >= _STABLE, "Pearson r"),
        ),
    )


def _piece(game: TextGame, members: Sequence[int], stack: Values) -> Piece:
    start, end = game.spans[members[0]][0], game.spans[members[-1]][1]
    sums = stack[:, list(members)].sum(axis=1)
    error = float(sums.std(ddof=1) / np.sqrt(len(sums)))
    return Piece(start, end, game.text[start:end], float(sums.mean()), error)
