"""Free memory is given back now and then, and only where the C library can."""

import itertools

import pytest

from core.diagnosis import memory


def test_every_so_often_what_is_free_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(memory, "_trim", lambda: calls.append)
    monkeypatch.setattr(memory, "_count", itertools.count(1))
    given = [memory.tidy() for _ in range(2 * memory._EVERY)]
    assert given.count(True) == 2 == len(calls) and given[memory._EVERY - 1]


def test_a_system_without_it_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_trim", lambda: None)
    assert not any(memory.tidy() for _ in range(2 * memory._EVERY))
