"""A folder for what has to lie open while the program runs: unpacked archives, images opened from the store.

It is outside the profile and goes at the end of the session; what a crash left behind goes at the next start.
"""

import shutil
import tempfile
from pathlib import Path

from PySide6.QtCore import QLockFile

PREFIX = "consilium-session-"
LOCK = ".lock"


class LocalFolder:
    """Made when first asked for, readable by this user alone, removed by `remove`."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._lock: QLockFile | None = None

    @property
    def path(self) -> Path:
        """The folder."""
        if self._path is None:
            self._path = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._lock = _lock(self._path)
            self._lock.tryLock(0)
        return self._path

    def remove(self) -> None:
        """Delete it with all it holds."""
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)
            self._path = None


def sweep(folder: Path | None = None) -> int:
    """Delete the folders of sessions that ended without doing so; returns how many. A running session holds its lock."""
    removed = 0
    for left in (folder or Path(tempfile.gettempdir())).glob(f"{PREFIX}*"):
        lock = _lock(left)
        if left.is_dir() and lock.tryLock(0):
            lock.unlock()
            shutil.rmtree(left, ignore_errors=True)
            removed += 1
    return removed


def _lock(folder: Path) -> QLockFile:
    lock = QLockFile(str(folder / LOCK))
    lock.setStaleLockTime(0)  # only a dead process makes it stale, not time
    return lock
