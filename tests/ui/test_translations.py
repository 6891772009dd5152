"""Every text of the interface has a Chinese entry with the same placeholders; the language switches while running."""

import json
import re

from PySide6.QtWidgets import QLabel

from core.paths import RESOURCES
from tests.ui import builders
from tests.ui.conftest import Pump
from tests.ui.literals import texts
from ui import translate
from ui.keymap import shipped
from ui.translate import LANGUAGE, bind, tr

TABLE = json.loads((RESOURCES / "translations" / "zh.json").read_text("utf-8"))
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def test_literals_are_found() -> None:
    found = texts()
    assert len(found) > 300
    assert {"Worklist", "Can't miss", "What if", "Override with reason…"} <= set(TABLE) and "What if" in found


def test_every_literal_has_a_chinese_entry() -> None:
    missing = {text: file for text, file in texts().items() if text not in TABLE}
    assert not missing


def test_keys_of_the_key_map_have_entries() -> None:
    assert not [b.words for b in shipped() if b.words not in TABLE or b.where not in TABLE]


def test_placeholders_are_the_same() -> None:
    assert not {en: zh for en, zh in TABLE.items() if set(PLACEHOLDER.findall(en)) != set(PLACEHOLDER.findall(zh))}


def test_bound_texts_follow_the_language(app) -> None:  # type: ignore[no-untyped-def]
    label = QLabel()
    bind(label, "setText", "{n} of {total}", n=1, total=2)
    assert label.text() == "1 of 2"
    LANGUAGE.use("zh")
    assert label.text() == "1 / 2"
    label.deleteLater()


def test_unknown_text_falls_back_to_english() -> None:
    LANGUAGE.use("zh")
    assert tr("xyzzy {n}", n=3) == "xyzzy 3"
    translate.MISSING.discard("xyzzy {n}")


def test_walk_through_all_screens_in_chinese(open_window, pump: Pump) -> None:  # type: ignore[no-untyped-def]
    window = open_window(*[c for c in builders.cases() if c.status.value != "signed"])
    translate.MISSING.clear()
    window.switch_language()
    window.session.open_case("c-rowan")
    pump(window.jobs)
    workspace = window.current_workspace()
    workspace.review.differential.working.emit("肺炎")
    pump(window.jobs)
    for pane in ("images", "note", "findings"):
        workspace.review.show_pane(pane)
        pump(window.jobs)
    for page in ("record", "explanation", "treatment", "report", "audit"):
        workspace.show_page(page)
        pump(window.jobs)
        window.grab()
    for place in ("worklist", "models", "admin"):
        window.show_tab(place)
        pump(window.jobs)
        window.grab()
    assert not translate.MISSING
