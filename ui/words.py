"""Words the core writes as plain strings (details, engines, methods, reasons), in the user's language."""

from core.domain.assessment import Evidence
from core.domain.basics import Citation
from core.domain.imaging import NoEstimate
from core.domain.shown import value_words
from ui.translate import LANGUAGE, say, tr

SHOWN_WEIGHT = 0.05
"""Nats below which a finding neither supports nor speaks against; it stays in the sums of the explanation."""
EDGE_OF_RANGE = 0.95
"""Share of the training pictures that lie nearer to the middle than the picture does."""
NOT_MENTIONED = "not_mentioned"
"""The code of `core.diagnosis.silence`'s share."""
UNSAID = f"note.{NOT_MENTIONED}"
"""And its finding's id."""
STATUS_WORDS = ("present", "absent", "unknown")
ENGINES = {"diagnosis": "differential engine", "common": "common diseases", "rare": "rare diseases"}
METHODS = {
    "exact Shapley values of an additive model": "exact Shapley values of an additive model",
    "exact Aumann-Shapley values of a small network": "exact Aumann-Shapley values of a small network",
    "shapley": "Shapley values",
    "owen-shap": "Owen values",
    "one-pass": "foretold in one pass (preview)",
}
LINES = {
    "first": "first line",
    "alternative": "alternative",
    "adjunct": "adjunct",
    "rescue": "rescue",
    "supportive": "supportive care",
}
NO_ESTIMATE = ("No estimate", "不作估计", "不给出估计", "无估计")


def detail_words(detail: str) -> str:
    """ "present, 92 mmHg": the status is translated, the value is written as on a ward."""
    status, comma, rest = detail.partition(", ")
    shown = value_words(rest, LANGUAGE.code)
    return f"{tr(status)}{comma}{shown}" if status in STATUS_WORDS else value_words(detail, LANGUAGE.code)


def evidence_words(evidence: Evidence) -> str:
    """What a chip says: an absent finding is "no: Cough", never "Cough"; of what a note leaves unsaid only the heading (the
    names are in the tooltip: a long one would read like a list of denials)."""
    words = say(evidence.label)
    if is_silence(evidence):
        return words.partition("：" if LANGUAGE.code == "zh" else ":")[0]
    absent = evidence.detail.partition(", ")[0] == "absent"
    return tr("no: {words}", words=words) if absent else words


def is_silence(evidence: Evidence) -> bool:
    """Whether it is what the note leaves unsaid: nobody denied it."""
    return evidence.code.code == NOT_MENTIONED


def engine_words(engine: str) -> str:
    """An engine's name for people; packs keep the name they have."""
    return tr(ENGINES[engine]) if engine in ENGINES else engine


def method_words(method: str) -> str:
    """An explanation method."""
    return tr(METHODS[method]) if method in METHODS else method


def line_words(line: str) -> str:
    """Where an option stands in the guideline ("first" line)."""
    return tr(LINES[line]) if line in LINES else line


def cite_words(source: Citation) -> str:
    """Title and year; estimates of experts are said in the user's language."""
    title = tr("expert estimate") if source.title.casefold() == "expert estimate" else source.title
    return f"{title} {source.year or ''}".strip()


def counting(items: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Evidence that says something: the rest is kept by the core for exact sums only."""
    return tuple(e for e in items if abs(e.weight) >= SHOWN_WEIGHT)


def range_look(ood: float, *, short: bool = False) -> tuple[str, str, str]:
    """(words, tone, icon) of a picture's place in the training range."""
    if ood >= EDGE_OF_RANGE:
        words = tr("Edge of range") if short else tr("Edge of training range · OOD {ood}", ood=f"{ood:.2f}")
        return words, "amber", "alert"
    return tr("In range") if short else tr("In training range · OOD {ood}", ood=f"{ood:.2f}"), "green", ""


def refusal_words(refusal: NoEstimate) -> str:
    """ "No estimate: why", said once."""
    reason = say(refusal.reason)
    if reason.startswith(NO_ESTIMATE):
        return reason
    return f"{tr('No estimate')}{'：' if LANGUAGE.code == 'zh' else ': '}{reason}"
