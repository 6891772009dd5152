# ruff: noqa: E501  documents are written as their format has them
"""Small documents of each kind, made up, for the readers' tests."""

import json
import zlib
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[3] / "resources" / "samples"

CCDA = """<?xml version="1.0"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<code code="34133-9" codeSystem="2.16.840.1.113883.6.1"/><title>SYNTHETIC summary</title><effectiveTime value="20251114"/>
<recordTarget><patientRole><id root="1.2.3" extension="A-1"/><patient>
<name><given>Rowan</given><family>TESTPATIENT</family></name><administrativeGenderCode code="F"/><birthTime value="19580302"/>
</patient></patientRole></recordTarget>
<component><structuredBody>
<component><section><code code="48765-2"/><title>Allergies</title><text>x</text><entry><act classCode="ACT" moodCode="EVN">
<templateId root="2.16.840.1.113883.10.20.22.4.30"/><statusCode code="active"/><entryRelationship><observation>
<templateId root="2.16.840.1.113883.10.20.22.4.7"/><effectiveTime><low value="2011"/></effectiveTime>
<value xsi:type="CD" code="416098002" displayName="Drug allergy" codeSystem="2.16.840.1.113883.6.96"/>
<participant typeCode="CSM"><participantRole><playingEntity>
<code code="70618" codeSystem="2.16.840.1.113883.6.88" displayName="Penicillin"/></playingEntity></participantRole></participant>
<entryRelationship><observation><templateId root="2.16.840.1.113883.10.20.22.4.9"/><value xsi:type="CD" displayName="Anaphylaxis" code="39579001"/>
<entryRelationship><observation><templateId root="2.16.840.1.113883.10.20.22.4.8"/><value xsi:type="CD" displayName="Severe" code="24484000"/>
</observation></entryRelationship></observation></entryRelationship></observation></entryRelationship></act></entry></section></component>
<component><section><code code="10160-0"/><title>Medicines</title><text><content ID="m1">Aspirin 81 mg</content></text>
<entry><substanceAdministration moodCode="EVN"><statusCode code="completed"/>
<effectiveTime xsi:type="IVL_TS"><low value="20250709"/><high nullFlavor="UNK"/></effectiveTime>
<effectiveTime xsi:type="PIVL_TS" operator="A"><period value="24" unit="h"/></effectiveTime><doseQuantity value="81" unit="mg"/>
<consumable><manufacturedProduct><manufacturedMaterial><code nullFlavor="OTH"><originalText><reference value="#m1"/></originalText></code>
</manufacturedMaterial></manufacturedProduct></consumable></substanceAdministration></entry></section></component>
<component><section><code code="30954-2"/><title>Results</title><entry><organizer><code code="1" displayName="Panel"/>
<component><observation><templateId root="2.16.840.1.113883.10.20.22.4.2"/>
<code code="2823-3" codeSystem="2.16.840.1.113883.6.1" displayName="Potassium"/><effectiveTime value="202511140920"/>
<value xsi:type="PQ" value="4.6" unit="mmol/L"/><interpretationCode code="N"/>
<referenceRange><observationRange><text>3.5-5.1 mmol/L</text></observationRange></referenceRange></observation></component>
</organizer></entry></section></component>
<component><section><code code="10164-2"/><title>History of present illness</title><text><paragraph>Cough for three days.</paragraph>
<paragraph>No haemoptysis.</paragraph></text></section></component>
</structuredBody></component></ClinicalDocument>"""

HL7 = "\r".join(
    (
        "MSH|^~\\&|LAB|A|B|C|20251114092000||ORU^R01|1|P|2.5.1",
        "PID|1||SYN-1^^^HOSP^MR~99^^^GOV^SS||TESTPATIENT^Rowan^Q||19580302|F",
        "AL1|1|DA^Drug allergy|70618^Penicillin^RXN|SV^Severe|Anaphylaxis~Rash \\T\\ hives|2011",
        "DG1|1||J18.9^Pneumonia^I10|||W",
        "OBR|1|||24323-8^Panel^LN|||202511140920|||||||||||||||||F",
        "OBX|1|NM|2823-3^Potassium^LN||4.6|mmol/L|3.5-5.1|N|||F",
        "OBX|2|SN|1988-5^CRP^LN||>^186|mg/L|0-5|H|||F",
        "OBX|3|TX|18782-3^Report^LN||First line",
        "OBX|4|TX|18782-3^Report^LN||Second \\.br\\ line",
        "ZXX|1|own",
    )
)

VCF = """##fileformat=VCFv4.2
##contig=<ID=chr10,assembly=GRCh38>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1
chr10\t94781859\trs4244285\tG\tA\t.\tPASS\tPX=CYP2C19\tGT\t1/1
chr10\t94761900\trs12248560\tC\tT\t.\tPASS\tPX=CYP2C19\tGT\t./.
broken line
"""

CSV = "Test,Result,Unit,Reference range,Flag,Date,Patient ID\nPotassium,4.6,mmol/L,3.5-5.1,,2025-11-14,SYN-1\nTroponin,<3,ng/L,<14,,2025-11-14,SYN-1\nMRSA,positive,,,,2025-11-14,SYN-1\n"


def pdf_bytes(words: str) -> bytes:
    """A one-page PDF, written by hand, uncompressed."""
    stream = f"BT /F1 12 Tf 40 700 Td ({words}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % o for o in offsets)
    start = len(out)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start
    )


def documents() -> dict[str, bytes]:
    """One document of each kind that `readers.read_bytes` reads, by kind."""
    return {
        "fhir": (SAMPLES / "adult-chest-pain" / "record.fhir.json").read_bytes(),
        "phenopacket": (SAMPLES / "rare-disease" / "phenopacket.json").read_bytes(),
        "text": (SAMPLES / "chinese-note" / "note.txt").read_bytes(),
        "ccda": CCDA.encode(),
        "hl7v2": HL7.encode(),
        "vcf": VCF.encode(),
        "csv": CSV.encode(),
        "pdf": pdf_bytes("SYNTHETIC A 67-year-old woman with cough."),
    }


@pytest.fixture
def samples() -> Path:
    """The project's own sample cases."""
    return SAMPLES


def bundle(*resources: dict) -> bytes:
    """A FHIR collection bundle."""
    entries = [{"fullUrl": f"urn:x:{i}", "resource": r} for i, r in enumerate(resources)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def png() -> bytes:
    """A PNG's signature and a little more."""
    return b"\x89PNG\r\n\x1a\n" + zlib.compress(b"x")
