"""Notes in English and Chinese -> findings with status, scope, duration and exact character span.

Names come from the finding vocabulary, context from ConText (`core.findings.context`). The most specific name wins;
what it implies is left to the engines.
"""

import functools
import hashlib
import re
from collections.abc import Iterable, Sequence

import msgspec

from core.domain.basics import Label, Quantity, Source
from core.domain.finding import Finding, Origin, Scope, Status
from core.domain.record import Note, Patient
from core.findings import (
    chinese,
    composites,
    english,
    grid,
    grid_english,
    language,
    loose_chinese,
    parts,
    sayings,
    statements,
    told_chinese,
)
from core.findings.composites import Modifier, composed, rules
from core.findings.context import Context, Sentence, contexts, sentences
from core.findings.duration import Span, durations, gap, nearest
from core.findings.english import Match
from core.findings.loose import loose
from core.findings.phenotypes import phenotypes_in
from core.findings.values import values_in
from core.knowledge import vocabulary
from core.knowledge.vocabulary import Entry
from core.paths import packs

__all__ = ["findings_in", "values_in"]

_CJK = re.compile("[\u4e00-\u9fff]")
_FORMAT = 3
_DENIES = "!"
"""Before the findings of a name that denies them by itself ("afebrile")."""
_SEVERAL = "&"
"""Before the findings that a collective name denies when it is denied ("no urinary symptoms")."""
_ALLERGIES = frozenset({"drug_allergy", "food_allergy", "atopy"})
_HERE_AND_NOW = Context(Status.PRESENT, Scope.CURRENT)
_OWN_CHILD = {
    "english": re.compile(r"\b(?:sons?|daughters?)\b", re.IGNORECASE),
    "chinese": re.compile("儿子|女儿|闺女"),
}
_GROWN_YEARS = 14
_SAME_AGE = 3
_MOST = 10
"""Characters of a Chinese finding told in parts that makes a general one inside it superfluous."""
_RELATIVE_FIRST = re.compile(
    r"\s*(?:我|俺|咱|我们|咱们)?(?:家|的|家的)?(?P<who>老爸|老妈|爸爸?|妈妈?|父亲|母亲|爷爷|奶奶|姥姥|姥爷|外公|外婆|老伴儿?|老公|老婆|丈夫"
    r"|妻子|爱人|媳妇|大?儿子|小?女儿|闺女|孙子|孙女|弟弟|妹妹|哥哥?|姐姐?|婆婆|公公|岳父|岳母|舅舅|叔叔|大伯|姑姑)"
    r"(?!有|得|患|是|说|诉|代|也|都|死|去世|因|曾|以前|既往|体健|健在|和|、|，|,|年轻|[高糖肝胃肺肠乳心脑]|带|陪|发现|们)"
)
"""A Chinese note that begins with a relative who is not said to have had an illness is the relative's own."""
_MYSELF = re.compile(r"[，,。；;]我(?![爸妈家们老儿女闺孙弟妹哥姐婆公爷奶姥带想担怕给该])")
_BACKGROUND = frozenset({"history", "risk", "exposure", "medication"})


def language_of(note: Note) -> str:
    """ "chinese" where one character in thirty is Chinese (results are full of Latin abbreviations), else "english"."""
    return "chinese" if len(_CJK.findall(note.text)) * 30 >= len(note.text.strip()) > 0 else "english"


@functools.cache
def matcher(name: str) -> english.Matcher | chinese.Matcher:
    """The matcher of "english" or "chinese" over the vocabulary and its sayings, built once a process.

    Normalising the English names takes a second, so that they are kept in a cache, named after all that they come from.
    """
    if name == "chinese":
        return chinese.Matcher(_names(name))
    cache = packs() / f"sayings-{_digest()}-f{_FORMAT}.msgpack"
    try:
        return english.Matcher((), msgspec.msgpack.decode(cache.read_bytes(), type=english.Compiled))
    except (OSError, msgspec.DecodeError):
        made = english.Matcher(_names(name))
        vocabulary.keep(cache, msgspec.msgpack.encode(made.compiled()))
        return made


def _digest() -> str:
    total = hashlib.sha256(vocabulary.load().version.sha256.encode())
    for path in (language.FOLDER / "english.yaml", *sorted(sayings.FOLDER.glob("*.en.yaml"))):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:20]


def _names(name: str) -> list[tuple[str, str]]:
    """All names and sayings of a language with their keys; of equal ones the first is taken."""
    table = language.load(name).table
    code = "zh" if name == "chinese" else "en"
    entries = [e for e in vocabulary.load().entries.values() if e.kind != "demographic"]
    entries.sort(key=lambda e: -e.background)  # of two findings with equal names the commoner is meant
    names = [(phrase, "") for phrase in table["pseudo_terms"]]
    names += [(word, _DENIES + finding) for word, finding in table["denying"].items()]
    names += [(word, _SEVERAL + findings) for word, findings in table["several"].items()]
    labels = [(vocabulary.names(e, code)[0], e.id) for e in entries]
    names += [pair for pair in labels if code == "en" or not chinese.unclear(pair[0])]
    synonyms = [(synonym, e.id) for e in entries for synonym in vocabulary.names(e, code)[1:]]
    kept = frozenset(table.get("kept", ()))
    unclear = english.ambiguous if code == "en" else chinese.ambiguous
    names += [pair for pair in synonyms if pair[0] in kept or not unclear(pair[0])]
    names += _sayings(code)
    signs = [(n, e.id) for e in entries if e.kind == "sign" for n in vocabulary.names(e, "zh") if n.endswith("阳性")]
    return names + [(n.removesuffix("阳性"), key) for n, key in signs if name == "chinese" and len(n) > 4]


def _sayings(code: str) -> list[tuple[str, str]]:
    """What `sayings` holds, the most specific finding first: of equal phrases the first is taken."""
    known = vocabulary.load()
    said = [(phrase, (_DENIES if denies else "") + keys) for phrase, keys, denies in sayings.phrases(code)]
    ambiguous = english.ambiguous if code == "en" else chinese.ambiguous
    said = [pair for pair in said if not ambiguous(pair[0])]
    return sorted(said, key=lambda pair: -sum(len(known.ancestors(k)) for k in pair[1].lstrip(_DENIES).split()[:1]))


def findings_in(note: Note, patient: Patient) -> tuple[Finding, ...]:
    """The findings of a note, in order of place. Values are read by `values_in`, not here.

    `patient` is taken for what a name can mean (a man is not pregnant); unknown sex or age excludes nothing.
    """
    name = language_of(note)
    finder = matcher(name)
    found: list[Finding] = []
    modifiers: list[Modifier] = []
    empty: set[tuple[str, int]] = set()
    cut = sentences(note.text, name)
    told = _of_the_child(note.text, patient, name)
    told = told_chinese.told(told) if name == "chinese" else told
    says_nothing = loose if name == "english" else loose_chinese.loose
    for number, sentence in enumerate(cut):
        text = note.text[sentence.start : sentence.end]
        pieces = parts.find(text, name)
        if isinstance(finder, chinese.Matcher):
            pieces += finder.torn(text, lambda between: parts.joins(between, "chinese"))
        matches = parts.merged(finder.find(text), pieces, most=_MOST if name == "chinese" else 0)
        if name == "chinese":
            matches = parts.merged(matches, grid.find(text), beside=True)
        else:
            matches = parts.merged(matches, grid_english.find(text, matches), beside=True)
        matches = [english.shifted(_bare(m, text), sentence.start) for m in matches]
        if name == "chinese" and (patient.age_years or 0) >= _GROWN_YEARS:
            matches = [told_chinese.grown(m, note.text) for m in matches]
        stated = (
            *statements.gestations(note.text, sentence),
            *statements.temperatures(note.text, sentence),
            *statements.pressures(note.text, sentence),
        )
        matches = [m for m in (*matches, *stated) if m.key]
        said = contexts(told, sentence, matches, name)
        spans = durations(note.text, sentence.start, sentence.end)
        for match, context in zip(matches, said, strict=True):
            if says_nothing(match, note.text, sentence.start):
                empty.add((match.key, match.start))
            elif not _vague(match, context, matches, said):
                duration = _lasting(match, matches, spans)
                found += _finding(note, match, _still(match, context, sentence, duration), duration, name)
                if match.key in rules() and context == _HERE_AND_NOW:
                    modifiers.append(Modifier(match.key, number, match.start, match.end))
        modifiers += _modifiers(note.text, sentence, number, name)
    found += composed(note, found, modifiers, [sentence.start for sentence in cut])
    kept = statements.sound(found, patient)
    terms = phenotypes_in(note, name, found)
    return (*kept, *(f for f in terms if (f.code.code, f.source.start) not in empty))


def _of_the_child(text: str, patient: Patient, name: str) -> str:
    """The text with "my son" taken for the patient where the patient is a child, or the relative a Chinese note begins with;
    as long as before, so that places hold."""
    first = _RELATIVE_FIRST.match(text) if name == "chinese" else None
    if first and not _MYSELF.search(text) and _of_age(text[first.end() :], first["who"], patient):
        text = text.replace(first["who"], "·" * len(first["who"]))
    if patient.age_years is None or patient.age_years >= _GROWN_YEARS:
        return text
    return _OWN_CHILD[name].sub(lambda child: "·" * len(child[0]), text)


def _of_age(rest: str, who: str, patient: Patient) -> bool:
    """Whether the relative whom a note begins with can be the patient by age: the one stated, else that of a child."""
    if patient.age_years is None:
        return True
    stated = re.match(r"(?:今年)?[,，]?(\d{1,3})岁", rest)
    if stated:
        return abs(int(stated[1]) - patient.age_years) <= _SAME_AGE
    return (patient.age_years < _GROWN_YEARS) == bool(re.search("[儿闺孙]", who))


@functools.cache
def _qualities(name: str) -> english.Matcher | chinese.Matcher:
    """The matcher of "english" or "chinese" over the modifiers of `composites`."""
    if name == "chinese":
        return chinese.Matcher(pair for pair in composites.phrases("zh") if not chinese.cut_short(pair[0]))
    return english.Matcher(composites.phrases("en"))


def _modifiers(text: str, sentence: Sentence, number: int, name: str) -> Iterable[Modifier]:
    """The modifiers that a sentence states of the present."""
    found = _qualities(name).find(text[sentence.start : sentence.end])
    matches = [english.shifted(m, sentence.start) for m in found]
    for match, context in zip(matches, contexts(text, sentence, matches, name), strict=True):
        if context == _HERE_AND_NOW:
            yield Modifier(match.key, number, match.start, match.end)


def _lasting(match: Match, matches: Sequence[Match], spans: Sequence[Span]) -> Quantity | None:
    """The duration next to a match. One that stands nearer to a habit or an old illness ("smoked for 20 years") belongs
    to that alone."""
    own = [s for s in spans if _past(match) or not _past(min(matches, key=lambda m: gap(s, m.start, m.end)))]
    return nearest(own, match.start, match.end)


def _still(match: Match, context: Context, sentence: Sentence, duration: Quantity | None) -> Context:
    """ "History of cough for 2 weeks" tells of the present complaint, outside the section on past illnesses; an allergy
    named in a section on allergies is one that the patient has, whatever else stands there (reactions) is not."""
    if match.key in _ALLERGIES and sentence.section == "hypothetical" and context.scope is Scope.HYPOTHETICAL:
        return Context(context.status, Scope.CURRENT)
    lasting = duration is not None and duration.unit != "a" and not _past(match)
    if context.scope is Scope.HISTORY and lasting and sentence.section != "history":
        return Context(context.status, Scope.CURRENT)
    return context


def _bare(match: Match, text: str) -> Match:
    """A match without the "有" that a denial before it needs: "没有痰" denies phlegm."""
    if match.start and text[match.start] == "有" and text[match.start - 1] in "没未无" and match.end > match.start + 1:
        words = tuple(word + (word == match.start) for word in match.words)
        return Match(match.key, match.start + 1, match.end, words)
    return match


def _past(match: Match) -> bool:
    entry = vocabulary.load().entries.get(match.key)
    return entry is not None and entry.kind in _BACKGROUND


def _vague(match: Match, context: Context, matches: Sequence[Match], said: Sequence[Context]) -> bool:
    """ "Pain" beside a named pain, or beside a finding that it is part of, says nothing of its own."""
    if match.key not in {"pain", "lump", "edema"}:
        return False
    entries = vocabulary.load().entries
    others = (entries.get(m.key) for m, c in zip(matches, said, strict=True) if m is not match and c == context)
    word = {"pain": "痛", "lump": "块", "edema": "肿"}[match.key]
    return any(entry is not None and word in entry.label.zh for entry in others)


def _finding(note: Note, match: Match, context: Context, duration: Quantity | None, name: str) -> Iterable[Finding]:
    denied, several = match.key.startswith(_DENIES), match.key.startswith(_SEVERAL)
    status = Status.ABSENT if denied else context.status
    if several and status is not Status.ABSENT:
        return
    for key in match.key.lstrip(_DENIES + _SEVERAL).split():
        entry = vocabulary.load().entries.get(key)
        if entry is not None:
            yield _stated(note, match, *_relative(entry, context.scope, name), status, duration)


def _stated(note: Note, match: Match, entry: Entry, scope: Scope, status: Status, duration: Quantity | None) -> Finding:
    return Finding(
        id=f"{note.id}-{match.start}-{entry.id}",
        code=entry.coding,
        label=Label(entry.label.en, entry.label.zh),
        status=status,
        origin=Origin.NOTE,
        source=Source(note.source.file, "text", note.id, match.start, match.end, note.text[match.start : match.end]),
        scope=scope,
        also=entry.also,
        duration=duration if status is Status.PRESENT else None,
        time=note.time,
    )


def _relative(entry: Entry, scope: Scope, name: str) -> tuple[Entry, Scope]:
    """A relative's disease is the patient's family history, where the vocabulary has a finding for it."""
    if entry.id.startswith("family_history_") or entry.id in {"ischemic_risk_family_early", "sick_contact"}:
        return entry, Scope.FAMILY if entry.id != "sick_contact" else Scope.CURRENT
    if scope is not Scope.FAMILY:
        return entry, scope
    table = language.load("english").table["family_findings"]
    other = vocabulary.load().entries.get(table.get(entry.id, ""))
    if other is None:
        return entry, scope
    return other, Scope.CURRENT if other.id in {"sick_contact", "passive_smoking"} else Scope.FAMILY
