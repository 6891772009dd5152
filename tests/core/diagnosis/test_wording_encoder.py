"""The encoder refined on a handful of conditions: nearer them, the same for the same seed, and it goes on when stopped."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.diagnosis import common, wording_encoder, wording_notes, wording_samples
from core.diagnosis.presentations import Presentation
from core.diagnosis.wording_encoder import Recipe
from core.diagnosis.wording_head import Head
from core.errors import UserError
from core.knowledge.condition_tables import Tables
from core.progress import Cancelled, Report, silent
from tests.core import tiny_bert

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("transformers", reason="the training extra is not installed")

RECIPE = Recipe(rounds=4, made=60, copies=2, frozen=0, rate=3e-3, head_rate=2e-2, batch=16, pairs=4)
FOUR = ("gout", "migraine", "pneumonia", "scabies")
SHORT = replace(RECIPE, rounds=2, made=12)
TOLD = Presentation("a-1", "gout", "en", "patient", "My big toe is red hot. It woke me. I had beer. No fever.", "a")


def small() -> Tables:
    tables = common.shared().tables
    chosen = tuple(tables.conditions[tables.condition_index[name]] for name in FOUR)
    return replace(tables, conditions=chosen, condition_index={c.id: row for row, c in enumerate(chosen)})


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    said = [note for condition in small().conditions for note in wording_notes.notes(condition, 50, seed=5)]
    return tiny_bert.write(tmp_path_factory.mktemp("encoder") / "published", said)


@pytest.fixture
def source(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    common.shared()  # from the usual cache, before it is moved away
    monkeypatch.setenv("CONSILIUM_PACKS", str(tmp_path / "packs"))
    return Path(shutil.copytree(published, tmp_path / "published"))


def refined(source: Path, target: str, recipe: Recipe, report: Report = silent) -> tuple[Head, dict[str, np.ndarray]]:
    from safetensors.numpy import load_file

    folder = source.parent / target
    head = wording_encoder.refine(source, folder, small(), (TOLD,), recipe, report)
    assert (folder / "tokenizer.json").read_bytes() == (source / "tokenizer.json").read_bytes()
    return head, load_file(folder / "model.safetensors")


def test_notes_find_their_condition(source: Path) -> None:
    """Of 160 notes that were not learned from. A guess finds a quarter of them, two fifths are four standard errors more."""
    head, _ = refined(source, "whole", RECIPE)
    tables = small()
    assert head.ids == tuple(c.id for c in tables.conditions)
    made = [(note, row) for row, c in enumerate(tables.conditions) for note in wording_notes.notes(c, 40, seed=99)]
    truth = np.array([row for _, row in made])
    vectors = tiny_bert.vectors(source.parent / "whole", [note for note, _ in made])
    assert (head.logits(vectors).argmax(1) == truth).mean() > 0.4


@pytest.mark.parametrize("threads", [1, 2])
def test_a_stopped_run_goes_on_to_the_same_encoder(source: Path, monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    import torch

    head, weights = refined(source, "whole", SHORT)
    monkeypatch.setattr(wording_encoder, "_SAVED_EVERY", 3)

    def stop(done: int, total: int, what: str) -> None:
        if done == 4:
            raise Cancelled

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with pytest.raises(Cancelled):
            refined(source, "again", SHORT, stop)
        assert torch.get_num_threads() == threads
        seen: list[int] = []
        again, same = refined(source, "again", SHORT, lambda done, total, what: seen.append(done))
    finally:
        torch.set_num_threads(before)
    assert seen[0] == 3 and not list((source.parent / "packs").glob("refining-*"))
    np.testing.assert_array_equal(again.weight, head.weight)
    assert weights.keys() == same.keys() and all(np.array_equal(same[name], weights[name]) for name in weights)


def test_a_damaged_state_begins_anew(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording_encoder, "_SAVED_EVERY", 1)

    def stop(done: int, total: int, what: str) -> None:
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        refined(source, "again", SHORT, stop)
    (kept,) = (source.parent / "packs").glob("refining-*.pt")
    kept.write_bytes(kept.read_bytes()[:1000])
    seen: list[int] = []
    refined(source, "again", SHORT, lambda done, total, what: seen.append(done))
    assert seen[0] == 0 and not kept.exists()


def test_the_word_vectors_stay(source: Path) -> None:
    from safetensors.numpy import load_file

    _, weights = refined(source, "whole", SHORT)
    before = load_file(source / "model.safetensors")
    moved = {name for name in before if not np.array_equal(before[name], weights[name])}
    assert moved and not {name for name in moved if "embeddings" in name}


def test_what_cannot_be_refined_is_said_before_anything_is_written(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tokenizer\.json"):
        wording_encoder.refine(tmp_path / "nothing", tmp_path / "out", small(), ())
    with pytest.raises(UserError, match="one round"):
        wording_encoder.refine(source, tmp_path / "out", small(), (), replace(SHORT, rounds=-1))
    assert not (tmp_path / "out").exists()


def test_a_presentation_is_shortened_but_never_emptied() -> None:
    chance = random.Random(1)
    short = {wording_samples.shortened(TOLD.text, chance) for _ in range(200)}
    sentences = TOLD.text.split(". ")
    assert len(short) > 5 and all(any(s.rstrip(".") in text for s in sentences) for text in short)


def test_batches_hold_every_sample_once() -> None:
    samples = [wording_samples.Sample([1] * (k % 7 + 1), k) for k in range(101)]
    found = wording_samples.batches(samples, 8, random.Random(2))
    assert sorted(s.condition for batch in found for s in batch) == list(range(101))
    assert max(map(len, found)) == 8


def test_a_round_holds_notes_presentations_and_texts() -> None:
    tables = small()
    found = wording_samples.written(
        tables, (TOLD,), lambda text: [len(text)], random.Random(3), made=2, copies=3, seed=4
    )
    assert len(found) == 4 * 2 + 3 + 4 * 2 and sum(s.text is not None for s in found) == 8


def test_without_the_published_weights_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording_encoder, "PACKAGE", "no_such_package_anywhere")
    with pytest.raises(UserError, match="not there"):
        wording_encoder.published()
