"""Whether a finding in a note is denied, doubtful, hypothetical, past, or about a relative.

The ConText algorithm (Harkema H, Dowling JN, Thornblade T, Chapman WW. J Biomed Inform 2009;42:839-851) for English, with
terminations and pseudo-triggers, and its counterpart for Chinese, where a denial runs through a list joined by "、" but
ends at a comma unless what follows is a bare list again.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.domain.finding import Scope, Status
from core.findings import language, pseudo_triggers
from core.findings.english import Match
from core.findings.language import NEGATED, SCOPES, Language, Trigger

_COMMA = {"english": re.compile(r"[,;]"), "chinese": re.compile(r"[，,；;]")}
_SENTENCE = {
    "english": re.compile(
        r"(?<!\bDr)(?<!\bMr)(?<!\bvs)(?<!\bMrs)(?<!e\.g)(?<!i\.e)[.!](?=\s|$|[A-Z])|[;\n]|\?(?=\s|$)"
    ),
    "chinese": re.compile(r"[。！!；;\n]"),
}
_WEAK = frozenset({
    "has", "had", "is", "are", "was", "were", "his", "her", "when", "where", "who", "which", "whose", "because of",
    "because", "since", "has had", "then", "until", "while", "reported", "reports", "states", "noticed", "notices",
    "notes", "noted", "they", "just", "i", "we", "secondary to",
    "shows", "showed", "revealed", "reveals", "he", "she",
    "有", "后", "诉", "出现", "就诊", "入院", "表现为", "之后", "随后", "发现", "伴有", "伴",
})  # fmt: skip
"""Terminations that end a denial but not a statement about a relative or the past ("her mother has asthma")."""
_RUNNING = frozenset({
    "has", "had", "is", "are", "was", "were", "has had", "noticed", "notices", "notes", "noted", "reported", "reports",
    "currently", "experiencing", "experiences", "feels", "complaining of", "complained of", "complains of", "develops",
    "developed", "now", "today", "endorses", "endorsed", "began", "started", "ecg", "ekg", "cxr", "just",
    "he", "she", "became", "i", "we",
    "出现", "有", "发现", "可见", "患者", "患儿",
    "本人",
})  # fmt: skip
"""Terminations that end no denial when they follow it at once: "never had seizures", "has not noticed blood"."""
_QUESTION = re.compile(
    r"\s*(?:any|do|does|did|is|are|was|were|have|has|had|can|could|would|will|should)\b[^?]*\?\s*$", re.IGNORECASE
)
_ANSWER = re.compile(
    r"\s*(?:(?P<no>no|nope|never|none|not really|没有|无)|(?P<yes>yes|yeah|yep|yup|有))\b", re.IGNORECASE
)
_STATED = {
    "english": re.compile(r"\s?[:=]\s*(?:no|none|negative|nil|denied|absent|never|neg)\s*(?=[,;.\n]|$)", re.IGNORECASE),
    "chinese": re.compile(r"[:：]\s*(?:无|否|没有|未见|阴性)\s*(?=[，,；;。\n]|$)"),
}
"""What a form states after a name: "Fever: no", "发热：无"."""
_SIGN = re.compile(r"\((?P<in>[+-])\)|(?<![\w+-])(?P<out>[+-])(?![\d+-])")
_CORE = re.compile(r"\b(?:no|not|without|never|cannot|lack|free)\b")
"""The word of a trigger that carries the denial."""
_GENERALLY = {
    "english": re.compile(
        r"\b(?:symptoms?|signs?|features?|manifestations?|complications?|side effects?) of (?:an? |the )?[\w\s-]{2,40}?"
        r" (?:includes?|are|may be|can be|consist of)\b(?P<all>.*)"
        r"|\bfor (?P<need>[^,.;]{3,40}?),? (?:as needed|as required|when needed|if needed|prn)\b"
        r"|\b(?:as needed|as required|if needed|prn) for (?P<when>[^,.;]{3,40})",
        re.IGNORECASE,
    ),
    "chinese": re.compile(
        r"(?<![他她我你子宝贝孩者在前儿人妈爸女娃次])的(?:常见|典型|主要|早期|临床)*(?:症状|表现|体征|并发症|副作用|不良反应)(?:主要|一般|通常)?(?:包括|有|是|为)(?P<all>.*)"
        r"|(?P<need>[^，。；]{2,8})时(?:按需|必要时|可)(?:口服|服用|使用)|(?:必要时|按需)(?P<when>[^，。；]{2,8})时"
    ),
}
"""A general statement ("symptoms of appendicitis include ...") or an indication ("ibuprofen for headaches as needed")."""
_NEXT_WORD = re.compile(r"\W*\w+")
_NOT_EASED = re.compile(r"(?:not|no|never) (?:relie|improve|better|aggravated)", re.IGNORECASE)
_TESTS = frozenset({"ecg", "ekg", "cxr", "gcs"})
"""Where a test's result begins, a denial before it ends, also where the test is part of the finding's name."""
_LISTED = re.compile(
    r"(?:,\s*(?:\w+\s+){0,2}\w+)*,?\s+or\s+(?!(?:he|she|it|they|i|is|has)\b)[^.;,]{2,40}", re.IGNORECASE
)
"""The rest of a list that "not" begins: "does not fall, jerk or wet herself"."""
_OR = re.compile(r"\bn?or\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r",\s*(?!(?:or|nor|and|no|but|he|she|they|which|who)\b)(?:[\w'-]+\s+){1,4}?(?:is|are|was|were|go|goes|went|turns?|turned|has|have"
    r"|had|feels?|felt|looks?|looked|became|becomes|shows?|comes?|came|hurts?|aches?|low|raised|elevated|positive|\d[\d.]*)\b"
    r"|,\s*(?:(?:he|she|has|have|and)\s+)?(?:stopped|gave up|given up|quit|smokes|takes|drinks"
    r"|(?:(?:knee|ankle|tendon) )?reflexes (?:are )?(?:brisk|exaggerated|increased)"
    r"|(?:\w+ ){0,2}pulses? (?:are |is )?(?:weak|absent|faint|impalpable|lost|bounding)"
    r"|(?:distended|icteric|jaundiced|pale|drowsy|thin|obese|overweight)(?=\s*[,.;]|\s+and\b|\s+with\b|\s*$))\b",
    re.IGNORECASE,
)
"""A clause of its own after a comma, which a denial before the comma does not reach: "no sound, lips go blue"."""
_PRONOUNS = frozenset({"he", "she", "patient", "i"})
"""A new subject ends what is said of a relative, not what is said of the past."""
_RELATIVES = {
    "she": frozenset({"mother", "mum", "mom", "aunt", "sister", "grandmother", "gran", "grandma", "niece"}),
    "he": frozenset({"father", "dad", "uncle", "brother", "grandfather", "grandad", "nephew"}),
}
_MY = re.compile(r"\bmy (?:[\w-]+ )?$", re.IGNORECASE)
_OF_RELATIVES = frozenset({"recent_bereavement", "sick_contact"})
"""What others' illness or death is to the patient: it is the patient's own, and they still are others."""
_DENIED_LAST = re.compile("(?:无|未见|未及|未触及|未闻及|没有)[^不无未没]*$")
_LIST_ON = re.compile("[、及和或与](?!其[余他])(?![^，,。；;]*(?:阳性|[+＋]|明显|增|减|差|轻度))[^，,。；;]*")
_FAMILY = ("family_history_", "ischemic_risk_family")
_SHORT = {"不": 3, "没": 4, "不是": 4, "未": 8}
_OF_SKIN = re.compile(r"(?:皮肤|局部皮肤|皮肤表面|表面皮肤)$")
_SKIN = re.compile("[皮疹红痒黄斑紫热疱溃瘀汗]|出血|苍白")
"""What is denied of the skin ("皮肤无红热，肿胀") goes on only to what is seen there."""
_PRIORITY = ("family", "hypothetical", "possible", "historical")


@dataclass(frozen=True, slots=True)
class Context:
    """What the surroundings say about a match."""

    status: Status
    scope: Scope


@dataclass(frozen=True, slots=True)
class _Hit:
    phrase: str
    start: int
    end: int
    triggers: tuple[Trigger, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence's offsets in the note, and the kind of section it stands in ("" for none)."""

    start: int
    end: int
    section: str


def sentences(text: str, name: str) -> list[Sentence]:
    """The sentences of a note with the section each belongs to; a section ends at the next header or
    blank line."""
    tables = language.load(name)
    cuts = {0, len(text)} | {m.end() for m in _SENTENCE[name].finditer(text)}
    headers = [(m.start(1), m.end(), tables.sections[m.group(1).lower()]) for m in tables.headers.finditer(text)]
    for start, end, _ in headers:
        cuts |= {start, end}
    blank = [m.start() for m in re.finditer(r"\n\s*\n", text)]
    edges = sorted(cuts)
    found: list[Sentence] = []
    titles = {(start, end) for start, end, _ in headers}
    for start, end in zip(edges, edges[1:], strict=False):
        if (start, end) in titles:
            continue  # "Allergies:" is a heading, not a finding
        last = next((h for h in reversed(headers) if h[1] <= start), None)
        inside = last is not None and not any(last[1] < b < start for b in blank)
        found.append(Sentence(start, end, last[2] if last is not None and inside else ""))
    return found


def contexts(text: str, sentence: Sentence, matches: Sequence[Match], name: str) -> list[Context]:
    """The context of each match of one sentence (`matches` in note offsets)."""
    if not matches:
        return []
    tables = language.load(name)
    hits = [h for h in _hits(text, sentence, tables) if h.phrase in _TESTS or not _inside(h, matches)]
    reaches = [reach for hit in hits for reach in _reaches(text, sentence, hit, hits, matches, name)]
    reaches += [*_forms(text, sentence, matches, name), *_question(text, sentence, name)]
    reaches += _generally(text, sentence, name)
    reaches += _listed_on(text, sentence, matches) if name == "chinese" else ()
    return [_decide(match, sentence, reaches) for match in matches]


def _listed_on(text: str, sentence: Sentence, matches: Sequence[Match]) -> Iterable[tuple[str, int, int]]:
    """The rest of a list that a name with a denial in it begins: "腹软无压痛、反跳痛"."""
    for match in matches:
        rest = _LIST_ON.match(text, match.end, sentence.end)
        if rest and match.key.startswith("!") and _DENIED_LAST.search(text[match.start : match.end]):
            yield NEGATED, match.end, rest.end()


def _generally(text: str, sentence: Sentence, name: str) -> list[tuple[str, int, int]]:
    """What is said in general, or of the need for a medicine, is not said of the patient."""
    found = _GENERALLY[name].finditer(text, sentence.start, sentence.end)
    return [("hypothetical", *m.span(kind)) for m in found for kind in ("all", "need", "when") if m[kind]]


def _question(text: str, sentence: Sentence, name: str) -> Iterable[tuple[str, int, int]]:
    """A question asked of the patient states nothing, unless the next words answer it."""
    if name != "english" or not _QUESTION.match(text, sentence.start, sentence.end):
        return
    answer = _ANSWER.match(text, sentence.end)
    if answer is None:
        yield "possible", sentence.start, sentence.end
    elif answer["no"]:
        yield NEGATED, sentence.start, sentence.end


def _forms(text: str, sentence: Sentence, matches: Sequence[Match], name: str) -> Iterable[tuple[str, int, int]]:
    """Denials by form: "Fever: no", "ROS: (+) fever, (-) cough", "chest pain (-)"."""
    for stated in _STATED[name].finditer(text, sentence.start, sentence.end):
        before = [m for m in matches if m.end <= stated.start()]
        if before and stated.start() - before[-1].end <= 2:
            yield NEGATED, before[-1].start, stated.start()
    signs = list(_SIGN.finditer(text, sentence.start, sentence.end)) if name == "english" else []
    if not any("+" in sign.group() for sign in signs) and not any(sign["in"] for sign in signs):
        return  # a hyphen alone is a bullet
    leads = not any(m.end <= signs[0].start() for m in matches)
    for at, sign in enumerate(signs):
        if "-" in sign.group():
            if leads:
                yield NEGATED, sign.end(), signs[at + 1].start() if at + 1 < len(signs) else sentence.end
            else:
                yield NEGATED, signs[at - 1].end() if at else sentence.start, sign.start()


def _hits(text: str, sentence: Sentence, tables: Language) -> list[_Hit]:
    found: list[_Hit] = []
    for m in tables.pattern.finditer(text, sentence.start, sentence.end):
        phrase = re.sub(r"\s+", " ", m.group().lower())
        triggers = tables.triggers.get(phrase, ())
        if phrase in tables.reporters and tables.reporting.search(text, m.end(), min(sentence.end, m.end() + 25)):
            continue
        inside = (sentence.start, sentence.end)
        if not pseudo_triggers.is_pseudo(phrase, triggers, text, inside, (m.start(), m.end())):
            found.append(_Hit(phrase, m.start(), m.end(), triggers))
    return found


def _inside(hit: _Hit, matches: Iterable[Match]) -> bool:
    """A trigger that is itself part of a finding's name ("no appetite", "appetite is gone", "不能平卧") triggers nothing;
    "no history of" does before "history of stroke"."""
    after = any(not trigger.forward for trigger in hit.triggers)
    core = _CORE.search(hit.phrase) or re.search(r"\S+$" if after else r"^\S+", hit.phrase)
    start, end = (hit.start + core.start(), hit.start + core.end()) if core else (hit.start, hit.end)
    return any(
        any(start <= word < end for word in m.words) or (len(m.words) == 1 and m.start <= hit.start < m.end)
        for m in matches
        if m.key not in _OF_RELATIVES and not m.key.startswith(_FAMILY)
    )


def _reaches(
    text: str, sentence: Sentence, hit: _Hit, hits: Sequence[_Hit], matches: Sequence[Match], name: str
) -> Iterable[tuple[str, int, int]]:
    running = _running(text, hit, hits)
    for trigger in hit.triggers:
        if trigger.category == "pseudo" and _NOT_EASED.match(hit.phrase):
            yield NEGATED, hit.start, hit.end  # of a match that holds "relieved": what else is said there is not denied
        if trigger.category in {"pseudo", "termination"}:
            continue
        stops = [
            other
            for other in hits
            if any(t.category == "termination" for t in other.triggers)
            and _ends(trigger.category, other.phrase)
            and not (trigger.category == NEGATED and other.start in running)
            and not (trigger.category == "family" and _still_relative(text, hit, other.phrase))
        ]
        if trigger.forward:
            end = min([s.start for s in stops if s.start >= hit.end], default=sentence.end)
            yield trigger.category, hit.start, min(end, _forward_limit(text, sentence, hit, trigger, matches, name))
        else:
            start = max([s.end for s in stops if s.end <= hit.start], default=sentence.start)
            begin = max(start, _backward_limit(text, sentence, hit, name))
            if name == "chinese" and trigger.category == NEGATED:
                begin = _own_subject(text, begin, hit, matches)
            yield trigger.category, begin, hit.start


def _own_subject(text: str, begin: int, hit: _Hit, matches: Sequence[Match]) -> int:
    """Where what a Chinese denial is said of begins: after the last 、 if no finding follows it ("T波高尖、P波消失")."""
    last = text.rfind("、", begin, hit.start) + 1
    alone = (
        last > begin
        and text[last : hit.start].strip()
        and not any(m.end > last and m.start < hit.start for m in matches)
    )
    return last if alone else begin


def _running(text: str, hit: _Hit, hits: Sequence[_Hit]) -> set[int]:
    """The starts of the words that follow a trigger at once and belong to it: "has not | had", "never | noticed"."""
    end, found = hit.end, set[int]()
    for other in hits:
        if other.start >= end and other.phrase in _RUNNING and not text[end : other.start].strip():
            found.add(other.start)
            end = other.end
    return found


def _still_relative(text: str, hit: _Hit, pronoun: str) -> bool:
    """Whether a pronoun goes on about the relative of a patient who tells of himself: "my aunt has it and she takes"."""
    return hit.phrase in _RELATIVES.get(pronoun, ()) and _MY.search(text, 0, hit.start) is not None


def _ends(category: str, phrase: str) -> bool:
    if category == NEGATED or phrase not in _WEAK:
        return True
    return category == "family" and phrase in _PRONOUNS


def _forward_limit(
    text: str, sentence: Sentence, hit: _Hit, trigger: Trigger, matches: Sequence[Match], name: str
) -> int:
    """Where a forward scope ends at the latest, by the kind of trigger."""
    comma = _COMMA[name].search(text, hit.end, sentence.end)
    at_comma = comma.start() if comma else sentence.end
    if trigger.category == "historical":
        return at_comma
    if name == "english":
        short = trigger.category == NEGATED and re.search(r"(\bnot|n't|\bnever|\bno longer)$", hit.phrase)
        if hit.phrase == "non":  # "a non-itchy rash, with fever"
            word = _NEXT_WORD.match(text, hit.end)
            return word.end() if word else hit.end
        if hit.phrase.startswith(("not ", "no ")) and hit.phrase.endswith((" rest", " forward")):
            return hit.end
        listed = _LISTED.match(text, at_comma, sentence.end) if short else None
        if listed:
            return listed.end()
        if hit.phrase.startswith("without") and not _OR.search(text, hit.end, sentence.end):
            return at_comma  # "red eyes without pus, cracked lips": what follows is a list of what is there
        if short or hit.phrase in {"risk of", "at risk for"}:
            return at_comma
        clause = _CLAUSE.search(text, hit.end, sentence.end) if trigger.category == NEGATED else None
        return clause.start() if clause else sentence.end
    if trigger.category != NEGATED:
        return sentence.end if trigger.category in {"family", "hypothetical"} else at_comma
    if hit.phrase in _SHORT:
        return min(at_comma, hit.end + _SHORT[hit.phrase])
    begin = max(text.rfind(mark, sentence.start, hit.start) for mark in "，,；;")
    follows = any(begin < m.start and m.end <= hit.start for m in matches)
    if follows or hit.phrase not in language.load(name).table["continuing"]:
        return at_comma  # "结膜充血无分泌物，杨梅舌": a denial within a description ends with its clause
    return _chinese_list(text, sentence, hit, matches)


def _chinese_list(text: str, sentence: Sentence, hit: _Hit, matches: Sequence[Match]) -> int:
    """The end of the run of clauses that hold nothing but findings that can be denied together, from the denial on."""
    comma = re.compile("[，,]")
    of_skin = _OF_SKIN.search(text, sentence.start, hit.start) is not None
    states = language.load("chinese").table["states"]
    mark = comma.search(text, hit.end, sentence.end)
    while mark:
        following = comma.search(text, mark.end(), sentence.end)
        end = following.start() if following else sentence.end
        rest = list(text[mark.end() : end])
        for match in matches:
            for i in range(max(match.start, mark.end()), min(match.end, end)):
                rest[i - mark.end()] = ""
        inside = [m for m in matches if mark.end() <= m.start < end]
        if re.sub(r"[、和及或与等。；;\s!！]", "", "".join(rest)) or not inside:
            return mark.start()
        if any(m.key in states for m in inside) or (of_skin and not _SKIN.search(text, mark.end(), end)):
            return mark.start()
        mark = following
    return sentence.end


def _backward_limit(text: str, sentence: Sentence, hit: _Hit, name: str) -> int:
    """Where a backward scope begins at the earliest."""
    if hit.phrase in {"?", "？"}:
        return max(sentence.start, hit.start - 3)
    if "denied" in hit.phrase:
        return sentence.start
    commas = [m.end() for m in _COMMA[name].finditer(text, sentence.start, hit.start)]
    return commas[-1] if commas else sentence.start


def _decide(match: Match, sentence: Sentence, reaches: Sequence[tuple[str, int, int]]) -> Context:
    kinds = {kind for kind, start, end in reaches if any(start <= word < end for word in match.words)}
    if sentence.section in {"negated", "family", "hypothetical"}:
        kinds.add(sentence.section)
    elif sentence.section == "history":
        kinds.add("historical")
    if match.key in _OF_RELATIVES:
        kinds.discard("family")
    status = Status.ABSENT if NEGATED in kinds else Status.PRESENT
    scope = next((SCOPES[kind] for kind in _PRIORITY if kind in kinds), Scope.CURRENT)
    if status is Status.ABSENT and scope is Scope.UNCERTAIN:
        scope = Scope.CURRENT
    return Context(status, scope)
