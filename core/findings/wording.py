"""The wording of the note as one statement, for engines that read more than coded findings.

It travels as a `Finding` (code `consilium:note_wording`), so an assessment still depends on findings alone: it can be
stored, shown, taken away and explained like any other. Of English notes it is made only where a text pack is installed;
Chinese ones are read by their words, which needs none.
"""

import re
from collections.abc import Sequence

from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Scope, Status
from core.domain.record import Note
from core.findings.context import sentences
from core.findings.text import language_of as note_language
from core.inference.embedding import encoder

CODE = "note_wording"
LABEL = Label("Wording of the note", "病历措辞")
_MOST = 4000
"""Characters read: what a note is about stands at its beginning; a discharge letter's appendices are not."""
_LEAST = {"en": 3, "zh": 5}
"""Words, or Chinese characters, without which there is no wording."""
_NAMES = {"en": "english", "zh": "chinese"}
_HAN = re.compile(r"[\u4e00-\u9fff]")


def language_of(text: str) -> str:
    """ "zh" for a wording in Chinese, else "en"."""
    return "zh" if len(_HAN.findall(text)) * 30 >= len(text.strip()) > 0 else "en"


def wording(notes: Sequence[Note], found: Sequence[Finding]) -> tuple[Finding, ...]:
    """The newest notes' wording without what they deny or say of others, as one finding; none with too few words. Where
    there are notes in both languages the English ones are read. `found` are the notes' own findings."""
    by_language = {code: [n for n in notes if note_language(n) == name] for code, name in _NAMES.items()}
    if by_language["en"] and encoder() is not None:
        return _stated(by_language["en"], notes, found, "en")
    return _stated(by_language["zh"], notes, found, "zh") if by_language["zh"] else ()


def _stated(read: Sequence[Note], notes: Sequence[Note], found: Sequence[Finding], code: str) -> tuple[Finding, ...]:
    newest = max(note.time[:10] for note in notes)
    chosen = [note for note in read if note.time[:10] == newest]
    parts = [part for note in chosen for part in (_told(note, found, _NAMES[code]),) if part]
    text = (" " if code == "en" else "").join(parts)[:_MOST]
    if (len(text.split()) if code == "en" else len(_HAN.findall(text))) < _LEAST[code]:
        return ()
    first = chosen[0]
    source = Source(first.source.file, "text", first.id, text=text)
    coding = Coding("consilium", CODE, LABEL.en)
    return (Finding(f"{first.id}-{CODE}", coding, LABEL, Status.PRESENT, Origin.NOTE, source, time=first.time),)


def _told(note: Note, found: Sequence[Finding], language: str) -> str:
    """The note's sentences without those whose every finding is denied, hypothetical or a relative's: an embedding does
    not hear a "no"."""
    own = [f for f in found if f.source.place == note.id and f.source.file == note.source.file]
    kept = []
    for sentence in sentences(note.text, language):
        inside = [f for f in own if sentence.start <= f.source.start < sentence.end]
        if not inside or any(_counts(f) for f in inside):
            kept.append(note.text[sentence.start : sentence.end].strip())
    return (" " if language == "english" else "").join(part for part in kept if part)


def _counts(finding: Finding) -> bool:
    return finding.status is Status.PRESENT and finding.scope in (Scope.CURRENT, Scope.HISTORY, Scope.UNCERTAIN)
