"""The rare engine on a tiny synthetic release: shares add up, a shown term helps, too few findings abstain."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.diagnosis import fusion, rare, rare_features, rare_network, rare_rerank
from core.diagnosis.engine import Ranking
from core.diagnosis.rare_features import Features, Index
from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Scope, Status
from core.domain.record import Patient
from core.errors import UserError
from core.knowledge.hpo import RarePack, save
from core.knowledge.hpo_build import build, release_in
from tests.core.knowledge.release import write_release

TERMS = ("HP:0001250", "HP:0002197", "HP:0001166", "HP:0002650")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> RarePack:
    return build(release_in(write_release(tmp_path_factory.mktemp("release"))))


@pytest.fixture
def installed(pack: RarePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RarePack:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path))
    save(pack, tmp_path / "rare-2024-01-01-f4")
    return pack


def finding(
    code: str, status: Status = Status.PRESENT, scope: Scope = Scope.CURRENT, origin: Origin = Origin.NOTE
) -> Finding:
    system = "HGNC" if origin is Origin.GENE else "HP"
    return Finding(f"f-{code}", Coding(system, code, code), Label(code), status, origin, Source("x", "text"), scope)


def test_shares_and_base_add_up_to_the_log_odds(installed: RarePack) -> None:
    result = rare.rank([finding(t) for t in ("HP:0002197", "HP:0001166", "HP:0002650")], Patient())
    assert len(result.hypotheses) == 4
    for h in result.hypotheses:
        shares = [e.weight for e in (*h.evidence_for, *h.evidence_against)]
        assert len(shares) == 3
        assert h.base_log_odds + sum(shares) == pytest.approx(h.log_odds, abs=1e-6)
        assert h.interval[0] <= h.probability <= h.interval[1]
    assert sum(h.probability for h in result.hypotheses) + result.none_of_these == pytest.approx(1)
    assert result.hypotheses[0].id == "OMIM:1"
    first = result.hypotheses[0]
    weight = {e.finding_id: e.weight for e in (*first.evidence_for, *first.evidence_against)}
    assert min(weight["f-HP:0001166"], weight["f-HP:0002650"]) > weight["f-HP:0002197"]
    assert result.hypotheses[0].group == "gene:SYN1"


def test_what_is_still_open_is_named(installed: RarePack) -> None:
    result = rare.rank([finding(t) for t in ("HP:0002197", "HP:0002650")], Patient())
    one = next(h for h in result.hypotheses if h.id == "OMIM:1")
    assert [e.code.code for e in one.unknown] == ["HP:0001166"]
    assert one.unknown[0].finding_id == ""


@pytest.mark.parametrize(
    "findings",
    [
        [],
        [finding("HP:0001250")],
        [finding("HP:0001250"), finding("HP:0002650", Status.ABSENT)],
        [finding("HP:0001250"), finding("HP:0002650", Status.NOT_ASSESSED)],
        [finding("HP:0001250"), finding("HP:0002650", scope=Scope.FAMILY)],
        [finding("HP:0001250"), finding("HP:0002197")],  # the second implies the first
        [finding("HP:0001250"), finding("HP:7777777")],
    ],
)
def test_too_few_findings_abstain_and_say_so(installed: RarePack, findings: list[Finding]) -> None:
    result = rare.rank(findings, Patient())
    assert result.hypotheses == ()
    assert result.none_of_these == 1.0
    assert result.abstained is not None
    assert result.abstained.zh


def test_without_a_pack_the_next_step_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "none"))
    with pytest.raises(UserError, match="knowledge build rare"):
        rare.rank([finding("HP:0001250"), finding("HP:0002650")], Patient())


def test_excluded_terms_never_enter(installed: RarePack) -> None:
    present = [finding("HP:0001166"), finding("HP:0002650")]
    plain = rare.rank(present, Patient())
    denied = rare.rank([*present, finding("HP:0001250", Status.ABSENT)], Patient())
    assert plain == denied


def test_a_gene_brings_its_diseases_and_its_own_evidence(installed: RarePack) -> None:
    found = [finding("HP:0001166"), finding("HP:0002650"), finding("SYN2", origin=Origin.GENE)]
    result = rare.rank(found, Patient(), top=1)
    assert "OMIM:3" in {h.id for h in result.hypotheses}
    ranking = fusion.with_genes(Ranking(result.hypotheses, result.log_evidence, result.none_of_these), found)
    of_gene = next(h for h in ranking.hypotheses if h.id == "OMIM:3")
    gene = [e for e in of_gene.evidence_for if e.origin is Origin.GENE]
    assert [e.weight for e in gene] == [fusion.GENE_WEIGHT]
    assert of_gene.log_odds == pytest.approx(
        of_gene.base_log_odds + sum(e.weight for e in (*of_gene.evidence_for, *of_gene.evidence_against)), abs=1e-6
    )


def scores_of(pack: RarePack, terms: tuple[str, ...]) -> dict[str, float]:
    score = rare_network.load().score(rare_rerank.table(*features_of(pack, list(terms))))
    return dict(zip((d.id for d in pack.diseases), score.tolist(), strict=True))


@given(st.lists(st.sampled_from(TERMS[1:]), min_size=1, unique=True), st.sampled_from(TERMS[1:]))
def test_coverage_never_falls_when_a_term_is_added(pack: RarePack, terms: list[str], more: str) -> None:
    def coverage(codes: list[str]) -> np.ndarray:
        """What the best matches are worth, by six measures."""
        return rare_rerank.table(*features_of(pack, codes))[:, 14:20]

    assert (coverage([*terms, more]) >= coverage(terms) - 1e-6).all()


@given(st.lists(st.sampled_from(TERMS), unique=True, max_size=3))
def test_a_term_only_one_disease_shows_ranks_it_above_an_equal(pack: RarePack, before: list[str]) -> None:
    """A shown term never fits a disease worse than one that shows nothing near it."""
    index = Index(pack)
    arachnodactyly = index.row(pack.number["HP:0001166"]).fit
    shows, bare = pack.disease_number["OMIM:1"], pack.disease_number["OMIM:3"]
    assert arachnodactyly[shows] > arachnodactyly[bare]
    others = [pack.number[t] for t in before if t != "HP:0001166"]
    plain = rare.fit(others, index) if others else np.zeros(len(pack.diseases), np.float32)
    gain = rare.fit([*others, pack.number["HP:0001166"]], index) - plain
    assert gain[shows] > gain[bare]


@given(st.permutations(TERMS[1:]))
def test_the_order_of_findings_does_not_matter(pack: RarePack, order: list[str]) -> None:
    assert scores_of(pack, tuple(order)) == pytest.approx(scores_of(pack, TERMS[1:]), abs=1e-5)


@given(st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=300), st.booleans())
def test_the_shortlist_holds_the_best_and_those_named(fits: list[float], named: bool) -> None:
    also = [0] if named else []
    told = rare.shortlist(np.array(fits, np.float32), also)
    assert set(also) <= set(told.tolist())
    assert len(told) <= rare.SHORTLIST + len(also)
    assert (np.diff(told) > 0).all()
    left = [f for i, f in enumerate(fits) if i not in told]
    assert not left or max(left) <= sorted(fits)[-rare.SHORTLIST]


def features_of(pack: RarePack, terms: list[str]) -> tuple[Features, np.ndarray, Index]:
    index, numbers = Index(pack), [pack.number[t] for t in terms]
    return rare_features.features(numbers, np.arange(len(pack.diseases)), index), index.information[numbers], index


@given(st.lists(st.sampled_from(TERMS), min_size=1, unique=True))
def test_shares_add_up_to_the_networks_score(pack: RarePack, terms: list[str]) -> None:
    """Base (the score of no finding, the case's size taken as given) plus shares is the score, for every disease."""
    found, information, index = features_of(pack, terms)
    network = rare_network.load()
    told = rare_rerank.shares(found, information, index, network)
    nothing = Features(
        found.candidates,
        np.zeros_like(found.fits),
        found.place,
        found.entry,
        np.zeros_like(found.shared),
        found.information,
        found.frequency,
    )
    end = rare_rerank.table(found, information, index)
    start = rare_rerank.table(nothing, information, index)
    start[:, 10:14] = 0  # the best of no annotation is no match
    expected = network.score(end).astype(float) - network.score(start)
    assert told.shape == (len(terms), len(pack.diseases))
    assert told.sum(axis=0) == pytest.approx(expected, abs=1e-3)


@given(st.permutations(TERMS[1:]))
def test_shares_do_not_depend_on_the_order_of_findings(pack: RarePack, order: list[str]) -> None:
    network = rare_network.load()
    plain, mixed = (rare_rerank.shares(*features_of(pack, list(t)), network) for t in (TERMS[1:], order))
    again = [order.index(t) for t in TERMS[1:]]
    assert mixed[again] == pytest.approx(plain, abs=1e-4)


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_a_maximum_games_shares_are_shapley_values(players: int, seed: int) -> None:
    """Against the definition: the mean gain over all orders of arrival."""
    from itertools import permutations

    value = np.random.default_rng(seed).choice([0, 1, 2.5, 4.0], (players, 5))
    expected = np.zeros((players, 5))
    orders = list(permutations(range(players)))
    for order in orders:
        best = np.zeros(5)
        for player in order:
            gain = np.maximum(best, value[player]) - best
            expected[player] += gain / len(orders)
            best += gain
    order = value.argsort(axis=0)
    told = rare_rerank.airport(np.take_along_axis(value, order, axis=0), order)
    assert told == pytest.approx(expected, abs=1e-9)
