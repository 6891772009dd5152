"""Work in small steps: order, dropping, an error in a step; pages made ahead; what a change of look leaves."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QWidget

from tests.ui import builders
from ui.case.workspace import Workspace
from ui.slices import Slices
from ui.theme.theme import THEME, stylesheet


def steps(name: str, count: int, said: list[str]) -> Iterator[None]:
    for i in range(count):
        said.append(f"{name}{i}")
        yield


def test_slices_run_in_order(app, pump) -> None:  # type: ignore[no-untyped-def]
    made, said = Slices(), list[str]()
    made.run("a", steps("a", 3, said))
    made.run("b", steps("b", 2, said))
    pump(until=lambda: not made.busy())
    assert said == ["a0", "a1", "a2", "b0", "b1"]


def test_a_newer_run_replaces_the_older(app) -> None:  # type: ignore[no-untyped-def]
    made, said = Slices(), list[str]()
    made.run("a", steps("old", 3, said))
    made.run("a", steps("new", 1, said))
    made.finish()
    assert said == ["new0"]


def test_an_error_ends_its_own_steps_only(app) -> None:  # type: ignore[no-untyped-def]
    made, said = Slices(), list[str]()

    def broken() -> Iterator[None]:
        yield
        raise ValueError("step")

    made.run("broken", broken())
    made.run("b", steps("b", 1, said))
    with pytest.raises(ValueError, match="step"):
        made.finish()
    made.finish()
    assert said == ["b0"] and not made.busy()


def test_pages_are_made_ahead_and_filled(open_window, pump) -> None:  # type: ignore[no-untyped-def]
    window = open_window(builders.rowan())
    case_id = builders.rowan().id
    window.session.open_case(case_id)
    pump(window.jobs, until=lambda: case_id in window.workspaces and window.workspaces[case_id].isVisible())
    workspace: Workspace = window.workspaces[case_id]
    assert set(workspace.pages) == {"review"}
    workspace.make_ahead()
    pump(until=lambda: "report" in workspace.pages and not window.slices.busy())
    assert {"record", "treatment", "explanation", "report"} <= set(workspace.pages)
    assert workspace.tabs.current == "review" and workspace.review.isVisible()


def test_hidden_parts_follow_the_theme(open_window, pump) -> None:  # type: ignore[no-untyped-def]
    window = open_window()
    window.switch_theme()
    window.slices.finish()
    assert window.worklist.styleSheet() == stylesheet("light")
    pump(until=lambda: window.admin.styleSheet() == stylesheet("light"))
    window.switch_theme()
    window.slices.finish()
    window.show_tab("models")
    assert window.models.styleSheet() == stylesheet("dark")


def test_a_closed_part_is_forgotten(app) -> None:  # type: ignore[no-untyped-def]
    part = QWidget()
    THEME.dress(part)
    part.deleteLater()
    del part
    before = THEME.name
    THEME.apply("light", "en")
    THEME.apply(before, "en")
