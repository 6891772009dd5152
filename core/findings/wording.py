"""The wording of the note as one statement, for engines that read more than coded findings.

It travels as a `Finding` (code `consilium:note_wording`), so an assessment still depends on findings alone: it can be
stored, shown, taken away and explained like any other. Made only where a text pack is installed and the note is English.
"""

from collections.abc import Sequence

from core.domain.basics import Coding, Label, Source
from core.domain.finding import Finding, Origin, Scope, Status
from core.domain.record import Note
from core.findings.context import sentences
from core.findings.text import language_of
from core.inference.embedding import encoder

CODE = "note_wording"
LABEL = Label("Wording of the note", "病历措辞")
_MOST = 4000
"""Characters read: what a note is about stands at its beginning; a discharge letter's appendices are not."""
_LEAST_WORDS = 3


def wording(notes: Sequence[Note], found: Sequence[Finding]) -> tuple[Finding, ...]:
    """The newest English notes' wording without what they deny or say of others, as one finding; none without a text
    pack or with too few words. `found` are the notes' own findings."""
    if not any(language_of(note) == "english" for note in notes) or encoder() is None:
        return ()
    newest = max(note.time[:10] for note in notes)
    chosen = [note for note in notes if note.time[:10] == newest and language_of(note) == "english"]
    text = " ".join(part for note in chosen for part in (_told(note, found),) if part)[:_MOST]
    if len(text.split()) < _LEAST_WORDS:
        return ()
    first = chosen[0]
    source = Source(first.source.file, "text", first.id, text=text)
    coding = Coding("consilium", CODE, LABEL.en)
    return (Finding(f"{first.id}-{CODE}", coding, LABEL, Status.PRESENT, Origin.NOTE, source, time=first.time),)


def _told(note: Note, found: Sequence[Finding]) -> str:
    """The note's sentences without those whose every finding is denied, hypothetical or a relative's: an embedding does
    not hear a "no"."""
    own = [f for f in found if f.source.place == note.id and f.source.file == note.source.file]
    kept = []
    for sentence in sentences(note.text, "english"):
        inside = [f for f in own if sentence.start <= f.source.start < sentence.end]
        if not inside or any(_counts(f) for f in inside):
            kept.append(note.text[sentence.start : sentence.end].strip())
    return " ".join(part for part in kept if part)


def _counts(finding: Finding) -> bool:
    return finding.status is Status.PRESENT and finding.scope in (Scope.CURRENT, Scope.HISTORY, Scope.UNCERTAIN)
