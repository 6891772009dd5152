"""What a text is read to say, for the tests of this folder."""

from core.domain.basics import Source
from core.domain.finding import Status
from core.domain.record import Note, Patient
from core.findings.text import findings_in

NOBODY = Patient()


def note(text: str) -> Note:
    return Note("n", text, Source("n", "text"))


def read(text: str, patient: Patient = NOBODY) -> dict[str, Status]:
    return {f.code.code: f.status for f in findings_in(note(text), patient)}
