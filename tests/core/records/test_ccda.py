import time

import pytest

from core.domain.basics import Quantity
from core.errors import Unreadable
from core.records import ccda
from tests.core.records.conftest import CCDA


def _record(document=CCDA):
    (record,) = ccda.read(document.encode(), "c.xml").records
    return record


def test_patient():
    patient = _record().patient
    assert (patient.name, str(patient.birth_date), patient.sex, patient.synthetic) == (
        "TESTPATIENT, Rowan",
        "1958-03-02",
        "female",
        True,
    )


def test_allergy():
    (allergy,) = _record().allergies
    assert (allergy.text, allergy.reactions, allergy.criticality, allergy.status) == (
        "Penicillin",
        ("Anaphylaxis",),
        "high",
        "active",
    )


def test_medicine_named_in_the_narrative_and_still_taken():
    (medicine,) = _record().medications
    assert (medicine.text, medicine.status, medicine.start, medicine.dosage) == (
        "Aspirin 81 mg",
        "active",
        "2025-07-09",
        "81 mg, every 24 h",
    )


def test_result_with_panel_and_printed_range():
    (potassium,) = _record().observations
    assert (potassium.value, potassium.reference_low, potassium.reference_high) == (Quantity(4.6, "mmol/L"), 3.5, 5.1)
    assert potassium.time == "2025-11-14T09:20"
    assert potassium.sources[0].place.endswith("component[3]/section/entry[1]/organizer/component[1]/observation")


def test_a_section_without_entries_is_a_note():
    (note,) = _record().notes
    assert (note.title, note.text) == ("History of present illness", "Cough for three days.\nNo haemoptysis.")


def test_negated_allergy_is_kept_and_marked():
    document = CCDA.replace(
        '<observation>\n<templateId root="2.16.840.1.113883.10.20.22.4.7"/>',
        '<observation negationInd="true">\n<templateId root="2.16.840.1.113883.10.20.22.4.7"/>',
    )
    assert _record(document).allergies[0].status == "refuted"


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{i} "{"&a" + (str(i - 1) if i else "") + ";"}">' for i in range(9))
    + "]>"
)
EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "document",
    [
        BOMB + CCDA.split("?>", 1)[1].replace("Cough", "&a8;"),
        EXTERNAL + CCDA.split("?>", 1)[1].replace("Cough", "&e;"),
        '<ClinicalDocument xmlns="urn:hl7-org:v3">' + "<component>" * 100_000,
        '<ClinicalDocument xmlns="urn:hl7-org:v3">' + "<a>" * 5000 + "</a>" * 5000 + "</ClinicalDocument>",
        "<ClinicalDocument xmlns='urn:hl7-org:v3'>",
        "<html/>",
        "",
        '<?xml version="1.0" encoding="nonsense"?><a/>',
    ],
)
def test_hostile_xml_ends_in_a_clear_error_and_soon(document):
    start = time.monotonic()
    with pytest.raises(Unreadable):
        ccda.read(document.encode(), "c.xml")
    assert time.monotonic() - start < 2
