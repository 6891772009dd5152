import pytest

from core.diagnosis.observations import observe
from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Status
from core.knowledge import condition_tables


def finding(name: str, status: Status, origin: Origin = Origin.NOTE) -> Finding:
    return Finding(name, Coding("consilium", name), Label(name), status, origin, Source("note", "text"))


@pytest.mark.parametrize(
    ("told", "origin", "kept"),
    [("chest_pain", Origin.NOTE, False), ("chest_pain", Origin.CLINICIAN, True), ("cough", Origin.NOTE, True)],
)
def test_one_kind_of_pain_denied_is_not_no_pain_where_another_is_told(told: str, origin: Origin, kept: bool) -> None:
    tables = condition_tables.load()
    seen = observe((finding("pain", Status.ABSENT, origin), finding(told, Status.PRESENT)), tables)
    assert ("pain" in {o.finding.id for o in seen}) is kept and len(seen) == 1 + kept
