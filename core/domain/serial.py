"""Domain types to JSON and back, without loss."""

import hashlib
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def to_json(value: object, *, indent: int | None = None) -> bytes:
    """Any domain object as UTF-8 JSON; keys in field order, so the same object gives the same bytes."""
    data = msgspec.json.encode(value)
    return msgspec.json.format(data, indent=indent) if indent else data


def from_json(data: bytes | str, kind: type[T]) -> T:
    """The object again. Raises `msgspec.ValidationError` where the data does not fit the type."""
    return msgspec.json.decode(data, type=kind)


def to_plain(value: object) -> Any:
    """Any domain object as dicts, lists and scalars."""
    return msgspec.to_builtins(value)


def digest(value: object) -> str:
    """SHA-256 of an object's JSON."""
    return hashlib.sha256(to_json(value)).hexdigest()
