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
    r"|\b(?:lift|strain|sneeze|laugh|hop|bend)(?:s|ing)? (?:or|and)|\bset off by|\bbrought on by"
    r"|\bon (?:\w+(?:,| and| or) ){1,3})\s*$",
    re.IGNORECASE,
)
"""What stands before a cough or sneeze that brings something else on."""
_BACK_OF = re.compile(
    r"\s+of\s+(?:(?:the|his|her|my|both|each|left|right)\s+)*(?!ribs?\b|chest\b|trunk\b)\w", re.IGNORECASE
)
"""The back of something else: "pain at the back of the knee"."""
_FALLS = re.compile(
    r"\s+(?:ill\b|asleep\b|pregnant\b|out\b|by \d|to \d|from \d|over (?:the|her|his|my) (?:\w+ )?eye"
    r"|(?!down|over|again|a lot|frequently|at|in|on|back|and|or|several|often|more|while|when|twice|three|to|off|from)\w+)",
    re.IGNORECASE,
)
"""What follows where something else falls, or no one does: "a falling sofa", "fell ill"."""
_FAINT = re.compile(
    r"\s+(?!and\b|or\b|when\b|on\b|if\b|at\b|in\b|but\b|after\b|with\b|while\b|for\b|episode|spell|attack|while\b)[a-z]+\s+[a-z]"
)
"""A noun that a faint thing is: "a faint high whistle"."""
_NUMBER = re.compile(r"\s*(?:from|by|to)?\s*\d")
_BELLY = re.compile(r"\b(?:abdom|abdo\b|belly|tender|guarding|ascites|rebound|quadrant|fossa)", re.IGNORECASE)
_NOSE = re.compile(r"\b(?:nos[et]|cold|cough|sneez|nasal|throat)", re.IGNORECASE)
_DISCHARGES = frozenset({"foul_vaginal_discharge", "watery_vaginal_discharge", "bloodstained_discharge"})
_ELSEWHERE = re.compile(
    r"\b(?:ears?|nostril|nose|eyes?|wound|nipple|navel|penis|foreskin|socket|stoma)\b", re.IGNORECASE
)
_GENITAL = re.compile(
    r"\b(?:vagin|vulv|PV\b|down below|down there|cervi|periods?\b|sex|intercourse|womb|uter|pregnan|smear)",
    re.IGNORECASE,
)
_OTHER_GLAND = re.compile(r"\b(?:rectal|prostat|thyroid)", re.IGNORECASE)
_OTHER_WORDS = frozenset(
    {"stroking", "stroked", "grave", "scratchy", "chilli", "chillies", "club", "clubs", "hair-thin"}
)
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
    if match.key == "syncope" and said == "faint":
        return _FAINT.match(text, match.end) is not None
    if match.key == "recent_trauma" and said.startswith("fell"):
        return _NUMBER.match(text, match.end) is not None
    if match.key == "muscle_rigidity":
        return _BELLY.search(text, start, match.end) is not None
    if match.key == "runny_nose" and said in {"runny", "snotty"}:
        return _NOSE.search(text) is None
    if match.key in _DISCHARGES:
        return _ELSEWHERE.search(text) is not None and _GENITAL.search(text) is None
    if match.key == "back_pain":
        return said.endswith("back") and _BACK_OF.match(text, match.end) is not None
    if match.key == "falls" and said in {"falling", "fell"}:
        return _FALLS.match(text, match.end) is not None
    if match.key == "lymphadenopathy":
        return said.endswith("gland") and _OTHER_GLAND.search(text, start, match.start) is not None
    if match.key == "lump":
        return _SHOWS.search(text, start, match.start) is not None
    if match.key in {"cough", "sneezing"} and " " not in said:
        return _PROVOKES.search(text[max(start, match.start - 24) : match.start]) is not None
    return False
