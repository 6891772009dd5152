"""Which older series to lay beside a current one, and where in it the same place is.

The words for body parts and the modalities that may stand for each other are data (`resources/viewer/hanging.json`).
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.imaging.types import Plane, Series
from core.imaging.volume import dot, normal
from core.paths import RESOURCES

SAME_DIRECTION = 0.966
"""Least cosine between normals (15 degrees) for slices to be followed."""


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((RESOURCES / "viewer" / "hanging.json").read_text("utf-8"))
    return loaded


def body_part(series: Series) -> str:
    """The part of the body by one name: as stated, else by a word of the description; "" when neither says it."""
    return part_name(series.body_part, series.description)


def part_name(stated: str, description: str = "") -> str:
    """The same from the two texts."""
    stated = stated.upper()
    told = f" {re.sub(r'[^0-9A-Z一-鿿]+', ' ', description.upper())} "
    for name, words in _table()["body_parts"].items():
        if stated in words or (not stated and any(_said(word, told) for word in words)):
            return str(name)
    return stated


def _said(word: str, told: str) -> bool:
    return word in told if not word.isascii() else f" {word} " in told


def group(modality: str) -> str:
    """The name under which modalities are compared (CR, DX and DR are all plain films)."""
    for name, members in _table()["groups"].items():
        if modality in members:
            return str(name)
    return modality


def day(series: Series) -> str:
    """ISO day of a series, "" when not stated."""
    return series.instances[0].time[:10]


@dataclass(frozen=True, slots=True)
class Pair:
    """The prior chosen for a series, and the words why."""

    prior: Series
    days: int | None
    same_view: bool


def prior_of(current: Series, candidates: Iterable[Series]) -> Pair | None:
    """The best older series: same modality group and body part, then same view, orientation and description, newest.

    None where no candidate is older and of the same group and part. A series that states no part pairs only with one of
    the same description.
    """
    kind, when = group(current.modality), day(current)
    found = [c for c in candidates if group(c.modality) == kind and _same_part(current, c) and _older(day(c), when)]
    if not found:
        return None
    best = max(found, key=lambda c: (*_likeness(current, c), day(c)))
    return Pair(best, _days(day(best), when), best.instances[0].view == current.instances[0].view)


def _same_part(a: Series, b: Series) -> bool:
    part = body_part(a)
    return part == body_part(b) and (bool(part) or a.description.casefold() == b.description.casefold())


def _older(day_: str, than: str) -> bool:
    return bool(day_) and bool(than) and day_ < than


def _days(earlier: str, later: str) -> int | None:
    from datetime import date

    try:
        return (date.fromisoformat(later) - date.fromisoformat(earlier)).days
    except ValueError:
        return None


def _likeness(a: Series, b: Series) -> tuple[bool, bool, bool]:
    view = a.instances[0].view == b.instances[0].view
    return view, _parallel(_first_plane(a), _first_plane(b)), a.description.casefold() == b.description.casefold()


def _first_plane(series: Series) -> Plane | None:
    planes = series.instances[0].planes
    return planes[0] if planes else None


def _parallel(a: Plane | None, b: Plane | None) -> bool:
    return a is not None and b is not None and abs(dot(normal(a), normal(b))) >= SAME_DIRECTION


def depths(series: Series) -> list[float] | None:
    """Position of each frame along the stack's own normal in mm, normal pointing to the head, the back or the left.

    None where a frame states no plane or the planes are not parallel.
    """
    planes = [a.instance.planes[a.frame] if a.frame < len(a.instance.planes) else None for a in series.addresses()]
    first = planes[0] if planes else None
    if first is None:
        return None
    along = normal(first)
    main = max(range(3), key=lambda i: abs(along[i]))
    sign = 1.0 if along[main] > 0 else -1.0
    found = []
    for plane in planes:
        if plane is None or abs(dot(normal(plane), along)) < SAME_DIRECTION:
            return None
        found.append(sign * dot(plane.position, along))
    return found


@dataclass(frozen=True, slots=True)
class Link:
    """How the frames of one stack follow another's. `offset_mm` is added to the leader's position."""

    how: str
    """"position" (one frame of reference), "relative" (share of the stack, or mm from a place set by hand)."""
    offset_mm: float = 0.0
    by_hand: bool = False


def link(leader: Series, follower: Series) -> Link | None:
    """The way two stacks can be linked; None where they are not parallel stacks.

    Without a common frame of reference the stacks' middles are laid on each other until the reader sets a place.
    """
    a, b = depths(leader), depths(follower)
    if a is None or b is None or not _parallel(_first_plane(leader), _first_plane(follower)):
        return None
    one, other = leader.instances[0].frame_of_reference_uid, follower.instances[0].frame_of_reference_uid
    if one and one == other:
        return Link("position")
    return Link("relative", _middle(b) - _middle(a))


def set_by_hand(leader: Sequence[float], at: int, follower: Sequence[float], other: int) -> Link:
    """The link that holds when the reader says: these two slices show the same place."""
    return Link("relative", follower[other] - leader[at], by_hand=True)


def nearest(depth_mm: float, follower: Sequence[float]) -> int:
    """The frame whose position is nearest."""
    return min(range(len(follower)), key=lambda i: abs(follower[i] - depth_mm))


def _middle(values: Sequence[float]) -> float:
    return (min(values) + max(values)) / 2
