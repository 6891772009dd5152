"""Text and table classification packs: rows and texts as the graph's inputs, one log-odds a label out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.packs import Pack
from core.inference.session import open_session, run

Floats = NDArray[np.float32]
TEXT, TABLE = "text-classification", "tabular-classification"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `levels` empty: a number, given as it is, NaN where missing. Otherwise one 0/1 input a level; a missing or
    unknown level gives zeros everywhere."""

    name: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table in the order of the graph's inputs."""

    columns: tuple[Column, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Name of every input of the graph."""
        return tuple(
            name
            for c in self.columns
            for name in ([f"{c.name}={level}" for level in c.levels] if c.levels else [c.name])
        )

    def encode(self, rows: Sequence[dict[str, str]]) -> Floats:
        """(n, inputs) float32, NaN where a number is missing or is not one."""
        out = np.zeros((len(rows), len(self.inputs)), np.float32)
        at = 0
        for column in self.columns:
            values = [row.get(column.name, "").strip() for row in rows]
            if column.levels:
                for level in column.levels:
                    out[:, at] = [value == level for value in values]
                    at += 1
            else:
                out[:, at] = [number(value) for value in values]
                at += 1
        return out

    def as_json(self) -> list[dict[str, Any]]:
        """For the manifest."""
        return [asdict(column) for column in self.columns]


def number(text: str) -> float:
    """A number, or NaN."""
    try:
        value = float(text)
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else float("nan")


@lru_cache(maxsize=4)
def session(pack: Pack, role: str = "predict") -> Any:
    """The session of a pack's graph on the processor, its bytes verified."""
    return open_session(pack.graph(role))


def layout_of(pack: Pack) -> Layout:
    """How rows become inputs."""
    return Layout(tuple(Column(c["name"], tuple(c["levels"])) for c in pack.manifest["table"]["columns"]))


def row_logits(pack: Pack, rows: Sequence[dict[str, str]], role: str = "predict") -> Floats:
    """(n, labels). UserError where a value is missing and the pack cannot do without."""
    encoded = layout_of(pack).encode(rows)
    if pack.manifest["table"].get("needs_all") and np.isnan(encoded).any():
        names = layout_of(pack).inputs
        lacking = ", ".join(names[k] for k in np.flatnonzero(np.isnan(encoded).any(axis=0)))
        raise UserError(f"The model needs every value; missing: {lacking}.", "Enter them; nothing is guessed.")
    return run(session(pack, role), {"row": encoded})[0]


def text_logits(pack: Pack, texts: Sequence[str], role: str = "predict") -> Floats:
    """(n, labels)."""
    return run(
        session(pack, role), tokens(pack.read(pack.manifest["text"]["tokenizer"]), pack.manifest["text"], texts)
    )[0]


def tokens(tokenizer: bytes, spec: dict[str, Any], texts: Sequence[str]) -> dict[str, NDArray[Any]]:
    """input_ids and attention_mask, int64, padded to the longest of the batch."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_str(tokenizer.decode())
    made.enable_truncation(int(spec["longest"]))
    made.enable_padding(pad_id=int(spec.get("pad_id", 0)), pad_token=str(spec.get("pad_token", "[PAD]")))
    encoded = made.encode_batch(list(texts))
    ids = np.array([e.ids for e in encoded], np.int64)
    mask = np.array([e.attention_mask for e in encoded], np.int64)
    if ids.shape[1] < 2:  # the graph takes two tokens or more
        ids, mask = np.pad(ids, ((0, 0), (0, 1))), np.pad(mask, ((0, 0), (0, 1)))
    return {"input_ids": ids, "attention_mask": mask}


def check_reference(pack: Pack) -> float:
    """Largest difference between the log-odds stated in the manifest and those of this machine."""
    stated = pack.manifest["reference"]
    session.cache_clear()
    wanted = np.asarray(stated["logits"], np.float64).reshape(len(stated["logits"]), -1)
    if pack.task == TEXT:
        found = text_logits(pack, stated["texts"])
    else:
        rows = reference_rows(stated, len(wanted), len(layout_of(pack).inputs))
        found = run(session(pack), {"row": rows})[0]
    if found.shape != wanted.shape or wanted.shape[1] != len(pack.labels):
        return float("inf")
    return float(np.abs(found - wanted).max())


def reference_rows(stated: dict[str, Any], n: int, inputs: int) -> Floats:
    """(n, inputs): the rows that a manifest's `reference` gives (null: missing), else those drawn from its seed."""
    if "rows" in stated:
        return np.array([[np.nan if v is None else v for v in row] for row in stated["rows"]], np.float32)
    return np.random.default_rng(int(stated["seed"])).random((n, inputs), np.float32)
