"""Reading a VCF for gene calls: what is cut, packed wrongly or of several samples is refused by name."""

import gzip
from pathlib import Path

import pytest

from core.errors import UserError
from core.knowledge.genes import FORMAT, save
from core.records import vcf
from core.records.vcf_calls import VcfCalls, read_calls
from tests.core.knowledge.gene_tables import pack

HEAD = "##fileformat=VCFv4.2\n##contig=<ID=chr1,assembly=GRCh38.p14>\n"
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tSYNTHETIC-1"
RECORD = "chr1\t100\trs1\tC\tT\t.\tPASS\t.\tGT:PS\t0|1:7"


def read(path: Path, sample: str = "") -> VcfCalls:
    """Every position."""
    return read_calls(path, lambda c, p: True, sample=sample)


def plain(tmp_path: Path, text: str, name: str = "a.vcf") -> Path:
    """A file."""
    path = tmp_path / name
    path.write_text(text)
    return path


def test_reads_wanted_positions_with_phase_set(tmp_path: Path) -> None:
    path = plain(tmp_path, f"{HEAD}{COLUMNS}\n{RECORD}\n{RECORD.replace('100', '200')}\n")
    found = read_calls(path, lambda c, p: (c, p) == ("1", 100))
    assert found.assembly == "GRCh38"
    assert found.sample == "SYNTHETIC-1"
    assert found.lines == 2
    (variant,) = found.variants
    assert (variant.position, variant.genotype, variant.phase_set) == (100, "0|1", "7")
    assert variant.sources[0].place == "line 4"


def test_reads_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(gzip.compress(f"{HEAD}{COLUMNS}\n{RECORD}\n".encode()))
    assert len(read(path).variants) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("hello\n", "no #CHROM"),
        (f"{COLUMNS}\n{RECORD}\n", "fileformat"),
        (f"{HEAD}{COLUMNS}\n", "no records"),
        (f"{HEAD}{COLUMNS}\tSYNTHETIC-2\n{RECORD}\t0/0\n", "2 samples"),
        (f"{HEAD}{COLUMNS[: COLUMNS.index('FORMAT') - 1]}\n{RECORD}\n", "no genotypes"),
        (f"{HEAD}{COLUMNS}\n{RECORD}\nchr1\t200\trs2\tC", "cut short"),
        (f"{HEAD}{COLUMNS}\n{RECORD.replace('100', 'x')}\n", "not a VCF record"),
        (f"{HEAD}{COLUMNS}\n{RECORD.removesuffix('|1:7')}", "cut short inside"),
        (f"{HEAD}{COLUMNS}\n{RECORD.replace(chr(9) + 'T' + chr(9), chr(9) + '<NON_REF>' + chr(9))}\n", "gVCF"),
    ],
)
def test_bad_files_are_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(plain(tmp_path, text))


def test_a_long_file_keeps_the_lines_of_pharmacogenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path))
    monkeypatch.setattr(vcf, "MAX_FACTS", 3)
    save(pack().tables, tmp_path / f"genes-synthetic-f{FORMAT}", {})
    rows = [RECORD.replace("100", str(p)) for p in (1, 2, 3, 4, 100, 150)]
    data = f"{HEAD}{COLUMNS}\n" + "\n".join(rows) + "\n"
    reading = vcf.read(data.encode(), "a.vcf")
    assert [v.position for v in reading.records[0].variants] == [1, 2, 3, 100]
    assert any("pharmacogenes" in text for text in reading.skipped)


def test_a_sample_can_be_named(tmp_path: Path) -> None:
    path = plain(tmp_path, f"{HEAD}{COLUMNS}\tSYNTHETIC-2\n{RECORD}\t0/0\n")
    assert read(path, sample="SYNTHETIC-2").variants[0].genotype == "0/0"
    with pytest.raises(UserError, match="no sample"):
        read(path, sample="SYNTHETIC-3")


def test_wrong_packing(tmp_path: Path) -> None:
    text = f"{HEAD}{COLUMNS}\n{RECORD}\n"
    with pytest.raises(UserError, match="named as compressed"):
        read(plain(tmp_path, text, "b.vcf.gz"))
    cut = tmp_path / "c.vcf.gz"
    cut.write_bytes(gzip.compress((text + f"{RECORD}\n" * 500).encode())[:-20])
    with pytest.raises(UserError, match="cut short"):
        read(cut)
    zipped = tmp_path / "d.vcf"
    zipped.write_bytes(b"PK\x03\x04 and more")
    with pytest.raises(UserError, match="ZIP"):
        read(zipped)
    blocks = tmp_path / "e.vcf.gz"
    blocks.write_bytes(bytes.fromhex("1f8b08040000000000ff0600424302001b00") + b"\x00" * 40)
    with pytest.raises(UserError, match="last block"):
        read(blocks)
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "missing.vcf")


@pytest.mark.parametrize(
    ("contig", "build"),
    [("chr10,length=135534747", "GRCh37"), ("10,length=133797422", "GRCh38"), ("chrX,length=155270560", "GRCh37")],
)
def test_the_length_of_any_chromosome_tells_the_assembly(tmp_path: Path, contig: str, build: str) -> None:
    head = f"##fileformat=VCFv4.2\n##contig=<ID={contig}>\n"
    assert read(plain(tmp_path, f"{head}{COLUMNS}\n{RECORD}\n")).assembly == build


def test_lengths_of_both_assemblies_settle_nothing(tmp_path: Path) -> None:
    head = "##fileformat=VCFv4.2\n##contig=<ID=1,length=249250621>\n##contig=<ID=2,length=242193529>\n"
    assert read(plain(tmp_path, f"{head}{COLUMNS}\n{RECORD}\n")).assembly == ""


def test_twice_packed_and_binary_files_are_refused(tmp_path: Path) -> None:
    text = f"{HEAD}{COLUMNS}\n{RECORD}\n".encode()
    for name, data in (
        ("twice.vcf.gz", gzip.compress(gzip.compress(text))),
        ("checksum.vcf.gz", gzip.compress(text)[:-8] + bytes(4) + gzip.compress(text)[-4:]),
        ("binary.vcf", bytes(range(256)) * 8),
        ("bcf.vcf", b"BCF\x02\x02" + bytes(60)),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(UserError):
            read(path)
