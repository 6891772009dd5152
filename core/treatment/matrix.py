"""The interaction matrix: current medicines and proposed drugs as columns, each other and the patient's factors as rows."""

from collections.abc import Iterable
from itertools import combinations

from core.domain.basics import Label
from core.domain.plan import Alert, Matrix, MatrixCell
from core.knowledge import drugs as drug_tables
from core.treatment.alerts import ORDER
from core.treatment.context import Context

_PAIR_KINDS = {"interaction", "qt", "duplicate"}


def matrix(context: Context, proposed: Iterable[str], alerts: Iterable[Alert]) -> Matrix:
    """Non-empty cells only; the worst alert wins a cell. Rows of factors are named by the factor's English label."""
    vocabulary = drug_tables.load()
    current = tuple(dict.fromkeys(drug for medicine in context.current for drug in medicine.drugs))
    new = tuple(dict.fromkeys(drug for drug in proposed if drug not in current))
    cells: dict[tuple[str, str], tuple[int, MatrixCell]] = {}
    factors: dict[str, Label] = {}
    for alert in alerts:
        for row, column in _places(alert, factors):
            cell = MatrixCell(row, column, alert.tier, alert.id)
            if (row, column) not in cells or ORDER[alert.tier] < cells[row, column][0]:
                cells[row, column] = (ORDER[alert.tier], cell)
    return Matrix(
        factors=tuple(factors.values()),
        current=current,
        proposed=new,
        cells=tuple(cell for _, cell in cells.values()),
        names=tuple((drug, vocabulary.label(drug)) for drug in (*current, *new)),
    )


def _places(alert: Alert, factors: dict[str, Label]) -> list[tuple[str, str]]:
    """Where an alert stands: both halves of a pair of drugs, or factor against drug (`factors` is added to)."""
    if alert.kind in _PAIR_KINDS and len(alert.drugs) > 1:
        return [place for a, b in combinations(alert.drugs, 2) for place in ((a, b), (b, a))]
    if alert.kind in {"unknown", "unchecked"} or not alert.drugs:
        return []
    for factor in alert.factors[:1]:
        factors.setdefault(factor.en, factor)
    return [(factor.en, drug) for factor in alert.factors[:1] for drug in alert.drugs]
