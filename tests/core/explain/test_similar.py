"""The index of similar cases against plain cosines."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.finding import Scope, Status
from core.errors import UserError
from core.explain.similar import ABSENT_WEIGHT, Index, Profile, load, tokens_of
from tests.core.explain.made import finding

TOKENS = [f"+c:{k}" for k in range(6)] + [f"-c:{k}" for k in range(6)]


def test_only_what_is_so_now_is_compared() -> None:
    from dataclasses import replace

    past = replace(finding("stroke"), scope=Scope.HISTORY)
    given_ = (finding("fever"), finding("rash", Status.ABSENT), finding("cough", Status.NOT_ASSESSED), past)
    assert tokens_of(given_) == {"+consilium:fever", "-consilium:rash"}


@given(st.lists(st.frozensets(st.sampled_from(TOKENS)), min_size=1, max_size=8), st.frozensets(st.sampled_from(TOKENS)))
@settings(max_examples=60, deadline=None)
def test_the_similarity_is_the_weighted_cosine(rows: list[frozenset[str]], asked: frozenset[str]) -> None:
    index = Index()
    for k, row in enumerate(rows):
        index.put(f"case-{k}", 1, row)
    seen = {t: sum(t in row for row in rows) for t in TOKENS}
    idf = {t: np.log((1 + len(rows)) / (1 + seen[t])) + 1 for t in TOKENS}
    weight = {t: idf[t] * (1 if t[0] == "+" else ABSENT_WEIGHT) for t in TOKENS}

    def size(row: frozenset[str]) -> float:
        return float(np.sqrt(sum(weight[t] ** 2 for t in row)))

    wanted = {
        f"case-{k}": sum(weight[t] ** 2 for t in row & asked) / (size(row) * size(asked))
        for k, row in enumerate(rows)
        if row & asked
    }
    found = {one.case_id: one.similarity for one in index.search(Profile(asked), 20)}
    assert found == pytest.approx(wanted, abs=1e-5)
    again = load(index.dump())
    assert {one.case_id: one.similarity for one in again.search(Profile(asked), 20)} == pytest.approx(found)


def test_it_says_what_is_shared_and_what_is_not() -> None:
    index = Index()
    index.put("a", 1, {"+c:1", "+c:2", "-c:3"})
    index.put("b", 1, {"+c:1"})
    index.put("c", 1, {"+c:9"})
    first, second = index.search(Profile(frozenset({"+c:1", "+c:3", "+c:4"})), 5)
    assert {first.case_id, second.case_id} == {"a", "b"}
    found = first if first.case_id == "a" else second
    assert found.shared == ("+c:1",) and set(found.other) == {"+c:2", "-c:3"} and set(found.missing) == {"+c:3", "+c:4"}
    assert found.opposed == ("c:3",)
    assert [name for name, _ in found.parts] == ["findings"]


def test_a_case_is_not_like_itself_and_dropped_ones_are_gone() -> None:
    index = Index()
    for name in "abc":
        index.put(name, 1, {"+c:1"})
    index.drop("a")
    assert {one.case_id for one in index.search(index.profile("b"), 5, without="b")} == {"c"}
    with pytest.raises(UserError):
        index.profile("a")
    index.drop("a")
    assert len(index) == 2 and Index().search(Profile(frozenset({"+c:1"}))) == ()


def test_notes_count_where_both_have_one() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(3, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = Index()
    for name in "abc":
        index.put(name, 1, {"+c:1"})
    index.put_vector("a", "note", vectors[0])
    index.put_vector("b", "note", vectors[1])
    asked = Profile(frozenset({"+c:1"}), note=vectors[0])
    found = {one.case_id: one for one in index.search(asked, 5)}
    assert dict(found["a"].parts)["note"] == pytest.approx(1, abs=0.01), "kept to eight bits"
    assert dict(found["b"].parts)["note"] == pytest.approx(float(vectors[0] @ vectors[1]), abs=0.02)
    assert "note" not in dict(found["c"].parts) and found["c"].similarity == pytest.approx(1)
    index.put("a", 2, {"+c:1"})
    assert index.profile("a").note is None, "the note of an earlier revision"
