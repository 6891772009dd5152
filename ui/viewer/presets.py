"""Window presets and key tables from `resources/viewer`. No Qt."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.domain.basics import Label
from core.imaging.pairing import part_name
from core.imaging.pixels import Frame
from core.imaging.window import Table, Window
from core.paths import RESOURCES


@dataclass(frozen=True, slots=True)
class Preset:
    """A numbered window. `share` is a part of the image's own range, for modalities without absolute units."""

    key: int
    label: Label
    centre: float = 0.0
    width: float = 0.0
    share: tuple[float, float] | None = None

    def window(self, image: Frame) -> Window | Table:
        """The window for an image; preset 1 is the file's own."""
        if self.key == 1:
            return image.default_window()
        if self.share is None:
            return Window(self.centre, self.width)
        full = image.full_range()
        low = full.centre - full.width / 2
        a, b = (low + full.width * s for s in self.share)
        return Window((a + b) / 2, max(b - a, 1e-6), "LINEAR_EXACT")


@cache
def read(name: str) -> Any:
    """A data file of the viewer."""
    return json.loads((RESOURCES / "viewer" / f"{name}.json").read_text("utf-8"))


def presets(modality: str) -> tuple[Preset, ...]:
    """Presets of a modality in key order; 1 is always the file's own window."""
    table = read("presets")
    entries = table.get(modality, table["other"])
    named = tuple(
        Preset(
            e["key"],
            Label(e["en"], e["zh"]),
            e.get("centre", 0.0),
            e.get("width", 0.0),
            (e["share"][0], e["share"][1]) if "share" in e else None,
        )
        for e in entries
    )
    return (Preset(1, Label("Default", "默认")), *named)


@dataclass(frozen=True, slots=True)
class Hanging:
    """How a study is first shown: viewports, the order of views, and where a stack starts."""

    layout: str
    views: tuple[str, ...]
    start: str
    prior_beside: bool = False
    """Whether the paired prior is shown beside the current series at once."""


def hanging(modality: str, body_part: str) -> Hanging:
    """The first rule of `hanging.json` that fits; its last rule fits everything. Any word for a body part will do."""
    body_part = part_name(body_part)
    for rule in read("hanging")["rules"]:
        modalities, parts = rule.get("modality", ()), rule.get("body_part", ())
        if (not modalities or modality in modalities) and (not parts or body_part in parts):
            return Hanging(
                str(rule.get("layout", 1)),
                tuple(rule.get("views", ())),
                rule.get("start", "first"),
                rule.get("prior") == "beside",
            )
    return Hanging("1", (), "first")


def keys() -> dict[str, str]:
    """Key sequence -> action."""
    return dict(read("keys"))
