"""Growth: published centiles come out of the tables, the way back is exact, and nothing is said without age and sex."""

import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.basics import Coding, Quantity, Source
from core.domain.record import Observation, Patient, Record, Sex
from core.risk.growth import CENTILES, centile, charts, lms, standard_for, table, value_at, z_score

BORN = date(2022, 11, 14)


def measured(loinc: str, value: float, unit: str, time: str) -> Observation:
    source = (Source("SYNTHETIC.json", "fhir"),)
    return Observation(
        f"{loinc}{time}", (Coding("LOINC", loinc),), loinc, source, value=Quantity(value, unit), time=time
    )


CHILD = Record(
    patient=Patient(birth_date=BORN, sex=Sex.FEMALE, synthetic=True),
    observations=(
        measured("29463-7", 14.0, "kg", "2025-11-14T09:00"),
        measured("29463-7", 26.5, "[lb_av]", "2024-11-14"),
        measured("8302-2", 0.95, "m", "2025-11-14"),
        measured("718-7", 12.0, "g/dL", "2025-11-14"),
    ),
)


@pytest.mark.parametrize(
    ("standard", "measure", "sex", "months", "z", "value"),
    [
        # WHO simplified field tables: boys' weight at birth and 12 months, girls' length at 6, BMI at 10 years, HC at 24
        ("who", "weight", Sex.MALE, 0, 0, 3.3),
        ("who", "weight", Sex.MALE, 12, -2, 7.7),
        ("who", "weight", Sex.MALE, 12, 2, 12.0),
        ("who", "height", Sex.FEMALE, 6, 0, 65.7),
        ("who", "height", Sex.FEMALE, 6, -3, 58.9),
        ("who", "bmi", Sex.FEMALE, 120, 2, 22.6),
        ("who", "bmi", Sex.MALE, 120, 1, 18.5),
        ("who", "head_circumference", Sex.MALE, 24, 0, 48.3),
        ("who", "height", Sex.MALE, 228, 0, 176.5),
        # CDC 2000: 50th centile of boys' and girls' stature at 20 years
        ("cdc", "height", Sex.MALE, 240, 0, 176.8),
        ("cdc", "height", Sex.FEMALE, 240, 0, 163.3),
    ],
)
def test_published_values(standard: str, measure: str, sex: Sex, months: float, z: float, value: float) -> None:
    found = lms(standard, measure, sex, months)
    assert found is not None
    assert value_at(z, found) == pytest.approx(value, abs=0.06)


@given(
    st.sampled_from([(s, m) for s, e in table()["standards"].items() for m in e["measures"]]),
    st.sampled_from([Sex.FEMALE, Sex.MALE]),
    st.floats(24, 60),
    st.floats(-3, 3),
)
def test_there_and_back(which: tuple[str, str], sex: Sex, months: float, z: float) -> None:
    found = lms(*which, sex, months)
    assert found is not None
    assert z_score(*which, sex, months, value_at(z, found)) == pytest.approx(z, abs=1e-9)


def test_beyond_three_standard_deviations_weight_counts_in_steps() -> None:
    found = lms("who", "weight", Sex.FEMALE, 36)
    assert found is not None
    third, second = value_at(3, found), value_at(2, found)
    assert z_score("who", "weight", Sex.FEMALE, 36, third + 2 * (third - second)) == pytest.approx(5)
    third, second = value_at(-3, found), value_at(-2, found)
    assert z_score("who", "weight", Sex.FEMALE, 36, third - 0.5 * (second - third)) == pytest.approx(-3.5)


@pytest.mark.parametrize(("z", "share"), [(0, 50), (-1.880794, 3), (1.644854, 95)])
def test_centile(z: float, share: float) -> None:
    assert centile(z) == pytest.approx(share, abs=1e-3)


def test_the_tables_run_upward_in_age_and_curves_do_not_cross() -> None:
    for name, standard in table()["standards"].items():
        assert standard["source"]["title"] and standard["source"]["year"]
        for measure, by_sex in standard["measures"].items():
            for sex, rows in by_sex.items():
                ages = [r[0] for r in rows]
                assert ages == sorted(set(ages)), (name, measure, sex)
                for row in rows:
                    values = [value_at(z, tuple(row[1:])) for z in (-2, -1, 0, 1, 2)]
                    assert values == sorted(values) and not any(map(math.isnan, values))


def test_a_childs_charts() -> None:
    weight, height = sorted(charts(CHILD), key=lambda c: c.measure, reverse=True)
    assert (weight.measure, weight.standard, weight.unit) == ("weight", "cdc", "kg")
    assert [round(p.value, 2) for p in weight.points] == [12.02, 14.0]
    assert [round(p.age_months) for p in weight.points] == [24, 36]
    assert height.points[0].value == pytest.approx(95) and 55 < (height.points[0].centile or 0) < 65
    assert [c for c, _ in weight.curves] == list(CENTILES)
    assert charts(CHILD, "who")[0].standard == "who"


def test_who_below_two_years_by_itself() -> None:
    assert (standard_for(23.9), standard_for(24)) == ("who", "cdc")
    measured_as_infant = replace(CHILD, observations=(measured("29463-7", 7.4, "kg", "2023-05-14"),))
    (chart,) = charts(measured_as_infant)
    assert chart.standard == "who" and 40 < (chart.points[0].centile or 0) < 60


@pytest.mark.parametrize("patient", [Patient(sex=Sex.FEMALE), Patient(birth_date=BORN), Patient(age_years=3)])
def test_no_chart_without_birth_date_and_sex(patient: Patient) -> None:
    assert charts(replace(CHILD, patient=patient)) == ()


def test_a_point_outside_the_table_has_no_centile() -> None:
    adult = replace(CHILD, patient=Patient(birth_date=date(1980, 1, 1), sex=Sex.MALE))
    assert charts(adult) == ()
    assert z_score("cdc", "weight", Sex.FEMALE, 12, 9.0) is None
    assert z_score("who", "weight", Sex.UNKNOWN, 12, 9.0) is None
