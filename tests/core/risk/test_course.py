"""A course joins what one analyte was called and measured in, and never joins what cannot be compared."""

import pytest

from core.domain.basics import Coding, Quantity, Source
from core.domain.record import Observation
from core.risk.course import courses, in_unit, key_of


def sent(name: str, value: float, unit: str, time: str, loinc: str = "", category: str = "laboratory") -> Observation:
    codes = (Coding("LOINC", loinc),) if loinc else ()
    return Observation(
        f"{name}{time}{unit}",
        codes,
        name,
        (Source("f", "csv"),),
        category=category,
        value=Quantity(value, unit),
        time=time,
    )


def test_units_and_names_of_one_analyte_are_one_line() -> None:
    (course,) = courses(
        [
            sent("Creatinine", 1.2, "mg/dL", "2025-01-02", "2160-0"),
            sent("Creatinine", 126.0, "umol/L", "2025-11-02", "14682-9"),
            sent("creatinine", 0.9, "mg/dL", "2024-06-01"),
        ]
    )
    assert (course.key, course.unit) == ("creatinine", "umol/L")
    assert [t.time[:4] for t in course.taken] == ["2024", "2025", "2025"]
    assert [t.value for t in course.taken] == pytest.approx([79.6, 106.1, 126.0], abs=0.1)
    assert course.latest.value == Quantity(126.0, "umol/L")


def test_what_cannot_be_converted_stays_apart() -> None:
    found = courses(
        [
            sent("Creatinine", 1.2, "mg/dL", "2025-01-02", "2160-0"),
            sent("Creatinine", 5, "weird", "2024-01-02", "2160-0"),
        ]
    )
    assert [(c.unit, len(c.taken)) for c in found] == [("mg/dL", 1), ("weird", 1)]


def test_an_unknown_test_is_its_code_or_its_name() -> None:
    assert key_of(sent("Zonulin", 3, "ng/mL", "2025", "99999-9")) == "99999-9"
    assert key_of(sent("Zonulin", 3, "ng/mL", "2025")) == "zonulin"


def test_text_and_social_history_are_no_course() -> None:
    smoking = sent("Packs", 3, "1", "2025", category="social-history")
    words = Observation("x", (), "MRSA", (Source("f", "csv"),), category="laboratory", text_value="positive")
    assert courses([smoking, words]) == ()
    assert in_unit(words, "mg/dL", None) is None
