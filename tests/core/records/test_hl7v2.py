import pytest

from core.domain.basics import Coding, Quantity
from core.errors import Unreadable
from core.records import hl7v2
from tests.core.records.conftest import HL7


def _record(message=HL7):
    (record,) = hl7v2.read(message.encode(), "m.hl7").records
    return record


def test_patient_and_numbers():
    patient = _record().patient
    assert (patient.name, str(patient.birth_date), patient.sex) == ("TESTPATIENT, Rowan Q", "1958-03-02", "female")
    assert [i.value for i in patient.identifiers] == ["SYN-1", "99"]


def test_allergy_with_repetitions_and_escapes():
    (allergy,) = _record().allergies
    assert (allergy.text, allergy.reactions, allergy.criticality) == (
        "Penicillin",
        ("Anaphylaxis", "Rash & hives"),
        "high",
    )
    assert allergy.codes == (Coding("RxNorm", "70618", "Penicillin"),)


def test_results():
    potassium, crp = _record().observations[:2]
    assert (potassium.value, potassium.reference_low, potassium.reference_high, potassium.flag) == (
        Quantity(4.6, "mmol/L"),
        3.5,
        5.1,
        "N",
    )
    assert potassium.time == "2025-11-14T09:20"
    assert crp.value == Quantity(186, "mg/L", ">")
    assert potassium.group == crp.group
    assert potassium.sources[0].place == "OBX[1]"


def test_report_lines_become_one_note():
    (note,) = _record().notes
    assert note.text == "First line\nSecond \n line"


def test_own_segments_are_named_as_not_read():
    assert "ZXX: a segment of the sender's own (1)" in hl7v2.read(HL7.encode(), "m").skipped


def test_charset_of_msh_18():
    message = HL7.replace("||ORU^R01|1|P|2.5.1", "||ORU^R01|1|P|2.5.1||||||GB 18030-2000").replace(
        "TESTPATIENT^Rowan^Q", "测试^患者"
    )
    (record,) = hl7v2.read(message.encode("gb18030"), "m").records
    assert record.patient.name == "测试患者"


def test_two_patients_in_a_batch():
    other = HL7.replace("SYN-1", "SYN-2").replace("|99^", "|98^").replace("~99^", "~98^").replace("Rowan", "Alex")
    batch = f"FHS|^~\\&\rBHS|^~\\&\r{HL7}\r{other}\r{HL7}\rBTS|3\rFTS|1"
    records = hl7v2.read(b"\x0b" + batch.encode() + b"\x1c\r", "m").records
    assert [r.patient.name for r in records] == ["TESTPATIENT, Rowan Q", "TESTPATIENT, Alex Q"]
    assert len(records[0].problems) == 2


@pytest.mark.parametrize("data", [b"", b"PID|1", b"MSH", b"\x00" * 50])
def test_not_hl7(data):
    with pytest.raises(Unreadable):
        hl7v2.read(data, "m")
