"""Full-text search over names, notes, findings and codes, in English and Chinese.

Chinese has no spaces, and a dictionary's segmentation of a note need not agree with that of a query. Runs of Han
characters are therefore indexed as overlapping pairs (结节影 -> 结节 节影 影), and a query becomes the phrase of its pairs:
every substring of two or more characters is found, whatever the words around it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.case import Case, CaseStatus
from core.domain.finding import Status

FIELDS = ("name", "note", "finding", "code")
"""Columns of the index, in the order in which an excerpt is looked for."""

_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\s\u3400-\u9fff\uf900-\ufaff]+")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_EXCERPT = 160


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A case that matches: where, with an excerpt; `marks` are (start, end) offsets of the matches in `excerpt`."""

    case_id: str
    name: str
    mrn: str
    status: CaseStatus
    updated_at: str
    field: str
    excerpt: str
    marks: tuple[tuple[int, int], ...]
    synthetic: bool


def texts_of(case: Case) -> dict[str, str]:
    """The searchable words of a case, by field."""
    record, patient = case.record, case.record.patient
    present = [f for f in case.findings if f.status == Status.PRESENT]
    top = case.assessment.hypotheses[:1] if case.assessment else ()
    drugs = [m.text for m in record.medications] + [a.text for a in record.allergies]
    facts = (record.problems, record.medications, record.allergies, record.observations)
    codes = [c.code for kind in facts for fact in kind for c in fact.codes]
    return {
        "name": _joined([patient.name, *patient.other_names, *(i.value for i in patient.identifiers)]),
        "note": _joined([case.reason, *(n.text for n in record.notes), *(a.text for a in case.addenda)]),
        "finding": _joined(
            [*(t for f in present for t in (f.label.en, f.label.zh)), *(p.text for p in record.problems)]
            + [t for h in top for t in (h.label.en, h.label.zh)]
            + [case.working_diagnosis]
        ),
        "code": _joined(
            [*drugs, *(f.code.code for f in present), *(c.code for f in present for c in f.also)]
            + codes
            + [p.code.code for p in record.phenotypes]
            + [c.code for h in top for c in h.codes]
            + [t for v in record.variants for t in (v.gene, v.hgvs, v.rsid)]
        ),
    }


def tokens(text: str) -> str:
    """`text` with every run of Han characters replaced by its overlapping pairs."""
    return " ".join(_pairs(run) if _HAN.match(run) else run for run in _RUN.findall(text))


def expression(query: str) -> str:
    """An FTS5 expression for what a person typed: all of it must occur; the last of each Latin word may be unfinished."""
    parts = []
    for run in _RUN.findall(query):
        if _HAN.match(run):
            parts.append(f'"{_phrase(run)}"' + ("*" if len(run) == 1 else ""))
        elif re.search(r"\w", run):
            parts.append('"' + run.replace('"', '""') + '"' + ("*" if len(run) > 1 else ""))
    return " AND ".join(parts)


def excerpt(query: str, texts: dict[str, str]) -> tuple[str, str, tuple[tuple[int, int], ...]]:
    """(field, excerpt, marks) around the first match of the query's words."""
    words = [w for w in _RUN.findall(query) if re.search(r"\w", w)]
    for length in (0, 1, 2, 3):  # the index matches word stems: look for shortened words where the whole is not there
        pattern = _pattern(words, length)
        for field in FIELDS:
            match = pattern.search(texts[field]) if pattern else None
            if match:
                return (field, *_cut(texts[field], match.start(), pattern))
    return ("name", texts["name"][:_EXCERPT], ())


def _pattern(words: list[str], shorten: int) -> re.Pattern[str] | None:
    stems = [w[: len(w) - shorten] if len(w) - shorten >= 3 else w for w in words]
    return re.compile("|".join(re.escape(s) for s in stems), re.IGNORECASE) if stems else None


def _cut(text: str, at: int, pattern: re.Pattern[str] | None) -> tuple[str, tuple[tuple[int, int], ...]]:
    start = max(0, at - _EXCERPT // 3)
    if start:
        gap = text.find(" ", start, at)
        start = gap + 1 if gap >= 0 else start
    cut = text[start : start + _EXCERPT].replace("\n", " ")
    marks = tuple(m.span() for m in pattern.finditer(cut)) if pattern else ()
    return cut, marks


def _pairs(run: str) -> str:
    return " ".join([*(run[i : i + 2] for i in range(len(run) - 1)), run[-1]])


def _phrase(run: str) -> str:
    return run if len(run) == 1 else " ".join(run[i : i + 2] for i in range(len(run) - 1))


def _joined(words: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(w for w in words if w))
