"""A global view: what moves the estimate of one diagnosis over a set of cases.

Nothing here names a case: no id, name, number or date; ages only as bands. Groups of fewer than `LEAST` cases are counted
but not described, and single points of a finding seen in fewer than `LEAST` cases are left out.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from core.domain.assessment import Assessment, Evidence
from core.domain.basics import Label
from core.domain.finding import Finding, Origin, Status
from core.domain.record import Sex
from core.errors import UserError
from core.progress import Report, silent

LEAST = 5
"""Smallest group that is described (the usual small-cell rule of hospital statistics; expert estimate)."""
BANDS = ((18.0, "under 18"), (40.0, "18-39"), (65.0, "40-64"), (80.0, "65-79"), (float("inf"), "80 and over"))
UNKNOWN = "unknown"
PRESENT, ABSENT = 1.0, 0.0
Code = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Share:
    """One finding's share (nats) in one hypothesis of one case. `value` is the measured quantity in `unit`, or, where the
    finding is only present or absent, 1 or 0 with no unit; None where neither is known."""

    code: Code
    label: Label
    origin: Origin
    weight: float
    value: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class Line:
    """One hypothesis of one case."""

    probability: float
    log_odds: float
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """What the view keeps of a case: band of age, sex, and per hypothesis its line. The first listed one leads."""

    band: str
    sex: str
    leading: str
    labels: tuple[tuple[str, Label], ...]
    lines: tuple[tuple[str, Line], ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A dot: share (nats), the finding's value (see `Share`), its place between the 5th and 95th percentile (0-1, the
    colour; None where it has no value)."""

    weight: float
    value: float | None
    place: float | None


@dataclass(frozen=True, slots=True)
class Importance:
    """A finding over the set: mean absolute share over all its cases (cases that do not have it count as 0), mean share
    where it is, number of cases that have it, its points sorted by share (none below `LEAST` cases)."""

    code: Code
    label: Label
    origin: Origin
    unit: str
    mean_absolute: float
    mean: float
    cases: int
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A subgroup: its cases, and (None below `LEAST` cases) mean probability and each top finding's mean absolute share,
    in the order of `Cohort.findings`."""

    kind: str
    name: str
    cases: int
    probability: float | None
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Cohort:
    """The view. `cases` were asked for, `listed` have the diagnosis in their differential, `leading` have it first."""

    hypothesis_id: str
    label: Label
    cases: int
    listed: int
    leading: int
    mean_probability: float
    median_probability: float
    findings: tuple[Importance, ...]
    groups: tuple[Group, ...]
    choices: tuple[tuple[str, Label, int], ...] = field(default=())
    """Diagnoses that could be shown instead, with the number of cases that list them."""


def band_of(age_years: float | None) -> str:
    """The band of an age."""
    if age_years is None:
        return UNKNOWN
    return next(name for below, name in BANDS if age_years < below)


def member(assessment: Assessment, findings: Sequence[Finding], age_years: float | None, sex: Sex) -> Member | None:
    """What is kept of a case; None where its assessment lists nothing."""
    if not assessment.hypotheses:
        return None
    values = {f.id: _value(f) for f in findings}
    lines = tuple(
        (
            h.id,
            Line(
                h.probability,
                h.log_odds,
                tuple(_share(e, values) for e in (*h.evidence_for, *h.evidence_against)),
            ),
        )
        for h in assessment.hypotheses
    )
    labels = tuple((h.id, h.label) for h in assessment.hypotheses)
    return Member(band_of(age_years), str(sex) or UNKNOWN, assessment.hypotheses[0].id, labels, lines)


def _share(evidence: Evidence, values: dict[str, tuple[float | None, str]]) -> Share:
    value, unit = values.get(evidence.finding_id, (None, ""))
    code = (evidence.code.system, evidence.code.code)
    return Share(code, evidence.label, evidence.origin, evidence.weight, value, unit)


def _value(finding: Finding) -> tuple[float | None, str]:
    if finding.quantity is not None:
        return finding.quantity.value, finding.quantity.unit
    if finding.status is Status.NOT_ASSESSED:
        return None, ""
    return (PRESENT if finding.status is Status.PRESENT else ABSENT), ""


def view(
    members: Iterable[Member], hypothesis_id: str = "", *, top: int = 20, report: Report = silent, total: int = 0
) -> Cohort:
    """The view of a set of cases for one diagnosis (by default the one that leads most often). `UserError` where no case
    lists it. `top`: findings that are kept."""
    kept: list[Member] = []
    for each in members:
        report(len(kept), total, "reading explanations")
        kept.append(each)
    names = {name: label for each in kept for name, label in each.labels}
    counted = Counter(name for each in kept for name, _ in each.labels)
    leading = Counter(each.leading for each in kept)
    if not hypothesis_id and leading:
        hypothesis_id = max(leading, key=lambda name: (leading[name], counted[name], name))
    if hypothesis_id not in counted:
        raise UserError("No case of this set lists that diagnosis.", "Choose other cases, or another diagnosis.")
    lines = [(each, line) for each in kept for name, line in each.lines if name == hypothesis_id]
    found = _importances([line for _, line in lines], top)
    chances = [line.probability for _, line in lines]
    choices = sorted(counted, key=lambda name: (-leading[name], -counted[name], name))
    return Cohort(
        hypothesis_id,
        names[hypothesis_id],
        len(kept),
        len(lines),
        leading[hypothesis_id],
        sum(chances) / len(chances),
        median(chances),
        found,
        _groups(lines, [f.code for f in found]),
        tuple((name, names[name], counted[name]) for name in choices[:60]),
    )


def _importances(lines: Sequence[Line], top: int) -> tuple[Importance, ...]:
    by_code: dict[Code, list[list[Share]]] = {}
    for line in lines:
        own: dict[Code, list[Share]] = {}
        for share in line.shares:
            own.setdefault(share.code, []).append(share)
        for code, shares in own.items():
            by_code.setdefault(code, []).append(shares)
    made = [_importance(code, found, len(lines)) for code, found in by_code.items()]
    return tuple(sorted(made, key=lambda i: (-i.mean_absolute, i.code))[:top])


def _importance(code: Code, found: list[list[Share]], cases: int) -> Importance:
    """`found`: for each case that has the finding its shares (a finding stated twice has two)."""
    sums = [sum(s.weight for s in shares) for shares in found]
    measured = Counter(s.unit for shares in found for s in shares if s.unit)
    unit = measured.most_common(1)[0][0] if measured else ""
    first = found[0][0]
    points = _points(found, sums, unit) if len(found) >= LEAST else ()
    absolute = sum(abs(value) for value in sums) / cases
    return Importance(code, first.label, first.origin, unit, absolute, sum(sums) / len(sums), len(sums), points)


def _points(found: list[list[Share]], sums: list[float], unit: str) -> tuple[Point, ...]:
    # another unit than the usual one has no place on the same axis
    values = [next((s.value for s in shares if s.unit == unit and s.value is not None), None) for shares in found]
    known = sorted(v for v in values if v is not None)
    low, high = (known[int(q * (len(known) - 1))] for q in (0.05, 0.95)) if known else (0.0, 0.0)
    made = []
    for weight, value in zip(sums, values, strict=True):
        place = None
        if value is not None:
            place = min(1.0, max(0.0, (value - low) / (high - low))) if high > low else (1.0 if value else 0.0)
        made.append(Point(weight, value, place))
    return tuple(sorted(made, key=lambda p: (p.weight, p.value or 0.0)))


def _groups(lines: Sequence[tuple[Member, Line]], codes: Sequence[Code]) -> tuple[Group, ...]:
    made = []
    for kind, order in (("age", [*(name for _, name in BANDS), UNKNOWN]), ("sex", [str(s) for s in Sex])):
        names = [each.band if kind == "age" else each.sex for each, _ in lines]
        for name in order:
            own = [line for (_, line), named in zip(lines, names, strict=True) if named == name]
            if own:
                made.append(_group(kind, name, own, codes))
    return tuple(made)


def _group(kind: str, name: str, lines: Sequence[Line], codes: Sequence[Code]) -> Group:
    if len(lines) < LEAST:
        return Group(kind, name, len(lines), None)
    totals = dict.fromkeys(codes, 0.0)
    for line in lines:
        sums: dict[Code, float] = {}
        for share in line.shares:
            sums[share.code] = sums.get(share.code, 0.0) + share.weight
        for code, value in sums.items():
            if code in totals:
                totals[code] += abs(value)
    chance = sum(line.probability for line in lines) / len(lines)
    return Group(kind, name, len(lines), chance, tuple(totals[code] / len(lines) for code in codes))
