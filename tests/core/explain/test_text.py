"""Words of a note: a score whose values are known, then the real text pack."""

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import pytest

from core.errors import UserError
from core.explain.text import TextGame, by_orders, explain, find, phrases
from core.explain.words import coalitions

TEXT = "Cough, fever and chills; no rash."


def counted(texts: Sequence[str]) -> np.ndarray:
    """How often each letter stands in a text: (n, 128)."""
    return np.array([np.bincount([ord(c) for c in t.replace(" ", "")], minlength=128) for t in texts], float)


def unit(texts: Sequence[str]) -> np.ndarray:
    """Which way the counts point: a stand-in for the encoder."""
    found = counted(texts)
    return (found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def game(score: Callable[[np.ndarray], np.ndarray]) -> TextGame:
    return TextGame(TEXT, lambda texts, _: score(counted(texts)))


def test_words_and_phrases() -> None:
    found = game(lambda v: v.sum(axis=1))
    assert [TEXT[a:b] for a, b in found.spans] == ["Cough", ",", "fever", "and", "chills", ";", "no", "rash", "."]
    assert phrases(TEXT, found.spans) == [[0], [1], [2, 3, 4], [5], [6, 7], [8]] or len(found.phrases) >= 3


def counts(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors, float).sum(axis=1)


def test_an_additive_score_gets_its_exact_values() -> None:
    found = game(counts)
    stack, ends = next(by_orders(found, 0))
    assert stack[0].tolist() == [b - a for a, b in found.spans] and ends.tolist() == [0.0, float(sum(stack[0]))]


def product(vectors: np.ndarray) -> np.ndarray:
    """Only `fever` has the v, only `chills` and `Cough` a c or a C: pairs of words count together."""
    return vectors[:, ord("v")] * vectors[:, ord("c")]


def test_all_coalitions_give_exact_values() -> None:
    found = find(game(product), 600, 0)
    values = dict(zip([TEXT[a:b] for a, b in game(product).spans], found.values, strict=True))
    assert values["fever"] == pytest.approx(0.5) and values["chills"] == pytest.approx(0.5)
    assert values["rash"] == pytest.approx(0, abs=1e-9) and not found.covariance.any() and found.stability == 1.0


LONG = "one two three four five six seven eight nine ten eleven twelve"


def towards(texts: Sequence[str], vectors: np.ndarray | None) -> np.ndarray:
    """Bends with the embedding, and counts a letter of the text."""
    v = np.asarray(unit(texts) if vectors is None else vectors, float)
    return np.sin(4 * v[:, ord("e")]) + 3 * v[:, ord("v")] * v[:, ord("n")] + np.array([t.count("w") for t in texts])


def test_fewer_coalitions_come_near_and_say_how_near() -> None:
    found = find(TextGame(LONG, towards, unit), 130, 1)
    *_, (stack, ends) = islice(by_orders(TextGame(LONG, towards), 9), 300)
    known = stack.mean(axis=0)
    assert found.ends == pytest.approx(tuple(ends)) and found.values.sum() == pytest.approx(ends[1] - ends[0], abs=1e-6)
    assert np.corrcoef(found.values, known)[0, 1] > 0.98
    assert np.sqrt(np.mean((found.values - known) ** 2 / np.diag(found.covariance))) < 2.5
    assert np.array_equal(found.values, find(TextGame(LONG, towards, unit), 130, 1).values)


def test_a_score_without_an_embedding_is_asked_often() -> None:
    found = find(TextGame(LONG, towards), 130, 1)
    *_, (stack, _) = islice(by_orders(TextGame(LONG, towards), 9), 300)
    assert np.corrcoef(found.values, stack.mean(axis=0))[0, 1] > 0.99


def test_coalitions_are_different_and_begin_with_single_words() -> None:
    chosen = coalitions(12, 60, 0)
    assert chosen.shape == (60, 12) and np.array_equal(chosen[:12], np.eye(12, dtype=bool))
    both = np.concatenate([chosen, ~chosen])
    assert len({row.tobytes() for row in both}) == 120
    assert len(coalitions(4, 100, 0)) == 7


def test_equal_texts_are_run_once() -> None:
    twice = TextGame("no no no", lambda texts, _: counted(texts).sum(axis=1))
    twice(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], bool))
    assert twice.evaluations == 1


def test_the_wording_of_a_note_adds_up_to_its_weight() -> None:
    from core.diagnosis import common, wording
    from core.domain.basics import Coding, Source
    from core.domain.finding import Finding, Origin, Status

    text = "She wheezes at night and after running, and the cat makes it worse."
    found = explain(text, "asthma")
    assert [c.passed for c in found.checks] == [True, True] and found.additivity_error < 1e-4
    assert sum(w.value for w in found.words) == pytest.approx(sum(p.value for p in found.phrases))
    source = Source("note.txt", "text", "n", text=text)
    said = Finding("w", Coding("consilium", wording.CODE), wording.LABEL, Status.PRESENT, Origin.NOTE, source)
    engine = common.shared()
    shown = wording.item(engine.tables, engine.base, (said,), wording.factors(engine.settings))
    assert shown is not None
    assert found.value == pytest.approx(shown.weights[engine.tables.condition_index["asthma"]], abs=1e-3)
    assert max(found.words, key=lambda w: w.value).text == "wheezes"


def test_a_long_text_is_explained_by_phrase() -> None:
    long = TextGame("Cough, fever and chills; " * 30, lambda texts, _: counted(texts).sum(axis=1))
    assert len(long.spans) == len(long.phrases) >= 60 and all(len(p) == 1 for p in long.phrases)
    assert {long.text[a:b].strip(" ,;") for a, b in long.spans} <= {"Cough", "fever and chills", ""}


def test_what_cannot_be_explained_is_said() -> None:
    with pytest.raises(UserError, match="no word"):
        explain(" \n", "asthma")
    with pytest.raises(UserError, match="not a condition"):
        explain("Cough", "no_such_condition")


def test_a_chinese_wording_is_explained_by_its_parts() -> None:
    from core.diagnosis import wording

    if not wording.readable("zh"):
        pytest.skip("nothing reads Chinese wording here")
    found = explain("夜里喘，跑步后喘鸣。孩子喜欢画画！", "asthma")
    assert [w.text for w in found.words if w.text.strip("，。！")] == ["夜里喘", "跑步后喘鸣", "孩子喜欢画画"]
    value = {w.text: w.value for w in found.words}
    assert found.additivity_error < 1e-4 and min(value["夜里喘"], value["跑步后喘鸣"]) > value["孩子喜欢画画"] + 0.5
