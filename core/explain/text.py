"""Why the wording of a note speaks for a condition: Shapley values of its words (`core.explain.words` finds them from few
shortened texts), and of a long text's phrases.

A word that is hidden is left out of the text, so a coalition is a shorter text: coalitions are run together by length, equal
texts once. What is explained is the weight (nats) that the wording has in the common differential.
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
from core.explain import words
from core.explain.coalitions import latin_orders
from core.explain.sampling import agreement
from core.findings.wording import language_of
from core.inference.embedding import Vectors, encoder

Values = NDArray[np.float64]
Score = Callable[[Sequence[str], Vectors | None], Values]
"""Scores (n,) of texts, whose embeddings are given where they are known."""
Embed = Callable[[Sequence[str]], Vectors]
METHOD = "shapley-words"
EVALUATIONS, A_WORD = 254, 10
"""Shortened texts by default: so many, or so many a word if that is more."""
MOST_WORDS = 120
_WORD = re.compile(r"[\w'’%/.+-]*\w[\w'’%/+-]*|[^\w\s]")
_STOP = re.compile(r"[.,;:!?()\n，。；：！？（）、]")
_STABLE, _ADDITIVITY = 0.8, 1e-3
_ORDERS = 32
"""Of a score that costs little, for each half."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A word or a phrase: its characters [start, end) in the text, its value (nats) and standard error. A phrase's value is
    the sum of its words'."""

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

    In a text of more than `MOST_WORDS` the players are its phrases: a minute is too long to wait for. Chinese has no
    spaces: its players are what stands between punctuation marks.
    """

    def __init__(self, text: str, score: Score, embed: Embed | None = None) -> None:
        self.text, self.score, self.embed = text, score, embed
        self.evaluations = 0
        self.spans = [(m.start(), m.end()) for m in _WORD.finditer(text)]
        self.phrases = phrases(text, self.spans)
        if len(self.spans) > MOST_WORDS:
            self.spans = [(self.spans[p[0]][0], self.spans[p[-1]][1]) for p in self.phrases]
            self.phrases = [[i] for i in range(len(self.spans))]
        self._gap = "" if language_of(text) == "zh" else " "
        self._words = [text[a:b] for a, b in self.spans]
        self._known: dict[str, tuple[float, Vectors]] = {}

    def __call__(self, masks: NDArray[np.bool_]) -> Values:
        return self.measure(masks)[0]

    def measure(self, masks: NDArray[np.bool_]) -> tuple[Values, Vectors]:
        """Scores (n,) of the texts that masks (n, words) leave, and their embeddings (n, width; width 0 without `embed`)."""
        left = self.texts(masks)
        fresh = list(dict.fromkeys(text for text in left if text not in self._known))
        if fresh:
            vectors = self.embed(fresh) if self.embed else None
            scores = self.score(fresh, vectors).tolist()
            rows = np.zeros((len(fresh), 0), np.float32) if vectors is None else vectors
            self._known |= dict(zip(fresh, zip(scores, rows, strict=True), strict=True))
            self.evaluations += len(fresh)
        found = [self._known[text] for text in left]
        return np.array([score for score, _ in found]), np.stack([vector for _, vector in found])

    def foretold(self, masks: NDArray[np.bool_], vectors: Vectors) -> Values:
        """Scores (n,) of texts that are not run: their embeddings are guesses."""
        return self.score(self.texts(masks), vectors)

    def texts(self, masks: NDArray[np.bool_]) -> list[str]:
        """What masks (n, words) leave of the text."""
        return [self._gap.join(self._words[i] for i in np.flatnonzero(row)) for row in masks]


def phrases(text: str, spans: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Word numbers by phrase: a phrase ends at punctuation or at a new line."""
    found: list[list[int]] = [[]]
    for i, (start, end) in enumerate(spans):
        found[-1].append(i)
        after = spans[i + 1][0] if i + 1 < len(spans) else len(text)
        if _STOP.search(text[end:after]) or _STOP.fullmatch(text[start:end]):
            found.append([])
    return [phrase for phrase in found if phrase]


def score_for(condition_id: str, language: str = "en") -> Score:
    """Texts (n) in "en" or "zh" -> the wording's weight for a condition of the common engine (nats)."""
    engine = common.shared()
    row = engine.tables.condition_index.get(condition_id)
    if row is None:
        raise UserError(f"{condition_id} is not a condition of the common engine.", "Choose one of its conditions.")
    by, base = wording.factors(engine.settings), np.asarray(engine.base, np.float64)

    def score(texts: Sequence[str], vectors: Vectors | None = None) -> Values:
        return np.asarray(wording.weigh(engine.tables, texts, language, base, by, vectors)[:, row])

    return score


def embed_for(language: str) -> Embed | None:
    """What embeds texts in "en" or "zh", by length; None where nothing does."""
    model = encoder() if language == "en" else None
    return None if model is None else lambda texts: model.pooled([model.tokens(text) for text in texts])


def by_orders(game: TextGame, seed: int) -> Iterator[tuple[Values, Values]]:
    """After each antithetic pair of orders: every pair's values so far (pairs, words), and the two ends. Knows nothing of
    embeddings: what a long reference is made with."""
    n = len(game.spans)
    ends = game(np.stack([np.zeros(n, bool), np.ones(n, bool)]))
    found: list[Values] = []
    for order in latin_orders(n, seed):
        rank = np.argsort(order)
        forth = rank[None] < np.arange(n + 1)[:, None]
        steps = np.diff(game(np.concatenate([forth, ~forth])).reshape(2, -1), axis=1)
        found.append((steps[0] - steps[1])[rank] / 2)
        yield np.stack(found), ends


@dataclass(frozen=True, slots=True)
class Found:
    """Values of the words and their covariance, scores of no word and of all, agreement of two halves."""

    values: Values
    covariance: Values
    ends: tuple[float, float]
    stability: float


def find(game: TextGame, evaluations: int, seed: int, stability: bool = True) -> Found:
    """The words' values from at most so many shortened texts (at least four): exact where that is all of them. A score that
    rests on no embedding costs next to nothing, and is asked as often as its surrogate would be."""
    n = len(game.spans)
    chosen = words.coalitions(n, max(1, (evaluations - 2) // 2), seed)
    masks = np.concatenate([np.zeros((1, n), bool), np.ones((1, n), bool), chosen, ~chosen])
    scores, vectors = game.measure(masks)
    ends = float(scores[0]), float(scores[1])
    if n == 1 or len(chosen) == 2 ** (n - 1) - 1:
        return Found(words.exact(chosen, scores[2:], scores[:2]), np.zeros((n, n)), ends, 1.0)
    if game.embed is None:
        first, second = (words.Cheap(game, masks, seed + k).more(_ORDERS) for k in (0, 1))
        values, variance = (first[0] + second[0]) / 2, (first[1] + second[1]) / 4
        values += (ends[1] - ends[0] - values.sum()) / n
        return Found(values, np.diag(variance), ends, agreement(first[0], second[0]))
    made = words.estimate(masks, vectors, scores, game.foretold, seed)
    halves = words.halves(masks, vectors, scores, game.foretold, seed) if stability else (made.values, made.values)
    return Found(made.values, made.covariance, ends, agreement(*halves))


def explain(text: str, condition_id: str, *, evaluations: int = 0, seed: int = 0) -> TextExplanation:
    """The words' values for a condition, from `evaluations` shortened texts (0: as many as are usual for its length).
    `UserError` without what reads the text's language, a word, or that condition."""
    language = language_of(text)
    if not wording.readable(language):
        raise UserError("No text pack is installed.", "Install one (`models install`).")
    started = time.perf_counter()
    game = TextGame(text, score_for(condition_id, language), embed_for(language))
    if not game.spans:
        raise UserError("There is no word to explain.", "Choose a note with text.")
    found = find(game, evaluations or max(EVALUATIONS, A_WORD * len(game.spans)), seed)
    return _explained(game, condition_id, found, seed, started)


def _explained(game: TextGame, condition_id: str, found: Found, seed: int, started: float) -> TextExplanation:
    additivity = abs(found.ends[0] + float(found.values.sum()) - found.ends[1])
    return TextExplanation(
        condition_id,
        METHOD,
        tuple(_piece(game, [i], found) for i in range(len(game.spans))),
        tuple(_piece(game, phrase, found) for phrase in game.phrases),
        *found.ends,
        additivity,
        game.evaluations,
        time.perf_counter() - started,
        seed,
        found.stability,
        (
            Check(Label("Additivity error", "可加性误差"), additivity, additivity < _ADDITIVITY, "nats"),
            Check(
                Label("Agreement of two halves", "两半一致性"), found.stability, found.stability >= _STABLE, "Pearson r"
            ),
        ),
    )


def _piece(game: TextGame, members: Sequence[int], found: Found) -> Piece:
    start, end = game.spans[members[0]][0], game.spans[members[-1]][1]
    variance = float(found.covariance[np.ix_(members, members)].sum())
    value = float(found.values[list(members)].sum())
    return Piece(start, end, game.text[start:end], value, max(variance, 0.0) ** 0.5)
