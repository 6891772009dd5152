"""What the charts of the record show: the course of a measurement, a child's growth."""

from datetime import datetime, timedelta

from core.domain.basics import Label
from core.domain.case import Case
from core.risk.course import Course, courses, key_of
from core.risk.growth import LABELS, Growth, Point
from ui.case.facts import interpretations, look, number_words, reading, unit_words
from ui.record.lines import Line
from ui.translate import say, tr
from ui.widgets.chart import NAN, Curve, Dot, Drawing

HOUR_S, DAY_S, MONTH_S = 3600.0, 86400.0, 365.25 / 12 * 86400.0


def seconds_of(time: str) -> float | None:
    """An ISO time or day as seconds since 1970 UTC (a time without a zone is taken as UTC: only distances matter)."""
    try:
        read = datetime.fromisoformat(time.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (read.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()


def date_ticks(low: float, high: float, wanted: int) -> tuple[float, ...]:
    """Firsts of years, else of months, else days or hours between two places, at most `wanted`."""
    start, span = datetime(1970, 1, 1) + timedelta(seconds=low), high - low
    for months in (1, 2, 3, 6, 12, 24, 60, 120, 240):
        if span < 60 * DAY_S or span / (months * MONTH_S) > wanted:
            continue
        first = start.year * 12 + start.month - 1
        first -= first % months
        made = (datetime((first + i * months) // 12, (first + i * months) % 12 + 1, 1) for i in range(wanted + 2))
        return tuple(x for at in made if low <= (x := (at - datetime(1970, 1, 1)).total_seconds()) <= high)
    for step in (HOUR_S, 6 * HOUR_S, DAY_S, 2 * DAY_S, 7 * DAY_S, 14 * DAY_S, 28 * DAY_S):
        if span / step <= wanted:
            first_at = -(-low // step) * step
            return (
                tuple(first_at + i * step for i in range(int((high - first_at) // step) + 1))
                if first_at <= high
                else ()
            )
    return ()


def course_of(case: Case, line: Line) -> Course | None:
    """The course a value belongs to, if it has at least two values."""
    if getattr(line.fact, "value", None) is None:
        return None
    same = (o for o in case.record.observations if key_of(o) == key_of(line.fact))
    found = next((c for c in courses(same) if any(t.observation.id == line.id for t in c.taken)), None)
    return found if found is not None and len(found.taken) > 1 else None


def course_drawing(case: Case, course: Course) -> Drawing | None:
    """Values over time with the sender's newest reference range, abnormal ones in their colour."""
    known = interpretations(case)
    dots = []
    for taken in course.taken:
        at = seconds_of(taken.time)
        if at is not None:
            tone = look(reading(taken.observation, known))[1]
            dots.append(Dot(at, taken.value, _value_words(course, taken.value, taken.time), _shade(tone)))
    if len(dots) < 2:
        return None
    last, span = course.latest, dots[-1].x - dots[0].x
    same_unit = last.value is not None and last.value.unit == course.unit
    low = last.reference_low if same_unit and last.reference_low is not None else NAN
    high = last.reference_high if same_unit and last.reference_high is not None else NAN
    name = say(course.label or Label(last.text))
    return Drawing(name, unit_words(course.unit), tuple(dots), lambda x: _date_words(x, span), low, high,
                   x_ticks=date_ticks)  # fmt: skip


def _shade(tone: str) -> str:
    return "accent" if tone == "text.1" else tone


def _value_words(course: Course, value: float, time: str) -> str:
    return f"{time[:16].replace('T', ' ')}: {number_words(value)} {unit_words(course.unit)}".strip()


def _date_words(seconds: float, span: float) -> str:
    at = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    if span < 3 * DAY_S:
        return at.strftime("%m-%d %H:%M")
    return at.strftime("%Y-%m-%d") if span < 800 * DAY_S else at.strftime("%Y-%m")


def growth_drawing(growth: Growth) -> Drawing:
    """Points over the centile curves; ages in months below two years, else in years."""
    oldest = max(x for _, points in growth.curves for x, _ in points)
    years = oldest > 30
    scale = 1 / 12 if years else 1.0
    dots = tuple(Dot(p.age_months * scale, p.value, growth_words(growth, p)) for p in growth.points)
    curves = tuple(
        Curve(f"{centile:g}", tuple((x * scale, y) for x, y in points), centile == 50)
        for centile, points in growth.curves
    )
    unit = tr("years") if years else tr("months")
    name = f"{say(LABELS[growth.measure])} · {say(growth.standard_label)}"
    return Drawing(name, f"{unit_words(growth.unit)} / {unit}", dots, lambda x: f"{x:g}", curves=curves)


def growth_words(growth: Growth, point: Point) -> str:
    """ "2025-11-14: 14 kg, 46th centile (z -0.1)"."""
    words = f"{point.time[:10]}: {number_words(point.value)} {unit_words(growth.unit)}"
    if point.z is None or point.centile is None:
        return words
    share = f"{point.centile:.0f}" if 1 <= point.centile <= 99 else f"{point.centile:.2g}"
    return f"{words}, {tr('centile {n}', n=share)} (z {point.z:+.1f})"
