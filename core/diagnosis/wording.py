"""What the wording of the note says beyond the findings that rules read: one additive item a condition.

Weight of condition c (nats) = w * z(c) + h * log P(c | wording) + l * log P'(c | words) - log sum_k prior(k) exp(the same of
k), where z is the cosine between the note and the condition's own text (its entry in our knowledge, put into words),
standardised over all conditions, w the text pack's weight, P the answer of the head on the embedding
(`core.diagnosis.wording_head`), P' that of the head on the words (`core.diagnosis.wording_words`), h and l their weights. A
Chinese note has the last alone. The level makes the average person's weight 0 ("none of these" is not argued away by any
text). How the weights were chosen, and what they brought on vignettes not seen: docs/benchmarks/neural-text.md.
"""

import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.diagnosis import wording_head, wording_words
from core.diagnosis.patient import Item
from core.diagnosis.settings import Settings
from core.domain.finding import Finding, Origin, Status
from core.findings.wording import CODE, LABEL, language_of
from core.inference.embedding import Encoder, Vectors, encoder
from core.knowledge.condition_tables import Tables
from core.knowledge.conditions import Condition
from core.paths import RESOURCES, packs
from core.progress import Report, silent

Array = NDArray[np.float64]
_COMMON, _MOST_COMMON = 0.25, 20
_DISTINCT, _RISKS, _SYNONYMS = 20, 5, 3
_RISK_LR = 1.5
_DIGITS = 16
SHIPPED = RESOURCES / "knowledge" / "wording"
_LONG = {"en": 15, "zh": 25}  # words, or characters
_CROWDED = 10_000  # vectors of texts no longer written; beyond this only the present ones are kept


@dataclass(frozen=True, slots=True)
class Factors:
    """Weights of the parts: `likeness` multiplies the text pack's own; `chinese` is that of the words in a Chinese note."""

    likeness: float = 1.0
    head: float = 0.0
    words: float = 0.0
    chinese: float = 0.0


def factors(settings: Settings) -> Factors:
    """Those of the shipped or given constants."""
    return Factors(
        settings.wording_weight,
        settings.wording_head_weight,
        settings.wording_words_weight,
        settings.wording_chinese_weight,
    )


def item(tables: Tables, base: Array, findings: Sequence[Finding], by: Factors) -> Item | None:
    """The wording's item, None without a wording finding or without what reads it. `base`: log prior (conditions,)."""
    said = next((f for f in findings if f.code.code == CODE and f.status is Status.PRESENT), None)
    if said is None or not len(tables.conditions):
        return None
    text, language = said.source.text, language_of(said.source.text)
    if not readable(language):
        return None
    weights = _weights(tables, text, language, base.tobytes(), by, encoder() if language == "en" else None)
    return Item(CODE, LABEL, Origin.NOTE, weights, said.id, "")


@lru_cache(maxsize=64)
def _weights(tables: Tables, text: str, language: str, base: bytes, by: Factors, _model: Encoder | None) -> Array:
    found: Array = weigh(tables, [text], language, np.frombuffer(base, np.float64), by)[0]
    found.setflags(write=False)
    return found


def is_long(findings: Sequence[Finding]) -> bool:
    """Whether the wording is long enough to count beside a single finding: a note of which the rules read little."""
    text = next((f.source.text for f in findings if f.code.code == CODE), "")
    return len(text.split()) >= _LONG["en"] if language_of(text) == "en" else len(text) >= _LONG["zh"]


def readable(language: str) -> bool:
    """Whether there is what reads the wording of "en" (a text pack) or "zh" (a head on words)."""
    return encoder() is not None if language == "en" else _words(language) is not None


def weigh(
    tables: Tables, texts: Sequence[str], language: str, base: Array, by: Factors, said: Vectors | None = None
) -> Array:
    """Weights (notes, conditions) in nats of notes in "en" or "zh"; see the head of this file. `said`: the texts' unit
    vectors (notes, width) where they are known."""
    total = np.zeros((len(texts), len(tables.conditions)))
    model, likeness = encoder() if language == "en" else None, None
    if model is not None and said is None:
        said = _embedded(model, texts)
    if model is not None and said is not None:
        likeness = standardised(tables, model, said)
        total += by.likeness * float(model.pack.manifest["text"]["condition_weight"]) * likeness
        head = wording_head.load(wording_head.path_for(model)) if by.head else None
        if head is not None:
            total += by.head * wording_head.log_shares(head.ids, head.logits(said), tables, likeness)
    share = by.words if language == "en" else by.chinese
    words = _words(language) if share else None
    if words is not None:
        total += share * wording_head.log_shares(words.ids, words.logits(texts), tables, likeness)
    return levelled(total, base)


def _embedded(model: Encoder, texts: Sequence[str]) -> Vectors:
    """One note is remembered: editing its findings does not pay again."""
    if len(texts) == 1:
        return model.vector(texts[0])[None]
    return model.pooled([model.tokens(text) for text in texts])


def _words(language: str) -> wording_words.Words | None:
    return wording_words.load(wording_words.path_for(language))


def standardised(tables: Tables, model: Encoder, said: Vectors) -> Array:
    """Cosines of notes (notes, width) with the conditions' texts, standardised note by note: (notes, conditions)."""
    cosines: Array = (said @ vectors(tables, model).T).astype(np.float64)
    spread = np.maximum(cosines.std(axis=1, keepdims=True), 1e-6)
    standard: Array = (cosines - cosines.mean(axis=1, keepdims=True)) / spread
    return standard


def levelled(weights: Array, base: Array) -> Array:
    """Weights (notes, conditions) less what makes the average person's 0."""
    prior = np.exp(base)
    top = weights.max(axis=1, keepdims=True)
    level: Array = weights - top - np.log(np.exp(weights - top) @ prior / prior.sum())[:, None]
    return level


def texts(condition: Condition, tables: Tables) -> tuple[str, str]:
    """A condition in words, from our own knowledge: how it commonly presents; its names, what sets it apart, who gets it."""
    at, findings = tables.finding_index, tables.findings

    def label(name: str) -> str:
        return findings[at[name]].label.en.lower() if name in at else name.replace("_", " ")

    links = sorted(condition.findings, key=lambda link: -link.p)
    common = [label(link.id) for link in links if link.p >= _COMMON][:_MOST_COMMON]
    apart = sorted(condition.findings, key=lambda link: -_information(link.id, link.p, tables))[:_DISTINCT]
    risks = sorted(condition.risk_factors, key=lambda risk: -risk.lr)[:_RISKS]
    names = ", ".join((condition.label.en, *condition.synonyms_en[:_SYNONYMS]))
    rest = [label(link.id) for link in apart] + [label(risk.id) for risk in risks if risk.lr > _RISK_LR]
    return ", ".join(common), f"{names}: {', '.join(rest)}. {condition.note.en}".strip()


def _information(name: str, p: float, tables: Tables) -> float:
    at = tables.finding_index.get(name)
    background = float(tables.background[at]) if at is not None else 0.01
    return p * max(0.0, float(np.log(max(p, 1e-6) / background)))


@lru_cache(maxsize=2)
def vectors(tables: Tables, model: Encoder, report: Report = silent) -> Vectors:
    """(conditions, width): the sum of a condition's embedded texts.

    Texts embedded before come from the file that ships (`ship` makes it) and from the cache in `core.paths.packs()`. A
    changed condition costs a few tens of milliseconds; all of them, half a minute.
    """
    wanted = [texts(condition, tables) for condition in tables.conditions]
    keys = [_key(pair) for pair in wanted]
    path = _cache(model)
    known = _known(path)
    missing = [i for i, key in enumerate(keys) if key not in known]
    for at in range(0, len(missing), 32):
        rows = missing[at : at + 32]
        report(at, len(missing), "conditions in words")
        both = model.vectors([text for i in rows for text in wanted[i]])
        summed = both.reshape(len(rows), 2, -1).sum(axis=1)
        known |= {keys[i]: vector for i, vector in zip(rows, summed, strict=True)}
    table = np.stack([known[key] for key in keys]).astype(np.float32)
    if missing:
        _write(path, known if len(known) < _CROWDED else dict(zip(keys, table, strict=True)))
    return table


def is_built(tables: Tables) -> bool:
    """Whether every condition's vector is in the cache, or there is no text pack that would need it."""
    model = encoder()
    if model is None:
        return True
    known = _known(_cache(model))
    return all(_key(texts(condition, tables)) in known for condition in tables.conditions)


def ship(tables: Tables, model: Encoder) -> Path:
    """Write the vectors of the present conditions, and no others, to the file that ships. Returns its path."""
    path = SHIPPED / _cache(model).name
    keys = [_key(texts(condition, tables)) for condition in tables.conditions]
    _write(path, dict(zip(keys, vectors(tables, model), strict=True)))
    return path


def _known(path: Path) -> dict[str, Vectors]:
    return {**_read(SHIPPED / path.name), **_read(path)}


def _key(pair: tuple[str, str]) -> str:
    return hashlib.sha256("\n".join(pair).encode()).hexdigest()[:_DIGITS]


def _cache(model: Encoder) -> Path:
    graph = model.pack.manifest["graphs"]["predict"]
    return packs() / f"wording-{model.pack.manifest['files'][graph]['sha256'][:16]}.npz"


def _read(path: Path) -> dict[str, Vectors]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as data:
            wide = data["vectors"].astype(np.float32) * data["scales"][:, None]
            return dict(zip(data["keys"].tolist(), wide, strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def _write(path: Path, known: dict[str, Vectors]) -> None:
    """int8 with one scale a vector, written beside, then renamed. A folder that cannot be written to only costs time at
    the next start."""
    data, table = io.BytesIO(), np.stack(list(known.values()))
    scales = (np.abs(table).max(axis=1) / 127).astype(np.float32)
    np.savez(data, keys=np.array(list(known)), vectors=np.round(table / scales[:, None]).astype(np.int8), scales=scales)
    beside = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data.getvalue())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
