"""Past cases like this one, out of this store alone: the index of `core.explain.similar`, kept encrypted with the store's
other files and brought up to date by what changed since; and what became of the cases found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from core.domain.basics import Label
from core.domain.case import Action, Case
from core.domain.imaging import ImageRef
from core.errors import UserError
from core.explain.similar import Index, Profile, Similar, load, tokens, tokens_of
from core.progress import Report, silent
from core.store.decisions import standing
from core.store.reading import Head, heads, notes, outcome, parts
from core.store.store import Store
from core.store.users import Permission

SETTING = "similar_index"
_BATCH = 64
_LONGEST_NOTE = 800
"""Characters of the notes that are embedded: the first ones say why the patient came."""


class _Code(msgspec.Struct):
    system: str
    code: str


class _Finding(msgspec.Struct):
    code: _Code
    status: str
    scope: str = "current"


class _Named(msgspec.Struct):
    code: _Code
    label: Label


class _Labelled(msgspec.Struct):
    id: str
    label: Label


class _Assessment(msgspec.Struct):
    hypotheses: tuple[_Labelled, ...] = ()


class _Plan(msgspec.Struct):
    options: tuple[_Labelled, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """A similar case and its outcome. `diagnosis` is the doctor's; `accepted` are the hypotheses and `options` the parts of
    the plan that the doctor accepted and did not take back. `signed_at` is "" for a case still open."""

    similar: Similar
    head: Head
    diagnosis: str
    signed_at: str
    accepted: tuple[Label, ...]
    options: tuple[Label, ...]
    labels: dict[str, Label]
    """What the codes of its tokens are called, of both cases."""


def opened(store: Store) -> Index:
    """The index as it was kept; empty where there is none, or where it was damaged (it can be made again)."""
    sha256 = str(store.setting(SETTING, ""))
    if not sha256:
        return Index()
    try:
        return load(store.file_bytes(sha256))
    except (UserError, ValueError, KeyError, OSError):
        return Index()


def keep(store: Store, index: Index) -> None:
    """Keep the index in the store, encrypted, in place of the one before."""
    before = str(store.setting(SETTING, ""))
    sha256 = store.vault.put_bytes(index.dump())
    if sha256 != before:
        store.set_setting(SETTING, sha256)
        if before:
            store.vault.remove(before)


def refresh(store: Store, index: Index, report: Report = silent, *, embed: bool = True) -> int:
    """Bring the index up to date with the store; returns how many cases changed. Findings first, then (with `embed`) the
    notes that have no vector yet; may be cancelled at any time and goes on where it was."""
    known = heads(store)
    for gone in set(index.places) - {head.id for head in known}:
        index.drop(gone)
    changed = [head for head in known if index.revisions.get(head.id) != head.revision]
    read = set()
    for k, (head, found) in enumerate(parts(store, changed, "findings", tuple[_Finding, ...])):
        if k % _BATCH == 0:
            report(k, len(changed), "reading findings")
        index.put(head.id, head.revision, tokens((f.code.system, f.code.code, f.status, f.scope) for f in found))
        read.add(head.id)
    for head in changed:
        if head.id not in read:
            index.put(head.id, head.revision, ())
    if embed:
        _embed(store, index, [head for head in known if head.id not in index.notes], report)
    return len(changed)


def _embed(store: Store, index: Index, without: Sequence[Head], report: Report) -> None:
    from core.inference.embedding import encoder

    model = encoder()
    if model is None:
        return
    waiting: list[tuple[Head, str]] = []
    done = 0
    for pair in notes(store, without):
        if not _readable(pair[1]):
            continue
        waiting.append(pair)
        if len(waiting) == _BATCH:
            done += _put_notes(index, model, waiting)
            report(done, len(without), "reading notes")
            waiting = []
    _put_notes(index, model, waiting)


def _put_notes(index: Index, model: Any, waiting: Sequence[tuple[Head, str]]) -> int:
    if waiting:
        vectors = model.vectors([text[:_LONGEST_NOTE] for _, text in waiting])
        for (head, _), vector in zip(waiting, vectors, strict=True):
            index.put_vector(head.id, "note", vector)
    return len(waiting)


def _readable(note: str) -> bool:
    """Whether the text model reads it: it is of English (fewer than one character in thirty is Chinese)."""
    return 30 * sum("\u4e00" <= c <= "\u9fff" for c in note) < len(note)


def embed_images(store: Store, index: Index, folder: Path, report: Report = silent) -> int:
    """The image model's own features of the first image each case has an estimate for; returns how many were added.
    Images that lie only in the store are decrypted into `folder`, a temporary one that the caller removes."""
    from core.inference.packs import installed

    packs = {pack.id: pack for pack in installed()}
    waiting = [head for head in heads(store) if head.id in index.places and head.id not in index.images]
    added = 0
    for k, (head, images) in enumerate(parts(store, waiting, "images")):
        report(k, len(waiting), "reading images")
        made: Sequence[Any] = next((p for _, p in parts(store, (head,), "predictions")), ())
        pack = next((packs[p.pack.name] for p in made if p.pack.name in packs), None)
        ref = next((i for i in images if made and i.id == made[0].image_id), None)
        if pack is None or ref is None:
            continue
        local = store.with_local_images(Case(head.id, "", "", images=(ref,)), folder).images[0]
        vector = features(pack, local)
        if vector is not None:
            index.put_vector(head.id, "image", vector)
            added += 1
    return added


def features(pack: Any, ref: ImageRef) -> Any:
    """The unit vector of an image model's features; None where the image cannot be read or the model gives none."""
    from core.imaging.pixels import presentation
    from core.inference.predict import forward
    from core.inference.preprocess import film

    try:
        found = forward(pack, film(presentation(ref), pack.preprocessing)[None])[1][0]
    except (UserError, OSError):
        return None
    length = float(np.linalg.norm(found))
    return np.asarray(found / length, np.float32) if length > 0 else None


def profile(index: Index, case: Case) -> Profile:
    """What an open case would be asked with: its findings as they are now, and the vectors the index has of it."""
    kept = index.profile(case.id) if case.id in index.places else Profile(frozenset())
    return replace(kept, tokens=tokens_of(case.findings))


def find_similar(store: Store, index: Index, case: Case, count: int = 10, *, user: str = "") -> tuple[Past, ...]:
    """The most similar past cases with their outcome. Each is noted in the audit log as a view; `UserError` where the role
    may not see cases."""
    store.users.require(Permission.VIEW, user)
    found = index.search(profile(index, case), count, without=case.id)
    mine = {f"{f.code.system}:{f.code.code}": f.label for f in case.findings}
    return tuple(_past(store, found, mine, user))


def _past(store: Store, found: Sequence[Similar], mine: dict[str, Label], user: str) -> Iterator[Past]:
    there = {head.id for head in heads(store, [one.case_id for one in found])}
    for one in found:
        if one.case_id not in there:  # deleted since the index was made
            continue
        became = outcome(store, one.case_id, user)
        held = standing(Case(one.case_id, "", "", decisions=became.decisions))
        targets = [d.target for d in held if d.action is Action.ACCEPT]
        assessed = next((a for _, a in parts(store, (became.head,), "assessment", _Assessment | None)), None)
        planned = next((p for _, p in parts(store, (became.head,), "plan", _Plan | None)), None)
        theirs = next((f for _, f in parts(store, (became.head,), "findings", tuple[_Named, ...])), ())
        labels = {f"{f.code.system}:{f.code.code}": f.label for f in theirs} | mine
        yield Past(
            one,
            became.head,
            became.working_diagnosis,
            became.signed_at,
            _named(targets, "hypothesis:", assessed.hypotheses if assessed else ()),
            _named(targets, "option:", planned.options if planned else ()),
            {t[1:]: labels[t[1:]] for t in one.shared + one.other + one.missing if t[1:] in labels},
        )


def _named(targets: Sequence[str], kind: str, known: Sequence[_Labelled]) -> tuple[Label, ...]:
    names = {one.id: one.label for one in known}
    ids = dict.fromkeys(t.removeprefix(kind) for t in targets if t.startswith(kind))
    return tuple(names.get(name, Label(name)) for name in ids)
