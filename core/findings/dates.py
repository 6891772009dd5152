"""Dates as records write them."""

from datetime import UTC, datetime


def moment(text: str) -> datetime | None:
    """A timezone-aware moment from an ISO 8601 date or date-time (UTC where none is said); None when there is none."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
