"""Words that trigger a context elsewhere and none here: a relative who only brings, quarrels with or is born to someone, a
time that something began. The pseudo-triggers of the tables are phrases; these are known by what stands around them.
"""

import re
from collections.abc import Sequence

from core.findings.language import Trigger

_LEAD = 40
_COMPANY = re.compile(
    r"\b(?:by|with|to|told|lives with|from|annoys?|hits?|asks?|asked|visits?|visited|misses|left|married|met|phones?"
    r"|calls|cares for|nurses|helps?|loves|hugged) (?:(?:his|her|their|the|my|a|an) )?(?:\w+ )?$",
    re.IGNORECASE,
)
_NEW_PART = re.compile(r"(?:[,;.:]|\band|\bbut|^)\s*$")
_ZH_LED = re.compile(
    "(?:拖累|连累|麻烦|伤害|离开|照顾|照料|想念|认错|认不出|认不得|打骂|害怕|舍不得|对不起|瞒着|靠|被|误服|误食|偷吃|吃了)(?:自己的?|了)?$"
)
_ZH_WITH = re.compile("(?:与|跟|和|同)$")
_ZH_QUARREL = re.compile("[^，。；]{0,6}?(?:争吵|吵|闹|争执|冲突|打架|分居|离婚|分手|同住|住在一起|生气)")
_ZH_ACTS = re.compile(
    "们?(?:(?:让|叫|劝|逼|催|陪|带着?|喊|送|搀|扶)(?:我|他|她|患者|来|其)|(?:拉|拽|扯|牵|抱|哄|喂)(?:着|了|起|住|他|她|奶|饭|药))"
)
"""Chinese words around a relative who is only the object or company of what the patient does, or urges him on."""
_BORN_OF = re.compile(r"\b(?:of|born to) (?:[\w-]+ ){0,2}$", re.IGNORECASE)
"""Before "parents": "a boy of Armenian parents has fever" speaks of the boy."""
_COUPLE = re.compile(r"\band (?:his|her|my) (?:\d+-year-old )?$", re.IGNORECASE)
_AND_I = re.compile(r"\s+and (?:i|me|he|she)\b", re.IGNORECASE)
_SPOUSES = frozenset({"wife", "husband", "partner", "spouse", "boyfriend", "girlfriend"})
"""What is said of "him and his wife" or "my husband and I" is said of the patient as well."""
_CANNOT = re.compile(
    r"\b(?:can(?:not|'t|’t)|could(?:n't|n’t| not)|unable to|never|hardly|barely|struggles? to)\b[^.;,]{0,40}$",
    re.IGNORECASE,
)
"""Before "without": who "cannot climb stairs without stopping for breath" stops for breath."""
_ONSET = re.compile(
    r"\b(?:since|beg[aiu]n|start\w*|onset|notic\w*|developed|stopped|(?:over|for|in|during|within) the)\b"
    r"[^.;,]{0,25}$",
    re.IGNORECASE,
)


def is_pseudo(
    phrase: str, triggers: Sequence[Trigger], text: str, sentence: tuple[int, int], at: tuple[int, int]
) -> bool:
    """Whether a trigger's words have no force. `phrase`: in lower case with single spaces; `sentence` and `at`: where its
    sentence and it itself begin and end in the text."""
    (begin, stop), (start, end) = sentence, at
    if phrase in {"his", "her"} and not _NEW_PART.search(text, begin, start):
        return True  # "did not hit her head or lose consciousness"
    if phrase == "without" and _CANNOT.search(text, begin, start):
        return True
    if phrase == "parents" and _BORN_OF.search(text, begin, start):
        return True
    if phrase in _SPOUSES and (_COUPLE.search(text, begin, start) or _AND_I.match(text, end)):
        return True
    company = _only_company(text[begin:start], text[end:stop], triggers)
    return company or _led_away(text[max(begin, start - _LEAD) : start], triggers)


def _only_company(before: str, after: str, triggers: Sequence[Trigger]) -> bool:
    """Whether a Chinese relative is only who the patient quarrels with, leaves, or is brought by."""
    if not any(trigger.category == "family" for trigger in triggers):
        return False
    quarrel = _ZH_WITH.search(before) and _ZH_QUARREL.match(after)
    return bool(_ZH_LED.search(before) or quarrel or _ZH_ACTS.match(after))


def _led_away(before: str, triggers: Sequence[Trigger]) -> bool:
    """Words before a trigger that take its force: "brought by her son", "since one year ago", "over the last year"."""
    kinds = {trigger.category for trigger in triggers}
    return bool(("family" in kinds and _COMPANY.search(before)) or ("historical" in kinds and _ONSET.search(before)))
