"""What gives way on narrow windows, and what never does."""

import pytest

from tests.ui import builders
from tests.ui.conftest import Pump
from ui.window import Window

WIDTHS = ((1600, 1000), (1440, 900), (1366, 768), (1280, 800), (1024, 700))


@pytest.fixture
def open_case(open_window, pump: Pump):  # type: ignore[no-untyped-def]
    def make(size: tuple[int, int]) -> Window:
        window: Window = open_window(builders.rowan(), size=size)
        window.session.open_case("c-rowan")
        pump(window.jobs)
        workspace = window.current_workspace()
        assert workspace is not None
        workspace.review.differential.working.emit("Pneumonia")
        pump(window.jobs)
        return window

    return make


@pytest.mark.parametrize("size", WIDTHS)
def test_what_never_gives_way(open_case, size: tuple[int, int], pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window = open_case(size)
    assert window.width() == size[0]
    for badge in (window.appbar.synthetic, window.appbar.offline):
        assert badge.isVisible() and badge.width() >= badge.sizeHint().width()
    workspace = window.current_workspace()
    assert workspace.banner.isVisible() and workspace.banner.height() == 62
    assert window.statusbar_.isVisible()
    differential = workspace.review.differential
    assert [c.hypothesis.id for c in differential.cards if c.hypothesis.cant_miss]
    for page in ("record", "explanation", "treatment", "report", "audit"):
        workspace.show_page(page)
        pump(window.jobs)
        assert window.width() == size[0], f"{page} pushes the window wider"


def test_record_becomes_a_drawer_at_1280(open_case) -> None:  # type: ignore[no-untyped-def]
    window = open_case((1280, 800))
    review = window.current_workspace().review
    assert review.drawer.isVisible() and not review.record.isVisible()
    assert review.drawer.buttons[2].badge == 3
    review.drawer.asked.emit(2)
    assert review.record.isVisible() and review.record.width() == 340
    review.drawer.asked.emit(2)
    assert not review.record.isVisible()
    window.resize(1600, 1000)
    assert review.record.isVisible() and not review.drawer.isVisible()


def test_only_the_selected_card_is_open_at_1280(open_case) -> None:  # type: ignore[no-untyped-def]
    window = open_case((1280, 800))
    cards = window.current_workspace().review.differential.cards
    assert [card.opened for card in cards].count(True) == 1
    assert window.current_workspace().review.differential.next.shown == 3


def test_preview_closes_to_a_toggle_below_1440(open_window) -> None:  # type: ignore[no-untyped-def]
    window = open_window(builders.rowan(), size=(1280, 800))
    assert not window.worklist.preview.isVisible()
    window.worklist.show_preview.click()
    assert window.worklist.preview.isVisible()
    window.resize(1600, 1000)
    assert window.worklist.preview.isVisible()


def test_matrix_becomes_a_list_at_1280(open_case, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window = open_case((1280, 800))
    workspace = window.current_workspace()
    workspace.show_page("treatment")
    pump(window.jobs)
    page = workspace.page("treatment")
    assert page.cells.isVisible() and not page.matrix.isVisible()
    assert page.cells.rows[0].tier.value == "stop"
