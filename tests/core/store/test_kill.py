"""A few kills; the long run is `python -m tests.soak.kill_store 1000`."""

import os

import pytest

from core.store import keys


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_nothing_committed_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "ARGON_MEMORY_KIB", keys.ARGON_MEMORY_KIB)
    monkeypatch.setattr(keys, "ARGON_PASSES", keys.ARGON_PASSES)
    from tests.soak.kill_store import soak

    figures = soak(16, 7, ("save", "migrate", "backup", "receive"))
    assert figures["problems"] == []
    assert int(str(figures["acknowledged"])) > 10
