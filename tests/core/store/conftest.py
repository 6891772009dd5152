"""A cheap Argon2id for the tests: the cost is not what they test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from core.store import keys, users
from core.store.store import Store
from tests.core.store.sample import Ticking


@pytest.fixture(autouse=True)
def cheap_argon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "ARGON_MEMORY_KIB", 64)
    monkeypatch.setattr(keys, "ARGON_PASSES", 1)
    monkeypatch.setattr(users, "_PIN_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store", clock=Ticking()) as opened:
        yield opened
