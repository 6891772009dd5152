"""Where the program's own files and the user's files lie."""

import os
from pathlib import Path

RESOURCES = Path(__file__).resolve().parent.parent / "resources"


def profile() -> Path:
    """The user's folder: store, settings, caches. `CONSILIUM_PROFILE` overrides it (tests, portable use)."""
    override = os.environ.get("CONSILIUM_PROFILE")
    if override:
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_data_dir("Consilium", appauthor=False))


def packs() -> Path:
    """Where knowledge packs built at set-up are cached; versioned file names, rebuilt when missing.

    `CONSILIUM_PACKS` overrides it (an installer puts packs built beforehand beside the program).
    """
    override = os.environ.get("CONSILIUM_PACKS")
    if override:
        return Path(override)
    import platformdirs

    return Path(platformdirs.user_cache_dir("Consilium", appauthor=False)) / "packs"
