"""Codes of the index in words."""

from core.knowledge.vocabulary import load
from ui.translate import say


def name_of(code: str) -> str:
    """`system:code` as the vocabulary calls it, else the code itself."""
    system, _, name = code.partition(":")
    vocabulary = load()
    known = vocabulary.by_hpo.get(name, name) if system == "HP" else name
    if known in vocabulary:
        return say(vocabulary.entries[known].label)
    return name if system == "HP" else name.replace("_", " ")
