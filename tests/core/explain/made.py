"""Small synthetic cases for views over several of them. Nothing here is clinical reference."""

from core.domain.assessment import Assessment, Evidence, Hypothesis
from core.domain.basics import Coding, Label, Quantity, Source
from core.domain.case import Case, CaseStatus
from core.domain.explanation import Explanation
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Note, Patient, Record, Sex

SOURCE = Source("note.txt", "text", "n1", 0, 5, "Cough")


def finding(code: str, status: Status = Status.PRESENT, value: float | None = None) -> Finding:
    """One finding, measured in mg/L where a value is given."""
    quantity = Quantity(value, "mg/L") if value is not None else None
    return Finding(f"f-{code}", Coding("consilium", code), Label(code), status, Origin.NOTE, SOURCE, quantity=quantity)


def assessment(weights: dict[str, float], base: float = -1.0, other: float = -2.0) -> Assessment:
    """`pneumonia` with these shares, and `embolism` with the first of them turned round."""
    evidence = [Evidence(Coding("consilium", c), Label(c), w, Origin.NOTE, f"f-{c}") for c, w in weights.items()]
    turned = [Evidence(e.code, e.label, -e.weight, e.origin, e.finding_id) for e in evidence[:1]]
    return Assessment(
        "a1",
        "2026-11-22T08:00:00+00:00",
        (_hypothesis("pneumonia", base, evidence), _hypothesis("embolism", other, turned)),
        0.1,
    )


def _hypothesis(name: str, base: float, evidence: list[Evidence]) -> Hypothesis:
    raises = tuple(e for e in evidence if e.weight > 0)
    lowers = tuple(e for e in evidence if e.weight <= 0)
    total = base + sum(e.weight for e in evidence)
    return Hypothesis(name, Label(name), (), "common", 0.4, (0.3, 0.5), base, total, raises, lowers)


def case(number: int, weights: dict[str, float], values: dict[str, float] | None = None, **patient: object) -> Case:
    """A case with its findings and assessment; secrets in the name."""
    person = {"name": f"SECRETPATIENT {number}", "synthetic": True, "age_years": 50.0, "sex": Sex.FEMALE} | patient
    found = tuple(
        finding(c, Status.PRESENT if w > 0 else Status.ABSENT, (values or {}).get(c)) for c, w in weights.items()
    )
    note = Note("n1", f"Cough for {number} days. SYNTHETIC.", SOURCE)
    return Case(
        f"case-{number}",
        "2026-11-22T08:00:00+00:00",
        "",
        CaseStatus.TO_REVIEW,
        record=Record(patient=Patient(**person), notes=(note,)),  # type: ignore[arg-type]
        findings=found,
        assessment=assessment(weights),
        explanation=Explanation("a1"),
    )
