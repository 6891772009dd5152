"""A global view as a table (CSV) and as a picture (PNG). Neither holds anything that names a case."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from core.errors import UserError
from core.explain.cohort import LEAST, Cohort, Importance, Point

COLUMNS = ("part", "name", "code", "unit", "cases", "mean_absolute_share", "mean_share", "share", "value")
_ROW, _LABEL, _BAR, _SWARM, _TOP = 30, 260, 240, 420, 60
_RAISES, _LOWERS, _PLAIN = (255, 85, 145), (75, 150, 255), (140, 140, 140)
_SHOWN = 20


def check(cohort: Cohort) -> None:
    """Raise `UserError` for a view of so few cases that it would describe single ones."""
    if cohort.listed < LEAST:
        raise UserError("Too few cases to write the view to a file.", f"At least {LEAST} must list the diagnosis.")


def csv_text(cohort: Cohort, language: str = "en") -> str:
    """One table: a row per finding, per subgroup and finding, and per point (values to three digits). Shares in nats."""
    check(cohort)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerow(
        ("diagnosis", cohort.label.text(language), cohort.hypothesis_id, "", few(cohort.listed), "", "", "", "")
    )
    writer.writerows(_findings(cohort, language))
    writer.writerows(_groups(cohort, language))
    writer.writerows(_points(cohort, language))
    return out.getvalue()


def few(count: int) -> str:
    """A count; small ones are not told."""
    return str(count) if count >= LEAST or count == 0 else f"<{LEAST}"


def figure(value: float | None) -> str:
    """Three digits."""
    return "" if value is None else f"{value:.3g}"


def _code(finding: Importance) -> str:
    return ":".join(finding.code)


def _findings(cohort: Cohort, language: str) -> Iterator[tuple[str, ...]]:
    for f in cohort.findings:
        mean = figure(f.mean) if f.cases >= LEAST else ""
        yield ("finding", f.label.text(language), _code(f), f.unit, few(f.cases), figure(f.mean_absolute), mean, "", "")


def _groups(cohort: Cohort, language: str) -> Iterator[tuple[str, ...]]:
    for group in cohort.groups:
        name = f"{group.kind} {group.name}"
        yield ("group", name, "", "probability", few(group.cases), "", "", "", figure(group.probability))
        for f, share in zip(cohort.findings, group.shares, strict=False):
            yield ("group finding", name, _code(f), "", few(group.cases), figure(share), "", "", "")


def _points(cohort: Cohort, language: str) -> Iterator[tuple[str, ...]]:
    for f in cohort.findings:
        for point in f.points:
            yield (
                "point",
                f.label.text(language),
                _code(f),
                f.unit,
                "",
                "",
                "",
                figure(point.weight),
                figure(point.value),
            )


def draw(cohort: Cohort, out: Path) -> None:
    """Mean absolute shares as bars, and every case's share as a dot beside them (red: a high or present value)."""
    check(cohort)
    shown = cohort.findings[:_SHOWN]
    width = _LABEL + _BAR + _SWARM + 60
    image = Image.new("RGB", (width, _TOP + _ROW * len(shown) + 40), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=14)
    title = f"{cohort.label.en}: what moved the estimate, {few(cohort.listed)} cases (nats)"
    pen.text((16, 12), title, fill="black", font=ImageFont.load_default(size=17))
    pen.text((_LABEL, 38), "mean absolute share", fill="#555555", font=font)
    pen.text((_LABEL + _BAR + 30, 38), "share in each case", fill="#555555", font=font)
    longest = max((f.mean_absolute for f in shown), default=1.0) or 1.0
    reach = max((abs(p.weight) for f in shown for p in f.points), default=1.0) or 1.0
    zero = _LABEL + _BAR + 30 + _SWARM // 2
    pen.line((zero, _TOP, zero, _TOP + _ROW * len(shown)), fill="#999999")
    for k, f in enumerate(shown):
        y = _TOP + k * _ROW + _ROW // 2
        pen.text((16, y - 9), _cut(f.label.en, 32), fill="black", font=font)
        wide = _BAR * 0.7 * f.mean_absolute / longest
        pen.rectangle((_LABEL, y - 8, _LABEL + wide, y + 8), fill=_RAISES if f.mean >= 0 else _LOWERS)
        pen.text((_LABEL + wide + 6, y - 9), f"{f.mean_absolute:.2f}", fill="black", font=font)
        for (x, down), point in zip(swarm(f.points, reach, _SWARM / 2, _ROW / 2 - 3), f.points, strict=True):
            pen.ellipse((zero + x - 2.5, y + down - 2.5, zero + x + 2.5, y + down + 2.5), fill=_tone(point))
    for value in (-reach, 0.0, reach):
        x = zero + value / reach * _SWARM / 2
        pen.text((x - 16, _TOP + _ROW * len(shown) + 8), f"{value:+.1f}", fill="#555555", font=font)
    image.save(out, "PNG")


def swarm(points: tuple[Point, ...], reach: float, half: float, tall: float) -> list[tuple[float, float]]:
    """Places of dots sorted by share: across by share (`reach` at `half`), up and down in turn where they would lie on each
    other, within `tall`."""
    places = []
    stacked: dict[int, int] = {}
    for point in points:
        x = point.weight / reach * half
        column = round(x / 5)
        number = stacked.get(column, 0)
        stacked[column] = number + 1
        step = (number + 1) // 2 * (1 if number % 2 else -1) * 4.0
        places.append((x, max(-tall, min(tall, step))))
    return places


def _tone(point: Point) -> tuple[int, int, int]:
    if point.place is None:
        return _PLAIN
    red, green, blue = (round(a + (b - a) * point.place) for a, b in zip(_LOWERS, _RAISES, strict=True))
    return red, green, blue


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
