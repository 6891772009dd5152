"""The Library screen: search, read, follow a link, go back, change the language."""

from collections.abc import Callable

import pytest

from core.library.entry import Kind, Ref
from tests.ui.conftest import Pump
from ui.library.screen import LibraryScreen
from ui.translate import LANGUAGE
from ui.window import Window


@pytest.fixture
def screen(open_window: Callable[..., Window], pump: Pump) -> LibraryScreen:
    window = open_window()
    window.show_tab("library")
    pump(window.jobs)
    return window.library


def opened(screen: LibraryScreen, pump: Pump, ref: Ref) -> None:
    screen.open(ref)
    pump(until=lambda: screen.page.entry is not None and screen.page.entry.ref == ref)


def test_search_and_read(screen: LibraryScreen, pump: Pump) -> None:
    assert screen.kinds.rows[0][2] > 5000 and len(screen.hits.rows) == 200
    screen.search.setText("warfarin")
    pump(until=lambda: 0 < len(screen.hits.rows) < 200)
    screen._open_first()
    pump(screen._session.jobs)
    assert screen.page.entry is not None and screen.page.entry.ref == Ref(Kind.MEDICINE, "warfarin")
    assert "ATC B01AA03" in screen.page._names.text() and "Source:" in screen.page._sources.text()
    screen.grab()


def test_a_link_leads_on_and_back_returns(screen: LibraryScreen, pump: Pump) -> None:
    opened(screen, pump, Ref(Kind.CONDITION, "pneumonia"))
    rows = next(r for r in screen.page.parts if any(line.share for line in r.rows))
    linked = next(line for line in rows.rows if line.target)
    rows.activated.emit(linked)
    pump(until=lambda: screen.page.entry is not None and screen.page.entry.ref == linked.target)
    assert screen.back.isEnabled()
    window = screen.window()
    assert isinstance(window, Window)
    window._back()
    pump(until=lambda: screen.page.entry is not None and screen.page.entry.ref.id == "pneumonia")
    assert not screen.back.isEnabled()


def test_kinds_narrow_down(screen: LibraryScreen, pump: Pump) -> None:
    screen._choose_kind(next(r for r in screen.kinds.rows if r[0] is Kind.RED_FLAG))
    pump(until=lambda: bool(screen.hits.rows) and all(h.ref.kind is Kind.RED_FLAG for h in screen.hits.rows))


def test_in_chinese(screen: LibraryScreen, pump: Pump) -> None:
    opened(screen, pump, Ref(Kind.CONDITION, "pneumonia"))
    LANGUAGE.use("zh")
    pump(screen._session.jobs)
    assert screen.page._title.text() == "肺炎" and screen.kinds.rows[1][1] == "疾病"
    screen.grab()


def test_ctrl_f(screen: LibraryScreen) -> None:
    window = screen.window()
    assert isinstance(window, Window)
    window._find()
    assert screen.search.hasFocus()
