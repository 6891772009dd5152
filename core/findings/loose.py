"""English words that are a finding by themselves and only describe, provoke or show something where they stand here:
"red lochia", "it hurts to cough", "the film shows many nodules"."""

import re

from core.findings.english import Match

_PREDICATE = re.compile(
    r"(?:$|\W*$|[,.;:)/]|\s+(?:and|or|but|with|over|all|in|on|around|from|since|again|now|at|when|after|for|to|as|by|than"
    r"|skin|areas?|patch(?:es)?|marks?|blotch(?:es)?|rash|hot|itchy|swollen|sore|tender|warm|painful|inflamed|raw|shiny|angry"
    r"|and\b)\b)",
    re.IGNORECASE,
)
"""What follows "red" where the skin is said to be red, and not a thing."""
_PROVOKES = re.compile(
    r"(?:\b(?:hurts?|painful|sore|agony|agonising|worse|unable|afraid|leaks?|tender) (?:to|on|by)|\bon"
    r"|\b(?:when|if|each time|every time|whenever) (?:i|he|she|they|you)|\b(?:worse|pain|hurts?) (?:with|when|by)|\beach"
    r"|\b(?:lift|strain|sneeze|laugh|hop|bend)(?:s|ing)? (?:or|and)|\bset off by|\bbrought on by)\s*$",
    re.IGNORECASE,
)
"""What stands before a cough or sneeze that brings something else on."""
_OTHER_WORDS = frozenset({"stroking", "stroked", "grave", "scratchy", "chilli", "chillies", "useless drug"})
"""Words that come down to the normal form of a finding and are another."""
_WIND = re.compile(r"\bwinds?\b")
_SHOWS = re.compile(
    r"\b(?:CT|MRI|PET|X-?rays?|radiographs?|films?|ultrasound|USS?|TVUS|scans?|echo(?:cardiograph\w*)?|imaging|mammogra\w+"
    r"|colonoscopy|endoscopy|gastroscopy|bronchoscopy)\b",
    re.IGNORECASE,
)
"""Tests that show masses and nodules nobody feels."""


def loose(match: Match, text: str, start: int) -> bool:
    """Whether a match (in note offsets; its sentence begins at `start`) says nothing of its own."""
    said = text[match.start : match.end].lower()
    if said in _OTHER_WORDS or (match.key.endswith("dyspnea") and _WIND.search(said)):
        return True
    if match.key == "easy_bruising" and said == "bruise":
        return True
    if match.key == "skin_redness" and said in {"red", "reddish", "pink"}:
        return not _PREDICATE.match(text, match.end)
    if match.key == "lump":
        return _SHOWS.search(text, start, match.start) is not None
    if match.key in {"cough", "sneezing"} and " " not in said:
        return _PROVOKES.search(text[max(start, match.start - 24) : match.start]) is not None
    return False
