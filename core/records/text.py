"""Plain-text notes in English and Chinese -> a note, and who it says it is about."""

import re

from core.domain.basics import Source
from core.domain.record import Identifier, Note, Patient, Sex
from core.errors import Unreadable
from core.records import own_words
from core.records.dates import day
from core.records.draft import Draft, Reading, content_key
from core.records.encoding import decode, language
from core.records.limits import MAX_MARKUP, MAX_NOTE_BYTES, check_size

_HEADER = 1500
"""Characters of the note in which the patient is looked for: later ages and sexes are often a relative's."""

_MARKUP = ("{", "}", "<", ">", '":', '",', '"]')
"""What damaged JSON and XML are full of. A quotation mark alone is not: people quote each other."""

_AGE_SEX = (
    re.compile(rf"\b(?P<spelled>{own_words.WORDS})"
               r"[\s-]+years?[\s-]+old[\s,-]+"
               r"(?:(?!old|and|with)[a-z-]+[\s,]+){0,3}?"
               r"(?P<sex>wom[ae]n|female|girl|lady|m[ae]n|male|boy|gentleman)\b", re.I),
    re.compile(r"\b(?P<age>\d{1,3})[\s-]*(?:years?|yrs?|y/?o|y)\.?[\s-]*(?:old|of age)?[\s,-]*"
               r"(?:(?!old|and|with)[a-z-]+[\s,]+){0,3}?"
               r"(?P<sex>wom[ae]n|female|girl|lady|m[ae]n|male|boy|gentleman|[fm])\b", re.I),
    re.compile(r"\b(?P<months>\d{1,2})[\s-]*(?:months?|mo)[\s-]*(?:old)?[\s,-]*"
               r"(?P<sex>female|girl|male|boy|infant|baby)\b", re.I),
    re.compile(r"\b(?P<days>\d{1,2})[\s-]*days?[\s-]*old[\s,-]*"
               r"(?P<sex>female|girl|male|boy|infant|baby|neonate|newborn)\b", re.I),
    re.compile(r"\b(?P<sex>male|female|man|woman|boy|girl)[\s,]+(?:aged?\s*)?"
               r"(?P<age>\d{1,3})\s*(?:years?|yrs?|y/?o|y)?\b", re.I),
    re.compile(r"(?P<sex>男|女)(?:性|孩|童)?(?:患者|患儿|病人)?[，,、；;\s]*(?:年龄[：:]?\s*)?(?P<age>\d{1,3})\s*周?岁"),
    re.compile(r"(?P<sex>男|女)(?:性|孩|童|婴)?(?:患者|患儿|病人)?[，,、；;\s]*(?:年龄[：:]?\s*)?(?P<months>\d{1,2})\s*个?月"),
    re.compile(r"(?P<age>\d{1,3})\s*周?岁\s*(?:的)?[，,、；;\s]*(?P<sex>男|女)"),
    re.compile(r"(?P<months>\d{1,2})\s*个月\s*(?:的|大)?[，,、；;\s]*(?P<sex>男|女)"),
    re.compile(r"(?P<sex>孕妇|产妇)(?:患者)?[，,、；;\s]*(?:年龄[：:]?\s*)?(?P<age>\d{1,3})\s*周?岁"),
    re.compile(r"(?P<age>\d{1,3})\s*周?岁\s*(?:的)?[，,、；;\s]*(?:初|经)?(?P<sex>孕妇|产妇)"),
    *own_words.AGE_SEX,
)  # fmt: skip
_AGE_ONLY = (
    re.compile(r"\bage[d:]?\s*:?\s*(?P<age>\d{1,3})\b(?!\s*(?:months?|mo|weeks?|days?))", re.I),
    re.compile(r"\bage[d:]?\s*:?\s*(?P<months>\d{1,2})\s*(?:months?|mo)\b", re.I),
    re.compile(r"\b(?P<age>\d{1,3})[\s-]*(?:years?|yrs?|y)[\s-]*(?:old|of age)\b|\b(?P<age2>\d{1,3})\s*y/?o\b", re.I),
    re.compile(r"\b(?P<months>\d{1,2})[\s-]*months?[\s-]*old\b", re.I),
    re.compile(r"(?:年龄[：:]?\s*|患者|患儿|^)(?P<age>\d{1,3})\s*周?岁", re.M),
    re.compile(r"年龄[：:]?\s*(?P<months>\d{1,2})\s*个?月"),
    *own_words.AGE_ONLY,
)
_SEX_ONLY = (
    re.compile(r"\b(?:sex|gender)\s*[:=]?\s*(?P<sex>female|male|f|m)\b", re.I),
    re.compile(r"性别[：:]?\s*(?P<sex>男|女)"),
    re.compile(
        r"^\W*(?:this|the patient|patient|pt)?\W*(?:is\s+)?(?:an?\s+)?(?P<sex>woman|man|girl|boy|lady|gentleman)\b",
        re.I,
    ),
    *own_words.SEX_ONLY,
)
_NAME = (
    re.compile(r"^[ \t]*(?:patient(?:'s)?(?:[ \t]+name)?|name)[ \t]*[:：][ \t]*(?P<v>[^\n\r;|()\[\]\t]{2,60}?)"
               r"(?=\s{2,}|[ \t]*(?:$|[;|(\[]|,?\s*(?:DOB|MRN|Sex|Age|Born|Gender)\b))", re.I | re.M),
    re.compile(r"(?:患者)?姓名[：:][ \t]*(?P<v>[\u4e00-\u9fff·A-Za-z ]{2,30}?)(?=\s|[，,；;。(（]|性别|年龄|$)", re.M),
)  # fmt: skip
_BIRTH = re.compile(
    r"(?:\b(?:DOB|date of birth|born)\b\s*[:：]?|出生(?:日期|年月)?[：:]?)\s*(?P<v>\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2})",
    re.I,
)
_NUMBER = re.compile(
    r"(?:\b(?:MRN|medical record (?:no|number)\.?|patient id)\b|住院号|病历号|门诊号|病案号)\s*[:：#]?\s*"
    r"(?P<v>[A-Za-z0-9][\w./-]{2,30})",
    re.I,
)
_WORDS = {"woman": Sex.FEMALE, "women": Sex.FEMALE,
          "female": Sex.FEMALE, "girl": Sex.FEMALE, "lady": Sex.FEMALE, "f": Sex.FEMALE,
          "女": Sex.FEMALE, "孕妇": Sex.FEMALE, "产妇": Sex.FEMALE,
          "man": Sex.MALE, "men": Sex.MALE, "male": Sex.MALE, "boy": Sex.MALE, "gentleman": Sex.MALE,
          "m": Sex.MALE, "男": Sex.MALE}  # fmt: skip
_DATE = re.compile(
    r"(?:\b(?:date|seen|admitted|visit)\b[^\n\d]{0,20}|(?:就诊|入院|记录)(?:日期|时间)[：:]\s*)(\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2})",
    re.I,
)


def read(data: bytes, file: str) -> Reading:
    """One record with one note. Raises `Unreadable` for what is not text."""
    check_size(file, len(data), MAX_NOTE_BYTES)
    decoded = decode(data)
    if decoded is None or not decoded[0].strip():
        raise Unreadable(f"{file} holds no text.", "Open a note saved as plain text.")
    if sum(map(decoded[0].count, _MARKUP)) > MAX_MARKUP * len(decoded[0]):
        raise Unreadable(f"{file} looks like a damaged JSON or XML file, not like a note.", "Export it again.")
    draft = Draft(file, "text", content_key(data))
    add_note(draft, decoded[0].replace("\r\n", "\n").replace("\r", "\n"), "note")
    return Reading((draft.record(),))


def add_note(draft: Draft, words: str, place: str) -> None:
    """Add a note, and take the patient from its header where the draft knows none."""
    found = _DATE.search(words[:_HEADER])
    time = day(found[1]) if found else None
    note_id = draft.id("note", place)
    title = next((line.strip()[:80] for line in words.splitlines() if line.strip()), "")
    draft.notes.append(
        Note(note_id, words, draft.source(place), language(words), title, time.isoformat() if time else "")
    )
    if draft.patient == Patient():
        draft.patient = patient_of(words, draft, place)


def patient_of(words: str, draft: Draft, place: str) -> Patient:
    """Name, number, birth date, age and sex as the note's header states them; unknown stays unknown."""
    head = words[:_HEADER]
    age, sex, spans = _age_and_sex(head)
    name = _first(_NAME, head)
    birth = _BIRTH.search(head)
    number = _NUMBER.search(head)
    spans += [m.span() for m in (name, birth, number) if m]
    return Patient(
        name=name["v"].strip(" ,.") if name else "",
        birth_date=day(birth["v"]) if birth else None,
        sex=sex,
        age_years=age,
        identifiers=(Identifier("", number["v"].rstrip(".,")),) if number else (),
        synthetic="SYNTHETIC" in words[:4000].upper() or "合成" in words[:4000],
        sources=tuple(_span(draft, place, head, span) for span in sorted(spans)),
    )


def _age_and_sex(head: str) -> tuple[float | None, Sex, list[tuple[int, int]]]:
    told = own_words.of_another(head)
    if told:
        return told[0], told[1], [told[2]]
    both = _earliest(_AGE_SEX, head)
    if both:
        return _years(both), _WORDS.get(both["sex"].lower(), Sex.UNKNOWN), [both.span()]
    age, sex = _earliest(_AGE_ONLY, head), _first(_SEX_ONLY, head)
    known = _WORDS.get(sex["sex"].lower(), Sex.UNKNOWN) if sex else own_words.by_pronoun(head)
    return (_years(age) if age else None), known, [m.span() for m in (age, sex) if m]


def _years(match: re.Match[str]) -> float | None:
    parts = match.groupdict()
    if parts.get("n"):
        return own_words.years(match)
    if parts.get("spelled"):
        return float(own_words.SPELLED[re.sub(r"[\s-]", "", parts["spelled"].lower())])
    whole = parts.get("age") or parts.get("age2")
    value = float(whole) if whole else (
        float(parts["months"]) / 12 if parts.get("months") else float(parts.get("days") or 0) / 365.2425
    )  # fmt: skip
    return value if value <= 125 else None


_RELATIVE = re.compile(
    r"\b(?:mother|father|brother|sister|son|daughter|wife|husband|uncle|aunt|"
    r"cousin|parents?|grand\w+|sibling|partner|family)\b"
    r"[^.\n]{0,40}$|(?:父|母|兄|弟|姐|妹|配偶|妻|丈夫|子女|家族)[^。\n]{0,12}$",
    re.I,
)
"""A relative named shortly before, in the same sentence."""


def _about_the_patient(pattern: re.Pattern[str], words: str) -> re.Match[str] | None:
    found = pattern.finditer(words)
    return next((m for m in found if m[0].startswith("I") or not _relative_before(words, m.start())), None)


def _relative_before(words: str, start: int) -> bool:
    return _RELATIVE.search(words[max(0, start - 60) : start]) is not None


def _earliest(patterns: tuple[re.Pattern[str], ...], words: str) -> re.Match[str] | None:
    found = [m for m in (_about_the_patient(p, words) for p in patterns) if m]
    return min(found, key=lambda m: m.start(), default=None)


def _first(patterns: tuple[re.Pattern[str], ...], words: str) -> re.Match[str] | None:
    return next((m for m in (_about_the_patient(p, words) for p in patterns) if m), None)


def _span(draft: Draft, place: str, head: str, span: tuple[int, int]) -> Source:
    return Source(draft.file, draft.kind, place, span[0], span[1], head[span[0] : span[1]])
