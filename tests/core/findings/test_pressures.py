"""Several blood pressures in one sentence: the last or the higher one decides, and postures and arms are compared."""

import pytest

from core.domain.basics import Source
from core.domain.finding import Status
from core.domain.record import Note, Patient
from core.findings.laboratory import newest, values_of
from core.findings.text import findings_in
from core.findings.values import values_in


def _note(text: str) -> Note:
    return Note("n", text, Source("n", "text"))


@pytest.mark.parametrize(
    ("text", "systolic"),
    [
        ("BP 128/80, later 190/120.", 190),
        ("BP 150/95, 165/100 and 148/92 on three visits.", 148),
        ("BP 88/50 during the operation, now 118/70.", 118),
        ("BP swings between 110/60 and 190/120.", 190),
        ("BP swings between 190/120 and 110/60.", 190),
        ("BP 120/80 lying and 85/50 standing.", 120),
        ("BP 148/84 in the right arm and 110/70 in the left.", 148),
        ("BP 150/95 in clinic, 124/76 at home.", 150),
        ("血压150/95，后升至180/110mmHg", 180),
    ],
)
def test_the_pressure_that_decides(text: str, systolic: float) -> None:
    values = newest(values_of(values_in(_note(text))))
    assert [v.quantity.value for v in values if v.analyte.id == "systolic_bp"] == [systolic]


@pytest.mark.parametrize(
    ("text", "finding", "status"),
    [
        ("BP 120/80 lying and 85/50 standing.", "orthostatic_hypotension", Status.PRESENT),
        ("Lying BP 150/88, standing 92/54 without a rise in pulse.", "orthostatic_hypotension", Status.PRESENT),
        ("Her pressure falls from 132/80 to 98/60 on standing.", "orthostatic_hypotension", Status.PRESENT),
        ("卧位血压150/88，立位92/54。", "orthostatic_hypotension", Status.PRESENT),
        ("Lying BP 128/80, standing 126/78.", "orthostatic_hypotension", Status.ABSENT),
        ("Lying BP 128/80, standing 114/78.", "orthostatic_hypotension", None),
        ("BP 148/84 in the right arm and 110/70 in the left.", "arm_blood_pressure_difference", Status.PRESENT),
        ("BP right arm 178/90, left arm 130/80.", "arm_blood_pressure_difference", Status.PRESENT),
        ("BP 148/84 in the right arm and 140/80 in the left.", "arm_blood_pressure_difference", None),
        ("左上肢血压180/100，右上肢130/80。", "arm_blood_pressure_difference", Status.PRESENT),
    ],
)
def test_postures_and_arms_are_compared(text: str, finding: str, status: Status | None) -> None:
    found = {f.code.code: f.status for f in findings_in(_note(text), Patient())}
    assert found.get(finding) is status
