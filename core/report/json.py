"""A case as plain JSON: every field under its own name, nothing left out."""

from typing import Any

import msgspec

from core.domain.case import Case
from core.domain.serial import to_json


def case_json(case: Case) -> dict[str, Any]:
    """The case as dicts, lists and scalars."""
    return msgspec.json.decode(to_json(case), type=dict[str, Any])


def case_bytes(case: Case) -> bytes:
    """The case as indented UTF-8 JSON."""
    return to_json(case, indent=1)
