"""What each action of the viewer is called, from `resources/viewer/actions.json`."""

from dataclasses import dataclass
from functools import cache

from core.domain.basics import Label
from ui.translate import LANGUAGE
from ui.viewer.presets import read


@dataclass(frozen=True, slots=True)
class Group:
    """Actions that belong together, by id."""

    name: Label
    actions: tuple[tuple[str, Label], ...]


@cache
def groups() -> tuple[Group, ...]:
    """All actions in their groups."""
    return tuple(
        Group(Label(g["en"], g["zh"]), tuple((a["id"], Label(a["en"], a["zh"])) for a in g["actions"]))
        for g in read("actions")["groups"]
    )


@cache
def labels() -> dict[str, Label]:
    """Action -> its name."""
    return {action: label for group in groups() for action, label in group.actions}


def name(action: str) -> str:
    """The name in the language in use; the id where there is none."""
    found = labels().get(action)
    return found.text(LANGUAGE.code) if found is not None else action
