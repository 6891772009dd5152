"""Words of a note: a score whose Owen values are known, then the real text pack."""

import numpy as np
import pytest

from core.errors import UserError
from core.explain.text import TextGame, estimates, explain, orders, phrases

TEXT = "Cough, fever and chills; no rash."


class Letters:
    """A stand-in for the encoder: a token is a letter, a vector counts letters."""

    def tokens(self, text: str) -> list[int]:
        return [ord(c) for c in text]

    def pooled(self, texts: list[list[int]], batch: int) -> np.ndarray:
        return np.array([np.bincount(t, minlength=128) if t else np.zeros(128, int) for t in texts], float)


def game(score: object) -> TextGame:
    return TextGame(Letters(), TEXT, score)  # type: ignore[arg-type]


def test_words_and_phrases() -> None:
    found = game(len)
    assert [TEXT[a:b] for a, b in found.spans] == ["Cough", ",", "fever", "and", "chills", ";", "no", "rash", "."]
    assert phrases(TEXT, found.spans) == [[0], [1], [2, 3, 4], [5], [6, 7], [8]] or len(found.phrases) >= 3
    order = next(orders(found.phrases, 3)).tolist()
    for phrase in found.phrases:
        places = sorted(order.index(i) for i in phrase)
        assert places == list(range(places[0], places[0] + len(phrase))), "a phrase stays together"


def test_an_additive_score_gets_its_exact_values() -> None:
    found = game(lambda vectors: vectors.sum(axis=1))
    stack, ends = next(estimates(found, 0))
    assert stack[0].tolist() == [b - a for a, b in found.spans] and ends.tolist() == [0.0, float(sum(stack[0]))]


def test_a_product_within_a_phrase_is_shared_by_its_words() -> None:
    """score = f * h: `fever` has the one f, `chills` and others the h's: only pairs of words together count."""
    found = game(lambda v: v[:, ord("f")] * v[:, ord("c")])
    coming = estimates(found, 0)
    stack, _ = next(coming)
    values = dict(zip([TEXT[a:b] for a, b in found.spans], stack[0], strict=True))
    assert values["fever"] == pytest.approx(0.5) and values["chills"] == pytest.approx(0.5) and values["rash"] == 0


def test_the_wording_of_a_note_adds_up_to_its_weight() -> None:
    from core.diagnosis import common, wording
    from core.domain.basics import Coding, Source
    from core.domain.finding import Finding, Origin, Status

    text = "She wheezes at night and after running, and the cat makes it worse."
    found = explain(text, "asthma", pairs=3)
    assert [c.passed for c in found.checks] == [True, True] and found.additivity_error < 1e-4
    assert sum(w.value for w in found.words) == pytest.approx(sum(p.value for p in found.phrases))
    source = Source("note.txt", "text", "n", text=text)
    said = Finding("w", Coding("consilium", wording.CODE), wording.LABEL, Status.PRESENT, Origin.NOTE, source)
    engine = common.shared()
    weights = engine.settings.wording_weight, engine.settings.wording_head_weight
    shown = wording.item(engine.tables, engine.base, (said,), *weights)
    assert shown is not None
    assert found.value == pytest.approx(shown.weights[engine.tables.condition_index["asthma"]], abs=1e-3)
    assert max(found.words, key=lambda w: w.value).text == "wheezes"


def test_a_long_text_is_explained_by_phrase() -> None:
    long = TextGame(Letters(), "Cough, fever and chills; " * 30, len)  # type: ignore[arg-type]
    assert len(long.spans) == len(long.phrases) >= 60 and all(len(p) == 1 for p in long.phrases)
    assert {long.text[a:b].strip(" ,;") for a, b in long.spans} <= {"Cough", "fever and chills", ""}


def test_what_cannot_be_explained_is_said() -> None:
    with pytest.raises(UserError, match="no word"):
        explain(" \n", "asthma")
    with pytest.raises(UserError, match="not a condition"):
        explain("Cough", "no_such_condition")
