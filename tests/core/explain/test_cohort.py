"""The global view against shares known by hand; nothing in it may name a case."""

import csv
import io
from pathlib import Path

import pytest
from PIL import Image

from core.domain.case import Case
from core.domain.record import Sex
from core.errors import UserError
from core.explain.cohort import LEAST, Cohort, Member, band_of, member, view
from core.explain.cohort_export import COLUMNS, csv_text, draw
from core.progress import Cancelled
from tests.core.explain import made


def of(case: Case) -> Member:
    patient = case.record.patient
    assert case.assessment is not None
    found = member(case.assessment, case.findings, patient.age_years, patient.sex)
    assert found is not None
    return found


def cohort(count: int = 12, hypothesis: str = "") -> Cohort:
    """Every case has fever (1), every second one crp (k / 10, value 10 k), two a rash."""
    cases = []
    for k in range(count):
        weights = {"fever": 1.0} | ({"crp": k / 10} if k % 2 else {}) | ({"rash": -0.5} if k < 2 else {})
        sex = Sex.MALE if k < 3 else Sex.FEMALE
        cases.append(made.case(k, weights, {"crp": 10.0 * k}, sex=sex, age_years=30.0 if k < 6 else 70.0))
    return view((of(c) for c in cases), hypothesis)


def test_means_count_cases_without_the_finding_as_nothing() -> None:
    found = cohort()
    assert found.hypothesis_id == "pneumonia" and (found.cases, found.listed, found.leading) == (12, 12, 12)
    fever, crp, rash = found.findings
    assert fever.mean_absolute == pytest.approx(1.0) and fever.cases == 12
    odd = [k / 10 for k in range(1, 12, 2)]
    assert crp.mean_absolute == pytest.approx(sum(odd) / 12) and crp.mean == pytest.approx(sum(odd) / 6)
    assert rash.mean == pytest.approx(-0.5) and rash.cases == 2


def test_dependence_keeps_value_and_share_together_and_small_cells_keep_none() -> None:
    _fever, crp, rash = cohort().findings
    assert [(p.value, round(p.weight, 3)) for p in crp.points] == [(10.0 * k, k / 10) for k in range(1, 12, 2)]
    assert crp.unit == "mg/L" and crp.points[0].place == 0.0 and crp.points[-1].place == 1.0
    assert rash.points == (), "two cases would be recognised"


def test_subgroups_below_the_least_size_are_counted_only() -> None:
    groups = {(g.kind, g.name): g for g in cohort().groups}
    assert groups["sex", "male"].cases == 3 and groups["sex", "male"].probability is None
    assert groups["sex", "female"].probability == pytest.approx(0.4)
    young = groups["age", "18-39"]
    assert young.cases == 6 >= LEAST and young.shares[1] == pytest.approx((0.1 + 0.3 + 0.5) / 6)
    assert [band_of(a) for a in (None, 17.9, 18, 64, 65, 99)] == [
        "unknown", "under 18", "18-39", "40-64", "65-79", "80 and over",
    ]  # fmt: skip


def test_another_diagnosis_can_be_shown_and_one_nobody_has_is_refused() -> None:
    other = cohort(hypothesis="embolism")
    assert other.leading == 0 and other.findings[0].mean == pytest.approx(-1.0)
    assert [name for name, _, _ in other.choices] == ["pneumonia", "embolism"]
    with pytest.raises(UserError):
        cohort(hypothesis="unheard of")
    with pytest.raises(UserError):
        view(())


def test_it_can_be_cancelled() -> None:
    def stop(_done: int, _total: int, _what: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        view((of(made.case(0, {"fever": 1.0})),), report=stop)


def test_the_table_and_the_picture_name_nobody(tmp_path: Path) -> None:
    text = csv_text(cohort())
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS and "SECRET" not in text and "case-" not in text and "2026" not in text
    rash = next(r for r in rows if r["name"] == "rash")
    assert rash["cases"] == "<5" and rash["mean_share"] == ""
    assert sum(r["part"] == "point" for r in rows) == 12 + 6
    draw(cohort(), tmp_path / "view.png")
    with Image.open(tmp_path / "view.png") as image:
        assert image.format == "PNG" and len(image.getcolors(1 << 20) or ()) > 5


def test_a_view_of_a_few_cases_is_not_written(tmp_path: Path) -> None:
    few = cohort(LEAST - 1)
    for work in (lambda: csv_text(few), lambda: draw(few, tmp_path / "view.png")):
        with pytest.raises(UserError, match="Too few"):
            work()
