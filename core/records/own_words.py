"""Age and sex as patients, their relatives and hurried colleagues write them: "I'm 71", "my mother is 83", "66M", 我儿子5岁.

A relative's age is the patient's only where the note opens with the relative and goes on about that person.
"""

import re

from core.domain.record import Sex

_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
         "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SPELLED = {
    **{w: n for n, w in enumerate(_ONES, start=1)},
    **{f"{t}{one}": 20 + 10 * i + j for i, t in enumerate(_TENS) for j, one in enumerate(["", *_ONES[:9]])},
    **{w: n for n, w in enumerate("一二三四五六七八九十", start=1)},
    "两": 2,
}
"""Ages in words, hyphens and spaces removed: "sixtyseven" -> 67."""
WORDS = rf"(?:{'|'.join(_TENS)})(?:[\s-](?:{'|'.join(_ONES[:9])}))?|{'|'.join(reversed(_ONES))}"
_PER_YEAR = {
    "y": 1,
    "m": 12,
    "w": 52.1775,
    "d": 365.2425,
    "岁": 1,
    "月": 12,
    "周": 52.1775,
    "天": 365.2425,
    "日": 365.2425,
}
_OLDEST = 125

_WOMEN = (
    r"mother|mum|mom|mummy|daughter|wife|girlfriend|sister|nan|gran|grandma|grandmother|granny|aunt|niece|granddaughter"
)
_MEN = r"father|dad|daddy|son|husband|boyfriend|brother|grandpa|granddad|grandad|grandfather|uncle|nephew|grandson|lad"
_CHILD = r"partner|baby|toddler|child|kid|infant|boy|girl"
_NUMBER = rf"(?P<n>\d{{1,3}}|{WORDS})"
_UNIT = r"(?P<unit>y|m|w|d)(?:ears?|rs?|onths?|os?|eeks?|ks?|ays?)"
_BEFORE = r"(?:(?:little|elderly|dear|old|young|younger|older|eldest|youngest|newborn|firstborn|twin|baby)\s+){0,2}"
_IS = (
    r"(?:,?\s+who)?(?:\s+is|'s|\u2019s|\s+has\s+just\s+turned|,)?\s+"
    r"(?:only\s+|just\s+|nearly\s+|almost\s+|now\s+)?(?:aged?\s+)?"
)
_NO_AGE = (
    r"(?!\d|[.:/,]\d|\s*(?:%|°|(?:to|-|\u2013)\s*\d|(?:weeks?|wks?|months?|days?|hours?|hrs?|min(?:ute)?s?|kgs?|kilos?|stones?|st|"
    r"lbs?|pounds?|cm|m|ft|feet|foot|inch(?:es)?|miles?|km|points?|times|units?|percent|"
    r"years?\s+(?:sober|clean|dry|post|into|in|after|since|out|on|past))\b))"
)
"""What may not follow a number that is to be an age: it is a weight, a height, a pregnancy's weeks."""
_OPENING = rf"^\W*(?:my|our)\s+{_BEFORE}"
_CHINESE_WOMEN = "妈妈|母亲|妈|女儿|闺女|老婆|妻子|媳妇|奶奶|外婆|姥姥|婆婆|丈母娘|岳母|孙女|姐姐|妹妹"
_CHINESE_MEN = "爸爸|父亲|爸|儿子|老公|丈夫|爷爷|外公|姥爷|公公|岳父|孙子|哥哥|弟弟"
_CHINESE_CHILD = "爱人|老伴|孩子|宝宝|小孩|娃娃|娃|宝贝"
_CHINESE_OPENING = r"^\W*(?:医生[，,：:您你好！!]*|[您你]好[，,！!]*)?(?:我们?家?的?|俺)?"
_CHINESE_IS = r"(?:今年|现年|现在|才|刚|今|出生)?[，,\s]?"
_CHINESE_NUMBER = (
    r"(?P<n>\d{1,3}|[一二三四五六七八九十两])\s*个?(?P<half>半)?\s*(?P<unit>周?岁|月|周|天)(?P<half2>半)?"
    r"(?!前|时|以前|之前|那年|开始)"
)

AGE_SEX = (
    re.compile(r"^\W*(?:an?\s+)?(?P<age>\d{1,3})\s?(?P<sex>[FM])\b(?!\s*[:=])"),
    re.compile(r"^\W*(?P<sex>[FM])\s?(?P<age>\d{1,3})\b(?![/.]\d)"),
    re.compile(r"^\W*(?P<sex>[FM])\s?(?P<n>\d{1,2})(?P<unit>/12|/52|/7)"),
    re.compile(r"^\W*(?:an?\s+)?(?P<n>\d{1,2})(?P<unit>/12|/52|/7)\s*(?:old\s*)?(?:baby\s*)?(?P<sex>[FM]\b|boy|girl)"),
    re.compile(rf"^\W*(?:an?\s+)?{_NUMBER}[\s-]*{_UNIT}[\s-]*old\s+(?P<sex>boy|girl|male|female)\b", re.I),
    re.compile(r"^\W*(?P<sex>男|女)(?:性|婴|孩)?[，,、\s]*(?:出生|生后)(?P<n>\d{1,2})(?P<unit>天|日|周)"),
)
AGE_ONLY = (
    re.compile(
        rf"\bI(?:'m|\u2019m|\s+am)(?:\s+(?:only|just|nearly|almost|now|turning))?\s+(?P<age>\d{{1,3}})\b{_NO_AGE}", re.I
    ),
    re.compile(rf"^\W*(?:an?\s+)?{_NUMBER}(?:-and-a-half)?[\s-]+{_UNIT}[\s-]+old\b", re.I),
    re.compile(
        r"(?:^|[，,。；;\s])(?:我|本人)(?:今年|现年|现在)?\s*(?P<age>\d{1,3})\s*周?岁(?!半?时|那年|以前|之前|开始|起|得)",
        re.M,
    ),
)
OTHER_SEX = (
    re.compile(
        rf"{_OPENING}(?P<sex>{_WOMEN}|{_MEN}|{_CHILD}){_IS}{_NUMBER}[\s-]*(?:{_UNIT}\b|\b(?![\s-]*(?:kg|stone)){_NO_AGE})",
        re.I,
    ),
    re.compile(
        rf"{_OPENING}(?:{_NUMBER})(?:-and-a-half)?[\s-]+{_UNIT}[\s-]+old(?:\s+(?P<sex>{_WOMEN}|{_MEN}|{_CHILD}))?\b",
        re.I,
    ),
    re.compile(
        rf"{_CHINESE_OPENING}(?P<sex>{_CHINESE_WOMEN}|{_CHINESE_MEN}|{_CHINESE_CHILD}){_CHINESE_IS}{_CHINESE_NUMBER}"
    ),
)
"""The writer speaks of another person, in the opening words."""
SEX_ONLY = (re.compile(r"^\W*my\s+(?:little|baby|elderly)?\s*(?P<sex>boy|girl)\b", re.I),)
SEXES = {
    **dict.fromkeys((*_WOMEN.split("|"), *_CHINESE_WOMEN.split("|"), "girl"), Sex.FEMALE),
    **dict.fromkeys((*_MEN.split("|"), *_CHINESE_MEN.split("|"), "boy"), Sex.MALE),
}
_FIRST = re.compile(
    r"\b(?:I|I'm|I've|me|my|myself|I\u2019m|I\u2019ve)\b(?!\s+(?:son|daughter|baby|mother|mum|wife|husband))"
)
_THIRD = re.compile(r"\b(?:he|she|his|her|him|hers|they|it)\b", re.I)
_HE, _SHE = re.compile(r"\b(?:he|his|him|himself)\b", re.I), re.compile(r"\b(?:she|her|hers|herself)\b", re.I)
_PEOPLE = re.compile(rf"\b(?:{_WOMEN}|{_MEN}|partner|friend|neighbou?r|carer|colleague|doctor|nurse|GP)s?\b", re.I)
_CHINESE_FIRST = re.compile(rf"我(?!们(?!家)|们?家?的?(?:{_CHINESE_WOMEN}|{_CHINESE_MEN}|{_CHINESE_CHILD}))")


def years(match: re.Match[str]) -> float | None:
    """The age in years that a match of these patterns states."""
    parts = match.groupdict()
    number = re.sub(r"[\s-]", "", str(parts.get("n") or parts.get("age")).lower())
    value = float(SPELLED[number]) if number in SPELLED else float(number)
    value += 0.5 if parts.get("half") or parts.get("half2") else 0.0
    unit = (parts.get("unit") or "y").lower()
    per_year = {"/12": 12, "/52": 52.1775, "/7": 365.2425}.get(unit) or _PER_YEAR[unit[-1]]
    return value / per_year if value / per_year <= _OLDEST else None


def of_another(words: str) -> tuple[float | None, Sex, tuple[int, int]] | None:
    """Age, sex and their place where the note opens with a relative and is about that relative; else None."""
    found = next((m for m in (pattern.search(words) for pattern in OTHER_SEX) if m), None)
    if found is None or not _about_another(words[found.end() :]):
        return None
    sex = SEXES.get((found.groupdict().get("sex") or "").lower(), Sex.UNKNOWN)
    return years(found), sex if sex is not Sex.UNKNOWN else _one_sex(words), found.span()


def by_pronoun(words: str) -> Sex:
    """The sex that all pronouns agree on in a note that speaks of one person only; else unknown."""
    if _PEOPLE.search(words) or _FIRST.search(words):
        return Sex.UNKNOWN
    return _one_sex(words)


def _about_another(rest: str) -> bool:
    if re.search(r"[\u4e00-\u9fff]", rest):
        return len(_CHINESE_FIRST.findall(rest)) <= 1
    return len(_THIRD.findall(rest)) >= len(_FIRST.findall(rest))


def _one_sex(words: str) -> Sex:
    he, she = len(_HE.findall(words)), len(_SHE.findall(words))
    if he and not she:
        return Sex.MALE
    return Sex.FEMALE if she and not he else Sex.UNKNOWN
