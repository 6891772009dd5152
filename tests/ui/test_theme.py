"""Tokens, contrast, style sheets, icons, and switching while running."""

import re

import pytest

from tests.ui import builders
from ui.theme import icons
from ui.theme.theme import THEME, THEMES, color, stylesheet, tokens
from ui.widgets.chip import TINTS, style

HEX = re.compile(r"^#[0-9A-Fa-f]{6}$")


def luminance(token: str) -> float:
    parts = [c / 255 for c in color(token).toTuple()[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_both_themes_have_the_same_tokens() -> None:
    assert set(tokens()["dark"]) == set(tokens()["light"])
    assert all(HEX.match(value) for theme in tokens().values() for value in theme.values())


@pytest.mark.parametrize("theme", THEMES)
def test_style_sheet_has_no_open_token(theme: str) -> None:
    assert "@{" not in stylesheet(theme)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("text", ["text.1", "text.2", "text.3", "accent", "red", "amber", "green", "info", "violet"])
def test_text_is_readable(theme: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(THEME, "name", theme)
    for under in ("bg.app", "bg.panel", "bg.raised", "bg.selected", "bg.hover"):
        assert contrast(text, under) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_chips_are_readable(theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(THEME, "name", theme)
    for tone in TINTS:
        look = style(tone)
        assert look.fill is not None and contrast(look.word, look.fill) >= 4.5
    for tone in ("red", "green", "amber"):
        solid = style(tone, solid=True)
        assert solid.fill is not None and contrast(solid.word, solid.fill) >= 4.5


def test_every_icon_named_in_the_code_exists(app) -> None:  # type: ignore[no-untyped-def]
    for name in ("list", "person", "cube", "book", "shieldcheck", "globe", "sliders", "stop", "alert", "info", "dna"):
        assert not icons.pixmap(name, "text.1", 16).isNull()


def test_icon_takes_the_tokens_colour(app) -> None:  # type: ignore[no-untyped-def]
    image = icons.pixmap("check", "red", 24).toImage()
    strongest = max((image.pixelColor(x, y) for x in range(24) for y in range(24)), key=lambda c: c.alpha())
    wanted = color("red")
    assert abs(strongest.red() - wanted.red()) < 12 and abs(strongest.blue() - wanted.blue()) < 12


def test_theme_switches_while_running(open_window) -> None:  # type: ignore[no-untyped-def]
    window = open_window(builders.rowan())
    at = (30, 600)
    assert window.grab().toImage().pixelColor(*at) == color("bg.app")
    dark = color("bg.app")
    window.switch_theme()
    assert THEME.name == "light" and color("bg.app") != dark
    window.slices.finish()
    assert window.grab().toImage().pixelColor(*at) == color("bg.app")
    assert window.settings.get("theme") == "light"
