"""Gene results as findings: settled ones are present, open ones are not assessed, none without a pack."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from core.domain.basics import Source
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Observation, Record, Variant
from core.findings.find import find
from core.findings.gene_results import phenotype_label
from core.knowledge.genes import FORMAT, save
from core.treatment.context import gather
from tests.core.knowledge.gene_tables import pack, row, star_rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the SYNTHETIC pack."""
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path))
    save(pack().tables, tmp_path / f"genes-synthetic-f{FORMAT}", {})
    return tmp_path


def genes(variants: list[Variant]) -> list[Finding]:
    """The gene findings of variants."""
    return [f for f in find(Record(variants=tuple(variants)), (), NOW) if f.origin is Origin.GENE]


@pytest.mark.usefixtures("packs")
def test_a_settled_result_is_present_and_bilingual() -> None:
    (found,) = genes(star_rows("1/1", "1/1"))
    assert found.status is Status.PRESENT
    assert found.label.en == "CYPX *2/*2, poor metaboliser"
    assert found.label.zh == "CYPX *2/*2，慢代谢型"
    assert (found.code.system, found.code.code) == ("HGNC", "CYPX")


@pytest.mark.usefixtures("packs")
def test_normal_with_unread_sites_is_not_assessed() -> None:
    (found,) = genes(star_rows("0/0", "0/0")[:2])
    assert found.status is Status.NOT_ASSESSED
    assert "1 of 3 sites not read" in found.label.en
    (whole,) = genes(star_rows("0/0", "0/0"))
    assert whole.status is Status.PRESENT


@pytest.mark.usefixtures("packs")
def test_pairs_that_disagree_are_not_assessed() -> None:
    (found,) = genes([row("1", 100, "C", "T", "0/1")])
    assert found.status is Status.NOT_ASSESSED
    assert " or " in found.label.en


@pytest.mark.usefixtures("packs")
def test_another_assembly_gives_no_result() -> None:
    other = [dataclasses.replace(v, assembly="GRCh37", position=v.position + 7) for v in star_rows("1/1", "1/1")]
    assert genes(other) == []


def test_without_a_pack_only_named_variants_are_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path))
    assert genes(star_rows("1/1", "1/1")) == []
    named = Variant("v", "CFTR", (Source("a.vcf", "vcf"),), hgvs="c.1521_1523del", zygosity="homozygous")
    reference = Variant("w", "CFTR", (), genotype="0/0", zygosity="reference")
    (found,) = genes([named, reference])
    assert "c.1521_1523del" in found.label.en


def test_a_stated_diplotype_gets_its_result_and_reaches_the_treatment_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path))
    tables = pack().tables
    renamed = msgspec.structs.replace(tables.genes[0], symbol="CYP2C19")
    changed = msgspec.structs.replace(tables, genes=(renamed,))
    save(changed, tmp_path / f"genes-synthetic-f{FORMAT}", {})
    said = Observation("o", (), "CYP2C19", (Source("r.json", "fhir"),), text_value="CYP2C19 *2/*2")
    record = Record(observations=(said,))
    findings = find(record, (), NOW)
    assert any(f.label.en == "CYP2C19 *2/*2, poor metaboliser" for f in findings)
    assert gather(record, findings, NOW).genes["CYP2C19"][0] == "poor"


@pytest.mark.parametrize(
    ("phenotype", "english"),
    [
        ("Poor Metabolizer", "poor metaboliser"),
        ("Malignant Hyperthermia Susceptibility", "malignant hyperthermia susceptibility, carrier"),
        ("-1639 AA", "increased sensitivity to coumarins"),
    ],
)
def test_words(phenotype: str, english: str) -> None:
    found = phenotype_label(phenotype)
    assert found.en == english
    assert found.zh != english
