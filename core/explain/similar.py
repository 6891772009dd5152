"""Similar past cases: findings as a sparse vector weighted by how rare they are (inverse document frequency; Spärck Jones,
1972), the notes' sentence embedding, and an image model's features where it gives them; cosine of each, and their mean.

The index lives in memory; `dump` and `load` give the bytes that the store keeps, encrypted, between runs.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.domain.finding import Finding, Scope, Status
from core.errors import UserError

Floats = NDArray[np.float32]
WEIGHTS = {"findings": 0.6, "note": 0.25, "image": 0.15}
"""What each view counts where both cases have it (expert estimate; renormalised over the views both have)."""
ABSENT_WEIGHT = 0.4
"""A denied finding tells less than a present one (expert estimate)."""
_VERSION = 1
_ROWS = 8192
Token = str


@dataclass(frozen=True, slots=True)
class Profile:
    """A case as the index knows it: tokens ("+code" present, "-code" absent), and unit vectors or None."""

    tokens: frozenset[Token]
    note: Floats | None = None
    image: Floats | None = None


@dataclass(frozen=True, slots=True)
class Similar:
    """A case like the one asked about. `parts`: the cosine of each view both have. `shared` and `other` and `missing` are
    tokens by falling weight: in both, only in the found one, only in the one asked about. `opposed`: codes that one case
    has and the other denies."""

    case_id: str
    similarity: float
    parts: tuple[tuple[str, float], ...]
    shared: tuple[Token, ...]
    other: tuple[Token, ...]
    missing: tuple[Token, ...]
    opposed: tuple[str, ...]


def tokens_of(findings: Iterable[Finding]) -> frozenset[Token]:
    """What the findings of now say; what was not assessed, and what is about others or before, says nothing."""
    return frozenset(tokens([(f.code.system, f.code.code, str(f.status), str(f.scope)) for f in findings]))


def tokens(rows: Iterable[tuple[str, str, str, str]]) -> set[Token]:
    """(system, code, status, scope) -> tokens."""
    signs = {str(Status.PRESENT): "+", str(Status.ABSENT): "-"}
    return {
        f"{signs[status]}{system}:{code}"
        for system, code, status, scope in rows
        if status in signs and scope == Scope.CURRENT
    }


@dataclass(slots=True)
class Index:
    """Cases, each with its store revision. `put` adds or replaces, `drop` removes; searching compiles what changed."""

    places: dict[str, int] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    rows: list[NDArray[np.int32]] = field(default_factory=list)
    notes: dict[str, NDArray[np.int8]] = field(default_factory=dict)
    images: dict[str, NDArray[np.int8]] = field(default_factory=dict)
    vocabulary: dict[Token, int] = field(default_factory=dict)
    _ids: list[str] = field(default_factory=list)
    _made: "_Compiled | None" = None

    def __len__(self) -> int:
        return len(self.places)

    def put(self, case_id: str, revision: int, tokens: Iterable[Token]) -> None:
        """Add a case, or its new findings. Vectors of an earlier revision go."""
        known = self.vocabulary
        row = np.fromiter(sorted(known.setdefault(t, len(known)) for t in tokens), np.int32)
        if case_id in self.places:
            self.rows[self.places[case_id]] = row
            self.notes.pop(case_id, None)
            self.images.pop(case_id, None)
        else:
            self.places[case_id] = len(self.rows)
            self.rows.append(row)
            self._ids.append(case_id)
        self.revisions[case_id] = revision
        self._made = None

    def put_vector(self, case_id: str, view: str, vector: Floats) -> None:
        """Add the unit vector of a view ("note" or "image"); kept to 8 bits."""
        kept = self.notes if view == "note" else self.images
        kept[case_id] = np.clip(np.round(vector / max(float(np.abs(vector).max()), 1e-9) * 127), -127, 127).astype(
            np.int8
        )
        self._made = None

    def drop(self, case_id: str) -> None:
        """Forget a case: the last row takes its place."""
        place = self.places.pop(case_id, None)
        if place is None:
            return
        self.revisions.pop(case_id)
        self.notes.pop(case_id, None)
        self.images.pop(case_id, None)
        last_row, last_id = self.rows.pop(), self._ids.pop()
        if last_id != case_id:
            self.rows[place], self._ids[place], self.places[last_id] = last_row, last_id, place
        self._made = None

    def profile(self, case_id: str) -> Profile:
        """What the index knows of a case. `UserError` where it does not have it."""
        if case_id not in self.places:
            raise UserError("This case is not in the index yet.", "Wait until the index is built, and try again.")
        names = list(self.vocabulary)
        found = frozenset(names[int(t)] for t in self.rows[self.places[case_id]])
        return Profile(found, _unit(self.notes.get(case_id)), _unit(self.images.get(case_id)))

    def search(self, asked: Profile, count: int = 10, without: str = "") -> tuple[Similar, ...]:
        """The `count` most similar cases that share at least one finding or whose notes or images can be compared, most
        similar first; never the case `without` itself."""
        if not self.places:
            return ()
        made = self._made or _compile(self)
        self._made = made
        scores, parts = made.scores(asked, self.vocabulary)
        if without in self.places:
            scores[self.places[without]] = -1.0
        take = min(count, len(scores))
        best = np.argpartition(-scores, take - 1)[:take]
        ranked = best[np.lexsort((best, -scores[best]))]
        names = list(self.vocabulary)
        return tuple(self._similar(int(k), scores, parts, asked, names) for k in ranked if scores[k] > 0)

    def _similar(
        self, place: int, scores: Floats, parts: dict[str, Floats], asked: Profile, names: Sequence[Token]
    ) -> Similar:
        assert self._made is not None
        weight = self._made.weight
        theirs = {names[int(t)] for t in self.rows[place]}

        def ranked(some: Iterable[Token]) -> tuple[Token, ...]:
            size = {t: float(weight[self.vocabulary[t]]) if t in self.vocabulary else 1e9 for t in some}
            return tuple(sorted(size, key=lambda t: (-size[t], t)))

        opposed = sorted(t[1:] for t in asked.tokens if ("-" if t[0] == "+" else "+") + t[1:] in theirs)
        told = tuple((name, float(column[place])) for name, column in parts.items() if not np.isnan(column[place]))
        return Similar(
            self._ids[place],
            float(scores[place]),
            told,
            ranked(asked.tokens & theirs),
            ranked(theirs - asked.tokens),
            ranked(asked.tokens - theirs),
            tuple(opposed),
        )

    def dump(self) -> bytes:
        """The bytes of the index; no name and no note is in them, but what each case has."""
        out, ids = io.BytesIO(), self._ids
        with_note, with_image = ([i for i in ids if i in kept] for kept in (self.notes, self.images))
        np.savez(
            out,
            allow_pickle=False,
            version=np.array(_VERSION),
            ids=np.array(ids, np.str_),
            revisions=np.array([self.revisions[i] for i in ids], np.int64),
            counts=np.array([len(row) for row in self.rows], np.int32),
            tokens=np.concatenate([np.empty(0, np.int32), *self.rows]),
            vocabulary=np.array(list(self.vocabulary), np.str_),
            note_ids=np.array(with_note, np.str_),
            notes=np.stack([self.notes[i] for i in with_note]) if with_note else np.empty((0, 0), np.int8),
            image_ids=np.array(with_image, np.str_),
            images=np.stack([self.images[i] for i in with_image]) if with_image else np.empty((0, 0), np.int8),
        )
        return out.getvalue()


def load(data: bytes) -> Index:
    """The index of some bytes; an empty one where they are of another version (it is only ever a copy)."""
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        if int(held["version"]) != _VERSION:
            return Index()
        ids = held["ids"].tolist()
        rows = np.split(held["tokens"], np.cumsum(held["counts"])[:-1]) if ids else []
        made = Index(
            places={name: k for k, name in enumerate(ids)},
            revisions=dict(zip(ids, held["revisions"].tolist(), strict=True)),
            rows=list(rows),
            notes=dict(zip(held["note_ids"].tolist(), held["notes"], strict=True)),
            images=dict(zip(held["image_ids"].tolist(), held["images"], strict=True)),
            vocabulary={name: k for k, name in enumerate(held["vocabulary"].tolist())},
        )
    made._ids = ids
    return made


@dataclass(frozen=True, slots=True)
class _Compiled:
    """`starts`, `postings`: for each token the rows that have it. `weight` of each token, `norm` of each row."""

    starts: NDArray[np.int64]
    postings: NDArray[np.int32]
    weight: Floats
    norm: Floats
    rare: float
    views: dict[str, tuple[NDArray[np.int64], NDArray[np.int8], Floats]]

    def scores(self, asked: Profile, vocabulary: dict[Token, int]) -> tuple[Floats, dict[str, Floats]]:
        """The mean cosine of every row (0 where nothing can be compared), and each view's (nan where one lacks it)."""
        parts = {"findings": self._findings(asked, vocabulary)}
        for name, vector in (("note", asked.note), ("image", asked.image)):
            column = np.full(len(self.norm), np.nan, np.float32)
            places, stored, length = self.views[name]
            if vector is not None and len(places) and stored.shape[1] == len(vector):
                for at in range(0, len(places), _ROWS):
                    part = slice(at, at + _ROWS)
                    column[places[part]] = (stored[part].astype(np.float32) @ vector) / length[part]
            parts[name] = column
        total, weight = np.zeros(len(self.norm), np.float32), np.zeros(len(self.norm), np.float32)
        for name, column in parts.items():
            told = ~np.isnan(column)
            total[told] += WEIGHTS[name] * column[told]
            weight[told] += WEIGHTS[name]
        return np.asarray(total / np.maximum(weight, 1e-6), np.float32), parts

    def _findings(self, asked: Profile, vocabulary: dict[Token, int]) -> Floats:
        rows = len(self.norm)
        if not asked.tokens:
            return np.full(rows, np.nan, np.float32)
        known = [vocabulary[t] for t in asked.tokens if t in vocabulary]
        found = np.zeros(rows, np.float32)
        for token in known:
            # a row holds a token at most once, so plain indexing adds up
            found[self.postings[self.starts[token] : self.starts[token + 1]]] += self.weight[token] ** 2
        strange = sum((self.rare * _sign(t)) ** 2 for t in asked.tokens if t not in vocabulary)
        own = float(np.sqrt((self.weight[known] ** 2).sum() + strange))
        out = found / np.maximum(self.norm * own, 1e-9)
        out[self.norm == 0] = np.nan
        return np.asarray(out, np.float32)


def _sign(token: Token) -> float:
    return 1.0 if token[0] == "+" else ABSENT_WEIGHT


def _unit(kept: NDArray[np.int8] | None) -> Floats | None:
    if kept is None:
        return None
    wide = kept.astype(np.float32)
    return np.asarray(wide / max(float(np.linalg.norm(wide)), 1e-9), np.float32)


def _compile(index: Index) -> _Compiled:
    counts = np.array([len(row) for row in index.rows], np.int64)
    flat = np.concatenate([np.empty(0, np.int32), *index.rows])
    owner = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    size = len(index.vocabulary)
    order = np.argsort(flat, kind="stable")
    seen = np.bincount(flat, minlength=size)
    starts = np.concatenate([[0], np.cumsum(seen)]).astype(np.int64)
    signs = np.array([_sign(t) for t in index.vocabulary], np.float32)
    rows = len(counts)
    idf = np.log((1 + rows) / (1 + seen)) + 1.0
    weight = (signs * idf).astype(np.float32)
    norm = np.sqrt(np.bincount(owner, weights=weight[flat] ** 2, minlength=rows)).astype(np.float32)
    views = {name: _view(index, kept) for name, kept in (("note", index.notes), ("image", index.images))}
    return _Compiled(starts, owner[order], weight, norm, float(np.log(1 + rows) + 1.0), views)


def _view(index: Index, kept: dict[str, NDArray[np.int8]]) -> tuple[NDArray[np.int64], NDArray[np.int8], Floats]:
    if not kept:
        return np.empty(0, np.int64), np.empty((0, 0), np.int8), np.empty(0, np.float32)
    places = np.fromiter((index.places[name] for name in kept), np.int64, len(kept))
    stored = np.stack(list(kept.values()))
    length = np.concatenate(
        [np.linalg.norm(stored[at : at + _ROWS].astype(np.float32), axis=1) for at in range(0, len(stored), _ROWS)]
    )
    return places, stored, np.maximum(length, 1e-6).astype(np.float32)
