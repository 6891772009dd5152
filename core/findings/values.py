"""Vital signs and laboratory values stated in a note, with their units and places: "T 38.6 °C", "血压118/68mmHg"."""

import functools
import re
from collections.abc import Iterator

import yaml

from core.domain.basics import Coding, Quantity, Source
from core.domain.record import Note, Observation
from core.findings.laboratory import is_vital
from core.knowledge import analytes as table
from core.knowledge.analytes import Analyte
from core.knowledge.units import convert, ucum
from core.paths import RESOURCES

_NUMBER = r"(?P<n>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_BETWEEN = (
    r"(?:\s*(?:[:=,：＝，(（]|\b(?:levels?|count|concentration|value|was|is|were|of|at|to|about|around|approximately|measured|found|"
    r"noted|recorded|in|down|up|on|reading|only|score|scale|set|range|ranges|within|slightly|being|read|elevated|raised|high|low|decreased|increased|normal|reduced|be|a|an|the|his|her|with|and|"
    r"[A-Za-z]+ed)\b|[\[［][^\]］]{1,12}[\]］]|\([A-Za-z0-9 ,.+-]{1,20}\)|"
    r"为|是|约|高达|达|测|升高至|升高到|增高至|升至|降低至|降至|低至|最高|值|计数|水平|[)）]))"
    r"{0,7}\s*"
)
_NEAR = (
    r"\s*(?:\+|[-−–](?=\s*[:=,]|\s+\d))?\s*"
    r"(?:[:=：＝,]|\b(?:of|was|is|at|level|(?:in|to|into) the|up to|about|around)\b)?\s*"
)
_COMPARATOR = (
    r"(?P<c><=|>=|≤|≥|<|>|\b(?:over|above|more than|greater than|below|under|less than)\b|"
    r"大于|小于|低于|高于|超过|不足)?\s*"
)
_PRESSURE = re.compile(
    r"(?:(?P<name>\b(?:BPs?|blood pressures?|hypotensive|hypertensive|pressures?)\b|血压)[^\d\n.;。]{0,30}|(?<![\d/]))"
    r"(?P<s>\d{2,3})\s*(?:/|\bover\b)\s*(?P<d>\d{2,3})(?![\d/])\s*(?P<u>mm\s?Hg|毫米汞柱|kPa)?",
    re.IGNORECASE,
)
_MORE = re.compile(r"(?P<gap>[^\d\n.;。；]{1,40}?)(?P<s>\d{2,3})\s*/\s*(?P<d>\d{2,3})(?![\d/])")
_RANGE = re.compile(r"\b(?:between|swing|rang|vari|from)", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"\b(?:stand|upright|erect|sit|home|arm|leg|left|right|usual|normal|baseline|previous|target|below|under|sleep|vision|acuity)"
    r"|立|坐|家|左|右|腿|臂|平时|既往|基础|目标|控制|视力",
    re.IGNORECASE,
)
"""Pressures told after the first one, and what makes them another posture, limb or time."""
_DECADE = {
    "heart_rate": 10, "respiratory_rate": 10, "oxygen_saturation": 10, "systolic_bp": 10, "diastolic_bp": 10, "glucose": 100,
}  # fmt: skip
"""Vital signs and values told by their decade ("HR in the 120s") or their hundred ("sugars in the 400s")."""
_PLAUSIBLE = {
    # without a unit a number is taken for a vital sign only within these bounds
    "heart_rate": (20, 300, "/min"),
    "respiratory_rate": (4, 100, "/min"),
    "oxygen_saturation": (40, 100, "%"),
    "systolic_bp": (40, 300, "mm[Hg]"),
    "diastolic_bp": (20, 200, "mm[Hg]"),
    "gcs": (3, 15, "{score}"),
    "ph_arterial": (6.5, 8, "[pH]"),
    "inr": (0.5, 20, "1"),
    "bmi": (8, 90, "kg/m2"),
}
_BARE = RESOURCES / "knowledge" / "laboratory" / "bare.yaml"
_COMPARE = {"≤": "<=", "≥": ">=", "大于": ">", "高于": ">", "超过": ">", "小于": "<", "低于": "<", "不足": "<",
            "over": ">", "above": ">", "more than": ">", "greater than": ">",
            "below": "<", "under": "<", "less than": "<"}  # fmt: skip
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_BODY = re.compile(r"\b(?P<cm>\d{2,3}(?:\.\d+)?)\s*cm\b[^.\d]{1,15}(?P<kg>\d{1,3}(?:\.\d+)?)\s*kg\b|"
                   r"\b(?P<kg2>\d{1,3}(?:\.\d+)?)\s*kg\b[^.\d]{1,15}(?P<cm2>\d{2,3}(?:\.\d+)?)\s*cm\b")  # fmt: skip
"""A height and a weight side by side need no names."""
_OF_BLOOD = frozenset({
    "wbc", "neutrophil_count", "neutrophil_percent", "lymphocyte_count", "lymphocyte_percent", "eosinophil_count",
    "eosinophil_percent", "monocyte_count", "monocyte_percent", "rbc", "glucose", "total_protein", "albumin",
})  # fmt: skip
"""Analytes of blood whose names are used of other fluids too, where their ranges do not hold."""
_FLUID = re.compile(
    r"(?:\b(?:CSF|cerebrospinal fluid|spinal fluid|ascit(?:es|ic)(?: fluid| tap)?|peritoneal fluid|pleural fluid|"
    r"synovial fluid|joint fluid|joint aspirate|pericardial fluid|dialysate|urine|urinary|urinalysis|stool|sputum)\b|"
    r"脑脊液|腹水|胸水|胸腔积液|关节液|关节积液|滑液|心包积液|透析液|尿液|尿沉渣|尿常规|(?<![多少夜排无])尿(?![频急痛酮路酸素])|粪便|大便常规)"
    r"(?P<title>[^,，.;。；:：\n]{0,20}[:：][^.;。；\n]*|[^,，.;。；、\n\d]{0,30})$",
    re.IGNORECASE,
)
"""A fluid named just before a value, or as the heading of a list of values."""
_BLOOD = re.compile(r"\b(?:blood|serum|plasma|CBC|FBC)\b|血清|血浆|血常规|外周血|全血", re.IGNORECASE)
_CELLS_ON = re.compile(r"[^,，;；。\n]{0,14}(?:[,，、;；(（]|\band\b|\bwith\b|和)\s*(?:[A-Za-z]+\s)?")
_HAN = re.compile("[\u4e00-\u9fff]")


@functools.cache
def _pattern() -> tuple[re.Pattern[str], dict[str, Analyte]]:
    """One pattern for all names. Names of up to three letters and abbreviations keep their case."""
    owners: dict[str, Analyte] = {}
    for analyte in table.load().by_id.values():
        for name in (analyte.label.en, analyte.label.zh, *analyte.synonyms_en, *analyte.synonyms_zh):
            owners.setdefault(_key(name), analyte)
    exact = sorted((n for n in owners if not n.islower() and n.isascii()), key=len, reverse=True)
    loose = sorted((n for n in owners if n not in exact), key=len, reverse=True)
    short = [n for n in exact if len(n) <= 2]
    long = [n for n in exact if len(n) > 2]
    body = (
        rf"(?<![A-Za-z0-9])(?P<short>{_any(short)})(?![A-Za-z]){_NEAR}"
        rf"|(?<![A-Za-z])(?P<exact>{_any(long)})(?![A-Za-z]){_BETWEEN}"
        rf"|(?<![A-Za-z])(?P<loose>(?i:{_any(loose)}))(?![A-Za-z]){_BETWEEN}"
    )
    return re.compile(rf"(?:{body}){_COMPARATOR}{_NUMBER}(?P<s>'?s\b)?(?P<k>\s?[kK]\b(?!\s*[:=]?\s*\d))?"), owners


@functools.cache
def _bare() -> dict[str, tuple[tuple[float, float, str, str], ...]]:
    """(low, high, unit, language) by analyte, of numbers that can mean one unit only."""
    bounds: dict[str, tuple[tuple[float, float, str, str], ...]] = {}
    for row in yaml.load(_BARE.read_text("utf-8"), yaml.CSafeLoader):
        one = (float(row["low"]), float(row["high"]), row["unit"], row["language"])
        bounds[row["analyte"]] = (*bounds.get(row["analyte"], ()), one)
    return bounds


def _key(name: str) -> str:
    return name if name.isascii() and (len(name) <= 3 or sum(c.isupper() for c in name) > 1) else name.lower()


def _any(names: list[str]) -> str:
    return "|".join(re.escape(name).replace(r"\ ", r"[\s-]+") for name in names)


def values_in(note: Note) -> tuple[Observation, ...]:
    """The numbers that a note states for known analytes. A number whose unit is missing is kept without one, except for
    vital signs and pure numbers, whose unit is beyond doubt within plausible bounds."""
    named = (*_pressures(note), *_numbers(note))
    known = {o.text for o in named}
    found = sorted(
        (*named, *(o for o in _bodies(note) if o.text not in known)), key=lambda o: (o.sources[0].start, o.text)
    )
    return tuple(found)


def _pressures(note: Note) -> Iterator[Observation]:
    known = table.load().by_id
    for m in _PRESSURE.finditer(note.text):
        systolic, diastolic = float(m["s"]), float(m["d"])
        kilo = (m["u"] or "").lower() == "kpa"
        if not (m["name"] or m["u"]) or systolic <= diastolic or not (kilo or 50 <= systolic <= 300):
            continue
        if m["name"] and not kilo:
            yield from _repeated(note, m.end(), systolic if _RANGE.search(m.group()) else 0)
        unit = "kPa" if kilo else "mm[Hg]"
        for name, value in (("systolic_bp", systolic), ("diastolic_bp", diastolic)):
            yield _observation(note, known[name], Quantity(value, unit), m.start(), m.end())


def _repeated(note: Note, at: int, least: float) -> Iterator[Observation]:
    """The pressures told after one in the same sentence ("150/95, later 190/120"): the last told is the newest. Of a range
    ("between 110/60 and 190/120") only the higher end counts: `least` is the systolic pressure told first."""
    known = table.load().by_id
    while m := _MORE.match(note.text, at):
        systolic, diastolic = float(m["s"]), float(m["d"])
        end = m.end()
        after = re.match(r"[^\d\n.;。；,，]{0,20}", note.text[end:])
        around = m["gap"] + (after[0] if after else "")
        read = re.match(r"\s*(?:mm\s?Hg|毫米汞柱|kPa)", note.text[end:], re.IGNORECASE) is not None  # by its unit
        if read or systolic <= diastolic or not max(50, least) <= systolic <= 300 or _ELSEWHERE.search(around):
            return
        for name, value in (("systolic_bp", systolic), ("diastolic_bp", diastolic)):
            yield _observation(note, known[name], Quantity(value, "mm[Hg]"), m.start("s"), end)
        at = end


def _bodies(note: Note) -> Iterator[Observation]:
    known = table.load().by_id
    for m in _BODY.finditer(note.text):
        for name, unit in (("body_height", "cm"), ("body_weight", "kg")):
            value = float(m[unit] or m[f"{unit}2"])
            yield _observation(note, known[name], Quantity(value, unit), m.start(), m.end())


def _numbers(note: Note) -> Iterator[Observation]:
    pattern, owners = _pattern()
    text = note.text.translate(_SUBSCRIPTS)
    fluid_end = -1
    for m in pattern.finditer(text):
        name = next(g for g in (m["short"], m["exact"], m["loose"]) if g)
        analyte = owners.get(name) or owners.get(re.sub(r"[\s-]+", " ", name.lower()))
        if analyte is None:
            analyte = owners.get(re.sub(r"\s+", "-", name.lower()))
        if analyte is None or re.match(r"\s*/\s*\d", note.text[m.end() : m.end() + 5]):
            continue
        if _of_other_fluid(text, m, analyte, name, fluid_end):
            fluid_end = m.end("n")
            continue
        value = float(m["n"].replace(",", ""))
        if m["s"]:
            yield from _decade(note, analyte, m, value)
            continue
        if m["k"] and analyte.id in {"wbc", "platelets"}:
            unit, end = "10*9/L", m.end()
        else:
            unit, end = _unit(note.text, m.end("n"))
        short = bool(m["short"])
        if not unit and (not short or _alone(note.text, m.end("n"))):
            unit = _only(analyte, value, note.text)
        quantity = _quantity(analyte, value, unit, short)
        if quantity is not None:
            comparator = m["c"] or ""
            stated = Quantity(quantity[0], quantity[1], _COMPARE.get(comparator, comparator))
            yield _observation(note, quantity[2], stated, m.start(), max(end, m.end("n")))


def _of_other_fluid(text: str, m: re.Match[str], analyte: Analyte, name: str, last: int) -> bool:
    """Whether a value is told of another fluid than blood: one named before it, or for cells that of the value before
    (`last`: where its number ends, or -1). Thousands of millions of cells are of blood."""
    if analyte.id not in _OF_BLOOD or "血" in name or m["k"] or _unit(text, m.end("n"))[0] == "10*9/L":
        return False
    if last >= 0 and analyte.id.endswith(("_percent", "_count")) and _CELLS_ON.fullmatch(text, last, m.start()):
        return True
    named = _FLUID.search(text, max(0, m.start() - 120), m.start())
    return named is not None and not _BLOOD.search(named["title"])


def _decade(note: Note, analyte: Analyte, m: re.Match[str], value: float) -> Iterator[Observation]:
    """ "In the 120s" is at least 120 and below 130: kept as at least 120, where the whole decade is on one side."""
    step = _DECADE.get(analyte.id)
    if step is None or value % step or (analyte.id == "oxygen_saturation" and value == 90):
        return
    unit = _only(analyte, value, note.text) or (_PLAUSIBLE[analyte.id][2] if analyte.id in _PLAUSIBLE else "")
    yield _observation(note, analyte, Quantity(value, unit, ">="), m.start(), m.end())


def _only(analyte: Analyte, value: float, text: str) -> str:
    """The one unit that a number without a unit can mean, or ""."""
    tongue = "chinese" if _HAN.search(text) else "english"
    fits = (
        u for low, high, u, where in _bare().get(analyte.id, ()) if low <= value <= high and where in {"any", tongue}
    )
    return next(fits, "")


def _alone(text: str, at: int) -> bool:
    """Whether a number ends its clause or stands in a list of results, so that no word after it could be its unit."""
    return bool(re.match(r"\s*(?:[,;.)，；。、\n]|$|and\b|[A-Z][A-Za-z0-9]{0,5}\b\s*[:=]?\s*\d)", text[at:]))


def _unit(text: str, at: int) -> tuple[str, int]:
    """The longest known unit that follows, and where it ends."""
    rest = re.match(r"\s*[^\n,;，；。、]{0,24}", text[at:])
    piece = rest.group() if rest else ""
    for end in range(len(piece), 0, -1):
        candidate = piece[:end].strip().strip("()").strip()
        following = text[at + end : at + end + 1]
        if not candidate or (following.isalnum() and following.isascii() and candidate[-1].isalnum()):
            continue
        known = ucum(candidate.replace("(9)", "^9").replace("(3)", "^3").replace("(12)", "^12"))
        if known:
            return known, at + end
    return "", at


def _quantity(analyte: Analyte, value: float, unit: str, short: bool) -> tuple[float, str, Analyte] | None:
    """The value with a unit that fits the analyte (a percentage goes to the analyte that counts in per cent, cells in a
    volume to the one that counts cells), or None."""
    known = table.load().by_id
    if unit and convert(value, unit, analyte.unit, analyte.molar_mass) is None:
        sibling = {"urea": "urea_whole"}.get(analyte.id) or (
            analyte.id.replace("_percent", "_count")
            if analyte.id.endswith("_percent")
            else analyte.id.replace("_count", "_percent")
        )
        other = known.get(sibling)
        if other is None or convert(value, unit, other.unit, other.molar_mass) is None:
            return None
        analyte = other
    if unit:
        return value, unit, analyte
    if analyte.id == "body_temperature":
        if 30 <= value <= 45:
            return value, "Cel", analyte
        return (value, "[degF]", analyte) if 86 <= value <= 113 else None
    bounds = _PLAUSIBLE.get(analyte.id)
    if bounds:
        return (value, bounds[2], analyte) if bounds[0] <= value <= bounds[1] else None
    return None if short else (value, "", analyte)


def _observation(note: Note, analyte: Analyte, quantity: Quantity, start: int, end: int) -> Observation:
    source = Source(note.source.file, "text", note.id, start, end, note.text[start:end])
    return Observation(
        id=f"{note.id}-{start}-{analyte.id}",
        codes=(Coding("LOINC", analyte.loinc[0], analyte.label.en),) if analyte.loinc else (),
        text=analyte.label.en,
        sources=(source,),
        category="vital-signs" if is_vital(analyte) else "laboratory",
        value=quantity,
        time=note.time,
    )
