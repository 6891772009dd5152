"""Calling genes: phase, missing sites, ambiguity, lowest function, what is in no definition, other assemblies."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.record import Sex, Variant
from core.errors import UserError
from core.knowledge.genes import FORMAT, load, newest, pack_of, save
from core.knowledge.genes_assembly import on_grch38
from core.knowledge.genes_build import build, build_pack
from core.knowledge.genes_call import GeneCall, Options, OutsideCall, call_genes
from core.knowledge.genes_pypgx import tables
from tests.core.knowledge.gene_tables import STAR, pack, row, star_rows


def one(variants: list[Variant], gene: str = "CYPX", **more: object) -> GeneCall:
    """The call of one gene."""
    return next(c for c in call_genes(pack(), variants, **more) if c.gene == gene)  # type: ignore[arg-type]


def test_reference_and_phenotype() -> None:
    call = one(star_rows("0/0", "0/0"))
    assert call.diplotypes == ("*1/*1",)
    assert call.results[0].phenotype == "Normal Metabolizer"
    assert not call.missing


def test_unphased_pair_takes_the_best_score_and_all_lists_the_other() -> None:
    rows = star_rows("0/1", "0/1")
    assert one(rows).diplotypes == ("*1/*2",)
    assert one(rows, options=Options(all_pairs=True)).diplotypes == ("*1/*2", "*3/*5")


def test_phase_decides() -> None:
    assert one(star_rows("0|1", "1|0")).diplotypes == ("*3/*5",)
    assert one(star_rows("0|1", "0|1")).diplotypes == ("*1/*2",)


def test_phase_sets_are_not_joined() -> None:
    rows = [row("1", 100, "C", "T", "0|1", "1"), row("1", 200, "G", "A", "1|0", "2")]
    assert one(rows).diplotypes == ("*1/*2",)


def test_missing_site_is_said_and_drops_what_it_defines() -> None:
    call = one([row("1", 200, "G", "A", "0/1")])
    assert set(call.diplotypes) == {"*1/*2", "*1/*3"}
    assert call.missing == (100, 300)
    assert "not taken as normal" in call.notes[0].en
    assert "*5" in call.notes[0].en
    assert "*28" in call.notes[0].en


def test_half_called_genotype_is_missing() -> None:
    call = one([row("1", 100, "C", "T", "./1"), row("1", 200, "G", "A", "0/0")])
    assert 100 in call.missing


def test_repeat_alleles_in_another_spelling() -> None:
    rows = [*star_rows("0/0", "0/0")[:2], row("1", 300, "C", "CAT", "0/1")]
    assert one(rows).diplotypes == ("*1/*28",)


def test_undescribed_base_is_no_call_for_a_star_gene_and_reference_for_a_toxicity_gene() -> None:
    call = one(star_rows("0/0", "0/0")[1:] + [row("1", 100, "C", "G", "0/1")])
    assert not call.called
    assert any("no definition" in n.en for n in call.notes)
    toxic = one([row("X", 50, "C", "G", "0/1")], "G6PD")
    assert toxic.diplotypes == ("B (reference)/B (reference)",)
    assert any("read as reference" in n.en for n in toxic.notes)


def test_wrong_reference_base_is_left_out() -> None:
    call = one([row("1", 100, "A", "T", "0/1"), row("1", 200, "G", "A", "0/0")])
    assert 100 in call.missing
    assert any("left out" in n.en for n in call.notes)


def test_one_copy_in_men() -> None:
    assert one([row("X", 50, "C", "T", "1")], "G6PD", sex=Sex.MALE).results[0].phenotype == "Deficient"
    assert one([row("X", 50, "C", "T", "1/1")], "G6PD", sex=Sex.MALE).diplotypes == ("Chatham",)
    assert one([row("X", 50, "C", "T", "0/1")], "G6PD", sex=Sex.FEMALE).results[0].phenotype == "Variable"


def dpyd(*genotypes: str) -> GeneCall:
    """DPYD at its four sites ("" leaves one out)."""
    bases = (("A", "G"), ("C", "T"), ("G", "C"), ("C", "T"))
    rows = [row("2", 10 * (i + 1), *bases[i], g) for i, g in enumerate(genotypes) if g]
    return one(rows, "DPYD")


def test_lowest_function_of_each_copy_decides() -> None:
    call = dpyd("1|0", "1|0", "0|1", "0|1")
    assert call.diplotypes == ("c.1129-5923C>G, c.1236G>A (HapB3)/[c.10A>G + c.20C>T]",) or call.diplotypes == (
        "[c.10A>G + c.20C>T]/c.1129-5923C>G, c.1236G>A (HapB3)",
    )
    assert set(call.decisive[0]) == {"c.20C>T", "c.1129-5923C>G, c.1236G>A (HapB3)"}
    assert (call.results[0].activity, call.results[0].phenotype) == ("0.5", "Poor Metabolizer")


def test_unphased_variants_are_listed_and_the_two_lowest_decide() -> None:
    call = dpyd("0/1", "0/1", "0/1", "0/1")
    assert call.diplotypes == ("c.10A>G", "c.20C>T", "c.1129-5923C>G, c.1236G>A (HapB3)")
    assert call.results[0].activity == "0.5"


@pytest.mark.parametrize(
    ("intron", "exon", "expected"),
    [
        ("0|1", "0|1", "Reference/c.1129-5923C>G, c.1236G>A (HapB3)"),
        ("0|1", "0|0", "Reference/c.1129-5923C>G"),
        ("0|0", "0|1", "Reference/Reference"),
        ("", "0|1", "Reference/c.1129-5923C>G, c.1236G>A (HapB3)"),
    ],
)
def test_hapb3_rests_on_the_intronic_site(intron: str, exon: str, expected: str) -> None:
    assert dpyd("0|0", "0|0", intron, exon).diplotypes == (expected,)


def test_calls_from_elsewhere() -> None:
    calls = call_genes(pack(), [], outside=(OutsideCall("CYPX", "*3/*1"), OutsideCall("HLA-B", "*57:01/*08:01")))
    found = {c.gene: c for c in calls}
    assert found["CYPX"].diplotypes == ("*1/*3",)
    assert found["CYPX"].results[0].phenotype == "Intermediate Metabolizer"
    assert "*57:01 positive" in found["HLA-B"].results[0].keys
    assert "*58:01 negative" in found["HLA-B"].results[0].keys
    assert not found["CYPX"].called
    unknown = call_genes(pack(), [], outside=(OutsideCall("CYPX", "*1/*99"),))[0]
    assert unknown.results[0].phenotype == "Indeterminate"


def test_a_gene_that_was_not_read_has_no_call() -> None:
    assert [c.gene for c in call_genes(pack(), star_rows("0/0", "0/0"))] == ["CYPX"]


def test_combined_alleles_only_when_asked() -> None:
    rows = star_rows("0|1", "0|1", "0|2")
    assert not one(rows).called
    assert one(rows, options=Options(combinations=True)).diplotypes == ("*1/[*2 + *28]",)


def test_assemblies() -> None:
    old = [row("1", 90, "C", "T", "0/1")]
    lifted = on_grch38(pack(), old, "GRCh37")
    assert lifted.variants[0].position == 100
    assert "GRCh37" in lifted.note.en
    with pytest.raises(UserError, match="GRCh37"):
        on_grch38(pack(), [row("1", 91, "C", "T", "0/1")], "GRCh37")
    assert "names no assembly" in on_grch38(pack(), star_rows("0/0", "0/0"), "").note.en
    with pytest.raises(UserError, match="assembly"):
        on_grch38(pack(), [row("1", 100, "A", "T", "0/1")], "")


@given(st.tuples(*[st.sampled_from(["0/0", "0/1", "1/1"])] * 2), st.booleans())
def test_every_pair_listed_explains_the_genotype(genotypes: tuple[str, str], phased: bool) -> None:
    first, second = (g.replace("/", "|" if phased else "/") for g in genotypes)
    for name in one(star_rows(first, second), options=Options(all_pairs=True)).diplotypes:
        alleles = [STAR.allele(n) for n in name.split("/")]
        for index, genotype in enumerate((first, second)):
            bases = sorted(a.bases.get(index, (STAR.sites[index].ref,))[0] for a in alleles if a)
            assert bases == sorted((STAR.sites[index].ref, STAR.sites[index].alts[0])[int(g)] for g in genotype[::2])


def test_pack_round_trip_and_damage(tmp_path: Path) -> None:
    save(pack().tables, tmp_path / "a", {"pack": "genes"})
    assert load(tmp_path / "a").tables == pack().tables
    (tmp_path / "a" / "genes.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        load(tmp_path / "a")


def test_a_release_goes_before_the_embedded_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path))
    assert newest() is None
    for name in (f"genes-pypgx-9.0-f{FORMAT}", f"genes-2025-f{FORMAT}"):
        save(pack().tables, tmp_path / name, {})
    found = newest()
    assert found is not None
    assert found.name == f"genes-2025-f{FORMAT}"


def test_embedded_tables_hold_what_cpic_says() -> None:
    pytest.importorskip("importlib.metadata").version("pypgx")
    found = tables()
    genes = {g.symbol: g for g in found.genes}
    assert len(genes) == 21
    two = genes["CYP2C19"].allele("*2")
    assert two is not None
    assert two.function == "No function"
    assert {genes["CYP2C19"].sites[i].position for i in two.bases} == {94775367, 94781859, 94842866}
    clopidogrel = [a for a in found.advice if a.drug == "clopidogrel" and a.keys == {"CYP2C19": "Poor Metabolizer"}]
    assert clopidogrel[0].level == "A"
    assert "Strong" in clopidogrel[0].strength


def test_every_recommendation_has_a_source() -> None:
    for advice in tables().advice:
        assert advice.text
        assert advice.url.startswith("https://") or advice.organisation, advice.drug


def test_not_a_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a gene release"):
        build(tmp_path)


def release(folder: Path) -> Path:
    """A SYNTHETIC release of one gene."""
    (folder / "definition" / "alleles").mkdir(parents=True)
    (folder / "phenotype").mkdir()
    variants = [
        {"position": s.position, "ref": s.ref, "alts": list(s.alts), "rsid": s.rsid, "chromosomeHgvsName": s.hgvs,
         "cpicToVcfAlleleMap": {s.ref: s.ref}}
        for s in STAR.sites
    ]  # fmt: skip
    named = [
        {"name": a.name, "reference": i == 0, "structuralVariant": False,
         "alleles": [a.bases[k][0] if k in a.bases else None for k in range(3)]}
        for i, a in enumerate(STAR.alleles)
    ]  # fmt: skip
    named.append({"name": "*9", "reference": False, "structuralVariant": False, "alleles": ["Y", "A", None]})
    raw = {"gene": "CYPX", "chromosome": "chr1", "version": "2025", "variants": variants, "namedAlleles": named}
    (folder / "definition" / "alleles" / "CYPX_translation.json").write_text(json.dumps(raw))
    phenotype = {
        "namedAlleles": [{"name": a.name, "functionValue": a.function, "lookupKey": a.function} for a in STAR.alleles],
        "diplotypes": [{"diplotypekey": {"*1": 1, "*2": 1}, "phenotype": "Intermediate Metabolizer"}],
    }
    (folder / "phenotype" / "CYPX.json").write_text(json.dumps(phenotype))
    return folder


def test_a_release_is_built_in_our_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    about = build_pack(release(tmp_path / "release"))
    assert about["version"] == "2025"
    loaded = load(Path(str(about["pack"])))
    gene = loaded.genes["CYPX"]
    nine = gene.allele("*9")
    assert nine is not None
    assert nine.bases[0] == ("C", "T")
    assert gene.pairs == {"No function|Normal function": ("Intermediate Metabolizer", "")}
    assert "MT-RNR1: everything" in about["filled_from_pypgx"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("diplotype", "activity", "phenotype"),
    [
        ("*1/*4", "1.0", "Intermediate Metabolizer"),
        ("*4/*5", "0.0", "Poor Metabolizer"),
        ("*1x2/*1", "3.0", "Ultrarapid Metabolizer"),
        ("*1/*36x2+*10", "1.25", "Normal Metabolizer"),
        ("*10/*36x2", "0.25", "Intermediate Metabolizer"),
        ("*1/*999", "", "Indeterminate"),
    ],
)
def test_cyp2d6_from_elsewhere(diplotype: str, activity: str, phenotype: str) -> None:
    """Activity scores and their phenotypes after Caudle 2020 (PMID 31647186)."""
    (call,) = call_genes(pack_of(tables()), [], outside=(OutsideCall("CYP2D6", diplotype),))
    assert (call.results[0].activity, call.results[0].phenotype) == (activity, phenotype)


@pytest.mark.parametrize("genotypes", [("1", "0"), ("1/1", "0/0"), ("0/1", "0/0"), ("1", "1")])
def test_mitochondrial_risk(genotypes: tuple[str, str]) -> None:
    """m.1555A>G decides alone, in part of the copies, and beside a harmless variant (m.827A>G)."""
    rows = [row("M", 1555, "A", "G", genotypes[0]), row("M", 827, "A", "G", genotypes[1])]
    (call,) = call_genes(pack_of(tables()), rows)
    assert call.results[0].phenotype == "increased risk of aminoglycoside-induced hearing loss"
    assert call.settled
    (normal,) = call_genes(pack_of(tables()), [row("M", 1555, "A", "G", "0")])
    assert not normal.settled
