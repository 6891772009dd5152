import pytest

from core.domain.basics import Quantity
from core.errors import Unreadable
from core.records import csv_labs, pdf, vcf
from core.records.csv_labs import Table, range_of, value_of
from tests.core.records.conftest import CSV, VCF, pdf_bytes


def test_csv():
    (record,) = csv_labs.read(CSV.encode(), "l.csv").records
    potassium, troponin, mrsa = record.observations
    assert (potassium.value, potassium.reference_low, potassium.reference_high) == (Quantity(4.6, "mmol/L"), 3.5, 5.1)
    assert (troponin.value, troponin.reference_high) == (Quantity(3, "ng/L", "<"), 14)
    assert (mrsa.value, mrsa.text_value) == (None, "positive")
    assert potassium.sources[0].place == "row 2"


def test_csv_in_chinese_with_semicolons():
    data = "项目;结果;单位;参考范围\n白细胞;14.6;10^9/L;3.5-9.5\n".encode("gb18030")
    (observation,) = csv_labs.read(data, "l.csv").records[0].observations
    assert (observation.text, observation.value.value, observation.reference_high) == ("白细胞", 14.6, 9.5)


def test_csv_with_a_layout_given_by_the_user():
    layout = Table(",", {"what": "test", "how much": "value"})
    reading = csv_labs.read(b"what,how much,who\nCRP,5,x\n,7,x\n", "l.csv", layout)
    assert reading.records[0].observations[0].text == "CRP"
    assert reading.skipped == ("rows without a test or a result (1)", "columns not read: who")


def test_csv_of_unknown_columns():
    with pytest.raises(Unreadable):
        csv_labs.read(b"a,b,c\n1,2,3\n", "l.csv")


@pytest.mark.parametrize(
    ("written", "unit", "value", "words"),
    [
        ("5,4", "mmol/L", Quantity(5.4, "mmol/L"), ""),
        (">= 90", "", Quantity(90, "", ">="), ""),
        ("1.2 x10^3", "/uL", Quantity(1200, "/uL"), ""),
        ("7.1 mg/dL", "", Quantity(7.1, "mg/dL"), ""),
        ("1:80", "", None, "1:80"),
        ("1e999", "", None, "1e999"),
        ("trace", "", None, "trace"),
    ],
)
def test_values(written, unit, value, words):
    assert value_of(written, unit) == (value, words)


@pytest.mark.parametrize(
    ("written", "bounds"),
    [
        ("70_105", (70, 105)),
        ("<0.5", (None, 0.5)),
        ("≥60", (60, None)),
        ("4.3 to 6.2", (4.3, 6.2)),
        ("n/a", (None, None)),
    ],
)
def test_ranges(written, bounds):
    assert range_of(written) == bounds


def test_vcf():
    reading = vcf.read(VCF.encode(), "v.vcf")
    first, second = reading.records[0].variants
    assert (first.gene, first.rsid, first.zygosity, first.genotype, first.assembly) == (
        "CYP2C19",
        "rs4244285",
        "homozygous",
        "1/1",
        "GRCh38",
    )
    assert second.zygosity == ""  # not called is not reference
    assert reading.skipped == ("lines that are not VCF (1)",)


@pytest.mark.parametrize(
    ("header", "build"),
    [
        (["##reference=file:///hs37/GRCh37.fa"], "GRCh37"),
        (["##reference=hg19.fa"], "GRCh37"),
        (["##contig=<ID=1,length=249250621>"], "GRCh37"),
        (["##contig=<ID=chr1,length=248956422>"], "GRCh38"),
        (["##reference=mystery.fa"], ""),
        (["##reference=hg38.fa", "##liftover=hg19"], ""),
    ],
)
def test_assembly(header, build):
    assert vcf.assembly(header) == build


def test_pdf():
    (record,) = pdf.read(pdf_bytes("SYNTHETIC A 67-year-old woman with cough."), "p.pdf").records
    assert "woman with cough" in record.notes[0].text
    assert record.patient.age_years == 67


@pytest.mark.parametrize("data", [b"%PDF-1.4", pdf_bytes(""), pdf_bytes("x")[:200], b"%PDF-1.4\n" + b"[" * 50_000])
def test_pdf_without_text_or_damaged(data):
    with pytest.raises(Unreadable):
        pdf.read(data, "p.pdf")


WIDE = "Date,MRN,CRP (mg/L),Potassium [mmol/L],Ward\n2025-11-14,SYN-1,186,4.6,B2\n2025-11-15,SYN-1,,4.4,B2\n"


def test_a_table_with_one_column_a_test():
    reading = csv_labs.read(WIDE.encode(), "w.csv")
    (record,) = reading.records
    assert [(o.text, o.value, o.time) for o in record.observations] == [
        ("CRP", Quantity(186, "mg/L"), "2025-11-14"),
        ("Potassium", Quantity(4.6, "mmol/L"), "2025-11-14"),
        ("Potassium", Quantity(4.4, "mmol/L"), "2025-11-15"),
    ]
    assert len({o.id for o in record.observations}) == 3 and reading.skipped == ("columns not read: Ward",)


ODD = "Probe;Was;Wieviel;Wann\nA1;CRP;5,4;2025-11-14\nA2;ALT;30;2025-11-14\nA3;AST;31;2025-11-14\n"


def test_a_table_of_unknown_headings_is_told_from_a_note(tmp_path):
    sheet = csv_labs.sheet_of(ODD)
    assert (sheet.delimiter, sheet.names, sheet.rows[0]) == (
        ";",
        ("Probe", "Was", "Wieviel", "Wann"),
        ("A1", "CRP", "5,4", "2025-11-14"),
    )
    assert not sheet.guess.complete()
    note = (
        "Cough, fever, chills.\nNo rash, no pain, no nausea.\nSeen by Dr A, Dr B, Dr C.\nPlan: rest, fluids, review.\n"
    )
    assert csv_labs.sheet_of(note) is None
    assert csv_labs.sheet_of("a,b,c\n1,2\n3,4,5\n6,7,8\n") is None


def test_a_layout_the_user_gave_is_used_again_for_the_same_headings():
    table = Table(";", {"Was": "test", "Wieviel": "value", "Wann": "time"})
    (record,) = csv_labs.read(ODD.encode(), "o.csv", known=(Table(",", {"x": "test", "y": "value"}), table)).records
    assert [o.text for o in record.observations] == ["CRP", "ALT", "AST"] and record.observations[0].value == Quantity(
        5.4, ""
    )
    with pytest.raises(Unreadable, match=csv_labs.UNKNOWN_COLUMNS):
        csv_labs.read(ODD.encode(), "o.csv", known=(Table(";", {"Was": "test"}),))
