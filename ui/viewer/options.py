"""The user's choices for the viewer, kept with the settings of the program."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from core.imaging.cache import DEFAULT_BUDGET
from ui.viewer import presets

if TYPE_CHECKING:
    from ui.settings import Settings

NAME = "viewer"
LEAST_MB, MOST_MB = 256, 65_536


@dataclass(frozen=True, slots=True)
class Options:
    """`keys`: action -> keys in place of the shipped ones; `mouse`: gesture -> what it does; see `gestures`."""

    memory_mb: int = DEFAULT_BUDGET >> 20
    smooth: bool = True
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mouse: dict[str, str] = field(default_factory=dict)

    @property
    def budget_bytes(self) -> int:
        """Memory for decoded images."""
        return self.memory_mb << 20


class Changes(QObject):
    """Told to all open viewers and the window when choices were saved."""

    saved = Signal()


CHANGES = Changes()


def load(settings: Settings | None) -> Options:
    """The choices as kept; what does not fit is left at the default."""
    kept: dict[str, Any] = (settings.get(NAME) if settings is not None else None) or {}
    memory = kept.get("memory_mb")
    keys, mouse = kept.get("keys") or {}, kept.get("mouse") or {}
    return Options(
        memory_mb=min(max(memory, LEAST_MB), MOST_MB) if isinstance(memory, int) else DEFAULT_BUDGET >> 20,
        smooth=bool(kept.get("smooth", True)),
        keys={str(a): tuple(str(k) for k in v) for a, v in keys.items() if isinstance(v, list)},
        mouse={str(g): str(does) for g, does in mouse.items()},
    )


def save(settings: Settings, options: Options) -> None:
    """Keep the choices and tell all viewers."""
    settings.set(
        NAME,
        {
            "memory_mb": options.memory_mb,
            "smooth": options.smooth,
            "keys": {action: list(keys) for action, keys in options.keys.items()},
            "mouse": dict(options.mouse),
        },
    )
    CHANGES.saved.emit()


def key_table(options: Options) -> dict[str, str]:
    """Key -> action: the shipped keys, with those of changed actions replaced."""
    table = {key: action for key, action in presets.keys().items() if action not in options.keys}
    return table | {key: action for action, keys in options.keys.items() for key in keys}


def keys_of(table: dict[str, str]) -> dict[str, str]:
    """Action -> its first key, for menus and tooltips."""
    found: dict[str, str] = {}
    for key, action in table.items():
        found.setdefault(action, key)
    return found
