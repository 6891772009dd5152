"""An interview: ask what tells most apart, believe answers only as far as an unknown error rate allows, stop by itself.

Works on any table of questions (the evaluation uses it on DDXPlus). Belief is kept jointly over the hypotheses and a grid
of error rates, so the rate of wrong answers is learned from how well the answers fit each other (no rate is told).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RATES = np.array([0.001, 0.02, 0.05, 0.1, 0.2])
RATE_PRIOR = np.array([0.25, 0.25, 0.25, 0.15, 0.1])
"""Grid over the share of wrong answers and its prior (mean 6 %): a Beta(1, 15) in five steps."""
_SEVERAL = 3
DANGER = 3.0


@dataclass(frozen=True, slots=True)
class Question:
    """`kind`: "yes" (yes or no), "one" (one of the values), "many" (any of them). Asked only after a yes to `parent`."""

    code: str
    kind: str
    values: tuple[str, ...] = ()
    parent: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """`p` float64 (hypotheses, columns): P(value | hypothesis, asked). A yes/no question has one column (yes); the columns
    of a "one" question sum to 1; those of a "many" question stand alone. `span[code]`: first and last+1 column."""

    hypotheses: tuple[str, ...]
    prior: Array
    questions: tuple[Question, ...]
    p: Array
    span: dict[str, tuple[int, int]]
    people: Array | None = None
    """P(age and sex group | hypothesis), where it was learned."""


Answer = frozenset[str]
"""The values that hold; {"yes"} or empty for a yes/no question."""
Oracle = Callable[[Question], Answer | None]
"""Answers a question; None means "unknown" (nothing is learned from it)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Posterior (hypotheses,), the codes asked, and the expected error rate."""

    posterior: Array
    asked: tuple[str, ...]
    error_rate: float


class Interview:
    """One interview over a `Book`. `noisy=False` takes every answer as true but for a thousandth."""

    def __init__(self, book: Book, *, noisy: bool, weights: Array | None = None) -> None:
        self.book = book
        self.rates = RATES if noisy else np.array([0.001])
        start = np.log(book.prior if weights is None else book.prior * weights)
        rate_prior = np.log(RATE_PRIOR if noisy else np.array([1.0]))
        self.log_joint: Array = rate_prior[:, None] + start[None, :]
        self.yes: set[str] = set()
        self.asked: list[str] = []
        self._columns = _columns(book)

    def posterior(self) -> Array:
        """Belief over the hypotheses, error rates summed out."""
        joint = np.exp(self.log_joint - self.log_joint.max())
        shares = joint.sum(axis=0)
        return np.asarray(shares / shares.sum(), np.float64)

    def error_rate(self) -> float:
        """The expected share of wrong answers."""
        joint = np.exp(self.log_joint - self.log_joint.max())
        return float((joint.sum(axis=1) / joint.sum()) @ self.rates)

    def given(self, question: Question, answer: Answer) -> None:
        """Take an answer in as certain (the complaint the patient came with)."""
        self._learn(question, answer, np.array([0.001] * len(self.rates)))

    def tell(self, question: Question, answer: Answer | None) -> None:
        """Take an answer in; None only marks the question as asked."""
        self.asked.append(question.code)
        if answer is not None:
            self._learn(question, answer, self.rates)

    def _learn(self, question: Question, answer: Answer, rates: Array) -> None:
        if question.kind == "yes" and answer:
            self.yes.add(question.code)
        true, wrong = self._likelihood(question, answer)
        self.log_joint = self.log_joint + np.log(
            (1 - rates)[:, None] * np.exp(true)[None, :] + rates[:, None] * np.exp(wrong)[None, :]
        )

    def _likelihood(self, question: Question, answer: Answer) -> tuple[Array, Array]:
        """Log P(answer | hypothesis) if answered truly, and if answered wrongly."""
        first, last = self.book.span[question.code]
        p = np.clip(self.book.p[:, first:last], 1e-6, 1 - 1e-6)
        if question.kind == "yes":
            true = p[:, 0] if answer else 1 - p[:, 0]
            return np.log(true), np.log(1 - true)
        held = np.array([value in answer for value in question.values])
        any_value = -np.log(max(2, len(question.values)))
        if question.kind == "one":
            true = p[:, held].sum(axis=1) if held.any() else np.full(len(p), np.exp(any_value))
            return np.log(np.clip(true, 1e-6, 1)), np.full(len(p), any_value)
        true = np.where(held[None, :], np.log(p), np.log(1 - p)).sum(axis=1)
        return true, np.full(len(p), max(1, int(held.sum())) * any_value)

    def gains(self) -> dict[str, float]:
        """Expected information gain (bits) of every question that can be asked now."""
        belief = self.posterior()
        rate = self.error_rate()
        p = self.book.p * (1 - rate) + rate * self._columns.wrong
        mixed = np.clip(belief @ p, 1e-12, 1 - 1e-12)
        p = np.clip(p, 1e-12, 1 - 1e-12)
        plus = -mixed * np.log2(mixed) + belief @ (p * np.log2(p))
        both = plus - (1 - mixed) * np.log2(1 - mixed) + belief @ ((1 - p) * np.log2(1 - p))
        found: dict[str, float] = {}
        done = set(self.asked)
        for question in self.book.questions:
            if question.code in done or (question.parent and question.parent not in self.yes):
                continue
            first, last = self.book.span[question.code]
            if question.kind == "yes":
                found[question.code] = float(both[first])
            elif question.kind == "one":
                found[question.code] = float(plus[first:last].sum())
            else:
                found[question.code] = float(np.sort(both[first:last])[-_SEVERAL:].sum())
        return found

    def run(self, oracle: Oracle, *, sure: float, most: int, least_gain: float = 0.003) -> Outcome:
        """Ask until one hypothesis reaches `sure`, nothing is worth asking, or `most` questions are asked."""
        by_code = {question.code: question for question in self.book.questions}
        while len(self.asked) < most and self.posterior().max() < sure:
            gains = self.gains()
            best = max(gains, key=lambda code: gains[code], default="")
            if not best or gains[best] < least_gain:
                break
            self.tell(by_code[best], oracle(by_code[best]))
        return Outcome(self.posterior(), tuple(self.asked), self.error_rate())


def listed(posterior: Array, cant_miss: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Places of the hypotheses (n,) in the order of the list: the most probable first, then by belief, where one that must
    not be missed counts `DANGER` times: leaving it out of a short list costs more than leaving out a harmless one."""
    worth = posterior * np.where(cant_miss, DANGER, 1.0)
    worth[int(posterior.argmax())] = np.inf
    return np.argsort(-worth, kind="stable")


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    wrong: Array


def _columns(book: Book) -> _Columns:
    """What a wrong answer gives: the other one, or any value."""
    wrong = 1 - book.p
    for question in book.questions:
        first, last = book.span[question.code]
        if question.kind != "yes":
            wrong[:, first:last] = 1 / max(2, last - first)
    return _Columns(wrong)


def spans(questions: Sequence[Question]) -> dict[str, tuple[int, int]]:
    """Column range of each question."""
    found, at = {}, 0
    for question in questions:
        width = 1 if question.kind == "yes" else len(question.values)
        found[question.code] = (at, at + width)
        at += width
    return found
