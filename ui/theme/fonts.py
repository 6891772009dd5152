"""The shipped fonts, and fonts by pixel size. Sizes are whole pixels; figures are tabular."""

from functools import cache, lru_cache
from weakref import WeakSet

from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from core.paths import RESOURCES

FAMILIES = ["Inter", "Noto Sans SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei"]
MONOSPACE = ["JetBrains Mono", *FAMILIES]
CAPTION = 11
_language = "en"
_captions: "WeakSet[QWidget]" = WeakSet()


@cache
def load() -> tuple[str, ...]:
    """Register the font files shipped in `resources/fonts`; returns the families they hold. Needs an application."""
    found: list[str] = []
    for path in sorted((RESOURCES / "fonts").glob("*")):
        if path.suffix.lower() in (".ttf", ".otf", ".ttc"):
            number = QFontDatabase.addApplicationFont(str(path))
            found += QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
    return tuple(dict.fromkeys(found))


def use_language(language: str) -> None:
    """Chinese text is never smaller than 12 px."""
    global _language
    _language = language


def font(px: int, weight: int = 400, *, mono: bool = False) -> QFont:
    """The interface font at `px` pixels; captions grow to 12 px in Chinese."""
    return QFont(_font(max(px, 12) if _language == "zh" else px, weight, mono=mono))


@cache
def _font(px: int, weight: int, *, mono: bool) -> QFont:
    made = QFont(MONOSPACE if mono else FAMILIES)
    made.setPixelSize(px)
    made.setWeight(QFont.Weight(weight))
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


def caption(widget: QWidget) -> None:
    """Give a widget the smallest size, which grows with a change to Chinese."""
    widget.setProperty("role", "caption")
    widget.setFont(font(CAPTION))
    _captions.add(widget)


def resize_captions() -> None:
    """Set the smallest size again after a change of language."""
    wanted = font(CAPTION)
    for widget in [one for one in _captions if isValid(one)]:
        if widget.font().pixelSize() != wanted.pixelSize():
            widget.setFont(wanted)


def metrics(px: int, weight: int = 400) -> QFontMetrics:
    """Metrics of that font (kept: measuring text is most of the cost of a layout)."""
    return _metrics(max(px, 12) if _language == "zh" else px, weight)


@cache
def _metrics(px: int, weight: int) -> QFontMetrics:
    return QFontMetrics(_font(px, weight, mono=False))


def width(words: str, px: int, weight: int) -> int:
    """Width of a line in logical pixels."""
    return _width(words, max(px, 12) if _language == "zh" else px, weight)


@lru_cache(maxsize=20_000)
def _width(words: str, px: int, weight: int) -> int:
    return _metrics(px, weight).horizontalAdvance(words)
