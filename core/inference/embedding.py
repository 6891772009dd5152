"""Sentence embeddings from a text pack: tokenise, run the graph, unit vectors out. English only where the pack says so."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from core.errors import Unreadable
from core.inference import packs
from core.inference.session import open_with, options

TASK = "text-embedding"
Vectors = NDArray[np.float32]
_BATCH = 16
_REMEMBERED = 256


class Encoder:
    """A text pack ready for use. Files are verified as they are read; remembers the last texts it embedded."""

    def __init__(self, pack: packs.Pack) -> None:
        spec = pack.manifest["text"]
        self.pack = pack
        self.longest = int(spec["longest"])
        self.width = int(spec["width"])
        self._tokenizer: Any = Tokenizer.from_str(pack.read(spec["tokenizer"]).decode("utf-8"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        marks = (str(spec.get("first", "[CLS]")), str(spec.get("last", "[SEP]")))
        self._ends = tuple(_known(self._tokenizer, mark) for mark in marks)
        self._session: ort.InferenceSession = _session(pack.graph("predict"))
        self._remembered = functools.lru_cache(maxsize=_REMEMBERED)(self._long)

    def vector(self, text: str) -> Vectors:
        """(width,) float32 of length 1. A text longer than the model reads is the mean of its parts."""
        return self._remembered(text)

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """(texts, width) float32, each of length 1; what exceeds the model's length is cut. Not remembered."""
        tokens = [self._tokens(text)[: self.longest - 2] for text in texts]
        order = sorted(range(len(texts)), key=lambda i: len(tokens[i]))
        found = np.zeros((len(texts), self.width), np.float32)
        for at in range(0, len(order), _BATCH):
            rows = order[at : at + _BATCH]
            found[rows] = self._run([tokens[i] for i in rows])
        return found

    def tokens(self, text: str) -> list[int]:
        """Token numbers of a text without the model's own marks. Those of words side by side are the text's."""
        return self._tokens(text)

    def pooled(self, texts: Sequence[Sequence[int]], batch: int = _BATCH) -> Vectors:
        """Token lists -> (texts, width), each as `vector` gives it; run by length, so that little is padding."""
        room = self.longest - 2
        parts = [(i, list(t[at : at + room])) for i, t in enumerate(texts) for at in range(0, max(len(t), 1), room)]
        parts.sort(key=lambda part: len(part[1]))
        found = np.zeros((len(texts), self.width), np.float32)
        for at in range(0, len(parts), batch):
            rows = parts[at : at + batch]
            weights = np.array([[max(len(part), 1)] for _, part in rows], np.float32)
            np.add.at(found, [i for i, _ in rows], weights * self._run([part for _, part in rows]))
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)

    def _long(self, text: str) -> Vectors:
        tokens, room = self._tokens(text), self.longest - 2
        parts = [tokens[i : i + room] for i in range(0, max(len(tokens), 1), room)]
        mean = np.array([len(part) for part in parts], np.float32) @ self._run(parts) if tokens else self._run([[]])[0]
        unit: Vectors = (mean / np.linalg.norm(mean)).astype(np.float32)
        unit.setflags(write=False)
        return unit

    def _tokens(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _run(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        first, last = self._ends
        ids = np.zeros((len(tokens), max(map(len, tokens)) + 2), np.int64)
        mask = np.zeros_like(ids)
        for row, part in enumerate(tokens):
            ids[row, : len(part) + 2] = (first, *part, last)
            mask[row, : len(part) + 2] = 1
        output: Vectors = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return output


def _session(graph: bytes) -> ort.InferenceSession:
    """A session that keeps the weights as they are stored (int8) and gives back what a note took: a third of the memory,
    for about a millisecond a note. Widened once and for all, the weights lie there twice, as read and as arranged."""
    chosen = options()
    chosen.enable_cpu_mem_arena = False
    chosen.enable_mem_pattern = False  # a plan of the memory for every length of note would be kept
    return open_with(graph, chosen, unfolded=True)


def _known(tokenizer: Any, mark: str) -> int:
    found: int | None = tokenizer.token_to_id(mark)
    if found is None:
        raise Unreadable(f"The tokenizer knows no {mark}.", "Ask the pack's maker for a corrected pack.")
    return found


@functools.lru_cache(maxsize=2)
def _open(pack: packs.Pack) -> Encoder:
    return Encoder(pack)


def encoder() -> Encoder | None:
    """The installed text pack, opened once a process; None where there is none. Of several, the first by id that has a
    weight in the differential; one that was imported has none until it is measured."""
    pack = _installed()
    return None if pack is None else _open(pack)


def _installed() -> packs.Pack | None:
    found = [pack for pack in packs.installed() if pack.task == TASK]
    return next((p for p in found if p.manifest["text"]["condition_weight"] > 0), found[0] if found else None)


def check_reference(pack: packs.Pack) -> float:
    """Largest difference between the cosines stated in the manifest and those of this machine (between the reference
    texts, row by row)."""
    stated = pack.manifest["reference"]
    vectors = Encoder(pack).vectors(stated["texts"])
    return float(np.abs(vectors @ vectors.T - np.asarray(stated["cosines"], np.float64)).max())
