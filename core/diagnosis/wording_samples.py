"""What the sentence encoder is refined on, round by round: made-up notes, presentations, the conditions' own texts, phrases.

Every round is written anew from its seed. A presentation loses some of its sentences each time, as a note does before it is
embedded (`core.findings.wording` leaves out what is denied).
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.diagnosis import wording
from core.diagnosis.presentations import Presentation
from core.diagnosis.wording_notes import notes, phrases
from core.knowledge.condition_tables import Tables

Tokens = list[int]
Tokenise = Callable[[str], Tokens]
_SENTENCE = re.compile(r"(?<=[.;!?])\s+")
_SHORTENED, _LEFT_OUT = 0.7, 0.2  # share of presentations that lose sentences, and share of their sentences
_NOTE, _TEXT, _PHRASE = 200, 128, 32  # most tokens
_AHEAD = 16  # batches that are sorted by length together, so that little is padding


@dataclass(frozen=True, slots=True)
class Sample:
    """A text's tokens and the row of its condition. `text`: which of the condition's own texts it is, None for a note."""

    tokens: Tokens
    condition: int
    text: int | None = None


def written(
    tables: Tables, told: Sequence[Presentation], tokenise: Tokenise, chance: random.Random, *,
    made: int, copies: int, seed: int,
) -> list[Sample]:  # fmt: skip
    """A round: `made` notes of every condition from `seed`, `copies` of every presentation, both texts of each condition."""
    samples = [
        Sample(tokenise(note)[:_NOTE], row)
        for row, condition in enumerate(tables.conditions)
        for note in notes(condition, made, seed)
    ]
    samples += [
        Sample(tokenise(shortened(one.text, chance))[:_NOTE], tables.condition_index[one.condition])
        for _ in range(copies)
        for one in told
        if one.language == "en" and one.condition in tables.condition_index
    ]
    return samples + [
        Sample(tokens, row, which)
        for row, pair in enumerate(texts(tables, tokenise))
        for which, tokens in enumerate(pair)
    ]


def texts(tables: Tables, tokenise: Tokenise) -> list[tuple[Tokens, Tokens]]:
    """Both texts of every condition (`wording.texts`)."""
    pairs = (wording.texts(condition, tables) for condition in tables.conditions)
    return [(tokenise(first)[:_TEXT], tokenise(second)[:_TEXT]) for first, second in pairs]


def shortened(text: str, chance: random.Random) -> str:
    """Mostly a few sentences fewer, never none."""
    sentences = _SENTENCE.split(text)
    if chance.random() >= _SHORTENED:
        return text
    return " ".join([s for s in sentences if chance.random() >= _LEFT_OUT] or sentences)


def batches(samples: Sequence[Sample], size: int, chance: random.Random) -> list[list[Sample]]:
    """All samples in random batches of texts of like length."""
    mixed, found = list(samples), []
    chance.shuffle(mixed)
    for at in range(0, len(mixed), size * _AHEAD):
        part = sorted(mixed[at : at + size * _AHEAD], key=lambda sample: len(sample.tokens))
        some = [part[i : i + size] for i in range(0, len(part), size)]
        chance.shuffle(some)
        found += some
    return found


def pairs(count: int, tokenise: Tokenise, chance: random.Random) -> list[tuple[Tokens, Tokens]]:
    """Two phrases of one finding, for `count` findings."""
    said = _said()
    drawn = (chance.sample(ways, 2) for ways in chance.sample(said, min(count, len(said))))
    return [(tokenise(a)[:_PHRASE], tokenise(b)[:_PHRASE]) for a, b in drawn]


@lru_cache(maxsize=1)
def _said() -> tuple[tuple[str, ...], ...]:
    return tuple(ways for _, ways in sorted(phrases("en").said.items()) if len(ways) > 1)
