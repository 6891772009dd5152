"""Finds the English texts of the interface in the source: every literal that reaches `tr` or a widget that translates."""

import ast
from collections.abc import Iterator
from pathlib import Path

UI = Path(__file__).resolve().parents[2] / "ui"
TRANSLATING = {
    "tr": (0,),
    "bind": (2,),
    "fixed": (0,),
    "Button": (0,),
    "IconButton": (1,),
    "RailButton": (1,),
    "PanelHeader": (0,),
    "Section": (0,),
    "StatePanel": (1, 2),
    "SearchField": (0,),
    "FilterLine": (0,),
    "link": (0,),
    "head": (0,),
    "ReasonDialog": (0,),
    "TextDialog": (0,),
    "Binding": (),
}
METHODS = {"start": (0,), "set_enabled": (1,), "__init__": (0, 1)}
TABLES = {
    "VIEW_LOOK", "STATUS_WORDS", "KIND_WORDS", "RECEIVED", "COLUMNS", "PLACES", "PAGES", "ORIGIN_WORDS", "WORDS",
    "REJECT_REASONS", "OVERRIDE_REASONS", "SECTIONS", "TITLE", "TIER_WORDS", "ORIGIN_LOOK", "ROWS",
}  # fmt: skip
PLAIN = {
    "list", "shieldalert", "eye", "swap", "check", "person", "cube", "book", "shieldcheck", "note", "layers", "pill", "doc",
    "star", "clock", "flask", "xray", "heart", "dna", "edit", "accent", "red", "amber", "green",
}  # fmt: skip
"""Names of icons and colours in those tables."""


def name_of(call: ast.Call) -> str:
    """The called function's last name."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def strings(node: ast.AST) -> Iterator[str]:
    """String literals in an expression, without those inside f-strings."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from strings(node.body)
        yield from strings(node.orelse)


def texts() -> dict[str, str]:
    """English text -> file in which it stands."""
    found: dict[str, str] = {}
    for path in sorted(UI.rglob("*.py")):
        if "viewer" in path.parts:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            for text in [*from_call(node), *from_table(node)]:
                if any(c.isalpha() for c in text):
                    found.setdefault(text, path.name)
    return found


def from_call(node: ast.AST) -> Iterator[str]:
    """Texts handed to a translating call."""
    if not isinstance(node, ast.Call):
        return
    name = name_of(node)
    places = METHODS.get(name, ()) if isinstance(node.func, ast.Attribute) else TRANSLATING.get(name, ())
    places = places or TRANSLATING.get(name, ())
    for place in places:
        if place < len(node.args):
            yield from strings(node.args[place])


def from_table(node: ast.AST) -> Iterator[str]:
    """Texts in the tables whose entries are translated where they are shown."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if not any(isinstance(t, ast.Name) and t.id in TABLES for t in targets):
        return
    for inner in ast.walk(node.value) if node.value else ():
        if not (isinstance(inner, ast.Constant) and isinstance(inner.value, str)) or inner.value in PLAIN:
            continue
        if inner.value[:1].isupper() or " " in inner.value or node_is_words(targets):
            yield inner.value


def node_is_words(targets: list[ast.expr]) -> bool:
    """Tables of lower-case words."""
    return any(isinstance(t, ast.Name) and t.id in ("ORIGIN_WORDS", "TIER_WORDS") for t in targets)
