"""How long a finding has lasted, as notes say it: "for 3 days", "3-day history of", "3天"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.domain.basics import Quantity

_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "couple of": 2, "a couple of": 2, "few": 3, "a few": 3, "several": 4,
    "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
    "半": 0.5, "数": 4, "几": 4, "十余": 12,
}  # fmt: skip
_UNITS = {
    "hour": "h", "hr": "h", "day": "d", "week": "wk", "wk": "wk", "month": "mo", "year": "a", "yr": "a", "minute": "min",
    "小时": "h", "天": "d", "日": "d", "周": "wk", "星期": "wk", "月": "mo", "年": "a", "分钟": "min",
}  # fmt: skip
_ENGLISH = re.compile(
    r"(?<![\w.])(?P<n>\d+(?:\.\d+)?|a couple of|couple of|a few|few|several|an?|one|two|three|four|five|six|seven"
    r"|eight|nine|ten|twelve)"
    r"(?:\s*(?:-|–|to)\s*(?P<m>\d+))?[\s-]*(?P<u>minute|hour|hr|day|week|wk|month|year|yr)s?\b"
    r"(?!['’]?\s*-?\s*old|[\s-]of[\s-]age|\s+(?:of gestation|pregnant))",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    r"(?P<n>\d+(?:\.\d+)?|十余|[一二两三四五六七八九十半数几])\s*(?:[-~～到至](?P<m>\d+))?\s*(?:多|余)?\s*个?(?:多|余)?"
    r"(?P<u>小时|分钟|天|日|周|星期|月|年)(?!龄|岁|初|底|份|\d)"
)
_YESTERDAY = re.compile(r"\bsince (?:yesterday|last night)\b|昨[天日晚]起?", re.IGNORECASE)
_REACH = 60


@dataclass(frozen=True, slots=True)
class Span:
    """A duration and where it stands."""

    value: Quantity
    start: int
    end: int


def durations(text: str, start: int, end: int) -> list[Span]:
    """All durations between two offsets, ages left out."""
    return sorted(_found(text, start, end), key=lambda span: span.start)


def _found(text: str, start: int, end: int) -> Iterator[Span]:
    for pattern in (_ENGLISH, _CHINESE):
        for m in pattern.finditer(text, start, end):
            number = m.group("m") or m.group("n").lower()
            value = _NUMBERS.get(number)
            value = float(number) if value is None else float(value)
            yield Span(Quantity(value, _UNITS[m.group("u").lower()]), m.start(), m.end())
    for m in _YESTERDAY.finditer(text, start, end):
        yield Span(Quantity(1.0, "d"), m.start(), m.end())


def gap(span: Span, start: int, end: int) -> float:
    """Characters between a duration and a match; what precedes counts half a character farther."""
    return span.start - end if span.start >= end else start - span.end + 0.5


def nearest(spans: Sequence[Span], start: int, end: int) -> Quantity | None:
    """The duration closest to a match; what follows goes before what precedes at equal distance."""
    near = [(gap(span, start, end), span.value) for span in spans]
    near = [(distance, value) for distance, value in near if -1 < distance <= _REACH]
    return min(near, key=lambda pair: pair[0])[1] if near else None
