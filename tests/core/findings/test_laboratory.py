"""Values to interpretation and findings; values stated in notes."""

from datetime import UTC, datetime

import pytest

from core.domain.basics import Coding, Quantity, Source
from core.domain.finding import Interpretation, Origin, Status
from core.domain.record import Note, Observation, Patient, Sex
from core.findings.laboratory import findings_of_values
from core.findings.values import values_in
from core.knowledge import analytes, vocabulary

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MAN = Patient(age_years=40, sex=Sex.MALE)


def result(loinc: str, value: float, unit: str, **more: object) -> Observation:
    return Observation(
        "o", (Coding("LOINC", loinc),), "", (Source("f", "fhir"),), "laboratory", Quantity(value, unit), **more
    )  # type: ignore[arg-type]


def test_units_are_converted_before_comparing() -> None:
    (finding,) = findings_of_values([result("2160-0", 1.8, "mg/dL")], MAN, NOW)
    assert (finding.code.code, finding.status, finding.interpretation) == (
        "raised_creatinine",
        Status.PRESENT,
        Interpretation.HIGH,
    )
    assert finding.origin is Origin.LABORATORY


def test_the_senders_range_goes_first() -> None:
    (finding,) = findings_of_values([result("2160-0", 1.8, "mg/dL", reference_low=0.5, reference_high=2.0)], MAN, NOW)
    assert finding.status is Status.ABSENT


def test_no_range_is_no_interpretation() -> None:
    nobody = Patient()
    (finding,) = findings_of_values([result("718-7", 12.5, "g/dL")], nobody, NOW)
    assert finding.status is Status.NOT_ASSESSED and finding.interpretation is None
    (finding,) = findings_of_values([result("718-7", 12.5, "furlongs")], MAN, NOW)
    assert finding.interpretation is None


def test_range_by_sex() -> None:
    woman = Patient(age_years=40, sex=Sex.FEMALE)

    def of(patient: Patient) -> dict[str, Status]:
        return {f.code.code: f.status for f in findings_of_values([result("718-7", 12.5, "g/dL")], patient, NOW)}

    assert of(MAN)["low_hemoglobin"] is Status.PRESENT
    assert of(woman)["low_hemoglobin"] is Status.ABSENT


def test_the_newest_value_decides() -> None:
    values = [result("2951-2", 128, "mmol/L", time="2025-12-30"), result("2951-2", 140, "mmol/L", time="2025-12-31")]
    found = {f.code.code: f.status for f in findings_of_values(values, MAN, NOW)}
    assert found["hyponatremia"] is Status.ABSENT
    found = {f.code.code: f.status for f in findings_of_values(values[:1], MAN, NOW)}
    assert found["hyponatremia"] is Status.PRESENT


def test_critical() -> None:
    found = findings_of_values([result("2951-2", 118, "mmol/L")], MAN, NOW)
    assert found[0].interpretation is Interpretation.CRITICAL_LOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T 38.6 °C, BP 118/68, HR 104, RR 22, SpO2 94%",
         {("body_temperature", 38.6, "Cel"), ("systolic_bp", 118, "mm[Hg]"), ("diastolic_bp", 68, "mm[Hg]"),
          ("heart_rate", 104, "/min"), ("respiratory_rate", 22, "/min"), ("oxygen_saturation", 94, "%")}),
        ("体温38.6℃，血压118/68mmHg，脉搏104次/分", {("body_temperature", 38.6, "Cel"), ("systolic_bp", 118, "mm[Hg]"),
          ("diastolic_bp", 68, "mm[Hg]"), ("heart_rate", 104, "/min")}),
        ("Serum creatinine was 1.4 mg/dL", {("creatinine", 1.4, "mg/dL")}),
        ("platelet count of 165,000/µL", {("platelets", 165000, "/uL")}),
    ],
)  # fmt: skip
def test_values_in_text(text: str, expected: set[tuple[str, float, str]]) -> None:
    note = Note("n", text, Source("note.txt", "text"))
    names = analytes.load().by_name
    found = {(names[o.text.lower()].id, o.value.value, o.value.unit) for o in values_in(note) if o.value}
    assert found == expected
    for observation in values_in(note):
        source = observation.sources[0]
        assert source.text == text[source.start : source.end]


def test_a_bare_number_without_its_unit_is_not_interpreted() -> None:
    note = Note("n", "magnesium 1.6", Source("note.txt", "text"))
    (finding,) = findings_of_values(values_in(note), MAN, NOW)
    assert finding.interpretation is None


def test_every_finding_of_an_analyte_exists_and_every_range_has_a_source() -> None:
    known = vocabulary.load().entries
    table = analytes.load()
    assert len(table.by_id) >= 115
    for analyte in table.by_id.values():
        assert {analyte.low, analyte.high} - {""} <= set(known), analyte.id
        assert analyte.source or not analyte.ranges, analyte.id
        for span in analyte.ranges:
            assert span.low <= span.high and span.from_age < span.to_age, analyte.id
        codes = [code for other in table.by_id.values() for code in other.loinc]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("upper", "lower", "said"),
    [(185, 95, "present"), (168, 112, ""), (168, 95, ""), (150, 112, ""), (148, 92, "absent")],
)
def test_a_pressure_that_is_severe_in_pregnancy_denies_no_severe_hypertension(
    upper: float, lower: float, said: str
) -> None:
    values = (result("8480-6", upper, "mm[Hg]"), result("8462-4", lower, "mm[Hg]"))
    found = {f.code.code: str(f.status) for f in findings_of_values(values, Patient(), NOW)}
    assert found.get("severe_hypertension", "") == said and found["elevated_blood_pressure"] == "present"
