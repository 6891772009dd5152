"""Dates as written by HL7 v2 and CDA (YYYYMMDDHHMMSS+ZZZZ) and in notes, to ISO 8601."""

import re
from datetime import date

_HL7 = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(\d\d)?(\.\d+)?)?\s*([+-]\d{2}:?\d{2})?$")
_ISO = re.compile(r"\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})")


def iso(stamp: str) -> str:
    """An HL7 time stamp at its own precision as ISO 8601; what is not one comes back as it was."""
    stamp = stamp.strip()
    match = _HL7.match(stamp)
    if not match or not _valid(match):
        return stamp
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    out = "-".join(part for part in (year, month, day) if part)
    if hour and day:
        out += f"T{hour}:{minute or '00'}" + (f":{second}{fraction or ''}" if second else "")
        out += f"{zone[:3]}:{zone[-2:]}" if zone else ""
    return out


def _valid(match: re.Match[str]) -> bool:
    year, month, day, hour, minute, second = (int(g) if g else 0 for g in match.groups()[:6])
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return False
    return hour < 25 and minute < 60 and second < 61


def day(stamp: str) -> date | None:
    """The calendar day of an ISO or HL7 time stamp, or None when it is not a whole valid date."""
    match = _ISO.match(stamp) or re.match(r"\s*(\d{4})(\d\d)(\d\d)", stamp)
    if not match:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
