import pytest

from core.diagnosis.hypotheses import _measured
from core.domain.basics import Coding, Label, Quantity, Source
from core.domain.finding import Finding, Origin, Status


@pytest.mark.parametrize(
    ("told", "value", "shown"),
    [
        ("blood pressure is 148/92 mm Hg", 92.0, "148/92 mm[Hg]"),
        ("血压168/112mmHg", 112.0, "168/112 mm[Hg]"),
        ("", 92.0, "92 mm[Hg]"),
        ("148/92", 95.0, "95 mm[Hg]"),
    ],
)
def test_a_pressure_told_as_a_pair_stays_a_pair(told: str, value: float, shown: str) -> None:
    quantity = Quantity(value, "mm[Hg]")
    code = Coding("consilium", "elevated_blood_pressure")
    made = Finding(
        "f", code, Label("x"), Status.PRESENT, Origin.VITAL, Source("n", "text", text=told), quantity=quantity
    )
    assert _measured(made, quantity) == shown
