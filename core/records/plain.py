"""Reading untrusted JSON: whatever has the wrong shape counts as not there, and never raises."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from core.errors import Unreadable
from core.records.limits import MAX_DEPTH, MAX_TEXT_BYTES, MAX_VALUES, check_size

Plain = dict[str, Any]


def parse(data: bytes, file: str) -> Any:
    """JSON as dicts, lists and scalars. Raises `Unreadable` for what is not JSON, too large or too deep."""
    check_size(file, len(data), MAX_TEXT_BYTES)
    if data.count(b",") > MAX_VALUES:
        raise Unreadable(f"{file} holds more than {MAX_VALUES} values.", "Export a smaller part of the record.")
    try:
        value = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"{file} is not valid JSON ({error}).", "Export it again.") from error
    if _too_deep(value):
        raise Unreadable(f"{file} nests its data more than {MAX_DEPTH} levels deep.", "It is damaged or hostile.")
    return value


def _too_deep(value: Any) -> bool:
    level: list[Any] = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        following: list[Any] = []
        for item in level:
            inner = item.values() if isinstance(item, dict) else item
            following.extend(v for v in inner if isinstance(v, dict | list))
        if not following:
            return False
        level = following
    return True


def at(value: Any, *path: str | int) -> Any:
    """The value at a path of keys and indices, or None."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and 0 <= step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return None
    return value


def text(value: Any, *path: str | int) -> str:
    """A string at a path, trimmed; "" where there is none. Numbers and booleans are spelled out."""
    found = at(value, *path) if path else value
    if isinstance(found, str):
        return found.strip()
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int | float) and math.isfinite(found):
        return f"{found:g}" if isinstance(found, float) else str(found)
    return ""


def number(value: Any, *path: str | int) -> float | None:
    """A finite number at a path (a numeric string counts), or None."""
    found = at(value, *path) if path else value
    if isinstance(found, bool):
        return None
    if isinstance(found, str):
        try:
            found = float(found)
        except ValueError:
            return None
    if isinstance(found, int):
        found = float(found) if abs(found) < 10**300 else math.inf
    return found if isinstance(found, float) and math.isfinite(found) else None


def node(value: Any, *path: str | int) -> Plain:
    """A JSON object at a path; empty where there is none."""
    found = at(value, *path) if path else value
    return found if isinstance(found, dict) else {}


def nodes(value: Any, *path: str | int) -> list[Plain]:
    """The JSON objects of a list at a path; a single object counts as a list of one."""
    found = at(value, *path) if path else value
    if isinstance(found, dict):
        return [found]
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def walk(value: Any) -> Iterator[Plain]:
    """Every JSON object inside a value, itself included."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield item
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
