"""Text packs beside classification and embedding: spans of a token classifier, words of a small generator."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.classification import session, tokens
from core.inference.packs import Pack
from core.inference.session import open_session, run

TOKENS, GENERATION = "token-classification", "text-generation"
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the text with a label: characters from `start` to before `end`; the least sure of its tokens speaks."""

    start: int
    end: int
    label: str
    probability: float


def inputs(tokenizer: bytes, spec: dict[str, Any], texts: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """input_ids and attention_mask of texts, as every text graph takes them; an embedder's as `Encoder` makes them."""
    if "width" not in spec:
        return tokens(tokenizer, spec, texts)
    from tokenizers import Tokenizer

    made: Any = Tokenizer.from_str(tokenizer.decode())
    made.no_padding()
    made.no_truncation()
    first, last = (made.token_to_id(spec.get(k, d)) for k, d in (("first", "[CLS]"), ("last", "[SEP]")))
    parts = [made.encode(t, add_special_tokens=False).ids[: int(spec["longest"]) - 2] for t in texts]
    ids = np.zeros((len(parts), max(map(len, parts)) + 2), np.int64)
    mask = np.zeros_like(ids)
    for row, part in enumerate(parts):
        ids[row, : len(part) + 2] = (first, *part, last)
        mask[row, : len(part) + 2] = 1
    return {"input_ids": ids, "attention_mask": mask}


def raw_outputs(graph: bytes, tokenizer: bytes, spec: dict[str, Any], texts: Sequence[str]) -> Array:
    """The first output of a text graph, for all texts at once."""
    return np.asarray(run(open_session(graph), inputs(tokenizer, spec, texts))[0], np.float32)  # type: ignore[arg-type]


def digest(outputs: Array) -> Array:
    """A few numbers that stand for a large output, a row a text: mean, spread, and the values at eight fixed places."""
    flat = outputs.reshape(len(outputs), -1)
    at = np.linspace(0, flat.shape[1] - 1, 8).astype(int)
    return np.concatenate([flat.mean(axis=1, keepdims=True), flat.std(axis=1, keepdims=True), flat[:, at]], axis=1)


def check_reference(pack: Pack) -> float:
    """Largest difference between the digests stated in the manifest and those of this machine."""
    stated = pack.manifest["reference"]
    outputs = raw_outputs(
        pack.graph("predict"), pack.read(pack.manifest["text"]["tokenizer"]), pack.manifest["text"], stated["texts"]
    )
    found, wanted = digest(outputs), np.asarray(stated["logits"], np.float64)
    if found.shape != wanted.shape or (pack.task == TOKENS and outputs.shape[-1] != len(pack.labels)):
        return float("inf")
    return float(np.abs(found - wanted).max())


@lru_cache(maxsize=4)
def _tokenizer(pack: Pack) -> Any:
    from tokenizers import Tokenizer

    made = Tokenizer.from_str(pack.read(pack.manifest["text"]["tokenizer"]).decode())
    made.no_padding()
    made.no_truncation()
    return made


def tag(pack: Pack, text: str) -> tuple[Span, ...]:
    """Labelled spans of a text, in order. Labels written B-X and I-X (or X alone) are joined to X; O is no span. A text
    longer than the model reads is read in parts."""
    made = _tokenizer(pack)
    whole = made.encode(text, add_special_tokens=False)
    room = int(pack.manifest["text"]["longest"]) - 2
    names = [label.code.code for label in pack.labels]
    found: list[Span] = []
    for at in range(0, len(whole.ids), room):
        part = whole.ids[at : at + room]
        scores = _token_scores(pack, made, list(part))
        for (start, end), row in zip(whole.offsets[at : at + room], scores, strict=True):
            k = int(row.argmax())
            found = _joined(found, Span(start, end, names[k], float(row[k])), text)
    return tuple(found)


def _token_scores(pack: Pack, made: Any, part: list[int]) -> Array:
    spec = pack.manifest["text"]
    first, last = (made.token_to_id(spec[k]) if k in spec else None for k in ("first", "last"))
    ids = ([first] if first is not None else []) + part + ([last] if last is not None else [])
    row = np.array([ids if len(ids) > 1 else ids * 2], np.int64)
    logits = run(session(pack), {"input_ids": row, "attention_mask": np.ones_like(row)})[0][0]  # type: ignore[dict-item]
    begin = int(first is not None)
    kept = logits[begin : begin + len(part)]
    odds = np.exp(kept - kept.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)


def _joined(found: list[Span], one: Span, text: str) -> list[Span]:
    kind, _, rest = one.label.partition("-")
    name = rest if rest and kind in ("B", "I", "E", "S", "L", "U") else one.label
    if name == "O":
        return found
    last = found[-1] if found else None
    near = last is not None and not text[last.end : one.start].strip()
    if last is not None and near and last.label == name and kind not in ("B", "S", "U"):
        return [*found[:-1], Span(last.start, one.end, name, min(last.probability, one.probability))]
    return [*found, Span(one.start, one.end, name, one.probability)]


def generate(pack: Pack, prompt: str, most_tokens: int = 64) -> str:
    """What a small model writes on, the likeliest token each time. The whole text is read anew for every token: for tens
    of tokens on models of some hundred million weights, not for more."""
    made, spec = _tokenizer(pack), pack.manifest["generation"]
    ids = list(made.encode(prompt, add_special_tokens=False).ids)
    if not ids:
        raise UserError("There is nothing to go on from.", "Give a text.")
    longest = int(pack.manifest["text"]["longest"])
    stops, graph, begun = set(spec["stop"]), session(pack), len(ids)
    for _ in range(min(most_tokens, int(spec["most_tokens"]))):
        row = np.array([ids[-longest:] if len(ids) > 1 else ids * 2], np.int64)
        scores = run(graph, {"input_ids": row, "attention_mask": np.ones_like(row)})[0][0]  # type: ignore[dict-item]
        token = int(scores.argmax())
        if token in stops:
            break
        ids.append(token)
    return str(made.decode(ids[begun:]))
