"""Recommendations by gene result, the verb, and a peer's test vectors."""

import csv
import dataclasses
import json
import re
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Status
from core.domain.plan import Tier
from core.domain.record import Record, Variant
from core.findings.find import find
from core.knowledge.genes import FORMAT, natural, pack_of, save
from core.knowledge.genes_assembly import on_grch38, wants
from core.knowledge.genes_build import build, build_pack
from core.knowledge.genes_call import call_genes
from core.knowledge.genes_default import tables as default_tables
from core.knowledge.genes_pypgx import tables
from core.records.vcf_calls import read_calls
from core.treatment.check import check_medicines
from core.treatment.gene_evaluation import evaluate
from core.treatment.gene_vectors import variants_of
from core.treatment.genes import advice_for, advice_for_findings
from core.verbs import run
from tests.core.knowledge.gene_tables import pack, row, star_rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def advised(variants: list[Variant]) -> list[str]:
    """The texts that apply."""
    return [a.advice.text for a in advice_for(pack(), call_genes(pack(), variants))]


def test_recommendation_follows_the_result() -> None:
    assert set(advised(star_rows("1/1", "1/1"))) == {"Avoid.", "Avoid without CYPY."}
    assert advised(star_rows("0/0", "0/0")) == ["Usual dose."]
    assert advised([]) == []


def test_uncertain_results_are_marked() -> None:
    calls = call_genes(pack(), [row("1", 100, "C", "T", "0/1")])
    assert all(not a.certain for a in advice_for(pack(), calls))


def test_drugs_can_be_named() -> None:
    calls = call_genes(pack(), star_rows("1/1", "1/1"))
    assert advice_for(pack(), calls, ["other"]) == ()
    assert len(advice_for(pack(), calls, ["Examplol"])) == 2


def gene_finding(words: str, status: Status = Status.PRESENT) -> Finding:
    """A SYNTHETIC gene finding."""
    gene = words.split()[0]
    return Finding("", Coding("HGNC", gene), Label(words, words), status, Origin.GENE, Source("", "synthetic"))


@pytest.fixture(scope="module")
def default_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default pack, built once."""
    folder = tmp_path_factory.mktemp("default")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSILIUM_PACKS", str(folder))
        build_pack(None)
    return folder


@pytest.mark.parametrize(
    "words", ["CYP2C19 *2/*2, poor metaboliser", "CYP2C19 *2/*2", "CYP2C19 poor metaboliser", "CYP2C19 *2/*3"]
)
def test_a_gene_finding_has_graded_advice(words: str, default_pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(default_pack))
    (found,) = advice_for_findings([gene_finding(words)], ["clopidogrel"])
    assert found.level == "A" and "Strong" in found.strength and found.certain
    assert found.results == (("CYP2C19", "Poor Metabolizer"),)
    assert found.source.url.startswith("https://cpicpgx.org") and "clopidogrel" in found.source.title


def test_no_advice_without_a_result(default_pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(default_pack))
    assert advice_for_findings([gene_finding("CYP2C19 not called", Status.NOT_ASSESSED)]) == ()
    assert advice_for_findings([gene_finding("CYP2C19 *2/*2", Status.ABSENT)]) == ()
    (open_,) = advice_for_findings([gene_finding("CYP2C19 *2/*2", Status.NOT_ASSESSED)], ["clopidogrel"])
    assert not open_.certain
    monkeypatch.setenv("CONSILIUM_PACKS", str(default_pack / "empty"))
    assert advice_for_findings([gene_finding("CYP2C19 *2/*2")]) == ()


def test_every_recommendation_of_the_default_is_sourced_and_reachable() -> None:
    made = default_tables()
    told = {
        g.symbol: {p for p, _ in (*g.pairs.values(), *g.exact.values())} | {s[2] for s in g.scores} for g in made.genes
    }
    scores = {g.symbol: {s for _, s in g.pairs.values()} for g in made.genes}
    for advice in made.advice:
        assert advice.url.startswith("https://"), advice
        assert advice.level or advice.strength or "no recommendation" in advice.text.lower(), advice
        for gene, key in advice.keys.items():
            if gene in told and told[gene] and gene != "G6PD" and key != "Indeterminate":
                assert key in told[gene] | scores[gene], (gene, key)


HEAD = "##fileformat=VCFv4.2\n##reference={build}\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tSYNTHETIC\n"


@pytest.fixture
def vcf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A SYNTHETIC file of CYPX *2/*2, with its pack installed."""
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    save(pack().tables, tmp_path / "packs" / f"genes-synthetic-f{FORMAT}", {"pack": "genes"})
    path = tmp_path / "a.vcf"
    rows = "".join(
        f"chr1\t{v.position}\t.\t{v.reference}\t{v.alternate}\t.\tPASS\t.\tGT\t{v.genotype}\n"
        for v in star_rows("1/1", "1/1")
    )
    path.write_text(HEAD.format(build="GRCh38") + rows)
    return path


def test_verb_as_json(vcf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["genes", str(vcf), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["genes"][0]["diplotypes"] == ["*2/*2"]
    assert said["genes"][0]["results"][0]["phenotype"] == "Poor Metabolizer"
    assert said["recommendations"][0]["level"] == "A"
    assert said["not_read"] == ["DPYD", "G6PD"]


def test_verb_with_outside_calls(vcf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = tmp_path / "outside.tsv"
    calls.write_text("# gene\tdiplotype\nHLA-B\t*57:01/*57:01\n")
    assert run(["genes", str(vcf), "--outside", str(calls)]) == 0
    assert "*57:01 positive" in capsys.readouterr().out
    calls.write_text("HLA-B\n")
    assert run(["genes", str(vcf), "--outside", str(calls)]) == 2


def test_another_assembly_is_refused(vcf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vcf.write_text(vcf.read_text().replace("GRCh38", "GRCh37"))
    assert run(["genes", str(vcf), "--json"]) == 2
    assert "GRCh37" in capsys.readouterr().err


def test_vectors_are_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    save(pack().tables, tmp_path / "packs" / f"genes-synthetic-f{FORMAT}", {})
    base = {"suite": "S", "level": "matcher", "genes": ["CYPX"], "matcher_args": ["true"]}
    steps = [["variation", "CYPX", "rs1", "T", "T"], ["variation", "CYPX", "rs2", "A", "A"]]
    pipeline = {
        "suite": "S", "test": "c", "level": "pipeline", "genes": ["CYPX"], "ops": steps, "wrapper_args": "false",
        "checks": [["testCalledByMatcher", ["CYPX"]], ["testRecommendedDiplotypes", ["CYPX"], ["*2"], ["*3"]]],
    }  # fmt: skip
    listed = [
        {**base, "test": "a", "ops": steps, "expected": ["*2/*2"]},
        {**base, "test": "b", "ops": steps, "expected": ["*1/*2"]},
        pipeline,
    ]
    (tmp_path / "test_vectors.json").write_text(json.dumps(listed))
    found = evaluate(tmp_path)
    assert (found["passed"], found["failed"], found["n"]) == (1, 2, 3)
    assert found["checks"]["made"] == 4  # type: ignore[index]


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    """The development part of a peer's suite, unpacked."""
    folder = tmp_path_factory.mktemp("pharmcat")
    with tarfile.open(data_dir / "pharmcat-dev.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("**/test_vectors_dev.json")).parent


@pytest.mark.data
def test_every_vector_of_the_peer_passes(peer: Path) -> None:
    found = evaluate(peer, peer)
    assert found["failed"] == 0, found["failures"]
    assert found["n"] == 129


@pytest.mark.data
def test_nat2_picks_the_pair_that_is_meant(peer: Path) -> None:
    """Every row of the peer's table for NAT2: five sites unphased, some others missing."""
    tabled = pack_of(build(peer, base=tables())[0])
    with (peer / "vcf" / "NAT2" / "tests.tsv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file, delimiter="\t"))
    assert len(listed) == 75
    for line in listed:
        steps: list[list[str]] = [["reference", "NAT2"]]
        steps += [["variation", "NAT2", k, *v.split("/")] for k, v in line.items() if k.startswith("rs")]
        steps += [["missing", "NAT2", rsid] for rsid in re.findall(r"rs\d+", line["Missing positions"])]
        calls = call_genes(tabled, variants_of({"ops": steps}, tabled, peer)[0])
        expected = (line["Pick"] or line["Output"]).replace("not called", "")
        wanted = {"/".join(sorted(p.strip().split("/"), key=natural)) for p in expected.split(" or ") if p.strip()}
        assert set(calls[0].diplotypes) == wanted, line


@pytest.mark.data
def test_the_default_tables_pass_all_but_newer_alleles(
    peer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path))
    save(tables(), tmp_path / f"genes-pypgx-x-f{FORMAT}", {})
    found = evaluate(peer)
    assert found["passed"] == 120, "the nine need newer allele definitions (RYR1, G6PD, SLCO1B1 *45): build --from DIR"


def test_a_poor_metaboliser_of_clopidogrel_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path))
    embedded = tables()
    save(embedded, tmp_path / f"genes-pypgx-x-f{FORMAT}", {})
    gene = pack_of(embedded).genes["CYP2C19"]
    two = gene.allele("*2")
    assert two is not None
    rows = [
        row(gene.chromosome, s.position, s.ref, s.alts[0], "1/1" if i in two.bases else "0/0")
        for i, s in enumerate(gene.sites)
    ]
    for changed, expected in ((rows, {Tier.STOP}), ([dataclasses.replace(r, genotype="0/0") for r in rows], set())):
        record = Record(variants=tuple(changed))
        alerts = check_medicines(record, find(record, (), NOW), ("clopidogrel",), NOW)
        assert {a.tier for a in alerts if a.kind == "gene"} == expected


GETRM = {
    "NA18526": {"TPMT": "*1/*1", "CYP2C9": "*1/*1", "CYP2B6": "*1/*1", "CYP3A5": "*1/*1"},
    "NA18565": {"TPMT": "*1/*1", "CYP2C9": "*1/*1", "CYP2B6": "*1/*1", "CYP3A5": "*1/*3"},
}
"""GeT-RM consensus genotypes of two reference materials (Pratt 2016, PMID 26621101; Gaedigk et al., J Mol Diagn 2022)."""


@pytest.mark.data
@pytest.mark.parametrize("sample", sorted(GETRM))
@pytest.mark.parametrize("release", [True, False])
def test_reference_materials_agree_with_their_published_calls(peer: Path, sample: str, *, release: bool) -> None:
    tabled = pack_of(build(peer, base=tables())[0] if release else tables())
    read = read_calls(peer / "genomes" / f"{sample}.preprocessed.vcf", lambda c, p: wants(tabled, c, p))
    found = {c.gene: c.diplotypes for c in call_genes(tabled, on_grch38(tabled, read.variants, read.assembly).variants)}
    assert {gene: found[gene] for gene in GETRM[sample]} == {g: (d,) for g, d in GETRM[sample].items()}
