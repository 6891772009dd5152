"""A guard over all tests of `core`: what a test builds never replaces the pack that this user works with."""

from pathlib import Path
from typing import Any

import platformdirs
import pytest

from core.knowledge import hpo


@pytest.fixture(autouse=True)
def users_packs_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving a rare-disease pack into the user's own cache fails the test (set CONSILIUM_PACKS to a temporary folder)."""
    own = Path(platformdirs.user_cache_dir("Consilium", appauthor=False)).resolve()
    real = hpo.save

    def guarded(pack: Any, folder: Path, *args: Any, **more: Any) -> Any:
        assert own not in Path(folder).resolve().parents, f"a test would replace the user's pack {folder}"
        return real(pack, folder, *args, **more)

    monkeypatch.setattr(hpo, "save", guarded)
